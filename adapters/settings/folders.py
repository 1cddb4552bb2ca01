"""The user who types here, and the folders that are theirs (XDG Base Directory Specification)."""

import getpass
import os
from pathlib import Path


def person() -> str:
    """Who types here, as events name people: `cli:<login name>`."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):  # a container's user may have neither a variable nor an entry in passwd
        name = str(os.getuid())
    return f"cli:{name}"


def config_folder() -> Path:
    """The user's own folder for configuration."""
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path("~/.config").expanduser())


def runtime_folder() -> Path | None:
    """The user's own folder for sockets, where the system gives one."""
    folder = os.environ.get("XDG_RUNTIME_DIR", "")
    return Path(folder) if folder.startswith("/") and os.access(folder, os.W_OK) else None


def cache_folder() -> Path | None:
    """The user's own folder for what can be made again, where there is one."""
    folder = Path(os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser())
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return None
    return folder if folder.is_absolute() and os.access(folder, os.W_OK) else None
