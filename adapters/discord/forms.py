"""A Form as a modal's payload, and what came back from one. Pure.

A modal has at most five fields; a form of ours has fewer. Limits: Discord's API reference, Component Reference.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import discord

from adapters.discord.controls import custom_id
from adapters.discord.render import Payload
from bot.forms import Field, Form
from bot.text import cut, one_line

MAX_TITLE: Final = 45
MAX_HINT: Final = 100
MAX_TYPED: Final = 4_000
MAX_FIELDS: Final = 5
MAX_OPTIONS: Final = 25


class FormTooLarge(Exception):
    """The form's name and arguments do not fit where Discord brings them back from."""


def modal_payload(form: Form) -> Payload:
    """The modal that asks what the form asks.

    Raises: FormTooLarge.
    """
    name = custom_id("modal", form.name, form.args)
    if name is None:
        raise FormTooLarge(f"{form.name} {form.args}")
    modal = discord.ui.Modal(title=cut(one_line(form.title), MAX_TITLE) or form.name, custom_id=name, timeout=None)
    for field in form.fields[:MAX_FIELDS]:
        asked: discord.ui.TextInput[discord.ui.Modal] | discord.ui.Select[discord.ui.Modal]
        asked = _select(field) if field.kind == "choice" else _typed(field)
        text, hint = cut(one_line(field.label), MAX_TITLE), cut(one_line(field.hint), MAX_HINT)
        modal.add_item(discord.ui.Label(text=text or field.name, description=hint or None, component=asked))
    payload: Payload = modal.to_dict()
    for label in payload["components"]:
        # Discord's reference: `disabled` in a modal is an error. discord.py always says that nothing is.
        label["component"].pop("disabled", None)
    return payload


def values_of(components: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """What was filled in, by the names of the fields; what was left empty is not there."""
    found = {}
    for component in _inputs(components):
        values = component.get("values")
        value = component.get("value") or (values[0] if isinstance(values, list) and values else "")
        if isinstance(value, str) and value:
            found[str(component.get("custom_id", ""))] = value
    return found


def _inputs(components: Sequence[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """The inputs within labels, and within the rows that older modals have."""
    for each in components:
        if isinstance(each.get("component"), Mapping):
            yield each["component"]
        yield from each.get("components") or ()


def _typed(field: Field) -> "discord.ui.TextInput[discord.ui.Modal]":
    style = discord.TextStyle.paragraph if field.kind == "text" else discord.TextStyle.short
    return discord.ui.TextInput(
        custom_id=field.name, style=style, required=field.is_required, max_length=min(field.max_chars, MAX_TYPED)
    )


def _select(field: Field) -> "discord.ui.Select[discord.ui.Modal]":
    options = [
        discord.SelectOption(label=cut(one_line(label), MAX_HINT) or value, value=value[:MAX_HINT])
        for value, label in field.options[:MAX_OPTIONS]
    ]
    return discord.ui.Select(custom_id=field.name, options=options, required=field.is_required)
