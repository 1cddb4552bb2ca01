"""The OpenAPI 3.1 document, made from the table: pydantic describes what comes in, msgspec what goes out. Pure."""

import re
from collections.abc import Iterable, Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

import msgspec
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from adapters.web.access import CSRF_HEADER
from adapters.web.calls import PREFIX, Png, Route
from adapters.web.endpoint import NAMES
from adapters.web.problems import CONTENT_TYPE, ProblemDetails
from adapters.web.repeats import MAX_KEY_CHARS

Json = dict[str, Any]
_REF: Final = "#/components/schemas/{}"
_ALWAYS: Final[Mapping[int, str]] = {
    401: "No proof of who sends it.",
    403: "It came from a page of another site, or without our page's own header.",
    421: "The Host is not a name of this console.",
    422: "What was sent does not have the form that is asked for.",
    429: "Too often; Retry-After says when to come back.",
}
_WHAT: Final = {
    "run": "A run, as in `R7`.",
    "task": "A task of the run, as in `T12`.",
    "start": "A start, as the answer to the request for a run named it.",
}


def document(table: Sequence[Route]) -> Json:
    """The whole document."""
    paths: dict[str, Json] = {}
    for route in table:
        paths.setdefault(PREFIX + route.path, {})[route.method.lower()] = _operation(route)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "orch console",
            "version": "1",
            "description": "What the console's page uses, for programs. Fields of the core's own structs that are at their "
            "default may be absent. Live changes come over the WebSocket at /ws.",
        },
        "servers": [{"url": "/"}],
        "security": [{"bearer": []}, {"cookie": []}],
        "paths": paths,
        "components": {"schemas": _schemas(table), "securitySchemes": _PROOFS},
    }


_PROOFS: Final[Json] = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "The start-up token that `orch up` prints."},
    "cookie": {
        "type": "apiKey",
        "in": "cookie",
        "name": "orch-8085",
        "description": f"The token is traded for it at /?token=…; changes then need the header {CSRF_HEADER}. "
        "The name ends in the port.",
    },
}


def _operation(route: Route) -> Json:
    operation: Json = {
        "operationId": route.name,
        "summary": route.summary,
        "parameters": [*_path_parameters(route.path), *_query_parameters(route.query), *_headers(route)],
        "responses": {str(status): response for status, response in _responses(route)},
    }
    if route.body is not None:
        schema = {"$ref": _REF.format(route.body.__name__)}
        required = any(field.is_required() for field in route.body.model_fields.values())
        operation["requestBody"] = {"required": required, "content": {"application/json": {"schema": schema}}}
    return operation


def _responses(route: Route) -> Iterable[tuple[int, Json]]:
    yield route.status, {"description": HTTPStatus(route.status).phrase, "content": _content(route)}
    if not route.changes and not route.is_fresh:
        yield 304, {"description": "Nothing has happened since the entity tag in If-None-Match."}
    others: dict[int, str] = dict(_ALWAYS)
    if "{" in route.path:
        others[404] = "There is no such thing."
    for status, description in sorted({**others, **route.others}.items()):
        if status < 400:
            yield status, {"description": description, "content": _content(route)}
        else:
            schema = {"$ref": _REF.format(ProblemDetails.__name__)}
            yield status, {"description": description, "content": {CONTENT_TYPE: {"schema": schema}}}


def _content(route: Route) -> Json:
    if route.answer is Png:
        return {"image/png": {"schema": {"type": "string", "contentEncoding": "binary"}}}
    return {"application/json": {"schema": {"$ref": _REF.format(route.answer.__name__)}}}


def _path_parameters(path: str) -> Iterable[Json]:
    for name in re.findall(r"{(\w+)}", path):
        schema = {"type": "string", "pattern": f"^{NAMES[name]}$"}
        yield {"name": name, "in": "path", "required": True, "description": _WHAT[name], "schema": schema}


def _query_parameters(kind: type[BaseModel] | None) -> Iterable[Json]:
    if kind is None:
        return
    schema = kind.model_json_schema()
    for name, described in schema["properties"].items():
        yield {"name": name, "in": "query", "required": name in schema.get("required", ()), "schema": described}


def _headers(route: Route) -> Iterable[Json]:
    if route.method == "POST":
        yield {
            "name": "Idempotency-Key", "in": "header", "required": False,
            "description": "The same key never does the same twice; the answer is given again.",
            "schema": {"type": "string", "maxLength": MAX_KEY_CHARS},
        }  # fmt: skip


def _schemas(table: Sequence[Route]) -> Json:
    bodies = list(dict.fromkeys(route.body for route in table if route.body is not None))
    answers = list(dict.fromkeys(route.answer for route in table if route.answer is not Png))
    _, asked = models_json_schema([(body, "validation") for body in bodies], ref_template=_REF.format("{model}"))
    _, given = msgspec.json.schema_components([*answers, ProblemDetails], ref_template=_REF.format("{name}"))
    return dict(sorted({**asked.get("$defs", {}), **given}.items()))
