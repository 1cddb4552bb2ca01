"""Where an attempt begins: with tests that were handed over, in a conflict, or where the task was put off."""

from pathlib import Path

import msgspec
import pytest

from engine.beginning import HandedConflict, begin, context_of, missing_tests, unresolved, with_what_is_left
from engine.core.entities import Attempt
from engine.work import Job
from engine.workspace.repository import Repository
from tests.engine.jobs import NOW, job_at, shown_red
from tests.engine.workspace.target import commit, files_of, git, make_repository

CODE = "one\ntwo\nthree\n"


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return make_repository(tmp_path / "target", {"a.txt": CODE, "b.txt": "b\n"})


def beside(repository: Repository, **files: str) -> str:
    """A commit on a branch of its own, from main's first commit."""
    first = git(repository.path, "rev-list", "--max-parents=0", "main")
    git(repository.path, "checkout", "-q", "--detach", first)
    made = commit(repository.path, {name.replace("_", "."): text for name, text in files.items()})
    git(repository.path, "checkout", "-q", "main")
    return made


def tried(job: Job, failure: str, work: str) -> Job:
    """The job's next attempt, after one that ended so."""
    number = job.attempt
    before = Attempt(number, job.base, NOW, ended_at=NOW, commit=work, failure=failure, detail="x")  # type: ignore[arg-type]  # a kind
    attempts = (*job.task.attempts[:-1], before, Attempt(number + 1, job.base, NOW))
    return msgspec.structs.replace(job, task=msgspec.structs.replace(job.task, attempts=attempts), attempt=number + 1)


def test_an_ordinary_attempt_begins_at_the_tip(repository: Repository):
    tip = repository.branch_tip("main")
    found = begin(repository, job_at(tip))
    assert (found.commit, found.parents, found.given) == (tip, (tip,), ())
    assert context_of(found) == ()


def test_handed_tests_are_merged_with_the_tip_and_are_given(repository: Repository):
    base = repository.branch_tip("main")
    tests = beside(repository, test_py="red\n")
    tip = commit(repository.path, {"a.txt": "changed\n"})
    found = begin(repository, shown_red(job_at(tip), base, tests))
    assert set(files_of(repository, found.commit)) == {"a.txt", "b.txt", "test.py"}
    assert found.given == ("test.py",)
    assert repository.parents(found.commit) == (tip, tests)


def test_handed_tests_that_no_longer_fit_the_target_are_a_conflict(repository: Repository):
    base = repository.branch_tip("main")
    tests = beside(repository, a_txt="red\n")
    tip = commit(repository.path, {"a.txt": "changed\n"})
    with pytest.raises(HandedConflict, match=r"the tests of T2 conflict with main in a\.txt"):
        begin(repository, shown_red(job_at(tip), base, tests))


def test_a_merger_begins_in_the_conflict_with_all_versions_in_view(repository: Repository):
    work = beside(repository, a_txt="one\nTWO\nthree\n", b_txt="B\n")
    tip = commit(repository.path, {"a.txt": "one\n2\nthree\n"})
    job = tried(job_at(tip), "conflict", work)
    found = begin(repository, job)
    assert (job.role, found.parents) == ("merger", (tip, work))
    (side,) = found.sides
    assert (side.path, side.base, side.target, side.work) == ("a.txt", CODE, "one\n2\nthree\n", "one\nTWO\nthree\n")
    content = files_of(repository, found.commit)
    assert content["b.txt"] == b"B\n"
    assert unresolved(repository, found.commit, found.sides) == ["a.txt"]
    assert [part.title for part in context_of(found)] == [
        "a.txt in the merge base", "a.txt on the target", "a.txt in the work to be merged",
    ]  # fmt: skip


def test_after_a_merger_failed_the_next_one_begins_in_the_same_conflict_and_a_newer_one_goes_before(
    repository: Repository,
):
    work = beside(repository, a_txt="one\nTWO\nthree\n")
    tip = commit(repository.path, {"a.txt": "one\n2\nthree\n"})
    job = tried(tried(job_at(tip), "conflict", work), "stuck", "")
    found = begin(repository, job)
    assert (job.role, found.parents) == ("merger", (tip, work))
    again = tried(job, "conflict", beside(repository, a_txt="one\n3\nthree\n"))
    assert begin(repository, again).parents[1] != work
    assert with_what_is_left(repository, tried(job, "conflict", "d" * 40)).role == "merger"


def test_parts_that_a_merger_divided_off_are_gone_on_from_before_the_conflict_is(repository: Repository):
    tip = repository.branch_tip("main")
    half = tried(tried(job_at(tip), "conflict", beside(repository, b_txt="B\n")), "suspended", tip)
    assert (half.role, half.checkpoint and half.checkpoint.commit) == ("coder", tip)
    assert tried(half, "tests_red", "").role == "merger"


def test_a_merger_gets_the_tests_that_its_work_was_begun_without(repository: Repository):
    base = repository.branch_tip("main")
    tests, work = beside(repository, test_py="red\n"), beside(repository, a_txt="one\nTWO\nthree\n")
    tip = commit(repository.path, {"a.txt": "one\n2\nthree\n"})
    job = shown_red(tried(job_at(tip), "conflict", work), base, tests)
    found = begin(repository, job)
    assert (found.given, found.parents[1]) == (("test.py",), work)
    assert repository.parents(found.parents[0]) == (tip, tests)
    assert files_of(repository, found.commit)["test.py"] == b"red\n"
    assert missing_tests(repository, job, work).startswith("T3 came to depend on T2 after")
    assert missing_tests(repository, job, found.commit) == ""


def test_a_file_that_one_side_deleted_is_kept_and_said(repository: Repository):
    first = repository.branch_tip("main")
    git(repository.path, "checkout", "-q", "--detach", first)
    git(repository.path, "rm", "-q", "a.txt")
    git(repository.path, "commit", "-q", "-m", "gone")
    work = git(repository.path, "rev-parse", "HEAD")
    git(repository.path, "checkout", "-q", "main")
    tip = commit(repository.path, {"a.txt": "changed\n"})
    found = begin(repository, tried(job_at(tip), "conflict", work))
    assert files_of(repository, found.commit)["a.txt"] == b"changed\n"
    assert "(there is no such file)" in context_of(found)[2].text


def test_bytes_that_are_no_text_are_not_marked(repository: Repository):
    git(repository.path, "checkout", "-q", "--detach", repository.branch_tip("main"))
    (repository.path / "a.txt").write_bytes(b"\xff\xfe left\n")
    git(repository.path, "commit", "-qam", "bytes")
    work = git(repository.path, "rev-parse", "HEAD")
    git(repository.path, "checkout", "-q", "main")
    tip = commit(repository.path, {"a.txt": "right\n"})
    found = begin(repository, tried(job_at(tip), "conflict", work))
    assert files_of(repository, found.commit)["a.txt"] == b"right\n"


def test_a_divided_task_goes_on_from_its_checkpoint_where_that_still_fits(repository: Repository):
    work = beside(repository, b_txt="half\n")
    tip = commit(repository.path, {"a.txt": "landed\n"})
    found = begin(repository, tried(job_at(tip), "suspended", work))
    assert found.goes_on
    assert found.parents == (tip,)
    assert files_of(repository, found.commit) == {"a.txt": b"landed\n", "b.txt": b"half\n"}
    other = commit(repository.path, {"b.txt": "landed\n"})
    again = begin(repository, tried(job_at(other), "suspended", work))
    assert (again.goes_on, again.commit) == (False, other)


@pytest.mark.parametrize("failure", ["conflict", "suspended"])
def test_work_that_git_pruned_is_done_again_by_the_tasks_own_role(repository: Repository, failure: str):
    tip = repository.branch_tip("main")
    lost = tried(job_at(tip), failure, "d" * 40)
    job = with_what_is_left(repository, lost)
    assert job.role == "coder"
    assert begin(repository, job).commit == tip
    assert [attempt.failure for attempt in job.task.attempts] == [failure, ""]
    kept = tried(job_at(tip), failure, beside(repository, b_txt="half\n"))
    assert with_what_is_left(repository, kept) == kept
