"""Questions that nobody answers are asked again: after an hour, after four more, then once a day. Time never chooses."""

from collections.abc import Callable, Sequence
from typing import Final, Protocol

from engine.clock import from_iso
from engine.core.entities import Decision
from engine.core.ids import DecisionId
from engine.ports import Clock

INTERVALS_S: Final = (3_600.0, 4 * 3_600.0, 24 * 3_600.0)
"""Before the first reminder, the second, and each that follows."""


class Scheduler(Protocol):
    """Wakes us at a time. Its plans are gone with the process, and are made anew from the board at each start."""

    def wake_at(self, key: str, at_ms: int, call: Callable[[str], None]) -> None:
        """Call `call(key)` on the event loop at that time (unix milliseconds), at once when it is past; replaces the key's."""
        ...

    def forget(self, key: str) -> None:
        """Do not wake for the key; an unknown one is fine."""
        ...


class Reminders:
    """Follows open questions; `wake` is called when some are due."""

    def __init__(self, scheduler: Scheduler, clock: Clock, intervals_s: Sequence[float] = INTERVALS_S) -> None:
        self.wake: Callable[[], None] = lambda: None
        self._scheduler = scheduler
        self._clock = clock
        self._intervals_s = intervals_s
        self._due: dict[DecisionId, None] = {}
        self._followed: dict[DecisionId, int] = {}

    def follow(self, decision: Decision) -> None:
        """Plan the next reminder of the question, or none when it is closed. Doing so again changes nothing."""
        if not decision.is_open:
            self._followed.pop(decision.id, None)
            self._due.pop(decision.id, None)
            self._scheduler.forget(f"remind {decision.id}")
            return
        before = self._followed.get(decision.id)
        if before == decision.reminders:
            return
        self._followed[decision.id] = decision.reminders
        waits_s = [self._interval_s(number) for number in range(decision.reminders + 1)]
        # Reminders that were missed are made up for by one, and the next is counted from that.
        at_ms = (
            from_iso(decision.asked_at) + int(sum(waits_s) * 1000)
            if before is None
            else self._clock.now_ms() + int(waits_s[-1] * 1000)
        )
        self._scheduler.wake_at(f"remind {decision.id}", at_ms, self._note)

    def due(self) -> list[DecisionId]:
        """The questions that are to be asked again now; each is named once."""
        found, self._due = list(self._due), {}
        return found

    def _interval_s(self, number: int) -> float:
        return self._intervals_s[min(number, len(self._intervals_s) - 1)]

    def _note(self, key: str) -> None:
        self._due[DecisionId(key.removeprefix("remind "))] = None
        self.wake()
