"""What strangers send, and what models wrote: nothing of it breaks the console or reaches a file."""

import asyncio
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from adapters.web.payloads import ChangeTask, CreateRun, Resolve
from tests.adapters.web.consoles import TOKEN, console, run, story

PATHS = [
    "/static/../app.py",
    "/static/%2e%2e/app.py",
    "/static/..%2fapp.py",
    "/static//etc/passwd",
    "/static/js/../../app.py",
    "/static/js/%00",
    "/static/js\\..\\..\\app.py",
    "/static/",
    "/%2e%2e/%2e%2e/etc/passwd",
]


@pytest.mark.parametrize("path", PATHS)
def test_only_the_pages_own_files_are_served(path: str):
    async def scene() -> None:
        async with console() as web:
            reader, writer = await asyncio.open_connection("127.0.0.1", int(web.url.rpartition(":")[2]))
            writer.write(f"GET {path} HTTP/1.0\r\nHost: localhost\r\nAuthorization: Bearer {TOKEN}\r\n\r\n".encode())
            answer = await reader.read()
            assert answer.split()[1] in {b"404", b"400"}, answer[:200]
            assert b"aiohttp application" not in answer
            writer.close()

    run(scene())


@pytest.mark.parametrize(
    "body",
    [
        b"", b"null", b"[]", b"{", b'{"objective": 3}', b'{"objective":"x","extra":1}', b"\xff\xfe", b'{"objective":"\\ud800"}',
        b'{"objective":"x","budget_usd":-1}', b'{"objective":"x","budget_usd":1e999}', b'{"objective":"x","max_workers":"many"}',
        b'{"objective":"x","base":""}', b"[" * 100_000,
    ],
)  # fmt: skip
def test_a_body_that_is_not_as_it_must_be_is_refused_in_words(body: bytes):
    async def scene() -> None:
        async with (
            console() as web,
            web.http.post(
                f"{web.url}/api/v1/runs", data=body, headers={**web.bearer, "Content-Type": "application/json"}
            ) as answer,
        ):
            assert answer.status in {400, 422}
            assert answer.content_type == "application/problem+json"
            assert not web.board.runs

    run(scene())


def test_a_body_that_is_too_large_is_refused_before_it_is_read_whole():
    async def scene() -> None:
        async with console() as web, web.http.post(
            f"{web.url}/api/v1/runs", data=b'{"objective":"' + b"x" * 600_000 + b'"}',
            headers={**web.bearer, "Content-Type": "application/json"},
        ) as answer:  # fmt: skip
            assert answer.status == 413
            assert answer.content_type == "application/problem+json"

    run(scene())


@pytest.mark.parametrize("key", ["k" * 201, "a\x01b"])
def test_a_key_that_is_no_key_is_refused(key: str):
    async def scene() -> None:
        async with console() as web:
            if key.isprintable():
                await web.json("POST", "/runs", {"objective": "x"}, 400, headers={**web.bearer, "Idempotency-Key": key})
            else:
                with pytest.raises(ValueError, match=r"(?i)header"):
                    await web.json("POST", "/runs", {}, 400, headers={**web.bearer, "Idempotency-Key": key})

    run(scene())


def test_an_unknown_address_or_method_is_a_problem_too():
    async def scene() -> None:
        async with console() as web:
            told = await web.json("GET", "/nowhere", status=404)
            assert "openapi.json" in told["detail"]
            async with web.request("DELETE", "/runs") as answer:
                assert answer.status == 405
                assert set(answer.headers["Allow"].split(",")) >= {"GET", "POST"}
                assert answer.content_type == "application/problem+json"

    run(scene())


def test_what_a_model_wrote_comes_back_as_data():
    async def scene() -> None:
        async with console(story()) as web:
            async with web.get("/runs/R1/tasks/T5/log") as answer:
                text = await answer.text()
                assert answer.content_type == "application/json"
                assert answer.headers["X-Content-Type-Options"] == "nosniff"
            assert "\x1b" not in text

    run(scene())


_JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=150, deadline=None)
@given(kind=st.sampled_from([CreateRun, Resolve, ChangeTask]), fields=st.dictionaries(
    st.sampled_from(["objective", "decision", "generation", "action", "add", "remove", "depends_on", "base", "x"]), _JSON
))  # fmt: skip
def test_any_json_is_either_taken_or_explained(kind: Any, fields: dict[str, Any]):
    with suppress(ValidationError):
        taken = kind.model_validate(fields)
        assert kind.model_validate(taken.model_dump()) == taken
