"""The reading commands as they are typed; what they do is in reading.py and conversation.py, loaded when one is called."""

from typing import Annotated

import typer

from adapters.cli.options import HERE, LOOK, Json, Repo


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command(rich_help_panel=LOOK)(status)
    app.command("list", rich_help_panel=LOOK)(list_runs)
    app.command(
        rich_help_panel=LOOK, epilog="orch show · orch show R1 · orch show T3 · orch show D1 · orch show R1@120"
    )(show)
    app.command(rich_help_panel=LOOK, epilog="orch logs T3 --attempt 2 · orch logs T3 --follow")(logs)


def status(repo: Repo = HERE, as_json: Json = False) -> None:
    """What needs you, and what is under way."""
    from adapters.cli import reading

    reading.status(repo, as_json)


def list_runs(repo: Repo = HERE, as_json: Json = False) -> None:
    """All runs, the newest first."""
    from adapters.cli import reading

    reading.list_runs(repo, as_json)


def show(
    name: Annotated[
        str | None,
        typer.Argument(
            help="A run, a task or a question; @N: right after event N.",
            metavar="[R1|T3|D1][@N]",
            show_default="latest run",
        ),
    ] = None,
    repo: Repo = HERE,
    as_json: Json = False,
) -> None:
    """A run, a task or a question in full, now or at an earlier moment."""
    from adapters.cli import reading

    reading.show(repo, name, as_json)


def logs(
    task: Annotated[str, typer.Argument(help="The task.", metavar="T3")],
    attempt: Annotated[int | None, typer.Option(min=1, metavar="N", show_default="the latest")] = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on while it is held, word by word.")] = False,
    full: Annotated[bool, typer.Option("--full", help="Nothing shortened, and the system prompt too.")] = False,
    repo: Repo = HERE,
    as_json: Json = False,
) -> None:
    """What an attempt's worker and reviewer said and did."""
    from adapters.cli import conversation

    conversation.logs(repo, task, attempt, is_followed=follow, is_full=full, as_json=as_json)
