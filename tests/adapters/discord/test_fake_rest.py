"""The strict Discord does what Discord does: who may what, what is once only, what sleeps, how long an answer is waited for."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from tests.fakes.discord.asker import Asker, asking, said
from tests.fakes.discord.deeds import CLICK, COMMAND
from tests.fakes.discord.limits import WIDE, Limits
from tests.fakes.discord.posts import NONCE_S
from tests.fakes.discord.powers import FILES, HISTORY, MANAGE_THREADS, PUBLIC_THREADS, SEND, SEND_IN_THREADS, VIEW
from tests.fakes.discord.screen import read
from tests.fakes.jumping import passes, run

HOUR_S, LIMIT_S = 3_600.0, 20_000.0


def story(told: Callable[[Asker], Awaitable[None]], limits: Limits = WIDE) -> None:
    async def main() -> None:
        async with asyncio.timeout(LIMIT_S), asking(limits) as bot:
            await told(bot)

    run(main())


async def thread_of(bot: Asker) -> str:
    root = await bot.post("root")
    made = await bot.done(
        "POST", f"{bot.channel}/messages/{root['id']}/threads", {"name": "R1", "auto_archive_duration": 60}
    )
    assert made["id"] == root["id"]
    return f"/channels/{made['id']}"


def test_a_wrong_token_is_refused():
    async def told(bot: Asker) -> None:
        assert (await bot.done("GET", "/users/@me"))["username"] == "orch"
        bot.server.world.token = "another"
        assert await bot.ask("GET", "/users/@me") == (401, {"message": "401: Unauthorized", "code": 0})

    story(told)


def test_an_address_or_a_verb_that_is_not_there():
    async def told(bot: Asker) -> None:
        assert (await bot.ask("GET", "/nowhere"))[0] == 404
        assert (await bot.ask("PUT", f"{bot.channel}/messages"))[0] == 405

    story(told)


def test_what_is_not_there_has_its_own_number():
    async def told(bot: Asker) -> None:
        assert await bot.code("GET", "/channels/1") == 10_003
        assert await bot.code("GET", "/guilds/1") == 10_004
        assert await bot.code("GET", f"{bot.channel}/messages/1") == 10_008
        assert await bot.code("GET", f"/guilds/{bot.server.world.guild}/members/1") == 10_007
        assert await bot.code("POST", "/users/@me/channels", {"recipient_id": "1"}) == 10_013
        bot.server.world.is_member = False
        assert await bot.code("GET", f"/guilds/{bot.server.world.guild}") == 50_001

    story(told)


@pytest.mark.parametrize(
    ("denied", "code", "thread_code"),
    [(VIEW, 50_001, 50_001), (SEND, 50_013, 0), (SEND_IN_THREADS, 0, 50_013), (PUBLIC_THREADS, 0, 0)],
)
def test_a_missing_permission_is_refused(denied: int, code: int, thread_code: int):
    async def told(bot: Asker) -> None:
        thread = await thread_of(bot)
        bot.server.world.deny(bot.server.world.channel, bot.server.world.me, denied)
        assert await bot.code("POST", f"{bot.channel}/messages", said("x")) == code
        assert await bot.code("POST", f"{thread}/messages", said("x")) == thread_code

    story(told)


def test_threads_files_and_history_need_their_permissions():
    async def told(bot: Asker) -> None:
        world, root = bot.server.world, await bot.post()
        world.deny(world.channel, world.me, PUBLIC_THREADS)
        assert await bot.code("POST", f"{bot.channel}/messages/{root['id']}/threads", {"name": "x"}) == 50_013
        world.deny(world.channel, world.me, FILES)
        assert await bot.code("POST", f"{bot.channel}/messages", {"content": "x"}, {"a.png": b"x"}) == 50_013
        world.deny(world.channel, world.me, HISTORY)
        assert await bot.ask("GET", f"{bot.channel}/messages") == (200, [])

    story(told)


def test_a_message_is_posted_once_for_a_nonce_of_its_author():
    async def told(bot: Asker) -> None:
        first = await bot.post(nonce="k", enforce_nonce=True)
        assert first["nonce"] == "k"
        assert (await bot.post("other", nonce="k", enforce_nonce=True))["id"] == first["id"]
        assert (await bot.post(nonce="k"))["id"] != first["id"]
        other = bot.server.world.add_channel("other")
        assert (await bot.post("there", f"/channels/{other}", nonce="k", enforce_nonce=True))["id"] == first["id"]
        read_back = await bot.done("GET", f"{bot.channel}/messages/{first['id']}")
        assert "nonce" not in read_back
        await passes(NONCE_S + 1)
        assert (await bot.post(nonce="k", enforce_nonce=True))["id"] != first["id"]

    story(told)


def test_components_get_ids_and_keep_those_they_have():
    async def told(bot: Asker) -> None:
        body = said("a", "b", buttons=("go",))
        body["components"][0]["id"] = 2
        found = await bot.done("POST", f"{bot.channel}/messages", body)
        (box,) = found["components"]
        assert [box["id"], *(part["id"] for part in box["components"])] == [2, 1, 3, 4]

    story(told)


def test_messages_are_read_newest_first_and_no_more_than_asked():
    async def told(bot: Asker) -> None:
        posted = [await bot.post(str(number)) for number in range(5)]
        _, found = await bot.ask("GET", f"{bot.channel}/messages?limit=2")
        assert [read(each) for each in found] == ["4", "3"]
        _, found = await bot.ask("GET", f"{bot.channel}/messages?before={posted[2]['id']}")
        assert [read(each) for each in found] == ["1", "0"]
        assert await bot.code("GET", f"{bot.channel}/messages?limit=101") == 50_035

    story(told)


def test_a_file_comes_with_its_words():
    async def told(bot: Asker) -> None:
        body = said("x") | {"attachments": [{"id": 0, "filename": "R1.png", "description": "the plan"}]}
        body["components"][0]["components"].append({"type": 12, "items": [{"media": {"url": "attachment://R1.png"}}]})
        found = await bot.done("POST", f"{bot.channel}/messages", body, {"blob": b"png"})
        (file,) = found["attachments"]
        assert (file["filename"], file["description"], file["size"]) == ("R1.png", "the plan", 3)
        assert found["components"][0]["components"][1]["items"][0]["media"]["url"] == file["url"]
        assert bot.server.posts.files[file["id"]] == b"png"
        assert (
            await bot.code("POST", f"{bot.channel}/messages", {"content": "x"}, {"big": b"x" * (10 << 20) + b"x"})
            == 40_005
        )

    story(told)


def test_only_its_own_messages_can_be_changed():
    async def told(bot: Asker) -> None:
        world = bot.server.world
        theirs = bot.server.posts.post(world.channel, world.owner, {"content": "hi"})
        assert await bot.code("PATCH", f"{bot.channel}/messages/{theirs['id']}", {"content": "x"}) == 50_005
        assert await bot.code("DELETE", f"{bot.channel}/messages/{theirs['id']}") == 50_013
        mine = await bot.post()
        changed = await bot.done("PATCH", f"{bot.channel}/messages/{mine['id']}", said("new"))
        assert (read(changed), changed["edited_timestamp"] is not None) == ("new", True)
        await bot.done("DELETE", f"{bot.channel}/messages/{mine['id']}")
        assert await bot.code("PATCH", f"{bot.channel}/messages/{mine['id']}", said("x")) == 10_008

    story(told)


def test_who_is_called_is_everybody_named_unless_it_is_forbidden():
    async def told(bot: Asker) -> None:
        alice = bot.server.world.add_person("alice")
        assert [user["id"] for user in (await bot.post(f"<@{alice}>"))["mentions"]] == [alice]
        silent = await bot.post(f"<@{alice}> @everyone", allowed_mentions={"parse": []})
        assert (silent["mentions"], silent["mention_everyone"]) == ([], False)

    story(told)


def test_a_message_has_one_thread():
    async def told(bot: Asker) -> None:
        thread = await thread_of(bot)
        path = f"{bot.channel}/messages/{thread.removeprefix('/channels/')}/threads"
        assert await bot.code("POST", path, {"name": "again"}) == 160_004
        bot.server.threads.max_active = 1
        other = await bot.post()
        assert await bot.code("POST", f"{bot.channel}/messages/{other['id']}/threads", {"name": "x"}) == 160_006

    story(told)


def test_a_thread_falls_asleep_and_a_new_message_wakes_it():
    async def told(bot: Asker) -> None:
        thread = await thread_of(bot)
        mine = await bot.post("in it", thread)
        await passes(HOUR_S + 1)
        assert await bot.code("PATCH", f"{thread}/messages/{mine['id']}", said("x")) == 50_083
        assert (await bot.done("GET", thread))["thread_metadata"]["archived"]
        await bot.post("good morning", thread)
        await bot.done("PATCH", f"{thread}/messages/{mine['id']}", said("x"))

    story(told)


def test_a_sleeping_thread_is_woken_by_who_may_speak_in_it_and_a_locked_one_is_not():
    async def told(bot: Asker) -> None:
        thread = await thread_of(bot)
        name = thread.removeprefix("/channels/")
        bot.server.threads.archive(name)
        assert await bot.code("PATCH", thread, {"name": "new"}) == 50_083
        await bot.done("PATCH", thread, {"archived": False})
        bot.server.threads.archive(name, is_locked=True)
        assert await bot.code("PATCH", thread, {"archived": False}) == 160_005
        assert await bot.code("POST", f"{thread}/messages", said("x")) == 160_005
        everybody = bot.server.world.roles[bot.server.world.guild]
        everybody["permissions"] = str(int(everybody["permissions"]) | MANAGE_THREADS)
        await bot.post("a moderator", thread)

    story(told)


def test_a_first_answer_is_taken_for_three_seconds_and_once():
    async def told(bot: Asker) -> None:
        world, deeds = bot.server.world, bot.server.deeds
        alice = world.add_person("alice")
        deed = deeds.begin(COMMAND, alice, world.channel, {"name": "orch"})
        path = f"/interactions/{deed.id}/{deed.token}/callback"
        assert (await bot.ask("POST", path, {"type": 5, "data": {"flags": 64}}))[0] == 204
        assert await bot.code("POST", path, {"type": 5}) == 40_060
        late = deeds.begin(COMMAND, alice, world.channel, {"name": "orch"})
        await passes(3.1)
        assert await bot.code("POST", f"/interactions/{late.id}/{late.token}/callback", {"type": 5}) == 10_062
        assert await bot.code("POST", f"/interactions/{late.id}/wrong/callback", {"type": 5}) == 10_062

    story(told)


def test_an_announced_answer_is_as_private_as_it_was_announced():
    async def told(bot: Asker) -> None:
        world, deeds = bot.server.world, bot.server.deeds
        alice = world.add_person("alice")
        deed = deeds.begin(COMMAND, alice, world.channel, {"name": "orch"})
        hook = f"/webhooks/{world.app}/{deed.token}"
        assert await bot.code("PATCH", f"{hook}/messages/@original", said("too early")) == 10_015
        await bot.done("POST", f"/interactions/{deed.id}/{deed.token}/callback", {"type": 5, "data": {"flags": 64}})
        told = await bot.done("PATCH", f"{hook}/messages/@original", said("for you"))
        assert bot.server.posts.only_for[told["id"]] == alice
        assert [read(each) for each in bot.server.posts.seen(world.channel, alice)] == ["for you"]
        assert bot.server.posts.seen(world.channel) == []
        assert await bot.code("GET", f"{bot.channel}/messages/{told['id']}") == 10_008
        further = await bot.done("POST", hook, said("for all"))
        assert further["id"] not in bot.server.posts.only_for
        await bot.done("DELETE", f"{hook}/messages/@original")
        assert await bot.code("GET", f"{hook}/messages/@original") == 10_008

    story(told)


def test_the_first_message_after_an_announcement_is_what_was_announced():
    async def told(bot: Asker) -> None:
        world, deeds = bot.server.world, bot.server.deeds
        deed = deeds.begin(COMMAND, world.add_person("alice"), world.channel, {"name": "orch"})
        await bot.done("POST", f"/interactions/{deed.id}/{deed.token}/callback", {"type": 5, "data": {"flags": 64}})
        told = await bot.done("POST", f"/webhooks/{world.app}/{deed.token}", said("x"))
        assert told["id"] in bot.server.posts.only_for
        assert deed.original == told["id"]

    story(told)


def test_after_fifteen_minutes_the_token_is_nothing_and_the_bot_can_still_edit_what_all_see():
    async def told(bot: Asker) -> None:
        world, deeds = bot.server.world, bot.server.deeds
        deed = deeds.begin(COMMAND, world.add_person("alice"), world.channel, {"name": "orch"})
        await bot.done("POST", f"/interactions/{deed.id}/{deed.token}/callback", {"type": 4, "data": said("x")})
        await passes(901)
        assert await bot.code("PATCH", f"/webhooks/{world.app}/{deed.token}/messages/@original", said("y")) == 50_027
        await bot.done("PATCH", f"{bot.channel}/messages/{deed.original}", said("y"))

    story(told)


def test_an_answer_tells_what_came_of_it_where_that_is_asked_for():
    async def told(bot: Asker) -> None:
        world = bot.server.world
        deed = bot.server.deeds.begin(COMMAND, world.add_person("alice"), world.channel, {"name": "orch"})
        path = f"/interactions/{deed.id}/{deed.token}/callback?with_response=true"
        told = await bot.done("POST", path, {"type": 4, "data": said("x")})
        assert told["interaction"]["response_message_id"] == told["resource"]["message"]["id"] == deed.original

    story(told)


def test_a_click_can_change_the_message_it_was_on():
    async def told(bot: Asker) -> None:
        world, root = bot.server.world, await bot.post()
        deed = bot.server.deeds.begin(
            CLICK, world.add_person("alice"), world.channel, {"custom_id": "go"}, source=root["id"]
        )
        await bot.done("POST", f"/interactions/{deed.id}/{deed.token}/callback", {"type": 7, "data": said("pressed")})
        assert read(await bot.done("GET", f"{bot.channel}/messages/{root['id']}")) == "pressed"

    story(told)


def test_nonsense_is_told_apart_from_a_wrong_body():
    async def told(bot: Asker) -> None:
        path = f"{bot.channel}/messages"
        async with bot._session.post(
            bot.server.base + path,
            data="{",
            headers={"Authorization": "Bot a-token", "User-Agent": "DiscordBot (x, 1)"},
        ) as response:
            assert (await response.json())["code"] == 50_109
        assert await bot.code("POST", path, {"flags": 1 << 15, "components": [{"type": 99}]}) == 50_035
        assert await bot.code("POST", path) == 50_035

    story(told)
