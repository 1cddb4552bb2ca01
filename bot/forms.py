"""Forms as plain data: what is asked of a person beyond a click. Must not know any surface."""

from typing import Literal

import msgspec

FieldKind = Literal["line", "text", "choice", "number"]


class Field(msgspec.Struct, frozen=True):
    """One thing to fill in; `text` has several lines, `choice` one of `options` (value and label)."""

    name: str
    label: str
    kind: FieldKind = "line"
    hint: str = ""
    is_required: bool = True
    options: tuple[tuple[str, str], ...] = ()
    max_chars: int = 3_000


class Form(msgspec.Struct, frozen=True):
    """A form; `name` and `args` come back with its values, so that it outlives a restart of the bot."""

    name: str
    title: str
    submit: str
    args: dict[str, str]
    fields: tuple[Field, ...]
