"""Turns that are over but not on the state branch yet, for whoever looks on while an attempt works. For one event loop.

The journal is the record, in batches; without this, people would see a conversation sixteen turns late. Nothing here is kept.
"""

from collections.abc import Callable

from engine.core.ids import task_of_label

Listener = Callable[[str, bytes], None]


class UnwrittenTurns:
    """Each conversation's unwritten turns, as redacted JSON lines, by its label (`R1/T3/a2`, `R1/T3/a2/review`)."""

    def __init__(self) -> None:
        self._pages: dict[str, list[bytes]] = {}
        self._listeners: dict[str, list[Listener]] = {}

    def page(self, label: str) -> "Page":
        """Where the conversation's turns are told."""
        return Page(self, label)

    def lines(self, label: str) -> tuple[bytes, ...]:
        """The conversation's turns that are not written yet, in order."""
        return tuple(self._pages.get(label, ()))

    def listen(self, task: str, listener: Listener) -> Callable[[], None]:
        """Call `listener(label, line)` with the task's unwritten turns now and with each turn to come; the result ends it."""
        self._listeners.setdefault(task, []).append(listener)
        for label, lines in self._pages.items():
            if task_of_label(label) == task:
                for line in lines:
                    listener(label, line)

        def stop() -> None:
            self._listeners[task].remove(listener)
            if not self._listeners[task]:
                del self._listeners[task]

        return stop

    def add(self, label: str, line: bytes) -> None:
        """A turn is over."""
        self._pages.setdefault(label, []).append(line)
        for listener in tuple(self._listeners.get(task_of_label(label), ())):
            listener(label, line)

    def written(self, label: str, count: int) -> None:
        """The first turns of the conversation are on the state branch now, or given up."""
        left = self._pages.get(label, [])[count:]
        if left:
            self._pages[label] = left
        else:
            self._pages.pop(label, None)


class Page:
    """One conversation's place in `UnwrittenTurns`."""

    def __init__(self, unwritten: UnwrittenTurns, label: str) -> None:
        self._unwritten = unwritten
        self._label = label

    def add(self, line: bytes) -> None:
        """A turn is over."""
        self._unwritten.add(self._label, line)

    def written(self, count: int) -> None:
        """The first turns are written."""
        self._unwritten.written(self._label, count)
