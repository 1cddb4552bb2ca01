"""A card with Slack's plan: the same lines in it as without, and none where the workspace refuses it."""

import itertools
import logging

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.slack.plan import MAX_TITLE
from adapters.slack.render import CAPS, message_payload, post_payload
from bot.cards import RunCard
from bot.port import ChatDown, ChatGone
from bot.rendering import card_of
from bot.shown import shown
from engine.core.ids import RunId, TaskId
from tests.adapters.discord.samples import MESSAGES
from tests.adapters.slack.platform import SlackPlatform
from tests.adapters.slack.reading import buttons, read
from tests.adapters.slack.scene import CARD, Scene, scene
from tests.adapters.slack.test_render import within_the_limits
from tests.bot.test_shown import WILD, _wild
from tests.engine.core.shapes import of
from tests.fakes.crew import ScriptedCrew, planned
from tests.fakes.jumping import passes, run
from tests.fakes.slack.shapes import faults_of_message
from tests.fakes.talk import ALICE, talking


def the_card() -> RunCard:
    card = MESSAGES["card"]
    assert isinstance(card, RunCard)
    return card


def kinds(card: RunCard) -> list[str]:
    return [block["type"] for block in message_payload(card, has_plans=True)["blocks"]]


def test_a_plan_says_every_line_of_the_card_and_has_the_figures_as_its_heading():
    """The block wants a heading of its own: the second line of the card moves down to it, and no word changes."""
    blocks, lines = message_payload(the_card(), has_plans=True)["blocks"], shown(the_card(), CAPS).text.split("\n")
    head = [lines[0], *lines[2:4]]
    assert read(blocks).split("\n") == [*head, lines[1], *lines[4:]]
    assert buttons(blocks) == buttons(message_payload(the_card())["blocks"])
    assert message_payload(the_card(), has_plans=True)["text"] == message_payload(the_card())["text"]


def test_each_state_has_its_mark():
    (plan,) = [block for block in message_payload(the_card(), has_plans=True)["blocks"] if block["type"] == "plan"]
    marks = {task["task_id"]: task["status"] for task in plan["tasks"]}
    assert marks == {
        "T1": "complete", "T2": "complete", "T3": "complete", "T4": "complete", "T5": "in_progress", "T6": "in_progress",
        "T7": "in_progress", "T8": "error", "T9": "pending", "T10": "pending",
    }  # fmt: skip


def test_what_a_long_card_leaves_out_is_said_below_its_plan():
    tasks = tuple(
        msgspec.structs.replace(the_card().tasks[0], id=TaskId(f"T{number}"), title="x" * 60, note="y" * 90)
        for number in range(1, 40)
    )
    blocks = message_payload(msgspec.structs.replace(the_card(), tasks=tasks), has_plans=True)["blocks"]
    assert blocks[-2]["elements"][0]["text"] == "… and 19 tasks more"
    assert faults_of_message(blocks) == []


def test_a_line_that_a_task_card_can_not_hold_leaves_the_card_without_a_plan():
    first, *rest = the_card().tasks
    longer = msgspec.structs.replace(first, word="x" * MAX_TITLE)
    assert "plan" in kinds(the_card())
    assert "plan" not in kinds(msgspec.structs.replace(the_card(), tasks=(longer, *rest)))
    assert "plan" not in kinds(msgspec.structs.replace(the_card(), tasks=()))


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(data=st.data())
def test_every_card_with_any_text_is_within_every_limit_and_loses_no_line(data: st.DataObject):
    drawn = data.draw(of(RunCard))
    wild = itertools.cycle(data.draw(st.lists(WILD, min_size=1, max_size=3)))
    for card in (drawn, _wild(drawn, RunCard, lambda: next(wild))):
        assert isinstance(card, RunCard)
        payload = post_payload(card, "k", has_plans=True)
        within_the_limits(payload)
        assert faults_of_message(payload["blocks"]) == []
        lines = shown(card, CAPS).text.replace("\u200b", "").split("\n")
        assert sorted(read(payload["blocks"]).split("\n")) == sorted(lines)


def test_a_workspace_with_plans_is_shown_one_and_it_changes_with_the_run():
    async def told(scene: Scene) -> None:
        thread = await scene.card()
        post = scene.platform.post(thread.thread)
        assert "plan" in [block["type"] for block in post.blocks]
        assert isinstance(CARD, RunCard)
        await scene.port.edit(thread.card, msgspec.structs.replace(CARD, word="paused"))
        assert "plan" in [block["type"] for block in post.blocks]
        assert "R1 paused" in scene.platform.text(thread.thread)
        assert scene.platform.objections() == []

    scene(told, has_plans=True)


def test_a_workspace_that_refuses_plans_is_asked_once_and_every_card_is_right(caplog: pytest.LogCaptureFixture):
    platform = SlackPlatform(is_socket=True, has_plans=True)
    platform.space.takes_plans = False

    async def main() -> None:
        async with talking(ScriptedCrew((planned("a"), planned("b", "a"))), platform) as talk:
            for objective in ("one", "two"):
                await talk.types(ALICE, f"start {objective}")
            await talk.until(lambda: talk.says("R1 is completed") != "" and talk.says("R2 is completed") != "")
            await talk.quiet(60)
            for name, post in zip(("R1", "R2"), platform.names(""), strict=True):
                assert platform.text(post) == shown(card_of(talk.board, RunId(name)), CAPS).text

    with caplog.at_level(logging.WARNING, "adapters.slack"):
        run(main())
    assert [error for _, error in platform.api.refused] == ["invalid_blocks"]
    assert [record.getMessage() for record in caplog.records] == ["Slack refuses plans; cards do without"]


def test_a_plan_that_is_refused_only_later_costs_the_card_nothing():
    async def told(scene: Scene) -> None:
        thread = await scene.card()
        scene.platform.space.takes_plans = False
        with pytest.raises(ChatDown):
            await scene.port.edit(thread.card, CARD)
        await scene.port.edit(thread.card, CARD)
        assert scene.platform.text(thread.thread) == shown(CARD, CAPS).text

    scene(told, has_plans=True)


def test_what_is_refused_for_another_reason_is_refused():
    async def told(scene: Scene) -> None:
        scene.platform.api.faults.refuses("chat.postMessage", "not_in_channel")
        with pytest.raises(ChatGone):
            await scene.card()
        await passes(2)
        thread = await scene.card()
        assert "plan" in [block["type"] for block in scene.platform.post(thread.thread).blocks]

    scene(told, has_plans=True)


def test_without_the_flag_no_plan_is_ever_tried():
    async def told(scene: Scene) -> None:
        thread = await scene.card()
        assert "plan" not in [block["type"] for block in scene.platform.post(thread.thread).blocks]
        assert scene.platform.api.refused == []

    scene(told)
