"""Makes the repository that an agent sees: its own branch, index and configuration over the target's objects.

The agent may do to it what it likes, for nobody else ever runs git with it: the engine only makes it and throws it away.
"""

import shutil
from pathlib import Path
from typing import Final

from engine.workspace.worktree import REPORT_NAME

BRANCH: Final = "work"

_CONFIG: Final = """\
[core]
\trepositoryformatversion = 0
\tfilemode = true
\tbare = false
\tlogallrefupdates = true
[user]
\tname = orch
\temail = orch@localhost
[gc]
\tauto = 0
"""


def create(
    path: Path, *, base: str, common_dir: Path, objects: tuple[Path, ...], index: Path, excluded: tuple[str, ...]
) -> None:
    """Make the gitdir at `path`, which must not exist: branch `work` at `base`, a copy of `index`, `git status` clean.

    The target's `objects` are reached as alternates (git's "objects/info/alternates"), so writing here never writes there.
    """
    for folder in ("objects/info", "objects/pack", "refs/heads", "refs/tags", "info"):
        (path / folder).mkdir(parents=True)
    _write(path / "HEAD", f"ref: refs/heads/{BRANCH}\n")
    _write(path / "refs/heads" / BRANCH, f"{base}\n")
    _write(path / "config", _CONFIG)
    _write(path / "objects/info/alternates", "".join(f"{folder}\n" for folder in objects))
    _write(
        path / "info/exclude",
        _user_excludes(common_dir) + "".join(f"/{_literal(name)}\n" for name in (REPORT_NAME, *excluded)),
    )
    shutil.copyfile(index, path / "index")
    if (common_dir / "shallow").exists():
        # Without the list of cut-off commits `git log` would look for their parents and fail.
        shutil.copyfile(common_dir / "shallow", path / "shallow")


def _user_excludes(common_dir: Path) -> str:
    try:
        text = (common_dir / "info/exclude").read_text("utf-8", "surrogateescape")
    except FileNotFoundError:
        return ""
    return text if text.endswith("\n") or not text else text + "\n"


def _literal(name: str) -> str:
    """The gitignore pattern that matches this very name."""
    return "".join("\\" + letter if letter in "\\*?[ !#" else letter for letter in name)


def _write(path: Path, text: str) -> None:
    path.write_text(text, "utf-8", "surrogateescape")
