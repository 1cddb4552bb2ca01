"""The platforms on which every conversation is held."""

from collections.abc import Callable

import pytest

from tests.adapters.discord.fake_platform import DiscordPlatform
from tests.fakes.memory_platform import MemoryPlatform
from tests.fakes.platforms import Platform

PLATFORMS: dict[str, Callable[[], Platform]] = {"memory": MemoryPlatform, "discord": DiscordPlatform}


@pytest.fixture(params=PLATFORMS)
def chat(request: pytest.FixtureRequest) -> Platform:
    """The story's platform, before anything was said there."""
    return PLATFORMS[request.param]()
