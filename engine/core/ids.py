"""Names of things: runs, tasks and decisions are numbered per repository; must not hold any behaviour beyond that."""

from typing import NewType

RunId = NewType("RunId", str)
"""`R7`: the seventh run of this repository."""

TaskId = NewType("TaskId", str)
"""`T12`: the twelfth task of this repository, whichever run it belongs to."""

DecisionId = NewType("DecisionId", str)
"""`D3`: the third question put to people in this repository."""

BindingId = NewType("BindingId", str)
"""`B2`: the second binding of a run to a channel in this repository."""

PostId = NewType("PostId", str)
"""`P9`: the ninth message that was to be posted anywhere."""


InsightId = NewType("InsightId", str)
"""`I4`: the fourth insight of this repository."""

DesignId = NewType("DesignId", str)
"""`L2`: the second entry of a design log in this repository."""


def number(identifier: str) -> int:
    """The number in `R7`, `T12` or `D3`.

    Raises: ValueError when there is no number after the letter.
    """
    return int(identifier[1:])


def shard(identifier: str) -> str:
    """The folder a numbered thing lives in, `""` for one digit, else a folder per higher digit: `T1234` -> `1/2/3`.

    So a directory holds at most ten files and ten folders, and the cost of an event stays flat (docs/state-branch.md).
    """
    return "/".join(identifier[1:-1])
