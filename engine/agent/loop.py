"""The ReAct loop: ask the model, do what it calls, show it what came of it, until it ends or is ended.

It holds no state outside one run, so an attempt can run anywhere; it must not judge the work: the engine does.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

import msgspec

from engine.agent import nudges
from engine.agent.answers import MAX_TURN_CHARS, Room
from engine.agent.compaction import Size, by_rule, is_full, is_worth_it, kept_turns, stand_in
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
from engine.agent.stuck import Step, Watch, quoted, step_of, without_loop
from engine.agent.transcript import MAX_CALLS, Transcript, assistant_message, calls_of
from engine.crew.role import Role
from engine.model.types import Message, Model, ModelError, Reply, Request, ToolCall, Usage
from engine.ports import Clock
from engine.tools.git import tree_status
from engine.tools.observation import Divide, Escalate, Finish, Observation
from engine.tools.registry import Toolbox
from engine.tools.workbench import Workbench

MAX_MONOLOGUES = 3
_TURNS_LEFT_TO_WARN = 5
_MODEL_TIMEOUT_S = 180.0


Journal = Callable[[Turn], Awaitable[None]]


class Look(msgspec.Struct, frozen=True):
    """What somebody who watches has to say after a turn: words for the agent, or why it is ended as stuck."""

    text: str = ""
    stalled: str = ""


Overseer = Callable[[int, Sequence[Message]], Awaitable[Look]]


class Assignment(msgspec.Struct, frozen=True):
    """What one agent is to do, and within which limits; `label` (`R1/T3/a2`) names it in the model's log."""

    role: Role
    brief: str
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
    overseer: Overseer | None = None,
) -> AgentOutcome:
    """How the agent ended. Each turn is given to the journal before the next one begins, and then shown to the overseer.

    Raises: ModelError from the model; NoSandbox when the cell can run nothing; whatever the journal raises.
    """
    return await _Agent(assignment, model, workbench, clock, journal, overseer).run()


@dataclass
class _Agent:
    assignment: Assignment
    model: Model
    workbench: Workbench
    clock: Clock
    journal: Journal
    overseer: Overseer | None
    spent: Spent = field(default_factory=Spent)
    monologues: int = 0
    was_warned: bool = False
    unwritten: Reply | None = None

    def __post_init__(self) -> None:
        role = self.assignment.role
        self.limits = self.assignment.limits
        self.toolbox = Toolbox(role.tools, role.finish, role.more, self.workbench.guests)
        self.transcript = Transcript(role.system_prompt, self.assignment.brief)
        self.watch = Watch()
        self.size = Size()

    async def run(self) -> AgentOutcome:
        ends_at = self.clock.monotonic() + self.limits.max_seconds
        await self._write_down()
        while self.spent.turns < self.limits.max_turns:
            seconds_left = ends_at - self.clock.monotonic()
            if seconds_left <= 0:
                return OutOfTime(self.spent)
            outcome = await self._timed_turn(seconds_left)
            if self.unwritten is not None:  # else the time ended before the model answered
                await self._write_down()
            outcome = outcome or await self._be_overseen()
            if outcome is not None:
                return outcome
        return OutOfTurns(self.spent)

    async def _be_overseen(self) -> AgentOutcome | None:
        if self.overseer is None:
            return None
        look = await self.overseer(self.spent.turns, self.transcript.messages)
        if look.stalled:
            return Stuck(look.stalled, self.spent)
        if look.text:
            self._say(look.text)
        return None

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
        reply = await self._answered(seconds_left)
        calls = calls_of(reply, self.spent.turns)
        self.transcript.add(assistant_message(reply, calls))
        self.size.counted(reply.usage, self.transcript.messages)
        if not calls:
            return self._answer_monologue(reply)
        self.monologues = 0
        return await self._act(reply, calls)

    async def _answered(self, seconds_left: float) -> Reply:
        """The reply to the conversation, which is put together first when it is nearly full, or when the provider says so."""
        tokens = self.size.of(self.transcript.messages, self.toolbox.specs)
        if is_full(tokens, self.limits.context_tokens, self.limits.max_output_tokens):
            await self._make_room(seconds_left, must=False)
        try:
            return await self._ask(seconds_left)
        except ModelError as error:
            if error.kind != "context" or not await self._make_room(seconds_left, must=True):
                raise
        return await self._ask(seconds_left)

    async def _ask(self, seconds_left: float) -> Reply:
        reply = await self.model.complete(self._request(seconds_left))
        self.unwritten = reply
        self.spent = self.spent.with_reply(reply.usage, reply.cost_usd)
        self.workbench.turn = self.spent.turns
        return reply

    async def _make_room(self, seconds_left: float, *, must: bool) -> bool:
        """Put all but the newest turns together; whether that was done. A provider that refused the length (`must`) is not asked."""
        turns = self.transcript.turns
        kept = kept_turns(turns, self.limits.context_tokens)
        dropped = turns[: len(turns) - kept]
        if not dropped or not (must or is_worth_it(dropped, self.limits.context_tokens)):
            return False
        before = self.transcript.summary
        own = "" if must else await self._own_summary(seconds_left)
        status = await tree_status(self.workbench) if "write_file" in self.assignment.role.tools else ""
        self.transcript.compact(stand_in(dropped, own or by_rule(dropped, before), status, is_own=bool(own)), kept)
        self.workbench.forget_before(self.transcript.turns[0].number)
        self.size = Size()
        if self.unwritten is not None:
            await self._write_down()
        return True

    async def _own_summary(self, seconds_left: float) -> str:
        """What the model itself says of the conversation; empty when it says nothing, or no turn is left for it."""
        if self.spent.turns + 1 >= self.limits.max_turns:
            return ""
        self._say(nudges.SUMMARISE)
        try:
            reply = await self._ask(seconds_left)
        except ModelError:
            return ""
        self.transcript.add(assistant_message(reply, ()))
        return without_loop(reply.text)[0].strip()

    async def _act(self, reply: Reply, calls: tuple[ToolCall, ...]) -> AgentOutcome | None:
        """Do the calls in order. A finish beside a refused call is refused too: the agent has not seen the refusal."""
        steps: list[Step] = []
        room = Room(min(MAX_TURN_CHARS, self.limits.context_tokens))
        for call in calls:
            observation = await self.toolbox.call(self.workbench, call)
            if isinstance(observation.ending, Finish) and any(step.is_refused for step in steps):
                observation = Observation(nudges.FINISHED_TOO_EARLY, ok=False)
            steps.append(step_of(call, observation))
            ended = self._ended_by(observation)
            answer = room.fit(observation.text)
            if ended is None and len(steps) == len(calls):
                circle = self.watch.turn(reply.text, steps)
                answer += self._notes(reply, observation, circle, was_short=room.was_short)
                ended = self._stuck_in(circle)
            self.transcript.add(Message("tool", answer, tool_call_id=call.id))
            if ended is not None:
                return ended
        return None

    def _ended_by(self, observation: Observation) -> AgentOutcome | None:
        match observation.ending:
            case Finish(arguments=arguments):
                return Finished(arguments, self.spent)
            case Escalate(reason=reason, kind=kind):
                return Escalated(reason, self.spent, kind)
            case Divide(arguments=arguments):
                return Divided(arguments, self.spent)
            case None:
                return None

    def _notes(self, reply: Reply, last: Observation, circle: str, *, was_short: bool) -> str:
        """What the engine has to say under the last answer of a turn, outside of whatever is fenced there."""
        notes = []
        dropped = len(reply.tool_calls) - MAX_CALLS
        if dropped > 0:
            notes.append(nudges.too_many_calls(dropped, MAX_CALLS))
        if was_short:
            notes.append(nudges.ANSWERS_CUT)
        if reply.finish == "length" and not last.ok:
            notes.append(nudges.truncated(self.limits.max_output_tokens))
        turns_left = self.limits.max_turns - self.spent.turns
        if turns_left == _TURNS_LEFT_TO_WARN:
            notes.append(nudges.few_turns_left(turns_left))
        if circle and not self.was_warned:
            notes.append(nudges.going_in_circles(circle))
        return "".join(f"\n\n[{note}]" for note in notes)

    def _stuck_in(self, circle: str) -> AgentOutcome | None:
        """The end, for a second circle; the first was answered with a warning."""
        if circle and self.was_warned:
            return Stuck(circle, self.spent)
        self.was_warned = self.was_warned or bool(circle)
        return None

    def _answer_monologue(self, reply: Reply) -> AgentOutcome | None:
        self.monologues += 1
        if self.monologues == MAX_MONOLOGUES:
            said = f"; the last was {quoted(reply.text)}" if reply.text.strip() else ""
            return Stuck(f"replied {MAX_MONOLOGUES} times in a row without calling a tool{said}", self.spent)
        self._say(self._about(reply))
        return None

    def _about(self, reply: Reply) -> str:
        """Why nothing was done, and what to do, for a reply without a call."""
        if piece := without_loop(reply.text)[1]:
            return nudges.repeats_itself(quoted(piece))
        if reply.finish == "length":
            return nudges.truncated(self.limits.max_output_tokens)
        if reply.fault:
            return reply.fault
        if not reply.text.strip():
            return nudges.EMPTY_REPLY
        return nudges.CALL_AS_TEXT if self.toolbox.is_called_in(reply.text) else nudges.NO_TOOL_CALLED

    def _say(self, text: str) -> None:
        self.transcript.add(Message("user", text))

    def _request(self, seconds_left: float) -> Request:
        return Request(
            model=self.assignment.model_name,
            messages=self.transcript.messages,
            tools=self.toolbox.specs,
            max_output_tokens=self.limits.max_output_tokens,
            timeout_s=min(_MODEL_TIMEOUT_S, seconds_left),
            label=self.assignment.label,
            cache_marks=self.transcript.cache_marks,
        )

    async def _write_down(self) -> None:
        reply, self.unwritten = self.unwritten, None
        usage, cost_usd = (Usage(0, 0), 0.0) if reply is None else (reply.usage, reply.cost_usd)
        await self.journal(self.transcript.take_turn(self.spent.turns, self.clock.now_ms(), usage, cost_usd))
