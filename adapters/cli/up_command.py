"""`orch up` as it is typed; what it does is in upping.py, loaded when it is called."""

from typing import Annotated

import typer

from adapters.cli.options import HERE, WORK, Repo

Model = Annotated[
    str | None, typer.Option("--model", "-m", metavar="NAME", help="The model, as litellm names it: openai/gpt-5.")
]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(rich_help_panel=WORK, epilog="orch up --open")(up)


def up(
    repo: Repo = HERE,
    host: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="Where to listen.", show_default="127.0.0.1")
    ] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65_535, metavar="N", show_default="8085")] = None,
    open_page: Annotated[bool, typer.Option("--open", help="Open the console in a browser.")] = False,
    model: Model = None,
) -> None:
    """Run the engine with the web console, and go on with every unfinished run.

    The link it prints lets whoever has it act in your name. Ctrl-C stops cleanly, and the next `orch up` goes on.
    """
    from adapters.cli.upping import Wishes
    from adapters.cli.upping import up as bring_up

    raise typer.Exit(bring_up(repo, Wishes(host, port, open_page, model)))
