"""A console on real HTTP over loopback, before a real ledger on a log in memory."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from types import MappingProxyType
from typing import Any, TypeVar

import aiohttp
import msgspec
from aiohttp.test_utils import TestServer

from adapters.chats import Voice, launching, talking
from adapters.web.access import CSRF_HEADER, Access
from adapters.web.app import build_app
from adapters.web.desk import OWNER, About, Desk, Talk, models_in_force
from adapters.web.history import History
from adapters.web.rates import PER_MINUTE, Kind
from bot.conversations import Unwritten, nothing_unwritten
from bot.desk import StartOrder
from bot.people import People
from bot.port import Health
from engine.clock import SystemClock
from engine.core import commands as c
from engine.core import events as e
from engine.core.blackboard import Blackboard
from engine.core.entities import RunConfig, Task
from engine.core.ids import RunId, TaskId
from engine.dispatch import Dispatcher
from engine.ledger import Ledger, Watcher
from engine.model.streamed import Stream
from engine.recovery import fail_lost_attempts, load_board
from engine.redaction import Redactor
from engine.service import CannotStart, RunRequest
from engine.store.memory import MemoryLog
from tests.adapters.cli.written import HOSTILE, OPENING, READS, WritingDriver
from tests.bot.story import middle
from tests.fakes.crew import ScriptedCrew

TOKEN = "a-token-that-nobody-guesses"
BASE = "b" * 40
SECRET = "hunter2hunter2"
T = TypeVar("T")


class LedgerEngine:
    """An engine whose gates are measured when the test says so: `gates` is awaited before a run begins."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.gates = asyncio.Event()
        self.gates.set()

    @property
    def board(self) -> Blackboard:
        return self.ledger.board

    def watch(self, watcher: Watcher) -> Callable[[], None]:
        return self.ledger.watch(watcher)

    async def start(self, request: RunRequest) -> RunId:
        await self.gates.wait()
        command = c.StartRun(
            request.objective, request.branch, request.base, request.config, request.by, request.gates, request.dedupe
        )
        told = await self.ledger.submit(command, request.by)
        if isinstance(told, c.Refused):
            raise CannotStart(told.reason)
        return told[0].event.run

    async def flush(self) -> None:
        await self.ledger.flush()

    async def order(self, command: c.PeopleCommand | c.ChatCommand, by: str) -> Sequence[e.Record] | c.Refused:
        return await self.ledger.submit(command, by)


async def prepare(order: StartOrder) -> RunRequest:
    """A checked request; a branch named `gone` is none, and the pilot the only model."""
    if order.base == "gone":
        raise CannotStart("/shop has no branch 'gone'; `git branch` lists them")
    if order.model not in ("", "openai/pilot"):
        raise CannotStart(f"not {order.model}")
    config = RunConfig(
        "openai/pilot",
        max_workers=order.max_workers or 5,
        budget_usd=order.budget_usd,
        plan_first=bool(order.plan_first),
    )
    return RunRequest(order.objective, order.base or "main", BASE, config, (), order.by, order.dedupe)


class Console:
    """What a test holds: the engine, and a client with the token."""

    def __init__(
        self, engine: LedgerEngine, stream: Stream, server: TestServer, access: Access, writer: "asyncio.Task[None]"
    ) -> None:
        self.engine = engine
        self._writer = writer
        self.stream = stream
        self.access = access
        self.talk: Talk | None = None
        self.url = str(server.make_url("/")).rstrip("/")
        self.bearer = {"Authorization": f"Bearer {TOKEN}"}
        self.http = aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True))

    @property
    def board(self) -> Blackboard:
        return self.engine.board

    def task(self, name: str) -> Task:
        return self.board.tasks[TaskId(name)]

    def get(self, path: str, **more: Any) -> Any:
        return self.request("GET", path, **more)

    def post(self, path: str, body: object = None, **more: Any) -> Any:
        return self.request("POST", path, json={} if body is None else body, **more)

    def request(self, method: str, path: str, *, headers: Mapping[str, str] | None = None, **more: Any) -> Any:
        return self.http.request(
            method, f"{self.url}/api/v1{path}", headers=self.bearer if headers is None else headers,
            allow_redirects=False, **more,
        )  # fmt: skip

    async def json(self, method: str, path: str, body: object = None, status: int = 200, **more: Any) -> Any:
        """The answer's body, once its status was as expected."""
        if method in {"POST", "PATCH"}:
            more["json"] = {} if body is None else body
        async with self.request(method, path, **more) as answer:
            text = await answer.text()
            assert answer.status == status, text
            return await answer.json(content_type=None)

    async def sign_in(self) -> dict[str, str]:
        """Trade the token for the cookie; the headers of the page's own requests."""
        async with self.http.get(f"{self.url}/?token={TOKEN}") as answer:
            assert answer.status == 200, await answer.text()
        session = await self.json("GET", "/session", headers={})
        return {CSRF_HEADER: session["csrf"], "Origin": self.url}

    async def stop_ledger(self) -> None:
        """End the writer, as a full disk does."""
        self._writer.cancel()
        await asyncio.wait([self._writer])

    def socket(self, headers: Mapping[str, str] | None = None) -> Any:
        return self.http.ws_connect(f"{self.url}/ws", headers=self.bearer if headers is None else headers)


def story(model: str = "openai/pilot") -> MemoryLog:
    """The state branch of a run in the middle of its life, with conversations and a secret in none of them."""
    driver = middle(WritingDriver(), RunConfig(model, budget_usd=5.0))
    driver.converse("T5", OPENING, READS, HOSTILE)
    driver.converse("T5", OPENING, kind="review-")
    log = MemoryLog()
    log.append(driver.entries)
    return log


@asynccontextmanager
async def console(
    log: MemoryLog | None = None,
    *,
    crew: ScriptedCrew | None = None,
    per_minute: Mapping[Kind, int] = PER_MINUTE,
    access: Access | None = None,
    start_patience_s: float = 15.0,
    people: People = OWNER,
    talks: bool = False,
    others: Mapping[str, Health] = MappingProxyType({}),
    unwritten: Unwritten = nothing_unwritten,
) -> AsyncIterator[Console]:
    """A console that serves; with a crew, its runs are worked on; `others` are chats beside it, as they say they are."""
    log = log or MemoryLog()
    clock = SystemClock()
    ledger = Ledger(log, load_board(log), clock, lambda text: text)
    engine = LedgerEngine(ledger)
    stream = Stream(Redactor([SECRET]).text)
    about = About("shop", "main", "bubblewrap", models_in_force("openai/pilot", {}))
    desk = Desk(engine, prepare, History(log, unwritten), stream, about, people)
    access = access or Access(token=TOKEN, person="alice")
    async with asyncio.TaskGroup() as group, AsyncExitStack() as stack:
        writer = group.create_task(ledger.run())
        tasks = [writer]
        if crew is not None:
            await fail_lost_attempts(ledger)
            tasks.append(group.create_task(Dispatcher(ledger, crew, crew, crew, clock).run()))
        if talks:
            voice = Voice(engine, launching(engine, prepare), lambda: log, Redactor([SECRET]).text, people)
            talk = await stack.enter_async_context(talking(voice))
            talk = msgspec.structs.replace(talk, health=lambda own=talk.health: {**own(), **others})
            desk = msgspec.structs.replace(desk, talk=talk)
        server = TestServer(build_app(desk, access, per_minute=per_minute, start_patience_s=start_patience_s))
        await server.start_server()
        served = Console(engine, stream, server, access, writer)
        served.talk = desk.talk
        try:
            yield served
        finally:
            await served.http.close()
            await server.close()
            await stack.aclose()
            for task in tasks:
                task.cancel()


def run(main: Coroutine[Any, Any, T]) -> T:
    """The coroutine's result, within a time that only a hanging test needs."""

    async def limited() -> T:
        async with asyncio.timeout(30):
            return await main

    return asyncio.run(limited())
