"""The platforms on which every conversation is held."""

from collections.abc import Callable, Iterator
from functools import partial

import pytest

from tests.adapters.discord.fake_platform import DiscordPlatform
from tests.adapters.slack.platform import SlackPlatform
from tests.fakes.memory_platform import MemoryPlatform
from tests.fakes.platforms import Platform

PLATFORMS: dict[str, Callable[[], Platform]] = {
    "memory": MemoryPlatform,
    "discord": DiscordPlatform,
    "slack-socket": partial(SlackPlatform, is_socket=True),
    "slack-http": partial(SlackPlatform, is_socket=False),
}


@pytest.fixture(params=PLATFORMS)
def chat(request: pytest.FixtureRequest) -> Iterator[Platform]:
    """The story's platform, before anything was said there; after it, nothing is held against the bot."""
    platform = PLATFORMS[request.param]()
    yield platform
    assert platform.objections() == []
