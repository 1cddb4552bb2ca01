"""What the merge train reports, and what it means: a landing prepared, recorded, overtaken, or in somebody's way. Pure."""

from engine.core import commands as c
from engine.core import events as e
from engine.core import plan
from engine.core.blackboard import Blackboard
from engine.core.deciding import Events, next_decision_id, refuse_unless
from engine.core.entities import Receipt, Task
from engine.core.lifecycle import RUN_OVER

Landing = c.PrepareLanding | c.TakeReceiptBack | c.RecordLanding | c.AskAboutCheckout


def decide_landing(board: Blackboard, task: Task, report: Landing) -> Events | c.Refused:
    """The events of the landing, or why it can't be."""
    match report:
        case c.PrepareLanding():
            return _prepare(board, task, report)
        case c.TakeReceiptBack():
            return _overtaken(board, task)
        case c.RecordLanding():
            return _unfit(board, task, report.receipt) or _landed(board, task, report)
        case c.AskAboutCheckout():
            return refuse_unless(task, "approved") or _ask_checkout(board, task, report)


def _prepare(board: Blackboard, task: Task, report: c.PrepareLanding) -> Events | c.Refused:
    if (refusal := _unfit(board, task, report.receipt)) is not None:
        return refusal
    if board.runs[task.run].state in RUN_OVER:
        return c.Refused(f"{task.run} is over: nothing more lands; report the attempt as failed, to abandon {task.id}")
    return [e.LandingPrepared(task.run, task=task.id, attempt=report.attempt, receipt=report.receipt)]


def _overtaken(board: Blackboard, task: Task) -> Events | c.Refused:
    if task.state != "approved" or task.receipt is None:
        return c.Refused(f"{task.id} is not landing, it is {task.state}")
    found: Events = [e.LandingOvertaken(task.run, task=task.id, attempt=len(task.attempts))]
    if board.runs[task.run].state in RUN_OVER:
        found.append(e.TaskAbandoned(task.run, task=task.id, reason="its run is over"))
    return found


def _unfit(board: Blackboard, task: Task, receipt: Receipt) -> c.Refused | None:
    if task.is_shown_red:
        return c.Refused(f"{task.id} is shown red: it lands with the code that turns it green, never alone")
    if (refusal := refuse_unless(task, "approved")) is not None:
        return refusal
    approved = task.attempt.commit if task.attempt else ""
    if receipt.work != approved:
        return c.Refused(f"the receipt is for {receipt.work}, but {approved} was approved for {task.id}")
    red = [check.name for check in receipt.checks if check.exit_code != 0]
    if red:
        return c.Refused(f"{', '.join(red)} of {task.id} is red on the merged tree; report the attempt as failed")
    run = {check.run for check in receipt.checks}
    checks = [criterion.check for each in plan.handed(board, task) for criterion in each.criteria if criterion.check]
    if missing := [check for check in checks if check not in run]:
        return c.Refused(f"the receipt of {task.id} has no word on {', '.join(missing)}; report the attempt as failed")
    return None


def _landed(board: Blackboard, task: Task, report: c.RecordLanding) -> Events:
    """The work has landed, and with it the tests that it started from."""
    merged = e.WorkMerged(task.run, task=task.id, attempt=report.attempt, receipt=report.receipt)
    return [
        merged,
        *(
            e.WorkCarried(task.run, task=each.id, attempt=len(each.attempts), by=task.id, receipt=report.receipt)
            for each in plan.handed(board, task)
        ),
    ]


def _ask_checkout(board: Blackboard, task: Task, report: c.AskAboutCheckout) -> Events:
    if board.runs[task.run].state in RUN_OVER:
        return [e.TaskAbandoned(task.run, task=task.id, reason="its run is over")]
    return [
        e.HumanAsked(
            task.run, decision=next_decision_id(board), topic="checkout", task=task.id, evidence=report.detail,
            question=f"{task.id} ({task.title}) is approved, but can't land",
            options=("land_now", "retry", "abandon"),
        )
    ]  # fmt: skip
