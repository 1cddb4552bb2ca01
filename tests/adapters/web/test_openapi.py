"""The document says what the server does: every route, every shape, and live answers that fit their schemas."""

import re
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from tests.adapters.web.consoles import Console, console, run, story


async def _document(web: Console) -> dict[str, Any]:
    found: dict[str, Any] = await web.json("GET", "/openapi.json")
    return found


def test_the_document_is_openapi_and_its_schemas_are_json_schemas():
    async def scene() -> None:
        async with console() as web:
            document = await _document(web)
            assert document["openapi"].startswith("3.1.")
            assert {"title", "version"} <= document["info"].keys()
            for name, schema in document["components"]["schemas"].items():
                Draft202012Validator.check_schema(schema)
                assert re.fullmatch(r"[A-Za-z0-9._-]+", name)
            for reference in _references(document):
                _resolved(document, reference)

    run(scene())


def test_every_operation_is_whole():
    async def scene() -> None:
        async with console() as web:
            document = await _document(web)
            names = []
            for path, methods in document["paths"].items():
                for method, operation in methods.items():
                    names.append(operation["operationId"])
                    declared = {p["name"] for p in operation["parameters"] if p["in"] == "path"}
                    assert declared == set(re.findall(r"{(\w+)}", path)), path
                    assert all(set(p) >= {"name", "in", "schema"} for p in operation["parameters"])
                    assert all(answer["description"] for answer in operation["responses"].values())
                    assert ("requestBody" in operation) == (method in {"post", "patch"}), (method, path)
            assert len(names) == len(set(names))

    run(scene())


def test_the_document_and_the_server_have_the_same_endpoints():
    async def scene() -> None:
        async with console() as web:
            document = await _document(web)
            names = {"run": "R9", "task": "T9", "start": "S9"}
            for path, methods in document["paths"].items():
                concrete = re.sub(r"{(\w+)}", lambda match: names[match[1]], path)
                async with web.http.request("OPTIONS", web.url + concrete, headers=web.bearer) as answer:
                    allowed = {method.lower() for method in answer.headers["Allow"].split(",")} - {"head", "options"}
                assert allowed == set(methods), path

    run(scene())


@pytest.mark.parametrize(
    ("method", "path", "template"),
    [
        ("get", "/session", ""),
        ("get", "/health", ""),
        ("get", "/models", ""),
        ("get", "/templates", ""),
        ("get", "/runs", ""),
        ("get", "/interrupts", ""),
        ("get", "/runs/R1", "/runs/{run}"),
        ("get", "/runs/R1/graph", "/runs/{run}/graph"),
        ("get", "/runs/R1/insights", "/runs/{run}/insights"),
        ("get", "/runs/R1/cost", "/runs/{run}/cost"),
        ("get", "/runs/R1/design-log", "/runs/{run}/design-log"),
        ("get", "/runs/R1/tasks/T4", "/runs/{run}/tasks/{task}"),
        ("get", "/runs/R1/tasks/T5/log", "/runs/{run}/tasks/{task}/log"),
        ("post", "/runs/R1/pause", "/runs/{run}/pause"),
        ("post", "/runs/R9/pause", "/runs/{run}/pause"),
    ],
)
def test_live_answers_fit_their_schemas(method: str, path: str, template: str):
    async def scene() -> None:
        async with console(story()) as web:
            document = await _document(web)
            async with web.request(method.upper(), path, **({"json": {}} if method == "post" else {})) as answer:
                described = document["paths"][f"/api/v1{template or path}"][method]["responses"][str(answer.status)]
                schema = described["content"][answer.content_type]["schema"]
                body = await answer.json(content_type=None)
            Draft202012Validator({**schema, "components": document["components"]}).validate(body)

    run(scene())


def _references(part: Any) -> list[str]:
    if isinstance(part, dict):
        own = [part["$ref"]] if isinstance(part.get("$ref"), str) else []
        return own + [found for value in part.values() for found in _references(value)]
    if isinstance(part, list):
        return [found for value in part for found in _references(value)]
    return []


def _resolved(document: dict[str, Any], reference: str) -> None:
    assert reference.startswith("#/"), reference
    found: Any = document
    for step in reference[2:].split("/"):
        found = found[step]
