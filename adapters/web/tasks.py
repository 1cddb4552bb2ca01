"""What the console does with tasks: show, link, give up, interrupt; their diffs and conversations. The rules are the core's."""

from adapters.web.calls import Answer, Call
from adapters.web.payloads import Abandon, ChangeTask, LogPage, RetryTask, WhichAttempt, Why
from adapters.web.problems import Problem, unknown
from adapters.web.views import task_view
from engine.core import commands as c
from engine.core.ids import TaskId


async def show_task(call: Call) -> Answer:
    """The task with its attempts, verdicts and receipt."""
    return Answer(task_view(call.board, call.task()))


async def change_task(call: Call) -> Answer:
    """The task with other dependencies; a cycle is refused."""
    task, wish = call.task(), call.asked(ChangeTask)
    add, remove = tuple(map(TaskId, wish.add)), tuple(map(TaskId, wish.remove))
    if wish == ChangeTask():
        raise Problem(422, "invalid", "nothing to change: give depends_on, or add and remove")
    if wish.depends_on is not None:
        if add or remove:
            raise Problem(422, "invalid", "give either depends_on, or add and remove")
        wanted = tuple(map(TaskId, wish.depends_on))
        add = tuple(name for name in wanted if name not in task.depends_on)
        remove = tuple(name for name in task.depends_on if name not in wanted)
    if not add and not remove:
        return await show_task(call)
    await call.order(c.ChangeDependencies(task.id, add, remove))
    return await show_task(call)


async def abandon_task(call: Call) -> Answer:
    """The task, given up, or its question with the first of two voices; by default what waited for it is planned anew."""
    task, wish = call.task(), call.asked(Abandon)
    await call.order(call.consent.abandon(task, wish.reason, wish.dependents))
    return await show_task(call)


async def interrupt_task(call: Call) -> Answer:
    """The task, stopped where it is; its question waits for a person."""
    await call.order(c.InterruptTask(call.task().id, call.asked(Why).reason))
    return await show_task(call)


async def retry_task(call: Call) -> Answer:
    """The task with a full set of tries, and perhaps with guidance; or its question with the first of two voices."""
    await call.order(call.consent.retry(call.task(), call.asked(RetryTask).guidance))
    return await show_task(call)


async def diff(call: Call) -> Answer:
    """What an attempt changed."""
    attempt = call.attempt(call.asked(WhichAttempt).attempt)
    found = await call.desk.history.diff(attempt)
    if found is None:
        raise unknown(
            f"diff of attempt {attempt.number} of {call.task().id}: it submitted nothing; its log tells what it did"
        )
    return Answer(found)


async def log(call: Call) -> Answer:
    """A page of an attempt's conversation."""
    wish = call.asked(LogPage)
    attempt = call.attempt(wish.attempt)
    return Answer(await call.desk.history.turns(call.task(), attempt.number, wish.cursor))
