"""The refs of the state branch in its repository; must not know what they hold."""

from typing import Final

STATE: Final = "refs/heads/orch-state"
"""The branch itself."""

OWN: Final = "refs/orch/"
"""Below it nobody but orch has refs."""

EPOCHS: Final = f"{OWN}epoch/"
"""Where the last commits of earlier epochs are kept, numbered from 1. No clone fetches them unless it is asked to."""

APART: Final = f"{OWN}apart/"
"""Where commits stay that the branch went on without, each under its own name."""
