"""A Message as a payload of Discord's components v2, within its limits. Pure: the same message, the same payload.

One container: its colour and a word tell the state, and its id (where a key was given) says which intent it fulfils, so that
a message can be found again after a crash. Limits: Discord's API reference, Component Reference.
"""

import hashlib
from collections.abc import Callable, Sequence
from typing import Any, Final

import discord
import msgspec

from adapters.discord import markup
from adapters.discord.controls import custom_id
from bot.cards import DecisionOutcome, DecisionPrompt, FinalSummary, RunCard
from bot.messages import BudgetAlert, Digest, Help, Home, Listing, LogSnippet, Message, Notice, Picture
from bot.palette import DARK, RUN_LOOKS
from bot.port import Caps
from bot.shown import Action, Shown, shown
from bot.text import cut, one_line, units
from engine.core.entities import TaskState

CAPS: Final = Caps(max_text=4_000, max_actions=25, max_label=80)
V2: Final = 1 << 15
EPHEMERAL: Final = 1 << 6
MAX_ALT: Final = 1_024
MAX_NAME: Final = 100
_IN_A_ROW: Final = 5
_SHRINK: Final = 0.9

Payload = dict[str, Any]
_Paint = Callable[[str], str]


class Look(msgspec.Struct, frozen=True):
    """How a kind of message is painted: the lines of its head (the last one's way is that of all further ones), its body
    (None: as a block), its foot.
    """

    head: tuple[_Paint, ...] = (markup.escaped,)
    body: _Paint | None = markup.escaped
    foot: _Paint = markup.escaped


def message_payload(
    message: Message, *, key: str = "", picture: str = "", note: str = "", has_buttons: bool = True
) -> Payload:
    """What to post or to edit. `picture` is the name of an attached file, `note` a line of our own below the rest."""
    limit = CAPS.max_text
    while True:
        seen = shown(message, msgspec.structs.replace(CAPS, max_text=limit))
        blocks = [*_blocks(message, seen), *([note] if note else [])]
        # Escapes make a text longer than what is read of it.
        if sum(units(text) for text in blocks) <= CAPS.max_text:
            break
        limit = int(limit * _SHRINK)
    view = discord.ui.LayoutView(timeout=None)
    box: discord.ui.Container[discord.ui.LayoutView] = discord.ui.Container(
        accent_colour=int(DARK.shades[_state(message)].accent[1:], 16), id=mark_of(key) if key else None
    )
    alt = cut(seen.text, MAX_ALT)
    if picture:
        box.add_item(discord.ui.MediaGallery(discord.MediaGalleryItem(f"attachment://{picture}", description=alt)))
    _fill(box, blocks, seen.actions if has_buttons else ())
    view.add_item(box)
    components: list[Payload] = view.to_components()  # type: ignore[no-untyped-call]  # discord.py leaves it open
    payload: Payload = {"flags": V2, "components": components, "allowed_mentions": {"parse": []}}
    if picture:
        payload["attachments"] = [{"id": 0, "filename": picture, "description": alt}]
    return payload


def mark_of(key: str) -> int:
    """The container's id for a key: 31 bits, never 0, which Discord takes for none."""
    return int.from_bytes(hashlib.sha256(key.encode()).digest()[:4]) % 0x7FFF_FFFE + 1


def nonce_of(key: str) -> str:
    """What makes Discord itself post once within a few minutes; at most 25 characters, and ours alone (it is per author)."""
    return hashlib.sha256(key.encode()).hexdigest()[:25]


def thread_name(card: Message) -> str:
    """The thread's name, 1 to 100 characters."""
    text = f"{card.id} {card.objective}" if isinstance(card, RunCard) else shown(card, CAPS).text.partition("\n")[0]
    return cut(one_line(text), MAX_NAME) or "orch"


def _fill(box: "discord.ui.Container[discord.ui.LayoutView]", blocks: Sequence[str], actions: Sequence[Action]) -> None:
    for number, text in enumerate(blocks):
        if number:
            box.add_item(discord.ui.Separator(visible=number == 1))
        box.add_item(discord.ui.TextDisplay(text))
    buttons = _buttons(actions)
    for start in range(0, len(buttons), _IN_A_ROW):
        box.add_item(discord.ui.ActionRow(*buttons[start : start + _IN_A_ROW]))


def _buttons(actions: Sequence[Action]) -> "list[discord.ui.Button[discord.ui.LayoutView]]":
    found: dict[str, discord.ui.Button[discord.ui.LayoutView]] = {}
    for action in actions:
        name = custom_id("ask" if action.asks_more else "click", action.name, action.args)
        if name is None or name in found:
            continue
        style = discord.ButtonStyle.danger if action.is_danger else discord.ButtonStyle.secondary
        if not found and not action.is_danger:
            style = discord.ButtonStyle.primary
        found[name] = discord.ui.Button(style=style, label=action.label or action.name, custom_id=name)
    return list(found.values())


def _blocks(message: Message, seen: Shown) -> list[str]:
    lines, look = seen.text.split("\n"), _look(message)
    end = len(lines) - seen.foot
    head, body, foot = lines[: seen.head], lines[seen.head : end], lines[end:]
    blocks = [
        "\n".join(look.head[min(number, len(look.head) - 1)](line) for number, line in enumerate(head)),
        (markup.block(body) if look.body is None else "\n".join(map(look.body, body))) if body else "",
        "\n".join(map(look.foot, foot)),
    ]
    return [text for text in blocks if text.strip()] or [markup.NOTHING]


def _look(message: Message) -> Look:  # noqa: C901 - a table, one row a kind
    match message:
        case RunCard():
            head = (markup.title, markup.escaped, markup.small, markup.bold)
            return Look(head, body=markup.first_word, foot=markup.small)
        case DecisionPrompt() | BudgetAlert():
            return Look((markup.lead,), None, markup.lead)
        case DecisionOutcome():
            return Look((markup.escaped, markup.bold))
        case FinalSummary():
            return Look((markup.title,), body=markup.first_word, foot=markup.small)
        case LogSnippet():
            return Look((markup.bold,), body=None, foot=markup.small)
        case Listing() | Home():
            return Look((markup.bold,), foot=markup.small)
        case Help():
            return Look((markup.title,), body=markup.lead, foot=markup.small)
        case Digest() | Notice() | Picture():
            return Look()


def _state(message: Message) -> TaskState:
    """The state whose colour the message has."""
    match message:
        case RunCard() | FinalSummary():
            return RUN_LOOKS[message.state]
        case DecisionPrompt() | BudgetAlert():
            return "waiting_human"
        case Notice():
            return "failed" if message.is_refusal else "planned"
        case DecisionOutcome():
            return "complete"
        case LogSnippet() | Picture() | Digest() | Listing() | Help() | Home():
            return "planned"
