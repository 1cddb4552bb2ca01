"""What we say about how to say things: unknown commands, missing and wrong values, and the help pages."""

from typing import TYPE_CHECKING

from bot.replies.words import listed
from bot.text import one_line, shorten

if TYPE_CHECKING:
    from bot.grammar import Command, Param

HELP_TITLE = "What I understand"
HELP_FOOTER = (
    "In a run's thread the run is understood, and `@orch` says the same as `/orch`. Only buttons and commands decide; "
    "plain text never does."
)


def _found(text: str) -> str:
    return repr(shorten(one_line(text), 40))


def too_long(found: int, possible: int) -> str:
    """A line beyond the limit."""
    return f"that has {found:,} characters, and {possible:,} are possible; put the details into a file and name it"


def unknown_command(name: str, nearest: str) -> str:
    """The first word is no command."""
    hint = f"did you mean `{nearest}`? " if nearest else ""
    return f"{_found(name)} is no command; {hint}`help` lists them"


def unknown_option(command: "Command", name: str, nearest: str) -> str:
    """An option that the command does not have."""
    options = [f"--{param.name}" for param in command.params if param.how == "option"]
    known = f"it has {listed(options, most=9)}" if options else "it has none"
    hint = f"did you mean --{nearest}?" if nearest else known
    quote = "; put a text in quotes when that is part of it" if any(p.how == "rest" for p in command.params) else ""
    return f"`{command.name}` has no option --{shorten(one_line(name), 40)}; {hint}{quote}"


def no_value(command: "Command", param: "Param") -> str:
    """An option at the end of the line."""
    return f"--{param.name} needs a value: {param.help}; {example(command)}"


def missing(command: "Command", param: "Param") -> str:
    """A required value is not there."""
    return f"`{command.name}` needs {param.name}: {param.help}; {example(command)}"


def wrong(command: "Command", param: "Param", text: str) -> str:
    """A value of another kind than the command takes."""
    wanted = {
        "run": "a run, like R1", "task": "a task, like T3", "target": "a task or a question, like T3 or D2",
        "name": "a run, a task or a question, like R1, T3 or D2", "count": "a whole number above 0",
        "amount": "an amount in US dollars, like 5 or 2.50", "choice": f"one of {listed(param.choices, most=9)}",
        "command": "a command's name", "text": "a text",
    }[param.kind]  # fmt: skip
    return f"{_found(text)} can't be the {param.name} of `{command.name}`: it takes {wanted}"


def too_much(command: "Command", text: str) -> str:
    """Words that the command has no use for."""
    return f"`{command.name}` has no use for {_found(text)}; {example(command)}"


def example(command: "Command") -> str:
    """How the command is said."""
    return f"say it like this: {command.example}"
