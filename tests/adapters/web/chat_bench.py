"""The console's chat under the suite of all chats (tests/contracts/test_chat.py): what a person would see of it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from adapters.web.chat import LOBBY, PLACE, ThreadItem, WebChat
from bot.forms import Form
from bot.port import Actor, MessageRef, ThreadRef
from engine.core.blackboard import Blackboard


class WebBench:
    """A WebChat with one onlooker, who keeps what the page is told."""

    def __init__(self) -> None:
        board = Blackboard()
        self.port = WebChat(lambda: board, lambda: 0)
        self.place = PLACE
        self.alice = Actor("web:alice", "alice")
        self._told: list[tuple[str, ThreadItem]] = []
        self.port.tell = lambda thread, item, _: self._told.append((thread, item))

    def handle(self) -> str:
        return ""

    def text_of(self, ref: MessageRef) -> str:
        items = self.port.seen(ref.thread or ref.message)
        return next(item.text for item in items if item.id == ref.message)

    def thread_texts(self, thread: ThreadRef) -> list[str]:
        return [item.text for item in self.port.seen(thread.thread) if item.kind == "post"]

    def answers(self) -> list[tuple[str, bool]]:
        return [(item.text, item.private) for thread, item in self._told if thread == LOBBY and item.kind == "reply"]

    def forms(self) -> list[Form]:
        return [item.form for _, item in self._told if item.form is not None]


@asynccontextmanager
async def web_bench() -> AsyncIterator[WebBench]:
    """A fresh one."""
    yield WebBench()
