"""The local Slack knows what blocks look like, and what a person reads of them."""

from typing import Any

import pytest

from tests.fakes.slack.reading import controls, label_of, read
from tests.fakes.slack.shapes import faults_of_message, faults_of_view

PLAIN = {"type": "plain_text", "text": "x", "emoji": False}
PLAN_TASK = {"type": "task_card", "task_id": "T1", "title": "x", "status": "pending"}


def _rich(*pieces: dict[str, Any], kind: str = "rich_text_section") -> dict[str, Any]:
    return {"type": "rich_text", "elements": [{"type": kind, "elements": list(pieces)}]}


@pytest.mark.parametrize(
    ("block", "fault"),
    [
        ({"type": "input", "label": PLAIN, "element": {"type": "plain_text_input"}}, "unsupported type 'input'"),
        ({"type": "header", "text": {"type": "mrkdwn", "text": "x"}}, "header.text must be plain_text"),
        ({"type": "section"}, "a section needs text or fields"),
        ({"type": "section", "text": {**PLAIN, "text": ""}}, "text must be more than 0 characters"),
        ({"type": "context", "elements": []}, "context element must be plain_text or mrkdwn"),
        ({"type": "actions", "elements": []}, "unsupported element None"),
        ({"type": "actions", "elements": [{"type": "button", "text": PLAIN, "style": "green"}]}, "a button has no style 'green'"),
        ({"type": "image", "image_url": "https://x/y.png"}, "an image needs alt_text"),
        ({"type": "image", "alt_text": "x"}, "an image needs image_url or slack_file"),
        (_rich({"type": "text", "text": ""}), "a rich text piece is empty"),
        (_rich({"type": "text", "text": "x", "style": {"loud": True}}), "rich text has no style 'loud'"),
        (_rich(), "rich_text_section is empty"),
        ({"type": "plan", "tasks": []}, "plan.title must be a text"),
        ({"type": "plan", "title": PLAIN}, "plan.title must be a text"),
        ({"type": "plan", "title": "x", "tasks": [PLAN_TASK, PLAN_TASK]}, "a task_id is used twice"),
        ({"type": "plan", "title": "x", "tasks": [{"type": "task_card", "task_id": "T1", "status": "error"}]}, "task_card.title must be a text"),
        ({**PLAN_TASK, "details": PLAIN}, "task_card.details must be rich_text"),
    ],
)  # fmt: skip
def test_a_block_of_the_wrong_shape_is_refused(block: dict[str, Any], fault: str):
    assert faults_of_message([block]) == [f"blocks[0]: {fault}"]


def test_a_workspace_without_plans_refuses_them():
    plan = {"type": "plan", "title": "x", "tasks": [PLAN_TASK]}
    assert faults_of_message([plan]) == []
    assert faults_of_message([plan], takes_plans=False) == ["blocks[0]: unsupported type 'plan'"]
    assert faults_of_view({"type": "home", "blocks": [plan]}) == ["blocks[0]: unsupported type 'plan'"]


def test_a_form_with_inputs_can_be_sent():
    field = {"type": "input", "label": PLAIN, "element": {"type": "plain_text_input", "max_length": 3_001}}
    assert faults_of_view({"type": "modal", "title": PLAIN, "blocks": [field]}) == [
        "blocks[0]: max_length must be 1 to 3000", "view.submit is missing, and there are inputs",
    ]  # fmt: skip


def test_a_person_reads_the_words_alone():
    blocks = [
        {"type": "header", "text": PLAIN},
        _rich({"type": "text", "text": "a *star* ", "style": {"bold": True}}, {"type": "text", "text": "&amp;\nb"}),
        {
            "type": "section",
            "text": {"type": "mrkdwn", "text": "*bold* _it_ `code` &lt;tag&gt; <https://x.y|here> a_b_c"},
        },
        {"type": "context", "elements": [{"type": "image", "alt_text": "no"}, PLAIN]},
        {"type": "divider"},
    ]
    assert read("never seen", blocks) == "x\na *star* &amp;\nb\nbold it code <tag> here a_b_c\nx"
    assert read("the text &amp; no more", []) == "the text & no more"


def test_a_word_that_became_an_emoji_or_a_call_is_seen():
    assert read("", [{"type": "header", "text": {"type": "plain_text", "text": "T1:x:2"}}]) == "T1⟨x⟩2"
    assert read("<!channel> <@U1>", []) == "@channel @U1"


def test_controls_are_found_wherever_they_stand():
    button = {"type": "button", "action_id": "a", "text": PLAIN}
    other = {"type": "button", "action_id": "b", "text": {**PLAIN, "text": "y"}}
    blocks: list[dict[str, Any]] = [
        {"type": "section", "text": PLAIN, "accessory": button},
        {"type": "actions", "elements": [other]},
    ]
    assert [label_of(element) for _, element in controls(blocks)] == ["x", "y"]
