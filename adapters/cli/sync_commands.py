"""`orch sync` and `orch clone-state` as they are typed; what they do is in syncing.py, loaded when one is called."""

from typing import Annotated

import typer

from adapters.cli.options import HERE, PROVE, Json, Repo

Remote = Annotated[
    str | None, typer.Option(metavar="NAME", help="A git remote.", show_default="[state] push in orch.toml, or origin")
]
Quiet = Annotated[bool, typer.Option("--quiet", help="At refs/orch/state there, not as a branch.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command(rich_help_panel=PROVE)(sync)
    app.command("clone-state", rich_help_panel=PROVE)(clone_state)


def sync(remote: Remote = None, quiet: Quiet = False, repo: Repo = HERE, as_json: Json = False) -> None:
    """Bring orch-state here and at a remote to the same point.

    Takes over what is new there and pushes what is new here. Beside a running engine it only pushes.
    """
    from adapters.cli import syncing

    syncing.sync(repo, remote, quiet, as_json)


def clone_state(remote: Remote = None, quiet: Quiet = False, repo: Repo = HERE, as_json: Json = False) -> None:
    """Get orch-state with all its epochs into this clone: status, log, show, verify and replay work then.

    Pushes nothing.
    """
    from adapters.cli import syncing

    syncing.clone_state(repo, remote, quiet, as_json)
