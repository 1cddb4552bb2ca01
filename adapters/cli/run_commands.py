"""`orch start` and `orch resume` as they are typed; what they do is in running.py, loaded when one is called."""

from pathlib import Path
from typing import Annotated

import typer

from adapters.cli.options import HERE, WORK, Json, Repo

Model = Annotated[
    str | None, typer.Option("--model", "-m", metavar="NAME", help="The model, as litellm names it: openai/gpt-5.")
]
Budget = Annotated[float | None, typer.Option("--budget", metavar="USD", help="Pause and ask before spending more.")]
Workers = Annotated[int | None, typer.Option("--max-workers", min=1, metavar="N", help="Attempts at a time.")]
Wait = Annotated[bool, typer.Option("--wait", help="Without a terminal: wait for answers instead of ending with 3.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command(rich_help_panel=WORK, epilog='orch start "make the failing tests pass" --budget 2')(start)
    app.command(rich_help_panel=WORK, epilog="orch resume")(resume)


def start(
    objective: Annotated[str, typer.Argument(help="What is to be achieved, in your words.")],
    repo: Repo = HERE,
    model: Model = None,
    budget: Budget = None,
    max_workers: Workers = None,
    base: Annotated[
        str | None, typer.Option(metavar="BRANCH", help="Where work lands.", show_default="the branch checked out")
    ] = None,
    new: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Begin from nothing: a folder, a repository, a first commit.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Start in spite of warnings, without a question.")] = False,
    plan_first: Annotated[
        bool, typer.Option("--plan-first", help="Show the plan, and start nothing before you have approved it.")
    ] = False,
    guardian: Annotated[
        int | None, typer.Option("--guardian", min=1, metavar="TURNS", help="Look at each attempt every so many turns.")
    ] = None,
    wait: Wait = False,
    as_json: Json = False,
) -> None:
    """Start a run and follow it; questions are asked here.

    Ctrl-C stops cleanly, and `orch resume` goes on.

    Exit codes: 0 completed, 1 failed or cancelled, 2 could not start, 3 waits for a person.
    """
    from adapters.cli.running import Wishes
    from adapters.cli.running import start as start_run

    overrides = _overrides(model, budget, max_workers)
    overrides |= {"plan_first": True} if plan_first else {}
    overrides |= {"guardian_turns": guardian} if guardian else {}
    raise typer.Exit(start_run(objective, repo, overrides, base=base, new=new, wishes=Wishes(yes, wait, as_json)))


def resume(
    run: Annotated[str | None, typer.Argument(help="Only end this run's pause.", metavar="[R1]")] = None,
    repo: Repo = HERE,
    model: Model = None,
    max_workers: Workers = None,
    wait: Wait = False,
    as_json: Json = False,
) -> None:
    """Continue every unfinished run, also after a crash, and end a pause."""
    from adapters.cli.running import Wishes
    from adapters.cli.running import resume as resume_runs

    overrides = _overrides(model, None, max_workers)
    raise typer.Exit(resume_runs(repo, run, overrides, Wishes(is_sure=True, waits=wait, as_json=as_json)))


def _overrides(model: str | None, budget_usd: float | None, max_workers: int | None) -> dict[str, object]:
    """The settings that were typed; what was not typed stays as the files say."""
    typed: dict[str, object] = {"model": model, "budget_usd": budget_usd, "max_workers": max_workers}
    return {name: value for name, value in typed.items() if value is not None}
