"""What a cell sees: a table from path to access, in which the deepest entry wins; must not know how it is enforced."""

import os
import pwd
import stat
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

from engine.cell.environment import search_path
from engine.cell.types import CellSpec

Access = Literal["hidden", "read", "write"]
View = dict[Path, Access]
"""Resolved paths; what no entry covers is readable."""

HIDDEN_ON_HOST = (
    *("/run", "/var/run", "/tmp", "/var/tmp", "/home", "/root"),  # noqa: S108 - they are named in order to be hidden
    *(
        "/etc/shadow",
        "/etc/shadow-",
        "/etc/gshadow",
        "/etc/gshadow-",
        "/etc/ssh",
        "/etc/ssl/private",
        "/etc/kubernetes",
    ),
)
"""Sockets, other people's files, and what only an engine that runs as root could read."""

CREDENTIALS = (
    *(".ssh", ".aws", ".azure", ".gnupg", ".kube", ".docker", ".config", ".netrc", ".pgpass", ".npmrc", ".pypirc"),
    *(
        ".git-credentials",
        ".gitconfig",
        ".vault-token",
        ".terraform.d",
        ".password-store",
        ".bash_history",
        ".local/state",
    ),
)
"""Hidden by name where the home folder itself is not, because it is the target repository."""

SYSTEM = tuple(map(Path, ("/usr", "/opt", "/etc", "/nix", "/gnu", "/snap")))
"""Hold programs: nothing in them is hidden because a repository lies beside it."""
TOP = tuple(map(Path, ("/", "/srv", "/var", "/var/lib", "/mnt", "/media")))
"""Hold whatever a machine is for, and are nobody's folder of projects."""

TOOL_CHAINS = (
    *(".local/bin", ".local/lib", ".local/pipx", ".local/share/pipx", ".local/share/pypoetry", ".local/share/mise"),
    *(".local/share/uv/python", ".local/share/uv/tools", ".local/share/fnm", ".local/share/pnpm"),
    *(".local/share/pdm/python", ".local/share/hatch/pythons", ".rye/py"),
    *(".pyenv", ".rbenv", ".goenv", ".nvm", ".volta", ".asdf", ".sdkman", ".bun/bin", ".deno/bin"),
    *(".cargo/bin", ".cargo/registry", ".cargo/git", ".rustup", "go/bin", "go/pkg", ".m2/repository"),
    *("miniconda3", "miniforge3", "mambaforge", "anaconda3", "micromamba", ".conda/envs"),
)
"""The parts of a home folder that hold programs and nobody's secrets (`~/.local/share/uv` as a whole holds tokens)."""

HOMEBREW = Path("/home/linuxbrew/.linuxbrew")
"""Holds programs alone, and lies where home folders are hidden."""


def view_of(spec: CellSpec) -> View:
    """The table for a cell, from the host as it is now.

    What is readable beyond the repository is the host's to say: a link that a commit brought along, such as `.venv/bin/python`, may
    lead to a key, so nothing is granted that is found by way of the repository.
    """
    homes, repository = _homes(), spec.repository.resolve()
    hidden = [*map(Path, HIDDEN_ON_HOST), Path(tempfile.gettempdir()), *homes, *spec.hidden, *listening_sockets()]
    hidden += [home / name for home in homes for name in CREDENTIALS]
    programs = _programs(homes, repository)
    around, needed = _beside(repository, programs, _entries(hidden, "hidden"))
    hidden += around
    readable = [*programs, *needed, *spec.readable]
    if spec.network:
        # Often a link into /run, and without it no name resolves.
        readable.append(Path("/etc/resolv.conf"))
    writable = [spec.worktree, *([spec.private_gitdir] if spec.private_gitdir else [])]
    # Hidden goes before readable, but for the repository itself, which may be a home folder.
    view = _entries(readable, "read") | _entries(hidden, "hidden") | _entries([spec.repository], "read")
    return _without_repetition(view | _entries(writable, "write"))


def access_to(path: Path, view: View) -> Access:
    """What the table says about a resolved path: the word of its deepest entry, else `read`."""
    return next((view[place] for place in (path, *path.parents) if place in view), "read")


def listening_sockets() -> list[Path]:
    """Every Unix socket of the host that a path leads to.

    A read-only mount does not stop `connect()`, so each one that no hidden folder covers has to be covered itself.
    """
    try:
        lines = Path("/proc/net/unix").read_text("utf-8", "replace").splitlines()[1:]
    except FileNotFoundError:
        return []
    named = (line.split(maxsplit=7) for line in lines)
    return [
        Path(fields[7]) for fields in named if len(fields) == 8 and fields[7].startswith("/") and _is_socket(fields[7])
    ]


def _is_socket(path: str) -> bool:
    try:
        return stat.S_ISSOCK(os.stat(path).st_mode)  # noqa: PTH116 - a path the kernel printed may be no valid Path
    except (OSError, ValueError):
        return False


def _homes() -> list[Path]:
    """The engine's home folders; a container's `/` is nobody's home and cannot be hidden."""
    try:
        registered = [Path(pwd.getpwuid(os.getuid()).pw_dir)]
    except KeyError:
        registered = []
    homes = [home.resolve() for home in (Path.home(), *registered) if home.is_dir()]
    return [home for home in dict.fromkeys(homes) if home != Path("/")]


def _programs(homes: list[Path], repository: Path) -> list[Path]:
    """Where the host keeps programs: tool chains, and the folders of the search path that open no home folder."""
    named = [HOMEBREW, *(home / name for home in homes for name in TOOL_CHAINS), *search_path()]
    found = [path for path in named if path.exists() and not _leads_through(path, repository)]
    return [path for path in found if not _covers_a_home(path.resolve(), homes)]


def _beside(repository: Path, programs: Iterable[Path], hidden: View) -> tuple[list[Path], list[Path]]:
    """The folder around the repository, to be hidden, and those in it that hold programs; neither where it is the system's."""
    around = repository.parent
    held = {path.resolve() for path in (Path(sys.base_prefix), *programs) if path.resolve().is_relative_to(around)}
    is_of_system = any(around.is_relative_to(folder) for folder in SYSTEM)
    if is_of_system or around in (*TOP, *held) or access_to(around, hidden) == "hidden":
        return [], []
    outside_homes = [path for path in held if access_to(path, hidden) == "read"]
    return [around], [around / path.relative_to(around).parts[0] for path in outside_homes]


def _leads_through(path: Path, folder: Path) -> bool:
    """Whether the way to where the path leads, link by link, passes the resolved folder, whose content then decides."""
    place, ahead = Path("/"), list(reversed(path.parts))
    while ahead:
        part = ahead.pop()
        place = place.parent if part == ".." else place / part
        if place.is_relative_to(folder):
            return True
        if place.is_symlink():
            ahead += reversed(place.readlink().parts)
            place = place.parent
    return False


def _covers_a_home(folder: Path, homes: list[Path]) -> bool:
    return any(home.is_relative_to(folder) for home in homes)


def _entries(paths: Iterable[Path], access: Access) -> View:
    return {path.resolve(): access for path in paths if os.path.lexists(path)}


def _without_repetition(view: View) -> View:
    """The table without entries that say what the entry around them says."""
    return {path: access for path, access in view.items() if access_to(path.parent, view) != access}
