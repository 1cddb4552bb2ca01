"""A second opinion: Discord's own OpenAPI description, where the environment names a copy of it (DISCORD_OPENAPI).

The rule tables stand alone; this tells where they and Discord's description part, in what was asked and in what was answered.
"""

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from tests.fakes.discord.world import Asked

VARIABLE = "DISCORD_OPENAPI"
_HERE = "urn:discord"


def is_at_hand() -> bool:
    """Whether there is a copy to ask."""
    return bool(os.environ.get(VARIABLE))


def disagreements(log: Iterable[Asked]) -> list[str]:
    """Where it says otherwise than we did; nothing when there is no copy. What was refused is not asked about."""
    if not is_at_hand():
        return []
    return [fault for asked in log if 200 <= asked.status < 300 for fault in _of_one(asked)]


def _of_one(asked: Asked) -> Iterator[str]:
    found = _operation(asked.method, asked.path)
    if found is None:
        yield f"{asked.method} {asked.path}: no such address"
        return
    template, operation = found
    where = f"{asked.method} {template}"
    if asked.body is not None:
        yield from _faults(f"{where} asks", operation.get("requestBody", {}), asked.body)
    answers = operation["responses"]
    if str(asked.status) not in answers:
        yield f"{where}: answers {asked.status}, described are {sorted(answers)}"
    elif asked.answer is not None:
        yield from _faults(f"{where} answers", answers[str(asked.status)], asked.answer)


def _faults(where: str, described: Mapping[str, Any], value: Any) -> Iterator[str]:
    schema = described.get("content", {}).get("application/json", {}).get("schema")
    if schema is None:
        yield f"{where} a body where none is described"
        return
    for error in Draft202012Validator(_anchored(schema), registry=_registry()).iter_errors(value):
        for deepest in _told(error):
            yield f"{where} {'/'.join(map(str, deepest.absolute_path))}: {deepest.message[:200]}"


def _told(error: Any) -> list[Any]:
    """What is wrong in the alternative that was meant: the one whose `type` fits, and of those the one with the fewest faults."""
    branches: dict[Any, list[Any]] = {}
    for inner in error.context or ():
        branches.setdefault(inner.schema_path[0], []).append(inner)
    if not branches:
        return [error]
    meant = min(
        branches.values(), key=lambda each: (any(list(e.relative_path)[-1:] == ["type"] for e in each), len(each))
    )
    return [leaf for inner in meant for leaf in _told(inner)]


def _anchored(schema: Any) -> Any:
    """The schema with its references into the document as a whole."""
    if isinstance(schema, Mapping):
        return {
            name: _HERE + value if name == "$ref" and isinstance(value, str) else _anchored(value)
            for name, value in schema.items()
        }
    return [_anchored(each) for each in schema] if isinstance(schema, list) else schema


def _operation(method: str, path: str) -> tuple[str, dict[str, Any]] | None:
    """The description of the address; one that is spelt out counts before one that names parts."""
    parts = path.strip("/").split("/")
    fitting = [
        (sum(each.startswith("{") for each in template), "/" + "/".join(template), described[method.lower()])
        for template, described in _paths()
        if method.lower() in described and len(template) == len(parts) and _fits(template, parts)
    ]
    return min(fitting, key=lambda each: each[0])[1:] if fitting else None


def _fits(template: tuple[str, ...], parts: list[str]) -> bool:
    return all(wanted.startswith("{") or wanted == part for wanted, part in zip(template, parts, strict=True))


@lru_cache(maxsize=1)
def _document() -> dict[str, Any]:
    told: dict[str, Any] = json.loads(Path(os.environ[VARIABLE]).read_text("utf-8"))
    # Discord takes numbers for ids, as its documentation's own examples give them.
    told["components"]["schemas"]["SnowflakeType"] = {"type": ["string", "integer"], "pattern": "^(0|[1-9][0-9]*)$"}
    return told


@lru_cache(maxsize=1)
def _paths() -> tuple[tuple[tuple[str, ...], dict[str, Any]], ...]:
    return tuple((tuple(path.strip("/").split("/")), described) for path, described in _document()["paths"].items())


@lru_cache(maxsize=1)
def _registry() -> Any:
    return Registry().with_resource(_HERE, DRAFT202012.create_resource(_document()))
