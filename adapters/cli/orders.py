"""A person's orders: over the socket to the engine that runs, else recorded for the next one."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

from adapters.cli import output
from adapters.cli.errors import refuse
from adapters.cli.facts import record_facts
from adapters.cli.folder import root_of
from adapters.cli.names import decision_of, run_of, task_of
from adapters.cli.offline import submit_offline
from adapters.cli.plain import conclude
from adapters.control import NoEngine, send
from adapters.settings import person
from adapters.wiring import read_board
from bot.decisions import parse_answer
from bot.replies import commands as say
from bot.replies.progress import line
from engine.clock import SystemClock, iso
from engine.core import commands as c
from engine.core import events as e
from engine.core.blackboard import Blackboard
from engine.core.entities import Dependents
from engine.core.lifecycle import RUN_OVER


def decide(repo: Path, name: str, words: str, as_json: bool) -> None:
    """Answer a question.

    Raises: BadInput with the reason, when the answer was refused or not understood.
    """
    root, board = _look(repo)
    decision = board.decisions[decision_of(board, name)]
    found = parse_answer(words, decision, person(), iso(SystemClock().now_ms()), via="cli")
    if isinstance(found, c.Refused):
        refuse(found.reason)
    _give(root, found, as_json)


def pause(repo: Path, name: str | None, reason: str, as_json: bool) -> None:
    """Pause the run, or the only one that is under way."""
    root, board = _look(repo)
    _give(root, c.PauseRun(run_of(board, name), reason), as_json)


def cancel(repo: Path, name: str | None, reason: str, as_json: bool) -> None:
    """Cancel the run, or the only one that is under way."""
    root, board = _look(repo)
    _give(root, c.CancelRun(run_of(board, name), reason), as_json)


def interrupt(repo: Path, name: str, reason: str, as_json: bool) -> None:
    """Stop the task where it is and ask."""
    root, board = _look(repo)
    _give(root, c.InterruptTask(task_of(board, name), reason), as_json)


def abandon(repo: Path, name: str, then: Dependents | None, reason: str, as_json: bool) -> None:
    """Give the task up."""
    root, board = _look(repo)
    _give(root, c.AbandonTask(task_of(board, name), reason, then), as_json)


def _look(repo: Path) -> tuple[Path, Blackboard]:
    root = root_of(repo)
    return root, read_board(root)


def _give(root: Path, command: c.PeopleCommand, as_json: bool) -> None:
    answer, is_offline = asyncio.run(give(root, command))
    if isinstance(answer, c.Refused):
        refuse(answer.reason)
    if as_json:
        output.say_json([record_facts(record) for record in answer])
        return
    board = read_board(root)
    for record in answer:
        if text := line(record, board):
            output.say(text)
    run = answer[0].event.run
    if board.runs[run].state in RUN_OVER:
        conclude(board, [run], as_json=False)
    elif is_offline:
        output.say(say.will_act_on_resume())


async def give(root: Path, command: c.PeopleCommand) -> tuple[Sequence[e.Record] | c.Refused, bool]:
    """What became of the order, and whether it was recorded without an engine."""
    try:
        return await send(root, command, person()), False
    except NoEngine:
        return await submit_offline(root, command, person()), True
