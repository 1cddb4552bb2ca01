"""A command on its way: who said what, where, and which run, task or question they mean. Must not act."""

from collections.abc import Awaitable, Callable

import msgspec

from bot.consent import Consent
from bot.desk import Desk
from bot.grammar import Command
from bot.messages import Message, Notice
from bot.port import Invocation
from bot.replies import commands as names_say
from bot.replies import orders as say
from bot.replies.progress import line
from bot.threads import run_of_thread, runs_understood
from engine.core import commands as c
from engine.core.blackboard import Blackboard
from engine.core.entities import Decision, Task
from engine.core.ids import DecisionId, RunId, TaskId


class Call(msgspec.Struct, frozen=True):
    """`values` are in normal form (bot/grammar.py), `at` is the log's UTC time."""

    invocation: Invocation
    command: Command
    values: dict[str, str]
    at: str

    def text(self, name: str) -> str:
        """The value, empty when it was not given."""
        return self.values.get(name, "")


Handler = Callable[[Desk, Call], Awaitable[Message]]


def refusal(sentence: str) -> Notice:
    """Something that was asked for and is not done."""
    return Notice(sentence, is_refusal=True)


def consent_of(desk: Desk, call: Call) -> Consent:
    """What the speaker's orders amount to, here and now."""
    return Consent(desk.people, desk.engine.board, call.invocation.actor, call.at, str(call.invocation.place))


def run_meant(board: Blackboard, call: Call) -> RunId | Notice:
    """The run that is named, else the thread's, else the only one that is under way here."""
    if named := call.text("run"):
        return RunId(named) if named in board.runs else refusal(names_say.unknown_name(named))
    thread = run_of_thread(board, call.invocation.place, call.invocation.thread)
    if thread is not None:
        return thread
    found = runs_understood(board, call.invocation.place)
    return found[0] if len(found) == 1 else refusal(names_say.which_run([str(run) for run in found]))


def task_named(board: Blackboard, name: str) -> Task | Notice:
    """The task of this name."""
    task = board.tasks.get(TaskId(name))
    return task if task is not None else refusal(names_say.unknown_name(name))


def decision_named(board: Blackboard, name: str) -> Decision | Notice:
    """The question of this name."""
    decision = board.decisions.get(DecisionId(name))
    return decision if decision is not None else refusal(names_say.unknown_name(name))


def target_of(board: Blackboard, name: str) -> tuple[Task | None, Decision | None] | Notice:
    """The task and the open question that T3 or D2 stand for; one of them may be missing."""
    if name.startswith("D"):
        decision = decision_named(board, name)
        if isinstance(decision, Notice):
            return decision
        return (board.tasks[decision.task] if decision.task else None), decision
    task = task_named(board, name)
    if isinstance(task, Notice):
        return task
    return task, (board.decisions[task.decision] if task.decision else None)


def run_about(board: Blackboard, call: Call) -> RunId | None:
    """The run that a command is about, by whatever it names; None when that can't be told."""
    for name in ("target", "task", "name", "run", "for", "decision"):
        value = call.text(name)
        entity = board.tasks.get(TaskId(value)) or board.decisions.get(DecisionId(value))
        if entity is not None:
            return entity.run
        if value in board.runs:
            return RunId(value)
    found = run_meant(board, call)
    return None if isinstance(found, Notice) else found


async def give(desk: Desk, call: Call, command: c.PeopleCommand | c.ChatCommand | c.Refused) -> Notice:
    """Give the order in the actor's name, and say what became of it, or why it is none."""
    if isinstance(command, c.Refused):
        return refusal(command.reason)
    outcome = await desk.engine.order(command, call.invocation.actor.id)
    if isinstance(outcome, c.Refused):
        return refusal(outcome.reason)
    board = desk.engine.board
    lines = [text for record in outcome if (text := line(record, board))]
    return Notice("\n".join(lines[:8]) or say.done())
