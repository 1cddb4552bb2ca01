"""Commands about whole runs: start, pause, resume, cancel, restart, replan, budget."""

import msgspec

from bot.call import Call, give, refusal, run_meant, target_of
from bot.cards import run_card
from bot.desk import Desk, StartOrder
from bot.forecast import forecast
from bot.messages import Listing, Message, Notice
from bot.replies import orders as say
from bot.replies import people as people_say
from bot.replies import reading as reading_say
from bot.replies import spend as spend_say
from bot.threads import deed
from engine.core import commands as c
from engine.core.blackboard import Blackboard
from engine.core.entities import Choice, Decision, Run
from engine.core.ids import RunId
from engine.core.lifecycle import RUN_OVER
from engine.service import CannotStart


async def start(desk: Desk, call: Call) -> Message:
    """Begin a run; the notifier binds it to the place it was asked for in."""
    return await _launch(desk, call, call.text("objective"))


async def _launch(desk: Desk, call: Call, objective: str) -> Notice:
    key = deed(call.invocation.place, call.invocation.dedupe_key)
    twin = next((run.id for run in desk.engine.board.runs.values() if run.dedupe == key), None)
    if twin is not None:
        return Notice(say.started_already(twin))
    order = StartOrder(
        objective, call.invocation.actor.id, key, call.text("base"), call.text("model"),
        budget_usd=float(call.text("budget")) if call.text("budget") else None,
        budget_tokens=int(call.text("tokens")) if call.text("tokens") else None,
        max_workers=int(call.text("workers")) if call.text("workers") else None,
        plan_first=True if call.text("plan-first") else None,
    )  # fmt: skip
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
    """Go on with a run; or, for a task or question about a checkout, land."""
    board = desk.engine.board
    name = call.text("run")
    if name.startswith(("T", "D")):
        found = target_of(board, name)
        if isinstance(found, Notice):
            return found
        decision = found[1]
        if decision is None:
            return refusal(say.names_no_order(name, "resume"))
        return await _answered(desk, call, decision, "land_now", say.can_not_land(decision.id))
    run = run_meant(board, call)
    return run if isinstance(run, Notice) else await give(desk, call, c.ResumeRun(run))


async def cancel(desk: Desk, call: Call) -> Message:
    """End the run, or propose it where two people are needed."""
    run = run_meant(desk.engine.board, call)
    if isinstance(run, Notice):
        return run
    needs_second = "cancel" in desk.people.rules.two_people
    return await give(desk, call, c.CancelRun(run, call.text("reason"), needs_second, call.person, call.at))


async def restart(desk: Desk, call: Call) -> Message:
    """Begin again what is held up; a run that is over begins anew as another."""
    board = desk.engine.board
    found = run_meant(board, call)
    if isinstance(found, Notice):
        return found
    run = board.runs[found]
    if run.state not in RUN_OVER:
        return await give(desk, call, c.RestartRun(found, call.person, call.at))
    before = set(board.runs)
    told = await _launch(desk, _as_it_was(call, run), run.objective)
    new = [name for name in desk.engine.board.runs if name not in before]
    return Notice(say.over_starts_anew(found, new[-1])) if new and not told.is_refusal else told


def _as_it_was(call: Call, run: Run) -> Call:
    config = run.config
    values = {"base": run.branch, "model": config.model, "workers": str(config.max_workers)}
    if config.budget_usd is not None:
        values["budget"] = f"{config.budget_usd:g}"
    if config.budget_tokens is not None:
        values["tokens"] = str(config.budget_tokens)
    return Call(call.invocation, call.command, values, call.person, call.at)


async def replan(desk: Desk, call: Call) -> Message:
    """Plan anew; when the run asks whether to, that is the answer."""
    board = desk.engine.board
    run = run_meant(board, call)
    if isinstance(run, Notice):
        return run
    asked = next(
        (d for d in board.open_decisions.values() if d.run == run and d.kind in {"run_red", "plan", "acceptance"}), None
    )
    if asked is not None:
        return await give(desk, call, answer(desk, call, asked, "replan", call.text("changes")))
    return await give(desk, call, c.ReplanRun(run, call.text("changes")))


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
    if not desk.people.may_decide(call.invocation.actor, board.runs[run]):
        has = desk.people.role_of(call.invocation.actor) or "nobody"
        return refusal(people_say.role_too_low(call.invocation.actor.id, has, "approver", "budget"))
    return await _raise(desk, call, run, usd, tokens)


async def _raise(desk: Desk, call: Call, run: RunId, usd: float | None, tokens: int | None) -> Notice:
    board = desk.engine.board
    asked = next((d for d in board.open_decisions.values() if d.run == run and d.kind == "budget"), None)
    if asked is not None:
        order = answer(desk, call, asked, "raise_budget")
        return await give(desk, call, msgspec.structs.replace(order, budget_usd=usd, budget_tokens=tokens))
    if "raise_budget" in desk.people.rules.two_people:
        return refusal(reading_say.raised_when_reached())
    return await give(desk, call, c.RaiseBudget(run, usd, tokens))


def answer(desk: Desk, call: Call, decision: Decision, choice: Choice, changes: str = "") -> c.AnswerDecision:
    """The order that answers the question as it stands, with a second person where the rules ask for one."""
    return c.AnswerDecision(
        decision.id, choice, call.person, call.at, changes, generation=decision.generation, via=call.via,
        needs_second=choice in desk.people.rules.two_people,
    )  # fmt: skip


async def _answered(desk: Desk, call: Call, decision: Decision, choice: Choice, otherwise: str) -> Notice:
    if not desk.people.may_decide(call.invocation.actor, desk.engine.board.runs[decision.run]):
        has = desk.people.role_of(call.invocation.actor) or "nobody"
        return refusal(people_say.role_too_low(call.invocation.actor.id, has, "approver", call.command.name))
    if decision.is_open and choice not in decision.options:
        return refusal(otherwise)
    return await give(desk, call, answer(desk, call, decision, choice))
