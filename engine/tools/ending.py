"""The two tools that end an attempt; must not end anything themselves: the loop does."""

from __future__ import annotations

import asyncio

import pydantic
from pydantic import Field

from engine.core.entities import Escalation
from engine.tools.observation import CallRefused, Escalate, Finish
from engine.tools.tool import Arguments, Tool
from engine.tools.workbench import Workbench


class EscalateTask(Arguments):
    """End this attempt and ask for what it takes. Only for what no amount of work of yours can settle: the task contradicts
    itself or the repository, a decision, an answer or an access is missing. Say what you found and what you need.
    """

    kind: Escalation = Field(
        default="needs_clarification",
        description=(
            "needs_clarification: a person must decide. needs_research: something has to be looked up first. "
            "spec_mismatch: the specification does not fit the repository. needs_replanning: the task is cut wrongly. "
            "scope_too_large: it is several tasks. blocked_external: something outside must happen first."
        ),
    )
    reason: str = Field(min_length=1, max_length=4_000)


async def _escalate(_: Workbench, wanted: EscalateTask) -> Escalate:
    return Escalate(wanted.reason, wanted.kind)


async def _finish(bench: Workbench, result: pydantic.BaseModel) -> Finish:
    arguments = result.model_dump_json().encode("utf-8")
    if fault := await asyncio.to_thread(bench.objection, arguments):
        raise CallRefused(f"The result was not accepted: {fault}. Correct it and call finish again.")
    return Finish(arguments)


ESCALATE = Tool.of("escalate", EscalateTask, _escalate)


def finish_tool(result: type[pydantic.BaseModel]) -> Tool:
    """`finish` with a role's result as its arguments."""
    return Tool.of("finish", result, _finish)
