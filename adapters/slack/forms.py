"""A Form as a modal, and what came back from one. Pure. Limits: Slack's reference, Block Kit and Views."""

from collections.abc import Mapping
from typing import Any, Final

from adapters.slack.controls import Control, callback_id, metadata_of, read_form
from adapters.slack.markup import Block, plain_text
from bot.forms import Field, Form
from bot.replies import forms as say
from bot.replies.orders import control_out_of_date
from bot.text import cut, one_line

MAX_TITLE: Final = 24
MAX_LABEL: Final = 2_000
MAX_HINT: Final = 150
MAX_OPTION: Final = 75
MAX_OPTIONS: Final = 100
MAX_TYPED: Final = 3_000
MAX_FIELDS: Final = 50
MAX_NAME: Final = 255
TYPED: Final = "typed"
OBJECTIVE: Final = "objective"
"""The field of a new run, named as the command names it (bot/grammar.py)."""


class FormTooLarge(Exception):
    """The form's arguments do not fit where Slack brings them back from."""


def modal_payload(
    form: Form, channel: str, thread: str | None, filled: Mapping[str, str] | None = None, *, is_home: bool = False
) -> Block:
    """The modal that asks what the form asks; it remembers where it was asked. `filled` is what stands in its fields.

    Raises: FormTooLarge.
    """
    metadata = metadata_of(Control(form.name, dict(form.args), channel, thread, is_home))
    if metadata is None:
        raise FormTooLarge(f"{form.name} {form.args}")
    given = filled or {}
    fields = {field.name: field for field in form.fields[:MAX_FIELDS]}
    view: Block = {
        "type": "modal", "callback_id": callback_id(form.name), "private_metadata": metadata,
        "title": _short(form.title, form.name), "close": _short(say.CANCEL, ""), "submit": _short(form.submit, form.name),
        "blocks": _head(form) + [_input(field, given.get(name, "")) for name, field in fields.items()],
    }  # fmt: skip
    return view


def start_form() -> Form:
    """What a new run is to achieve."""
    objective = Field(OBJECTIVE, say.OBJECTIVE, "text")
    return Form("start", say.START_TITLE, say.START, {}, (objective,))


def is_ours(body: Mapping[str, Any]) -> bool:
    """Whether the filled-in form is one that we made."""
    view = body.get("view") or {}
    return read_form(str(view.get("callback_id", "")), str(view.get("private_metadata", ""))) is not None


def out_of_date() -> Block:
    """What takes the place of a form that is not ours any more."""
    words = plain_text(control_out_of_date())
    return {
        "type": "modal", "title": plain_text("orch"), "close": _short(say.CLOSE, ""),
        "blocks": [{"type": "section", "text": words}],
    }  # fmt: skip


def values_of(state: Mapping[str, Any]) -> dict[str, str]:
    """What was filled in, by the names of the fields; what was left empty is not there."""
    found = {}
    for name, block in state.items():
        told = block.get(TYPED) if isinstance(block, Mapping) else None
        if not isinstance(told, Mapping):
            continue
        option = told.get("selected_option")
        value = told.get("value") or (option.get("value") if isinstance(option, Mapping) else "")
        if isinstance(value, str) and value:
            found[str(name)] = value
    return found


def _head(form: Form) -> list[Block]:
    """A title has room for 24 characters; a longer one is said in full below it."""
    title = one_line(form.title)
    if cut(title, MAX_TITLE) == title:
        return []
    return [{"type": "section", "text": plain_text(cut(title, MAX_TYPED))}]


def _short(text: str, otherwise: str) -> Block:
    return plain_text(cut(one_line(text), MAX_TITLE) or cut(otherwise, MAX_TITLE))


def _input(field: Field, filled: str) -> Block:
    asked: Block = {"action_id": TYPED}
    hint = cut(one_line(field.hint), MAX_HINT)
    if field.kind == "choice":
        asked |= {"type": "static_select", "options": [_option(*each) for each in field.options[:MAX_OPTIONS]]}
    else:
        asked |= {
            "type": "plain_text_input", "multiline": field.kind == "text",
            "max_length": max(1, min(field.max_chars, MAX_TYPED)),
        }  # fmt: skip
        if filled:
            asked["initial_value"] = filled[: asked["max_length"]]
    if hint:
        asked["placeholder"] = plain_text(hint)
    return {
        "type": "input", "block_id": field.name[:MAX_NAME], "optional": not field.is_required, "element": asked,
        "label": plain_text(cut(one_line(field.label), MAX_LABEL) or field.name),
    }  # fmt: skip


def _option(value: str, label: str) -> Block:
    return {"text": plain_text(cut(one_line(label), MAX_OPTION) or value[:MAX_OPTION]), "value": value[:150]}
