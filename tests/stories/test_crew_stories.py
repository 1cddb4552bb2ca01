"""The crew at work on a real repository: what one finds out reaches the others, and what one can't do finds its way."""

from pathlib import Path

import msgspec
import pytest

from engine.core import events as e
from engine.model.types import Reply
from tests.fakes.model import calls
from tests.fakes.role_model import RoleModel, done, planned, replaces, writes
from tests.fakes.workshop import R1, Workshop, tell

MEND = replaces("calc.py", "a - b", "a + b")
PART = planned("Write tables", check="test -f tables.txt")


def found(source: str = "calc.py:2") -> Reply:
    finding = {"statement": "half up", "sources": [source], "confidence": "sure"}
    return calls(("finish", {"summary": "round half up", "findings": [finding]}))


@pytest.fixture
def workshop(tmp_path: Path) -> Workshop:
    return Workshop(tmp_path)


def test_an_insight_is_on_the_state_branch_and_in_the_prompt_of_whom_it_concerns(workshop: Workshop):
    insight = {"summary": "sk-planted-0123456789abcdef: mul is used by nobody", "paths": ["calc.py"]}
    settled = {"area": "names", "summary": "functions are verbs", "reason": "so are the old ones"}
    model = RoleModel(
        [planned("Mend add"), planned("Extend calc", "add", check="grep -q div calc.py")],
        work={
            "Mend add": [[calls(("post_insight", insight), ("log_design_decision", settled)), MEND, done()]],
            "Extend calc": [[replaces("calc.py", "a * b", "a * b\n\n\ndef div(a, b):\n    return a / b"), done()]],
        },
    )

    async def story() -> None:
        async with workshop.engine(model) as shift:
            await shift.start()
            assert await shift.over() == "completed"

    tell(story())
    (brief,) = model.briefs("Extend calc")
    assert "Insights of other workers" in brief
    assert "mul is used by nobody" in brief
    assert "functions are verbs (so are the old ones)" in brief
    kept = msgspec.json.decode(workshop.show("runs/R1/insights/I1.json", "orch-state"))
    assert kept["summary"].endswith("mul is used by nobody")
    assert "sk-planted" not in str(kept) + brief
    assert workshop.show("runs/R1/design-log/L1.json", "orch-state")
    assert "T3 posted insight I1 by coder" in workshop.git("log", "--format=%s", "orch-state")
    workshop.assert_receipts_hold()


def test_research_is_done_and_its_findings_are_told_to_who_asked(workshop: Workshop):
    model = RoleModel(
        [planned("Mend add")],
        work={
            "Mend add": [
                [calls(("escalate", {"kind": "needs_research", "reason": "Which rounding?"}))],
                [MEND, done()],
            ],
            "Research for T3, attempt 1": [[found("nowhere.py:3"), found()]],
        },
    )

    async def story() -> None:
        async with workshop.engine(model) as shift:
            await shift.start()
            assert await shift.over() == "completed"
            assert shift.task("Research for T3, attempt 1").state == "complete"

    tell(story())
    assert "Which rounding?" in model.briefs("Research for T3, attempt 1")[0]
    refused = next(r for r in model.requests if "nowhere.py:3" in r.messages[-1].content)
    assert "no https address and no file here" in refused.messages[-1].content
    assert "half up (sure; calc.py:2)" in model.briefs("Mend add")[1]
    assert "it waits for research" in model.briefs("Mend add")[1]
    workshop.assert_receipts_hold()


def test_a_divided_task_goes_on_when_its_parts_have_landed_with_what_it_did_in_view(workshop: Workshop):
    divide = calls(("create_subtasks", {"tasks": [PART], "progress": "add is mended, tables are missing"}))
    model = RoleModel(
        [planned("Mend add", check="python3 -m unittest -q && test -f tables.txt")],
        work={
            "Mend add": [[MEND, divide], [calls(("read_file", {"path": "calc.py"})), done()]],
            "Write tables": [[writes("tables.txt", "1 2 3\n"), done()]],
        },
    )

    async def story() -> None:
        async with workshop.engine(model) as shift:
            await shift.start()
            assert await shift.over() == "completed"
            assert shift.task("Mend add").tries == 0

    tell(story())
    again = model.briefs("Mend add")[1]
    assert "is in your tree, and not committed" in again
    assert "a + b" in next(m.content for r in model.requests if r.label == "R1/T3/a2" for m in r.messages[3:])
    assert "add is mended, tables are missing" in again
    assert "which is not in your tree" not in again
    assert [type(event) for event in workshop.records()].count(e.WorkSuspended) == 1
    workshop.assert_receipts_hold()
    workshop.assert_nothing_is_left()


def test_several_domains_are_one_plan_that_a_person_lets_begin(workshop: Workshop):
    domains = [{"title": "Sums", "description": "add"}, {"title": "Quotients", "description": "div"}]
    div = replaces("calc.py", "return a * b", "return a * b\n\n\ndef div(a, b):\n    return a / b")
    needy = planned("Write div", check="grep -q div calc.py", needs=["a sum that is right"])
    model = RoleModel(
        [planned("Mend add")],
        [needy, planned("Sing", check="true")],
        domains=domains,
        joined=[
            calls(("finish", {"rejected": [{"task": "T7", "reason": "nobody asked for music"}]})),
            calls(
                ("finish", {
                    "links": [{"task": "T6", "after": "T5", "reason": "the sum"}],
                    "rejected": [{"task": "T7", "reason": "nobody asked for music"}],
                })
            ),
        ],
        work={"Mend add": [[MEND, done()]], "Write div": [[div, done()]]},
    )  # fmt: skip

    async def story() -> None:
        async with workshop.engine(model) as shift:
            # One at a time, so that the tasks have these numbers.
            await shift.start(plan_first=True, joins_plans=True, max_workers=1)
            asked = await shift.asked()
            assert "Shall it begin?" in asked.question
            assert "T6 (coder, after T4, T5): Write div" in asked.evidence
            assert [task.attempts for task in shift.board.run_tasks(R1)][-3:] == [(), (), ()]
            await shift.answer("approve")
            assert await shift.over() == "completed"
            assert shift.task("Sing").reason == "nobody asked for music"

    tell(story())
    told = [r.messages[-1].content for r in model.requests if "integrator" in r.messages[0].content.split("\n")[0]]
    assert "needs: a sum that is right" in told[0]
    assert "T6 needs a sum that is right: link it, or answer it" in told[1]
    workshop.assert_receipts_hold()
