"""Whether our three packages really are ours: a target's own `engine` folder on the path must not be run in their place."""

import importlib.util
from pathlib import Path
from typing import Final

PACKAGES: Final = ("adapters", "bot", "engine")


class MixedInstallation(Exception):
    """Another package of the same name hides one of ours; the message says which, and what to do."""


def check_origin() -> None:
    """Accept that the three packages lie in one folder, without importing any of them.

    Raises: MixedInstallation.
    """
    home = Path(__file__).resolve().parent.parent
    for name in PACKAGES:
        found = importlib.util.find_spec(name)
        origin = Path(found.origin).resolve().parent if found is not None and found.origin else None
        if origin is None or origin != home / name:
            raise MixedInstallation(
                f"orch lies in {home}, but Python finds the package {name!r} at {origin or 'no place'}; "
                "start orch from another folder, without PYTHONPATH, or install it with pipx or `uv tool`"
            )
