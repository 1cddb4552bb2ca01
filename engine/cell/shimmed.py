"""The cells without namespaces: a shim that leaves no process behind, and Landlock where the kernel has it.

What Landlock cannot do, bubblewrap can: give a private `/tmp` (TMPDIR names one), cover `<worktree>/.git` (GIT_DIR
names the private one), offer a private loopback, or hide that a process of the host exists.
"""

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import msgspec

import engine
from engine.cell.confine import landlock_abi
from engine.cell.environment import clean_environment
from engine.cell.leash import ShimLeash, Wires
from engine.cell.loopback import Loopback
from engine.cell.scratch import Scratch
from engine.cell.shim import Confinement, Order
from engine.cell.types import CellSpec, Level, NoSandbox
from engine.cell.view import Access, View, access_to, view_of

WRITABLE_DEVICES = ("null", "zero", "full", "tty", "ptmx", "pts", "shm")
READABLE_DEVICES = ("random", "urandom")
BOOT = "import sys; sys.path.append(sys.argv[1]); from engine.cell.shim import main; main()"


class Shimmed:
    """Starts commands under a shim, confined by Landlock or not at all.

    Raises: NoSandbox when Landlock is asked for and the kernel has none that suffices.
    """

    def __init__(self, level: Level) -> None:
        if level == "landlock" and not landlock_abi():
            raise NoSandbox("this kernel has no Landlock, or an old one")
        self.level: Level = level

    def environment(self, spec: CellSpec, scratch: Scratch) -> dict[str, str]:
        """The variables of a command before the caller's additions."""
        variables = clean_environment(scratch.tmp)
        if spec.private_gitdir is not None:
            variables |= {"GIT_DIR": str(spec.private_gitdir.resolve()), "GIT_WORK_TREE": str(spec.worktree.resolve())}
        return variables

    def loopback(self) -> Loopback | None:
        """None: without namespaces there is the host's network or none."""

    def start(
        self,
        argv: Sequence[str],
        env: Mapping[str, str],
        wires: Wires,
        spec: CellSpec,
        scratch: Scratch,
        loopback: Loopback | None,
    ) -> ShimLeash:
        """A command, started."""
        del loopback
        order = Order(
            argv=list(argv),
            cwd=str(spec.worktree.resolve()),
            env=dict(env),
            stdin_fd=wires.stdin_fd,
            confinement=confinement(spec, scratch) if self.level == "landlock" else None,
        )
        shim = (trusted_python(), "-I", "-S", "-X", "utf8", "-c", BOOT, str(Path(engine.__path__[0]).parent))
        return ShimLeash(shim, msgspec.json.encode(order) + b"\n", wires)


def trusted_python() -> str:
    """The interpreter below any virtual environment, which no target can have touched."""
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    base = Path(sys.base_prefix, "bin", version)
    return str(base) if base.exists() else "/usr/bin/python3"


def confinement(spec: CellSpec, scratch: Scratch) -> Confinement:
    """The table of `view_of` as Landlock needs it: nothing but permissions."""
    devices: View = {Path("/dev", name): "write" for name in WRITABLE_DEVICES}
    devices |= {Path("/dev", name): "read" for name in READABLE_DEVICES}
    view = view_of(spec) | devices | {Path("/dev"): "hidden", scratch.tmp.resolve(): "write"}
    grants = list(_grants(Path("/"), "read", view))
    return Confinement(
        readable=[str(path) for path, access in grants if access == "read"],
        writable=[str(path) for path, access in grants if access == "write"],
        network=spec.network,
    )


def _grants(path: Path, access: Access, view: View) -> Iterator[tuple[Path, Access]]:
    """Permissions for a tree. They hold for all that lies beneath, so a folder with something hidden gets none itself."""
    beneath = [entry for entry in view if path in entry.parents]
    if not any(view[entry] == "hidden" for entry in beneath):
        yield path, access
        yield from ((entry, view[entry]) for entry in beneath)
        return
    for child in _children(path):
        yield from _grants(child, access_to(child, {path: access} | view), view)


def _children(folder: Path) -> list[Path]:
    """What a folder holds but links: where they lead is granted, or not, in its own place."""
    try:
        return [Path(entry) for entry in os.scandir(folder) if not entry.is_symlink()]
    except (PermissionError, NotADirectoryError):
        return []
