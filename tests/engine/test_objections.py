"""Objections: a result that can't be taken is named to the model while it can still mend it."""

import json
from pathlib import Path

import msgspec
import pytest

from engine.core.entities import Criterion
from engine.objections import to_verdict, to_work
from tests.engine.jobs import job_at

CRITERIA = (Criterion("a", "true"), Criterion("b"))
HERE = Path(__file__).parent


def verdict(*numbers: int) -> bytes:
    criteria = [{"number": number, "passed": True, "evidence": "seen"} for number in numbers]
    return json.dumps({"passed": True, "criteria": criteria}).encode()


def plan(title: str) -> bytes:
    task = {
        "key": "k",
        "title": title,
        "role": "coder",
        "description": "d",
        "criteria": [{"text": "t", "check": "true"}],
    }
    return json.dumps({"tasks": [task]}).encode()


@pytest.mark.parametrize(("numbers", "says"), [((1, 2), ""), ((1,), "criterion 2"), ((1, 2, 3), "no criterion 3")])
def test_a_verdict_is_on_every_criterion_and_on_no_other(numbers: tuple[int, ...], says: str):
    objection = to_verdict(CRITERIA)(verdict(*numbers))
    assert says in objection
    assert bool(objection) == bool(says)


def test_a_plan_may_not_repeat_a_task_of_the_run():
    job = job_at("b", role="planner")
    job = msgspec.structs.replace(job, planned=(job.task,))
    assert "title" in to_work(job, HERE, str)(plan(job.task.title))
    assert to_work(job, HERE, str)(plan("Something new")) == ""


def test_a_coders_claim_meets_no_objection_but_that_its_files_can_not_be_committed():
    assert to_work(job_at("b"), HERE, str)(b'{"summary": "done"}') == ""
    assert to_work(job_at("b"), HERE, lambda: "too deep")(b'{"summary": "done"}') == "too deep"
