"""What must hold of every board at rest, whatever was done to it; each law is one function that raises when it is broken."""

from typing import Final

from engine.core import commands as c
from engine.core import plan
from engine.core.blackboard import Blackboard
from engine.core.decide import decide, phase
from engine.core.decide_work import is_drained
from engine.core.entities import RoleName, Task
from engine.core.lifecycle import RUN_OVER, UNFINISHED
from engine.core.limits import MAX_INFRA_FAILURES
from tests.fakes.board_view import indexes, recomputed

LANDLESS: Final[frozenset[RoleName]] = frozenset({"director", "planner", "integrator", "researcher", "strategist"})
"""Roles whose result is no commit: it is complete when code has taken it over."""


def check(board: Blackboard) -> None:
    """Every law.

    Raises: AssertionError.
    """
    assert indexes(board) == recomputed(board)
    for task in board.tasks.values():
        complete_is_a_fact(task)
        attempts_are_counted(task)
        retries_are_bounded(task)
        readiness_follows_dependencies(board, task)
    questions_match_waiting_tasks(board)
    runs_follow_their_tasks(board)
    nothing_is_said_twice(board)
    nothing_is_left_to_settle(board)


def nothing_is_left_to_settle(board: Blackboard) -> None:
    """What follows of itself has followed with the group that it follows from."""
    assert [decide(board, c.SettleRun(run)) for run in board.runs] == [[] for _ in board.runs]


def complete_is_a_fact(task: Task) -> None:
    """A complete task has a receipt for its own commit, or a result that code took over."""
    if task.state != "complete":
        return
    last = task.attempts[-1]
    assert last.ended_at
    assert not last.failure
    if task.role in LANDLESS:
        assert task.result
    else:
        assert task.receipt is not None
        if task.carried_by is not None:
            assert task.role == "test_architect"
            assert last.commit
            run = {check.run for check in task.receipt.checks}
            assert {criterion.check for criterion in task.criteria if criterion.check} <= run
            return
        assert task.receipt.work == last.commit != ""


def attempts_are_counted(task: Task) -> None:
    """Attempts are numbered from 1, and only the last of a task under way (or at a checkout) has not ended."""
    assert [attempt.number for attempt in task.attempts] == list(range(1, len(task.attempts) + 1))
    assert all(attempt.ended_at and attempt.failure for attempt in task.attempts[:-1])
    if task.state in {"active", "awaiting_qa", "approved"}:
        assert not task.attempts[-1].ended_at
    elif task.attempts and task.state != "waiting_human":
        assert task.attempts[-1].ended_at
    assert task.receipt is None or task.state in {"approved", "complete"}


def retries_are_bounded(task: Task) -> None:
    """No count passes its cap, and no task rests in `failed`."""
    assert 0 <= task.tries <= task.max_retries
    assert 0 <= task.infra_failures <= MAX_INFRA_FAILURES
    assert all(0 <= attempt.deferrals <= MAX_INFRA_FAILURES for attempt in task.attempts)
    assert task.state != "failed"


def readiness_follows_dependencies(board: Blackboard, task: Task) -> None:
    """Ready exactly when everything waited for is complete; nothing unfinished waits for what was abandoned."""
    if task.state in UNFINISHED:
        assert not any(board.tasks[name].state == "abandoned" for name in task.depends_on)
        assert all(board.tasks[name].run == task.run for name in task.depends_on)
        assert plan.cycle_closed_by(board, task.id, task.depends_on) is None
    if task.state in {"ready", "active", "awaiting_qa", "approved"}:
        assert plan.is_ready(board, task)
        assert plan.blockers(board, task) == []
    if task.state == "planned":
        assert plan.blockers(board, task)


def questions_match_waiting_tasks(board: Blackboard) -> None:
    """Every waiting task has its open question, every open question about a task has its waiting task."""
    asked = {d.task: d.id for d in board.open_decisions.values() if d.task is not None}
    waiting = {task.id: task.decision for task in board.tasks.values() if task.state == "waiting_human"}
    assert asked == waiting
    assert all(task.decision is None for task in board.tasks.values() if task.state != "waiting_human")
    for decision in board.open_decisions.values():
        assert board.runs[decision.run].state not in RUN_OVER
        if decision.task is not None:
            assert decision.generation == board.tasks[decision.task].generation


def runs_follow_their_tasks(board: Blackboard) -> None:
    """A run's state is what its tasks make it; a run that is over leaves nothing open; nothing landed, nothing completed."""
    for run in board.runs.values():
        tasks = board.run_tasks(run.id)
        landed = [task for task in tasks if task.state == "complete" and task.receipt is not None]
        assert run.landed == len(landed)
        if run.state not in RUN_OVER:
            assert run.state == phase(board, run)
            assert not (is_drained(board, run.id) and run.landed == 0)
            continue
        assert run.finished_at
        # A landing that had begun when the run ended is the one thing that may still be under way.
        assert all(task.state not in UNFINISHED or task.receipt is not None for task in tasks)
        if run.state == "completed":
            assert run.landed > 0
            assert all(gate.exit_code == 0 for gate in run.final_gates)


def nothing_is_said_twice(board: Blackboard) -> None:
    """One live binding a place and run, one post a key, and a settled post has a name or a reason, never both."""
    live = [(b.run, b.adapter, b.workspace, b.channel) for b in board.chat.bindings.values() if not b.ended]
    assert len(live) == len(set(live))
    said = [(post.binding, post.key) for post in board.chat.posts.values()]
    assert len(said) == len(set(said))
    for post in board.chat.posts.values():
        assert post.run == board.chat.bindings[post.binding].run
        assert not (post.message and post.dead)
