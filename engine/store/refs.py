"""The refs of the state branch in its repository; must not know what they hold."""

from typing import Final

STATE: Final = "refs/heads/orch-state"
"""The branch itself."""

EPOCHS: Final = "refs/orch/epoch/"
"""Where the last commits of earlier epochs are kept, numbered from 1. No clone fetches them unless it is asked to."""

APART: Final = "refs/orch/apart/"
"""Where commits stay that the branch went on without, each under its own name."""
