"""Every limit of the core, with its unit; rules use them, none is repeated elsewhere."""

from typing import Final

MAX_OBJECTIVE_CHARS: Final = 8_000
MAX_TITLE_CHARS: Final = 120
MAX_TEXT_CHARS: Final = 20_000
MAX_TASKS_PER_PLAN: Final = 200
MAX_TASKS_PER_RUN: Final = 20_000
MAX_DOMAINS: Final = 5
MAX_INFRA_FAILURES: Final = 5
"""In a row, before a person is asked; each costs a longer wait, none a retry."""

INFRA_BACKOFF_S: Final = 2.0
MAX_INFRA_BACKOFF_S: Final = 120.0
