"""A person's own page with the app, drawn as a view; a question there is what it is in its thread, buttons included. Pure.

A click on the page comes without a channel, so the page carries the one where the person and the bot speak alone.
"""

from typing import Final

from adapters.slack.markup import Block
from adapters.slack.render import CAPS, blocks_of, message_payload
from bot.messages import Home, Listing, Message, Notice
from bot.shown import shown

MAX_BLOCKS: Final = 100
DIVIDER: Final[Block] = {"type": "divider"}


def home_payload(message: Message, channel: str) -> Block:
    """The view; what is no page of questions and runs, as a refusal, takes its place."""
    blocks = _page(message) if isinstance(message, Home) else message_payload(message)["blocks"]
    return {"type": "home", "private_metadata": channel, "blocks": blocks[:MAX_BLOCKS]}


def _page(page: Home) -> list[Block]:
    said = (Notice(page.note),) if page.note else ()
    foot = (Notice(page.more_questions),) if page.more_questions else ()
    runs = Listing(page.runs_title, page.runs, page.more_runs)
    parts: list[list[Block]] = [_drawn(*said, Listing(page.title, ()))]
    parts += [_drawn(question) for question in page.questions]
    parts.append(_drawn(*foot, runs))
    return [block for part in parts for block in (*part, DIVIDER)][:-1]


def _drawn(*messages: Message) -> list[Block]:
    return [block for message in messages for block in blocks_of(message, shown(message, CAPS))]
