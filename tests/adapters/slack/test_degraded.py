"""A Slack that wants nothing of us costs itself alone, and its door is open in the console's own server."""

import asyncio

from pydantic import SecretStr

from adapters.chats import Chats, Voice, talking
from adapters.settings import SlackSettings
from adapters.web.chat import LOBBY, PLACE, ThreadItem
from bot.people import People, PeopleRules
from bot.port import Actor, Health, Invocation
from engine.store.memory import MemoryLog
from tests.adapters.slack.loopback import loopback
from tests.fakes.bench import beating
from tests.fakes.crew import ScriptedCrew
from tests.fakes.talk import HeartSeen


def test_a_refused_token_is_said_and_the_console_answers_all_the_same():
    async def main() -> None:
        log, healths, heard = MemoryLog(), asyncio.Queue[tuple[str, Health]](), asyncio.Queue[ThreadItem]()
        async with asyncio.timeout(20), loopback() as server, beating(ScriptedCrew(()), log) as heart:
            server.refuse("auth.test", "invalid_auth")
            settings = SlackSettings(
                bot_token=SecretStr("xoxb-1"), signing_secret=SecretStr("s"), api_base_url=f"{server.base}api/"
            )
            chats = Chats(slack=settings, tell=lambda name, health: healths.put_nowait((name, health)))
            engine = HeartSeen(heart)
            people = People(PeopleRules(admins=("web:alice",), places=("web:*",)))
            async with talking(Voice(engine, engine.launch, lambda: log, lambda text: text, people), chats) as talk:
                name, health = await healths.get()
                assert (name, health.is_up) == ("slack", False)
                assert "SLACK_BOT_TOKEN" in health.detail
                assert [door.path for door in talk.doors] == ["/slack/events"]
                talk.chat.tell = lambda _thread, item, _only_for: heard.put_nowait(item)
                alice = Actor("web:alice", "alice")
                deed = Invocation(PLACE, alice, "d1", "command", "", LOBBY, {"text": "status"})
                talk.take(deed)
                assert (await heard.get()).kind == "reply"

    asyncio.run(main())
