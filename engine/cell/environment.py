"""The environment of a cell's commands, constructed and never copied: what the engine was given (keys!) stays with it."""

import os
import sys
from pathlib import Path

SYSTEM_PATH = ("/usr/local/bin", "/usr/bin", "/bin")

TOOL_HOMES = {
    "CARGO_HOME": ".cargo",
    "RUSTUP_HOME": ".rustup",
    "PYENV_ROOT": ".pyenv",
    "NVM_DIR": ".nvm",
    "VOLTA_HOME": ".volta",
    "GOMODCACHE": "go/pkg/mod",
}
"""Tools look for themselves under `$HOME`, which is an empty folder in a cell, so they are told where they are."""


def search_path() -> tuple[Path, ...]:
    """The folders of the engine's PATH that a target's commands may use: all but the engine's own virtual environment.

    A target's tests must run under the target's interpreter, or the host's; under ours they would see our packages.
    """
    folders = [Path(entry) for entry in (*os.get_exec_path(), *SYSTEM_PATH)]
    return tuple(dict.fromkeys(folder for folder in folders if folder.is_absolute() and not _is_ours(folder)))


def clean_environment(temporary: Path) -> dict[str, str]:
    """The variables every command gets; `temporary` is the folder that it knows as its temporary one."""
    home = Path.home()
    tools = {name: str(home / folder) for name, folder in TOOL_HOMES.items() if (home / folder).is_dir()}
    return tools | {
        "PATH": os.pathsep.join(str(folder) for folder in search_path()),
        "HOME": str(temporary / "home"),
        "TMPDIR": str(temporary),
        "LANG": "C.UTF-8",
        "TERM": "dumb",
        "PAGER": "cat",
        "GIT_TERMINAL_PROMPT": "0",
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def _is_ours(folder: Path) -> bool:
    return sys.prefix != sys.base_prefix and folder.is_relative_to(sys.prefix)
