"""The commands that steer, as they are typed; what they do is in orders.py, loaded when one is called."""

from typing import Annotated, Literal

import typer

from adapters.cli.options import HERE, STEER, Json, Repo

Run = Annotated[str | None, typer.Argument(help="The run.", metavar="[R1]", show_default="the one under way")]
Task = Annotated[str, typer.Argument(help="The task.", metavar="T3")]
Why = Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why, for those who read the story.")]

Then = Literal["cascade", "drop", "replan"]
"""The core's `Dependents`, written again: importing the core would cost every `orch --help` a tenth of its time."""


def register(app: typer.Typer) -> None:
    """Add the commands."""
    examples = 'orch decide D1 retry · orch decide D1 "retry with changes: round half up" · orch decide D1 abandon drop'
    app.command(rich_help_panel=STEER, epilog=examples)(decide)
    app.command(rich_help_panel=STEER)(pause)
    app.command(rich_help_panel=STEER)(cancel)
    app.command(rich_help_panel=STEER, epilog='orch interrupt T3 --reason "the wrong file"')(interrupt)
    app.command(rich_help_panel=STEER, epilog="orch abandon T3 --then cascade")(abandon)


def decide(
    question: Annotated[str, typer.Argument(help="The question.", metavar="D1")],
    answer: Annotated[list[str], typer.Argument(help="A number or the words, as `orch show D1` lists them.")],
    repo: Repo = HERE,
    as_json: Json = False,
) -> None:
    """Answer a question."""
    from adapters.cli import orders

    orders.decide(repo, question, " ".join(answer), as_json)


def pause(run: Run = None, reason: Why = "", repo: Repo = HERE, as_json: Json = False) -> None:
    """Start nothing new; attempts under way finish. `orch resume` goes on."""
    from adapters.cli import orders

    orders.pause(repo, run, reason, as_json)


def cancel(run: Run = None, reason: Why = "", repo: Repo = HERE, as_json: Json = False) -> None:
    """End the run; what landed stays."""
    from adapters.cli import orders

    orders.cancel(repo, run, reason, as_json)


def interrupt(task: Task, reason: Why = "", repo: Repo = HERE, as_json: Json = False) -> None:
    """Stop a task where it is, and ask what to do."""
    from adapters.cli import orders

    orders.interrupt(repo, task, reason, as_json)


def abandon(
    task: Task,
    then: Annotated[
        Then | None,
        typer.Option("--then", help="What becomes of tasks that wait for it: given up, unlinked, planned anew."),
    ] = None,
    reason: Why = "",
    repo: Repo = HERE,
    as_json: Json = False,
) -> None:
    """Give a task up."""
    from adapters.cli import orders

    orders.abandon(repo, task, then, reason, as_json)
