"""A scene on the strict local Slack: our adapter, and a bot that only remembers what it heard."""

from collections.abc import Awaitable, Callable

from bot.forms import Field, Form
from bot.messages import Message, Notice
from bot.port import ChatPort, Invocation, ThreadRef
from bot.rendering import card_of
from engine.core.ids import RunId
from tests.adapters.slack.platform import SlackPlatform
from tests.bot.story import middle
from tests.fakes.core_driver import CoreDriver
from tests.fakes.jumping import run
from tests.fakes.slack.server import Slack

CARD: Message = card_of(middle(CoreDriver()).board, RunId("R1"))
FORM = Form("decide", "D1: retry", "retry", {"decision": "D1"}, (Field("changes", "What to do", "text"),))


class Scene:
    """`heard` is what reached the bot; `port` is what it speaks by."""

    def __init__(self, platform: SlackPlatform, port: ChatPort, heard: list[Invocation]) -> None:
        self.platform = platform
        self.port = port
        self.heard = heard

    @property
    def slack(self) -> Slack:
        assert self.platform.slack is not None
        return self.platform.slack

    async def card(self) -> ThreadRef:
        """A run's card in the channel, and its thread."""
        return await self.port.open_thread(self.platform.place, CARD, "a card")

    async def posts(self, thread: ThreadRef, text: str, key: str) -> str:
        """A message of ours."""
        return (await self.port.post(thread, Notice(text), key)).message


Prepare = Callable[[SlackPlatform], None]


def scene(
    told: Callable[[Scene], Awaitable[None]],
    *,
    is_socket: bool = True,
    has_plans: bool = False,
    before: Prepare = lambda _: None,
) -> None:
    """Play it in virtual time; `before` is what is wrong before the bot comes. Nothing is open when it has gone."""

    async def main() -> None:
        heard: list[Invocation] = []

        async def hear(invocation: Invocation) -> None:
            heard.append(invocation)

        platform = SlackPlatform(is_socket=is_socket, has_plans=has_plans)
        before(platform)
        async with platform.connected(hear) as port:
            await told(Scene(platform, port, heard))
        assert platform.slack is not None
        assert platform.slack.sockets.live == []

    run(main())
