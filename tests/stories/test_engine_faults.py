"""Stories of the real engine when it is interrupted, stopped or robbed: nothing is lost, done twice or left behind."""

import asyncio
import re
import subprocess
import time
from pathlib import Path

import pytest

from engine.core import commands as c
from engine.core import events as e
from engine.model.types import Request
from engine.options import Options
from tests.fakes.model import says
from tests.fakes.role_model import RoleModel, done, planned, rejects, replaces, runs
from tests.fakes.workshop import SECRET, Workshop, processes_of, soon, tell, tidied

MEND_ADD = (replaces("calc.py", "a - b", "a + b"), done("add adds"))


def mending() -> RoleModel:
    return RoleModel([planned("Mend add")], work={"Mend add": [MEND_ADD]})


def test_an_interrupt_kills_a_command_that_ignores_term_within_a_second(tmp_path: Path):
    shop = Workshop(tmp_path)
    mark = f"stubborn-{tmp_path.name}"
    stubborn = f"trap '' TERM INT HUP; (setsid sh -c 'trap \"\" TERM; sleep 77; : {mark}' &); sleep 77; : {mark}"
    model = RoleModel([planned("Mend add")], work={"Mend add": [[runs(stubborn), done()], MEND_ADD]})

    async def story() -> None:
        async with shop.engine(model) as shift:
            await shift.start()
            await shift.until(lambda board: any(board.tasks[name].role == "coder" for name in board.in_state["active"]))
            await soon(lambda: len(processes_of(mark)) >= 2, within_s=10)
            began = time.monotonic()
            await shift.order(c.InterruptTask(shift.task("Mend add").id, "too slow"))
            await soon(lambda: not processes_of(mark), within_s=1)
            assert time.monotonic() - began < 1
            assert shift.task("Mend add").state == "waiting_human"
            await shift.answer("retry")
            assert await shift.over() == "completed"

    tell(story())
    shop.assert_nothing_is_left()


@pytest.mark.parametrize("moment", ["active", "awaiting_qa", "approved"])
def test_an_engine_that_is_stopped_in_the_middle_goes_on_where_it_was(tmp_path: Path, moment: str):
    shop = Workshop(tmp_path)
    model = mending()

    async def story() -> None:
        async with shop.engine(model) as shift:
            await shift.start()
            await shift.until(
                lambda board: any(task.title == "Mend add" and task.state == moment for task in board.tasks.values())
            )
        assert processes_of(str(shop.folder)) == []
        async with shop.engine(model) as shift:
            assert await shift.over() == "completed"

    tell(story())
    kinds = [type(event) for event in shop.records()]
    assert kinds.count(e.WorkMerged) == 1
    assert kinds.count(e.RunCompleted) == 1
    assert len(shop.git("log", "--merges", "--format=%h", "main").split()) == 1
    shop.assert_receipts_hold()
    shop.assert_nothing_is_left()


def test_a_crash_between_the_receipt_and_the_landing_merges_once(tmp_path: Path):
    shop = Workshop(tmp_path)
    model = mending()

    async def story() -> None:
        async with shop.engine(model) as shift:
            await shift.start()
            await shift.until(lambda board: any(t.receipt and t.state == "approved" for t in board.tasks.values()))
        async with shop.engine(model) as shift:
            assert await shift.over() == "completed"

    tell(story())
    assert len(shop.git("log", "--merges", "--format=%h", "main").split()) == 1
    shop.assert_receipts_hold()


def test_a_planted_secret_is_in_no_object_of_the_repository(tmp_path: Path):
    shop = Workshop(tmp_path)
    (shop.folder / ".env").write_text("DB_PASSWORD=p4ssw0rd-of-db\n")
    (shop.folder / ".git/info/exclude").write_text(".env\n")
    spread = (
        f"echo the key is {SECRET}; printf KEY={SECRET} > settings.ini; touch '{SECRET}.txt'; ln -s /keys/{SECRET} link; cat .env;"
        f". ./.env; mkdir conf; printf $DB_PASSWORD > conf/db; git add -A -f; git commit -qm {SECRET}; git tag {SECRET}"
    )
    mend = runs(f"rm -r settings.ini link conf '{SECRET}.txt'")
    leak = [runs(spread), replaces("calc.py", "a - b", "a + b"), done(f"I saw {SECRET}"), mend, done(f"I saw {SECRET}")]
    title = "Mend add [redacted]"
    model = RoleModel(
        [planned(f"Mend add {SECRET}", key="add")],
        work={title: [[done(f"nothing but {SECRET}")], [runs(spread), *[says(f"{SECRET}!")] * 3], leak]},
        reviews={title: [rejects(f"{SECRET} is in the summary")]},
    )

    async def story() -> None:
        async with shop.engine(model, Options("m", include=(".env",))) as shift:
            await shift.start()
            assert await shift.over() == "completed"

    tell(story())
    assert any(
        "conf/db:1, link:1, settings.ini:1, the name of a file" in m.content for r in model.requests for m in r.messages
    )
    command = ["git", "cat-file", "--batch-all-objects", "--batch", "--unordered"]
    objects = subprocess.run(command, cwd=shop.folder, check=True, capture_output=True).stdout
    assert b"[redacted]" in objects
    for secret in (SECRET, "p4ssw0rd-of-db"):
        assert secret.encode() not in objects


def test_a_deleted_target_branch_asks_a_person_and_stops_nothing(tmp_path: Path):
    shop = Workshop(tmp_path)
    gone = asyncio.Event()

    async def after_the_branch_is_gone(_: Request):
        await gone.wait()
        return done("add adds")

    model = RoleModel([planned("Mend add")], work={"Mend add": [[MEND_ADD[0], after_the_branch_is_gone], MEND_ADD]})

    async def story() -> None:
        async with shop.engine(model) as shift:
            await shift.start()
            await shift.until(lambda board: any(board.tasks[name].role == "coder" for name in board.in_state["active"]))
            shop.git("switch", "-q", "-c", "elsewhere")
            shop.git("branch", "-D", "main")
            gone.set()
            question = await shift.asked()
            assert re.search(r"no branch 'main'", question.evidence)
            shop.git("branch", "main", "elsewhere")
            await shift.answer("retry")
            assert await shift.over() == "completed"

    tell(story())


def test_a_branch_of_an_attempt_that_a_person_deletes_costs_no_work(tmp_path: Path):
    shop = Workshop(tmp_path)

    async def story() -> None:
        async with shop.engine(mending()) as shift:
            await shift.start()
            await shift.until(lambda board: bool(board.in_state["awaiting_qa"]))
            shop.git("branch", "-D", "orch/R1/T3/a1")
            assert await shift.over() == "completed"

    tell(story())
    shop.assert_nothing_is_left()


def test_a_reached_budget_asks_before_any_call_and_a_raise_completes_the_run(tmp_path: Path):
    shop = Workshop(tmp_path)
    model = mending()

    async def story() -> None:
        async with shop.engine(model) as shift:
            await shift.start(budget_tokens=1_000)
            question = await shift.asked()
            assert question.kind == "budget"
            assert "1,000 tokens" in question.evidence
            assert model.requests == []
            await shift.answer("raise_budget", budget_tokens=5_000_000)
            assert await shift.over() == "completed"

    tell(story())


def test_git_may_pack_and_prune_all_through_attempts_and_their_landings(tmp_path: Path):
    shop = Workshop(tmp_path)
    mul = [replaces("calc.py", "a * b", "b * a"), done("mul multiplies")]
    model = RoleModel(
        [planned("Mend add"), planned("Mend mul", "add", check="grep -q 'b \\* a' calc.py")],
        work={"Mend add": [[done("nothing")], MEND_ADD], "Mend mul": [mul]},
    )

    async def story() -> None:
        async with shop.engine(model) as shift:
            await shift.start()
            assert await shift.over() == "completed"
            assert [attempt.failure for attempt in shift.task("Mend add").attempts] == ["wrong_result", ""]
            assert [attempt.failure for attempt in shift.task("Mend mul").attempts] == [""]

    with tidied(shop):
        tell(story())
    shop.assert_receipts_hold()
    shop.assert_nothing_is_left()
