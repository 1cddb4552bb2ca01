"""The command `/orch` as Discord wants it told, made from the grammar; and what comes back of it. Pure.

Discord shows a command before we are asked who may use it: its default permission is a hint, ours is the rule (bot/people.py).
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from adapters.discord.render import Payload
from bot.grammar import COMMANDS, Command, Param
from bot.replies.words import run_word, task_word
from bot.text import cut, one_line
from engine.core.blackboard import Blackboard

NAME: Final = "orch"
DESCRIPTION: Final = "Crews of agents on a repository"
MAX_TYPED: Final = 6_000
MAX_CHOICES: Final = 25
MAX_CHOICE_NAME: Final = 100
_SUBCOMMAND, _STRING, _INTEGER, _NUMBER = 1, 3, 4, 10
_SEND_MESSAGES: Final = 1 << 11
_NAMES: Final = {"run": "R", "task": "T", "target": "TD", "name": "RTD"}
"""The kinds that name something on the board, and the letters that such names begin with."""


def command_tree(commands: Sequence[Command] = COMMANDS) -> list[Payload]:
    """The commands of a server, as they are to be registered."""
    return [
        {
            "name": NAME, "type": 1, "description": DESCRIPTION, "default_member_permissions": _SEND_MESSAGES,
            "options": [
                {
                    "type": _SUBCOMMAND, "name": command.name, "description": cut(command.help, 100),
                    "options": [_option(param) for param in sorted(command.params, key=lambda each: not each.is_required)],
                }
                for command in commands
            ],
        }
    ]  # fmt: skip


def is_same(registered: Sequence[Mapping[str, Any]], wanted: Sequence[Mapping[str, Any]]) -> bool:
    """Whether what Discord has is what we want; what it adds of its own (ids, versions, nothings) does not count."""
    return len(registered) == len(wanted) and all(map(_covers, registered, wanted))


def picked(options: Sequence[Mapping[str, Any]]) -> tuple[str, dict[str, str]]:
    """The verb and its values in an interaction's options."""
    if not options:
        return "", {}
    verb = options[0]
    return str(verb.get("name", "")), {
        str(each["name"]): _text(each["value"]) for each in verb.get("options") or () if "value" in each
    }


def typed_into(options: Sequence[Mapping[str, Any]]) -> tuple[str, str, str] | None:
    """The verb, the option that is being typed into, and what stands there; None when none is."""
    for verb in options:
        for each in verb.get("options") or ():
            if each.get("focused"):
                return str(verb.get("name", "")), str(each.get("name", "")), _text(each.get("value", ""))
    return None


def suggestions(board: Blackboard, verb: str, option: str, typed: str) -> list[Payload]:
    """What could be meant, the newest first: at most 25 runs, tasks and questions."""
    params = (param for command in COMMANDS if command.name == verb for param in command.params)
    letters = next((_NAMES.get(param.kind, "") for param in params if param.name == option), "")
    wanted = typed.strip().casefold()
    found = (
        (name, label)
        for name, label in _named(board, letters)
        if name.casefold().startswith(wanted) or wanted in label.casefold()
    )
    return [
        {"name": cut(label, MAX_CHOICE_NAME), "value": name}
        for (name, label), _ in zip(found, range(MAX_CHOICES), strict=False)
    ]


def _named(board: Blackboard, letters: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    if "D" in letters:
        found += [(d.id, f"{d.id} {one_line(d.question)}") for d in reversed(board.open_decisions.values())]
    if "T" in letters:
        found += [(t.id, f"{t.id} {task_word(t.state)}: {one_line(t.title)}") for t in reversed(board.tasks.values())]
    if "R" in letters:
        found += [(r.id, f"{r.id} {run_word(r.state)}: {one_line(r.objective)}") for r in reversed(board.runs.values())]
    return found


def _option(param: Param) -> Payload:
    kinds = {"count": _INTEGER, "amount": _NUMBER}
    option: Payload = {
        "type": kinds.get(param.kind, _STRING), "name": param.name, "description": cut(param.help, 100),
    }  # fmt: skip
    if param.is_required:
        option["required"] = True
    if param.kind in _NAMES:
        option["autocomplete"] = True
    elif param.kind == "choice":
        option["choices"] = [{"name": each, "value": each} for each in param.choices]
    elif param.kind == "command":
        option["choices"] = [{"name": each.name, "value": each.name} for each in COMMANDS]
    elif param.kind == "count":
        option["min_value"] = 1
    elif param.kind == "amount":
        option["min_value"] = 0
    else:
        option["max_length"] = MAX_TYPED
    return option


def _text(value: object) -> str:
    """A value as it would be typed: 5.0 is 5."""
    return f"{value:.4f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)


def _covers(found: Any, wanted: Any) -> bool:
    if isinstance(wanted, Mapping) and isinstance(found, Mapping):
        extra = (
            key for key in found if key not in wanted and key in {"required", "autocomplete", "choices", "options"}
        )
        return not any(found[key] for key in extra) and all(
            _covers(found.get(key, [] if isinstance(value, list) else None), value) for key, value in wanted.items()
        )
    if isinstance(wanted, list) and isinstance(found, list):
        return len(wanted) == len(found) and all(map(_covers, found, wanted))
    # Permissions are a number when they are sent and a string when they come back.
    return bool(found == wanted or str(found) == str(wanted))
