"""Stories of the real engine: real git, real cells, a model that plays the crew. What a user was promised, seen from outside."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import pytest

from engine.core import events as e
from engine.core.entities import GateSpec
from engine.model.types import ModelError, Reply, Request
from tests.fakes.role_model import RoleModel, done, planned, rejects, replaces, runs, writes
from tests.fakes.workshop import CALC, JUNIT, R1, Workshop, tell, tidied

ADD = "python3 -m unittest -q test_calc.Calc.test_add"
MEND_ADD = (replaces("calc.py", "a - b", "a + b"), done("add adds"))


def test_a_mended_fault_lands_with_a_receipt_and_leaves_nothing_behind(tmp_path: Path):
    shop = Workshop(tmp_path)
    model = RoleModel([planned("Mend add")], work={"Mend add": [MEND_ADD]})

    async def story() -> None:
        async with shop.engine(model) as shift:
            await shift.start()
            assert await shift.over() == "completed"

    tell(story())
    assert "a + b" in shop.show("calc.py")
    assert (shop.folder / "calc.py").read_text() == shop.show("calc.py") + "\n"
    assert shop.git("status", "--porcelain") == ""
    shop.assert_receipts_hold()
    shop.assert_nothing_is_left()


def test_a_claim_without_a_change_is_a_failed_attempt_that_the_next_one_hears_of(tmp_path: Path):
    shop = Workshop(tmp_path)
    model = RoleModel([planned("Mend add")], work={"Mend add": [[done("all is well")], MEND_ADD]})

    async def story() -> None:
        async with shop.engine(model) as shift:
            await shift.start()
            assert await shift.over() == "completed"
            first, second = shift.task("Mend add").attempts
            assert first.failure == "wrong_result"
            assert "nothing was changed" in first.detail
            assert second.failure == ""

    tell(story())
    assert "nothing was changed" in model.briefs("Mend add")[1]


def test_a_deleted_test_is_rejected_before_any_model_is_asked(tmp_path: Path):
    shop = Workshop(tmp_path)
    cheat = [
        replaces("test_calc.py", "    def test_add(self):\n        self.assertEqual(calc.add(1, 2), 3)\n\n", ""),
        done("green now"),
    ]
    model = RoleModel([planned("Mend add", check="python3 -m unittest -q")], work={"Mend add": [cheat, MEND_ADD]})

    async def story() -> None:
        async with shop.engine(model) as shift:
            await shift.start()
            assert await shift.over() == "completed"
            first = shift.task("Mend add").attempts[0]
            assert first.failure == "tests_red"
            assert "test_add was removed" in first.detail

    tell(story())
    assert sum("/a1/review" in request.label for request in model.requests) == 0
    assert "test_add" in shop.show("test_calc.py")


def test_a_red_check_is_never_complete_whatever_is_claimed(tmp_path: Path):
    shop = Workshop(tmp_path)
    wrong = [replaces("calc.py", "a - b", "a"), done("all green, I promise")]
    model = RoleModel([planned("Mend add", check=ADD)], work={"Mend add": [wrong, MEND_ADD]})

    async def story() -> None:
        async with shop.engine(model) as shift:
            await shift.start()
            assert await shift.over() == "completed"
            assert "red check" in shift.task("Mend add").attempts[0].detail

    tell(story())
    second = model.briefs("Mend add")[1]
    assert "+    return a\n" in second
    assert "FAILED" in second
    assert "a - b" not in shop.show("calc.py")


def test_green_alone_and_red_together_is_tried_again_with_the_earlier_diff_in_the_brief(tmp_path: Path):
    files = {
        "limits.py": "HIGH = 5\nPAD_1 = 0\nPAD_2 = 0\nPAD_3 = 0\nLOW = 1\n",
        "test_limits.py": (
            "import unittest\n\nimport limits\n\n\nclass Limits(unittest.TestCase):\n"
            "    def test_order(self):\n        self.assertLess(limits.LOW, limits.HIGH)\n"
        ),
        ".gitignore": "__pycache__/\n",
    }
    shop = Workshop(tmp_path, files)
    landed = asyncio.Event()

    async def when_the_other_has_landed(_: Request) -> Reply:
        await landed.wait()
        return done("raised")

    model = RoleModel(
        [
            planned("Lower high", check="grep -q 'HIGH = 3' limits.py"),
            planned("Raise low", check="grep -q LOW limits.py"),
        ],
        work={
            "Lower high": [[replaces("limits.py", "HIGH = 5", "HIGH = 3"), done("lowered")]],
            "Raise low": [
                [replaces("limits.py", "LOW = 1", "LOW = 4"), when_the_other_has_landed],
                [replaces("limits.py", "LOW = 1", "LOW = 2"), done("raised less")],
            ],
        },
    )

    async def story() -> None:
        async with shop.engine(model) as shift:
            await shift.start()
            await shift.until(lambda board: board.runs[R1].landed == 1)
            landed.set()
            assert await shift.over() == "completed"
            first = shift.task("Raise low").attempts[0]
            assert first.failure == "merged_red"
            assert first.commit

    tell(story())
    second = model.briefs("Raise low")[1]
    assert "### Attempt 1: merged_red" in second
    assert "+LOW = 4" in second
    assert shop.show("limits.py").splitlines()[::4] == ["HIGH = 3", "LOW = 2"]
    shop.assert_receipts_hold()


@pytest.mark.parametrize("around", [nullcontext, tidied])
def test_a_conflict_is_an_attempt_of_the_same_task_and_loses_no_work(
    tmp_path: Path, around: Callable[[Workshop], AbstractContextManager[None]]
):
    shop = Workshop(tmp_path)
    landed = asyncio.Event()

    async def when_the_other_has_landed(_: Request) -> Reply:
        await landed.wait()
        return done("documented")

    joined = CALC["calc.py"].replace("    return a - b", '    """The sum."""\n    return a + b')
    document = replaces("calc.py", "    return a - b", '    """The sum."""\n    return a - b')
    model = RoleModel(
        [planned("Mend add"), planned("Document sum", check="grep -q 'The sum' calc.py")],
        work={
            "Mend add": [MEND_ADD],
            "Document sum": [
                [document, when_the_other_has_landed],
                [done("as it stands")],
                [writes("joined.txt", joined), runs("mv joined.txt calc.py"), done("documented, and mended")],
            ],
        },
    )

    async def story() -> None:
        async with shop.engine(model) as shift:
            await shift.start()
            await shift.until(lambda board: board.runs[R1].landed == 1)
            landed.set()
            assert await shift.over() == "completed"
            failures = [attempt.failure for attempt in shift.task("Document sum").attempts]
            assert failures == ["conflict", "wrong_result", ""]

    with around(shop):
        tell(story())
    assert "calc.py" in model.briefs("Document sum")[1].split("## Earlier attempts")[1]
    assert '"""The sum."""\n    return a + b' in shop.show("calc.py")
    mergers = {r.messages[1].content for r in model.requests if r.messages[0].content.startswith("You are the merger")}
    assert len(mergers) == 2
    for side in ("in the merge base", "on the target", "in the work to be merged"):
        assert all(f"calc.py {side}" in merger for merger in mergers)


def test_two_faults_of_a_red_repository_land_one_after_the_other(tmp_path: Path):
    broken = {
        "calc.py": "def add(a, b):\n    return a - b\n\n\ndef mul(a, b):\n    return a + b\n",
        "test_calc.py": CALC["test_calc.py"],
        "report.py": JUNIT, ".gitignore": "__pycache__/\n",
    }  # fmt: skip
    shop = Workshop(tmp_path, broken)
    mul = "python3 -m unittest -q test_calc.Calc.test_mul"
    model = RoleModel(
        [planned("Mend add", check=ADD), planned("Mend mul", "add", check=mul)],
        work={
            "Mend add": [MEND_ADD],
            "Mend mul": [
                [replaces("calc.py", "def mul(a, b):\n    return a + b", "def mul(a, b):\n    return a * b"), done()]
            ],
        },
    )

    async def story() -> None:
        async with shop.engine(model) as shift:
            await shift.start(GateSpec("tests", "python3 report.py", junit="report.xml"))
            assert await shift.over() == "completed"
            receipt = shift.task("Mend add").receipt
            assert receipt is not None
            assert [(gate.passed, gate.failed) for gate in receipt.gates] == [(1, 1)]

    tell(story())
    shop.assert_receipts_hold()


def test_a_model_that_fails_during_the_review_gives_no_verdict(tmp_path: Path):
    shop = Workshop(tmp_path)
    model = RoleModel(
        [planned("Mend add")], work={"Mend add": [MEND_ADD]},
        reviews={"Mend add": [ModelError("the answer was garbled", "context")]},
    )  # fmt: skip

    async def story() -> None:
        async with shop.engine(model) as shift:
            await shift.start()
            assert await shift.over() == "completed"
            assert len(shift.task("Mend add").attempts) == 1

    tell(story())
    assert sum(isinstance(event, e.ReviewDeferred) for event in shop.records()) == 1


def test_a_rejection_reaches_the_next_attempt_in_the_reviewers_words(tmp_path: Path):
    shop = Workshop(tmp_path)
    model = RoleModel(
        [planned("Mend add")], work={"Mend add": [MEND_ADD]}, reviews={"Mend add": [rejects("say why in a comment")]}
    )

    async def story() -> None:
        async with shop.engine(model) as shift:
            await shift.start()
            assert await shift.over() == "completed"

    tell(story())
    assert "say why in a comment" in model.briefs("Mend add")[1]


def test_the_users_unsaved_work_survives_a_landing_and_an_overlap_asks(tmp_path: Path):
    shop = Workshop(tmp_path, CALC | {"notes.txt": "plans\n"})
    model = RoleModel(
        [planned("Mend add"), planned("Note it", "add", check="grep -q noted notes.txt")],
        work={"Mend add": [MEND_ADD], "Note it": [[replaces("notes.txt", "plans", "noted"), done()]]},
    )
    mine = "plans, half written"

    async def story() -> None:
        async with shop.engine(model) as shift:
            await shift.start()
            (shop.folder / "notes.txt").write_text(mine)
            question = await shift.asked()
            assert question.kind == "checkout"
            assert "notes.txt" in question.evidence
            assert (shop.folder / "notes.txt").read_text() == mine
            assert "a + b" in (shop.folder / "calc.py").read_text()
            shop.git("checkout", "notes.txt")
            await shift.answer("land_now")
            assert await shift.over() == "completed"
            assert len(shift.task("Note it").attempts) == 1

    tell(story())
    assert (shop.folder / "notes.txt").read_text() == "noted\n"
    shop.assert_nothing_is_left()


def test_a_retry_starts_from_a_clean_tree_and_nothing_of_the_failed_attempt_lands(tmp_path: Path):
    shop = Workshop(tmp_path)
    litter = [writes("litter.txt", "old\n"), runs("touch junk; git add -A; git commit -qm x; git branch mine"), done()]
    clean = [runs("test ! -e litter.txt && test ! -e junk && echo $(git status --short) clean"), *MEND_ADD]
    model = RoleModel([planned("Mend add")], work={"Mend add": [litter, clean]})

    async def story() -> None:
        async with shop.engine(model) as shift:
            await shift.start()
            assert await shift.over() == "completed"

    tell(story())
    shown = [m.content for r in model.requests if "/a2" in r.label for m in r.messages if m.role == "tool"]
    assert any("exit code: 0\n```\nclean" in text for text in shown)
    assert "litter.txt" not in shop.git("ls-tree", "--name-only", "main")
    assert "mine" not in shop.git("branch", "--list")


@pytest.mark.slow
def test_five_failures_ask_a_person_and_a_retry_with_changes_lands(tmp_path: Path):
    shop = Workshop(tmp_path)
    empty = [done("nothing to do")]
    model = RoleModel([planned("Mend add")], work={"Mend add": [*[empty] * 5, MEND_ADD]})

    async def story() -> None:
        async with shop.engine(model) as shift:
            await shift.start()
            question = await shift.asked()
            assert "failed 5 times" in question.question
            await shift.answer("retry_with_changes", changes="replace the minus")
            assert await shift.over() == "completed"

    tell(story())
    sixth = model.briefs("Mend add")[5]
    assert "replace the minus" in sixth
    assert "### Attempt 5" in sixth


def test_red_gates_at_the_end_ask_and_a_new_plan_completes_the_run(tmp_path: Path):
    broken = CALC | {"calc.py": "def add(a, b):\n    return a - b\n\n\ndef mul(a, b):\n    return a + b\n"}
    shop = Workshop(tmp_path, broken)
    mend_mul = replaces("calc.py", "def mul(a, b):\n    return a + b", "def mul(a, b):\n    return a * b")
    model = RoleModel(
        [planned("Mend add", check=ADD)], [planned("Mend mul")],
        work={"Mend add": [MEND_ADD], "Mend mul": [[mend_mul, done()]]},
    )  # fmt: skip

    async def story() -> None:
        async with shop.engine(model) as shift:
            await shift.start()
            question = await shift.asked()
            assert question.kind == "run_red"
            assert "test_mul" in question.evidence
            await shift.answer("replan")
            assert await shift.over() == "completed"

    tell(story())
