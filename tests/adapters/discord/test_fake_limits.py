"""How often the strict Discord answers, and what goes wrong with it when it is told to."""

import aiohttp
import pytest

from tests.adapters.discord.test_fake_rest import HOUR_S, story
from tests.fakes.discord.asker import Asker, said
from tests.fakes.discord.deeds import COMMAND
from tests.fakes.discord.faults import Trouble
from tests.fakes.discord.limits import Limits
from tests.fakes.discord.screen import read
from tests.fakes.jumping import passes


def test_a_bucket_is_told_in_headers_and_holds():
    async def told(bot: Asker) -> None:
        await bot.post()
        assert (bot.headers["X-RateLimit-Limit"], bot.headers["X-RateLimit-Remaining"]) == ("2", "1")
        bucket = bot.headers["X-RateLimit-Bucket"]
        await bot.post()
        status, told = await bot.ask("POST", f"{bot.channel}/messages", said("x"))
        assert (status, told["global"], told["retry_after"]) == (429, False, 5.0)
        assert (bot.headers["X-RateLimit-Scope"], "Via" in bot.headers) == ("user", True)
        assert float(bot.headers["Retry-After"]) >= 5
        other = bot.server.world.add_channel("other")
        await bot.post("elsewhere", f"/channels/{other}")
        assert bot.headers["X-RateLimit-Bucket"] == bucket
        await passes(5)
        await bot.post()

    story(told, Limits(messages=(2, 5.0)))


def test_fifty_a_second_in_all_and_answers_to_people_are_not_counted():
    async def told(bot: Asker) -> None:
        for _ in range(3):
            await bot.done("GET", "/users/@me")
        status, answer = await bot.ask("GET", bot.channel)
        assert (status, answer["global"]) == (429, True)
        assert (bot.headers["X-RateLimit-Scope"], bot.headers["X-RateLimit-Global"]) == ("global", "true")
        world = bot.server.world
        deed = bot.server.deeds.begin(COMMAND, world.add_person("alice"), world.channel, {"name": "orch"})
        assert (await bot.ask("POST", f"/interactions/{deed.id}/{deed.token}/callback", {"type": 5}))[0] == 204

    story(told, Limits(others=(100, 1.0), everywhere=(3, 1.0)))


def test_edits_of_old_messages_have_a_slow_lane():
    async def told(bot: Asker) -> None:
        mine = await bot.post()
        path = f"{bot.channel}/messages/{mine['id']}"
        for _ in range(3):
            await bot.done("PATCH", path, said("young"))
        await passes(HOUR_S + 1)
        await bot.done("PATCH", path, said("old"))
        status, told = await bot.ask("PATCH", path, said("older"))
        assert (status, told["code"]) == (429, 30_046)

    story(told, Limits(messages=(100, 1.0), others=(100, 1.0), old_edits=(1, 60.0)))


def test_a_channel_is_renamed_twice_in_ten_minutes():
    async def told(bot: Asker) -> None:
        everybody = bot.server.world.roles[bot.server.world.guild]
        everybody["permissions"] = str(int(everybody["permissions"]) | 1 << 4)
        for name in ("a", "b"):
            await bot.done("PATCH", bot.channel, {"name": name})
        status, told = await bot.ask("PATCH", bot.channel, {"name": "c"})
        assert (status, told["retry_after"] > 500) == (429, True)

    story(told)


def test_too_many_invalid_requests_shut_the_address_out():
    async def told(bot: Asker) -> None:
        bot.server.world.token = "another"
        for _ in range(3):
            assert (await bot.ask("GET", "/users/@me"))[0] == 401
        status, page = await bot.ask("GET", "/users/@me")
        assert (status, "blocked" in page, "Via" in bot.headers) == (429, True, False)
        await passes(601)
        assert (await bot.ask("GET", "/users/@me"))[0] == 401

    story(told, Limits(invalid=(3, 600.0)))


def test_a_fault_before_leaves_nothing_and_one_after_leaves_what_was_asked():
    async def told(bot: Asker) -> None:
        path = f"{bot.channel}/messages"
        bot.server.troubles.order(Trouble("POST", "messages$", 502), Trouble("POST", "messages$", 500, is_done=True))
        assert (await bot.ask("POST", path, said("lost")))[0] == 502
        assert (await bot.ask("POST", path, said("kept")))[0] == 500
        bot.server.troubles.order(Trouble("POST", "messages$"), Trouble("POST", "messages$", is_done=True))
        for text in ("lost", "kept too"):
            with pytest.raises(aiohttp.ServerDisconnectedError):
                await bot.ask("POST", path, said(text))
        assert [read(each) for each in bot.server.posts.seen(bot.server.world.channel)] == ["kept", "kept too"]
        assert bot.server.troubles.met == 4

    story(told)
