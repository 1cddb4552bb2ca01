"""A payload as a page that looks as Slack's client draws it, and pictures of it: `python -m tests.adapters.slack.page`.

It draws the blocks that we send, and nothing else.
"""

import base64
import html
from collections.abc import Mapping, Sequence
from typing import Any

from adapters.slack.forms import modal_payload
from adapters.slack.render import message_payload
from bot.picture import draw
from tests.adapters.discord.page import take
from tests.adapters.discord.samples import FORMS, MESSAGES, MIDDLE, R1

CSS = """
* { box-sizing: border-box } body { margin: 0; background: #fff; color: #1d1c1d; padding: 14px 20px 4px; width: 720px;
 font: 15px/22px "Slack-Lato", "Lato", "Inter", "DejaVu Sans", sans-serif }
.message { display: grid; grid-template-columns: 36px 1fr; column-gap: 8px; margin-bottom: 14px }
.avatar { width: 36px; height: 36px; border-radius: 8px; background: #1f639c; color: #fff; text-align: center; line-height: 36px;
 font-weight: 700 }
.who { font-weight: 900 } .app { background: #e8e8e8; color: #616061; border-radius: 2px; font-size: 10px; padding: 1px 3px;
 margin-left: 4px; vertical-align: middle } .when { color: #616061; font-size: 12px; margin-left: 8px; font-weight: 400 }
.blocks { display: grid; gap: 8px; max-width: 620px } .header { font-size: 18px; font-weight: 900; margin-top: 4px }
.rich, .context { white-space: pre-wrap; overflow-wrap: anywhere } .context { font-size: 13px; line-height: 18px; color: #616061 }
b { font-weight: 700 } pre { background: #f8f8f8; border: 1px solid #dddddd; border-radius: 4px; padding: 8px; margin: 0;
 white-space: pre-wrap; font: 12px/18px "DejaVu Sans Mono", monospace; overflow-wrap: anywhere }
.row { display: flex; flex-wrap: wrap; gap: 8px } button { border: 1px solid #bbbabb; border-radius: 8px; color: #1d1c1d;
 background: #fff; font-family: inherit; font-weight: 700; font-size: 13px; line-height: 18px; padding: 5px 12px } .primary { background: #007a5a;
 color: #fff; border-color: #007a5a } .danger { background: #e01e5a; color: #fff; border-color: #e01e5a }
img { max-width: 100%; border-radius: 8px; display: block; border: 1px solid #ddd }
.modal { border: 1px solid #ccc; border-radius: 8px; max-width: 520px; padding: 20px; display: grid; gap: 16px; margin-bottom: 14px;
 box-shadow: 0 8px 24px #0003 } .modal h2 { font-size: 22px; line-height: 28px; margin: 0 } label { font-weight: 700 }
.field { border: 1px solid #bbbabb; border-radius: 8px; padding: 8px 12px; color: #616061; margin-top: 6px }
.tall { min-height: 88px } .foot { display: flex; gap: 12px; justify-content: flex-end }
"""


def page(*parts: str) -> str:
    """The parts below each other."""
    return f'<!doctype html><meta charset="utf-8"><style>{CSS}</style>{"".join(parts)}'


def message(payload: Mapping[str, Any], attached: Mapping[str, bytes] | None = None) -> str:
    """A message of ours."""
    head = '<div class="who">orch<span class="app">APP</span><span class="when">12:30</span></div>'
    inner = _blocks(payload["blocks"], attached or {})
    return f'<div class="message"><div class="avatar">o</div><div>{head}{inner}</div></div>'


def modal(view: Mapping[str, Any]) -> str:
    """A form."""
    title, close, submit = (html.escape(view[name]["text"]) for name in ("title", "close", "submit"))
    buttons = f'<button>{close}</button><button class="primary">{submit}</button>'
    return f'<div class="modal"><h2>{title}</h2>{_blocks(view["blocks"], {})}<div class="foot">{buttons}</div></div>'


def _blocks(blocks: Sequence[Mapping[str, Any]], attached: Mapping[str, bytes]) -> str:
    return f'<div class="blocks">{"".join(_block(block, attached) for block in blocks)}</div>'


def _block(block: Mapping[str, Any], attached: Mapping[str, bytes]) -> str:
    match block["type"]:
        case "header":
            return f'<div class="header">{html.escape(block["text"]["text"])}</div>'
        case "section":
            return f'<div class="rich">{html.escape(block["text"]["text"])}</div>'
        case "context":
            return "".join(f'<div class="context">{html.escape(each["text"])}</div>' for each in block["elements"])
        case "rich_text":
            return "".join(map(_part, block["elements"]))
        case "actions":
            return f'<div class="row">{"".join(map(_button, block["elements"]))}</div>'
        case "image":
            content = base64.b64encode(attached[block["slack_file"]["id"]]).decode()
            return f'<img alt="{html.escape(block["alt_text"])}" src="data:image/png;base64,{content}">'
        case "input":
            return _input(block)
        case other:
            raise ValueError(f"a block of type {other} is not drawn")


def _part(part: Mapping[str, Any]) -> str:
    pieces = ((html.escape(piece["text"]), piece.get("style")) for piece in part["elements"])
    inner = "".join(f"<b>{text}</b>" if style else text for text, style in pieces)
    return f"<pre>{inner}</pre>" if part["type"] == "rich_text_preformatted" else f'<div class="rich">{inner}</div>'


def _button(button: Mapping[str, Any]) -> str:
    return f'<button class="{button.get("style", "")}">{html.escape(button["text"]["text"])}</button>'


def _input(block: Mapping[str, Any]) -> str:
    asked, optional = block["element"], " (optional)" if block["optional"] else ""
    words = asked.get("initial_value") or asked.get("placeholder", {}).get("text", "")
    words = " / ".join(option["text"]["text"] for option in asked.get("options", ())) or words
    tall = " tall" if asked.get("multiline") else ""
    return (
        f"<div><label>{html.escape(block['label']['text'])}{optional}</label>"
        f'<div class="field{tall}">{html.escape(words)}</div></div>'
    )


def main() -> None:
    """The pictures that docs/slack.md shows."""
    take("slack-card", page(message(message_payload(MESSAGES["card"]))), 510)
    parts = [message(message_payload(MESSAGES[name])) for name in ("digest", "question", "outcome", "refusal")]
    take("slack-question", page(*parts), 570)
    png = draw(MIDDLE.board, R1)
    take("slack-picture", page(message(message_payload(MESSAGES["picture"], file="F1"), {"F1": png})), 490)
    take("slack-form", page(*(modal(modal_payload(form, "C1", None)) for form in FORMS.values())), 765)


if __name__ == "__main__":
    main()
