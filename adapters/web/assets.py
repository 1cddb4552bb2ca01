"""The page's files, read once at the start: what is not in the package can't be served, whatever a path says."""

import hashlib
from collections.abc import Mapping
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Final

import msgspec
from aiohttp import web

from adapters.web.problems import unknown

TYPES: Final[Mapping[str, str]] = {
    "html": "text/html; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "svg": "image/svg+xml",
    "png": "image/png",
    "json": "application/json",
    "webmanifest": "application/manifest+json",
    "woff2": "font/woff2",
}


class Asset(msgspec.Struct, frozen=True):
    """One file with its type and its entity tag."""

    content: bytes
    content_type: str
    tag: str


def read_assets() -> Mapping[str, Asset]:
    """Every file of the page by its path below `static/`."""
    return dict(_files(resources.files("adapters.web") / "static", ""))


def serve(asset: Asset | None, request: web.Request) -> web.Response:
    """The file, or that the client has it already.

    Raises: Problem when there is none.
    """
    if asset is None:
        raise unknown("file of this name in the page; load the page anew")
    headers = {"ETag": asset.tag, "Cache-Control": "no-cache"}
    if asset.tag in request.headers.get("If-None-Match", ""):
        return web.Response(status=304, headers=headers)
    return web.Response(body=asset.content, headers={"Content-Type": asset.content_type, **headers})


def _files(folder: Traversable, prefix: str) -> list[tuple[str, Asset]]:
    found: list[tuple[str, Asset]] = []
    for entry in folder.iterdir():
        ending = entry.name.rpartition(".")[2]
        if entry.is_dir():
            found += _files(entry, f"{prefix}{entry.name}/")
        elif ending in TYPES:
            content = entry.read_bytes()
            tag = f'"{hashlib.sha256(content).hexdigest()[:16]}"'
            found.append((f"{prefix}{entry.name}", Asset(content, TYPES[ending], tag)))
    return found
