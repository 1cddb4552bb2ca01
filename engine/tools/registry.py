"""Which tools there are, and the one way to call them; must not raise for a model's mistakes.

Whatever a model sends (an unknown tool, no JSON, wrong arguments, a path outside) becomes an answer that says what to do.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence

import pydantic
from pydantic_core import ErrorDetails

from engine.model.types import ToolCall, ToolSpec
from engine.tools.board import CREATE_SUBTASKS, LOG_DESIGN_DECISION, POST_INSIGHT
from engine.tools.commands import RUN_PYTHON, RUN_SHELL, RUN_TESTS
from engine.tools.disclosure import Shelf, more_tools
from engine.tools.ending import ESCALATE, finish_tool
from engine.tools.files import APPEND_FILE, DELETE_FILE, READ_FILE, STR_REPLACE, WRITE_FILE
from engine.tools.git import GIT_COMMIT, GIT_DIFF, GIT_LOG, GIT_STATUS
from engine.tools.listing import LIST_DIRECTORY
from engine.tools.observation import CallRefused, Divide, Escalate, Finish, Observation, plain_text, shorten
from engine.tools.processes import READ_PROCESS, START_PROCESS, STOP_PROCESS
from engine.tools.project import PROJECT_INFO
from engine.tools.search import SEARCH_CODEBASE
from engine.tools.tool import Outcome, Tool, not_accepted
from engine.tools.web import WEB_SEARCH
from engine.tools.workbench import Workbench

TOOLS = {
    tool.name: tool
    for tool in (
        READ_FILE,
        LIST_DIRECTORY,
        SEARCH_CODEBASE,
        PROJECT_INFO,
        WRITE_FILE,
        APPEND_FILE,
        STR_REPLACE,
        DELETE_FILE,
        RUN_SHELL,
        RUN_PYTHON,
        RUN_TESTS,
        START_PROCESS,
        READ_PROCESS,
        STOP_PROCESS,
        GIT_STATUS,
        GIT_DIFF,
        GIT_LOG,
        GIT_COMMIT,
        WEB_SEARCH,
        POST_INSIGHT,
        LOG_DESIGN_DECISION,
        CREATE_SUBTASKS,
        ESCALATE,
    )
}
"""Every tool of our own but `finish` and `more_tools`, which depend on the role."""

_ENDINGS: dict[type[Finish | Escalate | Divide], str] = {
    Finish: "Accepted: the engine checks the result now.",
    Escalate: "Heard: what you asked for is seen to.",
    Divide: "Accepted: your task goes on when these are done.",
}
_MAX_ANSWER_CHARS = 40_000
_MAX_FAULTS = 15
_MAX_FAULT_CHARS = 500
_MAX_PLACE_CHARS = 100


class Toolbox:
    """The tools of one role, `finish` among them: the short list that is offered, and those that may be asked for.

    `more` are names of `TOOLS`, `guests` tools from elsewhere; both wait behind `more_tools`, which is offered only then.
    """

    def __init__(
        self,
        names: tuple[str, ...],
        result: type[pydantic.BaseModel],
        more: tuple[str, ...] = (),
        guests: tuple[Tool, ...] = (),
    ) -> None:
        self._offered = {name: TOOLS[name] for name in names}
        hidden = {name: TOOLS[name] for name in more} | {guest.name: guest for guest in guests}
        self._shelf = Shelf(self._offered, {name: tool for name, tool in hidden.items() if name not in self._offered})
        if self._shelf.hidden:
            self._offered["more_tools"] = more_tools(self._shelf)
        self._offered["finish"] = finish_tool(result)

    @property
    def specs(self) -> tuple[ToolSpec, ...]:
        """The tools as they are offered to a model. The list only grows, at its end: prompt caches depend on its order."""
        return tuple(tool.spec for tool in self._offered.values())

    def is_called_in(self, text: str) -> bool:
        """Whether a text without a call looks as if it was meant to be one."""
        named = any(re.search(rf"[\"'`<:( ]{re.escape(name)}[\"'`>:( ]", text) for name in self._offered)
        return named and ("{" in text or "<tool_call" in text or "<function" in text)

    async def call(self, workbench: Workbench, call: ToolCall) -> Observation:
        """What the call answered. Whoever calls a tool by its name, without having asked for it, has it from then on.

        Raises: NoSandbox when the cell cannot run anything; never anything that the model caused.
        """
        tool = self._offered.get(call.name) or self._shelf.take(call.name)
        if tool is None:
            return _refusal(self._unknown(call.name))
        try:
            outcome = await tool.execute(workbench, _json_text(call.arguments))
        except pydantic.ValidationError as error:
            return _refusal(_explanation(tool, error))
        except CallRefused as refusal:
            return _refusal(str(refusal))
        except OSError as error:
            return _refusal(_system_answer(call.name, error))
        return _answer(outcome)

    def _unknown(self, name: str) -> str:
        known = [*self._offered, *self._shelf.hidden]
        nearest = difflib.get_close_matches(name[:100], known, n=1, cutoff=0.5)
        hint = f" Did you mean {nearest[0]}?" if nearest else ""
        return f"There is no tool {name[:100]!r}.{hint} Your tools are: {', '.join(known)}."


def _answer(outcome: Outcome) -> Observation:
    if isinstance(outcome, str):
        return Observation(shorten(plain_text(outcome), _MAX_ANSWER_CHARS))
    return Observation(_ENDINGS[type(outcome)], ending=outcome)


def _refusal(text: str) -> Observation:
    return Observation(f"ERROR: {shorten(plain_text(text))}", ok=False)


def _json_text(arguments: str) -> bytes:
    return (arguments.strip() or "{}").encode("utf-8", "replace")


def _explanation(tool: Tool, error: pydantic.ValidationError) -> str:
    faults = error.errors(include_url=False, include_input=False, include_context=False)
    if len(faults) > 1:
        # A list whose only item was refused is then also called too short, which would mislead.
        faults = [fault for fault in faults if fault["type"] != "too_short" or _stands_alone(fault["loc"], faults)]
    if faults[0]["type"] == "json_invalid":
        return (
            f"The arguments of {tool.name} are not valid JSON ({faults[0]['msg']}); nothing was done. Send one JSON object, "
            "with quotes, backslashes and line breaks inside strings escaped."
        )
    lines = [f"- {_place(fault)}: {_said(fault)}" for fault in faults[:_MAX_FAULTS]]
    if len(faults) > _MAX_FAULTS:
        lines.append(f"- and {len(faults) - _MAX_FAULTS} more")
    return not_accepted(tool.name, lines, tool.parameters)


def _place(fault: ErrorDetails) -> str:
    return shorten(".".join(map(str, fault["loc"])), _MAX_PLACE_CHARS) or "arguments"


def _said(fault: ErrorDetails) -> str:
    """Our own checks explain themselves; pydantic's name for them says nothing to a model."""
    return shorten(fault["msg"].removeprefix("Value error, "), _MAX_FAULT_CHARS)


def _stands_alone(place: tuple[int | str, ...], faults: Sequence[ErrorDetails]) -> bool:
    return not any(fault["loc"][: len(place)] == place and len(fault["loc"]) > len(place) for fault in faults)


def _system_answer(name: str, error: OSError) -> str:
    match error:
        case FileNotFoundError():
            return "There is no such file or folder. Look with list_directory, or search_codebase."
        case NotADirectoryError():
            return "A part of the path is a file, not a folder. Look with list_directory."
        case IsADirectoryError():
            return "The path is a folder, not a file."
        case _:
            return f"{name} failed: {error.strerror or error}. Try another way; if nothing helps, use escalate."
