"""The end of a conversation as a chat shows it: what is written, and what was said since."""

import msgspec

from bot.conversations import last_lines
from engine.agent.outcome import Turn
from engine.model.types import Message
from engine.store.memory import MemoryLog
from tests.adapters.cli.written import OPENING, READS, WritingDriver
from tests.bot.story import middle

LABEL = "R1/T5/a2"
SAYS = Turn(2, READS.at_ms + 1_000, (Message("assistant", "The sign is wrong."),))


def shop(*turns: Turn) -> tuple[MemoryLog, WritingDriver]:
    driver = middle(WritingDriver())
    if turns:
        driver.converse("T5", *turns)
    log = MemoryLog()
    log.append(driver.entries)
    return log, driver


def lines_of(*turns: Turn) -> tuple[bytes, ...]:
    return tuple(msgspec.json.encode(turn) + b"\n" for turn in turns)


def test_what_was_said_since_the_last_batch_is_shown_once():
    log, driver = shop(OPENING, READS)
    waiting = {LABEL: lines_of(READS, SAYS)}  # READS was written in between
    found = last_lines(log, driver.task("T5"), 2, 100, lambda label: waiting.get(label, ()))
    assert found is not None
    assert (found.speaker, found.turns) == ("coder", 3)
    assert found.lines[-1] == "The sign is wrong."
    assert found.lines.count("I look first.") == 1


def test_a_conversation_of_which_nothing_is_written_yet_is_shown():
    log, driver = shop()
    waiting = {LABEL: lines_of(SAYS)}
    found = last_lines(log, driver.task("T5"), 2, 100, lambda label: waiting.get(label, ()))
    assert found is not None
    assert found.lines == ("The sign is wrong.",)


def test_a_review_that_has_begun_is_what_is_shown():
    log, driver = shop(OPENING, READS)
    waiting = {f"{LABEL}/review": lines_of(SAYS)}
    found = last_lines(log, driver.task("T5"), 2, 100, lambda label: waiting.get(label, ()))
    assert found is not None
    assert (found.speaker, found.turns) == ("strategist", 1)
