"""What `orch verify` says."""

from collections.abc import Mapping

from bot.replies.words import count, run_word, task_word
from engine.core.entities import RunState, TaskState


def proven(events: int, receipts: int, only_tip: bool = False) -> str:
    """Nothing is wrong."""
    if events == 0:
        return "there is nothing to prove: no run has written a state branch here"
    compared = "the newest commit of " if only_tip else ""
    return f"proven from git alone: {compared}{count(events, 'event')}, {count(receipts, 'receipt')}"


def verified_so_far(events: int) -> str:
    """It goes on."""
    return f"{count(events, 'event')} verified ..."


def fault(where: str, problem: str) -> str:
    """One thing that is wrong, and where."""
    return f"{where}: {problem}" if where else problem


def not_proven(faults: int) -> str:
    """How many things are wrong."""
    return f"not proven: {count(faults, 'fault')}; look at a commit with `git show`, at the story with `git log orch-state`"


def step(seq: int, subject: str, state: RunState, tasks: "Mapping[TaskState, int]") -> str:
    """An event that was folded again, and the board after it: `20  T4 planned -> ready  |  planning: 2 complete, 1 ready`."""
    counts = ", ".join(f"{number} {task_word(each)}" for each, number in tasks.items())
    return f"{seq:>6}  {subject}  |  {run_word(state)}" + (f": {counts}" if counts else "")


def replayed(run: str, events: int) -> str:
    """The replay came to the end."""
    return f"{run}: {count(events, 'event')}, and each commit is as its event leaves it"


def diverged(where: str) -> str:
    """The replay stopped."""
    return f"the replay stops at {where or 'the beginning'}: what the commit holds is not what its event leads to"
