"""`orch upkeep` as it is typed."""

import typer

from adapters.cli.options import HERE, PROVE, Json, Repo


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(rich_help_panel=PROVE)(upkeep)


def upkeep(repo: Repo = HERE, as_json: Json = False) -> None:
    """Put old runs and small packs together, and say how big the state branch is.

    A running engine does this by itself; nothing is lost, and `orch verify` still proves every event.
    """
    from adapters.cli import tending

    tending.upkeep(repo, as_json)
