"""One line for each change that people follow, for screens that only grow (pipes, CI logs, threads)."""

from bot.replies import decisions, notes, runs, spend, tasks
from bot.replies.words import count, run_word
from bot.text import one_line, shorten
from engine.core import events as e
from engine.core.blackboard import Blackboard
from engine.core.ids import TaskId

_MAX_CHARS = 240


def line(record: e.Record, board: Blackboard) -> str:
    """What happened, in one clean line; empty for what only machines follow. `board` is as it is after the record."""
    event = record.event
    if isinstance(event, e.RunEvent):
        text = _about_run(event, board)
    elif isinstance(event, e.DecisionEvent):
        text = _about_decision(event, board)
    elif isinstance(event, e.ChatEvent):
        text = ""  # where it is told is no news of the run
    elif isinstance(event, e.SpendEvent):
        text = spend.line(event)
    elif isinstance(event, e.NoteEvent):
        text = notes.posted(event)
    elif isinstance(event, e.TaskPlanned):
        after = f", after {', '.join(event.depends_on)}" if event.depends_on else ""
        text = f"{event.task} planned for a {event.role}{after}: {event.title}"
    else:
        text = _about_task(event, board)
    return shorten(one_line(text), _MAX_CHARS)


def earlier(number: int) -> str:
    """The first line of a digest that had more to tell than it may."""
    return f"… {count(number, 'earlier line')} (`history` shows all)"


def _about_run(event: e.RunEvent, board: Blackboard) -> str:  # noqa: C901 - a table, one row a kind
    run = board.runs[event.run]
    match event:
        case e.RunStarted():
            return runs.started(run)
        case e.SpecWritten():
            return f"{run.id} has a spec: {event.spec.summary}"
        case e.RunMoved():
            return f"{run.id} is {run_word(event.to)}"
        case e.RunPaused():
            return f"{run.id} is paused" + (f": {event.reason}" if event.reason else "")
        case e.RunResumed():
            return f"{run.id} goes on"
        case e.BudgetRaised():
            return f"{run.id} may spend {spend.caps(event)}"
        case e.PlanApproved():
            return f"{run.id} begins with its plan"
        case e.RunCompleted() | e.RunFailed() | e.RunCancelled() | e.RunSealed() | e.EventSetAside():
            return ""  # the summary says it, or the question; and nobody follows a run that is sealed


def _about_decision(event: e.DecisionEvent, board: Blackboard) -> str:
    match event:
        case e.HumanAsked():
            return decisions.waits(board.decisions[event.decision])
        case e.DecisionAnswered():
            return decisions.decided(event.decision, event.answer)
        case e.DecisionWithdrawn():
            return decisions.withdrawn(event.decision, event.reason)
        case e.DecisionReminded():
            return decisions.still_waits(board.decisions[event.decision])
        case e.DecisionProposed():
            return decisions.needs_second(event.decision, event.answer)


def _about_task(event: e.TaskEvent, board: Blackboard) -> str:  # noqa: C901, PLR0911, PLR0912 - a table, one row a kind
    name = event.task
    match event:
        case e.TurnsLogged() | e.LandingPrepared() | e.LandingOvertaken() | e.TaskReadied():
            return ""
        case e.DependenciesChanged():
            return f"{name} now waits for {', '.join(event.depends_on) or 'nothing'}"
        case e.AttemptStarted():
            return f"{name} active, attempt {event.attempt}: {_title(board, name)}"
        case e.WorkSubmitted():
            return f"{name} submitted: {event.summary}" if event.commit else ""
        case e.WorkApproved():
            return _approved(name, event)
        case e.AttemptFailed(failure="quota") if board.runs[event.run].parked_until:
            return ""  # the run is parked, which was said once
        case e.RetryScheduled(is_parked=True) | e.ReviewDeferred(is_parked=True):
            return ""
        case e.AttemptFailed():
            return f"{name} attempt {event.attempt} failed, {tasks.failed(event.failure)}: {event.detail}"
        case e.ReviewDeferred():
            return f"{name} review put off, {tasks.failed(event.failure)}: {event.detail}"
        case e.RetryScheduled():
            return f"{name}: {event.reason}"
        case e.WorkMerged():
            return f"{name} complete: {tasks.landed(event.receipt)} on {event.receipt.branch}"
        case e.ResultAccepted():
            return f"{name} complete: {_result(event, board)}"
        case e.AttemptWatched():
            said = f": {event.nudge.text}" if event.nudge.text else ""
            return f"{name} is {event.nudge.rating.replace('_', ' ')} at turn {event.nudge.turn}{said}"
        case e.WorkCarried():
            return f"{name} complete: its tests landed with {event.by}"
        case e.WorkSuspended():
            return f"{name} put off until {', '.join(event.waits_for)} {'is' if len(event.waits_for) == 1 else 'are'} done: {event.detail}"
        case e.HumanRetried():
            return f"{name} is tried again" + (f", with changes: {event.guidance}" if event.guidance else "")
        case e.ReviewResumed():
            return f"{name} is reviewed again"
        case e.LandingResumed():
            return f"{name} goes back to the merge train"
        case e.TaskAbandoned():
            return f"{name} abandoned" + (f": {event.reason}" if event.reason else "")


def _result(event: e.ResultAccepted, board: Blackboard) -> str:
    task = board.tasks[event.task]
    if task.role == "researcher":
        return f"found: {task.attempts[-1].summary}" if task.attempts else "found nothing"
    if task.role == "strategist":
        return task.attempts[-1].summary
    if task.role == "integrator":
        return f"put the plans together: {task.attempts[-1].summary}"
    return f"planned {count(len(event.added), 'task')}"


def _approved(name: TaskId, event: e.WorkApproved) -> str:
    if event.verdict is None:
        return ""  # a plan is taken over at once
    verdict = event.verdict
    said = "; ".join((*verdict.notes, *verdict.wrong_tests)) or verdict.feedback
    word = "approved" if verdict.word == "passed" else verdict.word
    return f"{name} {word}: {said}" if said else f"{name} {word}"


def _title(board: Blackboard, name: TaskId) -> str:
    return board.tasks[name].title
