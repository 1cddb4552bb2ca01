"""What a button or a form carries: everything, so that both outlive a restart of the bot. Pure.

A button is named `orch:pause?run=R1`; a form is named `orch:decide`, and its `private_metadata` says the rest and where it is.
"""

import json
import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qsl, urlencode

import msgspec

MAX_ACTION_ID: Final = 255
MAX_METADATA: Final = 3_000
_BUTTON: Final = re.compile(r"orch:([a-z_-]+)\?(.*)", re.DOTALL)
_FORM: Final = re.compile(r"orch:([a-z_-]+)")


class Control(msgspec.Struct, frozen=True):
    """What was clicked or filled in; a form also knows the channel and the thread, or that it was the home, that asked for it."""

    name: str
    args: dict[str, str]
    channel: str = ""
    thread: str | None = None
    is_home: bool = False


def action_id(name: str, args: Mapping[str, str]) -> str | None:
    """The button's name on the wire; None when it is longer than Slack takes."""
    text = f"orch:{name}?{urlencode(args)}"
    return text if len(text) <= MAX_ACTION_ID and read_button(text) is not None else None


def read_button(text: str) -> Control | None:
    """The button of this name, None for one that we did not make."""
    match = _BUTTON.fullmatch(text)
    return Control(match[1], dict(parse_qsl(match[2], keep_blank_values=True))) if match else None


def callback_id(name: str) -> str:
    """A form's name on the wire."""
    return f"orch:{name}"


def metadata_of(control: Control) -> str | None:
    """What the form carries; None when it is longer than Slack takes."""
    told = {"args": control.args, "channel": control.channel, "thread": control.thread}
    text = json.dumps(told | ({"is_home": True} if control.is_home else {}))
    return text if len(text) <= MAX_METADATA else None


def read_form(name: str, metadata: str) -> Control | None:
    """The form of this name with what it carried, None for one that we did not make."""
    match = _FORM.fullmatch(name)
    if match is None:
        return None
    try:
        told = msgspec.json.decode(metadata, type=_Carried)
    except msgspec.MsgspecError:
        return None
    return Control(match[1], told.args, told.channel, told.thread, told.is_home)


class _Carried(msgspec.Struct, frozen=True):
    args: dict[str, str]
    channel: str = ""
    thread: str | None = None
    is_home: bool = False
