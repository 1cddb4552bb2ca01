"""The table of what a cell sees: the deepest entry wins, home folders are hidden but for programs."""

import socket
from pathlib import Path

import msgspec
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


@pytest.mark.parametrize("environment", [".venv", "venv", "env"])
@pytest.mark.parametrize("target", [".ssh/id_ed25519", ".ssh/bin/python3", "other/python/bin/python3", ".aws/python"])
def test_a_link_in_the_repository_opens_nothing(home: Path, spec: CellSpec, environment: str, target: str):
    before = view_of(spec)
    (home / target).parent.mkdir(parents=True, exist_ok=True)
    (home / target).touch(mode=0o755)
    (home / "repo" / environment / "bin").mkdir(parents=True)
    (home / "repo" / environment / "bin" / "python").symlink_to(home / target)
    assert access_to(home / target, view_of(spec)) == "hidden"
    assert view_of(spec) == before


@pytest.mark.parametrize("place", ["/usr/src", "/opt/firm", "/srv", "/mnt", "/"])
def test_a_folder_of_the_system_is_not_hidden_for_the_repository_in_it(spec: CellSpec, place: str):
    there = msgspec.structs.replace(spec, repository=Path(place, "repo"))
    assert access_to(Path(place, "tool"), view_of(there)) == "read"


def test_a_folder_on_the_search_path_is_not_hidden_for_the_repository_in_it(
    spec: CellSpec, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("PATH", "/lib/firm")
    there = msgspec.structs.replace(spec, repository=Path("/lib/firm/repo"))
    assert access_to(Path("/lib/firm/tool"), view_of(there)) == "read"


def test_an_interpreter_among_the_tool_chains_is_readable(home: Path, spec: CellSpec):
    python = home / ".local/share/uv/python/cpython-3.12/bin/python3.12"
    python.parent.mkdir(parents=True)
    assert access_to(python, view_of(spec)) == "read"


def test_a_folder_of_the_search_path_is_not_followed_out_of_the_repository(
    home: Path, spec: CellSpec, monkeypatch: pytest.MonkeyPatch
):
    (home / "opt" / "bin").mkdir(parents=True)
    (home / "repo" / "bin").symlink_to(home / ".ssh")
    (home / "repo" / ".venv").symlink_to("../other")
    (home / "other" / "bin").mkdir()
    (home / "repo" / "deep").symlink_to(home / "state")
    (home / "mine").symlink_to(home / "repo" / "deep")
    monkeypatch.setenv("PATH", f"{home}/opt/bin:{home}/repo/bin:{home}/repo/.venv/bin:{home}/mine")
    view = view_of(spec)
    assert access_to(home / "opt" / "bin", view) == "read"
    assert {access_to(home / path, view) for path in (".ssh", "other/bin", "state/token")} == {"hidden"}


def test_a_link_that_goes_round_in_circles_opens_nothing(home: Path, spec: CellSpec, monkeypatch: pytest.MonkeyPatch):
    (home / "round").symlink_to(home / "round")
    monkeypatch.setenv("PATH", f"{home}/round")
    assert access_to(home / "round", view_of(spec)) == "hidden"


def test_a_home_that_is_the_repository_keeps_its_credentials_whatever_its_links_say(
    home: Path, spec: CellSpec, monkeypatch: pytest.MonkeyPatch
):
    (home / "repo" / ".ssh" / "deep").mkdir(parents=True)
    (home / "repo" / ".nvm").symlink_to(home / "repo" / ".ssh")
    (home / "repo" / ".rustup").symlink_to(home / "repo" / ".ssh" / "deep")
    monkeypatch.setenv("HOME", str(home / "repo"))
    view = view_of(spec)
    assert access_to(home / "repo" / "file", view) == "read"
    assert access_to(home / "repo" / ".ssh" / "deep" / "key", view) == "hidden"


def test_what_is_hidden_and_on_the_search_path_is_hidden(home: Path, spec: CellSpec, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PATH", f"{home}/.ssh")
    assert access_to(home / ".ssh" / "key", view_of(spec)) == "hidden"


def test_landlock_grants_nothing_above_what_is_hidden(home: Path, spec: CellSpec):
    scratch = Scratch.make(None)
    granted = confinement(spec, scratch)
    scratch.remove()
    writable = {Path(path) for path in granted["writable"] if not path.startswith("/dev/")}
    assert writable == {spec.worktree, spec.private_gitdir, scratch.tmp}
    assert not {Path("/"), Path("/dev"), home, *home.parents} & {Path(path) for path in granted["readable"]}
    assert {"/usr", str(home / "repo")} <= set(granted["readable"])
