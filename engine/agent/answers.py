"""What the answers to the calls of one reply may have in common: a bounded length. Must not run any call."""

from __future__ import annotations

from engine.tools.observation import shorten

MAX_TURN_CHARS = 80_000
"""About a sixth of a large context; a smaller one allows less."""
MIN_ANSWER_CHARS = 1_500
_SPARED = 1.25
"""An answer that is little longer than its room is not cut: what is left out would be worth more than what is saved."""


class Room:
    """The characters that the answers of one reply share; when they are used up, the later ones are cut short."""

    def __init__(self, chars: int) -> None:
        self._chars = chars
        self.was_short = False

    def fit(self, text: str) -> str:
        """As much of the next answer as there is room for."""
        room = max(MIN_ANSWER_CHARS, self._chars)
        fitting = text if len(text) <= _SPARED * room else shorten(text, room)
        self.was_short = self.was_short or fitting != text
        self._chars -= len(fitting)
        return fitting
