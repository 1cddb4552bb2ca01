"""Interactions that wait for our answer: acknowledged at once, answered once. Must not know what is said.

Discord takes the first answer within 3 s and the rest within 15 minutes, by a token that is a secret and stays in memory.
"""

import asyncio
from collections import Counter, OrderedDict
from typing import Final, Literal

import discord
import msgspec
from discord.http import Route

from adapters.discord.errors import ALREADY_ANSWERED, TOO_LATE, UNKNOWN_INTERACTION, code_of, meant
from adapters.discord.render import EPHEMERAL, V2, Payload
from adapters.discord.rest import CALL_FAILED, Rest, Upload
from bot.port import ChatDown, ChatGone

MAX_OPEN: Final = 2_000
FORM_WINDOW_S: Final = 2.0
"""How long a click that may bring up a form is left unacknowledged: a form must be the first answer, within 3 s."""
ORIGINAL: Final = "/messages/@original"
_MESSAGE, _DEFERRED, _CHOICES, _MODAL = 4, 5, 8, 9

_State = Literal["new", "deferred", "answered", "lost"]


class AnswerTooLate(ChatGone):
    """The interaction is no longer open; the person can be reached in another way."""


class _Open(msgspec.Struct):
    id: int
    app: int
    token: str
    state: _State = "new"


class Answers:
    """The open interactions, by id. `counts` tells how many were too late (10062) or answered by another process (40060)."""

    def __init__(self, rest: Rest) -> None:
        self._rest = rest
        self._open: OrderedDict[str, _Open] = OrderedDict()
        self.counts: Counter[int] = Counter()

    def take(self, interaction: discord.Interaction) -> bool:
        """Remember whom to answer; False for what was told before."""
        if str(interaction.id) in self._open:
            return False
        self._open[str(interaction.id)] = _Open(interaction.id, interaction.application_id, interaction.token)
        while len(self._open) > MAX_OPEN:
            self._open.popitem(last=False)
        return True

    def knows(self, handle: str) -> bool:
        """Whether it came to this process."""
        return handle in self._open

    async def defer(self, handle: str) -> bool:
        """Say that an answer follows, in private. False when Discord no longer wants one: the person was told that it failed."""
        each = self._open[handle]
        if each.state != "new":
            return each.state != "lost"
        # An answer that got lost may have been heard; if it was not, the edit that follows says so.
        each.state = "deferred"
        try:
            await self._first(each, {"type": _DEFERRED, "data": {"flags": EPHEMERAL}})
        except ChatGone:
            return False
        except ChatDown:
            pass
        return True

    async def defer_later(self, handle: str) -> None:
        """Defer, unless it was answered within the time that a form has."""
        await asyncio.sleep(FORM_WINDOW_S)
        if self._open[handle].state == "new":
            await self.defer(handle)

    async def answer(self, handle: str, payload: Payload, upload: Upload | None = None) -> None:
        """Say it to the person alone.

        Raises: ChatDown, ChatGone; AnswerTooLate.
        """
        each = self._open[handle]
        private = {**payload, "flags": V2 | EPHEMERAL}
        state, each.state = each.state, "answered"
        match state:
            case "new":
                await self._first(each, {"type": _MESSAGE, "data": private}, upload)
            case "deferred":
                await self._later(_token_route("PATCH", each, ORIGINAL), payload, upload)
            case "answered":
                await self._later(_token_route("POST", each), private, upload)
            case "lost":
                raise ChatGone("the interaction is over")

    async def ask(self, handle: str, modal: Payload) -> bool:
        """Bring the form up; False when that is no longer possible because an answer was announced.

        Raises: ChatDown, ChatGone.
        """
        each = self._open[handle]
        if each.state != "new":
            return False
        each.state = "answered"
        await self._first(each, {"type": _MODAL, "data": modal})
        return True

    async def suggest(self, handle: str, choices: list[Payload]) -> None:
        """Offer what could be typed; too late is no loss."""
        each = self._open[handle]
        each.state = "answered"
        try:
            await self._first(each, {"type": _CHOICES, "data": {"choices": choices}})
        except (ChatDown, ChatGone):
            return

    async def _first(self, each: _Open, payload: Payload, upload: Upload | None = None) -> None:
        route = Route("POST", "/interactions/{interaction_id}/{webhook_token}/callback", interaction_id=each.id,
                      webhook_token=each.token)  # fmt: skip
        try:
            await self._rest.call(route, payload, upload=upload)
        except CALL_FAILED as error:
            code = code_of(error)
            if code in {UNKNOWN_INTERACTION, ALREADY_ANSWERED}:
                self.counts[code] += 1
            found = meant(error)
            if isinstance(found, ChatGone):
                each.state = "lost"
            raise found from None

    async def _later(self, route: Route, payload: Payload, upload: Upload | None = None) -> None:
        try:
            await self._rest.call(route, payload, upload=upload)
        except CALL_FAILED as error:
            if code_of(error) in TOO_LATE:
                raise AnswerTooLate("the interaction is over") from None
            raise meant(error) from None


def _token_route(method: str, each: _Open, rest: str = "") -> Route:
    path = "/webhooks/{webhook_id}/{webhook_token}" + rest
    return Route(method, path, webhook_id=each.app, webhook_token=each.token)
