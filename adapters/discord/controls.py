"""What a button or a form carries in its custom_id: everything, so that both outlive a restart of the bot. Pure.

`orch:click:pause?run=R1`; `ask` instead of `click` says that a form may follow, `modal` that it is one.
"""

import re
from collections.abc import Mapping
from typing import Final, Literal
from urllib.parse import parse_qsl, urlencode

import msgspec

MAX_CUSTOM_ID: Final = 100
_SHAPE: Final = re.compile(r"orch:(click|ask|modal):([a-z_-]+)\?(.*)", re.DOTALL)

How = Literal["click", "ask", "modal"]


class Control(msgspec.Struct, frozen=True):
    """What was clicked or filled in."""

    how: How
    name: str
    args: dict[str, str]


def custom_id(how: How, name: str, args: Mapping[str, str]) -> str | None:
    """The control's name on the wire; None when it is longer than Discord takes."""
    text = f"orch:{how}:{name}?{urlencode(args)}"
    return text if len(text) <= MAX_CUSTOM_ID and read(text) is not None else None


def read(text: str) -> Control | None:
    """The control of this name, None for one that we did not make."""
    match = _SHAPE.fullmatch(text)
    if match is None:
        return None
    how: How = "click" if match[1] == "click" else "ask" if match[1] == "ask" else "modal"
    return Control(how, match[2], dict(parse_qsl(match[3], keep_blank_values=True)))
