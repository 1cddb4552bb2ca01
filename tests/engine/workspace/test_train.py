"""Merges without a checkout, and landings that never take anything from the user's checkout."""

import threading
from pathlib import Path

import pytest

from engine.workspace.git import GitError
from engine.workspace.repository import Repository, UnknownBranch
from engine.workspace.train import CheckoutInTheWay, Conflict, Landed, Merged, TargetMoved, land, merge
from tests.engine.workspace.target import AUTHOR, commit, files_of, git, write


def side_commit(repository: Repository, files: dict[str, str], base: str = "main") -> str:
    """A commit on top of `base` that no branch holds, made without touching the user's files."""
    side = repository.path.parent / "side"
    git(repository.path, "worktree", "add", "-q", "--detach", str(side), base)
    made = commit(side, files, "side")
    git(repository.path, "worktree", "remove", "--force", str(side))
    return made


def merged(repository: Repository, files: dict[str, str]) -> Merged:
    work = side_commit(repository, files)
    result = merge(repository, work=work, tip=repository.branch_tip("main"), message="Land T1\n", author=AUTHOR)
    assert isinstance(result, Merged)
    return result


def state_of(repository: Repository) -> tuple[str, str]:
    return git(repository.path, "status", "--porcelain"), git(repository.path, "for-each-ref")


def test_a_merge_joins_both_sides_and_moves_nothing(repository: Repository) -> None:
    work = side_commit(repository, {"src/b.py": "b\n"})
    tip = commit(repository.path, {"README": "changed\n"})
    before = state_of(repository)
    result = merge(repository, work=work, tip=tip, message="Land T1\n", author=AUTHOR)
    assert isinstance(result, Merged)
    assert repository.parents(result.commit) == (tip, work)
    assert result.tree == repository.tree_of(result.commit)
    assert result.tip == tip
    assert files_of(repository, result.commit)["README"] == b"changed\n"
    assert files_of(repository, result.commit)["src/b.py"] == b"b\n"
    assert state_of(repository) == before


def test_work_on_the_very_tip_becomes_a_merge_commit_too(repository: Repository) -> None:
    tip = repository.branch_tip("main")
    work = side_commit(repository, {"src/b.py": "b\n"})
    result = merge(repository, work=work, tip=tip, message="Land T1\n", author=AUTHOR)
    assert isinstance(result, Merged)
    assert repository.parents(result.commit) == (tip, work)
    assert result.tree == repository.tree_of(work)


def test_a_conflict_names_its_paths_and_says_why(repository: Repository) -> None:
    work = side_commit(repository, {"README": "theirs\n", "src/a.py": "a = 2\n", "odd name": "x\n"})
    tip = commit(repository.path, {"README": "ours\n", "odd name": "y\n"})
    before = state_of(repository)
    result = merge(repository, work=work, tip=tip, message="m\n", author=AUTHOR)
    assert isinstance(result, Conflict)
    assert result.paths == ("README", "odd name")
    assert "CONFLICT (content): Merge conflict in README" in result.detail.splitlines()
    assert state_of(repository) == before


def test_a_deletion_against_a_change_is_a_conflict(repository: Repository) -> None:
    work = side_commit(repository, {"README": "theirs\n"})
    git(repository.path, "rm", "-q", "README")
    git(repository.path, "commit", "-q", "-m", "gone")
    result = merge(repository, work=work, tip=repository.branch_tip("main"), message="m\n", author=AUTHOR)
    assert isinstance(result, Conflict)
    assert result.paths == ("README",)
    assert "modify/delete" in result.detail


def test_unrelated_histories_are_an_error_and_no_merge(repository: Repository) -> None:
    git(repository.path, "checkout", "-q", "--orphan", "other")
    work = commit(repository.path, {"x": "x\n"})
    with pytest.raises(GitError, match="merge-tree"):
        merge(repository, work=work, tip=repository.branch_tip("main"), message="m\n", author=AUTHOR)


def test_a_branch_that_nobody_has_checked_out_moves_by_compare_and_swap(repository: Repository) -> None:
    result = merged(repository, {"src/b.py": "b\n"})
    git(repository.path, "checkout", "-q", "-b", "elsewhere")
    assert land(repository, branch="main", merged=result) == Landed(result.commit)
    assert repository.branch_tip("main") == result.commit
    assert git(repository.path, "status", "--porcelain") == ""
    assert git(repository.path, "reflog", "-1", "--format=%gs", "main") == "orch: Land T1"


def test_a_branch_that_is_checked_out_moves_with_its_files(repository: Repository) -> None:
    result = merged(repository, {"src/b.py": "b\n", "README": "new\n"})
    assert land(repository, branch="main", merged=result) == Landed(result.commit)
    assert repository.branch_tip("main") == result.commit
    assert (repository.path / "README").read_text() == "new\n"
    assert git(repository.path, "status", "--porcelain") == ""


def test_a_branch_checked_out_in_a_linked_worktree_moves_there(repository: Repository, tmp_path: Path) -> None:
    git(repository.path, "checkout", "-q", "-b", "elsewhere")
    git(repository.path, "worktree", "add", "-q", str(tmp_path / "linked"), "main")
    result = merged(repository, {"src/b.py": "b\n"})
    assert land(repository, branch="main", merged=result) == Landed(result.commit)
    assert (tmp_path / "linked/src/b.py").read_text() == "b\n"
    assert git(tmp_path / "linked", "status", "--porcelain") == ""


def test_a_bare_repository_is_landed_on(repository: Repository, tmp_path: Path) -> None:
    result = merged(repository, {"src/b.py": "b\n"})
    repository.set_branch("keep", result.commit)
    git(tmp_path, "clone", "-q", "--bare", str(repository.path), "bare.git")
    bare = Repository.open(tmp_path / "bare.git")
    assert land(bare, branch="main", merged=result) == Landed(result.commit)
    assert bare.branch_tip("main") == result.commit


def test_unrelated_dirt_survives_a_landing(repository: Repository) -> None:
    result = merged(repository, {"src/b.py": "b\n"})
    write(repository.path, {"README": "being edited\n", "untracked": "mine\n", "src/a.py": "staged\n"})
    git(repository.path, "add", "src/a.py")
    before = git(repository.path, "status", "--porcelain")
    assert land(repository, branch="main", merged=result) == Landed(result.commit)
    assert git(repository.path, "status", "--porcelain") == before
    assert (repository.path / "README").read_text() == "being edited\n"
    assert (repository.path / "src/b.py").read_text() == "b\n"


@pytest.mark.parametrize("autostash", ["true", "false"])
def test_an_overlapping_edit_is_in_the_way_and_untouched(repository: Repository, autostash: str) -> None:
    git(repository.path, "config", "merge.autoStash", autostash)
    result = merged(repository, {"README": "landed\n", "src/b.py": "b\n"})
    write(repository.path, {"README": "being edited\n"})
    before = state_of(repository)
    refused = land(repository, branch="main", merged=result)
    assert isinstance(refused, CheckoutInTheWay)
    assert refused.paths == ("README",)
    assert "would be overwritten" in refused.detail
    assert state_of(repository) == before
    assert (repository.path / "README").read_text() == "being edited\n"
    git(repository.path, "checkout", "-q", "README")
    assert land(repository, branch="main", merged=result) == Landed(result.commit)


@pytest.mark.parametrize("name", ["src/b.py", "secret.log"])
def test_an_untracked_or_ignored_file_in_the_way_is_untouched(repository: Repository, name: str) -> None:
    result = merged(repository, {name: "landed\n"})
    write(repository.path, {name: "mine\n"})
    refused = land(repository, branch="main", merged=result)
    assert isinstance(refused, CheckoutInTheWay)
    assert refused.paths == (name,)
    assert (repository.path / name).read_text() == "mine\n"
    assert repository.branch_tip("main") == result.tip


def test_a_merge_under_way_is_in_the_way(repository: Repository) -> None:
    result = merged(repository, {"src/b.py": "b\n"})
    write(repository.git_dir, {"MERGE_HEAD": result.tip + "\n"})
    refused = land(repository, branch="main", merged=result)
    assert isinstance(refused, CheckoutInTheWay)
    assert "a merge is under way" in refused.detail


def test_a_second_checkout_of_the_target_is_in_the_way(repository: Repository, tmp_path: Path) -> None:
    result = merged(repository, {"README": "landed\n"})
    second = tmp_path / "second"
    git(repository.path, "worktree", "add", "-q", "--force", str(second), "main")
    refused = land(repository, branch="main", merged=result)
    assert isinstance(refused, CheckoutInTheWay)
    assert f"main is checked out in {repository.path} and {second}" in refused.detail
    assert git(second, "status", "--porcelain") == git(repository.path, "status", "--porcelain") == ""
    git(second, "switch", "-q", "--detach")
    assert land(repository, branch="main", merged=result) == Landed(result.commit)


def test_a_target_that_moved_is_reported_with_its_tip(repository: Repository) -> None:
    result = merged(repository, {"src/b.py": "b\n"})
    tip = commit(repository.path, {"README": "the user's own\n"})
    assert land(repository, branch="main", merged=result) == TargetMoved(tip)
    git(repository.path, "checkout", "-q", "-b", "elsewhere")
    assert land(repository, branch="main", merged=result) == TargetMoved(tip)
    assert repository.branch_tip("main") == tip


def test_a_target_that_was_rewound_is_not_moved_forward_again(repository: Repository) -> None:
    old = repository.branch_tip("main")
    commit(repository.path, {"README": "two\n"})
    result = merged(repository, {"src/b.py": "b\n"})
    git(repository.path, "reset", "-q", "--hard", old)
    assert land(repository, branch="main", merged=result) == TargetMoved(old)


def test_landing_twice_lands_once(repository: Repository) -> None:
    result = merged(repository, {"src/b.py": "b\n"})
    land(repository, branch="main", merged=result)
    after = commit(repository.path, {"README": "later\n"})
    assert land(repository, branch="main", merged=result) == Landed(result.commit)
    assert repository.branch_tip("main") == after


def test_a_landing_cut_off_between_files_and_branch_is_finished(repository: Repository) -> None:
    result = merged(repository, {"src/b.py": "b\n", "README": "new\n"})
    git(repository.path, "read-tree", "-m", "-u", result.tip, result.commit)
    assert land(repository, branch="main", merged=result) == Landed(result.commit)
    assert git(repository.path, "status", "--porcelain") == ""


def test_of_many_landings_at_once_one_wins_and_the_others_hear_of_it(repository: Repository) -> None:
    results = [merged(repository, {f"src/{number}.py": "x\n"}) for number in range(4)]
    git(repository.path, "checkout", "-q", "-b", "elsewhere")
    outcomes: list[Landed | TargetMoved | CheckoutInTheWay] = []

    def try_to_land(one: Merged) -> None:
        outcomes.append(land(repository, branch="main", merged=one))

    threads = [threading.Thread(target=try_to_land, args=(one,)) for one in results]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    tip = repository.branch_tip("main")
    assert outcomes.count(Landed(tip)) == 1
    assert outcomes.count(TargetMoved(tip)) == 3


def test_no_hook_runs_during_a_landing(repository: Repository, tmp_path: Path) -> None:
    result = merged(repository, {"src/b.py": "b\n"})
    for hook in ("post-merge", "pre-merge-commit", "post-checkout", "reference-transaction"):
        write(repository.git_dir, {f"hooks/{hook}": f"#!/bin/sh\ntouch {tmp_path}/ran\n"})
        (repository.git_dir / "hooks" / hook).chmod(0o755)
    assert land(repository, branch="main", merged=result) == Landed(result.commit)
    assert not (tmp_path / "ran").exists()


def test_an_index_that_stays_locked_is_in_the_way(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.workspace.train._INDEX_LOCK_TRIES", 2)
    result = merged(repository, {"src/b.py": "b\n"})
    write(repository.git_dir, {"index.lock": ""})
    refused = land(repository, branch="main", merged=result)
    assert isinstance(refused, CheckoutInTheWay)
    assert "index.lock" in refused.detail
    assert repository.branch_tip("main") == result.tip


def test_a_missing_target_is_an_error(repository: Repository) -> None:
    result = merged(repository, {"src/b.py": "b\n"})
    with pytest.raises(UnknownBranch, match="gone"):
        land(repository, branch="gone", merged=result)
