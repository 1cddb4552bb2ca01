"""Who may do what: every proof, every missing proof, and every page that is not ours."""

import asyncio
from collections.abc import Mapping

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from adapters.settings import BadSettings, ConsoleSettings, load_console
from adapters.web.access import CSRF_HEADER, Access, check_bind
from adapters.web.errors import OpenToTheNetwork
from adapters.web.guards import Guards
from adapters.web.rates import PER_MINUTE, Rates
from tests.adapters.web.consoles import TOKEN, Console, console, run, story

PAUSE = "/runs/R1/pause"


def test_without_a_proof_nothing_answers_but_a_sentence():
    async def scene() -> None:
        async with console(story()) as web:
            for path in ("/", "/static/js/api.js", "/ws", "/api/v1/runs", "/api/v1/openapi.json", "/nowhere"):
                assert await _status(web, "GET", path, {}) == 401, path
            assert await _status(web, "POST", f"/api/v1{PAUSE}", {}) == 401
            async with web.http.get(f"{web.url}/", headers={"Accept": "text/html"}) as answer:
                assert "open the link" in await answer.text()

    run(scene())


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": "Bearer wrong"},
        {"Authorization": f"Bearer {TOKEN}x"},
        {"Authorization": "Bearer "},
        {"Authorization": f"Basic {TOKEN}"},
        {"Authorization": "Bearer ümläut"},
        {"Cookie": f"orch-0={TOKEN}"},
        {"Cookie": "orch-0="},
        {"X-Forwarded-User": "alice"},
    ],
)
def test_a_wrong_proof_is_none(headers: dict[str, str]):
    async def scene() -> None:
        async with console(story()) as web:
            assert await _status(web, "GET", "/api/v1/runs", headers) == 401
            assert await _status(web, "POST", f"/api/v1{PAUSE}", headers) == 401

    run(scene())


def test_the_link_is_traded_for_a_cookie_that_scripts_and_other_sites_cannot_use():
    async def scene() -> None:
        async with console() as web:
            async with web.http.get(f"{web.url}/?token={TOKEN}", allow_redirects=False) as answer:
                assert (answer.status, answer.headers["Location"]) == (303, "/")
                cookie = answer.headers["Set-Cookie"]
                assert TOKEN not in cookie
                assert "HttpOnly" in cookie
                assert "SameSite=Strict" in cookie
            assert await _status(web, "GET", "/?token=wrong", {}) == 401
            assert await _status(web, "GET", "/", {}) == 200

    run(scene())


def test_a_link_that_is_followed_from_another_site_signs_in_by_our_own_page():
    async def scene() -> None:
        async with (
            console() as web,
            web.http.get(
                f"{web.url}/?token={TOKEN}", allow_redirects=False, headers={"Sec-Fetch-Site": "cross-site"}
            ) as answer,
        ):
            assert (answer.status, answer.headers["Refresh"]) == (200, "0; url=/")
            assert "Set-Cookie" in answer.headers

    run(scene())


def test_the_cookie_changes_something_only_with_our_pages_own_header_and_origin():
    async def scene() -> None:
        async with console(story()) as web:
            ours = await web.sign_in()
            bad: list[tuple[dict[str, str], str]] = [
                ({"Origin": web.url}, "csrf"),
                ({**ours, CSRF_HEADER: "0" * 64}, "csrf"),
                ({CSRF_HEADER: ours[CSRF_HEADER]}, "origin"),
                ({**ours, "Origin": "http://evil.example"}, "origin"),
                ({**ours, "Origin": "null"}, "origin"),
                ({**ours, "Sec-Fetch-Site": "cross-site"}, "origin"),
                ({**ours, "Sec-Fetch-Site": "same-site"}, "origin"),
            ]
            for headers, kind in bad:
                told = await web.json("POST", PAUSE, status=403, headers=headers)
                assert told["type"] == f"urn:orch:problem:{kind}", headers
            assert web.board.runs[next(iter(web.board.runs))].paused is False
            await web.json("POST", PAUSE, headers=ours)

    run(scene())


def test_a_program_with_the_token_needs_neither_but_another_sites_page_is_refused_even_so():
    async def scene() -> None:
        async with console(story()) as web:
            await web.json("POST", PAUSE)
            evil = {**web.bearer, "Origin": "http://evil.example"}
            await web.json("POST", "/runs/R1/resume", status=403, headers=evil)

    run(scene())


def test_a_form_of_another_kind_is_not_read():
    async def scene() -> None:
        async with (
            console(story()) as web,
            web.http.post(
                f"{web.url}/api/v1{PAUSE}", data='{"reason":"x"}', headers={**web.bearer, "Content-Type": "text/plain"}
            ) as answer,
        ):
            assert answer.status == 415

    run(scene())


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example", "[bad", "", "a b"])
def test_a_name_that_was_pointed_here_is_refused(host: str):
    async def scene() -> None:
        async with console() as web:
            assert await _status(web, "GET", "/api/v1/runs", {**web.bearer, "Host": host}) in {400, 421}

    run(scene())


@pytest.mark.parametrize("host", ["localhost:1", "127.0.0.1", "[::1]:9", "10.1.2.3", "orch.example", "ORCH.example."])
def test_addresses_and_known_names_are_ours(host: str):
    async def scene() -> None:
        async with console(access=Access(TOKEN, "alice", hosts=("orch.example",))) as web:
            assert await _status(web, "GET", "/api/v1/runs", {**web.bearer, "Host": host}) == 200

    run(scene())


def test_a_trusted_proxy_names_the_person_and_nobody_else_does():
    async def scene() -> None:
        trusted = Access(TOKEN, "alice", proxy_header="X-User", proxies=("127.0.0.0/8",))
        async with console(story(), access=trusted) as web:
            session = await web.json("GET", "/session", headers={"X-User": "bob"})
            assert session["actor"] == "web:bob"
            ours = {"X-User": "bob", "Origin": web.url, CSRF_HEADER: session["csrf"]}
            await web.json("POST", PAUSE, status=403, headers={**ours, "X-User": "eve"})
            await web.json("POST", PAUSE, headers=ours)
            assert (await web.json("GET", "/session", headers={"X-User": "a:b\n c"[:3]}))["actor"] == "web:a_b"
        elsewhere = Access(TOKEN, "alice", proxy_header="X-User", proxies=("10.0.0.0/8",))
        async with console(access=elsewhere) as web:
            assert await _status(web, "GET", "/api/v1/runs", {"X-User": "bob"}) == 401

    run(scene())


def test_two_proxy_headers_are_believed_by_nobody():
    async def scene() -> None:
        trusted = Access(TOKEN, "alice", proxy_header="X-User", proxies=("127.0.0.1",))
        async with console(access=trusted) as web:
            reader, writer = await asyncio.open_connection("127.0.0.1", int(web.url.rpartition(":")[2]))
            writer.write(b"GET /api/v1/runs HTTP/1.0\r\nHost: localhost\r\nX-User: eve\r\nX-User: bob\r\n\r\n")
            assert (await reader.readline()).split()[1] == b"401"
            writer.close()

    run(scene())


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        ({"Authorization": f"Bearer {TOKEN}", "Origin": "http://evil.example"}, 403),
        ({"Authorization": f"Bearer {TOKEN}"}, 101),
    ],
)
def test_the_socket_asks_for_the_same_proof(headers: dict[str, str], status: int):
    async def scene() -> None:
        async with console() as web:
            assert await _socket_status(web, headers) == status

    run(scene())


def test_the_socket_takes_the_cookie_from_our_own_page_alone():
    async def scene() -> None:
        async with console() as web:
            await web.sign_in()
            assert await _socket_status(web, {}) == 403
            assert await _socket_status(web, {"Origin": "http://evil.example"}) == 403
            assert await _socket_status(web, {"Origin": web.url}) == 101

    run(scene())


def test_whoever_asks_too_often_is_told_when_to_come_back():
    async def scene() -> None:
        async with console(per_minute={**PER_MINUTE, "create": 2, "refusal": 3}) as web:
            for _ in range(2):
                await web.json("POST", "/runs", {"objective": "x"}, 201)
            async with web.post("/runs", {"objective": "x"}) as answer:
                assert answer.status == 429
                assert int(answer.headers["Retry-After"]) == 30
            await web.json("GET", "/runs")
            statuses = [await _status(web, "GET", "/", {"Authorization": f"Bearer {n}"}) for n in range(5)]
            assert statuses == [401, 401, 401, 429, 429]

    run(scene())


def test_every_answer_carries_the_security_headers():
    async def scene() -> None:
        async with console() as web:
            for headers in ({}, web.bearer):
                for path in ("/", "/api/v1/runs", "/nowhere"):
                    async with web.http.get(web.url + path, headers=headers) as answer:
                        policy = answer.headers["Content-Security-Policy"]
                        assert "unsafe" not in policy
                        assert "frame-ancestors 'none'" in policy
                        assert answer.headers["X-Content-Type-Options"] == "nosniff"
                        assert "Access-Control-Allow-Origin" not in answer.headers

    run(scene())


@pytest.mark.parametrize(
    ("host", "has_token", "header", "proxies"),
    [
        ("0.0.0.0", False, "", ()),
        ("::", False, "", ()),
        ("example.org", False, "", ()),
        ("127.0.0.1", True, "X-User", ()),
    ],
)
def test_the_console_refuses_to_be_open_to_the_network(
    host: str, has_token: bool, header: str, proxies: tuple[str, ...]
):
    with pytest.raises(OpenToTheNetwork, match="ORCH_CONSOLE_"):
        check_bind(host, has_own_token=has_token, proxy_header=header, proxies=proxies)


@pytest.mark.parametrize(
    ("host", "has_token", "header", "proxies"),
    [
        ("127.0.0.1", False, "", ()),
        ("localhost", False, "", ()),
        ("::1", False, "", ()),
        ("0.0.0.0", True, "", ()),
        ("0.0.0.0", False, "X-User", ("10.0.0.2",)),
    ],
)
def test_loopback_a_token_or_a_trusted_proxy_will_do(host: str, has_token: bool, header: str, proxies: tuple[str, ...]):
    # What will not do raises, as above; there is nothing to return.
    check_bind(host, has_own_token=has_token, proxy_header=header, proxies=proxies)


def test_the_environment_and_what_is_typed_decide_where_the_console_is(monkeypatch: pytest.MonkeyPatch):
    assert load_console() == ConsoleSettings()
    assert load_console(9000).port == 9000
    monkeypatch.setenv("ORCH_CONSOLE_PORT", "9001")
    monkeypatch.setenv("ORCH_CONSOLE_HOSTS", "Orch.example, two.example")
    monkeypatch.setenv("ORCH_CONSOLE_TOKEN", TOKEN)
    found = load_console(9000, host="0.0.0.0")
    assert (found.host, found.port, found.hosts) == ("0.0.0.0", 9001, ("orch.example", "two.example"))
    assert found.token.get_secret_value() == TOKEN
    assert load_console(port=0).port == 0


@pytest.mark.parametrize(
    ("name", "value"), [("TOKEN", "short"), ("PROXIES", "everybody"), ("PORT", "x"), ("PROXY_HEADER", "a b")]
)
def test_a_setting_that_cannot_hold_is_a_sentence_without_the_secret(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
):
    monkeypatch.setenv(f"ORCH_CONSOLE_{name}", value)
    with pytest.raises(BadSettings, match=f"ORCH_CONSOLE_{name}") as refused:
        load_console()
    assert name != "TOKEN" or value not in str(refused.value).replace("shorter", "")


async def _status(web: Console, method: str, path: str, headers: Mapping[str, str]) -> int:
    async with web.http.request(method, web.url + path, headers=headers, allow_redirects=False) as answer:
        return answer.status


async def _socket_status(web: Console, headers: Mapping[str, str]) -> int:
    try:
        async with web.socket(headers):
            return 101
    except aiohttp.WSServerHandshakeError as refused:
        return refused.status


def test_a_door_of_another_chat_is_open_and_nothing_beside_it():
    async def scene() -> None:
        async def answer(_: web.Request) -> web.Response:
            return web.Response(text="heard")

        guards = Guards(
            Access(token=TOKEN, person="alice"), Rates(lambda: 0.0, PER_MINUTE), {}, frozenset({"/slack/events"})
        )
        app = web.Application(middlewares=[guards.tell_problems, guards.check])
        app.router.add_post("/slack/events", answer)
        app.router.add_post("/slack/others", answer)
        async with TestServer(app) as server, aiohttp.ClientSession() as session:
            for path, status in (("/slack/events", 200), ("/slack/others", 401), ("/slack/events/", 401)):
                async with session.post(server.make_url(path), headers={"Host": "127.0.0.1"}) as response:
                    assert response.status == status, path
            async with session.post(server.make_url("/slack/events"), headers={"Host": "orch.example.org"}) as response:
                assert response.status == 200

    run(scene())
