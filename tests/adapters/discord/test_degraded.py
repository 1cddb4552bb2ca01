"""A Discord that can't be reached, or wants nothing of us, costs itself alone."""

import asyncio

from pydantic import SecretStr

from adapters.chats import Chats, Voice, talking
from adapters.discord.client import DiscordConfig, point_at
from adapters.settings import DiscordSettings
from adapters.web.chat import LOBBY, PLACE, ThreadItem
from bot.people import People, PeopleRules
from bot.port import Actor, Health, Invocation
from bot.replies import discord as say
from engine.store.memory import MemoryLog
from tests.adapters.discord.loopback import Loopback, loopback
from tests.fakes.bench import beating
from tests.fakes.crew import ScriptedCrew
from tests.fakes.talk import HeartSeen


async def _told_of(server: Loopback, sentence: str) -> None:
    """Discord says the sentence of itself, and the console answers all the same."""
    log, healths, heard = MemoryLog(), asyncio.Queue[tuple[str, Health]](), asyncio.Queue[ThreadItem]()
    settings = DiscordSettings(token=SecretStr("a-token"), api_base=server.base, gateway_url="ws://127.0.0.1:9")
    chats = Chats(settings, tell=lambda name, health: healths.put_nowait((name, health)))
    async with beating(ScriptedCrew(()), log) as heart:
        engine = HeartSeen(heart)
        people = People(PeopleRules(admins=("web:alice",), places=("web:*",)))
        async with talking(Voice(engine, engine.launch, lambda: log, lambda text: text, people), chats) as talk:
            name, health = await healths.get()
            assert (name, health.is_up) == ("discord", False)
            assert sentence in health.detail
            assert not talk.health()["discord"].is_up
            talk.chat.tell = lambda _thread, item, _only_for: heard.put_nowait(item)
            deed = Invocation(PLACE, Actor("web:alice", "alice"), "d1", "command", "", LOBBY, {"text": "status"})
            talk.take(deed)
            assert (await heard.get()).kind == "reply"


def test_a_refused_token_is_said_and_not_tried_again():
    async def main() -> None:
        async with asyncio.timeout(10), loopback() as server:
            server.login_status = 401
            await _told_of(server, say.token_refused())
            assert server.asked.count(("GET", "/users/@me")) == 1
        point_at(DiscordConfig(""))

    asyncio.run(main())


def test_a_discord_that_answers_errors_or_nonsense_is_tried_again():
    async def main() -> None:
        async with asyncio.timeout(10), loopback() as server:
            server.login_status = 503
            await _told_of(server, "trying again")
            server.login_status = 200
            server.answers = [(200, {}, {"no": "application"})]
            await _told_of(server, "trying again")
        point_at(DiscordConfig(""))

    asyncio.run(main())
