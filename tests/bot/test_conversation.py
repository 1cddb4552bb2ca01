"""What becomes of a deed that fails by a fault of ours: it is answered in private, and everything else goes on."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import pytest

from bot.conversation import Conversation
from bot.desk import Desk
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

    async def flush(self) -> None:
        raise NotImplementedError


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
