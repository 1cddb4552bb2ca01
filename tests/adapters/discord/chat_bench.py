"""Discord under the suite of all chats (tests/contracts/test_chat.py): what a person would see of it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from adapters.discord.answers import Answers
from adapters.discord.chat import DiscordChat
from adapters.discord.controls import read as read_control
from bot.forms import Field, Form
from bot.port import Actor, Health, MessageRef, Place, ThreadRef
from tests.adapters.discord.reading import read
from tests.adapters.discord.rest_fake import ALICE, CHANNEL, GUILD, ME, InMemory

EPHEMERAL = 64
PLACE = Place("discord", GUILD, CHANNEL)


class DiscordBench:
    """The chat on Discord's REST API in memory."""

    def __init__(self) -> None:
        self.world = InMemory()
        self.place = PLACE
        self.alice = Actor(f"discord:{GUILD}:{ALICE}", "alice")
        self.start_again()

    def start_again(self) -> None:
        """A new process: what only the old one knew is forgotten."""
        rest = self.world.rest()
        self.pending = Answers(rest)
        self.port = DiscordChat(rest, self.pending, lambda: self.world.now_ms)
        self.port.me = int(ME)
        self.port.state = Health(is_up=True)

    def handle(self) -> str:
        interaction = self.world.interaction()
        self.pending.take(interaction)
        return str(interaction.id)

    def text_of(self, ref: MessageRef) -> str:
        return read(self.world.messages[ref.message])

    def thread_texts(self, thread: ThreadRef) -> list[str]:
        return [read(each) for each in self.world.messages.values() if each["channel_id"] == thread.thread]

    def answers(self) -> list[tuple[str, bool]]:
        told = [(each["data"], True) for each in self.world.first_answers.values() if each["type"] == 4]
        told += [(each, False) for each in self.world.messages.values()]
        return [(read(body), is_private) for body, is_private in told]

    def forms(self) -> list[Form]:
        return [_form(each["data"]) for each in self.world.first_answers.values() if each["type"] == 9]


def _form(modal: dict[str, Any]) -> Form:
    control = read_control(modal["custom_id"])
    assert control is not None
    fields = tuple(Field(label["component"]["custom_id"], label["label"]) for label in modal["components"])
    return Form(control.name, modal["title"], "", control.args, fields)


@asynccontextmanager
async def discord_bench() -> AsyncIterator[DiscordBench]:
    """A fresh one."""
    yield DiscordBench()
