"""Tools that write on the run's blackboard: insights, the design log, subtasks; must not write there themselves."""

from __future__ import annotations

import asyncio

from pydantic import Field

from engine.core import limits
from engine.crew.results import Division, Line
from engine.tools.notepad import DesignNote, InsightNote
from engine.tools.observation import CallRefused, Divide
from engine.tools.tool import Arguments, Tool
from engine.tools.workbench import Workbench


class PostInsight(Arguments):
    """Tell the others of this run something you found out that they cannot see from their own task: a trap, a hidden
    dependency, how something really works. One fact a call, short; not your progress.
    """

    summary: str = Field(min_length=1, max_length=limits.MAX_NOTE_CHARS, description="The fact, and how you know it.")
    paths: tuple[Line, ...] = Field(
        default=(), max_length=limits.MAX_NAMES_PER_NOTE, description="Files it is about: who works on them is told."
    )
    topics: tuple[Line, ...] = Field(
        default=(),
        max_length=limits.MAX_NAMES_PER_NOTE,
        description="Names of functions, formats, commands it is about.",
    )


class LogDesignDecision(Arguments):
    """Write into the design log of this run how you settled a question that others will meet too (a name, a format, where
    something lives), so that they settle it alike. Only for what the specification leaves open.
    """

    area: str = Field(
        min_length=1, max_length=limits.MAX_TITLE_CHARS, description="What was to be settled, in a few words."
    )
    summary: str = Field(min_length=1, max_length=limits.MAX_NOTE_CHARS, description="What holds from now on.")
    reason: str = Field(default="", max_length=limits.MAX_NOTE_CHARS)
    applies_to: tuple[Line, ...] = Field(
        default=(),
        max_length=limits.MAX_NAMES_PER_NOTE,
        description="Files or topics; empty when it is for the whole run.",
    )


class CreateSubtasks(Division):
    """Divide your task: these become tasks of their own, this attempt ends here, and your task goes on when they have
    landed, with your progress and what you changed so far in view. Only when parts of it need someone else or must land first.
    """


async def _post(bench: Workbench, wanted: PostInsight) -> str:
    _take(bench, InsightNote(wanted.summary, wanted.topics, wanted.paths))
    return "Posted. Those whom it concerns are told when they begin."


async def _log(bench: Workbench, wanted: LogDesignDecision) -> str:
    _take(bench, DesignNote(wanted.area, wanted.summary, wanted.reason, wanted.applies_to))
    return "Written into the design log."


def _take(bench: Workbench, note: InsightNote | DesignNote) -> None:
    if why := bench.notepad.add(note):
        raise CallRefused(f"It was not taken: {why}. Go on with your task.")


async def _divide(bench: Workbench, wanted: CreateSubtasks) -> Divide:
    arguments = wanted.model_dump_json().encode("utf-8")
    if fault := await asyncio.to_thread(bench.division, arguments):
        raise CallRefused(f"The subtasks were not accepted: {fault}. Correct them, or go on without.")
    return Divide(arguments)


POST_INSIGHT = Tool.of("post_insight", PostInsight, _post)
LOG_DESIGN_DECISION = Tool.of("log_design_decision", LogDesignDecision, _log)
CREATE_SUBTASKS = Tool.of("create_subtasks", CreateSubtasks, _divide)
