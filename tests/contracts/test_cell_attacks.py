"""What a confined cell keeps its commands from: each attack is tried for real, and the host is looked at afterwards."""

import asyncio
import os
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.cell.confine import landlock_abi
from engine.cell.types import CommandResult, Level
from tests.contracts.cell_site import CONFINED, Site, make_site, outputs

CONNECT = "import socket, sys; s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); print('connected')"
CONNECT_TCP = "import socket, sys; socket.create_connection(('127.0.0.1', int(sys.argv[1])), 5); print('connected')"


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return make_site(tmp_path)


@pytest.fixture(params=CONFINED)
def level(request: pytest.FixtureRequest) -> Level:
    chosen: Level = request.param
    return chosen


@pytest.fixture
def bystander() -> Iterator[subprocess.Popen[bytes]]:
    """A process of the engine's user that must survive, with a key in its environment."""
    process = subprocess.Popen(["sleep", "600"], env={**os.environ, "OPENAI_API_KEY": "planted-key"})
    yield process
    process.kill()
    process.wait()


BESIDE = pytest.mark.parametrize("beside", ["", "sleep 600"], ids=["alone", "beside-a-process"])
"""Beside a process, commands share its network, and so are started in another way."""


def attack(
    level: Level, site: Site, command: str | list[str], *, network: bool = False, beside: str = ""
) -> CommandResult:
    return asyncio.run(outputs(level, site.spec(network=network), command, beside=beside))[0]


def tree(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.mark.parametrize(
    "command",
    [
        "echo 0000 >{repo}/.git/refs/heads/main",
        "git --git-dir={repo}/.git update-ref -d refs/heads/main",
        "GIT_DIR= git -C {repo} branch -f orch-state HEAD~0",
        "mkdir -p {repo}/.git/hooks; echo evil >{repo}/.git/hooks/post-checkout",
        "echo '[core] fsmonitor = evil' >>{repo}/.git/config",
        "rm -rf {repo}/.git/objects",
        "echo edited >>{repo}/app.py",
        "echo edited >>../repo/app.py",
        "ln -s {repo} through; echo edited >>through/app.py",
        "truncate -s 0 {repo}/app.py",
        "mv {repo}/app.py {repo}/moved.py",
    ],
)
def test_the_users_repository_cannot_be_changed(level: Level, site: Site, command: str):
    before = tree(site.repository)
    attack(level, site, command.format(repo=site.repository))
    assert tree(site.repository) == before


def test_nothing_is_written_beside_the_worktree(level: Level, site: Site):
    attack(level, site, "echo x >../beside; mkdir ../folder; echo x >>../state/secret")
    assert sorted(path.name for path in site.worktree.parent.iterdir()) == ["repo", "state", "worktree"]
    assert (site.hidden / "secret").read_text() == "planted-secret"


@pytest.mark.parametrize(
    "how", ["cat {file}", "cp {file} copy; cat copy", "ln {file} link; cat link", "cat /proc/*/root{file}"]
)
def test_a_hidden_file_is_not_read(level: Level, site: Site, how: str):
    result = attack(level, site, how.format(file=site.hidden / "secret"))
    assert "planted-secret" not in result.output
    assert "planted-secret" not in "".join(path.read_text() for path in (site.worktree / "copy",) if path.exists())


def test_what_lies_beside_the_repository_is_not_read_but_for_programs(
    level: Level, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr("engine.cell.view.HIDDEN_ON_HOST", ())
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))
    site = make_site(tmp_path)
    (tmp_path / "sibling").mkdir()
    (tmp_path / "sibling" / "secret").write_text("planted-secret")
    (tmp_path / "python" / "bin").mkdir(parents=True)
    (tmp_path / "python" / "lib").write_text("library")
    (tmp_path / "python" / "bin" / "tool").write_text(f"#!/bin/sh\ncat {tmp_path}/python/lib\n")
    (tmp_path / "python" / "bin" / "tool").chmod(0o755)
    monkeypatch.setenv("PATH", f"{os.environ['PATH']}:{tmp_path}/python/bin")
    commands = (f"cat {tmp_path}/sibling/secret {site.repository}/../sibling/secret", f"ls {tmp_path}", "tool")
    secret, beside, tool = asyncio.run(outputs(level, site.spec(), *commands))
    assert "planted-secret" not in secret.output
    assert "sibling" not in beside.output
    assert tool.output == "library"


def test_a_hidden_folder_inside_the_repository_is_not_read(level: Level, site: Site):
    inner = site.repository / ".git" / "engine"
    inner.mkdir()
    (inner / "token").write_text("planted-token")
    spec = site.spec()
    hiding = type(spec)(spec.worktree, spec.private_gitdir, spec.repository, (site.hidden, inner))
    secret, visible = asyncio.run(outputs(level, hiding, f"cat {inner}/token", f"cat {site.repository}/app.py"))
    assert "planted-token" not in secret.output
    assert visible.output == "print('hello')\n"


def test_credentials_in_the_home_folder_are_not_read(
    level: Level, site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    home = tmp_path / "home"
    (home / ".ssh").mkdir(parents=True)
    (home / ".ssh" / "id_rsa").write_text("planted-key")
    (home / ".netrc").write_text("planted-key")
    monkeypatch.setenv("HOME", str(home))
    assert "planted-key" not in attack(level, site, f"cat {home}/.ssh/id_rsa {home}/.netrc").output


def test_credentials_are_not_read_where_the_home_folder_is_the_repository(
    level: Level, site: Site, monkeypatch: pytest.MonkeyPatch
):
    (site.repository / ".ssh").mkdir()
    (site.repository / ".ssh" / "id_rsa").write_text("planted-key")
    monkeypatch.setenv("HOME", str(site.repository))
    assert "planted-key" not in attack(level, site, f"cat {site.repository}/.ssh/id_rsa").output


def test_the_environment_of_the_hosts_processes_is_not_read(
    level: Level, site: Site, bystander: subprocess.Popen[bytes]
):
    result = attack(level, site, f"cat /proc/{bystander.pid}/environ /proc/[0-9]*/environ")
    assert "planted-key" not in result.output


def test_the_engine_cannot_be_killed(level: Level, site: Site, bystander: subprocess.Popen[bytes]):
    if level == "landlock" and landlock_abi() < 6:
        pytest.skip("this kernel's Landlock cannot scope signals")
    attack(level, site, f"kill -9 {bystander.pid}")
    assert bystander.poll() is None


@pytest.mark.parametrize("place", ["engine.sock", "state/engine.sock", "repo/engine.sock", "repo/.git/engine.sock"])
@pytest.mark.parametrize("network", [False, True])
def test_no_unix_socket_of_the_host_is_reached(level: Level, site: Site, tmp_path: Path, place: str, *, network: bool):
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / place))
        listener.listen()
        result = attack(level, site, ["python3", "-c", CONNECT, str(tmp_path / place)], network=network)
    assert result.exit_code == 1
    assert "Error" in result.output


@BESIDE
def test_a_listener_on_the_hosts_loopback_is_not_reached(level: Level, site: Site, beside: str):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        result = attack(level, site, ["python3", "-c", CONNECT_TCP, str(listener.getsockname()[1])], beside=beside)
    assert result.exit_code == 1
    assert "Error" in result.output


def test_the_network_is_open_where_the_spec_opens_it(level: Level, site: Site):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        result = attack(level, site, ["python3", "-c", CONNECT_TCP, str(listener.getsockname()[1])], network=True)
    assert result.output == "connected\n"


@BESIDE
@pytest.mark.parametrize(
    "command",
    [
        "umount {hidden}; umount -l {hidden}; cat {hidden}/secret",
        "umount {repo}; mount -o remount,rw,bind {repo}; mount -o remount,rw /; echo x >>{repo}/app.py",
        "umount {worktree}/.git; rm -f {worktree}/.git; git --git-dir={repo}/.git branch evil",
        "unshare -rm sh -c 'umount {hidden}; mount -o remount,rw,bind {repo}; cat {hidden}/secret; echo x >>{repo}/app.py'",
        "nsenter -t 1 -m sh -c 'umount {hidden}; cat {hidden}/secret; echo x >>{repo}/app.py'",
        "mkdir -p up; mount --bind {repo} up && echo x >>up/app.py",
    ],
)
def test_mounts_cannot_be_changed_not_even_by_root(level: Level, site: Site, command: str, beside: str):
    before, refs = tree(site.repository), site.refs()
    result = attack(
        level, site, command.format(hidden=site.hidden, repo=site.repository, worktree=site.worktree), beside=beside
    )
    assert "planted-secret" not in result.output
    assert tree(site.repository) == before
    assert site.refs() == refs


@BESIDE
@pytest.mark.parametrize(
    "command",
    [
        "echo {value} >/proc/sys/kernel/{knob}",
        "unshare -rmpf sh -c 'mount -t proc proc /mnt; echo {value} >/mnt/sys/kernel/{knob}'",
        "echo {value} >/proc/1/root/proc/sys/kernel/{knob}",
    ],
)
def test_a_root_engines_command_cannot_set_the_kernels_knobs(level: Level, site: Site, command: str, beside: str):
    # A harmless one (whether fatal signals are logged) stands for core_pattern, which runs code on the host.
    knob = Path("/proc/sys/kernel/print-fatal-signals")
    before = knob.read_text()
    attack(level, site, command.format(knob=knob.name, value="1"), beside=beside)
    after = knob.read_text()
    if after != before:
        knob.write_text(before)
    assert after == before


@BESIDE
def test_new_namespaces_are_refused_in_bubblewrap(site: Site, beside: str):
    if "bubblewrap" not in CONFINED:
        pytest.skip("no bubblewrap works here")
    assert attack("bubblewrap", site, "unshare -U true", beside=beside).exit_code != 0


@BESIDE
def test_commands_have_no_capability_even_under_a_root_engine(level: Level, site: Site, beside: str):
    lines = attack(level, site, "cat /proc/self/status", beside=beside).output.splitlines()
    held = {
        name: int(value, 16) for name, _, value in (line.partition(":") for line in lines) if name.startswith("Cap")
    }
    assert held["CapEff"] == held["CapPrm"] == held["CapInh"] == 0
