"""What the console does with runs: list, begin, show, steer. Each handler is one answer; the rules are the core's."""

import secrets

import msgspec

from adapters.web.calls import Answer, Call
from adapters.web.chat import PLACE
from adapters.web.payloads import AddTask, ChangeRun, CreateRun, Page, Replan, Why
from adapters.web.problems import Problem, unknown
from adapters.web.starts import Start, Starts
from adapters.web.templates import TEMPLATES
from adapters.web.views import (
    DesignEntry,
    Lesson,
    RunRow,
    design_log,
    lessons,
    run_row,
    run_view,
)
from bot.desk import StartOrder, as_it_was
from bot.replies.decisions import needs_second
from bot.threads import deed
from engine.core import commands as c
from engine.core import events as e
from engine.core.entities import Criterion, RoleName, Spend, Task
from engine.core.ids import TaskId
from engine.core.lifecycle import RUN_OVER


class RunList(msgspec.Struct, frozen=True):
    """A page of runs, the newest first; `next` is the offset of the page after, None at the end."""

    items: tuple[RunRow, ...]
    total: int
    limit: int
    offset: int
    next: int | None


class Lessons(msgspec.Struct, frozen=True):
    """What a run's attempts taught, oldest first."""

    items: tuple[Lesson, ...]


class DesignLog(msgspec.Struct, frozen=True):
    """What was settled for a run, oldest first."""

    items: tuple[DesignEntry, ...]


class TaskCost(msgspec.Struct, frozen=True):
    """What a task's attempts have cost; `unpriced_tokens` are those of models without a known price."""

    task: TaskId
    title: str
    role: RoleName
    attempts: int
    tokens: int
    cost_usd: float
    unpriced_tokens: int


class Costs(msgspec.Struct, frozen=True):
    """The cost of a run, task by task."""

    items: tuple[TaskCost, ...]


class Done(msgspec.Struct, frozen=True):
    """An order was carried out: the run as it is now, as of the event `seq`. With a `proposal` it is the first of two voices,
    and nothing else has happened.
    """

    seq: int
    run: RunRow
    proposal: str


async def list_runs(call: Call) -> Answer:
    """A page of runs."""
    page, board = call.asked(Page), call.board
    names = list(reversed(board.runs))[page.offset : page.offset + page.limit]
    after = page.offset + len(names)
    return Answer(
        RunList(
            items=tuple(run_row(board, board.runs[name]) for name in names), total=len(board.runs), limit=page.limit,
            offset=page.offset, next=after if after < len(board.runs) else None,
        )
    )  # fmt: skip


class Beginnings:
    """The handlers that begin runs; they share what knows the starts under way."""

    def __init__(self, starts: Starts) -> None:
        self._starts = starts

    async def create(self, call: Call) -> Answer:
        """A new run."""
        wish = call.asked(CreateRun)
        return await self._begin(
            StartOrder(
                _objective(wish), call.visitor.actor, _dedupe(call), wish.base or "", wish.model or "", wish.budget_usd,
                wish.budget_tokens, wish.max_workers, wish.plan_first,
            )
        )  # fmt: skip

    async def restart(self, call: Call) -> Answer:
        """What is held up begins again; a run that is over begins anew, from the target's present tip, as a run of its own."""
        run = call.run()
        if run.state not in RUN_OVER:
            await call.order(call.consent.restart(run.id))
            return Answer(Start("", "started", run_row(call.board, call.run()), ""), 200)
        return await self._begin(as_it_was(run, call.visitor.actor, _dedupe(call)))

    async def show(self, call: Call) -> Answer:
        """How a start is getting on."""
        found = self._starts.find(call.path["start"])
        if found is None:
            raise unknown(f"start {call.path['start']}; GET /api/v1/runs lists the runs")
        return Answer(found)

    async def _begin(self, order: StartOrder) -> Answer:
        start = await self._starts.begin(order)
        return Answer(start, 201 if start.state == "started" else 202)


async def show_run(call: Call) -> Answer:
    """The run with its tasks and questions."""
    return Answer(run_view(call.board, call.run().id))


async def cancel(call: Call) -> Answer:
    """End the run, or propose it where it takes two people; what landed stays."""
    return await _done(call, call.consent.cancel(call.run().id, call.asked(Why).reason))


async def pause(call: Call) -> Answer:
    """Start nothing new."""
    return await _done(call, c.PauseRun(call.run().id, call.asked(Why).reason))


async def resume(call: Call) -> Answer:
    """Go on."""
    return await _done(call, c.ResumeRun(call.run().id))


async def replan(call: Call) -> Answer:
    """Give up what is not under way and plan it anew; where a question offers a new plan, that is its answer."""
    return await _done(call, call.consent.replan(call.run().id, call.asked(Replan).guidance))


async def change(call: Call) -> Answer:
    """The run with higher caps, which answer the question about the present ones."""
    wish = call.asked(ChangeRun)
    return await _done(call, call.consent.raise_budget(call.run().id, wish.budget_usd, wish.budget_tokens))


async def add_task(call: Call) -> Answer:
    """The run with one more task."""
    wish = call.asked(AddTask)
    criteria = tuple(Criterion(entry.text, entry.check) for entry in wish.criteria)
    after = tuple(map(TaskId, wish.depends_on))
    added = c.AddTask(call.run().id, wish.description, wish.role, criteria, after, wish.priority, wish.max_retries)
    return await _done(call, added)


async def insights(call: Call) -> Answer:
    """What the run's attempts taught."""
    return Answer(Lessons(lessons(call.board, call.run().id)))


async def design(call: Call) -> Answer:
    """What was settled for the run."""
    return Answer(DesignLog(design_log(call.board, call.run().id)))


async def costs(call: Call) -> Answer:
    """What each task has cost so far, in the order of planning."""
    return Answer(Costs(tuple(map(_cost, call.board.run_tasks(call.run().id)))))


def _cost(task: Task) -> TaskCost:
    spend = sum((attempt.spend for attempt in task.attempts), Spend())
    return TaskCost(
        task.id, task.title, task.role, len(task.attempts), spend.tokens, spend.cost_usd, spend.unpriced_tokens
    )


async def _done(call: Call, command: c.PeopleCommand | c.Refused) -> Answer:
    told = [record.event for record in await call.order(command)]
    first = next(
        (needs_second(event.decision, event.answer) for event in told if isinstance(event, e.DecisionProposed)), ""
    )
    return Answer(Done(call.board.seq, run_row(call.board, call.run()), first))


def _dedupe(call: Call) -> str:
    # It also tells the notifier where the run was asked for, and so where to tell of it.
    return deed(PLACE, f"{call.visitor.actor} {call.key or secrets.token_hex(8)}")


def _objective(wish: CreateRun) -> str:
    if not wish.template:
        return wish.objective
    template = TEMPLATES.get(wish.template)
    if template is None:
        raise Problem(422, "template", f"there is no template {wish.template!r}; possible: {', '.join(TEMPLATES)}")
    return f"{template.text}\n\n{wish.objective.strip()}".strip()
