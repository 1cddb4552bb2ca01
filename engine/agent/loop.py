"""The ReAct loop: ask the model, do what it calls, show it what came of it, until it ends or is ended.

It holds no state outside one run, so an attempt can run anywhere; it must not judge the work: the engine does.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Protocol

import msgspec

from engine.agent import nudges
from engine.agent.outcome import (
    AgentOutcome,
    Divided,
    Escalated,
    Finished,
    Limits,
    OutOfTime,
    OutOfTurns,
    Spent,
    Stuck,
    Turn,
)
from engine.agent.stuck import step_of
from engine.agent.transcript import MAX_CALLS, Circles, Transcript, assistant_message, calls_of
from engine.crew.role import Role
from engine.model.types import Message, Model, Reply, Request, ToolCall, Usage
from engine.tools.observation import Divide, Escalate, Finish, Observation
from engine.tools.registry import Toolbox
from engine.tools.workbench import Workbench

MAX_MONOLOGUES = 3
_TURNS_LEFT_TO_WARN = 5
_MODEL_TIMEOUT_S = 180.0


class Clock(Protocol):
    """The two times an agent needs."""

    def monotonic(self) -> float:
        """Seconds that never run backwards."""
        ...

    def now_ms(self) -> int:
        """The wall clock, in milliseconds since 1970."""
        ...


Journal = Callable[[Turn], Awaitable[None]]
OnDelta = Callable[[str], None]


class Assignment(msgspec.Struct, frozen=True):
    """What one agent is to do, and within which limits; `label` (`R1/T3/a2`) names it in the model's log."""

    role: Role
    opening: str
    model_name: str
    label: str
    limits: Limits = Limits()


async def run_agent(
    assignment: Assignment,
    *,
    model: Model,
    workbench: Workbench,
    clock: Clock,
    journal: Journal,
    on_delta: OnDelta | None = None,
) -> AgentOutcome:
    """How the agent ended. Each turn is given to the journal before the next one begins.

    Raises: ModelError from the model; NoSandbox when the cell can run nothing; whatever the journal raises.
    """
    return await _Agent(assignment, model, workbench, clock, journal, on_delta).run()


@dataclass
class _Agent:
    assignment: Assignment
    model: Model
    workbench: Workbench
    clock: Clock
    journal: Journal
    on_delta: OnDelta | None
    spent: Spent = field(default_factory=Spent)
    monologues: int = 0
    was_warned: bool = False
    last_reply: Reply = field(init=False)

    def __post_init__(self) -> None:
        role = self.assignment.role
        self.toolbox = Toolbox(role.tools, role.finish, role.more, self.workbench.guests)
        self.transcript = Transcript(role.system_prompt, self.assignment.opening)
        self.circles = Circles()

    async def run(self) -> AgentOutcome:
        limits = self.assignment.limits
        ends_at = self.clock.monotonic() + limits.max_seconds
        await self._write_down(Usage(0, 0), 0.0)
        while self.spent.turns < limits.max_turns:
            seconds_left = ends_at - self.clock.monotonic()
            if seconds_left <= 0:
                return OutOfTime(self.spent)
            before = self.spent
            outcome = await self._timed_turn(seconds_left)
            if self.spent.turns > before.turns:  # else the time ended before the model answered
                await self._write_down(self.last_reply.usage, self.last_reply.cost_usd)
            if outcome is not None:
                return outcome
        return OutOfTurns(self.spent)

    async def _timed_turn(self, seconds_left: float) -> AgentOutcome | None:
        limit = asyncio.timeout(seconds_left)
        try:
            async with limit:
                return await self._turn(seconds_left)
        except TimeoutError:
            if not limit.expired():
                raise
            return OutOfTime(self.spent)

    async def _turn(self, seconds_left: float) -> AgentOutcome | None:
        reply = await self.model.complete(self._request(seconds_left), self.on_delta)
        self.last_reply = reply
        self.spent = self.spent.with_reply(reply.usage, reply.cost_usd)
        calls = calls_of(reply, self.spent.turns)
        self.transcript.add(assistant_message(reply, calls))
        if not calls:
            return self._answer_monologue(reply)
        self.monologues = 0
        return await self._act(reply, calls) or self._watch_circles()

    async def _act(self, reply: Reply, calls: tuple[ToolCall, ...]) -> AgentOutcome | None:
        """Do the calls in order. A finish beside a refused call is refused too: the agent has not seen the refusal."""
        has_refusal = False
        for number, call in enumerate(calls, 1):
            observation = await self.toolbox.call(self.workbench, call)
            if isinstance(observation.ending, Finish) and has_refusal:
                observation = Observation(nudges.FINISHED_TOO_EARLY, ok=False)
            has_refusal = has_refusal or not observation.ok
            self.circles.add(step_of(call, observation))
            note = self._note(reply, observation) if number == len(calls) else ""
            self.transcript.add(Message("tool", observation.text + note, tool_call_id=call.id))
            match observation.ending:
                case Finish(arguments=arguments):
                    return Finished(arguments, self.spent)
                case Escalate(reason=reason, kind=kind):
                    return Escalated(reason, self.spent, kind)
                case Divide(arguments=arguments):
                    return Divided(arguments, self.spent)
                case None:
                    pass
        return None

    def _note(self, reply: Reply, last: Observation) -> str:
        """What the engine has to say under the last answer of a turn."""
        notes = []
        dropped = len(reply.tool_calls) - MAX_CALLS
        if dropped > 0:
            notes.append(nudges.too_many_calls(dropped, MAX_CALLS))
        if reply.finish == "length" and not last.ok:
            notes.append(nudges.truncated(self.assignment.limits.max_output_tokens))
        turns_left = self.assignment.limits.max_turns - self.spent.turns
        if turns_left == _TURNS_LEFT_TO_WARN:
            notes.append(nudges.few_turns_left(turns_left))
        return "".join(f"\n\n[{note}]" for note in notes)

    def _answer_monologue(self, reply: Reply) -> AgentOutcome | None:
        self.monologues += 1
        if self.monologues == MAX_MONOLOGUES:
            return Stuck(f"replied {MAX_MONOLOGUES} times in a row without calling a tool", self.spent)
        is_cut = reply.finish == "length"
        self._say(
            nudges.truncated(self.assignment.limits.max_output_tokens)
            if is_cut
            else reply.fault or nudges.NO_TOOL_CALLED
        )
        return None

    def _watch_circles(self) -> AgentOutcome | None:
        found = self.circles.found()
        if found and self.was_warned:
            return Stuck(found, self.spent)
        if found:
            self.was_warned = True
            self._say(nudges.going_in_circles(found))
        return None

    def _say(self, text: str) -> None:
        self.transcript.add(Message("user", text))

    def _request(self, seconds_left: float) -> Request:
        return Request(
            model=self.assignment.model_name,
            messages=self.transcript.messages,
            tools=self.toolbox.specs,
            max_output_tokens=self.assignment.limits.max_output_tokens,
            timeout_s=min(_MODEL_TIMEOUT_S, seconds_left),
            label=self.assignment.label,
        )

    async def _write_down(self, usage: Usage, cost_usd: float | None) -> None:
        await self.journal(self.transcript.take_turn(self.spent.turns, self.clock.now_ms(), usage, cost_usd))
