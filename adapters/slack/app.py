"""Bolt as we use it: it verifies, we acknowledge at once and hand over; each deed once, and nothing is left unanswered.

Bolt acknowledges nothing that nobody listens to, so there is a listener for everything; what is unknown goes to the conversation
too, which says that the control is out of date. No listener does any work: Slack waits 3 s, and for all of them together.
"""

import logging
import re
from collections import OrderedDict
from typing import Any, Final, Protocol

from slack_bolt.app.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_bolt.response import BoltResponse
from slack_sdk.web.async_client import AsyncWebClient

from adapters.slack.client import SlackConfig
from adapters.slack.forms import is_ours, out_of_date
from adapters.slack.inbound import COMMAND, key_of_deed
from adapters.slack.who import Myself
from bot.replies import orders as say

logger = logging.getLogger(__name__)

MAX_REMEMBERED: Final = 10_000
_ANY: Final = re.compile(r".*", re.DOTALL)


class Core(Protocol):
    """Who hears what happens on Slack."""

    def myself(self) -> Myself | None:
        """Whose token it is, once that is known."""
        ...

    def hear(self, body: dict[str, Any]) -> None:
        """Somebody did something; it is acknowledged already."""
        ...


class Once:
    """The deeds that were heard."""

    def __init__(self) -> None:
        self._seen: OrderedDict[str, None] = OrderedDict()

    def is_new(self, key: str) -> bool:
        """Whether it is heard for the first time; what has no name always is."""
        if not key:
            return True
        if key in self._seen:
            return False
        self._seen[key] = None
        if len(self._seen) > MAX_REMEMBERED:
            self._seen.popitem(last=False)
        return True


def build_slack_app(
    config: SlackConfig, core: Core, *, client: AsyncWebClient | None = None, once: Once | None = None
) -> AsyncApp:
    """The app. `once` is shared by apps that follow each other, so that what the first one heard is not heard again."""
    app = AsyncApp(
        client=client,
        signing_secret=config.signing_secret,
        # What comes over the socket was asked for with our own token and carries no signature.
        request_verification_enabled=not config.app_token,
        authorize=_authorizer(core),
        logger=logger,
        name="orch",
    )
    seen = once if once is not None else Once()

    async def pass_once(body: dict[str, Any], next_: Any) -> BoltResponse | None:
        if not seen.is_new(key_of_deed(body)):
            return BoltResponse(status=200, body="")
        await next_()
        return None

    async def take(ack: AsyncAck, body: dict[str, Any]) -> None:
        await ack()
        core.hear(body)

    async def take_form(ack: AsyncAck, body: dict[str, Any]) -> None:
        await (ack() if is_ours(body) else ack(response_action="update", view=out_of_date()))
        core.hear(body)

    async def refuse(ack: AsyncAck) -> None:
        await ack(text=say.control_out_of_date(), response_type="ephemeral")

    app.middleware(pass_once)
    app.command(COMMAND)(take)
    app.command(_ANY)(refuse)
    app.action(_ANY)(take)
    app.view(_ANY)(take_form)
    app.view_closed(_ANY)(take)
    app.shortcut(_ANY)(take)
    app.options(_ANY)(refuse)
    app.event(_ANY)(take)
    return app


def _authorizer(core: Core) -> Any:
    async def authorize(enterprise_id: str | None, team_id: str | None) -> AuthorizeResult | None:
        """Whose token it is; Bolt would ask Slack with the first deed, and lose the deed when Slack does not answer."""
        del enterprise_id, team_id
        me = core.myself()
        if me is None:
            return None
        return AuthorizeResult(
            enterprise_id=me.enterprise or None, team_id=me.team, bot_id=me.bot, bot_user_id=me.user,
        )  # fmt: skip

    return authorize
