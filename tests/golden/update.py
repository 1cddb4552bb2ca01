"""Writes the golden renderings anew: `python -m tests.golden.update`; then read the diff before you commit it."""

from __future__ import annotations

from pathlib import Path

from tests.engine.crew.openings import OPENINGS, rendering

PROMPTS = Path(__file__).parent / "prompts"


def update_prompts() -> None:
    """Write one file a role into `prompts/`."""
    PROMPTS.mkdir(exist_ok=True)
    for name in OPENINGS:
        (PROMPTS / f"{name}.md").write_text(rendering(name), "utf-8")


if __name__ == "__main__":
    update_prompts()
