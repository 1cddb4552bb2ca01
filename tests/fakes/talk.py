"""A bot on a scripted engine and any platforms, in virtual time: people type and click, and read what stands there."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

from bot.bot import Bot, Manners
from bot.desk import Desk, StartOrder
from bot.people import People, PeopleRules
from bot.port import ChatPort, Invocation, Place
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
from tests.fakes.crew import ScriptedCrew
from tests.fakes.jumping import LoopClock
from tests.fakes.platforms import Platform

ALICE, BOB, EVE, VIC = "alice", "bob", "eve", "vic"


def rules_of(chat: Platform) -> PeopleRules:
    """Alice and Bob approve, Vic looks on, Eve has no role; the bot listens in the story's channel and in other chats."""
    return PeopleRules(
        approvers=(chat.who(ALICE), chat.who(BOB)),
        viewers=(chat.who(VIC),),
        places=(str(chat.place), "web:*", "mail:*"),
    )


class HeartSeen:
    """The heart as bot/desk.py's EngineSeen."""

    def __init__(self, heart: Heart) -> None:
        self._heart = heart

    @property
    def board(self) -> Blackboard:
        return self._heart.board

    def watch(self, watcher: Watcher) -> Callable[[], None]:
        return self._heart.ledger.watch(watcher)

    async def flush(self) -> None:
        await self._heart.ledger.flush()

    async def order(self, command: c.PeopleCommand | c.ChatCommand, by: str) -> Sequence[e.Record] | c.Refused:
        return await self._heart.ledger.submit(command, by)

    async def launch(self, order: StartOrder) -> RunId:
        config = RunConfig(
            "pilot", max_workers=order.max_workers or 5, budget_usd=order.budget_usd, budget_tokens=order.budget_tokens,
            plan_first=bool(order.plan_first),
        )  # fmt: skip
        start = c.StartRun(order.objective, order.base or "main", "b" * 40, config, order.by, dedupe=order.dedupe)
        answer = await self._heart.ledger.submit(start, order.by)
        if isinstance(answer, c.Refused):
            raise CannotStart(answer.reason)
        return answer[0].event.run


class Talk:
    """What a story holds: `chat` is its platform, where the acts happen."""

    def __init__(self, heart: Heart, bot: Bot, chat: Platform) -> None:
        self.heart = heart
        self.bot = bot
        self.chat = chat

    @property
    def board(self) -> Blackboard:
        return self.heart.board

    def who(self, name: str) -> str:
        """The account of somebody, as it is shown."""
        return self.chat.who(name)

    async def types(self, who: str, text: str, *, place: Place | None = None, deed: str = "") -> str:
        """What the bot answers, in private, to `/orch <text>`."""
        return await self.chat.types(who, text, place=place, deed=deed)

    async def mentions(self, who: str, text: str, thread: str) -> str:
        """What the bot answers to `@orch <text>`."""
        return await self.chat.mentions(who, text, thread)

    async def clicks(self, who: str, label: str, on: str, deed: str = "") -> str:
        """What the bot answers to a click on the button of the message; empty when a form came up or nothing was said."""
        return await self.chat.presses(who, self.chat.button(label, on), deed=deed)

    async def fills_in(self, who: str, values: Mapping[str, str]) -> str:
        """What the bot answers to the form that came up last."""
        return await self.chat.fills_in(who, values)

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
        return "\n---\n".join(self.chat.text(name) for name in self.chat.names())

    def says(self, part: str) -> str:
        """The newest message that holds the text, by its name; empty when none does."""
        found = [name for name in self.chat.names() if part in self.chat.text(name)]
        return found[-1] if found else ""


@asynccontextmanager
async def talking(
    crew: ScriptedCrew,
    *chats: Platform,
    log: MemoryLog | None = None,
    more: Sequence[ChatPort] = (),
    rules: PeopleRules | None = None,
    manners: Manners = Manners(),
) -> AsyncIterator[Talk]:
    """A bot that speaks while the context is open; leaving it is like pulling the plug. The first chat is the story's; `more`
    are chats that the story looks at in its own way.
    """
    log = log or MemoryLog()
    bots: list[Bot] = []

    async def deliver(invocation: Invocation) -> None:
        await bots[0].handle(invocation)

    async with beating(crew, log) as heart, AsyncExitStack() as stack:
        opened = [await stack.enter_async_context(chat.connected(deliver)) for chat in chats]
        ports: dict[str, ChatPort] = {port.name: port for port in (*opened, *more)}
        engine = HeartSeen(heart)
        clock = LoopClock()
        people = People(rules or rules_of(chats[0]))
        desk = Desk(engine, engine.launch, lambda: log, people, ports, clock, lambda text: text)
        bot = Bot(desk, LoopScheduler(clock), manners, jitter=lambda: 0.5)
        bots.append(bot)
        async with bot.running():
            yield Talk(heart, bot, chats[0])
