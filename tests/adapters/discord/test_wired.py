"""From the settings to a card: the chats as `orch up` opens them, on the strict Discord, in real time."""

import asyncio

from pydantic import SecretStr

from adapters.chats import Chats, Voice, talking
from adapters.discord.client import DiscordConfig, point_at
from adapters.settings import DiscordSettings
from bot.people import People, PeopleRules
from engine.store.memory import MemoryLog
from tests.fakes.bench import beating
from tests.fakes.crew import ScriptedCrew, planned
from tests.fakes.discord.limits import WIDE
from tests.fakes.discord.person import Person
from tests.fakes.discord.server import Discord, serving
from tests.fakes.discord.world import SYNCED
from tests.fakes.talk import HeartSeen

LIMIT_S = 30.0


class Watch:
    """Waits for what stands in the channel and its thread."""

    def __init__(self, server: Discord, alice: Person) -> None:
        self._server = server
        self._alice = alice
        self._news = asyncio.Event()
        self.has_command = asyncio.Event()
        server.world.listeners.append(lambda each: self.has_command.set() if each.name == SYNCED else self._news.set())

    async def until_read(self, part: str) -> None:
        while not any(part in text for text in self._texts()):
            self._news.clear()
            await self._news.wait()

    def _texts(self) -> list[str]:
        return [text for channel in tuple(self._server.posts.messages) for text in self._alice.reads(channel)]


def test_whoever_has_a_role_starts_a_run_and_reads_its_end():
    async def main() -> None:
        async with (
            asyncio.timeout(LIMIT_S),
            serving(WIDE) as server,
            beating(ScriptedCrew((planned("a"),)), log) as heart,
        ):
            world, alice = server.world, Person(server, "alice", "crew")
            (role,) = world.members[alice.id]["roles"]
            rules = PeopleRules(operators=(f"discord:{world.guild}:{role}",), places=(f"discord:{world.guild}:*",))
            engine, watch = HeartSeen(heart), Watch(server, alice)
            voice = Voice(engine, engine.launch, lambda: log, lambda text: text, People(rules))
            settings = DiscordSettings(
                token=SecretStr(world.token), api_base=server.base, gateway_url=world.gateway_url
            )
            async with talking(voice, Chats(settings)) as talk:
                await watch.has_command.wait()
                alice.runs(world.channel, "orch", "start", {"objective": "make it green"})
                await watch.until_read("R1 is completed after")
                await watch.until_read("R1 completed: make it green")
                assert talk.health()["discord"].is_up

    log = MemoryLog()
    try:
        asyncio.run(main())
    finally:
        point_at(DiscordConfig(""))
