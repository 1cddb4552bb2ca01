"""Tests that come first, documents, and conflicts, on a real repository: what the engine proves, and what it refuses."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from engine.gates.judge import not_yet_red
from engine.gates.run import CheckResult
from engine.model.types import Reply, Request
from engine.store.gitlog import GitLog
from engine.verify import verify
from tests.fakes.model import calls
from tests.fakes.role_model import RoleModel, done, planned, replaces, runs, writes
from tests.fakes.workshop import R1, Workshop, tell

CHECK = "python3 -m unittest -q test_div"
TESTS = "import unittest\n\nimport calc\n\n\nclass Div(unittest.TestCase):\n    def test_div(self):\n        self.assertEqual(calc.div(6, 3), 2)\n"
GREEN_TESTS = TESTS.replace("calc.div(6, 3), 2", "2, 2")
DIV = replaces("calc.py", "return a * b", "return a * b\n\n\ndef div(a, b):\n    return a / b")
MEND = replaces("calc.py", "a - b", "a + b")


@pytest.fixture
def workshop(tmp_path: Path) -> Workshop:
    return Workshop(tmp_path)


def plan() -> list[dict[str, Any]]:
    mend = planned("Mend add", check="python3 -m unittest -q test_calc")
    show = planned("Show div", check=CHECK, role="test_architect")
    write = planned("Write quotient", "div", "add", check=CHECK)
    return [mend, show, write]


def verified(workshop: Workshop) -> None:
    log = GitLog.open(workshop.folder)
    try:
        assert verify(workshop.repository, log) == ()
    finally:
        log.close()


def test_tests_are_proven_red_handed_to_the_coder_and_land_with_the_code(workshop: Workshop):
    model = RoleModel(
        plan(),
        work={
            "Mend add": [[MEND, done()]],
            "Show div": [
                [writes("test_div.py", GREEN_TESTS), done()],
                [replaces("calc.py", "a * b", "b * a"), writes("test_div.py", TESTS), done()],
            ],
            "Write quotient": [
                [runs("sed -i 's/calc.div(6, 3), 2/2, 2/' test_div.py"), MEND_NOTHING, done()],
                [replaces("test_div.py", "6, 3", "2, 1"), DIV, done()],
            ],
        },
    )

    async def story() -> None:
        async with workshop.engine(model) as shift:
            await shift.start()
            assert await shift.over() == "completed"
            show, write = shift.task("Show div"), shift.task("Write quotient")
            assert "green already" in show.attempts[0].detail
            assert show.carried_by == write.id
            assert "belongs to the tests of" in write.attempts[0].detail
            assert show.attempt is not None
            assert workshop.repository.is_ancestor(show.attempt.commit, workshop.repository.branch_tip("main"))

    tell(story())
    brief = model.briefs("Write quotient")[0]
    assert "turn them green, you may not change them" in brief
    assert "test_div.py" in brief
    refused = [r.messages[-1].content for r in model.requests]
    assert any("belongs to the tests that were handed to you" in text for text in refused)
    assert any("your role changes tests and what they need" in text for text in refused)
    assert workshop.show("test_div.py") == TESTS.strip()
    verified(workshop)
    workshop.assert_nothing_is_left()


MEND_NOTHING = calls(("read_file", {"path": "calc.py"}))


def test_a_writer_changes_documents_alone_whatever_tool_it_takes(workshop: Workshop):
    model = RoleModel(
        [planned("Mend add"), planned("Describe sums", check="grep -q adds README.md", role="writer")],
        work={
            "Mend add": [[MEND, done()]],
            "Describe sums": [
                [writes("calc2.py", "x = 1\n"), runs("echo x > calc3.py"), writes("README.md", "It adds.\n"), done()],
                [writes("README.md", "It adds.\n"), done()],
            ],
        },
    )

    async def story() -> None:
        async with workshop.engine(model) as shift:
            await shift.start()
            assert await shift.over() == "completed"
            assert (
                "calc3.py was changed, and a writer changes documents" in shift.task("Describe sums").attempts[0].detail
            )

    tell(story())
    assert any("your role changes documents" in r.messages[-1].content for r in model.requests)
    assert "calc3.py" not in workshop.git("ls-tree", "--name-only", "main")
    verified(workshop)


def test_conflict_marks_that_are_left_fail_the_attempt(workshop: Workshop):
    landed = asyncio.Event()

    async def when_the_other_has_landed(_: Request) -> Reply:
        await landed.wait()
        return done()

    twice = replaces("calc.py", "    return a - b", "    return 1 * a + b")
    model = RoleModel(
        [planned("Mend add", check="true"), planned("Scale sums", check="grep -q 1 calc.py")],
        work={
            "Mend add": [[MEND, done()]],
            "Scale sums": [
                [twice, when_the_other_has_landed],
                [runs("grep -n '<<<<<<<' calc.py"), runs("touch x.txt"), done("left as it was")],
                [runs(r"sed -i '/^<<<<<<<\|^=======\|^>>>>>>>\|^    return a + b$/d' calc.py"), done()],
            ],
        },
    )

    async def story() -> None:
        async with workshop.engine(model) as shift:
            await shift.start()
            await shift.until(lambda board: board.runs[R1].landed == 1)
            landed.set()
            assert await shift.over() == "completed"
            attempts = shift.task("Scale sums").attempts
            assert [attempt.failure for attempt in attempts] == ["conflict", "wrong_result", ""]
            assert "conflict marks are left in calc.py" in attempts[1].detail

    tell(story())
    verified(workshop)
    workshop.assert_nothing_is_left()


def test_a_check_that_ran_no_test_is_not_red():
    def check(run: str, code: int) -> CheckResult:
        return CheckResult(run, code, cannot_start=code in (126, 127))

    assert "no test was run" in not_yet_red([check("python -m pytest -q t.py", 5)], [])[0]
    assert "unable to start" in not_yet_red([check("nothing", 127)], [])[0]
    assert "green already" in not_yet_red([check("true", 0)], [])[0]
    assert not_yet_red([check("python -m pytest -q t.py", 1)], []) == ()
