"""What an agent may use up and how it can end; data alone, so that an attempt can run anywhere and report back."""

from __future__ import annotations

import msgspec

from engine.core.entities import Escalation
from engine.model.types import Message, Usage


class Limits(msgspec.Struct, frozen=True):
    """When an agent is stopped: after so many replies, or so many seconds; how long one reply, and the whole conversation, may be."""

    max_turns: int = 40
    max_seconds: float = 900
    max_output_tokens: int = 8192
    context_tokens: int = 128_000


class Turn(msgspec.Struct, frozen=True):
    """The journal's unit: the messages that one turn added, and what its reply cost. Turn 0 is the opening.

    `cost_usd` is None where no price is known. `kept_from` is not 0 where the conversation was put together: from then on the model
    saw the opening, the summary that is among these messages, and the turns from that number on.
    """

    number: int
    at_ms: int
    messages: tuple[Message, ...]
    usage: Usage = Usage(0, 0)
    cost_usd: float | None = 0.0
    kept_from: int = 0


class Spent(msgspec.Struct, frozen=True):
    """What an agent used up in all; `cost_usd` is None as soon as one reply had no known price."""

    turns: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0
    cost_usd: float | None = 0.0

    def with_reply(self, usage: Usage, cost_usd: float | None) -> Spent:
        """The sum with one more reply."""
        return Spent(
            turns=self.turns + 1,
            prompt_tokens=self.prompt_tokens + usage.prompt_tokens,
            completion_tokens=self.completion_tokens + usage.completion_tokens,
            cached_tokens=self.cached_tokens + usage.cached_tokens,
            cost_usd=None if self.cost_usd is None or cost_usd is None else self.cost_usd + cost_usd,
        )


class Finished(msgspec.Struct, frozen=True, tag="finished"):
    """The role asks to end: `arguments` is JSON that its result model accepted, and no more than a claim."""

    arguments: bytes
    spent: Spent


class Escalated(msgspec.Struct, frozen=True, tag="escalated"):
    """The role can't go on, and says why and what would help."""

    reason: str
    spent: Spent
    kind: Escalation = "needs_clarification"


class Divided(msgspec.Struct, frozen=True, tag="divided"):
    """The role divided its task: `arguments` is JSON that `Division` accepted."""

    arguments: bytes
    spent: Spent


class Stuck(msgspec.Struct, frozen=True, tag="stuck"):
    """The agent went round in circles, was told so once, and went on."""

    reason: str
    spent: Spent


class OutOfTurns(msgspec.Struct, frozen=True, tag="out-of-turns"):
    """The last turn passed without a finish."""

    spent: Spent


class OutOfTime(msgspec.Struct, frozen=True, tag="out-of-time"):
    """The time ended first; a call under way was cut off."""

    spent: Spent


AgentOutcome = Finished | Escalated | Divided | Stuck | OutOfTurns | OutOfTime
