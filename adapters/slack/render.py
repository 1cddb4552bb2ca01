"""A Message as Slack's Block Kit, within its limits. Pure: the same message, the same payload.

Headings and small print are plain text and the rest is rich text, so no word of a message can mark up, link or call. The
`text` beside the blocks is what notifications and screen readers say. Limits: Slack's reference, Block Kit.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final

import msgspec

from adapters.slack import markup
from adapters.slack.controls import action_id
from adapters.slack.markup import Block, Span
from adapters.slack.plan import FIGURES, plan_of
from bot.cards import DecisionOutcome, DecisionPrompt, FinalSummary, RunCard
from bot.messages import BudgetAlert, Digest, Help, Home, Listing, LogSnippet, Message, Notice, Picture
from bot.port import Caps
from bot.shown import Action, Shown, shown
from bot.text import cut, units

CAPS: Final = Caps(max_text=3_000, max_actions=25, max_label=75, text_files=True)
MAX_TEXT: Final = 4_000
MAX_HEADER: Final = 150
MAX_ALT: Final = 2_000
KEY_EVENT: Final = "orch_post"

Payload = dict[str, Any]
_Spans = Callable[[str], list[Span]]
_SHRINK: Final = 0.8


class Look(msgspec.Struct, frozen=True):
    """How a kind of message is set: the lines of its head (the last one's way is that of all further ones), its body
    (None: letters of one width), its foot. A heading and small print are named by their words.
    """

    head: tuple[_Spans | str, ...] = (markup.bare,)
    body: _Spans | None = markup.bare
    foot: _Spans | str = markup.bare


HEADING: Final = "heading"
SMALL: Final = "small"


def message_payload(message: Message, *, file: str = "", has_plans: bool = False) -> Payload:
    """The blocks and the text of a message; `file` is the id of an uploaded picture that it shows. With `has_plans` the tasks of a
    run are a plan.
    """
    seen = shown(message, CAPS)
    blocks = blocks_of(message, seen, has_plans=has_plans)
    if file:
        alt = cut(seen.text, MAX_ALT).strip() or markup.NOTHING
        blocks.insert(0, {"type": "image", "slack_file": {"id": file}, "alt_text": alt})
    return {"text": notification(seen.text), "blocks": blocks}


def post_payload(message: Message, key: str, *, file: str = "", has_plans: bool = False) -> Payload:
    """The message as a post of its own that can be found again by its key, and that unfolds nothing and calls nobody."""
    metadata = {"event_type": KEY_EVENT, "event_payload": {"key": key}}
    return {**message_payload(message, file=file, has_plans=has_plans), "metadata": metadata, **QUIET}


QUIET: Final[Payload] = {"unfurl_links": False, "unfurl_media": False, "parse": "none", "link_names": False}


def key_of(message: Payload) -> str:
    """The key that a message in a channel's history was posted with, empty when there is none."""
    metadata = message.get("metadata")
    if not isinstance(metadata, dict) or metadata.get("event_type") != KEY_EVENT:
        return ""
    told = metadata.get("event_payload")
    return str(told.get("key", "")) if isinstance(told, dict) else ""


def notification(text: str) -> str:
    """The words alone, within what Slack recommends for them after its escapes."""
    limit = MAX_TEXT
    while units(found := markup.escaped(cut(text, limit))) > MAX_TEXT:
        limit = int(limit * _SHRINK)
    return found if found.strip() else markup.NOTHING


def blocks_of(message: Message, seen: Shown, *, has_plans: bool = False) -> list[Block]:
    """What stands on the screen, line for line, and the buttons below it."""
    lines, look = seen.text.split("\n"), _look(message)
    end = len(lines) - seen.foot
    head, body, foot = lines[: seen.head], lines[seen.head : end], lines[end:]
    ways = [look.head[min(number, len(look.head) - 1)] for number in range(len(head))]
    plan = plan_of(message, head, body) if has_plans and isinstance(message, RunCard) else None
    if plan is not None:
        body = plan.rest
        del head[FIGURES], ways[FIGURES]
    blocks = _set(head, ways) + ([plan.block] if plan is not None else [])
    if body:
        blocks += [markup.block(body)] if look.body is None else _set(body, [look.body] * len(body))
    blocks += _set(foot, [look.foot] * len(foot))
    buttons = _buttons(seen.actions)
    return blocks + ([{"type": "actions", "elements": buttons}] if buttons else [])


def _set(lines: Sequence[str], ways: Sequence[_Spans | str]) -> list[Block]:
    """A block for each run of lines that are set in the same kind of block."""
    blocks: list[Block] = []
    rich: list[list[Span]] = []
    small: list[str] = []
    for line, way in zip(lines, ways, strict=True):
        is_heading = way == HEADING and bool(line.strip()) and units(line) <= MAX_HEADER
        is_small = way == SMALL
        if rich and (is_heading or is_small):
            blocks.append(markup.rich(rich))
            rich = []
        if small and not is_small:
            blocks.append(markup.small(small))
            small = []
        if is_heading:
            blocks.append(markup.header(line))
        elif is_small:
            small.append(line)
        else:
            rich.append(way(line) if callable(way) else markup.bold(line))
    blocks += [markup.rich(rich)] if rich else []
    return blocks + ([markup.small(small)] if small else [])


def _buttons(actions: Sequence[Action]) -> list[Block]:
    found: dict[str, Block] = {}
    for action in actions:
        name = action_id(action.name, action.args)
        if name is None or name in found:
            continue
        button: Block = {
            "type": "button", "action_id": name, "text": markup.plain_text(action.label or action.name),
        }  # fmt: skip
        if action.is_danger:
            button["style"] = "danger"
        elif not found:
            button["style"] = "primary"
        found[name] = button
    return list(found.values())


def _look(message: Message) -> Look:  # noqa: C901 - a table, one row a kind
    match message:
        case RunCard():
            return Look((HEADING, markup.bare, SMALL, markup.bold), body=markup.first_word, foot=SMALL)
        case DecisionPrompt() | BudgetAlert():
            return Look((markup.lead,), None, markup.lead)
        case DecisionOutcome():
            return Look((markup.bare, markup.bold))
        case FinalSummary():
            return Look((HEADING, markup.bold), body=markup.first_word, foot=SMALL)
        case LogSnippet():
            return Look((markup.bold,), body=None, foot=SMALL)
        case Listing() | Home():
            return Look((markup.bold,), foot=SMALL)
        case Help():
            return Look((HEADING, markup.bold), body=markup.lead, foot=SMALL)
        case Digest() | Notice() | Picture():
            return Look()
