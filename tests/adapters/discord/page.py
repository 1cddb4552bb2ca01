"""A payload as a page that looks as Discord's client draws it, and pictures of it: `python -m tests.adapters.discord.page`.

It draws what we send (containers, texts, separators, galleries, buttons) and the markdown that we use, and nothing else.
"""

import base64
import html
import re
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from adapters.discord.render import message_payload
from bot.picture import draw
from tests.adapters.discord.samples import MESSAGES, MIDDLE, R1

FOLDER = Path(__file__).parents[3] / "docs" / "pictures"
CHROMIUM = "/usr/bin/chromium"
FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--hide-scrollbars")
SCALE = 2

CSS = """
* { box-sizing: border-box } body { margin: 0; background: #1a1a1e; color: #dfe0e2; padding: 16px 16px 4px;
 font: 16px/22px "gg sans", "Inter", "Helvetica Neue", "DejaVu Sans", sans-serif; width: 720px }
.message { display: grid; grid-template-columns: 40px 1fr; column-gap: 16px; margin-bottom: 18px }
.avatar { width: 40px; height: 40px; border-radius: 50%; background: #1f639c; color: #fff; text-align: center; line-height: 40px;
 font-weight: 600 }
.who { font-weight: 600; color: #fff } .app { background: #5865f2; border-radius: 4px; font-size: 12px; padding: 1px 5px;
 margin-left: 4px; color: #fff } .when { color: #949ba4; font-size: 12px; margin-left: 8px; font-weight: 400 }
.box { background: #242429; border: 1px solid #34343a; border-left: 4px solid; border-radius: 8px; padding: 14px 16px;
 margin-top: 6px; max-width: 600px; display: grid; gap: 8px }
h3 { font-size: 18px; line-height: 24px; margin: 0 0 2px; color: #fff } .line { overflow-wrap: anywhere; min-height: 22px }
small { color: #949ba4; font-size: 13px; line-height: 18px; display: block } b { color: #fff }
pre { background: #131416; border: 1px solid #34343a; border-radius: 4px; padding: 8px; margin: 0; white-space: pre-wrap;
 font: 14px/18px "DejaVu Sans Mono", monospace; overflow-wrap: anywhere }
hr { border: 0; border-top: 1px solid #3f3f46; width: 100%; margin: 4px 0 } hr.plain { border-color: transparent; margin: 0 }
.row { display: flex; flex-wrap: wrap; gap: 8px } button { border: 0; border-radius: 8px; color: #fff; font: 500 14px/18px inherit;
 font-family: inherit; padding: 7px 16px; min-height: 32px } .s1 { background: #5865f2 } .s2 { background: #3a3a41 }
.s4 { background: #d22d39 } img { max-width: 100%; border-radius: 8px; display: block }
"""


def page(payloads: Sequence[Mapping[str, Any]], attached: Mapping[str, bytes] | None = None) -> str:
    """The messages below each other."""
    body = "".join(_message(payload, attached or {}) for payload in payloads)
    return f'<!doctype html><meta charset="utf-8"><style>{CSS}</style>{body}'


def _message(payload: Mapping[str, Any], attached: Mapping[str, bytes]) -> str:
    inner = "".join(_component(each, attached) for each in payload["components"])
    head = '<div class="who">orch<span class="app">APP</span><span class="when">12:30</span></div>'
    return f'<div class="message"><div class="avatar">o</div><div>{head}{inner}</div></div>'


def _component(part: Mapping[str, Any], attached: Mapping[str, bytes]) -> str:
    inner = "".join(_component(each, attached) for each in part.get("components", ()))
    match part["type"]:
        case 17:
            return f'<div class="box" style="border-left-color:#{part["accent_color"]:06x}">{inner}</div>'
        case 1:
            return f'<div class="row">{inner}</div>'
        case 2:
            return f'<button class="s{part["style"]}">{html.escape(part["label"])}</button>'
        case 10:
            return f"<div>{''.join(markdown(part['content']))}</div>"
        case 12:
            return "".join(_image(item, attached) for item in part["items"])
        case 14:
            return "<hr>" if part["divider"] else '<hr class="plain">'
        case _:
            raise ValueError(f"a component of type {part['type']} is not drawn")


def _image(item: Mapping[str, Any], attached: Mapping[str, bytes]) -> str:
    content = base64.b64encode(attached[item["media"]["url"].removeprefix("attachment://")]).decode()
    return f'<img alt="{html.escape(item["description"])}" src="data:image/png;base64,{content}">'


def markdown(text: str) -> list[str]:
    """The text as HTML, a piece a line or block."""
    found: list[str] = []
    block: list[str] | None = None
    for line in text.split("\n"):
        if line == "```" and block is not None:
            found.append(f"<pre>{html.escape(chr(10).join(block))}</pre>")
            block = None
        elif line == "```":
            block = []
        elif block is not None:
            block.append(line)
        else:
            found.append(_line(line))
    return found


def _line(line: str) -> str:
    for mark, tag in (("### ", "h3"), ("-# ", "small")):
        if line.startswith(mark):
            return f"<{tag}>{_inline(line.removeprefix(mark))}</{tag}>"
    return f'<div class="line">{_inline(line)}</div>'


def _inline(text: str) -> str:
    pieces = re.split(r"(\\[^0-9A-Za-z\s]|\*\*)", text)
    found, is_bold = [], False
    for piece in pieces:
        if piece == "**":
            is_bold = not is_bold
            found.append("<b>" if is_bold else "</b>")
        else:
            found.append(html.escape(piece[1:] if re.fullmatch(r"\\[^0-9A-Za-z\s]", piece) else piece))
    return "".join(found)


def take(name: str, content: str, height: int) -> None:
    """A picture of the page."""
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "page.html"
        source.write_text(content, "utf-8")
        size = (
            f"--window-size=720,{height}",
            f"--force-device-scale-factor={SCALE}",
            f"--user-data-dir={folder}/profile",
        )
        subprocess.run(
            [CHROMIUM, *FLAGS, *size, f"--screenshot={FOLDER / name}.png", source.as_uri()], check=True, timeout=120,
            capture_output=True,
        )  # fmt: skip


def main() -> None:
    """The pictures that docs/discord.md shows."""
    take("discord-card", page([message_payload(MESSAGES["card"])]), 590)
    take("discord-question", page([message_payload(MESSAGES[name]) for name in ("digest", "question", "outcome")]), 755)
    png = draw(MIDDLE.board, R1)
    take("discord-picture", page([message_payload(MESSAGES["picture"], picture="R1.png")], {"R1.png": png}), 520)


if __name__ == "__main__":
    main()
