"""Our Slack adapter on the strict local Slack, as a platform for stories: over a socket, or by signed requests."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Self

from aiohttp import web

from adapters.slack.client import SlackConfig
from adapters.slack.connection import Slack as Adapter
from adapters.slack.controls import action_id
from bot.port import ChatPort, Health, Invocation, Place
from tests.fakes.platforms import Button, Deliver, Platform
from tests.fakes.slack.deliveries import SECRET, Outcome
from tests.fakes.slack.person import Person, Seen
from tests.fakes.slack.reading import calls_in, read
from tests.fakes.slack.server import Slack, serving
from tests.fakes.slack.web_api import APP_TOKEN, BOT_TOKEN, WebApi
from tests.fakes.slack.workspace import TEAM, Channel, Post, Workspace

NEVER = frozenset(
    {"invalid_blocks", "invalid_arguments", "invalid_metadata_format", "no_text", "msg_too_long", "unknown_method",
     "invalid_trigger_id", "exchanged_trigger_id", "cant_update_message", "cannot_reply_to_message"}
)  # fmt: skip
"""What Slack would say to a mistake of ours."""
HEARD_WITHIN_S = 0.1
"""How long after its acknowledgement a deed has reached the bot, if it ever does."""


class House:
    """Takes the adapter's deeds to the bot, each in a task of its own. `taken` are all, `doing` those that are not done."""

    def __init__(self, deliver: Deliver, tasks: asyncio.TaskGroup) -> None:
        self._deliver = deliver
        self._tasks = tasks
        self.taken: list[tuple[Invocation, asyncio.Task[None]]] = []
        self.health: list[Health] = []
        self.up = asyncio.Event()

    def take(self, invocation: Invocation) -> None:
        async def do() -> None:
            await self._deliver(invocation)

        self.taken.append((invocation, self._tasks.create_task(do())))

    def tell(self, health: Health) -> None:
        self.health.append(health)
        if health.is_up:
            self.up.set()


class SlackPlatform(Platform):
    """`slack` is the server of the bot that lives now, `house` what it heard, `adapter` our end; `ghosts` are there before us."""

    name = "slack"

    def __init__(self, *, is_socket: bool, has_plans: bool = False) -> None:
        self._has_plans = has_plans
        self.space = Workspace()
        self.api = WebApi(self.space)
        self.place, self.home, self.elsewhere = (Place("slack", TEAM, name) for name in ("C1", "CHOME", "CELSE"))
        self.space.channel("C1")
        self.space.channel("CHOME")
        self.space.channel("CELSE", with_bot=False)
        self.slack: Slack | None = None
        self.house: House | None = None
        self.adapter: Adapter | None = None
        self.ghosts = 0
        self._is_socket = is_socket
        self._texts: dict[tuple[str, int], str] = {}
        self._stamps: dict[str, str] = {}
        self._count = itertools.count(1)

    @property
    def calls(self) -> int:  # type: ignore[override]  # it is the server that counts
        return len(self.api.asked)

    @asynccontextmanager
    async def connected(self, deliver: Deliver) -> AsyncIterator[ChatPort]:
        async with serving(self.space, self.api) as self.slack, asyncio.TaskGroup() as tasks:
            self.slack.sockets.ghosts = self.ghosts
            self.house = House(deliver, tasks)
            config = SlackConfig(
                BOT_TOKEN,
                APP_TOKEN if self._is_socket else "",
                "" if self._is_socket else SECRET,
                f"{self.slack.base}/api/",
                self._has_plans,
            )
            self.adapter = Adapter(config, self.house, jitter=lambda: 0.5)
            async with self.adapter.running(), _doors(self.adapter, self.slack):
                await self.house.up.wait()
                yield self.adapter.chat
            for _, task in self.house.taken:
                task.cancel()

    def who(self, name: str) -> str:
        return f"slack:{TEAM}:{self.space.user(name)}"

    def joins(self, name: str, group: str) -> str:
        identifier = f"S{group.upper()}"
        self.space.groups.setdefault(identifier, set()).add(self.space.user(name))
        return f"slack:{TEAM}:{identifier}"

    async def types(self, who: str, text: str, *, place: Place | None = None, deed: str = "") -> str:
        person, channel = self.person(who), self.channel(place or self.place)
        with self._listening(person) as told:
            await told.after(await person.types(f"/orch {text}", channel, trigger=deed))
        return told.text

    async def mentions(self, who: str, text: str, thread: str) -> str:
        person = self.person(who)
        with self._listening(person) as told:
            outcome = await person.says(f"@orch {text}", self.channel(self.place), thread)
            assert outcome is not None, "the bot does not hear there"
            await told.after(outcome)
        return told.text

    async def presses(self, who: str, button: Button, *, deed: str = "") -> str:
        person = self.person(who)
        with self._listening(person) as told:
            await told.after(await person.presses(button.control, action_ts=self._stamp(deed)))
        return told.text

    async def fills_in(self, who: str, values: Mapping[str, str]) -> str:
        person = self.person(who)
        with self._listening(person) as told:
            await told.after(await person.fills_in(values))
        return told.text

    def key_of(self, deed: str) -> str:
        return deed

    def names(self, thread: str | None = None) -> list[str]:
        return [post.ts for post in self.space.posts if post.is_mine and (thread is None or post.thread_ts == thread)]

    def text(self, message: str) -> str:
        post = self.post(message)
        key = (message, len(post.versions))
        if key not in self._texts:
            self._texts[key] = read(post.text, post.blocks)
        return self._texts[key]

    def history(self, message: str) -> list[tuple[float, str]]:
        return [(at_s, read(text, blocks)) for at_s, text, blocks in self.post(message).versions]

    def place_of(self, message: str) -> Place:
        return Place("slack", TEAM, self.post(message).channel)

    def buttons(self, on: str) -> list[Button]:
        somebody = self.person("somebody")
        return [Button(seen.label, on, seen) for seen in somebody.controls_on(self.post(on))]

    def control(self, name: str, args: Mapping[str, str], on: str) -> Button:
        seen: Seen = self.buttons(on)[0].control
        element = {"type": "button", "action_id": action_id(name, args), "text": {"type": "plain_text", "text": name}}
        return Button(name, on, Seen(name, element, seen.block, seen.channel, seen.message))

    def objections(self) -> list[str]:
        found = [
            f"{each.what[0]} did not wait {each.retry_after_s} s"
            for each in self.api.rates.turned
            if not each.was_heeded
        ]
        found += [f"{method}: {error}" for method, error in self.api.refused if error in NEVER]
        said = [(post.text, post.blocks) for post in self.space.posts if post.is_mine]
        said += [(each.text, each.blocks) for each in self.space.whispers]
        found += [f"calls {call}" for text, blocks in said for call in calls_in(text, blocks)]
        return found + [f"nothing to read aloud in {blocks}" for text, blocks in said if not text.strip()]

    def down_until(self, at_s: float) -> None:
        self.api.faults.down_until_s = at_s

    def latency(self, seconds: float) -> None:
        self.api.faults.latency_s = seconds

    def delete(self, message: str) -> None:
        self.space.delete(self.post(message))

    def close(self) -> None:
        self.space.channels["C1"].members.discard("UORCH")

    def lose_answers(self, are_lost: bool) -> None:
        if are_lost:
            self.api.faults.hangs_after("chat.postMessage", times=None)
        else:
            self.api.faults.end()

    def person(self, name: str) -> Person:
        assert self.slack is not None, "no bot is connected"
        return Person(self.slack, name)

    def post(self, message: str) -> Post:
        return next(post for post in self.space.posts if post.ts == message)

    def channel(self, place: Place) -> Channel:
        return self.space.channels[place.channel]

    def _stamp(self, deed: str) -> str:
        return self._stamps.setdefault(deed, self.space.next_ts()) if deed else ""

    def _listening(self, person: Person) -> "Listening":
        assert self.house is not None
        return Listening(self.house, person)


class Listening:
    """What the bot answers to somebody's deed: `text`, once the deed is done and the context has ended."""

    def __init__(self, house: House, person: Person) -> None:
        self._house = house
        self._person = person
        self._began = len(house.taken)
        self._told = len(person.told_alone())
        self.text = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.text = "\n".join(self._person.told_alone()[self._told :])

    async def after(self, outcome: Outcome) -> None:
        """Wait until the bot has done it; one that it has heard before is not done again."""
        assert outcome.is_acked, self._person.warnings
        await asyncio.sleep(HEARD_WITHIN_S)
        mine = [
            task
            for invocation, task in self._house.taken[self._began :]
            if invocation.actor.id.endswith(f":{self._person.id}")
        ]
        await asyncio.gather(*mine)


@asynccontextmanager
async def _doors(adapter: Adapter, slack: Slack) -> AsyncIterator[None]:
    """Our own server, where Slack comes to us without a socket."""
    doors = adapter.doors()
    if not doors:
        yield
        return
    app = web.Application()
    for door in doors:
        app.router.add_post(door.path, door.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        slack.deliveries.bot_url = f"http://127.0.0.1:{runner.addresses[0][1]}{doors[0].path}"
        yield
    finally:
        await runner.cleanup()
