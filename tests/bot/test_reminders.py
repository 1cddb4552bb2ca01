"""Reminders: at their times, one for those that were missed, none for what is answered."""

from collections.abc import Callable

import msgspec

from bot.reminders import Reminders
from engine.clock import from_iso
from engine.core.entities import Answer, Decision
from engine.core.ids import DecisionId, RunId

ASKED = "2026-01-01T00:00:00Z"
T0 = from_iso(ASKED)
D1 = Decision(DecisionId("D1"), RunId("R1"), "budget", "Raise it?", ("raise_budget", "stop"), ASKED)
HOUR = 3_600_000


class _Plans:
    """Remembers what it was asked for, and wakes when the test says so."""

    def __init__(self) -> None:
        self.at: dict[str, int] = {}
        self.calls: dict[str, Callable[[str], None]] = {}

    def wake_at(self, key, at_ms, call) -> None:
        self.at[key] = at_ms
        self.calls[key] = call

    def forget(self, key) -> None:
        self.at.pop(key, None)


class _Clock:
    def __init__(self) -> None:
        self.ms = T0

    def now_ms(self) -> int:
        return self.ms

    def monotonic(self) -> float:
        return self.ms / 1000


def reminders() -> tuple[Reminders, _Plans, _Clock]:
    plans, clock = _Plans(), _Clock()
    return Reminders(plans, clock), plans, clock


def test_the_first_comes_an_hour_after_the_question():
    found, plans, _ = reminders()
    found.follow(D1)
    assert plans.at == {"remind D1": T0 + HOUR}


def test_the_second_is_counted_from_the_first():
    found, plans, clock = reminders()
    found.follow(D1)
    clock.ms = T0 + 2 * HOUR
    found.follow(msgspec.structs.replace(D1, reminders=1))
    assert plans.at == {"remind D1": T0 + 6 * HOUR}


def test_after_a_restart_a_missed_one_is_due_at_once_and_only_once():
    found, plans, clock = reminders()
    clock.ms = T0 + 1_000 * HOUR
    found.follow(D1)
    assert plans.at["remind D1"] < clock.ms
    plans.calls["remind D1"]("remind D1")
    assert found.due() == ["D1"]
    assert found.due() == []
    found.follow(msgspec.structs.replace(D1, reminders=1))
    assert plans.at["remind D1"] == clock.ms + 4 * HOUR


def test_an_answer_ends_it():
    found, plans, _ = reminders()
    found.follow(D1)
    plans.calls["remind D1"]("remind D1")
    found.follow(msgspec.structs.replace(D1, answer=Answer("stop", "cli:bob", ASKED)))
    assert plans.at == {}
    assert found.due() == []


def test_following_again_moves_nothing():
    found, plans, clock = reminders()
    found.follow(D1)
    clock.ms += HOUR // 2
    found.follow(D1)
    assert plans.at == {"remind D1": T0 + HOUR}
