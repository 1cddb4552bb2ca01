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
    """The number in `R7`, `T12`, `D3` or `a2`.

    Raises: ValueError when there is no number after the letter.
    """
    return int(identifier[1:])


def shard(identifier: str) -> str:
    """The folder a numbered thing lives in, `""` for one digit, else a folder per higher digit: `T1234` -> `1/2/3`.

    So a directory holds at most ten files and ten folders, and the cost of an event stays flat (docs/state-branch.md).
    """
    return "/".join(identifier[1:-1])


def attempt_label(run: RunId, task: TaskId, attempt: int, by: str = "") -> str:
    """`R1/T3/a2`, an attempt and what its worker says; or what is said of it by somebody else, `R1/T3/a2/review`."""
    return f"{run}/{task}/a{attempt}" + (f"/{by}" if by else "")


def read_label(label: str) -> tuple[RunId, TaskId, int, str]:
    """The run, the task, the attempt and who else speaks, as `attempt_label` was given them."""
    run, task, attempt, *by = label.split("/")
    return RunId(run), TaskId(task), number(attempt), "".join(by)


def task_of_label(label: str) -> str:
    """`T3`, in `R1/T3/a2`; empty where the label is no attempt's."""
    return "".join(label.split("/")[1:2])


def attempt_branch(run: RunId, task: TaskId, attempt: int) -> str:
    """`orch/R1/T3/a2`: keeps the attempt's commit alive until the task is over."""
    return f"orch/{attempt_label(run, task, attempt)}"
