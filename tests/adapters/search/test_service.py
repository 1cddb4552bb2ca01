"""Search services, asked over loopback: what is sent, what is understood, and what a bad one can do."""

import asyncio
import json
from collections.abc import Awaitable, Callable

import aiohttp
import pytest
from aiohttp import web

from adapters.search.service import MAX_ANSWER_BYTES, SearchService, web_search
from adapters.settings import BadSettings
from adapters.tool_tables import SearchSettings
from adapters.toolbelt import load_search
from engine.ports import Hit, SearchFailed

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
FOUND = {
    "results": [{"title": "A", "url": "https://a", "content": "aa", "score": 1}, {"url": "https://b", "snippet": "bb"}]
}


def asked(
    handler: Handler, path: str = "/search", *, key: str = "k", query: str = "round half", hits: int = 5
) -> tuple[Hit, ...]:
    async def story() -> tuple[Hit, ...]:
        app = web.Application()
        app.router.add_route("*", "/search", handler)
        runner = web.AppRunner(app)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        host, port = runner.addresses[0][:2]
        try:
            async with aiohttp.ClientSession() as session:
                service = SearchService(
                    session, f"http://{host}:{port}{path}", key, lambda text: text.replace("sk-1", "[redacted]")
                )
                return await service.search(query, hits)
        finally:
            await runner.cleanup()

    return asyncio.run(story())


def answering(body: object, status: int = 200, seen: list[object] | None = None) -> Handler:
    async def handle(request: web.Request) -> web.StreamResponse:
        if seen is not None:
            seen.append(
                (request.method, request.headers.get("Authorization"), request.query_string, await request.text())
            )
        return web.Response(
            status=status, text=body if isinstance(body, str) else json.dumps(body), headers={"Location": "/search"}
        )

    return handle


def test_tavilys_request_is_posted_with_the_key_and_without_secrets():
    seen: list[object] = []
    hits = asked(answering(FOUND, seen=seen), query="about sk-1")
    assert hits == (Hit("A", "https://a", "aa"), Hit("", "https://b", "bb"))
    assert seen == [("POST", "Bearer k", "", '{"query": "about [redacted]", "max_results": 5}')]


def test_an_address_with_a_query_in_it_is_fetched():
    seen: list[object] = []
    asked(answering(FOUND, seen=seen), "/search?q={query}&format=json", key="", query="a&b=c")
    assert seen == [("GET", None, "q=a%26b%3Dc&format=json", "")]


def test_no_more_hits_than_asked_for_are_given():
    assert len(asked(answering({"results": FOUND["results"] * 50}), hits=3)) == 3


@pytest.mark.parametrize(
    ("body", "status", "fault"),
    [
        ("", 401, "refused the key"),
        ("", 429, "no more searches"),
        ("", 302, "HTTP 302"),
        ("<html>", 200, "not JSON"),
        ({"results": "many"}, 200, "not JSON"),
        ("x" * (MAX_ANSWER_BYTES + 1), 200, "more than 2,000,000 bytes"),
    ],
)
def test_a_service_that_does_not_play_along_is_a_failed_search(body: object, status: int, fault: str):
    with pytest.raises(SearchFailed, match=fault):
        asked(answering(body, status))


def test_a_service_that_is_not_there_is_a_failed_search():
    async def story() -> None:
        async with aiohttp.ClientSession() as session:
            await SearchService(session, "http://127.0.0.1:1/", "", str).search("x", 1)

    with pytest.raises(SearchFailed, match="could not be asked"):
        asyncio.run(story())


def service_of(monkeypatch: pytest.MonkeyPatch, **variables: str) -> SearchService | None:
    for name in ("ORCH_SEARCH_URL", "ORCH_SEARCH_KEY", "TAVILY_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    async def story() -> SearchService | None:
        async with web_search(load_search(), str) as service:
            return service

    return asyncio.run(story())


def test_tavilys_key_goes_to_tavily_alone(monkeypatch: pytest.MonkeyPatch):
    assert service_of(monkeypatch) is None
    tavily = service_of(monkeypatch, TAVILY_API_KEY="t")
    assert tavily is not None
    assert (tavily._url, tavily._key) == ("https://api.tavily.com/search", "t")
    other = service_of(monkeypatch, TAVILY_API_KEY="t", ORCH_SEARCH_URL="http://localhost/x")
    assert other is not None
    assert other._key == ""


def test_an_address_that_is_none_is_refused(monkeypatch: pytest.MonkeyPatch):
    with pytest.raises(BadSettings, match="ORCH_SEARCH_URL"):
        service_of(monkeypatch, ORCH_SEARCH_URL="localhost")


def test_the_keys_do_not_show():
    assert "secret" not in repr(SearchSettings.model_validate({"TAVILY_API_KEY": "secret"}))
