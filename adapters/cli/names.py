"""Which run, task or question a typed name means; `r1` is `R1`, and no name is the only run that is under way."""

import re
from collections.abc import Mapping
from typing import TypeVar

from adapters.cli.errors import refuse
from bot.replies import commands as say
from engine.core.blackboard import Blackboard
from engine.core.ids import DecisionId, RunId, TaskId
from engine.core.lifecycle import RUN_OVER

Id = TypeVar("Id", RunId, TaskId, DecisionId)


def run_of(board: Blackboard, name: str | None) -> RunId:
    """The run.

    Raises: BadInput when there is none, or several and no name.
    """
    if name is not None:
        return _known(RunId(_name(name, "R")), board.runs)
    open_runs = unfinished(board)
    if len(open_runs) != 1:
        refuse(say.which_run([str(run) for run in open_runs]))
    return open_runs[0]


def task_of(board: Blackboard, name: str) -> TaskId:
    """The task.

    Raises: BadInput when there is none.
    """
    return _known(TaskId(_name(name, "T")), board.tasks)


def decision_of(board: Blackboard, name: str) -> DecisionId:
    """The question.

    Raises: BadInput when there is none.
    """
    return _known(DecisionId(_name(name, "D")), board.decisions)


def unfinished(board: Blackboard) -> list[RunId]:
    """The runs that are not over, oldest first."""
    return [run.id for run in board.runs.values() if run.state not in RUN_OVER]


def _name(typed: str, letter: str) -> str:
    name = typed.strip().upper()
    if not re.fullmatch(rf"{letter}[0-9]{{1,9}}", name):
        refuse(say.not_a_name(typed[:40], f"{letter}1"))
    return name


def _known(name: Id, among: Mapping[Id, object]) -> Id:
    if name not in among:
        refuse(say.unknown_name(name))
    return name
