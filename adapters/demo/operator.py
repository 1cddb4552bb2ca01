"""The demo operator: stands in for the person where nobody can be asked, and answers one question a task, openly.

What it says is documented (README) and is the same a person would type: an exact edit, which no search for single edits finds.
"""

import asyncio
from collections.abc import Sequence
from typing import Final

from engine.clock import SystemClock, iso
from engine.core import commands as c
from engine.core import events as e
from engine.core.blackboard import Blackboard
from engine.core.entities import Decision
from engine.core.ids import TaskId
from engine.service import Engine

ADVICE: Final = 'in `teashop/labels.py` replace `.split(" ")` by `.split()`'
NAME: Final = "demo:operator"


class StoryWentAnotherWay(Exception):
    """The demo met a question that it has no answer to; the message quotes it."""


async def answer_questions(engine: Engine) -> None:
    """Answer each question until cancelled.

    Raises: StoryWentAnotherWay.
    """
    asked = asyncio.Event()
    asked.set()

    def look(_: Sequence[e.Record], board: Blackboard) -> None:
        if board.open_decisions:
            asked.set()

    stop = engine.watch(look)
    try:
        while True:
            await asked.wait()
            asked.clear()
            for decision in tuple(engine.board.open_decisions.values()):
                await _answer(engine, decision)
    finally:
        stop()


async def _answer(engine: Engine, decision: Decision) -> None:
    if "retry_with_changes" not in decision.options or _was_advised(engine.board, decision.task):
        raise StoryWentAnotherWay(f"{decision.id} asks what the demo operator has no answer to: {decision.question}")
    answer = c.AnswerDecision(
        decision.id, "retry_with_changes", NAME, iso(SystemClock().now_ms()), changes=ADVICE,
        generation=decision.generation, via="demo",
    )  # fmt: skip
    await engine.order(answer, NAME)


def _was_advised(board: Blackboard, task: TaskId | None) -> bool:
    return task is None or ADVICE in board.tasks[task].guidance
