"""A person on the strict Discord does only what its client would let them do."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from tests.fakes.discord.asker import Asker, asking, said
from tests.fakes.discord.person import FAILED, LAG_S, NotShown, Person
from tests.fakes.discord.powers import SEND, VIEW
from tests.fakes.discord.refusal import Refusal
from tests.fakes.jumping import passes, run

LIMIT_S = 1_000.0
OPTIONS = [
    {"type": 3, "name": "objective", "description": "d", "required": True, "max_length": 10},
    {"type": 4, "name": "workers", "description": "d", "min_value": 1},
    {"type": 3, "name": "then", "description": "d", "choices": [{"name": "Give up", "value": "cascade"}]},
    {"type": 3, "name": "run", "description": "d", "autocomplete": True},
]
TREE = [
    {
        "name": "orch",
        "description": "d",
        "options": [{"type": 1, "name": "start", "description": "d", "options": OPTIONS}],
    }
]
FORM = {
    "custom_id": "m", "title": "T", "components": [
        {"type": 18, "label": "What", "component": {"type": 4, "custom_id": "what", "style": 2, "min_length": 3, "max_length": 9}},
        {"type": 18, "label": "How", "component": {"type": 3, "custom_id": "how", "options": [{"label": "A", "value": "a"}], "required": False}},
    ],
}  # fmt: skip


def story(told: Callable[[Asker, Person], Awaitable[None]]) -> None:
    async def main() -> None:
        async with asyncio.timeout(LIMIT_S), asking() as bot:
            await told(bot, Person(bot.server, "alice"))

    run(main())


async def answer(bot: Asker, deed: Any, told: dict[str, Any]) -> None:
    await bot.done("POST", f"/interactions/{deed.id}/{deed.token}/callback", told)


async def synced(bot: Asker) -> str:
    world = bot.server.world
    await bot.ask("PUT", f"/applications/{world.app}/guilds/{world.guild}/commands", TREE)
    return world.channel


def test_a_command_is_chosen_from_what_is_offered():
    async def told(bot: Asker, alice: Person) -> None:
        channel = bot.server.world.channel
        with pytest.raises(NotShown):
            alice.runs(channel, "orch", "start", {"objective": "x"})
        await synced(bot)
        deed = alice.runs(channel, "orch", "start", {"objective": "x", "workers": "3", "then": "Give up"})
        assert deed.told["options"][0]["options"] == [
            {"type": 3, "name": "objective", "value": "x"},
            {"type": 4, "name": "workers", "value": 3},
            {"type": 3, "name": "then", "value": "cascade"},
        ]

    story(told)


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"objective": "x", "nonsense": "y"},
        {"objective": "x" * 11},
        {"objective": ""},
        {"objective": "x", "workers": "many"},
        {"objective": "x", "workers": "0"},
        {"objective": "x", "then": "cascade"},
    ],
)
def test_what_an_option_does_not_take_can_not_be_entered(values: dict[str, str]):
    async def told(bot: Asker, alice: Person) -> None:
        channel = await synced(bot)
        with pytest.raises(NotShown):
            alice.runs(channel, "orch", "start", values)

    story(told)


def test_a_command_for_those_who_may_speak_is_offered_to_nobody_else():
    async def told(bot: Asker, alice: Person) -> None:
        world, guarded = bot.server.world, [{**TREE[0], "default_member_permissions": SEND}]
        await bot.ask("PUT", f"/applications/{world.app}/guilds/{world.guild}/commands", guarded)
        assert "orch" in alice.offered(world.channel)
        world.deny(world.channel, alice.id, SEND)
        assert alice.offered(world.channel) == {}
        with pytest.raises(Refusal):
            alice.says(world.channel, "hello")

    story(told)


def test_a_button_is_pressed_by_what_stands_on_it_and_only_while_it_is_shown():
    async def told(bot: Asker, alice: Person) -> None:
        channel = bot.server.world.channel
        message = (await bot.done("POST", f"{bot.channel}/messages", said("x", buttons=("go", "stop"))))["id"]
        deed = alice.clicks(channel, message, "stop")
        assert (deed.told["custom_id"], deed.source) == ("stop", message)
        with pytest.raises(NotShown):
            alice.clicks(channel, message, "other")
        await bot.done("PATCH", f"{bot.channel}/messages/{message}", said("x"))
        alice.clicks(channel, message, "go")
        await passes(LAG_S + 1)
        with pytest.raises(NotShown):
            alice.clicks(channel, message, "go")

    story(told)


def test_a_select_is_no_button():
    async def told(bot: Asker, alice: Person) -> None:
        body, channel = said("x", buttons=("go",)), bot.server.world.channel
        select = {"type": 3, "custom_id": "s", "options": [{"label": "a", "value": "a"}]}
        body["components"][0]["components"].append({"type": 1, "components": [select]})
        message = (await bot.done("POST", f"{bot.channel}/messages", body))["id"]
        with pytest.raises(NotShown):
            alice.presses(channel, message, "s")
        alice.presses(channel, message, "go")

    story(told)


def test_nothing_is_pressed_or_read_where_they_may_not_look():
    async def told(bot: Asker, alice: Person) -> None:
        world = bot.server.world
        message = (await bot.done("POST", f"{bot.channel}/messages", said("x", buttons=("go",))))["id"]
        world.deny(world.channel, alice.id, VIEW)
        with pytest.raises(NotShown):
            alice.clicks(world.channel, message, "go")
        with pytest.raises(NotShown):
            alice.reads(world.channel)

    story(told)


def test_what_was_said_to_somebody_alone_is_read_and_pressed_by_them_alone():
    async def told(bot: Asker, alice: Person) -> None:
        channel, bob = await synced(bot), Person(bot.server, "bob")
        deed = alice.runs(channel, "orch", "start", {"objective": "x"})
        await answer(bot, deed, {"type": 4, "data": said("for you", buttons=("go",), flags=1 << 15 | 64)})
        assert (alice.reads(channel), bob.reads(channel)) == (["for you"], [])
        assert alice.told(deed) == ["for you"]
        alice.clicks(channel, deed.original, "go")
        with pytest.raises(Refusal, match="10008"):
            bob.clicks(channel, deed.original, "go")

    story(told)


def test_a_form_is_filled_in_once_and_as_it_wants():
    async def told(bot: Asker, alice: Person) -> None:
        channel = await synced(bot)
        with pytest.raises(NotShown):
            alice.fills_in({"what": "x"})
        await answer(bot, alice.runs(channel, "orch", "start", {"objective": "x"}), {"type": 9, "data": FORM})
        wrong: list[dict[str, str]] = [
            {},
            {"what": "ab"},
            {"what": "x" * 10},
            {"what": "abc", "how": "b"},
            {"what": "abc", "why": "x"},
        ]
        for values in wrong:
            with pytest.raises(NotShown):
                alice.fills_in(values)
        deed = alice.fills_in({"what": "abc"})
        assert deed.told["components"][0]["component"]["value"] == "abc"
        assert deed.told["components"][1]["component"]["values"] == []
        with pytest.raises(NotShown):
            alice.fills_in({"what": "abc"})

    story(told)


def test_who_is_not_answered_within_three_seconds_reads_so():
    async def told(bot: Asker, alice: Person) -> None:
        channel = await synced(bot)
        assert await alice.answer(alice.runs(channel, "orch", "start", {"objective": "x"})) == FAILED
        deed = alice.runs(channel, "orch", "start", {"objective": "x"})
        await answer(bot, deed, {"type": 4, "data": said("here")})
        assert await alice.answer(deed) == "here"

    story(told)


def test_suggestions_come_for_what_has_them():
    async def told(bot: Asker, alice: Person) -> None:
        channel = await synced(bot)
        with pytest.raises(NotShown):
            await alice.types(channel, "orch", "start", "objective", "x")
        async with asyncio.TaskGroup() as group:
            typing = group.create_task(alice.types(channel, "orch", "start", "run", "R"))
            await asyncio.sleep(0)
            deed = list(bot.server.deeds.all.values())[-1]
            await answer(bot, deed, {"type": 8, "data": {"choices": [{"name": "R1 running", "value": "R1"}]}})
        assert typing.result() == ["R1 running"]

    story(told)
