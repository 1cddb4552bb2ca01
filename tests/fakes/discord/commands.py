"""The rules of application commands. Pure.

Source: Discord's documentation, Application Commands.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tests.fakes.discord.refusal import Fault, invalid
from tests.fakes.discord.shapes import Also, Bits, Kinds, Many, Number, OneOf, Path, Rule, Text, Truth, shape

SUBCOMMAND, GROUP, STRING, INTEGER, BOOLEAN, NUMBER = 1, 2, 3, 4, 5, 10
MAX_COMMANDS, MAX_OPTIONS, MAX_CHOICES, MAX_TYPED, MAX_TOLD = 100, 25, 25, 6_000, 8_000
_SAFE = 2**53
# Letters and digits of any script, without capitals.
_NAME = Text(1, 32, r"[-_'\w]+")
_TOLD = Text(1, 100)


class _Permissions:
    """A bit set: a number, or a string of digits."""

    def faults(self, value: Any, path: Path = ()) -> Iterator[Fault]:
        number = int(value) if isinstance(value, str) and value.isdecimal() else value
        yield from Bits((1 << 53) - 1).faults(number, path)


def _of_leaf(value: Any, path: Path) -> Iterator[Fault]:
    if value.get("autocomplete") and value.get("choices"):
        yield Fault(
            (*path, "autocomplete"), "APPLICATION_COMMAND_AUTOCOMPLETE_WITH_CHOICES", "Choices exclude autocomplete."
        )
    for low, high in (("min_value", "max_value"), ("min_length", "max_length")):
        if (
            isinstance(value.get(low), int | float)
            and isinstance(value.get(high), int | float)
            and value[low] > value[high]
        ):
            yield Fault((*path, low), "APPLICATION_COMMAND_OPTION_BAD_RANGE", f"{low} is more than {high}.")
    names = Counter(each.get("name") for each in value.get("choices") or () if isinstance(each, Mapping))
    if any(count > 1 for count in names.values()):
        yield Fault(
            (*path, "choices"), "APPLICATION_COMMAND_OPTIONS_CHOICE_NAME_DUPLICATE", "Choice names must be unique."
        )


def _leaf(kind: int) -> Rule:
    members: dict[str, Any] = {"type": OneOf((kind,)), "name": _NAME, "description": _TOLD, "required": Truth()}
    if kind != BOOLEAN:
        number = Number(-_SAFE, _SAFE, is_whole=kind == INTEGER)
        value = Text(1, 100) if kind == STRING else number
        members |= {
            "choices": Many(shape("name value", name=Text(1, 100), value=value), 0, MAX_CHOICES),
            "autocomplete": Truth(),
        }
        if kind == STRING:
            members |= {"min_length": Number(0, MAX_TYPED), "max_length": Number(1, MAX_TYPED)}
        else:
            members |= {"min_value": number, "max_value": number}
    return Also(shape("type name description", **members), _of_leaf)


_LEAVES = {kind: (lambda kind=kind: _leaf(kind)) for kind in (STRING, INTEGER, BOOLEAN, NUMBER)}


def _of_options(value: Any, path: Path) -> Iterator[Fault]:
    options = [each for each in value.get("options") or () if isinstance(each, Mapping)]
    yield from _named_once(options, (*path, "options"))
    kinds = {each.get("type") in {SUBCOMMAND, GROUP} for each in options}
    if len(kinds) > 1:
        yield Fault(
            (*path, "options"), "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID", "Sub-commands and values can't be mixed."
        )
    required = [bool(each.get("required")) for each in options]
    if required != sorted(required, reverse=True):
        yield Fault(
            (*path, "options"), "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID", "Required options must be placed first."
        )


def _subcommand() -> Rule:
    return Also(
        shape("type name description", type=OneOf((SUBCOMMAND,)), name=_NAME, description=_TOLD, options=Many(Kinds({**_LEAVES}), 0, MAX_OPTIONS)),
        _of_options,
    )  # fmt: skip


def _group() -> Rule:
    inner = Many(Kinds({SUBCOMMAND: _subcommand}), 1, MAX_OPTIONS)
    return Also(
        shape("type name description", type=OneOf((GROUP,)), name=_NAME, description=_TOLD, options=inner), _of_options
    )


def _of_command(value: Any, path: Path) -> Iterator[Fault]:
    yield from _of_options(value, path)
    size = _size(value)
    if size > MAX_TOLD:
        yield Fault(path, "APPLICATION_COMMAND_TOO_LARGE", f"Command exceeds maximum size ({size} of {MAX_TOLD}).")


COMMAND = Also(
    shape(
        "name description", "default_member_permissions", name=_NAME, type=OneOf((1,)), description=_TOLD,
        options=Many(Kinds({**_LEAVES, SUBCOMMAND: _subcommand, GROUP: _group}), 0, MAX_OPTIONS),
        default_member_permissions=_Permissions(), nsfw=Truth(), dm_permission=Truth(),
        contexts=Many(OneOf((0, 1, 2)), 1, 3), integration_types=Many(OneOf((0, 1)), 1, 2),
    ),
    _of_command,
)  # fmt: skip


def check_commands(body: Any) -> None:
    """Refuse a list of commands that Discord would not register.

    Raises: Refusal.
    """
    faults = list(Many(COMMAND, 0, MAX_COMMANDS).faults(body))
    if isinstance(body, list):
        faults += _named_once([each for each in body if isinstance(each, Mapping)], ())
        faults += [fault for number, each in enumerate(body) for fault in _in_small_letters(each, (str(number),))]
    if faults:
        raise invalid(faults)


def _in_small_letters(value: Any, path: Path) -> Iterator[Fault]:
    if isinstance(value, Mapping):
        if isinstance(value.get("name"), str) and value["name"] != value["name"].lower():
            yield Fault((*path, "name"), "APPLICATION_COMMAND_INVALID_NAME", "Command name is invalid")
        for number, each in enumerate(value.get("options") or ()):
            yield from _in_small_letters(each, (*path, "options", str(number)))


def _named_once(named: Sequence[Mapping[str, Any]], path: Path) -> Iterator[Fault]:
    for name, count in Counter(str(each.get("name")) for each in named).items():
        if count > 1:
            yield Fault(path, "APPLICATION_COMMANDS_DUPLICATE_NAME", f"The name {name!r} is used twice.")


def _size(value: Mapping[str, Any]) -> int:
    """The characters of names, descriptions and choices, those of all options included."""
    told = [value.get("name", ""), value.get("description", "")]
    told += [str(each.get(name, "")) for each in value.get("choices") or () for name in ("name", "value")]
    return sum(map(len, map(str, told))) + sum(
        _size(each) for each in value.get("options") or () if isinstance(each, Mapping)
    )
