"""The first line of each state commit: who did what to which task, for `git log orch-state`. Pure.

`T12 active -> awaiting_qa (attempt 2) by coder: rounds half up`: what moved and how, who did it, then what a reader asks next.
"""

from engine.core import events as e
from engine.core import phoenix
from engine.core.blackboard import Blackboard
from engine.core.entities import Task
from engine.core.ids import DecisionId, TaskId

Line = tuple[str, str]
"""What happened, and after the colon what a reader asks next (or nothing)."""


def subject(record: e.Record, before: Task | None, board: Blackboard) -> str:
    """One line about the event; `before` is its task until then, None when it is about none; the board is as the event leaves it."""
    event = record.event
    task: TaskId | None = getattr(event, "task", None)
    after = board.tasks.get(task) if task else None
    if isinstance(event, e.RunEvent):
        happened, more = _about_run(event, board)
    elif isinstance(event, e.DecisionEvent):
        happened, more = _about_decision(event, before, board)
    elif isinstance(event, e.ChatEvent):
        happened, more = _about_chat(event)
    elif isinstance(event, e.SpendEvent):
        happened, more = _about_spend(event)
    elif isinstance(event, e.NoteEvent):
        happened, more = _about_note(event)
    elif isinstance(event, e.TaskPlanned):
        waits = f" (after {', '.join(event.depends_on)})" if event.depends_on else ""
        happened, more = f"{event.task} planned for a {event.role}{waits}", event.title
    else:
        happened, more = _about_task(event)
        happened = f"{_move(before, after)}{happened}"
    by = "" if record.actor == "engine" else f" by {record.actor}"
    line = _line(more)
    return f"{happened}{by}: {line}" if line else f"{happened}{by}"


def lead(line: str) -> str:
    """What a first line begins with in every version: the id, and the move if there was one. The rest is wording."""
    words = line.split()
    return " ".join(words[:4] if len(words) > 3 and words[2] == "->" else words[:1]).rstrip(":,")


def _move(before: Task | None, after: Task | None) -> str:
    if after is None:
        return ""
    if before is None or before.state == after.state:
        return str(after.id)
    return f"{after.id} {before.state} -> {after.state}"


def _about_task(event: e.TaskEvent) -> Line:  # noqa: C901, PLR0911, PLR0912 - a table, one row a kind
    match event:
        case e.TaskReadied():
            return "", ""
        case e.DependenciesChanged():
            return f" (waits for {', '.join(event.depends_on) or 'nothing'})", event.reason
        case e.AttemptStarted():
            return f" (attempt {event.attempt})", ""
        case e.TurnsLogged():
            return f" (attempt {event.attempt}), {event.turns} turn{'s' if event.turns != 1 else ''} logged", ""
        case e.WorkSubmitted():
            return f" (attempt {event.attempt})", event.summary
        case e.WorkApproved():
            return f" (attempt {event.attempt})", _verdict(event)
        case e.AttemptFailed():
            return f" (attempt {event.attempt}), {phoenix.words(event.failure)}", event.detail
        case e.ReviewDeferred():
            return f" (attempt {event.attempt}), review put off because {phoenix.words(event.failure)}", event.detail
        case e.RetryScheduled():
            return "", event.reason
        case e.LandingPrepared():
            receipt = event.receipt
            return f" (attempt {event.attempt})", f"proven on {receipt.branch} as {receipt.commit[:10]}, landing next"
        case e.LandingOvertaken():
            return f" (attempt {event.attempt}), overtaken on its way to the target", ""
        case e.WorkMerged():
            return f" (attempt {event.attempt})", f"landed as {event.receipt.commit[:10]} on {event.receipt.branch}"
        case e.ResultAccepted():
            return f" (attempt {event.attempt})", "its result was taken over"
        case e.HumanRetried():
            return ", to be tried again", event.guidance
        case e.ReviewResumed():
            return "", "to be reviewed again"
        case e.LandingResumed():
            return "", "back to the merge train"
        case e.TaskAbandoned():
            return "", event.reason
        case e.AttemptWatched():
            return (
                f" (attempt {event.attempt}), {event.nudge.rating.replace('_', ' ')} at turn {event.nudge.turn}",
                event.nudge.text,
            )
        case e.WorkCarried():
            return f" (attempt {event.attempt})", f"landed with {event.by} as {event.receipt.commit[:10]}"
        case e.WorkSuspended():
            return f" (attempt {event.attempt}, waits for {', '.join(event.waits_for)})", event.detail


def _verdict(event: e.WorkApproved) -> str:
    if event.verdict is None or not (event.verdict.notes or event.verdict.wrong_tests):
        return event.verdict.feedback if event.verdict else ""
    return f"{event.verdict.word}: {'; '.join((*event.verdict.notes, *event.verdict.wrong_tests))}"


def _about_run(event: e.RunEvent, board: Blackboard) -> Line:  # noqa: C901, PLR0911 - a table, one row a kind
    run = event.run
    match event:
        case e.RunStarted():
            return f"{run} started on {event.branch}", event.objective
        case e.SpecWritten():
            return f"{run} has a spec", event.spec.summary
        case e.RunMoved():
            return f"{run} is now {event.to}", event.reason or _open_questions(board, event)
        case e.RunPaused():
            return f"{run} paused", event.reason
        case e.RunResumed():
            return f"{run} resumed", ""
        case e.BudgetRaised():
            return f"{run} may spend {_caps(event)}", ""
        case e.RunCompleted():
            gates = "every gate is green" if event.gates else "nothing was checked, since there are no gates"
            return f"{run} completed at {event.commit[:10]}", gates
        case e.RunFailed():
            return f"{run} failed", event.reason
        case e.RunCancelled():
            return f"{run} cancelled", event.reason
        case e.PlanApproved():
            return f"{run}'s plan may begin", ""
        case e.RunSealed():
            return f"{run} put away in the archive", ""
        case e.EventSetAside():
            return f"{run} sets aside an event of another engine ({event.commit[:10]})", event.problem


def _open_questions(board: Blackboard, event: e.RunMoved) -> str:
    if event.to != "waiting_human":
        return ""
    return ", ".join(_named(asked.id, board) for asked in board.open_decisions.values() if asked.run == event.run)


def _named(decision: DecisionId, board: Blackboard) -> str:
    # Where two engines worked apart, what is told may be about a question that is not on this board.
    asked = board.decisions.get(decision)
    return f"{decision} of {asked.task}" if asked is not None and asked.task else str(decision)


def _without_name(question: str, task: Task | None) -> str:
    """The question without the task's name and title, where the line begins with the task anyway."""
    name = f"{task.id} ({task.title}) " if task else ""
    return f"it {question.removeprefix(name)}" if name and question.startswith(name) else question


def _about_decision(event: e.DecisionEvent, before: Task | None, board: Blackboard) -> Line:
    name = _named(event.decision, board)
    match event:
        case e.HumanAsked():
            after = board.tasks.get(event.task) if event.task else None
            question = f"{event.decision} asks: {_without_name(event.question, after)}"
            return (_move(before, after) or f"{event.run} has a question"), question
        case e.DecisionAnswered():
            return f"{name} answered", event.answer.choice.replace("_", " ")
        case e.DecisionWithdrawn():
            return f"{name} withdrawn", event.reason
        case e.DecisionReminded():
            return f"{name} asked again", ""
        case e.DecisionProposed():
            return f"{name} has a first voice of two", event.answer.choice.replace("_", " ")


def _about_spend(event: e.SpendEvent) -> Line:
    match event:
        case e.RunParked():
            return f"{event.run} parked until {event.until}", event.reason
        case e.RunUnparked():
            return f"{event.run} awake again", ""
        case e.SpendGranted():
            return f"{event.task} may spend {_amount(event.tokens, event.cost_usd)} (attempt {event.attempt})", ""
        case e.SpendSettled():
            more = event.unlogged
            beside = f"{_amount(more.tokens, more.cost_usd)} beside its turns" if more.tokens else ""
            return f"{event.task} has settled what it spent (attempt {event.attempt})", beside
        case e.RunMadeThrifty():
            return f"{event.run} to be finished cheaply, {_caps(event)}", ""


def _amount(tokens: int, usd: float) -> str:
    return f"{tokens} tokens" + (f", {usd:.4f} USD" if usd else "")


def _about_note(event: e.NoteEvent) -> Line:
    match event:
        case e.InsightPosted():
            return f"{event.task} posted insight {event.insight}", event.summary
        case e.DesignDecided():
            return f"{event.task} settled {event.area or 'a question of design'} as {event.entry}", event.summary


def _about_chat(event: e.ChatEvent) -> Line:
    match event:
        case e.ChatBound():
            return f"{event.run} bound to {event.adapter}:{event.workspace}:{event.channel} as {event.binding}", ""
        case e.ChatUnbound():
            return f"{event.run} no longer bound as {event.binding}", event.reason
        case e.ThreadOpened():
            return f"{event.run} has its thread in {event.binding}", ""
        case e.PostIntended():
            return f"{event.post} is to be posted in {event.binding}", event.key
        case e.PostSettled():
            return (f"{event.post} can't be posted", event.dead) if event.dead else (f"{event.post} is posted", "")


def _caps(event: e.BudgetRaised | e.RunMadeThrifty) -> str:
    caps = [f"{event.budget_usd:g} USD"] if event.budget_usd is not None else []
    caps += [f"{event.budget_tokens} tokens"] if event.budget_tokens is not None else []
    return "up to " + " and ".join(caps)


def _line(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 120 else line[:119].rstrip() + "…"
