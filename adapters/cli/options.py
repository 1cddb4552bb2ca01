"""Options that several commands have, declared once."""

from pathlib import Path
from typing import Annotated

import typer

Repo = Annotated[
    Path,
    typer.Option("--repo", "-C", metavar="FOLDER", help="The git repository to work on.", show_default="this folder"),
]
Json = Annotated[bool, typer.Option("--json", help="Print facts as JSON, for programs.")]
HERE = Path()

WORK, LOOK, STEER, PROVE = "Work", "Look", "Steer", "Prove"
"""The panels of `orch --help`."""
