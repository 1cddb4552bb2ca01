"""`orch demo`, `orch verify` and `orch version` as they are typed."""

from pathlib import Path
from typing import Annotated

import typer

from adapters.cli.options import HERE, PROVE, Json, Repo


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command(rich_help_panel=PROVE)(demo)
    app.command(rich_help_panel=PROVE)(verify)
    app.command(rich_help_panel=PROVE)(version)


def demo(
    folder: Annotated[
        Path | None, typer.Option("--dir", metavar="FOLDER", help="Where.", show_default="a temporary folder")
    ] = None,
    as_json: Json = False,
) -> None:
    """See it work: a small repository with faults, the real engine, and no key needed.

    The pilot stands in for a language model: rules that search for single edits. Given the same folder again, the demo
    continues.
    """
    from adapters.demo.command import demo as play

    raise typer.Exit(play(folder, as_json))


def verify(repo: Repo = HERE, as_json: Json = False) -> None:
    """Check every event and every receipt from git alone.

    Exit codes: 0 all is proven, 1 something is not.
    """
    from adapters.cli import proving

    raise typer.Exit(proving.verify(repo, as_json))


def version(as_json: Json = False) -> None:
    """Which orch this is."""
    import platform
    from importlib.metadata import PackageNotFoundError
    from importlib.metadata import version as version_of

    from adapters.cli import output
    from bot.replies import commands as say

    try:
        number = version_of("orch-bot")
    except PackageNotFoundError:
        number = say.not_installed()
    facts = {"orch": number, "python": platform.python_version()}
    if as_json:
        output.say_json(facts)
    else:
        output.say(f"orch {number}, Python {facts['python']}")
