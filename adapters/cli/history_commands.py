"""The commands about the past as they are typed; what they do is in past.py and comparing.py, loaded when one is called."""

from typing import Annotated

import typer

from adapters.cli.options import HERE, LOOK, Json, Repo

DEFAULT_EVENTS = 50


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command(rich_help_panel=LOOK, epilog="orch log --run R7 --actor coder --since 3d")(log)
    app.command(rich_help_panel=LOOK, epilog="orch history T12")(history)
    app.command(rich_help_panel=LOOK, epilog="orch diff R3 R7 · orch diff R7@120 R7@340")(diff)


def log(
    run: Annotated[str | None, typer.Option(metavar="R7", help="Of this run.", show_default="any")] = None,
    task: Annotated[str | None, typer.Option(metavar="T12", help="About this task.", show_default="any")] = None,
    actor: Annotated[
        str | None, typer.Option(metavar="NAME", help="By a role, a person or the engine.", show_default="any")
    ] = None,
    since: Annotated[
        str | None, typer.Option(metavar="TIME", help="A date, a time (UTC), or an age: 90m, 12h, 3d, 2w.")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=0, metavar="N", help="At most; 0: all.")] = DEFAULT_EVENTS,
    repo: Repo = HERE,
    as_json: Json = False,
) -> None:
    """What happened, newest first: the commits of orch-state, one an event."""
    from adapters.cli import past

    past.log(repo, past.Wishes(run, task, actor, since, limit), as_json)


def history(
    task: Annotated[str, typer.Argument(help="The task.", metavar="T12")], repo: Repo = HERE, as_json: Json = False
) -> None:
    """Everything that happened to a task, oldest first."""
    from adapters.cli import past

    past.history(repo, task, as_json)


def diff(
    before: Annotated[str, typer.Argument(help="A run, now or after an event.", metavar="R3")],
    after: Annotated[str, typer.Argument(help="The other, or the same at another time.", metavar="R7")],
    repo: Repo = HERE,
    as_json: Json = False,
) -> None:
    """Two runs side by side, or one run at two moments."""
    from adapters.cli import comparing

    comparing.diff(repo, before, after, as_json)
