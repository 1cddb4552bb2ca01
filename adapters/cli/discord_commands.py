"""`orch discord` as it is typed."""

import typer

from adapters.cli.options import HERE, PROVE, Json, Repo


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(
        name="discord", help="The bot on Discord: is everything there that it needs?", no_args_is_help=True
    )
    group.command()(check)
    # A lone command would otherwise take the group's name.
    group.callback()(_group)
    app.add_typer(group, rich_help_panel=PROVE)


def _group() -> None:
    """The bot on Discord."""


def check(repo: Repo = HERE, as_json: Json = False) -> None:
    """Look whether the bot can work: token, servers, permissions in each channel, command. Changes nothing.

    Exit codes: 0 all is there, 1 something is missing, 2 no token is set.
    """
    from adapters.cli import discord_checking

    raise typer.Exit(discord_checking.check(repo, as_json))
