"""The program `orch`. Must import nothing that takes time before Ctrl-C is heard."""

from collections.abc import Sequence
from typing import NoReturn

from adapters.cli.errors import PlainErrors


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line (by default the process's own) and end with the command's exit code.

    Raises: SystemExit, always.
    """
    with PlainErrors():
        from adapters.cli.app import app
        from adapters.cli.output import accept_any_text

        accept_any_text()
        app(arguments)
    raise SystemExit(0)
