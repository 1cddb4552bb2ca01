"""What workers and the engine report, and what it means: attempts, reviews, the end of a run. Pure.

Plans and results are decide_plans.py's, failures decide_failures.py's, landings decide_landing.py's, insights and the design log decide_notes.py's.

A report about an attempt that is no longer the current one is refused: its worker was cut off in the meantime.
"""

from typing import Final

from engine.core import commands as c
from engine.core import events as e
from engine.core import limits
from engine.core.blackboard import Blackboard
from engine.core.decide_failures import decide_failure
from engine.core.decide_integration import decide_integration
from engine.core.decide_landing import decide_landing
from engine.core.decide_notes import decide_note
from engine.core.decide_plans import decide_plan
from engine.core.decide_spend import can_be_thrifty
from engine.core.decide_verdicts import decide_verdict, flagged_tests, is_judged, judge
from engine.core.deciding import Events, next_decision_id, refuse_unless
from engine.core.entities import COMMITTERS, Choice, Decision, Task
from engine.core.ids import RunId
from engine.core.lifecycle import RUN_OVER

NOTHING_LANDED: Final = "every task is over and nothing landed"


def decide_work(board: Blackboard, command: c.WorkCommand) -> Events | c.Refused:
    """The events that a worker's report amounts to, or why it is refused."""
    match command:
        case c.StartAttempt():
            return _start_attempt(board, command)
        case c.AskAboutBudget():
            return _ask_budget(board, command)
        case c.FinishRun():
            return _finish(board, command)
        case c.SetEventsAside():
            return _set_aside(board, command)
        case c.SealRun():
            return _seal(board, command)
        case _ as report:
            task = _current(board, report)
            return task if isinstance(task, c.Refused) else _report(board, task, report)


def run_question(board: Blackboard, run: RunId) -> Decision | None:
    """The open question about the run itself, not about one of its tasks; None when there is none."""
    about = (d for d in board.open_decisions.values() if d.run == run and d.task is None)
    return next(about, None)


def is_drained(board: Blackboard, run_id: RunId) -> bool:
    """Whether every task of the run is over and no question is open, so that its end can be judged.

    Never so while it is paused: the last gates are a start too.
    """
    run = board.runs[run_id]
    if run.state in RUN_OVER or run.paused:
        return False
    tasks = len(board.tasks_of.get(run_id, ()))
    over = board.count(run_id, "complete", "abandoned")
    return tasks > 0 and over == tasks and not any(d.run == run_id for d in board.open_decisions.values())


def _current(board: Blackboard, report: c.Report) -> Task | c.Refused:
    task = board.tasks.get(report.task)
    if task is None:
        return c.Refused(f"there is no task {report.task}")
    if task.attempt is None or task.attempt.number != report.attempt:
        return c.Refused(f"attempt {report.attempt} of {task.id} is not the current one")
    return task


def _report(board: Blackboard, task: Task, report: c.Report) -> Events | c.Refused:  # noqa: C901, PLR0911 - a table, one row a kind
    match report:
        case c.LogTurns():
            return _log(task, report)
        case c.SubmitWork():
            return _submit(task, report)
        case c.AcceptSpec() | c.AcceptPlan() | c.AcceptFindings() | c.SuspendWork():
            return decide_plan(board, task, report)
        case c.AcceptIntegration():
            return decide_integration(board, task, report)
        case c.AcceptVerdict():
            return decide_verdict(board, task, report)
        case c.WatchAttempt():
            return refuse_unless(task, "active") or [
                e.AttemptWatched(task.run, task=task.id, attempt=report.attempt, nudge=report.nudge)
            ]
        case c.PostInsight() | c.LogDesign():
            return decide_note(board, task, report)
        case c.ApproveWork():
            return _approve(board, task, report)
        case c.DeferReview() | c.FailAttempt():
            return decide_failure(board, task, report)
        case c.PrepareLanding() | c.TakeReceiptBack() | c.RecordLanding() | c.AskAboutCheckout():
            return decide_landing(board, task, report)


def _start_attempt(board: Blackboard, command: c.StartAttempt) -> Events | c.Refused:
    task = board.tasks.get(command.task)
    if task is None:
        return c.Refused(f"there is no task {command.task}")
    if (refusal := refuse_unless(task, "ready")) is not None:
        return refusal
    run = board.runs[task.run]
    if run.paused or run.state in RUN_OVER:
        return c.Refused(f"{run.id} is {run.state}")
    if run.parked_until:
        return c.Refused(f"{run.id} is parked until {run.parked_until}")
    if (held := run_question(board, run.id)) is not None:
        return c.Refused(f"{run.id} waits for a person: answer {held.id}")
    number = len(task.attempts) + 1
    return [e.AttemptStarted(task.run, task=task.id, attempt=number, base=command.base)]


def _log(task: Task, report: c.LogTurns) -> Events | c.Refused:
    return [
        e.TurnsLogged(
            task.run, task=task.id, attempt=report.attempt, file=report.file, turns=report.turns, spend=report.spend
        )
    ]


def _submit(task: Task, report: c.SubmitWork) -> Events | c.Refused:
    if (refusal := refuse_unless(task, "active", *COMMITTERS)) is not None:
        return refusal
    if not report.commit:
        return c.Refused(f"{task.id} has no commit; work without one can't be submitted")
    return [
        e.WorkSubmitted(
            task.run, task=task.id, attempt=report.attempt, commit=report.commit, summary=report.summary,
            evidence=report.evidence, disputed=report.disputed,
        )
    ]  # fmt: skip


def _approve(board: Blackboard, task: Task, report: c.ApproveWork) -> Events | c.Refused:
    if (refusal := refuse_unless(task, "awaiting_qa")) is not None:
        return refusal
    if report.verdict is not None and not report.verdict.passed:
        return c.Refused(f"the verdict on {task.id} is no; report the attempt as failed")
    approved = e.WorkApproved(
        task.run, task=task.id, attempt=report.attempt, verdict=report.verdict, evidence=report.evidence
    )
    return [approved, *flagged_tests(board, task, report.verdict)]


def _ask_budget(board: Blackboard, command: c.AskAboutBudget) -> Events | c.Refused:
    run = board.runs.get(command.run)
    if run is None or run.state in RUN_OVER:
        return c.Refused(f"{command.run} is not under way")
    if any(d.run == run.id and d.kind == "budget" for d in board.open_decisions.values()):
        return c.Refused(f"{run.id} waits for an answer about its budget already")
    options: tuple[Choice, ...] = ("raise_budget", "stop")
    question = f"{run.id} has reached its budget. Raise it, or stop the run?"
    if command.with_thrift and can_be_thrifty(board, run.id):
        options = ("raise_budget", "finish_cheaply", "stop")
        question = f"{run.id} has reached its budget. Raise it, finish cheaply what is begun, or stop the run?"
    return [
        e.HumanAsked(
            run.id, decision=next_decision_id(board), topic="budget", options=options, question=question,
            evidence=command.detail,
        )
    ]  # fmt: skip


def _finish(board: Blackboard, command: c.FinishRun) -> Events | c.Refused:
    run = board.runs.get(command.run)
    if run is None or run.state in RUN_OVER:
        return c.Refused(f"{command.run} is not under way")
    if not is_drained(board, run.id):
        return c.Refused(f"{run.id} is not at its end: it is {run.state}, or has tasks or questions that are open")
    if run.landed == 0:
        return [e.RunFailed(run.id, reason=NOTHING_LANDED)]
    red = [gate.name for gate in command.gates if gate.exit_code != 0]
    if not red and run.config.acceptance and not run.thrifty and not is_judged(board, run.id):
        return [judge(board, run)]
    if not red:
        return [e.RunCompleted(run.id, commit=command.commit, gates=command.gates)]
    return [
        e.HumanAsked(
            run.id, decision=next_decision_id(board), topic="run_red", options=("replan", "stop"),
            question=f"All tasks of {run.id} are over, but {', '.join(red)} is red on {run.branch}. Plan more work?",
            evidence=command.detail,
        )
    ]  # fmt: skip


def _set_aside(board: Blackboard, command: c.SetEventsAside) -> Events | c.Refused:
    run = board.runs.get(command.run)
    if run is None or not command.events:
        return c.Refused(f"there is no run {command.run}, or nothing to set aside")
    count = len(command.events)
    named = f"{count} event{'s' if count != 1 else ''} of one"
    more = [f"and {left} more, each in `orch log`"] if (left := count - limits.MAX_ASIDE_SHOWN) > 0 else []
    choice = "Keep what stands" if run.state in RUN_OVER else "Keep what stands, or stop the run"
    return [
        *(e.EventSetAside(run.id, commit=one.commit, event=one.event, problem=one.problem) for one in command.events),
        e.HumanAsked(
            run.id, decision=next_decision_id(board), topic="apart",
            options=("keep",) if run.state in RUN_OVER else ("keep", "stop"),
            question=f"Two engines worked on {run.id} apart, and {named} can't follow the other's. {choice}?",
            evidence="\n".join([*map(_told_aside, command.events[: limits.MAX_ASIDE_SHOWN]), *more]),
        ),
    ]  # fmt: skip


def _told_aside(one: c.SetAside) -> str:
    if not one.said:
        return f"{one.commit[:10]} {one.problem}"
    return f"{one.said}; it can't follow, since {one.problem} ({one.commit[:10]})"


def _seal(board: Blackboard, command: c.SealRun) -> Events | c.Refused:
    run = board.runs.get(command.run)
    if run is None:
        return c.Refused(f"there is no run {command.run}")
    if run.state not in RUN_OVER or run.sealed_at:
        return c.Refused(f"{run.id} is {'sealed already' if run.sealed_at else f'{run.state}, not over'}")
    if any(board.chat.posts[name].run == run.id for name in board.chat.unsettled):
        return c.Refused(f"something about {run.id} is still to be posted")
    return [e.RunSealed(run.id)]
