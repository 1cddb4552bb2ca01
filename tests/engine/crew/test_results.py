"""What a role returns is checked, and the explanation says what to change."""

from __future__ import annotations

import pydantic
import pytest

from engine.crew.results import DirectorResult, PlannerResult, ReviewResult, WorkResult


def task(key: str = "a", **changes: object) -> dict[str, object]:
    return {
        "key": key,
        "title": f"Task {key}",
        "role": "coder",
        "description": "Do it.",
        "criteria": [{"text": "It holds.", "check": "true"}],
    } | changes


def refusal(model: type[pydantic.BaseModel], value: object) -> str:
    with pytest.raises(pydantic.ValidationError) as caught:
        model.model_validate(value)
    return str(caught.value)


def test_a_plan_is_kept_as_it_was_written() -> None:
    plan = PlannerResult.model_validate({"tasks": [task("a"), task("b", depends_on=["a"], role="tester", priority=9)]})
    assert [(t.key, t.role, t.priority, t.depends_on) for t in plan.tasks] == [
        ("a", "coder", 5, ()),
        ("b", "tester", 9, ("a",)),
    ]
    assert PlannerResult.model_validate_json(plan.model_dump_json()) == plan


@pytest.mark.parametrize(
    ("tasks", "sentence"),
    [
        ([], "at least 1 item"),
        ([task("a"), task("a", title="Other")], "each key may appear once; repeated: a"),
        ([task("a"), task("b", title="TASK A")], "each title may appear once; repeated: task a"),
        ([task("a", depends_on=["z"])], "task a depends on z, but the tasks are a"),
        ([task("a", depends_on=["a"])], "task a depends on itself"),
        ([task("a", depends_on=["b", "b"]), task("b")], "each dependency of a may appear once"),
        ([task("a", criteria=[{"text": "x", "check": None}])], "task a has no check"),
        ([task("a", criteria=[{"text": "x", "check": "  "}])], "task a has no check"),
        ([task("a", criteria=[{"text": "x", "check": "true\nfalse"}])], "a check is one line"),
        ([task("a", role="manager")], "Input should be 'coder', 'tester'"),
        ([task("a", depend_on=["b"])], "Extra inputs are not permitted"),
        ([task("a b")], "String should match pattern"),
        ([task("a", priority=10)], "less than or equal to 9"),
        ([task(f"k{n}") for n in range(31)], "at most 30 items"),
    ],
)
def test_a_plan_that_does_not_fit_is_refused_with_a_reason(tasks: list[object], sentence: str) -> None:
    assert sentence in refusal(PlannerResult, {"tasks": tasks})


def test_a_director_gives_one_to_five_different_domains() -> None:
    spec = {"summary": "It works."}
    domain = {"title": "Import\n files", "description": "All of it."}
    result = DirectorResult.model_validate({"spec": spec, "domains": [domain]})
    assert result.domains[0].title == "Import files"
    assert "at least 1" in refusal(DirectorResult, {"spec": spec, "domains": []})
    assert "at most 5" in refusal(DirectorResult, {"spec": spec, "domains": [domain] * 6})
    assert "repeated: import files" in refusal(DirectorResult, {"spec": spec, "domains": [domain, domain]})


def test_a_review_may_not_contradict_itself() -> None:
    good = {"number": 1, "passed": True, "evidence": "check 1: exit code 0"}
    bad = {"number": 2, "passed": False, "evidence": "the diff lacks it"}
    assert ReviewResult.model_validate({"passed": True, "criteria": [good]}).passed
    assert "criterion 2 did not pass" in refusal(ReviewResult, {"passed": True, "criteria": [good, bad]})
    assert "feedback must say" in refusal(ReviewResult, {"passed": False, "criteria": [bad], "feedback": "  "})
    assert "repeated: 1" in refusal(ReviewResult, {"passed": True, "criteria": [good, good]})
    assert "at least 1" in refusal(ReviewResult, {"passed": True, "criteria": []})


def test_work_needs_a_summary_of_bounded_length() -> None:
    assert WorkResult.model_validate({"summary": " done "}).summary == "done"
    assert "at least 1 character" in refusal(WorkResult, {"summary": "  "})
    assert "at most 4000" in refusal(WorkResult, {"summary": "x" * 4_001})
