"""What `orch verify` says."""

from bot.replies.words import count


def proven(events: int, receipts: int) -> str:
    """Nothing is wrong."""
    if events == 0:
        return "there is nothing to prove: no run has written a state branch here"
    return f"proven from git alone: {count(events, 'event')}, {count(receipts, 'receipt')}"


def fault(where: str, problem: str) -> str:
    """One thing that is wrong, and where."""
    return f"{where}: {problem}" if where else problem


def not_proven(faults: int) -> str:
    """How many things are wrong."""
    return f"not proven: {count(faults, 'fault')}; look at a commit with `git show`, at the story with `git log orch-state`"
