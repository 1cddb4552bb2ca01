"""Words around what is read back: headings of a task's page, and of its conversation."""

from bot.replies.tasks import failed
from engine.core.entities import Attempt, Criterion, GateProof, Receipt, Verdict


def waiting_command(decision: str) -> str:
    """Where to see a question in full."""
    return f"`orch show {decision}` shows it"


def criterion(number: int, entry: Criterion) -> str:
    """A criterion with the command that checks it."""
    return f"{number}. {entry.text}" + (f"  (check: {entry.check})" if entry.check else "")


def attempt(entry: Attempt) -> str:
    """How an attempt ended, in one line."""
    if entry.failure:
        return f"attempt {entry.number}: {failed(entry.failure)}: {entry.detail}"
    if entry.ended_at:
        return f"attempt {entry.number}: succeeded: {entry.summary}"
    if entry.commit:
        return f"attempt {entry.number}: submitted: {entry.summary}"
    return f"attempt {entry.number}: under way"


def verdict(entry: Verdict) -> str:
    """The strategist's word."""
    return f"review: {'passed' if entry.passed else 'rejected'}" + (f": {entry.feedback}" if entry.feedback else "")


def receipt(entry: Receipt) -> str:
    """Where the work is, and what proved it."""
    proofs = ", ".join(proof(found) for found in (*entry.checks, *entry.gates)) or "no check and no gate"
    return f"landed as {entry.commit[:12]} on {entry.branch}; proven by {proofs}"


def proof(entry: GateProof) -> str:
    """A gate's or check's result."""
    tests = f", {entry.passed} passed" if entry.passed else ""
    tests += f", {entry.failed} failed" if entry.failed else ""
    return f"{entry.name} (exit code {entry.exit_code}{tests})"


def conversation(task: str, attempt_number: int, speaker: str) -> str:
    """The heading of a conversation."""
    return f"{task} attempt {attempt_number} · {speaker}"


def turn(number: int, time: str, tokens: int) -> str:
    """The heading of a turn; turn 0 is what the worker was told."""
    if number == 0:
        return "what it was told"
    return f"turn {number}  {time}" + (f"  {tokens:,} tokens" if tokens else "")


def more_lines(lines: int) -> str:
    """What a shortened text leaves out."""
    return f"… {lines} more lines (--full shows them)"
