"""What the strategist's word leads to beyond pass and fail: tests that are wrong, and the end of the whole run. Pure."""

from engine.core import commands as c
from engine.core import events as e
from engine.core import limits
from engine.core.blackboard import Blackboard
from engine.core.deciding import Events, next_decision_id, next_task_id, refuse_unless
from engine.core.entities import Criterion, RoleName, Run, Task, Verdict
from engine.core.ids import RunId, TaskId


def decide_verdict(board: Blackboard, task: Task, report: c.AcceptVerdict) -> Events | c.Refused:
    """The run is accepted, or a person is asked what to do about it."""
    if (refusal := refuse_unless(task, "active", "strategist")) is not None:
        return refusal
    verdict = report.verdict
    done: Events = [
        e.WorkSubmitted(
            task.run, task=task.id, attempt=report.attempt, summary=f"the whole run: {verdict.word}", result=report.result or verdict.word
        ),
        e.WorkApproved(task.run, task=task.id, attempt=report.attempt, verdict=verdict),
        e.ResultAccepted(task.run, task=task.id, attempt=report.attempt),
    ]  # fmt: skip
    if verdict.passed:
        return done
    question = (
        f"Every task of {task.run} is over and its gates are green, but the last review says no. Accept it as it is?"
    )
    return [
        *done,
        e.HumanAsked(
            task.run, decision=next_decision_id(board), topic="acceptance", question=question,
            options=("replan", "approve", "stop"), evidence=verdict.feedback,
        ),
    ]  # fmt: skip


def is_judged(board: Blackboard, run: RunId) -> bool:
    """Whether the run was judged after its last task: by the strategist, or by a person who gave the judging up."""
    names = board.tasks_of[run]
    return board.tasks[names[-1]].role == "strategist"


def judge(board: Blackboard, run: Run) -> e.TaskPlanned:
    """The task of judging the whole run on its target."""
    wanted = (run.spec.summary, *run.spec.expected_outputs) if run.spec is not None else (run.objective,)
    criteria = tuple(Criterion(text[: limits.MAX_TEXT_CHARS]) for text in wanted[: limits.MAX_CRITERIA_PER_TASK])
    return e.TaskPlanned(
        run.id, task=next_task_id(board), title=f"Judge the whole of {run.id}", role="strategist", priority=9,
        description=run.objective, criteria=criteria, max_retries=run.config.max_retries,
    )  # fmt: skip


def flagged_tests(board: Blackboard, task: Task, verdict: Verdict | None) -> list[e.TaskPlanned]:
    """The task of mending tests that a review which passed the work calls wrong; it waits for the work to land."""
    if verdict is None or not verdict.passed or not verdict.wrong_tests or mendings(board, task):
        return []
    return [_mend(board, task, verdict, "tester", (task.id,), task.criteria)]


def mend_first(board: Blackboard, task: Task, verdict: Verdict | None) -> e.TaskPlanned | None:
    """The task that mends the tests before the work is tried again: they come first, and both land together."""
    if verdict is None or verdict.passed or not verdict.wrong_tests or mendings(board, task):
        return None
    checks = tuple(criterion for criterion in task.criteria if criterion.check)
    return _mend(board, task, verdict, "test_architect", (), checks) if checks else None


def mendings(board: Blackboard, task: Task) -> int:
    """How often tests were to be mended for the task: once is enough, then people are asked."""
    own = (board.tasks[name] for name in board.tasks_of[task.run])
    return sum(each.planned_by == task.id and each.title == _title(task) for each in own)


def _title(task: Task) -> str:
    return f"Mend the tests that {task.id} has to pass"


def _mend(
    board: Blackboard,
    task: Task,
    verdict: Verdict,
    role: RoleName,
    after: tuple[TaskId, ...],
    criteria: tuple[Criterion, ...],
) -> e.TaskPlanned:
    tests = "\n".join(f"- {each}" for each in verdict.wrong_tests)
    text = (
        f"The review of {task.id} ({task.title}) found tests that ask for the wrong thing. Mend these tests and no others:\n{tests}"
        f"\n\nWhat {task.id} is to do:\n{task.description}"
    )
    return e.TaskPlanned(
        task.run, task=next_task_id(board), title=_title(task), role=role, depends_on=after, criteria=criteria, planned_by=task.id,
        description=text[: limits.MAX_TEXT_CHARS], priority=task.priority, max_retries=board.runs[task.run].config.max_retries,
    )  # fmt: skip
