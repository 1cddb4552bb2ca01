"""Commands about single tasks: retry, abandon, spawn, link, unlink, interrupt."""

from typing import Final, cast

from msgspec.structs import replace

from bot.call import Call, consent_of, give, refusal, run_meant, target_of
from bot.desk import Desk
from bot.messages import Message, Notice
from bot.replies import orders as say
from engine.core import commands as c
from engine.core.entities import Criterion, Dependents, RoleName
from engine.core.ids import TaskId

_AFTER: Final = ","


async def retry(desk: Desk, call: Call) -> Message:
    """Try again: the answer to an open question about the task, or an order that needs none."""
    found = target_of(desk.engine.board, call.text("target"))
    if isinstance(found, Notice):
        return found
    task, decision = found
    consent, changes = consent_of(desk, call), call.text("changes")
    if decision is not None and call.text("target").startswith("D"):
        return await give(desk, call, consent.answer(decision, "retry_with_changes" if changes else "retry", changes))
    return refusal(say.done()) if task is None else await give(desk, call, consent.retry(task, changes))


async def abandon(desk: Desk, call: Call) -> Message:
    """Give the task up; the engine asks what becomes of its dependents when that is not said."""
    found = target_of(desk.engine.board, call.text("target"))
    if isinstance(found, Notice):
        return found
    task, decision = found
    consent = consent_of(desk, call)
    then = cast("Dependents | None", call.text("then") or None)  # the grammar lets nothing else through
    if decision is not None and call.text("target").startswith("D"):
        order = consent.answer(decision, "abandon")
        return await give(desk, call, order if isinstance(order, c.Refused) else replace(order, dependents=then))
    return (
        refusal(say.done())
        if task is None
        else await give(desk, call, consent.abandon(task, call.text("reason"), then))
    )


async def spawn(desk: Desk, call: Call) -> Message:
    """One more task, or one in the place of a task that waits for a person."""
    if call.text("for"):
        return await _in_place(desk, call)
    board = desk.engine.board
    run = run_meant(board, call)
    if isinstance(run, Notice):
        return run
    if not call.text("check"):
        return refusal(say.needs_check())
    after = tuple(TaskId(name.strip().upper()) for name in call.text("after").split(_AFTER) if name.strip())
    if unknown := [name for name in after if name not in board.tasks]:
        return refusal(say.unknown_tasks(_AFTER.join(unknown)))
    role = cast("RoleName", call.text("role") or "coder")  # the grammar lets nothing else through
    check = Criterion(call.text("description").splitlines()[0], call.text("check"))
    retries = int(call.text("retries")) if call.text("retries") else None
    return await give(desk, call, c.AddTask(run, call.text("description"), role, (check,), after, max_retries=retries))


async def _in_place(desk: Desk, call: Call) -> Message:
    found = target_of(desk.engine.board, call.text("for"))
    if isinstance(found, Notice):
        return found
    _, decision = found
    if decision is None:
        return refusal(say.names_no_order(call.text("for"), "spawn --for"))
    order = consent_of(desk, call).answer(decision, "spawn", call.text("description"))
    if call.text("check") and isinstance(order, c.AnswerDecision):
        criteria = (Criterion(call.text("description").splitlines()[0], call.text("check")),)
        order = replace(order, criteria=criteria)
    return await give(desk, call, order)


async def link(desk: Desk, call: Call) -> Message:
    """Let the first task wait for the second."""
    return await give(desk, call, c.ChangeDependencies(TaskId(call.text("task")), add=(TaskId(call.text("after")),)))


async def unlink(desk: Desk, call: Call) -> Message:
    """Let the first task no longer wait for the second."""
    return await give(desk, call, c.ChangeDependencies(TaskId(call.text("task")), remove=(TaskId(call.text("after")),)))


async def interrupt(desk: Desk, call: Call) -> Message:
    """Stop the task and ask."""
    return await give(desk, call, c.InterruptTask(TaskId(call.text("task")), call.text("reason")))
