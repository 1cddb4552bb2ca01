"""Our connection on the strict Discord's gateway: it stays up, hears each deed once, and degrades with a sentence."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from adapters.discord.chat import DiscordChat
from adapters.discord.client import INTENTS
from bot.messages import Notice
from bot.port import ChatPort, Invocation, ThreadRef
from bot.replies import discord as say
from tests.adapters.discord.fake_platform import DiscordPlatform
from tests.adapters.discord.samples import FORMS, MESSAGES
from tests.fakes.discord.gateway import PRIVILEGED
from tests.fakes.discord.person import FAILED, Person
from tests.fakes.discord.world import Body
from tests.fakes.jumping import passes, run


class Bench:
    """A Discord, and what our bot there heard. `answers_with` is what it does with each deed."""

    def __init__(self) -> None:
        self.platform = DiscordPlatform()
        self.server = self.platform.server
        self.world = self.server.world
        self.gateway = self.server.gateway
        self.alice: Person = self.platform.person("alice")
        self.heard: list[Invocation] = []
        self.port: ChatPort | None = None
        self.answer_with: Callable[[ChatPort, Invocation], Awaitable[None]] = _say_done

    @asynccontextmanager
    async def life(self) -> AsyncIterator[DiscordChat]:
        """One life of our process."""
        async with self.platform.connected(self._deliver) as port:
            assert isinstance(port, DiscordChat)
            self.port = port
            yield port

    async def _deliver(self, invocation: Invocation) -> None:
        assert self.port is not None
        self.heard.append(invocation)
        await self.answer_with(self.port, invocation)

    async def runs(self, verb: str = "status") -> str:
        """What stands there as the first answer to a command, once everything was said."""
        deed = self.alice.runs(self.world.channel, "orch", verb)
        first = await self.alice.answer(deed)
        await passes(5)
        return "\n".join(self.alice.told(deed)) or first

    def registrations(self) -> int:
        """How often the command was registered."""
        return sum(asked.method == "PUT" and asked.status == 200 for asked in self.world.log)

    def guild(self) -> Body:
        """The server as the gateway tells of it."""
        return self.gateway._guild()


async def _say_done(port: ChatPort, invocation: Invocation) -> None:
    await port.reply(invocation, Notice("done"))


def story(told: Callable[[Bench, DiscordChat], Awaitable[None]]) -> None:
    async def main() -> None:
        bench = Bench()
        async with bench.life() as port:
            await told(bench, port)

    run(main())


async def until(holds: Callable[[], bool], limit_s: float = 120.0) -> None:
    async with asyncio.timeout(limit_s):
        while not holds():
            await passes(0.1)


def test_a_bot_asks_for_no_privileged_intent_and_is_up():
    async def told(bench: Bench, port: DiscordChat) -> None:
        (session,) = bench.gateway.sessions.values()
        assert session.intents == INTENTS.value
        assert not session.intents & PRIVILEGED
        assert port.health().is_up
        assert port.health().detail == say.connected("orch", 1)

    story(told)


def test_a_command_and_a_message_that_names_the_bot_are_heard_without_the_intent_for_all_words():
    async def told(bench: Bench, port: DiscordChat) -> None:
        assert await bench.runs() == "done"
        bench.alice.says(bench.world.channel, "nothing for the bot")
        bench.alice.says(bench.world.channel, f"<@{bench.world.me}> logs T3")
        await until(lambda: len(bench.heard) == 2)
        assert (bench.heard[1].kind, bench.heard[1].args["text"]) == ("mention", "logs T3")

    story(told)


def test_roles_come_fresh_with_each_deed():
    async def told(bench: Bench, port: DiscordChat) -> None:
        role = bench.alice.joins("crew")
        await bench.runs()
        bench.world.members[bench.alice.id]["roles"].remove(role)
        await bench.runs()
        groups = [deed.actor.groups for deed in bench.heard]
        everybody = f"discord:{bench.world.guild}:{bench.world.guild}"
        assert groups == [(everybody, f"discord:{bench.world.guild}:{role}"), (everybody,)]

    story(told)


def test_a_click_while_the_connection_was_broken_is_replayed_and_acknowledged():
    async def told(bench: Bench, port: DiscordChat) -> None:
        bench.gateway.break_off()
        assert await bench.runs() == "done"
        assert (bench.gateway.identified, bench.gateway.resumed) == (1, 1)
        assert len(bench.heard) == 1
        assert port.health().is_up

    story(told)


def test_a_bot_that_is_moved_resumes():
    async def told(bench: Bench, port: DiscordChat) -> None:
        bench.gateway.ask_to_reconnect()
        await until(lambda: bench.gateway.resumed == 1)
        assert await bench.runs() == "done"
        assert bench.gateway.identified == 1

    story(told)


@pytest.mark.parametrize("code", [4000, 4009])
def test_a_connection_that_discord_closes_for_now_is_taken_up_again(code: int):
    async def told(bench: Bench, port: DiscordChat) -> None:
        bench.gateway.close(code)
        await until(lambda: bench.gateway.resumed + bench.gateway.identified == 2)
        assert await bench.runs() == "done"

    story(told)


def test_a_session_that_discord_lost_begins_anew_and_registers_nothing_again():
    async def told(bench: Bench, port: DiscordChat) -> None:
        made = bench.registrations()
        bench.gateway.forget()
        await until(lambda: bench.gateway.identified == 2)
        assert await bench.runs() == "done"
        assert bench.registrations() == made
        assert port.health().is_up

    story(told)


@pytest.mark.parametrize(
    ("code", "sentence"),
    [(4004, say.token_refused()), (4014, say.intents_refused()), (4013, say.closed_by_discord(4013))],
)
def test_a_connection_that_is_closed_for_good_costs_the_chat_alone_and_says_why(code: int, sentence: str):
    async def told(bench: Bench, port: DiscordChat) -> None:
        bench.gateway.close(code)
        await until(lambda: not port.health().is_up and port.health().detail == sentence)
        await passes(600)
        assert bench.gateway.identified == 1
        assert port.health().detail == sentence

    story(told)


def test_an_event_that_is_told_twice_is_one_deed_and_its_answer_arrives():
    async def told(bench: Bench, port: DiscordChat) -> None:
        bench.gateway.copies = 2
        assert await bench.runs() == "done"
        assert len(bench.heard) == 1

    story(told)


def test_an_event_that_comes_too_late_is_counted_and_not_done():
    async def told(bench: Bench, port: DiscordChat) -> None:
        bench.gateway.delay_s = 4.0
        assert await bench.runs() == FAILED
        assert bench.heard == []
        assert port.health().is_up
        assert port.health().detail.endswith("1 interaction came too late")

    story(told)


def test_a_bot_that_thinks_for_long_is_still_acknowledged_in_time():
    async def slow(port: ChatPort, invocation: Invocation) -> None:
        await passes(60)
        await port.reply(invocation, Notice("thought about it"))

    async def told(bench: Bench, port: DiscordChat) -> None:
        bench.answer_with = slow
        deed = bench.alice.runs(bench.world.channel, "orch", "status")
        assert await bench.alice.answer(deed) == ""
        await passes(61)
        assert bench.alice.told(deed) == ["thought about it"]

    story(told)


def test_suggestions_are_answered_while_somebody_types():
    async def told(bench: Bench, port: DiscordChat) -> None:
        assert await bench.alice.types(bench.world.channel, "orch", "logs", "task", "T") == []

    story(told)


def test_the_command_is_registered_once_and_again_only_when_it_differs():
    async def main() -> None:
        bench = Bench()
        async with bench.life():
            await until(lambda: bench.registrations() == 1)
        async with bench.life():
            await passes(10)
            assert bench.registrations() == 1
        bench.world.commands[0]["options"][0]["description"] = "what an older version said"
        async with bench.life():
            await until(lambda: bench.registrations() == 2)

    run(main())


def test_a_bot_that_was_removed_and_invited_again_registers_its_command_anew():
    async def told(bench: Bench, port: DiscordChat) -> None:
        await until(lambda: bench.registrations() == 1)
        bench.world.commands = []
        bench.world.tell("GUILD_DELETE", {"id": bench.world.guild})
        bench.world.tell("GUILD_CREATE", bench.guild())
        await until(lambda: bench.registrations() == 2)

    story(told)


def test_a_server_that_forbids_the_command_is_told_of_and_the_rest_works():
    async def main() -> None:
        bench = Bench()
        async with bench.life():
            await until(lambda: bench.registrations() == 1)
        bench.world.commands[0]["options"].pop()
        bench.world.may_set_commands = False
        async with bench.life() as port:
            await until(lambda: say.commands_missing(bench.world.guild) in port.health().detail)
            assert port.health().is_up
            bench.alice.says(bench.world.channel, f"<@{bench.world.me}> status")
            await until(lambda: len(bench.heard) == 1)

    run(main())


def test_an_open_form_and_an_old_button_work_after_a_restart():
    async def form(port: ChatPort, invocation: Invocation) -> None:
        if invocation.kind == "click" and invocation.args["choice"] == "retry_with_changes":
            await port.ask_form(invocation, FORMS["changes"])
        else:
            await port.reply(invocation, Notice("done"))

    async def main() -> None:
        bench = Bench()
        bench.answer_with = form
        async with bench.life() as port:
            thread = await port.open_thread(bench.platform.place, MESSAGES["card"], "B1")
            question = await port.post(thread, MESSAGES["question"], "P1")
            deed = bench.alice.clicks(thread.thread, question.message, "retry with changes")
            await bench.alice.answer(deed)
            assert bench.alice.form is not None
        async with bench.life():
            await _fills_in_and_clicks(bench, thread, question.message)

    run(main())


async def _fills_in_and_clicks(bench: Bench, thread: ThreadRef, question: str) -> None:
    filled_in = bench.alice.fills_in({"changes": "round half up"})
    clicked = bench.alice.clicks(thread.thread, question, "retry")
    await until(lambda: len(bench.heard) == 3)
    await passes(5)
    assert (bench.heard[1].kind, bench.heard[1].values) == ("form", {"changes": "round half up"})
    assert bench.heard[1].args == FORMS["changes"].args
    assert (bench.heard[2].kind, bench.heard[2].args["choice"]) == ("click", "retry")
    assert {deed.thread for deed in bench.heard} == {thread.thread}
    assert bench.alice.told(filled_in) == bench.alice.told(clicked) == ["done"]
