"""What becomes of a deed that fails by a fault of ours: it is answered in private, and everything else goes on."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import pytest

from bot.conversation import Conversation
from bot.desk import Desk
from bot.messages import Message
from bot.people import People, PeopleRules
from bot.port import Actor, Invocation, Place
from engine.core.blackboard import Blackboard
from engine.core.ids import RunId
from engine.ledger import LedgerStopped
from engine.store.memory import MemoryLog
from tests.fakes.chat import MemoryChat
from tests.fakes.jumping import LoopClock, run

HERE = Place("memory", "T1", "C1")


class Idle:
    """An engine of which nothing is asked."""

    board = Blackboard()

    def watch(self, watcher: Any) -> Callable[[], None]:
        raise NotImplementedError

    async def order(self, command: Any, by: str) -> Sequence[Any]:
        raise NotImplementedError

    def __init__(self) -> None:
        self.flushed = 0

    async def flush(self) -> None:
        self.flushed += 1


def typed(text: str) -> Invocation:
    return Invocation(HERE, Actor("memory:T1:alice", "Alice"), text, "command", "", args={"text": text})


def spoken(launch: Callable[[Any], Awaitable[RunId]], *texts: str) -> list[str]:
    """What is answered to what is typed, where runs are started so."""
    chat = MemoryChat()
    people = People(PeopleRules(admins=("memory:*",), places=("memory:*",)))
    desk = Desk(Idle(), launch, MemoryLog, people, {"memory": chat}, LoopClock(), lambda text: text)

    async def main() -> None:
        conversation = Conversation(desk)
        for text in texts:
            await conversation.handle(typed(text))

    run(main())
    return [text for _, text in chat.answers]


def test_a_fault_of_ours_is_answered_and_logged_and_the_next_deed_is_done(caplog: pytest.LogCaptureFixture):
    async def launch(_: object) -> RunId:
        raise ZeroDivisionError("by nobody's fault")

    assert spoken(launch, "start it", "status") == [
        "I stumbled over that; `status` shows how things stand, and the log of `orch up` says what went wrong",
        "nothing needs you",
    ]
    (record,) = caplog.records
    assert (record.message, "by nobody's fault" in caplog.text) == ("deed failed", True)


def test_what_stopped_the_engine_is_no_fault_of_a_deed():
    async def launch(_: object) -> RunId:
        raise LedgerStopped("the disk is full")

    with pytest.raises(LedgerStopped):
        spoken(launch, "start it")


def test_git_shows_what_is_so_before_a_chat_is_told():
    engine, flushed = Idle(), []

    class Told(MemoryChat):
        async def reply(self, invocation: Invocation, message: Message, *, private: bool = True) -> None:
            flushed.append(engine.flushed)

    async def launch(_: object) -> RunId:
        raise NotImplementedError

    people = People(PeopleRules(admins=("memory:*",), places=("memory:*",)))
    desk = Desk(engine, launch, MemoryLog, people, {"memory": Told()}, LoopClock(), lambda text: text)
    run(Conversation(desk).handle(typed("status")))
    assert flushed == [1]
