"""Commits hold what the tree holds, and nothing that an agent planted runs or enters while they are made."""

import logging
import os
from pathlib import Path

import pygit2
import pytest

from engine.redaction import Redactor
from engine.workspace.commit import CannotCommit, commit_worktree, unfit
from engine.workspace.pool import Worktree, WorktreePool
from engine.workspace.repository import Repository
from tests.engine.workspace.conftest import FILES
from tests.engine.workspace.target import AUTHOR, commit, files_of, git, write

SECRET = "correct-horse-battery"
FIND = Redactor((SECRET,)).found


@pytest.fixture
def worktree(repository: Repository, pool: WorktreePool) -> Worktree:
    return pool.take(repository.branch_tip("main"))


def commit_all(repository: Repository, worktree: Worktree) -> str | None:
    return commit_on(repository, worktree, worktree.base)


def commit_on(repository: Repository, worktree: Worktree, parent: str) -> str | None:
    made = commit_worktree(repository, worktree, parents=[parent], message="T1: work\n", author=AUTHOR, find=FIND)
    with made as commit:
        return commit


def changes(repository: Repository, worktree: Worktree) -> list[str]:
    made = commit_all(repository, worktree)
    return [] if made is None else repository.changed_paths(worktree.base, made)


def test_an_untouched_tree_makes_no_commit(repository: Repository, worktree: Worktree) -> None:
    assert commit_all(repository, worktree) is None


def test_a_change_that_was_undone_makes_no_commit(repository: Repository, worktree: Worktree) -> None:
    write(worktree.path, {"README": "other\n"})
    write(worktree.path, {"README": "hello\n"})
    assert commit_all(repository, worktree) is None


def test_every_kind_of_change_is_committed_and_no_branch_moves(repository: Repository, worktree: Worktree) -> None:
    refs = git(repository.path, "for-each-ref")
    write(worktree.path, {"src/a.py": "a = 2\n", "new/deep/file": "n\n", "run.sh": "#!/bin/sh\n"})
    (worktree.path / "run.sh").chmod(0o755)
    (worktree.path / "README").unlink()
    (worktree.path / "link").symlink_to("/etc/passwd")
    made = commit_all(repository, worktree)
    assert made is not None
    listed = git(repository.path, "ls-tree", "-r", made).splitlines()
    assert {line.split("\t")[1]: line.split()[0] for line in listed} == {
        ".gitignore": "100644",
        "link": "120000",
        "new/deep/file": "100644",
        "run.sh": "100755",
        "src/a.py": "100644",
    }
    assert git(repository.path, "show", f"{made}:link") == "/etc/passwd"
    assert git(repository.path, "show", f"{made}:src/a.py") == "a = 2"
    assert (
        git(repository.path, "show", "-s", "--format=%an <%ae> %cn %s", made)
        == "coder <coder@example.org> orch T1: work"
    )
    assert repository.parents(made) == (worktree.base,)
    assert git(repository.path, "for-each-ref") == refs
    assert repository.is_dirty() == []
    git(repository.path, "fsck", "--strict")


def test_kinds_may_change_places(repository: Repository, worktree: Worktree) -> None:
    (worktree.path / "README").unlink()
    (worktree.path / "src/a.py").unlink()
    (worktree.path / "src").rmdir()
    (worktree.path / "src").symlink_to("README")
    (worktree.path / ".gitignore").unlink()
    (worktree.path / ".gitignore").symlink_to("elsewhere")
    write(worktree.path, {"README/inside": "x\n"})
    made = commit_all(repository, worktree)
    assert made is not None
    assert repository.list_paths(made) == [".gitignore", "README/inside", "src"]
    assert git(repository.path, "ls-tree", made, ".gitignore").startswith("120000")


def test_a_change_of_the_mode_alone_counts(repository: Repository, worktree: Worktree) -> None:
    (worktree.path / "src/a.py").chmod(0o755)
    assert changes(repository, worktree) == ["src/a.py"]


def test_an_edit_of_the_same_size_and_time_is_seen(repository: Repository, worktree: Worktree) -> None:
    path = worktree.path / "src/a.py"
    before = path.stat()
    path.write_text("b = 9\n")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert changes(repository, worktree) == ["src/a.py"]


def test_what_git_ignores_stays_out(repository: Repository, pool: WorktreePool) -> None:
    write(repository.git_dir, {"info/exclude": "scratch\n"})
    worktree = pool.take(repository.branch_tip("main"))
    write(worktree.path, {"x.log": "", "node_modules/m/i.js": "", "scratch": ""})
    write(worktree.path, {"src/.gitignore": "*.tmp\n", "src/b.tmp": "", "ok": ""})
    assert changes(repository, worktree) == ["ok", "src/.gitignore"]


def test_a_tracked_file_is_committed_even_when_ignored(repository: Repository, pool: WorktreePool) -> None:
    worktree = pool.take(commit(repository.path, {"kept.log": "1\n"}))
    write(worktree.path, {"kept.log": "2\n"})
    assert changes(repository, worktree) == ["kept.log"]


def test_included_files_and_reports_never_enter_nor_reach_the_objects(repository: Repository, tmp_path: Path) -> None:
    write(repository.path, {"local.env": "KEY=very-secret\n"})
    pool = WorktreePool(repository, tmp_path / "home", include=("local.env",))
    worktree = pool.take(repository.branch_tip("main"))
    write(
        worktree.path, {"local.env": "KEY=changed\n", ".orch-junit.xml": "<testsuites/>", ".gitignore": "!local.env\n"}
    )
    assert changes(repository, worktree) == [".gitignore"]
    assert pygit2.hashfile(str(worktree.path / "local.env")) not in repository.handle()
    pool.close()


@pytest.mark.parametrize(
    ("name", "content", "place"),
    [
        ("src/a.py", f"a = 1\nkey = '{SECRET}'\n".encode(), "src/a.py:2"),
        ("new/settings.ini", f"KEY={SECRET}".encode(), "new/settings.ini:1"),
        ("utf16.txt", f"\n{SECRET}".encode("utf-16"), "utf16.txt:2"),
        ("blob.bin", b"\xff\x00\xfe" + SECRET.encode(), "blob.bin:1"),
        ("vendor.txt", b"ghp_0123456789abcdefghijABCDEFGHIJ456789", "vendor.txt:1"),
        (f"x-{SECRET}.txt", b"innocent", "the name of a file"),
    ],
)
def test_a_secret_is_refused_by_its_place_before_git_has_an_object_with_it(
    repository: Repository, worktree: Worktree, name: str, content: bytes, place: str
) -> None:
    before = git(repository.path, "count-objects", "-v")
    write(worktree.path, {name: "", "fine": "x\n"})
    (worktree.path / name).write_bytes(content)
    with pytest.raises(CannotCommit, match=rf"a secret in {place}, ") as refused:
        commit_all(repository, worktree)
    assert SECRET not in str(refused.value)
    assert unfit(worktree, FIND) == str(refused.value)
    assert git(repository.path, "count-objects", "-v") == before
    (worktree.path / name).unlink()
    assert unfit(worktree, FIND) == ""
    assert commit_all(repository, worktree) is not None


def test_a_secret_in_the_target_of_a_symlink_is_refused(repository: Repository, worktree: Worktree) -> None:
    (worktree.path / "link").symlink_to(f"/keys/{SECRET}")
    with pytest.raises(CannotCommit, match="link:1"):
        commit_all(repository, worktree)


def test_what_the_base_held_already_is_not_the_workers_fault_in_whichever_file_it_is_now(
    repository: Repository, pool: WorktreePool
) -> None:
    base = {"old.ini": f"a = 1\nkey = {SECRET}\n", "other.ini": "b = 1\n", "sk-name-0123456789abcdef": ""}
    worktree = pool.take(commit(repository.path, base))
    write(worktree.path, {"sk-name-0123456789abcdef": "changed\n"})
    assert changes(repository, worktree) == ["sk-name-0123456789abcdef"]
    (worktree.path / "sk-name-0123456789abcdef").write_text("")
    (worktree.path / "old.ini").rename(worktree.path / "new.ini")
    assert changes(repository, worktree) == ["new.ini", "old.ini"]
    write(worktree.path, {"old.ini": f"key = {SECRET}\n"})
    assert changes(repository, worktree) == ["new.ini", "old.ini"]
    write(worktree.path, {"other.ini": "sk-another-0123456789abcdef\n"})
    assert "in other.ini:1, " in unfit(worktree, FIND)


def test_a_commit_that_no_branch_holds_yet_outlives_a_prune(repository: Repository, worktree: Worktree) -> None:
    write(worktree.path, {"src/a.py": "a = 2\n", "new/deep/file": "n\n"})
    made = commit_worktree(repository, worktree, parents=[worktree.base], message="T1\n", author=AUTHOR, find=FIND)
    with made as commit:
        assert commit is not None
        git(repository.path, "gc", "--quiet", "--prune=now")
        repository.set_branch("orch/R1/T1/a1", commit)
    git(repository.path, "gc", "--quiet", "--prune=now")
    assert repository.changed_paths(worktree.base, commit) == ["new/deep/file", "src/a.py"]
    git(repository.path, "fsck", "--strict")
    assert not list((repository.git_dir / "objects").glob("orch-*"))


def test_nested_repositories_are_plain_files(repository: Repository, worktree: Worktree) -> None:
    write(worktree.path, {"lib/file": "x\n", "lib/in/side": "y\n", "src/b.py": "b\n"})
    git(worktree.path / "lib", "init", "-q")
    git(worktree.path / "lib/in", "init", "-q")
    git(worktree.path / "lib", "add", "file")
    git(worktree.path / "lib", "commit", "-q", "-m", "nested")
    write(
        worktree.path,
        {"src/.git/config": "[core]\n\tbare = true\n", "other/.git": "gitdir: /tmp\n", "other/file": "z\n"},
    )
    assert changes(repository, worktree) == ["lib/file", "lib/in/side", "other/file", "src/b.py"]


def test_only_the_files_count_and_not_what_the_agent_committed(repository: Repository, worktree: Worktree) -> None:
    inside = ("--git-dir", str(worktree.private_gitdir), "--work-tree", ".")
    write(worktree.path, {"one": "1\n", "two": "2\n"})
    git(worktree.path, *inside, "add", "one", "two")
    git(worktree.path, *inside, "commit", "-q", "-m", "mine")
    (worktree.path / "two").unlink()
    made = commit_all(repository, worktree)
    assert made is not None
    assert repository.parents(made) == (worktree.base,)
    assert repository.changed_paths(worktree.base, made) == ["one"]


def test_nothing_an_agent_configured_runs_while_its_tree_is_committed(
    repository: Repository, worktree: Worktree, tmp_path: Path
) -> None:
    ran = tmp_path / "ran"
    script = f"#!/bin/sh\ntouch {ran}\ncat\n"
    write(worktree.path, {"x.sh": script, "src/a.py": "a = 5\n"})
    write(worktree.path, {".gitattributes": "* filter=evil diff=evil text=auto ident merge=evil\n"})
    evil = f"sh {worktree.path}/x.sh"
    config = f'[core]\n\tfsmonitor = {evil}\n\thooksPath = .\n[filter "evil"]\n\tclean = {evil}\n[diff]\n\texternal = {evil}\n'
    write(
        worktree.private_gitdir, {"config": config, "hooks/pre-commit": script, "hooks/reference-transaction": script}
    )
    # As if the user had such a driver: the tree may select it, and still it must not run.
    git(repository.path, "config", "filter.evil.clean", evil)
    git(repository.path, "config", "core.fsmonitor", evil)
    (worktree.path / ".git").unlink()
    write(worktree.path, {".git": f"gitdir: {worktree.private_gitdir}\n"})
    assert changes(repository, worktree) == [".gitattributes", "src/a.py", "x.sh"]
    assert not ran.exists()


def test_a_path_that_git_refuses_is_left_out_and_said_so(
    repository: Repository, worktree: Worktree, caplog: pytest.LogCaptureFixture
) -> None:
    write(worktree.path, {"git~1": "x\n", "fine": "y\n"})
    os.mkfifo(worktree.path / "pipe")
    with caplog.at_level(logging.WARNING):
        assert changes(repository, worktree) == ["fine"]
    assert [vars(record)["path"] for record in caplog.records] == ["git~1"]


def test_a_tree_too_deep_for_git_is_refused_with_a_remedy(repository: Repository, worktree: Worktree) -> None:
    write(worktree.path, {"d/" * 120 + "file": "x\n", "e/" * 120 + "x.log": "ignored\n"})
    with pytest.raises(CannotCommit, match=r"nesting too deep.*\.gitignore"):
        commit_all(repository, worktree)
    write(worktree.path, {".gitignore": "d/\ne/\n"})
    assert changes(repository, worktree) == [".gitignore"]


def test_any_file_name_survives(repository: Repository, worktree: Worktree) -> None:
    names = [b"caf\xc3\xa9", b"latin-\xe9", b"new\nline", b"*.py", b"-rf", b'quo"te']
    for name in names:
        Path(os.fsdecode(bytes(worktree.path) + b"/" + name)).write_text("x\n")
    made = commit_all(repository, worktree)
    assert made is not None
    listed = git(repository.path, "-c", "core.quotePath=true", "ls-tree", "--name-only", made).splitlines()
    assert len(listed) == len(names) + 3
    assert '"latin-\\351"' in listed


def test_line_ends_are_stored_as_the_attributes_say(repository: Repository, pool: WorktreePool) -> None:
    worktree = pool.take(
        commit(repository.path, {".gitattributes": "*.txt text eol=crlf\n", "a.txt": "one\n", "b.txt": "two\n"})
    )
    assert (worktree.path / "a.txt").read_bytes() == b"one\r\n"
    (worktree.path / "a.txt").write_bytes(b"one\r\nmore\r\n")
    made = commit_all(repository, worktree)
    assert made is not None
    assert repository.changed_paths(worktree.base, made) == ["a.txt"]
    assert repository.read_file(made, "a.txt") == b"one\nmore\n"


def test_files_that_git_would_normalise_one_day_are_not_swept_along(repository: Repository, pool: WorktreePool) -> None:
    (repository.path / "dos.txt").write_bytes(b"one\r\n")
    git(repository.path, "add", "dos.txt")
    git(repository.path, "commit", "-q", "-m", "crlf")
    worktree = pool.take(commit(repository.path, {".gitattributes": "*.txt text\n"}))
    (worktree.path / "dos.txt").write_bytes(b"one\r\n")
    write(worktree.path, {"new": "n\n"})
    assert changes(repository, worktree) == ["new"]


def test_a_submodule_stays_as_it_is(repository: Repository, pool: WorktreePool) -> None:
    tip = repository.branch_tip("main")
    git(repository.path, "update-index", "--add", "--cacheinfo", f"160000,{tip},vendor/lib")
    git(repository.path, "commit", "-q", "-m", "submodule")
    worktree = pool.take(repository.branch_tip("main"))
    write(worktree.path, {"vendor/lib/stray": "x\n", "ok": "y\n"})
    assert changes(repository, worktree) == ["ok"]
    (worktree.path / "vendor/lib/stray").unlink()
    (worktree.path / "vendor/lib").rmdir()
    assert changes(repository, worktree) == ["ok"]


def test_a_large_file_is_committed_whole(repository: Repository, worktree: Worktree) -> None:
    content = os.urandom(1 << 20) * 24
    (worktree.path / "large.bin").write_bytes(content)
    made = commit_all(repository, worktree)
    assert made is not None
    assert repository.read_file(made, "large.bin") == content


def test_the_tree_is_committed_on_the_parent_that_is_asked_for(repository: Repository, worktree: Worktree) -> None:
    write(worktree.path, {"src/a.py": "a = 2\n"})
    first = commit_all(repository, worktree)
    assert first is not None
    write(worktree.path, {"src/b.py": "b\n"})
    second = commit_on(repository, worktree, first)
    assert second is not None
    assert repository.parents(second) == (first,)
    assert repository.changed_paths(first, second) == ["src/b.py"]
    assert files_of(repository, second).keys() == {*FILES, "src/b.py"}
    assert commit_on(repository, worktree, second) is None
