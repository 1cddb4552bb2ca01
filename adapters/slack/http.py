"""A signed request as Bolt takes it. Nothing is believed of it here: the signature is Bolt's to check, over the body as it came."""

from urllib.parse import parse_qsl

from aiohttp import web
from slack_bolt.adapter.aiohttp import to_bolt_request
from slack_bolt.context.async_context import AsyncBoltContext
from slack_bolt.request.async_internals import build_async_context
from slack_bolt.request.async_request import AsyncBoltRequest


async def bolt_request(request: web.Request) -> AsyncBoltRequest | None:
    """The request; None for one that can't be read, and so can't be Slack's."""
    try:
        asked = await to_bolt_request(request)
        if not asked.body and asked.raw_body:
            # Bolt takes a form with the word `payload` anywhere in it for a click, and loses a command that says it.
            asked.body = dict(parse_qsl(asked.raw_body, keep_blank_values=True))
            asked.context = build_async_context(AsyncBoltContext({}), asked.body)
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return None
    return asked
