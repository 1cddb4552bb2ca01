"""On the strict local Slack: the connection is kept up, and no storm comes of it."""

import asyncio

import pytest

from tests.adapters.slack.platform import SlackPlatform
from tests.adapters.slack.scene import Scene, scene
from tests.fakes.jumping import passes


async def _heard(scene: Scene, text: str) -> bool:
    """Whether a command is acknowledged and heard."""
    outcome = await scene.platform.person("alice").types(f"/orch {text}", scene.platform.channel(scene.platform.place))
    await passes(0.1)
    is_heard = bool(scene.heard) and scene.heard[-1].args["text"] == text
    assert outcome.is_acked == is_heard
    return is_heard


def _opens(platform: SlackPlatform) -> list[float]:
    return [each.at_s for each in platform.api.asked if each.method == "apps.connections.open"]


def _most_in_a_minute(stamps: list[float]) -> int:
    return max(sum(at <= other < at + 60 for other in stamps) for at in stamps)


def test_a_warning_opens_one_socket_beside_the_last_and_loses_nothing():
    async def told(scene: Scene) -> None:
        for number in range(5):
            await scene.slack.sockets.warn()
            assert await _heard(scene, f"at once {number}")
            await passes(3_600)
            assert await _heard(scene, f"later {number}")
            assert len(scene.slack.sockets.live) == 1
        assert scene.slack.sockets.opened == 6
        assert all(outcome.is_acked for _, outcome in scene.slack.deliveries.outcomes)

    scene(told)


def test_a_socket_that_breaks_is_replaced_within_seconds():
    async def told(scene: Scene) -> None:
        scene.slack.sockets.cut()
        await passes(10)
        assert await _heard(scene, "status")
        assert scene.slack.sockets.opened == 2

    scene(told)


def test_a_half_open_socket_is_noticed_and_replaced():
    async def told(scene: Scene) -> None:
        assert await _heard(scene, "before")
        scene.slack.sockets.fall_silent()
        assert not await _heard(scene, "lost")
        await passes(60)
        assert await _heard(scene, "status")
        assert scene.slack.sockets.opened == 2

    scene(told)


def test_a_click_that_a_ghost_took_can_be_made_again_and_the_ghost_is_told_of():
    async def told(scene: Scene) -> None:
        assert "1" in scene.port.health().detail
        await scene.card()
        alice, post = scene.platform.person("alice"), scene.slack.space.posts[0]
        outcomes = [(await alice.presses(alice.sees("pause", post))).is_acked for _ in range(4)]
        assert outcomes.count(False) == 2
        assert outcomes.count(True) == 2
        await passes(1)
        assert [each.name for each in scene.heard] == ["pause", "pause"]

    def haunted(platform: SlackPlatform) -> None:
        platform.ghosts = 1

    scene(told, before=haunted)


@pytest.mark.parametrize("status", [500, 503])
def test_a_slack_that_opens_no_socket_at_first_is_asked_until_it_does(status: int):
    async def told(scene: Scene) -> None:
        assert await _heard(scene, "status")

    scene(told, before=lambda platform: platform.api.faults.answers("apps.connections.open", status, times=3))


def test_a_first_question_that_failed_costs_no_command():
    async def told(scene: Scene) -> None:
        assert await _heard(scene, "status")
        assert scene.platform.person("alice").told_alone() == []

    scene(told, before=lambda platform: platform.api.faults.answers("auth.test", 500, times=2))


def test_a_limit_on_opening_is_waited_for():
    async def told(scene: Scene) -> None:
        first, second = _opens(scene.platform)[:2]
        assert second - first >= 40

    def limited(platform: SlackPlatform) -> None:
        platform.api.faults.answers("apps.connections.open", 429, retry_after_s=40)

    scene(told, before=limited)


def test_sockets_that_break_at_once_make_no_storm():
    async def told(scene: Scene) -> None:
        end = asyncio.get_running_loop().time() + 600
        while asyncio.get_running_loop().time() < end:
            scene.slack.sockets.cut()
            await passes(1)
        opens = _opens(scene.platform)
        assert 5 <= len(opens) <= 40
        assert _most_in_a_minute(opens) <= 6
        assert all(each.was_heeded for each in scene.platform.api.rates.turned)
        await passes(120)
        assert await _heard(scene, "status")

    scene(told)


def test_where_too_many_are_connected_we_wait_our_turn():
    async def told(scene: Scene) -> None:
        scene.slack.sockets.ghosts = 10
        scene.slack.sockets.cut()
        await passes(600)
        assert not scene.port.health().is_up
        assert len(_opens(scene.platform)) <= 25
        scene.slack.sockets.ghosts = 0
        await passes(120)
        assert await _heard(scene, "status")

    scene(told)


def test_a_session_that_was_closed_under_us_is_built_anew():
    async def told(scene: Scene) -> None:
        for _ in range(3):
            scene.slack.sockets.cut()
            scene.platform.api.faults.drops_before("apps.connections.open")
            await passes(120)
            assert await _heard(scene, "status")

    scene(told)
