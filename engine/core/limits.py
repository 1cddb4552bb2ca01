"""Every limit that the rules of the core hold to, with its unit; roles and tools use the same, none is repeated elsewhere."""

from typing import Final

MAX_OBJECTIVE_CHARS: Final = 8_000
MAX_TITLE_CHARS: Final = 120
MAX_TEXT_CHARS: Final = 20_000
MAX_RETRIES: Final = 50
MAX_TASKS_PER_PLAN: Final = 200
MAX_TASKS_OF_A_PLANNER: Final = 30
"""That a planner may return at once; the rules would take more."""
MAX_TASKS_PER_RUN: Final = 20_000
MAX_DOMAINS: Final = 5
MAX_CRITERIA_PER_TASK: Final = 12
MAX_INFRA_FAILURES: Final = 5
"""In a row, before a person is asked; each costs a longer wait, none a retry."""

INFRA_BACKOFF_S: Final = 2.0
MAX_INFRA_BACKOFF_S: Final = 120.0

THRIFT: Final = 0.25
"""How much more than its cap a run gets, as a share of it, to finish cheaply what is begun."""

MAX_NOTES_PER_ATTEMPT: Final = 10
"""Insights, and entries of the design log, each: a worker that floods the blackboard is told so."""
MAX_INSIGHTS_PER_RUN: Final = 500
MAX_DESIGN_PER_RUN: Final = 200
MAX_NOTE_CHARS: Final = 1_000
MAX_NAMES_PER_NOTE: Final = 12
MAX_SUSPENSIONS: Final = 4
"""Of a task, before a person is asked: one that only ever waits for others is no task."""
MAX_REPLANS: Final = 2
"""Of what grew out of one task, before a person is asked."""
MAX_INSIGHTS_SHOWN: Final = 12
"""To one attempt; the newest of those that concern it most."""
MAX_DESIGN_SHOWN: Final = 30
MAX_NOTES_WEIGHED: Final = 200
"""For one attempt, the newest; older ones were told to those who were at work then."""
MAX_ANCESTORS_WEIGHED: Final = 200
MAX_TASKS_SHOWN: Final = 60
"""In the question about a plan."""
MAX_ASIDE_SHOWN: Final = 11
"""In the question about events of another engine; with the line that says how many more, what a chat shows."""
MAX_SUBTASKS: Final = 12
