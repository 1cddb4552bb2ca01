"""The strict Discord as a platform for stories: the real adapter on it, connected by REST and gateway, and people at its client.

A line that is typed after `/orch` is chosen from the command's tree, as Discord lets nobody type one; what the tree does not
offer is said to the bot by its name.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from adapters.discord.client import DiscordConfig, point_at
from adapters.discord.connection import Discord as Connection
from adapters.discord.controls import custom_id
from bot.parser import Parsed, parse_line
from bot.port import Actor, ChatPort, Health, Invocation, Place
from engine.core.blackboard import Blackboard
from tests.fakes.discord.deeds import Deed
from tests.fakes.discord.limits import Limits
from tests.fakes.discord.person import NotShown, Person
from tests.fakes.discord.powers import VIEW
from tests.fakes.discord.screen import buttons, read
from tests.fakes.discord.server import Discord
from tests.fakes.discord.world import DIRECT, SYNCED, Body, is_thread
from tests.fakes.jumping import LoopClock
from tests.fakes.platforms import Button, Deliver, Platform

NEVER_TAKEN_S = 5.0
"""A deed that the bot did not begin with by then is one that it lets be."""


class _House:
    """Hands deeds to the bot, each in a task of its own, and tells when it is done with one."""

    def __init__(self, deliver: Deliver, group: asyncio.TaskGroup) -> None:
        self._deliver = deliver
        self._group = group
        self.is_up = asyncio.Event()
        self.tasks: dict[str, asyncio.Task[None]] = {}
        self._came: dict[str, asyncio.Event] = {}

    def take(self, invocation: Invocation) -> None:
        key = invocation.dedupe_key
        self.tasks[key] = self._group.create_task(self._handle(invocation))
        self._came.setdefault(key, asyncio.Event()).set()

    async def _handle(self, invocation: Invocation) -> None:
        await self._deliver(invocation)

    def board(self) -> Blackboard:
        return Blackboard()

    def may_see(self, actor: Actor, place: Place) -> bool:
        return True

    def tell(self, health: Health) -> None:
        if health.is_up:
            self.is_up.set()

    def expect(self, key: str) -> None:
        """The deed comes, or comes again."""
        self._came[key] = asyncio.Event()

    async def done_with(self, key: str) -> None:
        """The bot has done what it wanted to about the deed; that may be nothing."""
        try:
            async with asyncio.timeout(NEVER_TAKEN_S):
                await self._came[key].wait()
        except TimeoutError:
            return
        await asyncio.wait([self.tasks[key]])


class DiscordPlatform(Platform):
    """A Discord that outlives the bots on it."""

    name = "discord"

    def __init__(self, limits: Limits = Limits()) -> None:
        self.server = Discord(limits)
        world = self.server.world
        self.place = Place(self.name, world.guild, world.channel)
        self.home = Place(self.name, world.guild, world.add_channel("home"))
        self.elsewhere = Place(self.name, world.guild, world.add_channel("elsewhere"))
        self._people: dict[str, Person] = {}
        self._deeds: dict[str, Deed] = {}
        self._numbers: dict[str, str] = {}
        self._house: _House | None = None

    @property
    def calls(self) -> int:  # type: ignore[override]  # it is the server that counts
        return len(self.server.world.log)

    @asynccontextmanager
    async def connected(self, deliver: Deliver) -> AsyncIterator[ChatPort]:
        world = self.server.world
        async with self.server.listening(), asyncio.TaskGroup() as group:
            self._house = house = _House(deliver, group)
            config = DiscordConfig(world.token, self.server.base, world.gateway_url)
            link = Connection(config, house, LoopClock().now_ms)
            try:
                async with link.running():
                    await house.is_up.wait()
                    await self._offered()
                    yield link.chat
                self._look_back()
            finally:
                point_at(DiscordConfig(""))
                for task in house.tasks.values():
                    task.cancel()

    def _look_back(self) -> None:
        """Whatever the story was: no limit was reached, and nobody was called."""
        assert self.server.meter.refused == []
        called = ("mentions", "mention_roles", "mention_everyone")
        assert [each for each in self._ours() if any(each[name] for name in called)] == []

    async def _offered(self) -> None:
        """The command is there to be chosen."""
        is_there = asyncio.Event()
        self.server.world.listeners.append(lambda each: is_there.set() if each.name == SYNCED else None)
        if not self.server.world.commands:
            await is_there.wait()

    def who(self, name: str) -> str:
        return f"{self.name}:{self.server.world.guild}:{self.person(name).id}"

    def person(self, name: str) -> Person:
        """Somebody at their client."""
        if name not in self._people:
            self._people[name] = Person(self.server, name)
        return self._people[name]

    def joins(self, name: str, group: str) -> str:
        return f"{self.name}:{self.server.world.guild}:{self.person(name).joins(group)}"

    async def types(self, who: str, text: str, *, place: Place | None = None, deed: str = "") -> str:
        channel, person = (place or self.place).channel, self.person(who)
        parsed = parse_line(text)
        if deed in self._deeds:
            return await self._again(self._deeds[deed])
        if not isinstance(parsed, Parsed):
            return await self._says(who, channel, text)
        try:
            done = person.runs(
                channel, "orch", parsed.command.name, parsed.values, number=self.key_of(deed) if deed else ""
            )
        except NotShown:
            return await self._says(who, channel, text)
        return await self._answer(done, deed)

    async def mentions(self, who: str, text: str, thread: str) -> str:
        return await self._says(who, thread, text)

    async def presses(self, who: str, button: Button, *, deed: str = "") -> str:
        if deed in self._deeds:
            return await self._again(self._deeds[deed])
        done = self.person(who).presses(self._message(button.on)["channel_id"], button.on, button.control)
        return await self._answer(done, deed)

    async def fills_in(self, who: str, values: Mapping[str, str]) -> str:
        return await self._answer(self.person(who).fills_in(values), "")

    def key_of(self, deed: str) -> str:
        return self._numbers.setdefault(deed, self.server.world.next_id())

    def names(self, thread: str | None = None) -> list[str]:
        return [each["id"] for each in self._ours() if thread is None or self._thread_of(each) == thread]

    def text(self, message: str) -> str:
        return read(self._message(message))

    def history(self, message: str) -> list[tuple[float, str]]:
        now, edits = self._message(message), self.server.posts.edits.get(message, ())
        shown = [read(was) for _, was in edits] + [read(now)]
        return list(zip([self.server.world.born_s(message), *(at_ms / 1000 for at_ms, _ in edits)], shown, strict=True))

    def place_of(self, message: str) -> Place:
        channel = self.server.world.channels[self._message(message)["channel_id"]]
        return Place(
            self.name, self.server.world.guild, str(channel["parent_id"] if is_thread(channel) else channel["id"])
        )

    def buttons(self, on: str) -> list[Button]:
        return [Button(each.label, on, each.custom_id) for each in buttons(self._message(on))]

    def control(self, name: str, args: Mapping[str, str], on: str) -> Button:
        made = custom_id("click", name, args)
        assert made is not None
        row = {
            "type": 1,
            "components": [{"type": 2, "style": 2, "label": name, "custom_id": made, "id": 900}],
            "id": 901,
        }
        self._message(on)["components"].append(row)
        return Button(name, on, made)

    def down_until(self, at_s: float) -> None:
        self.server.down_until_s = at_s

    def latency(self, seconds: float) -> None:
        self.server.latency_s = seconds

    def delete(self, message: str) -> None:
        self.server.posts.delete(self._message(message))

    def close(self) -> None:
        self.server.world.deny(self.place.channel, self.server.world.me, VIEW)

    def lose_answers(self, are_lost: bool) -> None:
        self.server.loses_posts = are_lost

    async def _says(self, who: str, channel: str, text: str) -> str:
        """To the bot, by its name; it answers in a direct message."""
        world, person = self.server.world, self.person(who)
        direct = world.direct_channel(person.id)
        before = len(self.server.posts.seen(direct))
        said = person.says(channel, f"<@{world.me}> {text}")
        await self._done_with(said["id"])
        return "\n".join(person.reads(direct)[before:])

    async def _answer(self, done: Deed, name: str) -> str:
        if name:
            self._deeds[name] = done
        await self._done_with(done.id)
        return "\n".join(self._told(done))

    async def _again(self, done: Deed) -> str:
        """The same event once more."""
        before = len(self._told(done))
        self.server.world.tell("INTERACTION_CREATE", self.server.deeds.told(done))
        await self._done_with(done.id)
        return "\n".join(self._told(done)[before:])

    async def _done_with(self, key: str) -> None:
        assert self._house is not None, "no bot is connected"
        self._house.expect(key)
        await self._house.done_with(key)

    def _told(self, done: Deed) -> list[str]:
        return next(each for each in self._people.values() if each.id == done.user).told(done)

    def _ours(self) -> list[Body]:
        posts, world = self.server.posts, self.server.world
        seen = [
            each
            for channel in posts.messages
            if world.channels[channel]["type"] != DIRECT
            for each in posts.seen(channel)
        ]
        return sorted((each for each in seen if each["author"]["id"] == world.me), key=lambda each: int(each["id"]))

    def _message(self, name: str) -> Body:
        return next(
            each for held in self.server.posts.messages.values() for each in held.values() if each["id"] == name
        )

    def _thread_of(self, message: Body) -> str:
        channel = self.server.world.channels[message["channel_id"]]
        return str(channel["id"]) if is_thread(channel) else ""
