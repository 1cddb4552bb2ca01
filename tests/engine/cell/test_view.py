"""The table of what a cell sees: the deepest entry wins, home folders are hidden but for programs."""

import socket
from pathlib import Path

import pytest

from engine.cell.scratch import Scratch
from engine.cell.shimmed import confinement
from engine.cell.types import CellSpec
from engine.cell.view import access_to, view_of


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for name in ("repo/.git", "state/worktree", "state/gitdir", ".ssh", ".pyenv/bin", ".cargo/bin", "other"):
        (tmp_path / "home" / name).mkdir(parents=True)
    (tmp_path / "home" / ".cargo" / "credentials.toml").touch()
    return tmp_path / "home"


@pytest.fixture
def spec(home: Path) -> CellSpec:
    return CellSpec(
        home / "state" / "worktree", home / "state" / "gitdir", home / "repo", (home / "state", home / "gone")
    )


@pytest.mark.parametrize(
    ("path", "access"),
    [
        (".", "hidden"),
        ("other/file", "hidden"),
        (".ssh", "hidden"),
        (".cargo/credentials.toml", "hidden"),
        (".cargo/bin/cargo", "read"),
        (".pyenv/bin/python", "read"),
        ("repo/.git/config", "read"),
        ("state/token", "hidden"),
        ("state/worktree/file", "write"),
        ("state/gitdir/HEAD", "write"),
    ],
)
def test_the_deepest_entry_decides(home: Path, spec: CellSpec, path: str, access: str):
    assert access_to(home / path, view_of(spec)) == access


def test_what_the_host_needs_to_run_programs_stays_readable(spec: CellSpec):
    assert {access_to(Path(path), view_of(spec)) for path in ("/usr/bin/env", "/etc/passwd", "/opt/tool")} == {"read"}


def test_entries_that_say_nothing_new_are_left_out(home: Path, spec: CellSpec):
    assert home / ".ssh" not in view_of(spec)
    assert home / "gone" not in view_of(spec)


def test_a_socket_in_a_readable_folder_is_hidden(home: Path, spec: CellSpec):
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(home / "repo" / "daemon.sock"))
        listener.listen()
        assert access_to(home / "repo" / "daemon.sock", view_of(spec)) == "hidden"


def test_the_interpreter_of_the_repositorys_environment_is_readable(home: Path, spec: CellSpec):
    (home / "other" / "python" / "bin").mkdir(parents=True)
    (home / "other" / "python" / "bin" / "python3").touch()
    (home / "repo" / ".venv" / "bin").mkdir(parents=True)
    (home / "repo" / ".venv" / "bin" / "python").symlink_to(home / "other" / "python" / "bin" / "python3")
    view = view_of(spec)
    assert access_to(home / "other" / "python" / "lib", view) == "read"
    assert access_to(home / "other" / "file", view) == "hidden"


def test_an_interpreter_directly_under_the_home_folder_does_not_open_it(home: Path, spec: CellSpec):
    (home / "bin").mkdir()
    (home / "bin" / "python3").touch()
    (home / "repo" / "venv" / "bin").mkdir(parents=True)
    (home / "repo" / "venv" / "bin" / "python").symlink_to(home / "bin" / "python3")
    view = view_of(spec)
    assert access_to(home / "bin" / "python3", view) == "read"
    assert access_to(home / ".ssh", view) == "hidden"


def test_landlock_grants_nothing_above_what_is_hidden(home: Path, spec: CellSpec):
    scratch = Scratch.make(None)
    granted = confinement(spec, scratch)
    scratch.remove()
    writable = {Path(path) for path in granted["writable"] if not path.startswith("/dev/")}
    assert writable == {spec.worktree, spec.private_gitdir, scratch.tmp}
    assert not {Path("/"), Path("/dev"), home, *home.parents} & {Path(path) for path in granted["readable"]}
    assert {"/usr", str(home / "repo")} <= set(granted["readable"])
