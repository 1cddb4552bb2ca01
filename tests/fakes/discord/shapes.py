"""The language of the rule tables: what a value of a body must be. Each rule tells every fault in a value. Pure.

Stricter than Discord in one thing: it ignores members that it does not know, and these rules refuse them as misspelt.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Protocol

import msgspec

from tests.fakes.discord.refusal import Fault

Path = tuple[str, ...]


class Rule(Protocol):
    """What a value must be."""

    def faults(self, value: Any, path: Path = ()) -> Iterator[Fault]: ...


def units(text: str) -> int:
    """The length in UTF-16 units: the strictest reading of "characters"."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def _length(path: Path, size: int, low: int, high: int, unit: str) -> Iterator[Fault]:
    if size > high:
        yield Fault(path, "BASE_TYPE_MAX_LENGTH", f"Must be {high} or fewer in {unit}.")
    elif size < low:
        yield Fault(path, "BASE_TYPE_MIN_LENGTH", f"Must be {low} or more in {unit}.")


class Text(msgspec.Struct, frozen=True):
    """A string of some length."""

    low: int
    high: int
    pattern: str = ""

    def faults(self, value: Any, path: Path = ()) -> Iterator[Fault]:
        if not isinstance(value, str):
            yield Fault(path, "STRING_TYPE_CONVERT", "Could not interpret as string.")
            return
        yield from _length(path, units(value), self.low, self.high, "length")
        if self.pattern and re.fullmatch(self.pattern, value) is None:
            yield Fault(path, "STRING_TYPE_REGEX", "String value did not match validation regex.")


class Number(msgspec.Struct, frozen=True):
    """A number in a range; whole unless it is said otherwise."""

    low: float
    high: float
    is_whole: bool = True

    def faults(self, value: Any, path: Path = ()) -> Iterator[Fault]:
        if isinstance(value, bool) or not isinstance(value, int if self.is_whole else int | float):
            yield Fault(path, "NUMBER_TYPE_COERCE", f"Value {value!r} is not {'int' if self.is_whole else 'float'}.")
        elif value > self.high:
            yield Fault(
                path, "NUMBER_TYPE_MAX", f"{type(value).__name__} value should be less than or equal to {self.high}."
            )
        elif value < self.low:
            yield Fault(
                path, "NUMBER_TYPE_MIN", f"{type(value).__name__} value should be greater than or equal to {self.low}."
            )


class Truth(msgspec.Struct, frozen=True):
    """True or false."""

    def faults(self, value: Any, path: Path = ()) -> Iterator[Fault]:
        if not isinstance(value, bool):
            yield Fault(path, "BOOLEAN_TYPE_CONVERT", "Must be either true or false.")


class OneOf(msgspec.Struct, frozen=True):
    """One of some values."""

    values: tuple[Any, ...]

    def faults(self, value: Any, path: Path = ()) -> Iterator[Fault]:
        if isinstance(value, bool) or value not in self.values:
            yield Fault(path, "BASE_TYPE_CHOICES", f"Value must be one of {set(self.values)}.")


class Bits(msgspec.Struct, frozen=True):
    """A number of which only some bits may be set."""

    allowed: int

    def faults(self, value: Any, path: Path = ()) -> Iterator[Fault]:
        if isinstance(value, bool) or not isinstance(value, int) or value < 0 or value & ~self.allowed:
            yield Fault(path, "INVALID_BITFIELD_FLAG", f"{value!r} holds flags that can't be set here.")


class Id(msgspec.Struct, frozen=True):
    """A snowflake; Discord takes numbers too."""

    def faults(self, value: Any, path: Path = ()) -> Iterator[Fault]:
        if isinstance(value, bool) or not str(value).isdecimal() or int(value) >= 1 << 63:
            yield Fault(path, "NUMBER_TYPE_COERCE", f"Value {value!r} is not snowflake.")


class Many(msgspec.Struct, frozen=True):
    """A list of some size."""

    of: Any
    low: int
    high: int

    def faults(self, value: Any, path: Path = ()) -> Iterator[Fault]:
        if not isinstance(value, Sequence) or isinstance(value, str):
            yield Fault(path, "LIST_TYPE_CONVERT", "Only iterables may be used in a ListType.")
            return
        yield from _length(path, len(value), self.low, self.high, "length")
        for number, each in enumerate(value):
            yield from self.of.faults(each, (*path, str(number)))


class Shape(msgspec.Struct, frozen=True):
    """An object: its members and the rule of each. `required` must be there, `nullable` may be null."""

    members: dict[str, Any]
    required: frozenset[str] = frozenset()
    nullable: frozenset[str] = frozenset()

    def faults(self, value: Any, path: Path = ()) -> Iterator[Fault]:
        if not isinstance(value, Mapping):
            yield Fault(path, "MODEL_TYPE_CONVERT", "Only dictionaries may be used in a ModelType.")
            return
        for name in sorted(self.required - value.keys()):
            yield Fault((*path, name), "BASE_TYPE_REQUIRED", "This field is required.")
        for name, member in value.items():
            if name not in self.members:
                yield Fault((*path, name), "UNKNOWN_MEMBER", "Discord has no such member here.")
            elif member is not None:
                yield from self.members[name].faults(member, (*path, name))
            elif name not in self.nullable:
                yield Fault((*path, name), "BASE_TYPE_REQUIRED", "This field can't be null.")


class Kinds(msgspec.Struct, frozen=True):
    """An object whose `type` says which rule it has to follow."""

    by_type: dict[int, Callable[[], Any]]

    def faults(self, value: Any, path: Path = ()) -> Iterator[Fault]:
        kind = value.get("type") if isinstance(value, Mapping) else None
        if isinstance(kind, bool) or kind not in self.by_type:
            yield Fault(
                (*path, "type"), "UNION_TYPE_CHOICES", f"Value of field 'type' must be one of {tuple(self.by_type)}."
            )
        else:
            yield from self.by_type[kind]().faults(value, path)


class Also(msgspec.Struct, frozen=True):
    """A rule and what a table can't say."""

    rule: Any
    more: Callable[[Any, Path], Iterator[Fault]]

    def faults(self, value: Any, path: Path = ()) -> Iterator[Fault]:
        found = list(self.rule.faults(value, path))
        yield from found
        # A value that is no such thing at all is not looked into further.
        if isinstance(value, Mapping) and not any(fault.path == path for fault in found):
            yield from self.more(value, path)


def shape(required: str = "", nullable: str = "", /, **members: Any) -> Shape:
    """A Shape; the names are words in one string, and what is in neither is optional and not nullable."""
    must, may = frozenset(required.split()), frozenset(nullable.split())
    assert (must | may) <= members.keys(), "a member without a rule"
    return Shape(members, must, may)
