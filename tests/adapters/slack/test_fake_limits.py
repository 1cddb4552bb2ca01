"""The strict Slack refuses what Slack refuses, and takes the rest."""

from typing import Any

import pytest

from tests.fakes.slack.limits import MARKDOWN_IN_ALL, MOST, faults_of, pings_in


def _holding(kind: str, path: str, size: int) -> dict[str, Any]:
    outer, _, inner = path.partition(".")
    many = outer in {"fields", "elements", "tasks", "options"}
    held: Any = [{"type": "plain_text", "text": "x"}] * size if many else "x" * size
    card = {"status": "pending"} if kind == "task_card" else {}
    return {**card, "type": kind, outer: {"type": "plain_text", inner: held} if inner else held}


@pytest.mark.parametrize(("kind", "path", "most"), MOST)
def test_the_limit_itself_is_taken_and_one_more_is_refused(kind: str, path: str, most: int):
    assert faults_of([_holding(kind, path, most)]) == []
    assert faults_of([_holding(kind, path, most + 1)]) == [f"{kind}.{path} holds {most + 1}, at most {most}"]


def test_fifty_blocks_are_taken_and_one_more_is_refused():
    assert faults_of([{"type": "divider"}] * 50) == []
    assert faults_of([{"type": "divider"}] * 51) == ["51 blocks, at most 50"]


def test_markdown_is_counted_over_the_whole_message():
    half = {"type": "markdown", "text": "x" * (MARKDOWN_IN_ALL // 2)}
    assert faults_of([half, half]) == []
    assert len(faults_of([half, half, {"type": "markdown", "text": "x"}])) == 1


def test_two_buttons_may_not_share_an_action_id():
    button = {"type": "button", "action_id": "a", "text": {"type": "plain_text", "text": "go"}}
    assert faults_of([{"type": "actions", "elements": [button, button]}]) == ["action_id 'a' is used twice"]


def test_a_task_card_has_one_of_four_states():
    assert faults_of([{"type": "task_card", "status": "complete"}]) == []
    assert faults_of([{"type": "task_card", "status": "done"}]) == ["task_card.status is 'done'"]


def test_only_an_unescaped_mention_pings():
    assert pings_in("<!channel> and <@U1>") == ["<!channel>", "<@U1>"]
    assert pings_in("&lt;!channel&gt; and &lt;@U1&gt;") == []
