"""The commands, as one table: parser, help, Discord's command tree and the web forms are made from it. Must not act.

A `word` is taken by its place and only when it looks like its kind, so that `pause wait for Bob` has a reason and no run; an
`option` is `--name value`, `--name=value` or `name:value`; the `rest` is the text that is left.
"""

import re
from typing import Final, Literal

import msgspec

from bot.people import Role

ParamKind = Literal["text", "run", "task", "target", "name", "command", "count", "amount", "choice"]
How = Literal["word", "rest", "option"]


class Param(msgspec.Struct, frozen=True, omit_defaults=True):
    """One thing a command takes. `target` is a task or a question, `name` also a run; `amount` is US dollars."""

    name: str
    kind: ParamKind
    help: str
    how: How = "option"
    is_required: bool = False
    choices: tuple[str, ...] = ()


class Command(msgspec.Struct, frozen=True, omit_defaults=True):
    """A verb: what it does, who may say it, what it takes."""

    name: str
    help: str
    role: Role
    params: tuple[Param, ...] = ()
    example: str = ""

    @property
    def usage(self) -> str:
        """`start <objective> [--budget …]`."""
        return " ".join([self.name, *(_usage(param) for param in self.params)])


_RUN: Final = Param("run", "run", "the run; in its thread it is understood", "word")
_WHY: Final = Param("reason", "text", "why, for those who read it later", "rest")
_THEN: Final = Param("then", "choice", "what becomes of tasks that wait for it", choices=("cascade", "drop", "replan"))
_LINES: Final = Param("lines", "count", "how many lines")

COMMANDS: Final[tuple[Command, ...]] = (
    Command(
        "start",
        "begin a run",
        "operator",
        (
            Param("objective", "text", "what is to be achieved", "rest", is_required=True),
            Param("base", "text", "the branch to work on"),
            Param("model", "text", "the model to think with"),
            Param("budget", "amount", "the cap in US dollars"),
            Param("tokens", "count", "the cap in tokens"),
            Param("workers", "count", "how many attempts at once"),
            Param("plan-first", "choice", "show the plan, and start nothing before it is approved", choices=("yes",)),
        ),
        'start "make the failing tests pass" --budget 5',
    ),
    Command("status", "what needs you, and what is under way", "viewer", (_RUN,), "status"),
    Command("list", "all runs, the newest first", "viewer", (Param("page", "count", "which page"),), "list --page 2"),
    Command(
        "show", "a run, a task or a question in full", "viewer",
        (Param("name", "name", "R1, T3 or D2", "word"),), "show T3",
    ),
    Command("graph", "the tasks of a run as a picture", "viewer", (_RUN,), "graph R1"),
    Command(
        "logs", "the end of a task's conversation", "viewer",
        (
            Param("task", "task", "the task", "word", is_required=True),
            Param("attempt", "count", "which attempt; the latest by default"),
            _LINES,
        ),
        "logs T3 --attempt 2",
    ),
    Command("pause", "start nothing new in a run", "operator", (_RUN, _WHY), "pause R1"),
    Command(
        "resume", "go on with a paused run, a landing that files were in the way of, or a review", "operator",
        (Param("run", "name", "the run, or the task or question", "word"),), "resume R1",
    ),
    Command("cancel", "end a run; what landed stays", "operator", (_RUN, _WHY), "cancel R1 we buy it instead"),
    Command("restart", "begin again what is held up; a run that is over begins anew", "operator", (_RUN,), "restart R1"),
    Command(
        "replan", "give up what is not under way and plan it anew", "operator",
        (_RUN, Param("changes", "text", "what to do differently", "rest")), "replan R1 only the rounding",
    ),
    Command(
        "retry", "try a task again, with words or without", "approver",
        (
            Param("target", "target", "T3 or D2", "word", is_required=True),
            Param("changes", "text", "what to do differently", "rest"),
        ),
        "retry T3 use the table of cents",
    ),
    Command(
        "abandon", "give a task up", "approver",
        (Param("target", "target", "T3 or D2", "word", is_required=True), _WHY, _THEN), "abandon T3 --then drop",
    ),
    Command(
        "spawn", "add a task, or put one in another's place", "operator",
        (
            Param("description", "text", "what to do; the first line is its title", "rest", is_required=True),
            _RUN,
            Param("for", "target", "the task or question it takes the place of"),
            Param("check", "text", "a command that exits 0 when it is done"),
            Param("after", "text", "tasks it waits for: T3,T4"),
            Param("role", "choice", "who does it", choices=("coder", "tester", "researcher", "writer")),
            Param("retries", "count", "how often it is tried again; as the run says by default"),
        ),
        'spawn "Write the parser by hand" --check "pytest -q tests/test_parser.py"',
    ),
    Command(
        "link", "let a task wait for another", "operator",
        (
            Param("task", "task", "the one that waits", "word", is_required=True),
            Param("after", "task", "the one it waits for", "word", is_required=True),
        ),
        "link T4 T3",
    ),
    Command(
        "unlink", "let a task no longer wait for another", "operator",
        (
            Param("task", "task", "the one that waits", "word", is_required=True),
            Param("after", "task", "the one it waits for", "word", is_required=True),
        ),
        "unlink T4 T3",
    ),
    Command(
        "bind", "tell of a run in this channel too", "operator",
        (_RUN, Param("to", "text", "another channel: slack:T1:C9")), "bind R1",
    ),
    Command("unbind", "no longer tell of a run in this channel", "operator", (_RUN,), "unbind R1"),
    Command(
        "interrupt", "stop a task where it is and ask", "operator",
        (Param("task", "task", "the task", "word", is_required=True), _WHY), "interrupt T3 wrong file",
    ),
    Command(
        "ask", "what the board and the log know, without a model", "viewer",
        (Param("question", "text", "about R1, T3 or D2", "rest", is_required=True),), "ask why does T4 wait?",
    ),
    Command(
        "budget", "what a run has spent; with an amount: its new cap", "viewer",
        (
            _RUN,
            Param("amount", "amount", "the new cap in US dollars", "word"),
            Param("tokens", "count", "the new cap in tokens"),
        ),
        "budget R1 5",
    ),
    Command("config", "what a run works with, and who may do what", "viewer", (_RUN,), "config R1"),
    Command(
        "history", "the last commits of the state branch about a run, task or question", "viewer",
        (Param("name", "name", "R1, T3 or D2", "word"), _LINES), "history T3",
    ),
    Command(
        "why", "the story of a task: what was tried, what failed, what decided", "viewer",
        (Param("name", "name", "T3, R1 or D2", "word", is_required=True),), "why T3",
    ),
    Command("help", "how to say things", "viewer", (Param("command", "command", "about one command", "word"),), "help"),
)  # fmt: skip
BY_NAME: Final = {command.name: command for command in COMMANDS}

_LOOKS: Final[dict[ParamKind, re.Pattern[str]]] = {
    "run": re.compile(r"R[0-9]{1,9}", re.IGNORECASE),
    "task": re.compile(r"T[0-9]{1,9}", re.IGNORECASE),
    "target": re.compile(r"[TD][0-9]{1,9}", re.IGNORECASE),
    "name": re.compile(r"[RTD][0-9]{1,9}", re.IGNORECASE),
    "count": re.compile(r"[1-9][0-9_,]{0,11}"),
    "amount": re.compile(r"\$?[0-9]{1,9}(\.[0-9]{1,4})?(USD|\$)?", re.IGNORECASE),
    "command": re.compile(r"[a-z]+", re.IGNORECASE),
}


def looks_like(param: Param, text: str) -> bool:
    """Whether the text can be what the parameter takes."""
    if param.kind == "choice":
        return text.casefold() in param.choices
    pattern = _LOOKS.get(param.kind)
    return bool(text.strip()) if pattern is None else pattern.fullmatch(text) is not None


def normal(param: Param, text: str) -> str:
    """The text as handlers read it: `t3` is `T3`, `$5` is `5`, `200,000` is `200000`."""
    match param.kind:
        case "run" | "task" | "target" | "name":
            return text.upper()
        case "amount":
            return text.upper().strip("$").removesuffix("USD").strip("$")
        case "count":
            return text.replace(",", "").replace("_", "")
        case "choice" | "command":
            return text.casefold()
        case "text":
            return text


def description() -> list[dict[str, object]]:
    """The table as JSON would hold it, for web forms and for a platform's own command tree."""
    found: list[dict[str, object]] = msgspec.to_builtins(COMMANDS)
    return found


def _usage(param: Param) -> str:
    text = f"<{param.name}>" if param.how != "option" else f"--{param.name} …"
    return text if param.is_required else f"[{text}]"
