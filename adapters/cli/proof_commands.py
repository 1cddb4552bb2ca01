"""`orch demo`, `orch verify` and `orch version` as they are typed."""

from pathlib import Path
from typing import Annotated

import typer

from adapters.cli.options import HERE, PROVE, Json, Repo


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command(rich_help_panel=PROVE)(demo)
    app.command(rich_help_panel=PROVE)(verify)
    app.command(rich_help_panel=PROVE, epilog="orch replay R7")(replay)
    app.command(rich_help_panel=PROVE)(doctor)
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


def verify(
    tip: Annotated[bool, typer.Option("--tip", help="Compare the newest commit alone: quicker.")] = False,
    repo: Repo = HERE,
    as_json: Json = False,
) -> None:
    """Check every event and every receipt from git alone.

    Every event is folded, and every commit compared with the outcome. Exit codes: 0 all is proven, 1 something is not.
    """
    from adapters.cli import proving

    raise typer.Exit(proving.verify(repo, tip, as_json))


def replay(
    run: Annotated[str, typer.Argument(help="The run.", metavar="R7")], repo: Repo = HERE, as_json: Json = False
) -> None:
    """Fold a run's events again, and see the board at each.

    It stops at the first commit that is not as its event leaves it. Exit codes: 0 there is none, 1 there is one.
    """
    from adapters.cli import replaying

    raise typer.Exit(replaying.replay(repo, run, as_json))


def doctor(repo: Repo = HERE, as_json: Json = False) -> None:
    """How everything is that orch needs: git, sandbox, models, state branch, engine, chats.

    Exit codes: 0 nothing is wrong, 1 something is.
    """
    from adapters.cli import doctoring

    raise typer.Exit(doctoring.doctor(repo, as_json))


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
