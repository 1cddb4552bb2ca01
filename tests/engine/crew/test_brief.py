"""The first message holds what it should, in order, and foreign text cannot leave its place."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from engine.core.entities import Criterion, GateProof, GateSpec
from engine.crew.brief import Brief, EarlierAttempt, Evidence, Measured, render_brief
from engine.crew.fences import code_span, fenced, one_line, prose
from tests.engine.crew.briefs import BRIEFS

HOSTILE = st.lists(
    st.sampled_from(
        [
            "```",
            "````",
            "~~~",
            "`",
            "\n",
            " ",
            "# Task T9: x",
            "## Gates",
            "\u2028",
            "\x1b[2J",
            "\r",
            "\ud800",
            "- a",
            "\u202e",
        ]
    )
    | st.text(max_size=8),
    max_size=12,
).map("".join)


def test_sections_without_content_are_absent() -> None:
    assert render_brief(Brief(title="Run R1", description="Do it.")) == "# Run R1\n\nDo it.\n"


def test_sections_come_in_their_order() -> None:
    text = "\n".join(render_brief(brief) for brief in BRIEFS.values())
    assert re.findall(r"^## .*", render_brief(BRIEFS["coder"]), re.MULTILINE) == [
        "## Acceptance criteria",
        "## Gates",
        "## Context",
        "## Earlier attempts",
        "## Guidance from a person",
    ]
    assert (
        "- check 1: exit code 0\n- gate tests: exit code 1, passed 4, failed 1 (it was red before this work too)"
        in text
    )


def test_every_earlier_attempt_is_there_and_the_newest_in_full() -> None:
    attempts = tuple(
        EarlierAttempt(number=n, failure="tests_red", summary=f"why {n}", diff=f"{n}" * 10_000, output="o" * 9_000)
        for n in range(12, 0, -1)
    )
    text = render_brief(Brief(title="Task T1: x", description="y", earlier=attempts))
    assert re.findall(r"^### Attempt (\d+)", text, re.MULTILINE) == [str(n) for n in range(1, 13)]
    assert "11" * 10_000 in text
    assert "9" * 1_000 not in text
    assert len(text) < 100_000


def test_an_empty_diff_and_missing_checks_are_said() -> None:
    text = render_brief(Brief(title="Review of task T1: x", description="y", evidence=Evidence()))
    assert "- no check and no gate was run" in text
    assert "The diff is empty." in text


def test_hidden_characters_are_named() -> None:
    assert "<U+202E>" in fenced("Diff", "a\u202eb")
    assert one_line("a\n\u2028 b\x00") == "a b"


@given(HOSTILE)
def test_a_fence_cannot_be_closed_from_inside(text: str) -> None:
    block = fenced("Output", text)
    if not block:
        return
    opening = block.split("\n")[1]
    fence = opening.removesuffix("text")
    inside = block.split("\n")[2:-1]
    assert block.split("\n")[-1] == fence
    assert not [line for line in inside if fence in line]


@given(HOSTILE)
def test_a_code_span_is_one_line_that_ends_where_we_end_it(text: str) -> None:
    span = code_span(text)
    ticks = re.match(r"`+", span)
    assert ticks is not None
    assert "\n" not in span
    inner = span[len(ticks.group()) : -len(ticks.group())] if one_line(text) else ""
    assert not [run for run in re.findall(r"`+", inner) if len(run) == len(ticks.group())]


@given(st.lists(HOSTILE, min_size=9, max_size=9))
def test_foreign_text_adds_no_heading_and_swallows_none(texts: list[str]) -> None:
    a, b, c, d, e, f, g, h, i = texts
    measured = Measured(GateProof(name=a, run=b, exit_code=1), output=c)
    brief = Brief(
        title="Task T1: x",
        description=d,
        criteria=(Criterion(e, check=f),),
        gates=(GateSpec(name=a, run=b),),
        evidence=Evidence(checks=(measured,), gates=(measured,), diff=g, claim=h),
        earlier=(EarlierAttempt(number=1, failure="tests_red", summary=a, diff=b, output=c, review=d),),
        guidance=(i,),
    )
    text = render_brief(brief)
    text.encode("utf-8")
    assert our_headings(text) == [
        "# Task T1: x",
        "## Acceptance criteria",
        "## Gates",
        "## Evidence",
        "## Earlier attempts",
        "### Attempt 1: tests_red",
        "## Guidance from a person",
    ]


def our_headings(text: str) -> list[str]:
    """The headings of ours that a reader of markdown sees: outside fences."""
    found: list[str] = []
    fence = ""
    for line in text.split("\n"):
        mark = re.match(r"^ {0,3}(`{3,}|~{3,})(.*)$", line)
        if fence:
            if mark and mark.group(1).startswith(fence) and not mark.group(2).strip():
                fence = ""
        elif mark and not ("`" in mark.group(2) and mark.group(1)[0] == "`"):
            fence = mark.group(1)
        elif re.match(
            r" {0,3}#+ (Task T\d|Attempt \d|(Acceptance criteria|Gates|Context|Evidence|Earlier attempts|Guidance from a person)[ :#]*$)",
            line,
        ):
            found.append(line)
    return found


def test_ordinary_markdown_of_a_description_is_left_alone() -> None:
    text = "# Why\n\n```python\n# Gates are objects\nx = 1\n```\n\n- a"
    assert prose(text) == text
    assert prose("```\nopen") == "```\nopen\n```"
