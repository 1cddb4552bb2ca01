"""What each role is told first, as it follows from the board."""

import msgspec

from engine.briefs import review_brief, work_brief
from engine.core.entities import Task
from engine.core.ids import TaskId
from engine.crew.brief import Evidence
from tests.engine.jobs import job_at


def sibling(name: str, title: str) -> Task:
    return Task(TaskId(name), job_at("b").run.id, title, "tester", "planned", "now", "now")


def test_a_reviewer_knows_what_belongs_to_other_tasks():
    job = msgspec.structs.replace(job_at("b"), others=(sibling("T9", "Test the import"),))
    assert "- T9 (tester, planned): Test the import" in review_brief(job, Evidence())


def test_a_planner_knows_what_is_planned_already():
    job = msgspec.structs.replace(job_at("b", role="planner"), planned=(sibling("T9", "Test the import"),))
    assert "- T9 (tester, planned): Test the import" in work_brief(job, ())


def test_a_crowd_of_other_tasks_is_counted_and_not_listed():
    job = msgspec.structs.replace(
        job_at("b"), others=tuple(sibling(f"T{number}", f"Task {number}") for number in range(100, 200))
    )
    text = work_brief(job, ())
    assert "- and 40 more" in text
    assert "T199" not in text
