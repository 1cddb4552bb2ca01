"""Slack under the suite of all chats (tests/contracts/test_chat.py): what a person would see of it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from adapters.slack.answers import Answers, Deed
from adapters.slack.chat import SlackChat
from adapters.slack.controls import read_form
from bot.forms import Field, Form
from bot.port import Actor, Health, MessageRef, Place, ThreadRef
from tests.adapters.slack.api_fake import ALICE, CHANNEL, ME, TEAM, InMemory
from tests.adapters.slack.reading import read

PLACE = Place("slack", TEAM, CHANNEL)


class SlackBench:
    """The chat on Slack's Web API in memory."""

    def __init__(self) -> None:
        self.world = InMemory()
        self.pending = Answers()
        self.port = SlackChat(self.world.api(), self.pending)
        self.port.me = ME
        self.port.state = Health(is_up=True)
        self.place = PLACE
        self.alice = Actor(f"slack:{TEAM}:{ALICE}", "alice")

    def handle(self) -> str:
        name = f"h{len(self.world.log)}"
        self.world.triggers.add(f"t-{name}")
        self.pending.take(name, Deed("command", f"t-{name}", f"https://hooks.example/{name}"))
        return name

    def text_of(self, ref: MessageRef) -> str:
        return read(self.world.messages[ref.message]["blocks"])

    def thread_texts(self, thread: ThreadRef) -> list[str]:
        said = self.world.messages.values()
        return [read(each["blocks"]) for each in said if each.get("thread_ts") == thread.thread]

    def answers(self) -> list[tuple[str, bool]]:
        told = [(each, True) for _, each in self.world.responses] + [(each, True) for each in self.world.ephemerals]
        told += [(each, False) for each in self.world.messages.values()]
        return [(read(body["blocks"]), is_private) for body, is_private in told]

    def forms(self) -> list[Form]:
        return [form_of(each) for each in self.world.views]


def form_of(view: dict[str, Any]) -> Form:
    control = read_form(view["callback_id"], view["private_metadata"])
    assert control is not None
    asked = [block for block in view["blocks"] if block["type"] == "input"]
    full = [block["text"]["text"] for block in view["blocks"] if block["type"] == "section"]
    fields = tuple(Field(block["block_id"], block["label"]["text"]) for block in asked)
    return Form(control.name, full[0] if full else view["title"]["text"], "", control.args, fields)


@asynccontextmanager
async def slack_bench() -> AsyncIterator[SlackBench]:
    """A fresh one."""
    yield SlackBench()
