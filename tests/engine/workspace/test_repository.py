"""Opening a repository, its branches, its checkouts, its commits."""

import os
import threading
from pathlib import Path

import pytest

from engine.workspace import locks
from engine.workspace.repository import (
    DetachedHead,
    NoCommits,
    NotARepository,
    Repository,
    UnknownBranch,
    UnknownCommit,
)
from tests.engine.workspace.target import commit, files_of, git, make_repository


def test_a_folder_without_a_repository_is_refused_with_a_remedy(tmp_path: Path) -> None:
    with pytest.raises(NotARepository, match="git init"):
        Repository.open(tmp_path)
    with pytest.raises(NotARepository):
        Repository.open(tmp_path / "missing")


def test_a_repository_without_commits_is_refused_with_a_remedy(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    with pytest.raises(NoCommits, match="git commit --allow-empty"):
        Repository.open(tmp_path)


def test_a_detached_head_is_refused_with_a_remedy(repository: Repository) -> None:
    git(repository.path, "checkout", "-q", "--detach")
    with pytest.raises(DetachedHead, match="git switch"):
        Repository.open(repository.path)
    assert repository.current_branch() is None


def test_a_bare_repository_opens_and_is_never_dirty(repository: Repository, tmp_path: Path) -> None:
    git(tmp_path, "clone", "-q", "--bare", str(repository.path), "bare.git")
    bare = Repository.open(tmp_path / "bare.git")
    assert bare.is_bare()
    assert bare.path == bare.git_dir
    assert bare.is_dirty() == []
    assert bare.checked_out_at("main") is None
    assert bare.current_branch() == "main"


def test_a_subfolder_and_a_linked_worktree_share_the_git_dir(repository: Repository, tmp_path: Path) -> None:
    git(repository.path, "worktree", "add", "-q", "-b", "side", str(tmp_path / "linked"))
    linked = Repository.open(tmp_path / "linked")
    assert Repository.open(repository.path / "src").path == repository.path
    assert linked.git_dir == repository.git_dir
    assert linked.path == tmp_path / "linked"
    assert linked.current_branch() == "side"


def test_a_git_dir_elsewhere_belongs_to_the_checkout_that_names_it(repository: Repository, tmp_path: Path) -> None:
    place = tmp_path / "deep" / "place"
    git(tmp_path, "clone", "-q", "--separate-git-dir", str(tmp_path / "elsewhere"), str(repository.path), str(place))
    opened = Repository.open(place / "src")
    assert (opened.path, opened.git_dir) == (place, tmp_path / "elsewhere")
    assert opened.is_dirty() == []
    assert opened.checked_out_at("main") == place
    git(place, "worktree", "add", "-q", "-b", "side", str(tmp_path / "linked"))
    linked = Repository.open(tmp_path / "linked")
    assert [checkout.path for checkout in linked.checkouts()] == [tmp_path / "linked"]


def test_only_tracked_changes_make_a_checkout_dirty(repository: Repository) -> None:
    (repository.path / "untracked").write_text("x")
    assert repository.is_dirty() == []
    (repository.path / "README").write_text("changed\n")
    (repository.path / "src/a.py").unlink()
    assert repository.is_dirty() == ["README", "src/a.py"]


def test_asking_for_dirt_runs_no_monitor_of_the_configuration(repository: Repository, tmp_path: Path) -> None:
    script = tmp_path / "monitor"
    script.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
    script.chmod(0o755)
    git(repository.path, "config", "core.fsmonitor", str(script))
    repository.is_dirty()
    assert not (tmp_path / "ran").exists()


def test_a_branch_is_found_where_it_is_checked_out_or_being_rebased(repository: Repository, tmp_path: Path) -> None:
    git(repository.path, "branch", "idle")
    git(repository.path, "worktree", "add", "-q", "-b", "side", str(tmp_path / "linked"))
    assert repository.checked_out_at("main") == repository.path
    assert repository.checked_out_at("side") == tmp_path / "linked"
    assert repository.checked_out_at("idle") is None
    commit(tmp_path / "linked", {"README": "side\n"})
    commit(repository.path, {"README": "main\n"})
    with pytest.raises(Exception, match="returned non-zero"):
        git(tmp_path / "linked", "rebase", "main")
    assert [checkout.busy for checkout in repository.checkouts_of("side")] == ["a rebase"]


@pytest.mark.parametrize("tidy", [("status",), ("pack-refs", "--all")])
def test_branches_are_set_listed_and_deleted_packed_or_not(repository: Repository, tidy: tuple[str, ...]) -> None:
    first = repository.branch_tip("main")
    second = commit(repository.path, {"README": "two\n"})
    repository.set_branch("orch/R1/T1/a1", first)
    git(repository.path, *tidy)
    repository.set_branch("orch/R1/T1/a1", second)
    repository.set_branch("orch/R1/T2/a1", first)
    git(repository.path, *tidy)
    assert repository.branches("orch/") == {"orch/R1/T1/a1": second, "orch/R1/T2/a1": first}
    repository.delete_branch("orch/R1/T1/a1")
    repository.delete_branch("orch/R1/T1/a1")
    assert repository.branches("orch/") == {"orch/R1/T2/a1": first}
    with pytest.raises(UnknownBranch, match="orch/R1/T1/a1"):
        repository.branch_tip("orch/R1/T1/a1")


def test_a_branch_moves_only_from_where_it_was_seen(repository: Repository) -> None:
    first = repository.branch_tip("main")
    second = commit(repository.path, {"README": "two\n"})
    assert not repository.move_branch("main", old=first, new=first, reason="lost")
    assert repository.branch_tip("main") == second
    assert repository.move_branch("main", old=second, new=first, reason="won")
    assert repository.branch_tip("main") == first


def test_of_many_movers_one_wins(repository: Repository) -> None:
    tip = repository.branch_tip("main")
    news = [commit(repository.path, {"README": f"{number}\n"}) for number in range(8)]
    repository.set_branch("target", tip)
    won: list[str] = []

    def move(new: str) -> None:
        if repository.move_branch("target", old=tip, new=new, reason="race"):
            won.append(new)

    threads = [threading.Thread(target=move, args=(new,)) for new in news]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [repository.branch_tip("target")] == won


def test_the_lock_of_a_killed_process_is_removed_and_a_fresh_one_is_respected(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(locks, "_PATIENCE_S", 0.2)
    tip = repository.branch_tip("main")
    repository.set_branch("target", tip)
    new = commit(repository.path, {"README": "two\n"})
    lock = repository.git_dir / "refs/heads/target.lock"
    lock.touch()
    with pytest.raises(OSError, match="lock"):
        repository.move_branch("target", old=tip, new=new, reason="held")
    os.utime(lock, (0, 0))
    assert repository.move_branch("target", old=tip, new=new, reason="stale")


def test_commits_are_read_by_hash(repository: Repository) -> None:
    first = repository.branch_tip("main")
    (repository.path / "link").symlink_to("README")
    second = commit(repository.path, {"src/b.py": "b\n", "link": "hello\n"}, "second")
    assert repository.parents(second) == (first,)
    assert repository.message(second) == "second\n"
    assert repository.is_ancestor(first, second)
    assert repository.is_ancestor(first, first)
    assert not repository.is_ancestor(second, first)
    assert repository.read_file(second, "src/b.py") == b"b\n"
    assert repository.read_file(second, "src") is None
    assert repository.read_file(second, "link") is None
    assert repository.read_file(second, "missing") is None
    assert repository.list_paths(second) == [".gitignore", "README", "link", "src/a.py", "src/b.py"]
    assert repository.changed_paths(first, second) == ["link", "src/b.py"]
    assert repository.tree_of(second) == git(repository.path, "rev-parse", "HEAD^{tree}")
    with pytest.raises(UnknownCommit):
        repository.tree_of("0" * 40)
    with pytest.raises(UnknownCommit):
        repository.tree_of("main")


@pytest.mark.parametrize("name", ["typo", "main~1", "a b", "", "a..b", "../main", "x" * 5_000, "\ud800", "a\0b"])
def test_what_is_no_branch_or_can_name_none_is_unknown(repository: Repository, name: str) -> None:
    with pytest.raises(UnknownBranch, match="`git branch` lists them"):
        repository.branch_tip(name)


def test_a_patch_is_cut_at_its_limit_and_says_so(repository: Repository) -> None:
    first = repository.branch_tip("main")
    second = commit(repository.path, {"README": "x\n" * 1000, "src/a.py": "a = 2\n"})
    assert "+a = 2" in repository.patch(first, second, 100_000)
    cut = repository.patch(first, second, 300)
    assert cut.endswith("[diff cut after 300 bytes]\n")
    assert len(cut) < 400
    assert repository.patch(first, first, 300) == ""


def test_a_repository_is_read_by_many_threads(tmp_path: Path) -> None:
    repository = make_repository(tmp_path / "wide", {f"f{number}": f"{number}\n" for number in range(100)})
    tip = repository.branch_tip("main")
    expected = files_of(repository, tip)
    seen: list[bool] = []
    threads = [threading.Thread(target=lambda: seen.append(files_of(repository, tip) == expected)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == [True] * 8
