"""Commands about whole runs: start, pause, resume, cancel, restart, replan, budget."""

from bot.call import Call, consent_of, give, refusal, run_meant, target_of
from bot.cards import run_card
from bot.desk import Desk, StartOrder, as_it_was
from bot.forecast import forecast
from bot.messages import Listing, Message, Notice
from bot.replies import orders as say
from bot.replies import reading as reading_say
from bot.replies import spend as spend_say
from bot.threads import deed
from engine.core import commands as c
from engine.core.blackboard import Blackboard
from engine.core.entities import Choice
from engine.core.ids import RunId
from engine.core.lifecycle import RUN_OVER
from engine.service import CannotStart


async def start(desk: Desk, call: Call) -> Message:
    """Begin a run; the notifier binds it to the place it was asked for in."""
    return await _launch(desk, _asked_for(call))


def _asked_for(call: Call) -> StartOrder:
    return StartOrder(
        call.text("objective"), call.invocation.actor.id, _deed(call), call.text("base"), call.text("model"),
        budget_usd=float(call.text("budget")) if call.text("budget") else None,
        budget_tokens=int(call.text("tokens")) if call.text("tokens") else None,
        max_workers=int(call.text("workers")) if call.text("workers") else None,
        plan_first=True if call.text("plan-first") else None,
    )  # fmt: skip


def _deed(call: Call) -> str:
    return deed(call.invocation.place, call.invocation.dedupe_key)


async def _launch(desk: Desk, order: StartOrder) -> Notice:
    twin = next((run.id for run in desk.engine.board.runs.values() if run.dedupe == order.dedupe), None)
    if twin is not None:
        return Notice(say.started_already(twin))
    try:
        run = await desk.launch(order)
    except CannotStart as error:
        return refusal(str(error))
    board = desk.engine.board
    return Notice(say.started(board.runs[run]) + _foreseen(board, run, "\n"))


def _foreseen(board: Blackboard, run: RunId, before: str = "") -> str:
    config = board.runs[run].config
    told = spend_say.forecast(forecast(board, config.model), config)
    return f"{before}{told}" if told else ""


async def pause(desk: Desk, call: Call) -> Message:
    """Start nothing new."""
    run = run_meant(desk.engine.board, call)
    return run if isinstance(run, Notice) else await give(desk, call, c.PauseRun(run, call.text("reason")))


async def resume(desk: Desk, call: Call) -> Message:
    """Go on with a run; or, for a task or question about done work, review it or land it."""
    board = desk.engine.board
    name = call.text("run")
    if name.startswith(("T", "D")):
        found = target_of(board, name)
        if isinstance(found, Notice):
            return found
        decision = found[1]
        if decision is None:
            return refusal(say.names_no_order(name, "resume"))
        choice: Choice = "review_again" if decision.kind == "review" else "land_now"
        order = consent_of(desk, call).answer(decision, choice)
        is_about_work = not decision.is_open or choice in decision.options
        if isinstance(order, c.AnswerDecision) and not is_about_work:
            return refusal(say.can_not_go_on(decision.id))
        return await give(desk, call, order)
    run = run_meant(board, call)
    return run if isinstance(run, Notice) else await give(desk, call, c.ResumeRun(run))


async def cancel(desk: Desk, call: Call) -> Message:
    """End the run, or propose it where two people are needed."""
    run = run_meant(desk.engine.board, call)
    return (
        run
        if isinstance(run, Notice)
        else await give(desk, call, consent_of(desk, call).cancel(run, call.text("reason")))
    )


async def restart(desk: Desk, call: Call) -> Message:
    """Begin again what is held up; a run that is over begins anew as another."""
    board = desk.engine.board
    found = run_meant(board, call)
    if isinstance(found, Notice):
        return found
    run = board.runs[found]
    if run.state not in RUN_OVER:
        return await give(desk, call, consent_of(desk, call).restart(found))
    before = set(board.runs)
    told = await _launch(desk, as_it_was(run, call.invocation.actor.id, _deed(call)))
    new = [name for name in desk.engine.board.runs if name not in before]
    return Notice(say.over_starts_anew(found, new[-1])) if new and not told.is_refusal else told


async def replan(desk: Desk, call: Call) -> Message:
    """Plan anew; when the run asks whether to, that is the answer."""
    run = run_meant(desk.engine.board, call)
    return (
        run
        if isinstance(run, Notice)
        else await give(desk, call, consent_of(desk, call).replan(run, call.text("changes")))
    )


async def budget(desk: Desk, call: Call) -> Message:
    """What was spent; or a higher cap, which answers the question about it when there is one."""
    board = desk.engine.board
    run = run_meant(board, call)
    if isinstance(run, Notice):
        return run
    usd = float(call.text("amount")) if call.text("amount") else None
    tokens = int(call.text("tokens")) if call.text("tokens") else None
    if usd is None and tokens is None:
        spent = run_card(board, run).spent
        lines = (spent or reading_say.nothing_spent(), _foreseen(board, run))
        return Listing(reading_say.budget_title(run), tuple(line for line in lines if line))
    return await give(desk, call, consent_of(desk, call).raise_budget(run, usd, tokens))
