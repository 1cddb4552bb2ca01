"""What is said of work, and what follows: a ladder for what fails alike, tests that are wrong, the last look at the whole."""

from pathlib import Path

import pytest

from engine.model.types import Reply, Request
from engine.store.gitlog import GitLog
from engine.verify import verify
from tests.fakes.model import calls
from tests.fakes.role_model import RoleModel, done, planned, rejects, replaces, runs
from tests.fakes.workshop import CALC, R1, Workshop, tell

MEND = replaces("calc.py", "a - b", "a + b")
CHECK = "python3 -m unittest -q test_half"
HALF = "import unittest\n\nimport calc\n\n\nclass Half(unittest.TestCase):\n    def test_half(self):\n        self.assertEqual(calc.half(6), 2)\n"
WROTE = replaces("calc.py", "return a * b", "return a * b\n\n\ndef half(a):\n    return a / 2")


@pytest.fixture
def workshop(tmp_path: Path) -> Workshop:
    return Workshop(tmp_path)


def verdict(passed: bool, **more: object) -> Reply:
    judged = {"number": 1, "passed": passed, "evidence": "check 1"}
    return calls(("finish", {"passed": passed, "criteria": [judged]} | more))


def test_what_fails_twice_alike_is_tried_by_the_stronger_model(workshop: Workshop):
    wrong = [replaces("calc.py", "a - b", "a - b - 0"), done()]
    model = RoleModel([planned("Mend add")], work={"Mend add": [wrong, wrong, [MEND, done()]]})

    async def story() -> None:
        async with workshop.engine(model) as shift:
            ladder = ("brief", "stronger_model", "replan", "human")
            await shift.start(ladder=ladder, stronger_model="big")  # type: ignore[arg-type]  # what a story says about the run
            assert await shift.over() == "completed"
            assert shift.task("Mend add").step == "stronger_model"

    tell(story())
    thought = {r.label.rpartition("/")[2]: r.model for r in model.requests if r.label.startswith("R1/T3/a")}
    assert (thought["a1"], thought["a2"], thought["a3"]) == ("m", "m", "big")
    assert "with a stronger model" in workshop.git("log", "--format=%s", "orch-state")


def test_a_wrong_test_is_judged_mended_first_and_lands_with_the_work(tmp_path: Path):
    workshop = Workshop(tmp_path, CALC | {"test_half.py": HALF})
    dispute = {"summary": "half is right", "disputed_tests": ["test_half.py::test_half: 6 / 2 is 3"]}
    says = verdict(
        passed=False,
        feedback="The work is right.",
        fault="tests",
        wrong_tests=[{"path": "test_half.py::test_half", "why": "half of six is three"}],
    )
    title = "Mend the tests that T4 has to pass"
    model = RoleModel(
        [planned("Mend add", check="python3 -m unittest -q test_calc"), planned("Write half", check=CHECK)],
        work={
            "Mend add": [[MEND, done()]],
            "Write half": [[WROTE, calls(("finish", dispute))], [WROTE, done()]],
            title: [[replaces("test_half.py", "calc.half(6), 2", "calc.half(6), 3"), done()]],
        },
        reviews={"Write half": [says]},
    )

    async def story() -> None:
        async with workshop.engine(model) as shift:
            await shift.start()
            assert await shift.over() == "completed"
            write, mend = shift.task("Write half"), shift.task(title)
            assert (write.tries, mend.carried_by) == (0, write.id)
            assert "red check" in write.attempts[0].detail

    tell(story())
    review = next(r for r in model.requests if r.label == "R1/T4/a1/review")
    assert "Tests that the worker holds to be wrong" in review.messages[1].content
    assert "half of six is three" in model.briefs(title)[0]
    log = GitLog.open(workshop.folder)
    assert verify(workshop.repository, log) == ()
    log.close()


def test_red_work_never_lands_whatever_the_strategist_says_of_the_tests(tmp_path: Path):
    workshop = Workshop(tmp_path, CALC | {"test_half.py": HALF})
    dispute = {"summary": "half is right", "disputed_tests": ["test_half.py::test_half: 6 / 2 is 3"]}
    model = RoleModel(
        [planned("Write half", check=CHECK)],
        work={"Write half": [[WROTE, calls(("finish", dispute))]]},
        reviews={"Write half": [verdict(passed=True)] * 3},
    )

    async def story() -> None:
        async with workshop.engine(model) as shift:
            await shift.start(max_retries=1)
            await shift.asked()
            assert [attempt.failure for attempt in shift.task("Write half").attempts] == ["tests_red", "tests_red"]

    tell(story())


def test_the_whole_run_is_judged_on_its_target_before_it_completes(workshop: Workshop):
    model = RoleModel(
        [planned("Mend add")],
        work={"Mend add": [[MEND, runs("true"), done()]]},
        reviews={"Judge the whole of R1": [rejects("mul is not documented")]},
    )

    async def story() -> None:
        async with workshop.engine(model) as shift:
            await shift.start(acceptance=True)
            asked = await shift.asked()
            assert asked.evidence == "mul is not documented"
            assert shift.board.runs[R1].landed == 1
            await shift.answer("approve")
            assert await shift.over() == "completed"

    tell(story())
    (brief,) = model.briefs("Judge the whole of R1")
    assert "1. as asked" in brief
    assert "T3 (coder, complete, landed as " in brief
    assert "+    return a + b" in brief
    workshop.assert_receipts_hold()
    workshop.assert_nothing_is_left()


def test_a_guardian_nudges_and_what_it_saw_is_on_the_state_branch(workshop: Workshop):
    def looks(request: Request) -> Reply:
        seen = {"rating": "drifting", "confidence": 90, "trajectory": "away from add", "nudge": "add is in calc.py"}
        return calls(("finish", seen))

    model = RoleModel([planned("Mend add")], work={"Mend add": [[runs("ls"), runs("pwd"), MEND, done()]]})
    plain = model.complete

    async def complete(request: Request) -> Reply:
        if request.label.endswith("/guardian"):
            model.requests.append(request)
            return looks(request)
        return await plain(request)

    model.complete = complete  # type: ignore[method-assign]  # the crew, with one more in it

    async def story() -> None:
        async with workshop.engine(model) as shift:
            await shift.start(guardian_turns=2)
            assert await shift.over() == "completed"
            (nudge,) = shift.task("Mend add").attempts[0].nudges
            assert (nudge.turn, nudge.rating, nudge.tone) == (2, "drifting", "firm")

    tell(story())
    assert any("it is sure: add is in calc.py" in m.content for r in model.requests for m in r.messages)
    assert "drifting at turn 2 by guardian: add is in calc.py" in workshop.git("log", "--format=%s", "orch-state")
    log = GitLog.open(workshop.folder)
    assert verify(workshop.repository, log) == ()
    log.close()
