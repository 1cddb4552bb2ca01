"""A log that was cut is brought whole into the thread of its run: once, without secrets, and never too large."""

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from bot import whole_logs
from bot.desk import Desk
from bot.messages import LogSnippet, Picture
from bot.people import People, PeopleRules
from bot.port import Caps, Place
from bot.whole_logs import MAX_BYTES, with_whole
from engine.agent.outcome import Turn
from engine.core import commands as c
from engine.core.blackboard import Blackboard
from engine.core.ids import BindingId, RunId, TaskId
from engine.model.types import Message
from engine.store.memory import MemoryLog
from tests.adapters.cli.written import OPENING, READS, WritingDriver
from tests.bot.story import middle
from tests.fakes.chat import MemoryChat
from tests.fakes.jumping import LoopClock, run

HERE, ELSEWHERE = Place("memory", "w", "here"), Place("memory", "w", "elsewhere")
CAPS = Caps(max_text=4_000, max_actions=5, text_files=True)
SNIPPET = LogSnippet(
    TaskId("T5"), 2, "T5 attempt 2 · coder, 2 turns so far", ("29: line", "30: line"), "all: orch logs T5"
)
NAMED = "all of it: T5-attempt-2.txt in the thread of its run"


class Seen:
    """An engine that only shows its board."""

    def __init__(self, board: Blackboard) -> None:
        self.board = board

    def watch(self, watcher: Any) -> Callable[[], None]:
        raise NotImplementedError

    async def flush(self) -> None:
        raise NotImplementedError

    async def order(self, command: Any, by: str) -> Sequence[Any]:
        raise NotImplementedError


def scene(*turns: Turn, caps: Caps = CAPS, redact: Callable[[str], str] = lambda text: text) -> tuple[Desk, MemoryChat]:
    """R1 is told of here, and T5 has spoken."""
    driver = middle(WritingDriver())
    driver.converse("T5", OPENING, READS, *turns)
    driver.must(c.BindChat(RunId("R1"), "memory", "w", "here"), "slack:T1:U7")
    driver.must(c.OpenThread(BindingId("B1"), "m0"), "engine")
    log = MemoryLog()
    log.append(driver.entries)
    chat = MemoryChat(caps=caps)

    async def launch(_: Any) -> RunId:
        raise NotImplementedError

    people = People(PeopleRules())
    return Desk(Seen(driver.board), launch, lambda: log, people, {"memory": chat}, LoopClock(), redact), chat


def files(chat: MemoryChat) -> list[Picture]:
    assert all(entry.thread == "m0" for entry in chat.entries.values())
    return [entry.message for entry in chat.entries.values() if isinstance(entry.message, Picture)]


def asked(desk: Desk, snippet: LogSnippet = SNIPPET, place: Place = HERE) -> str:
    async def main() -> str:
        return (await with_whole(desk, place, snippet)).more

    return run(main())


def test_a_log_that_was_cut_is_brought_whole_into_the_thread_once():
    desk, chat = scene()
    assert [asked(desk), asked(desk)] == [NAMED, NAMED]
    (file,) = files(chat)
    assert file.alt == SNIPPET.title
    lines = file.png.decode().splitlines()
    assert (lines[0], lines[-1]) == ("> # Task T5", "│ 30: line")
    assert len(lines) == 34


def test_a_log_that_is_shown_whole_needs_no_file():
    desk, chat = scene()
    asked(desk)
    whole = tuple(files(chat)[0].png.decode().splitlines())
    desk, chat = scene()
    assert asked(desk, msgspec.structs.replace(SNIPPET, lines=whole)) == SNIPPET.more
    assert files(chat) == []


def test_a_log_that_goes_on_is_brought_again_when_it_is_asked_for_again():
    more = Turn(2, READS.at_ms + 1_000, (Message("assistant", "The sign is wrong."),))
    desk, chat = scene()
    asked(desk)
    longer, _ = scene(more)
    asked(msgspec.structs.replace(longer, ports={"memory": chat}))
    assert [b"The sign is wrong." in file.png for file in files(chat)] == [False, True]


def test_no_secret_is_in_the_file():
    desk, chat = scene(redact=lambda text: text.replace("I look first", "[redacted]"))
    asked(desk)
    assert b"I look first" not in files(chat)[0].png
    assert b"[redacted]." in files(chat)[0].png


def test_where_the_run_has_no_thread_nothing_is_brought():
    desk, chat = scene()
    assert asked(desk, place=ELSEWHERE) == SNIPPET.more
    assert chat.calls == 0


def test_where_a_text_can_not_be_a_file_nothing_is_brought():
    desk, chat = scene(caps=Caps(max_text=4_000, max_actions=5))
    assert asked(desk) == SNIPPET.more
    assert chat.calls == 0


def test_a_chat_that_is_gone_costs_the_file_and_not_the_answer():
    desk, chat = scene()
    chat.closed.add(HERE)
    assert asked(desk) == SNIPPET.more


def test_a_chat_that_is_down_for_a_moment_costs_nothing():
    desk, chat = scene()
    chat.down_until_s = 1.5
    assert asked(desk) == NAMED
    assert len(files(chat)) == 1


def test_a_log_that_is_too_long_keeps_its_end_and_says_so():
    text = "\n".join(f"{number} {'é' * 30}" for number in range(40_000))
    content = whole_logs._bounded(text)
    first, *rest = content.decode().splitlines()
    assert len(content) <= MAX_BYTES
    assert first.replace(",", "") == f"… {40_000 - len(rest)} lines above"
    assert rest[-1].startswith("39999 ")
    assert all(line.split(" ")[1] == "é" * 30 for line in rest)
