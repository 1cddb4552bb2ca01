"""What models say while they say it, for whoever looks on; a Model that asks for a stream only while somebody does.

Nothing here is recorded: the journal is the record. What is told is the text of the turn so far, so that nothing is lost when
a listener skips some.
"""

from collections.abc import Callable
from typing import Final

import msgspec

from engine.core.ids import task_of_label
from engine.model.types import Reply, Request, StreamingModel

MAX_CHARS: Final = 16_000
"""The end of a long turn is what people look at."""


class SaidSoFar(msgspec.Struct, frozen=True):
    """What the model has said in this turn, redacted; `label` (`R1/T3/a2`) names the attempt."""

    label: str
    text: str
    is_done: bool


class _Turn(msgspec.Struct):
    pieces: list[str]
    is_done: bool = False


Listener = Callable[[str], None]


class Stream:
    """Who looks on at which task, and what is being said there. For one event loop."""

    def __init__(self, redact: Callable[[str], str]) -> None:
        self._redact = redact
        self._listeners: dict[str, list[Listener]] = {}
        self._turns: dict[str, _Turn] = {}

    def listen(self, task: str, listener: Listener) -> Callable[[], None]:
        """Call `listener` with the attempt's label when its model said more, from the task's next turn on; the result ends it."""
        self._listeners.setdefault(task, []).append(listener)

        def stop() -> None:
            self._listeners[task].remove(listener)
            if not self._listeners[task]:
                del self._listeners[task]

        return stop

    def is_watched(self, label: str) -> bool:
        """Whether somebody looks on at the conversation. The guardian holds none: what it says comes in the worker's."""
        return task_of_label(label) in self._listeners and not label.endswith("/guardian")

    def said(self, label: str) -> SaidSoFar | None:
        """What was said in the attempt's latest turn, None when none was listened to."""
        turn = self._turns.get(label)
        if turn is None:
            return None
        text = "".join(turn.pieces)
        # A secret may be cut in two anywhere, and half of one is not recognised: the last word waits until it is whole.
        whole = text if turn.is_done else text[: max(text.rfind(" "), text.rfind("\n")) + 1]
        return SaidSoFar(label, self._redact(whole)[-MAX_CHARS:], turn.is_done)

    def begin(self, label: str) -> Callable[[str], None]:
        """A turn of the attempt begins: what is to be called with each piece of its text."""
        turn = self._turns[label] = _Turn([])

        def heard(text: str) -> None:
            turn.pieces.append(text)
            self._tell(label)

        return heard

    def end(self, label: str) -> None:
        """The turn is over."""
        self._turns[label].is_done = True
        self._tell(label)
        if not self.is_watched(label):
            del self._turns[label]

    def _tell(self, label: str) -> None:
        for listener in tuple(self._listeners.get(task_of_label(label), ())):
            listener(label)


class StreamedModel:
    """A Model whose words can be listened to."""

    def __init__(self, model: StreamingModel, stream: Stream) -> None:
        self._model = model
        self._stream = stream

    async def complete(self, request: Request) -> Reply:
        """The model's reply.

        Raises: ModelError.
        """
        if not self._stream.is_watched(request.label):
            return await self._model.complete(request)
        try:
            return await self._model.complete(request, self._stream.begin(request.label))
        finally:
            self._stream.end(request.label)
