"""Secrets in a worker's files: it is told the place and can mend it, and no object of git ever holds one."""

import subprocess

from engine.agent.outcome import Limits
from engine.cell.types import Cell, CellSpec
from engine.site import Sites
from engine.work import Submitted
from engine.workspace.repository import Repository
from tests.engine.jobs import job_at
from tests.engine.test_attempt import MEND, SECRET, failed, work
from tests.fakes.model import calls
from tests.fakes.role_model import done, runs


def objects_of(repository: Repository) -> bytes:
    command = ["git", "cat-file", "--batch-all-objects", "--batch", "--unordered"]
    return subprocess.run(command, cwd=repository.path, check=True, capture_output=True).stdout


LEAK = runs(f"printf KEY={SECRET} > settings.ini; git add -A; git commit -qm {SECRET}")


def test_a_worker_with_a_secret_in_its_files_is_told_where_and_can_mend_it(calc: Repository, sites: Sites):
    seen = done("the key is in its place"), runs("rm settings.ini"), done("mended")
    outcome, batches = work(sites, job_at(calc.branch_tip("main")), [MEND, LEAK, *seen])
    assert isinstance(outcome, Submitted), outcome
    assert b"not accepted: there is a secret in settings.ini:1" in b"".join(batch.content for batch in batches)
    assert calc.read_file(outcome.commit, "settings.ini") is None
    assert SECRET.encode() not in objects_of(calc)


def test_a_secret_that_appears_after_the_last_look_fails_the_attempt(calc: Repository, sites: Sites):
    opened = sites._cells.open

    async def opens(spec: CellSpec) -> Cell:
        cell = await opened(spec)
        close = cell.close

        async def closes() -> None:
            (spec.worktree / "late.ini").write_text(SECRET)
            await close()

        cell.close = closes  # type: ignore[method-assign]  # as if a process wrote until it was killed
        return cell

    sites._cells.open = opens  # type: ignore[method-assign]  # see above
    outcome = failed(work(sites, job_at(calc.branch_tip("main")), [MEND, done()])[0])
    assert (outcome.failure, "late.ini:1" in outcome.detail) == ("wrong_result", True)
    assert SECRET.encode() not in objects_of(calc)


def test_an_attempt_that_is_cut_off_with_a_secret_in_its_files_leaves_no_object(calc: Repository, sites: Sites):
    outcome, _ = work(sites, job_at(calc.branch_tip("main")), [MEND, LEAK], limits=Limits(max_turns=2))
    assert failed(outcome).failure == "stuck"
    diff = failed(outcome).evidence.files["runs/R1/logs/T3/a1/diff.patch"]
    assert b"no diff: there is a secret in settings.ini:1" in diff
    assert SECRET.encode() not in objects_of(calc)


def test_parts_are_not_divided_off_while_there_is_a_secret_in_the_files(calc: Repository, sites: Sites):
    part = {"key": "k", "title": "t", "role": "coder", "description": "d", "criteria": [{"text": "t", "check": "true"}]}
    divide = calls(("create_subtasks", {"tasks": [part], "progress": "so far"}))
    _, batches = work(sites, job_at(calc.branch_tip("main")), [LEAK, divide, calls(("escalate", {"reason": "no"}))])
    assert b"The subtasks were not accepted: there is a secret in settings.ini:1" in batches[-1].content
    assert SECRET.encode() not in objects_of(calc)
