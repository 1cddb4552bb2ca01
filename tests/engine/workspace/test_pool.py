"""Worktrees: clean at their base, warm again after anything an agent did, gone at the end."""

import os
import threading
from pathlib import Path

import pytest

from engine.workspace.git import GitError
from engine.workspace.pool import Worktree, WorktreePool
from engine.workspace.repository import Repository, UnknownCommit
from tests.engine.workspace.target import commit, git, make_repository, worktrees, write


def tree_of(worktree: Worktree) -> dict[str, str]:
    """Every path below the worktree but its `.git`, with the content of files."""
    found = {}
    for path in sorted(worktree.path.rglob("*")):
        name = str(path.relative_to(worktree.path))
        if name != ".git":
            found[name] = path.read_text() if path.is_file() else ""
    return found


def status_in_cell(worktree: Worktree) -> str:
    """`git status` with the private gitdir, as the agent sees it."""
    return git(
        worktree.path,
        "--git-dir",
        str(worktree.private_gitdir),
        "--work-tree",
        ".",
        "status",
        "--porcelain=v1",
        "--branch",
    )


def test_a_worktree_holds_its_base_and_shows_a_clean_status(repository: Repository, pool: WorktreePool) -> None:
    tip = repository.branch_tip("main")
    worktree = pool.take(tip)
    assert tree_of(worktree) == {
        ".gitignore": "*.log\n.env\nnode_modules/\n",
        "README": "hello\n",
        "src": "",
        "src/a.py": "a = 1\n",
    }
    assert status_in_cell(worktree) == "## work"
    assert git(worktree.path, "rev-parse", "HEAD") == tip
    assert worktrees(repository) == [str(repository.path), str(worktree.path)]
    assert repository.is_dirty() == []


def test_the_agent_commits_in_its_own_repository_alone(repository: Repository, pool: WorktreePool) -> None:
    worktree = pool.take(repository.branch_tip("main"))
    before = git(repository.path, "for-each-ref"), sorted((repository.git_dir / "objects").rglob("*"))
    inside = ("--git-dir", str(worktree.private_gitdir), "--work-tree", ".")
    write(worktree.path, {"src/a.py": "a = 2\n"})
    git(worktree.path, *inside, "commit", "-q", "-a", "-m", "mine")
    git(worktree.path, *inside, "branch", "main")
    git(worktree.path, *inside, "stash", "list")
    assert git(worktree.path, *inside, "log", "--format=%s") == "mine\nfirst"
    assert (git(repository.path, "for-each-ref"), sorted((repository.git_dir / "objects").rglob("*"))) == before


def test_a_worktree_given_back_is_used_again_at_the_new_base(repository: Repository, pool: WorktreePool) -> None:
    first = pool.take(repository.branch_tip("main"))
    pool.give_back(first)
    pool.give_back(first)
    second = pool.take(commit(repository.path, {"src/b.py": "b\n", "README": "new\n"}))
    third = pool.take(second.base)
    assert second.path == first.path
    assert third.path != first.path
    assert tree_of(second) == tree_of(third)
    assert status_in_cell(second) == "## work"


def leave_a_mess(worktree: Worktree, outside: Path) -> None:
    root = worktree.path
    write(
        root,
        {
            "README": "changed\n",
            "x.log": "ignored",
            "node_modules/m/index.js": "",
            "deep/er/new": "",
            "src/a.py.bak": "",
        },
    )
    (root / "src/a.py").unlink()
    (root / "src/a.py").mkdir()
    write(root, {"src/a.py/inside": "", "nested/file": ""})
    git(root / "nested", "init", "-q")
    (root / "way-out").symlink_to(outside)
    (root / "dangling").symlink_to("/nonexistent")
    write(
        worktree.private_gitdir,
        {"hooks/post-checkout": f"#!/bin/sh\ntouch {outside}/ran\n", "index.lock": "", "HEAD.lock": ""},
    )
    (worktree.private_gitdir / "hooks/post-checkout").chmod(0o755)
    (worktree.private_gitdir / "objects/out").symlink_to(outside)


def test_a_reused_worktree_shows_nothing_of_the_attempt_before(
    repository: Repository, pool: WorktreePool, tmp_path: Path
) -> None:
    outside = tmp_path / "outside"
    write(outside, {"precious": "kept"})
    clean = tree_of(worktree := pool.take(repository.branch_tip("main")))
    leave_a_mess(worktree, outside)
    pool.give_back(worktree)
    assert not worktree.private_gitdir.exists()
    again = pool.take(worktree.base)
    assert again.path == worktree.path, "it was made anew instead of cleaned"
    assert tree_of(again) == clean
    assert status_in_cell(again) == "## work"
    assert [path.name for path in outside.iterdir()] == ["precious"]


def test_a_folder_replaced_by_a_symlink_is_restored_and_its_target_spared(
    repository: Repository, pool: WorktreePool, tmp_path: Path
) -> None:
    outside = tmp_path / "outside"
    write(outside, {"a.py": "theirs\n", "more": ""})
    worktree = pool.take(repository.branch_tip("main"))
    (worktree.path / "src/a.py").unlink()
    (worktree.path / "src").rmdir()
    (worktree.path / "src").symlink_to(outside)
    pool.give_back(worktree)
    again = pool.take(worktree.base)
    assert (again.path / "src/a.py").read_text() == "a = 1\n"
    assert not (again.path / "src").is_symlink()
    assert (outside / "a.py").read_text() == "theirs\n"


def test_folders_too_deep_for_git_and_read_only_ones_are_wiped(repository: Repository, pool: WorktreePool) -> None:
    worktree = pool.take(repository.branch_tip("main"))
    folder = os.open(worktree.path, os.O_RDONLY)
    for _ in range(1500):
        os.mkdir("d" * 20, dir_fd=folder)
        deeper = os.open("d" * 20, os.O_RDONLY, dir_fd=folder)
        os.close(folder)
        folder = deeper
    os.close(folder)
    write(worktree.path, {"locked/file": ""})
    (worktree.path / "locked").chmod(0o500)
    pool.give_back(worktree)
    again = pool.take(worktree.base)
    assert sorted(path.name for path in again.path.iterdir()) == [".git", ".gitignore", "README", "src"]


def test_a_pipe_that_git_does_not_see_is_gone_from_the_next_tree(repository: Repository, pool: WorktreePool) -> None:
    worktree = pool.take(repository.branch_tip("main"))
    os.mkfifo(worktree.path / "src/pipe")
    pool.give_back(worktree)
    assert not os.path.lexists(pool.take(worktree.base).path / "src/pipe")


@pytest.mark.parametrize("planted", ["file", "folder", "missing"])
def test_a_changed_link_to_the_repository_is_put_right(
    repository: Repository, pool: WorktreePool, tmp_path: Path, planted: str
) -> None:
    worktree = pool.take(repository.branch_tip("main"))
    (worktree.path / ".git").unlink()
    if planted == "file":
        (worktree.path / ".git").write_text(f"gitdir: {tmp_path}\n")
    if planted == "folder":
        git(worktree.path, "init", "-q")
    pool.give_back(worktree)
    again = pool.take(worktree.base)
    assert git(again.path, "rev-parse", "--absolute-git-dir") == str(again.admin)


def test_nothing_an_agent_configured_runs_when_its_tree_is_wiped(
    repository: Repository, pool: WorktreePool, tmp_path: Path
) -> None:
    ran = tmp_path / "ran"
    script = f"#!/bin/sh\ntouch {ran}\n"
    commit(repository.path, {"hook.sh": script})
    # A filter of the user's that names a path in the tree, as `./tools/clean.sh` would.
    for part in ("clean", "smudge", "process"):
        git(repository.path, "config", f"filter.odd=name.{part}", "sh ./hook.sh")
    git(repository.path, "config", "filter.odd=name.required", "true")
    worktree = pool.take(repository.branch_tip("main"))
    write(
        worktree.path,
        {".gitattributes": "* filter=odd=name diff=x merge=x\n", "src/a.py": "a = 3\n", "hooks/post-checkout": script},
    )
    config = f"[core]\n\tfsmonitor = sh {worktree.path}/hook.sh\n\thooksPath = {worktree.path}/hooks\n"
    write(worktree.private_gitdir, {"config": config, "hooks/post-checkout": script})
    for hook in (worktree.path / "hooks/post-checkout", worktree.private_gitdir / "hooks/post-checkout"):
        hook.chmod(0o755)
    write(repository.git_dir, {"hooks/post-checkout": script})
    (repository.git_dir / "hooks/post-checkout").chmod(0o755)
    pool.give_back(worktree)
    attributes = commit(repository.path, {"notes": "n\n"})
    assert pool.take(attributes).path == worktree.path
    assert pool.take(attributes).path != worktree.path
    assert not ran.exists()


def test_filters_are_off_so_trees_hold_what_git_holds(repository: Repository, pool: WorktreePool) -> None:
    tip = commit(repository.path, {".gitattributes": "*.bin filter=big\n", "a.bin": "pointer\n"})
    git(repository.path, "config", "filter.big.smudge", "tr a-z A-Z")
    assert (pool.take(tip).path / "a.bin").read_text() == "pointer\n"


def test_eight_threads_get_eight_clean_worktrees(repository: Repository, pool: WorktreePool) -> None:
    tip = repository.branch_tip("main")
    taken: list[Worktree] = []

    def work() -> None:
        for _ in range(2):
            worktree = pool.take(tip)
            write(worktree.path, {"mine": "x"})
            taken.append(worktree)
            pool.give_back(worktree)
        taken.append(pool.take(tip))

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(taken) == 24
    assert len(worktrees(repository)) == 9
    held = [worktree for worktree in taken if worktree.private_gitdir.exists()]
    assert len({worktree.path for worktree in held}) == 8
    assert all(status_in_cell(worktree) == "## work" and not (worktree.path / "mine").exists() for worktree in held)


def test_close_leaves_the_user_s_worktrees_alone(repository: Repository, tmp_path: Path) -> None:
    git(repository.path, "worktree", "add", "-q", "-b", "side", str(tmp_path / "linked"))
    git(repository.path, "worktree", "add", "-q", "-b", "away", str(tmp_path / "unmounted"))
    (tmp_path / "unmounted").rename(tmp_path / "elsewhere")
    before = worktrees(repository)
    pool = WorktreePool(repository, tmp_path / "home")
    pool.take(repository.branch_tip("main"))
    pool.give_back(pool.take(repository.branch_tip("main")))
    pool.close()
    assert worktrees(repository) == before
    assert not (tmp_path / "home").exists()


def test_leftovers_of_a_killed_engine_are_removed_and_trees_in_use_are_not(
    repository: Repository, tmp_path: Path
) -> None:
    tip = repository.branch_tip("main")
    git(repository.path, "worktree", "add", "-q", "--detach", str(tmp_path / "linked"))
    killed = WorktreePool(repository, tmp_path / "home")
    leftover = killed.take(tip)
    write(leftover.admin, {"index.lock": "", "locked": "initializing"})
    write(repository.git_dir / "refs/heads", {"orch/R1/T1/a1.lock": "", "fresh.lock": "", "stale.lock": ""})
    os.utime(repository.git_dir / "refs/heads/stale.lock", (0, 0))
    write(tmp_path / "home", {"removing-x/1/file": ""})
    pool = WorktreePool(repository, tmp_path / "home")
    mine = pool.take(tip)
    pool.clean_leftovers()
    assert sorted(worktrees(repository)) == sorted(map(str, (repository.path, mine.path, tmp_path / "linked")))
    assert sorted(path.name for path in (tmp_path / "home").iterdir()) == sorted(
        [mine.path.name, mine.private_gitdir.name]
    )
    assert [lock.name for lock in (repository.git_dir / "refs").rglob("*.lock")] == ["fresh.lock"]
    pool.close()
    assert worktrees(repository) == [str(repository.path), str(tmp_path / "linked")]


def test_a_branch_of_every_kind_of_repository_can_be_taken(repository: Repository, tmp_path: Path) -> None:
    git(tmp_path, "clone", "-q", "--bare", str(repository.path), "bare.git")
    git(tmp_path, "clone", "-q", "--depth=1", f"file://{repository.path}", "shallow")
    for folder in ("bare.git", "shallow"):
        clone = Repository.open(tmp_path / folder)
        pool = WorktreePool(clone, tmp_path / f"home-{folder}")
        worktree = pool.take(clone.branch_tip("main"))
        assert status_in_cell(worktree).startswith("## work")
        pool.close()


def test_the_user_s_index_settings_do_not_reach_the_agent_s_index(repository: Repository, pool: WorktreePool) -> None:
    for key in ("core.splitIndex", "core.untrackedCache", "feature.manyFiles", "core.fsmonitor"):
        git(repository.path, "config", key, "true")
    worktree = pool.take(repository.branch_tip("main"))
    assert status_in_cell(worktree) == "## work"
    pool.give_back(worktree)
    assert pool.take(worktree.base).path == worktree.path


def test_a_sparse_checkout_of_the_user_s_does_not_thin_our_trees(repository: Repository, pool: WorktreePool) -> None:
    git(repository.path, "sparse-checkout", "set", "--no-cone", "/README")
    assert not (repository.path / "src").exists()
    worktree = pool.take(repository.branch_tip("main"))
    assert (worktree.path / "src/a.py").exists()
    assert status_in_cell(worktree) == "## work"


def test_an_unknown_base_is_refused_and_leaves_no_worktree(repository: Repository, pool: WorktreePool) -> None:
    with pytest.raises(UnknownCommit):
        pool.take("0" * 40)
    assert worktrees(repository) == [str(repository.path)]


def test_a_tree_that_cannot_be_made_says_which_command_failed(repository: Repository, tmp_path: Path) -> None:
    pool = WorktreePool(repository, tmp_path / "home")
    (repository.git_dir / "worktrees").write_text("in the way")
    with pytest.raises(GitError, match="git worktree add"):
        pool.take(repository.branch_tip("main"))


def test_included_files_are_copied_and_shown_to_nobody(repository: Repository, tmp_path: Path) -> None:
    write(
        repository.path,
        {".env": "KEY=1\n", "conf/local.toml": "x\n", "conf/[odd] name#.toml": "y\n", "other": "", "README": "dirty\n"},
    )
    write(repository.path, {".worktreeinclude": "# local settings\nconf/*.toml\nREADME\n!conf/none.toml\n"})
    pool = WorktreePool(repository, tmp_path / "home", include=(".env",))
    worktree = pool.take(repository.branch_tip("main"))
    assert worktree.included == (".env", "conf/[odd] name#.toml", "conf/local.toml")
    assert (worktree.path / ".env").read_text() == "KEY=1\n"
    assert (worktree.path / "README").read_text() == "hello\n"
    assert not (worktree.path / "other").exists()
    assert status_in_cell(worktree) == "## work"
    pool.close()


def test_an_include_never_writes_through_a_symlink_of_the_base(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    repository = make_repository(tmp_path / "target", {"README": ""})
    write(repository.path, {"conf/.env": "KEY=1\n"})
    (repository.path / "secret-link").symlink_to(tmp_path / "elsewhere")
    base = repository.branch_tip("main")
    git(repository.path, "checkout", "-q", "-b", "trap")
    (repository.path / "conf").rename(tmp_path / "conf")
    (repository.path / "conf").symlink_to(outside)
    git(repository.path, "add", "conf")
    git(repository.path, "commit", "-q", "-m", "trap")
    trap = repository.branch_tip("trap")
    git(repository.path, "checkout", "-q", base)
    (tmp_path / "conf").rename(repository.path / "conf")
    pool = WorktreePool(repository, tmp_path / "home", include=("conf/.env", "secret-link"))
    assert pool.take(trap).included == ()
    assert list(outside.iterdir()) == []
    assert pool.take(base).included == ("conf/.env",)
    pool.close()
