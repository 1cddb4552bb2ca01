"""No path leads outside, whoever wrote it and whatever the tree holds."""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.tools.observation import CallRefused
from engine.tools.paths import _open_folder, delete_file, place, read_bytes, real_path, write_bytes

HOSTILE = [
    "..", "../secret", "a/../../secret", "/etc/passwd", "//etc/passwd", ".git", ".git/config", ".GIT/config", "a/.Git/hooks",
    ".g\u200cit/config", ".git /config", "git~1/config", ".git::$INDEX_ALLOCATION/x", "a\0b", "a\nb", "x" * 2000, "x" * 256,
    "..\\secret", "\udc80", "out/secret", "chain/secret", "loop", "dotgit/config", "up/secret",
]  # fmt: skip


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    return _tree(tmp_path)


def _tree(folder: Path) -> Path:
    root = folder / "tree"
    (root / "a").mkdir(parents=True)
    (root / ".git").mkdir()
    (root / ".git" / "config").write_text("engine's")
    (root / "a" / "inner.txt").write_text("inner")
    (folder / "secret").write_text("secret")
    (root / "out").symlink_to("..")
    (root / "up").symlink_to("a/../..")
    (root / "chain").symlink_to("out")
    (root / "loop").symlink_to("loop")
    (root / "dotgit").symlink_to(".git")
    (root / "abs").symlink_to(folder)
    (root / "good").symlink_to("a/./../a/inner.txt")
    return root


def _state_outside(root: Path) -> dict[str, str]:
    outside = {p.name: p.read_text() for p in root.parent.iterdir() if p.is_file()}
    return outside | {str(p): p.read_text() for p in (root / ".git").rglob("*")}


@pytest.mark.parametrize("path", [*HOSTILE, "abs/secret"])
def test_a_hostile_path_is_refused_with_a_sentence(tree: Path, path: str) -> None:
    before = _state_outside(tree)
    for act in (
        lambda: read_bytes(tree, path),
        lambda: write_bytes(tree, path, b"x"),
        lambda: delete_file(tree, f"{path}/x"),
    ):
        with pytest.raises((CallRefused, FileNotFoundError)):
            act()
    with pytest.raises(CallRefused):
        write_bytes(tree, path, b"x")
    assert _state_outside(tree) == before


def test_a_link_inside_the_tree_is_followed_to_its_real_path(tree: Path) -> None:
    assert read_bytes(tree, "good") == ("a/inner.txt", b"inner")
    write_bytes(tree, "good", b"changed")
    assert (tree / "a/inner.txt").read_bytes() == b"changed"
    assert (tree / "good").is_symlink()


def test_an_absolute_path_inside_names_the_path_to_write(tree: Path) -> None:
    with pytest.raises(CallRefused, match=r"write `a/inner.txt`"):
        real_path(tree, str(tree / "a/inner.txt"))


def test_writing_makes_folders_keeps_the_mode_and_does_not_write_through_hard_links(tree: Path) -> None:
    os.link(tree.parent / "secret", tree / "hard")
    (tree / "hard").chmod(0o755)
    write_bytes(tree, "hard", b"new")
    write_bytes(tree, "x/y/z.txt", b"new")
    assert (tree.parent / "secret").read_text() == "secret"
    assert (tree / "hard").stat().st_mode & 0o777 == 0o755
    assert sorted(p.name for p in tree.iterdir() if p.name.endswith(".orch")) == []


def test_what_is_no_regular_file_is_refused_without_waiting(tree: Path) -> None:
    os.mkfifo(tree / "pipe")
    for path in ("pipe", "a", "."):
        with pytest.raises(CallRefused):
            read_bytes(tree, path)
        with pytest.raises(CallRefused):
            write_bytes(tree, path, b"x")
    with pytest.raises(CallRefused):
        delete_file(tree, "a")


def test_a_link_is_deleted_itself_and_not_what_it_points_to(tree: Path) -> None:
    delete_file(tree, "abs")
    delete_file(tree, "good")
    assert (tree / "a/inner.txt").exists()
    assert (tree.parent / "secret").exists()


def test_a_folder_that_is_swapped_for_a_link_after_the_look_does_not_lead_outside(tree: Path) -> None:
    with place(tree, "a/new.txt") as found:
        (tree / "a").rename(tree / "moved")
        (tree / "a").symlink_to("..")
        descriptor = os.open(found.name, os.O_CREAT | os.O_WRONLY | os.O_NOFOLLOW, dir_fd=found.folder)
        os.close(descriptor)
    assert (tree / "moved/new.txt").exists()
    assert not (tree.parent / "new.txt").exists()


def test_a_folder_that_became_a_link_just_before_it_is_opened_is_not_followed(tree: Path) -> None:
    descriptor = os.open(tree, os.O_RDONLY)
    try:
        with pytest.raises(OSError, match="out"):
            _open_folder("out", descriptor, create=False)
    finally:
        os.close(descriptor)


def test_no_descriptor_is_left_open(tree: Path) -> None:
    descriptors = Path("/proc/self/fd")
    before = len(list(descriptors.iterdir()))
    for path in ("good", "a/inner.txt", "out/secret", "missing/x", "a"):
        _try_all(tree, path)
    assert len(list(descriptors.iterdir())) == before


PARTS = st.sampled_from(
    [
        "a",
        "inner.txt",
        "..",
        ".",
        "",
        ".git",
        ".GiT",
        "out",
        "up",
        "chain",
        "abs",
        "good",
        "dotgit",
        "loop",
        "secret",
        "~",
        "new",
    ]
)
PATHS = st.one_of(st.lists(PARTS, max_size=6).map("/".join), st.text(max_size=40), st.sampled_from(HOSTILE))


@settings(max_examples=300, deadline=None)
@given(st.lists(PATHS, min_size=1, max_size=4))
def test_no_path_ever_reads_or_writes_outside(paths: list[str]) -> None:
    folder = Path(tempfile.mkdtemp())
    try:
        root = _tree(folder)
        before = _state_outside(root)
        for path in paths:
            _try_all(root, path)
        assert _state_outside(root) == before
        assert {p.name for p in folder.iterdir()} == {"tree", "secret"}
    finally:
        shutil.rmtree(folder)


def _try_all(root: Path, path: str) -> None:
    with suppress(CallRefused, OSError):
        assert read_bytes(root, path)[1] not in (b"secret", b"engine's")
    with suppress(CallRefused, OSError):
        write_bytes(root, path, b"overwritten")
    with suppress(CallRefused, OSError):
        delete_file(root, path)
