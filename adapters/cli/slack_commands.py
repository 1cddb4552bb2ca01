"""`orch slack` as it is typed."""

from typing import Annotated

import typer

from adapters.cli.options import HERE, PROVE, Json, Repo


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(
        name="slack", help="The bot on Slack: its app, and is everything there that it needs?", no_args_is_help=True
    )
    group.command()(check)
    group.command()(manifest)
    app.add_typer(group, rich_help_panel=PROVE)


def check(repo: Repo = HERE, as_json: Json = False) -> None:
    """Look whether the bot can work: tokens, scopes, socket, membership in each channel. Changes nothing.

    Exit codes: 0 all is there, 1 something is missing, 2 no token is set.
    """
    from adapters.cli import slack_checking

    raise typer.Exit(slack_checking.check(repo, as_json))


def manifest(
    url: Annotated[
        str, typer.Option(metavar="ADDRESS", help="For signed requests: https://…/slack/events, in place of a socket.")
    ] = "",
) -> None:
    """Print the app's manifest: api.slack.com/apps, Create New App, From a manifest."""
    from adapters.cli import output
    from adapters.slack.manifest import written

    output.say(written(url).rstrip())
