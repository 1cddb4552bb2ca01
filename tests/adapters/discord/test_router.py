"""Deeds as the gateway brings them: acknowledged at once, handed over once, whatever made the control."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, cast

import discord

from adapters.discord.client import DiscordConfig
from adapters.discord.connection import Discord
from bot.port import Actor, Health, Invocation, Place
from engine.core.blackboard import Blackboard
from tests.adapters.discord.reading import read
from tests.adapters.discord.refusals import refused
from tests.adapters.discord.rest_fake import ALICE, APP, CHANNEL, GUILD, ME, InMemory
from tests.adapters.discord.samples import MIDDLE
from tests.fakes.jumping import passes, run

THREAD = {
    "id": "30", "type": 11, "name": "R1", "parent_id": CHANNEL, "owner_id": ME, "guild_id": GUILD, "message_count": 0,
    "member_count": 0, "rate_limit_per_user": 0, "last_message_id": None, "flags": 0,
    "thread_metadata": {
        "archived": False, "auto_archive_duration": 10080, "archive_timestamp": "2026-01-01T00:00:00+00:00", "locked": False,
    },
}  # fmt: skip
IN_CHANNEL = {"id": CHANNEL, "type": 0, "name": "general", "position": 0, "permission_overwrites": []}
USER = {"id": ALICE, "username": "alice", "discriminator": "0", "avatar": None, "global_name": "Alice"}
MEMBER = {
    "roles": ["7"],
    "joined_at": "2026-01-01T00:00:00+00:00",
    "deaf": False,
    "mute": False,
    "flags": 0,
    "nick": None,
}
COMMAND, COMPONENT, AUTOCOMPLETE, MODAL = 2, 3, 4, 5


class World:
    """A router on the REST API in memory; it is never connected."""

    def __init__(self) -> None:
        self.memory = InMemory()
        self.taken: list[Invocation] = []
        self.house: Callable[[Invocation], object] = self.taken.append
        self.told: list[Health] = []
        self.may = True
        self.link = Discord(DiscordConfig("a-token"), self, lambda: self.memory.now_ms)
        self.link._rest = self.link._answers._rest = self.link.chat._rest = self.memory.rest()
        self.client = discord.Client(intents=discord.Intents.none())
        state = self.client._connection
        state.application_id = int(APP)
        state.user = discord.ClientUser(state=state, data=cast("Any", USER | {"id": ME, "bot": True}))

    def take(self, invocation: Invocation) -> None:
        self.house(invocation)

    def board(self) -> Blackboard:
        return MIDDLE.board

    def may_see(self, actor: Actor, place: Place) -> bool:
        return self.may

    def tell(self, health: Health) -> None:
        self.told.append(health)

    async def says(self, text: str, *, mentions: tuple[str, ...] = (ME,), **more: Any) -> None:
        """Somebody says it in the channel."""
        state = self.client._connection
        named = [{**USER, "id": each} for each in mentions]
        told = {
            "id": self.memory.next_id(), "type": 0, "content": text, "author": USER, "mentions": named, "channel_id": CHANNEL,
            "attachments": [], "embeds": [], "edited_timestamp": None, "pinned": False, "mention_everyone": False, "tts": False,
            "member": MEMBER, "guild_id": GUILD,
        } | more  # fmt: skip
        untyped: Any = told
        guild = discord.Guild(state=state, data=cast("Any", {"id": GUILD, "name": "Bakery"}))
        channel = discord.TextChannel(state=state, guild=guild, data=cast("Any", IN_CHANNEL))
        await self.link.on_message(discord.Message(state=state, channel=channel, data=untyped), int(ME))

    async def does(self, kind: int, data: dict[str, Any], channel: dict[str, Any] = IN_CHANNEL, **more: Any) -> str:
        """The id of the interaction."""
        name = self.memory.next_id()
        told = {
            "id": name, "application_id": APP, "type": kind, "data": data, "guild_id": GUILD, "channel": channel,
            "channel_id": channel["id"], "token": "a-token", "version": 1, "attachment_size_limit": 10_485_760,
            "guild": {"id": GUILD, "locale": "en-US", "features": []}, "locale": "en-US", "app_permissions": "0",
            "member": {**MEMBER, "user": USER, "permissions": "0"},
        } | more  # fmt: skip
        untyped: Any = told
        await self.link.on_interaction(discord.Interaction(data=untyped, state=self.client._connection))
        return name


def story(told: Callable[[World], Awaitable[None]]) -> None:
    async def main() -> None:
        await told(World())

    run(main())


def _command(verb: str, **values: str) -> dict[str, Any]:
    options = [{"type": 3, "name": name, "value": value} for name, value in values.items()]
    return {"id": "3", "name": "orch", "type": 1, "options": [{"type": 1, "name": verb, "options": options}]}


def _click(name: str) -> dict[str, Any]:
    return {"custom_id": name, "component_type": 2}


def test_a_command_is_acknowledged_and_handed_over_with_its_actor():
    async def told(world: World) -> None:
        name = await world.does(COMMAND, _command("logs", task="T8"))
        (deed,) = world.taken
        assert world.memory.first_answers[name] == {"type": 5, "data": {"flags": 64}}
        assert (deed.kind, deed.name, deed.args) == ("command", "logs", {"task": "T8"})
        assert deed.place == Place("discord", GUILD, CHANNEL)
        assert (deed.actor.id, deed.actor.name) == ("discord:1:5", "Alice")
        assert deed.actor.groups == ("discord:1:1", "discord:1:7")
        assert deed.dedupe_key == name
        assert "a-token" not in repr(deed)

    story(told)


def test_a_command_in_a_thread_is_of_its_channel_and_thread():
    async def told(world: World) -> None:
        await world.does(COMMAND, _command("status"), THREAD)
        assert (world.taken[0].place.channel, world.taken[0].thread) == (CHANNEL, "30")

    story(told)


def test_an_old_button_works_after_a_restart():
    async def told(world: World) -> None:
        await world.does(COMPONENT, _click("orch:click:decide?decision=D1&generation=3&choice=retry"), THREAD)
        (deed,) = world.taken
        assert (deed.kind, deed.name) == ("click", "decide")
        assert deed.args == {"decision": "D1", "generation": "3", "choice": "retry"}

    story(told)


def test_a_form_that_was_open_over_a_restart_still_counts():
    async def told(world: World) -> None:
        label = {
            "type": 18,
            "id": 1,
            "component": {"type": 4, "id": 2, "custom_id": "changes", "value": "round half up"},
        }
        data = {"custom_id": "orch:modal:decide?decision=D1&generation=3&choice=spawn", "components": [label]}
        name = await world.does(MODAL, data, THREAD)
        (deed,) = world.taken
        assert (deed.kind, deed.name, deed.values) == ("form", "decide", {"changes": "round half up"})
        assert world.memory.first_answers[name]["type"] == 5

    story(told)


def test_a_click_that_may_bring_up_a_form_is_left_open_for_it_and_then_acknowledged():
    async def told(world: World) -> None:
        clicked = asyncio.ensure_future(  # noqa: TID251 - stands for discord.py, which runs each event in a task of its own
            world.does(COMPONENT, _click("orch:ask:decide?decision=D1&generation=3&choice=spawn"), THREAD)
        )
        await passes(1)
        assert len(world.taken) == 1
        assert world.memory.first_answers == {}
        name = await clicked
        assert world.memory.first_answers[name]["type"] == 5
        assert asyncio.get_running_loop().time() < 3

    story(told)


def test_a_control_of_another_version_is_handed_over_as_unknown():
    async def told(world: World) -> None:
        await world.does(COMPONENT, _click("something-old"), THREAD)
        await world.does(MODAL, {"custom_id": "orch:click:pause?run=R1", "components": []}, THREAD)
        assert [(deed.kind, deed.name) for deed in world.taken] == [("click", "?"), ("form", "?")]

    story(told)


def test_what_another_process_acknowledged_is_not_done_here_too():
    async def told(world: World) -> None:
        for status, code in ((400, 40_060), (404, 10_062)):
            world.memory.faults.append(("POST /interactions", refused(status, code)))
            await world.does(COMMAND, _command("status"))
        assert world.taken == []

    story(told)


def test_a_deed_whose_acknowledgement_got_lost_is_done():
    async def told(world: World) -> None:
        world.memory.faults.append(("POST /interactions", ConnectionResetError()))
        await world.does(COMMAND, _command("status"))
        assert len(world.taken) == 1

    story(told)


def test_suggestions_come_at_once_and_only_to_those_who_may_look():
    typed = {"id": "3", "name": "orch", "type": 1, "options": [
        {"type": 1, "name": "logs", "options": [{"type": 3, "name": "task", "value": "T8", "focused": True}]}
    ]}  # fmt: skip

    async def told(world: World) -> None:
        name = await world.does(AUTOCOMPLETE, typed)
        (choice,) = world.memory.first_answers[name]["data"]["choices"]
        assert choice == {"name": "T8 waiting human: Read the exchange rates", "value": "T8"}
        world.may = False
        name = await world.does(AUTOCOMPLETE, typed)
        assert world.memory.first_answers[name]["data"]["choices"] == []
        assert world.taken == []

    story(told)


def test_a_command_of_another_name_and_a_deed_outside_a_server_are_answered_and_not_done():
    async def told(world: World) -> None:
        names = [
            await world.does(COMMAND, {"id": "3", "name": "other", "type": 1, "options": []}),
            await world.does(COMMAND, _command("status"), guild_id=None),
            await world.does(COMPONENT, _click("orch:click:pause?run=R1"), guild_id=None),
        ]
        assert world.taken == []
        for name in names:
            answer = world.memory.first_answers[name]
            assert answer["data"]["flags"] & 64
            assert read(answer["data"]) == "I work in the channels and threads of a server; use /orch there"

    story(told)


def test_who_names_the_bot_is_heard_with_their_roles():
    async def told(world: World) -> None:
        await world.says(f"<@{ME}>  status R1 ")
        (deed,) = world.taken
        assert (deed.kind, deed.name, deed.args) == ("mention", "", {"text": "status R1"})
        assert deed.place == Place("discord", GUILD, CHANNEL)
        assert (deed.actor.id, deed.actor.groups) == ("discord:1:5", ("discord:1:1", "discord:1:7"))
        assert deed.handle == ""

    story(told)


def test_only_people_who_name_the_bot_are_heard():
    async def told(world: World) -> None:
        await world.says("good morning", mentions=())
        await world.says(f"<@{ALICE}> look", mentions=(ALICE,))
        await world.says(f"<@{ME}> status", author={**USER, "bot": True})
        await world.says(f"<@{ME}> status", webhook_id="6")
        await world.says(f"<@{ME}> status", type=6)
        assert world.taken == []

    story(told)


def test_how_many_came_too_late_is_told():
    async def told(world: World) -> None:
        world.link._client = world.client
        world.link.on_link(is_up=True)
        for status, code in ((400, 40_060), (404, 10_062)):
            world.memory.faults.append(("POST /interactions", refused(status, code)))
            await world.does(COMMAND, _command("status"))
        assert world.told[-1].is_up
        assert world.told[-1].detail.endswith(
            "1 interaction came too late, 1 answered by another process with the same token"
        )

    story(told)

    story(told)
