"""A bot on a scripted engine and chats in memory, in virtual time: people type and click, and read what stands there."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager

from bot.bot import Bot, Manners
from bot.desk import Desk, StartOrder
from bot.people import People, PeopleRules
from bot.port import Actor, ChatPort, Invocation, Kind, Place
from bot.shown import Action
from engine.core import commands as c
from engine.core import events as e
from engine.core.blackboard import Blackboard
from engine.core.entities import RunConfig
from engine.core.ids import RunId
from engine.ledger import Watcher
from engine.service import CannotStart
from engine.store.memory import MemoryLog
from tests.fakes.alarms import LoopScheduler
from tests.fakes.bench import Heart, beating
from tests.fakes.chat import MemoryChat
from tests.fakes.crew import ScriptedCrew
from tests.fakes.jumping import LoopClock

ALICE, BOB, EVE = "memory:T1:alice", "memory:T1:bob", "memory:T1:eve"
C1 = Place("memory", "T1", "C1")
RULES = PeopleRules(approvers=(ALICE, BOB), viewers=("memory:T1:vic",), places=("memory:T1:*", "web:*", "slack:*"))
_deeds = itertools.count(1)


class HeartSeen:
    """The heart as bot/desk.py's EngineSeen."""

    def __init__(self, heart: Heart) -> None:
        self._heart = heart

    @property
    def board(self) -> Blackboard:
        return self._heart.board

    def watch(self, watcher: Watcher) -> Callable[[], None]:
        return self._heart.ledger.watch(watcher)

    async def order(self, command: c.PeopleCommand | c.ChatCommand, by: str) -> Sequence[e.Record] | c.Refused:
        return await self._heart.ledger.submit(command, by)

    async def launch(self, order: StartOrder) -> RunId:
        config = RunConfig("pilot", max_workers=order.max_workers or 5, budget_usd=order.budget_usd)
        start = c.StartRun(order.objective, order.base or "main", "b" * 40, config, order.by, dedupe=order.dedupe)
        answer = await self._heart.ledger.submit(start, order.by)
        if isinstance(answer, c.Refused):
            raise CannotStart(answer.reason)
        return answer[0].event.run


class Talk:
    """What a story holds."""

    def __init__(self, heart: Heart, bot: Bot, chat: MemoryChat) -> None:
        self.heart = heart
        self.bot = bot
        self.chat = chat
        self.place = C1

    @property
    def board(self) -> Blackboard:
        return self.heart.board

    async def types(self, who: str, text: str, *, thread: str | None = None, deed: str = "") -> str:
        """What the bot answers, in private, to `/orch <text>`."""
        return await self.does(who, "command", "", {"text": text}, thread=thread, deed=deed)

    async def mentions(self, who: str, text: str, thread: str) -> str:
        """What the bot answers to `@orch <text>`."""
        return await self.does(who, "mention", "", {"text": text}, thread=thread)

    async def clicks(self, who: str, label: str, on: str, deed: str = "") -> str:
        """What the bot answers to a click on the button of the message; empty when a form came up or nothing was said."""
        action = self.button(label, on)
        thread = self.chat.entries[on].thread or on
        return await self.does(who, "click", action.name, action.args, thread=thread, deed=deed)

    async def fills_in(self, who: str, values: Mapping[str, str]) -> str:
        """What the bot answers to the form that came up last."""
        invocation, form = self.chat.forms[-1]
        return await self.does(who, "form", form.name, form.args, thread=invocation.thread, values=dict(values))

    def button(self, label: str, on: str) -> Action:
        """The button of the message."""
        return next(action for action in self.chat.entries[on].shown.actions if action.label == label)

    async def does(
        self, who: str, kind: Kind, name: str, args: Mapping[str, str], *, thread: str | None = None, deed: str = "",
        values: dict[str, str] | None = None,
    ) -> str:  # fmt: skip
        """What the bot answers to the deed."""
        before = len(self.chat.answers)
        key = deed or f"deed {next(_deeds)}"
        adapter, workspace = self.place.adapter, self.place.workspace
        actor = Actor(who, who.rpartition(":")[2])
        await self.bot.handle(
            Invocation(
                adapter, workspace, self.place, actor, key, kind, name, 0, thread, dict(args), values or {},
            )
        )  # fmt: skip
        return "\n".join(text for given, text, _ in self.chat.answers[before:] if given.dedupe_key == key)

    async def until(self, holds: Callable[[], bool], limit_s: float = 3_600.0) -> None:
        """Let time pass until it is so.

        Raises: AssertionError when it never is.
        """
        loop = asyncio.get_running_loop()
        end = loop.time() + limit_s
        while not holds():
            assert loop.time() < end, self.screens()
            await asyncio.sleep(0.1)

    async def quiet(self, seconds: float = 10.0) -> None:
        """Let time pass."""
        await asyncio.sleep(seconds)

    def screens(self) -> str:
        """Everything that stands there, for a failed test."""
        return "\n---\n".join(entry.shown.text for entry in self.chat.entries.values())

    def says(self, part: str) -> str:
        """The newest message that holds the text, by its name; empty when none does."""
        found = [name for name, entry in self.chat.entries.items() if part in entry.shown.text]
        return found[-1] if found else ""


@asynccontextmanager
async def talking(
    crew: ScriptedCrew,
    *,
    log: MemoryLog | None = None,
    chats: Sequence[MemoryChat] = (),
    more: Sequence[ChatPort] = (),
    rules: PeopleRules = RULES,
    manners: Manners = Manners(),
) -> AsyncIterator[Talk]:
    """A bot that speaks while the context is open; leaving it is like pulling the plug. The first chat is the story's; `more`
    are chats that the story looks at in its own way.
    """
    chats = list(chats) or [MemoryChat()]
    log = log or MemoryLog()
    async with beating(crew, log) as heart:
        engine = HeartSeen(heart)
        clock = LoopClock()
        ports: dict[str, ChatPort] = {chat.name: chat for chat in (*chats, *more)}
        desk = Desk(engine, engine.launch, lambda: log, People(rules), ports, clock, lambda text: text)
        async with Bot(desk, LoopScheduler(clock), manners, jitter=lambda: 0.5).running() as bot:
            yield Talk(heart, bot, chats[0])
