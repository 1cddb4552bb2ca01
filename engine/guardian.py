"""The guardian's looks at an attempt: when one is due, what it is shown, what comes of it. Must not touch the work.

A look that fails (no model, no budget, no fit answer) is passed over: the guardian never costs an attempt its life by its own fault.
"""

import logging
from collections.abc import Awaitable, Callable, Sequence

import pydantic

from engine.agent.loop import Look
from engine.agent.outcome import Turn
from engine.core.entities import Nudge, Tone
from engine.crew.fences import fenced, one_line
from engine.crew.results import WatchResult
from engine.crew.roles import ROLES
from engine.model.budget import BudgetReached, PriceUnknown
from engine.model.types import Message, Model, ModelError, Reply, Request
from engine.ports import Clock
from engine.tools.ending import finish_tool
from engine.tools.notepad import Notepad, WatchNote
from engine.tools.observation import shorten
from engine.work import Job

logger = logging.getLogger(__name__)

SEEN_MESSAGES = 20
MAX_MESSAGE_CHARS = 800
MAX_OUTPUT_TOKENS = 1_024
FIRM, DIRECT = 80, 50
"""The confidence from which a nudge is firm, or direct."""

_LEAD: dict[Tone, str] = {
    "gentle": "A thought from the guardian, who sees less than you do",
    "direct": "The guardian",
    "firm": "The guardian, and it is sure",
}


class Guardian:
    """Watches one attempt. `write` puts what a look cost into the attempt's conversation."""

    def __init__(
        self,
        job: Job,
        model: Model,
        model_name: str,
        clock: Clock,
        notepad: Notepad,
        write: Callable[[Turn], Awaitable[None]],
    ) -> None:
        self._job = job
        self._model = model
        self._model_name = model_name
        self._clock = clock
        self._notepad = notepad
        self._write = write
        self._last_turn = 0
        self._last_s = clock.monotonic()
        self._looks: list[Nudge] = []

    async def look(self, turn: int, messages: Sequence[Message]) -> Look:
        """What the worker is to hear after this turn; nothing when no look is due."""
        if not self._is_due(turn):
            return Look()
        self._last_turn, self._last_s = turn, self._clock.monotonic()
        try:
            reply = await self._model.complete(self._request(messages))
        except (ModelError, BudgetReached, PriceUnknown) as error:
            logger.warning(
                "guardian could not look",
                extra={"action": "look_failed", "run": self._job.run.id, "reason": str(error)},
            )
            return Look()
        result = _result_of(reply)
        if result is None:
            await self._write(Turn(turn, self._clock.now_ms(), (), reply.usage, reply.cost_usd))
            return Look()
        nudge = nudge_of(turn, result)
        said = Message("user", f"[the guardian looked: {nudge.rating.replace('_', ' ')}; {nudge.trajectory}]")
        self._looks.append(nudge)
        self._notepad.put(WatchNote(nudge))
        await self._write(Turn(turn, self._clock.now_ms(), (said,), reply.usage, reply.cost_usd))
        return self._outcome(nudge)

    def _is_due(self, turn: int) -> bool:
        config = self._job.run.config
        by_turns = config.guardian_turns and turn - self._last_turn >= config.guardian_turns
        by_time = config.guardian_seconds and self._clock.monotonic() - self._last_s >= config.guardian_seconds
        return bool(by_turns or by_time)

    def _outcome(self, nudge: Nudge) -> Look:
        if [each.rating for each in self._looks[-2:]] == ["stalled", "stalled"]:
            return Look(stalled=f"the guardian saw it stalled twice in a row: {nudge.trajectory}")
        if not nudge.text or not nudge.tone:
            return Look()
        return Look(text=f"[{_LEAD[nudge.tone]}: {nudge.text}]")

    def _request(self, messages: Sequence[Message]) -> Request:
        role = ROLES["guardian"]
        return Request(
            model=self._model_name,
            messages=(Message("system", role.system_prompt), Message("user", self._shown(messages))),
            tools=(finish_tool(role.finish).spec,),
            max_output_tokens=MAX_OUTPUT_TOKENS,
            label=f"{self._job.label}/guardian",
        )

    def _shown(self, messages: Sequence[Message]) -> str:
        task = self._job.task
        criteria = "\n".join(f"- {one_line(criterion.text)}" for criterion in self._job.criteria)
        looks = "\n".join(f"- turn {each.turn}: {each.rating}: {one_line(each.trajectory)}" for each in self._looks)
        lately = "\n".join(_line(message) for message in messages[2:][-SEEN_MESSAGES:])
        parts = (
            f"# Watch over task {task.id} of {self._job.run.id}, attempt {self._job.attempt}",
            fenced("The task", f"{task.title}\n{task.description}\n{criteria}"),
            fenced("Your earlier looks at this attempt", looks),
            fenced("What the worker did lately", lately),
        )
        return "\n\n".join(part for part in parts if part)


def nudge_of(turn: int, result: WatchResult) -> Nudge:
    """The look as it is kept; the tone follows the confidence, and who is on track hears nothing."""
    if result.rating == "on_track" or not result.nudge:
        return Nudge(turn, result.rating, result.trajectory)
    tone: Tone = "firm" if result.confidence >= FIRM else "direct" if result.confidence >= DIRECT else "gentle"
    return Nudge(turn, result.rating, result.trajectory, tone, result.nudge)


def _result_of(reply: Reply) -> WatchResult | None:
    call = next((call for call in reply.tool_calls if call.name == "finish"), None)
    if call is None:
        return None
    try:
        return WatchResult.model_validate_json(call.arguments)
    except pydantic.ValidationError:
        return None


def _line(message: Message) -> str:
    calls = "".join(
        f"\n  calls {call.name}({shorten(call.arguments, MAX_MESSAGE_CHARS // 2)})" for call in message.tool_calls
    )
    return f"{message.role}: {shorten(message.content, MAX_MESSAGE_CHARS)}{calls}"
