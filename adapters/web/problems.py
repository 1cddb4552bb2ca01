"""Errors as problem details (RFC 9457): every refusal over HTTP is one of these. Must not know what was asked."""

from collections.abc import Mapping
from http import HTTPStatus

import msgspec
from aiohttp import web
from pydantic import ValidationError

CONTENT_TYPE = "application/problem+json"


class ProblemDetails(msgspec.Struct, frozen=True):
    """The body: `type` is a name for programs, `detail` a sentence with the remedy for people."""

    type: str
    title: str
    status: int
    detail: str


class Problem(Exception):
    """A request that can't be answered as asked; `kind` is the last word of the problem's type."""

    def __init__(self, status: int, kind: str, detail: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.kind = kind
        self.headers = dict(headers or {})

    def response(self) -> web.Response:
        """The problem as it goes out."""
        details = ProblemDetails(
            type=f"urn:orch:problem:{self.kind}", title=HTTPStatus(self.status).phrase, status=self.status,
            detail=str(self),
        )  # fmt: skip
        return web.Response(
            status=self.status, body=msgspec.json.encode(details), content_type=CONTENT_TYPE,
            headers={"Cache-Control": "no-store", **self.headers},
        )  # fmt: skip


def unknown(what: str) -> Problem:
    """There is no such thing; `what` goes on to say where to look."""
    return Problem(404, "unknown", f"there is no {what}")


def refused(reason: str) -> Problem:
    """The order does not fit the state; the reason says what to do."""
    return Problem(409, "refused", reason)


def invalid(error: ValidationError, where: str) -> Problem:
    """What a person or a program sent does not have the form that is asked for; the first faults, in words."""
    faults = [
        f"{'.'.join(str(part) for part in fault['loc']) or where}: {fault['msg']}" for fault in error.errors()[:5]
    ]
    return Problem(422, "invalid", f"the {where} is not as it must be: {'; '.join(faults)}")


def of_http(error: web.HTTPException) -> Problem:
    """The server library's own refusals (no such route, method, body too large) in the same form."""
    details = {
        404: "there is nothing at this address; /api/v1/openapi.json lists what there is",
        405: "this address does not take this method; the header Allow lists those it takes",
        413: "the body is too large",
    }
    kinds = {404: "unknown", 405: "method", 413: "too-large"}
    headers = {"Allow": error.headers["Allow"]} if "Allow" in error.headers else {}
    return Problem(error.status, kinds.get(error.status, "http"), details.get(error.status, error.reason), headers)
