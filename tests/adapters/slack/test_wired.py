"""From the settings to a card: the chats as `orch up` opens them, on the strict Slack, in real time."""

import asyncio

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from pydantic import SecretStr

from adapters.chats import Chats, Voice, talking
from adapters.settings import SlackSettings
from bot.people import People, PeopleRules
from bot.port import Health
from engine.store.memory import MemoryLog
from tests.fakes.bench import beating
from tests.fakes.crew import ScriptedCrew, planned
from tests.fakes.slack import reading
from tests.fakes.slack.deliveries import SECRET
from tests.fakes.slack.person import Person
from tests.fakes.slack.server import serving
from tests.fakes.slack.web_api import APP_TOKEN, BOT_TOKEN
from tests.fakes.slack.workspace import Block, Post, Workspace
from tests.fakes.talk import HeartSeen

LIMIT_S = 30.0


class Watched(Workspace):
    """Waits for what the bot says."""

    def __init__(self) -> None:
        super().__init__()
        self._news = asyncio.Event()

    def post(self, message: Post) -> Post:
        self._news.set()
        return super().post(message)

    def change(self, post: Post, text: str, blocks: list[Block]) -> None:
        super().change(post, text, blocks)
        self._news.set()

    async def until_read(self, start: str) -> None:
        while not any(reading.read(post.text, post.blocks).startswith(start) for post in self.posts):
            self._news.clear()
            await self._news.wait()


@pytest.mark.parametrize("app_token", [APP_TOKEN, ""], ids=["socket", "requests"])
def test_whoever_is_in_a_group_starts_a_run_and_reads_its_end(app_token: str):
    log, space = MemoryLog(), Watched()

    async def main() -> None:
        healths = asyncio.Queue[Health]()
        async with (
            asyncio.timeout(LIMIT_S),
            serving(space) as slack,
            beating(ScriptedCrew((planned("a"),)), log) as heart,
        ):
            alice, channel = Person(slack, "alice"), space.channel("C1")
            space.groups["S1"] = {alice.id}
            rules = PeopleRules(operators=("slack:T1:S1",), places=("slack:T1:*",))
            engine = HeartSeen(heart)
            voice = Voice(engine, engine.launch, lambda: log, lambda text: text, People(rules))
            settings = SlackSettings(
                bot_token=SecretStr(BOT_TOKEN), app_token=SecretStr(app_token), signing_secret=SecretStr(SECRET),
                api_base_url=f"{slack.base}/api/",
            )  # fmt: skip
            chats = Chats(slack=settings, tell=lambda _, health: healths.put_nowait(health))
            async with talking(voice, chats) as talk:
                app = web.Application()
                app.router.add_routes([web.post(door.path, door.answer) for door in talk.doors])
                async with TestServer(app) as server:
                    if not app_token:
                        slack.deliveries.bot_url = str(server.make_url("/slack/events"))
                    assert (await healths.get()).is_up
                    assert (await alice.types("/orch start make it green", channel)).is_acked
                    await space.until_read("R1 is completed after")
                    await space.until_read("R1 completed: make it green")
                    assert "R1 started on main" in alice.told_alone()[0]
                    assert talk.health()["slack"].is_up

    asyncio.run(main())
