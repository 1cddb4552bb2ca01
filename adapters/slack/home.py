"""A person's own page with the app: what the bot says to `status`, drawn as a view. Pure."""

from typing import Final

from adapters.slack.markup import Block
from adapters.slack.render import message_payload
from bot.messages import Message

MAX_BLOCKS: Final = 100


def home_payload(message: Message) -> Block:
    """The view."""
    return {"type": "home", "blocks": message_payload(message)["blocks"][:MAX_BLOCKS]}
