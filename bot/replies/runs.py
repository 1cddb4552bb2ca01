"""What we say about a run: its line, its outcome, how to read the story afterwards."""

import math
from typing import Final

from bot.replies.words import count, duration
from engine.core.entities import Run

POST_MORTEM = "the story: git log orch-state"
PROOF = "the proof: orch verify"
_MINUTES_SAID: Final = 120
"""From here on in hours: an estimate is no more exact than that."""


def started(run: Run) -> str:
    """The first line of a new run."""
    return f"{run.id} started on {run.branch}: {run.objective}"


def gets_ready() -> str:
    """While the engine is put together."""
    return "getting ready"


def measures_gates() -> str:
    """Before a run begins."""
    return "the gates run once as things are, to compare with"


def continues(run: Run) -> str:
    """The first line of a run that was taken up again."""
    return f"{run.id} continues on {run.branch}: {run.objective}"


def progress(done: int, total: int, landed: int) -> str:
    """How far a run is."""
    return f"{done} of {count(total, 'task')} done, {landed} landed"


def left(seconds: float | None) -> str:
    """About how long a run still takes, in minutes; nothing where nobody can say."""
    if seconds is None:
        return ""
    minutes = max(1, math.ceil(seconds / 60))
    if minutes < _MINUTES_SAID:
        return f"about {minutes} min left"
    return f"about {minutes / 60:.1f} h left"


def settings(branch: str, model: str, sandbox: str) -> str:
    """What a run works with."""
    return f"{branch} · {model} · {sandbox}"


def outcome(run: Run, seconds: float) -> str:
    """The sentence that ends a run."""
    took = f"after {duration(seconds)}"
    match run.state:
        case "completed":
            gates = "every gate is green" if run.final_gates else "no gate checked it"
            return f"{run.id} is completed {took}: {count(run.landed, 'change')} landed on {run.branch}, {gates}"
        case "failed":
            return f"{run.id} failed {took}: {run.reason or 'no reason was recorded'}{_kept(run)}"
        case "cancelled":
            return f"{run.id} was cancelled {took}{f': {run.reason}' if run.reason else ''}{_kept(run)}"
        case "waiting_human":
            return f"{run.id} waits for a person"
        case "paused":
            return f"{run.id} is paused; `orch resume {run.id}` starts it again"
        case "planning" | "running":
            return f"{run.id} is {run.state}"


def _kept(run: Run) -> str:
    return f" ({count(run.landed, 'change')} landed on {run.branch} and stay)" if run.landed else ""


def stopped(run: str) -> str:
    """What Ctrl-C means."""
    return f"stopped, and nothing is lost: `orch resume` continues {run}"


def interrupted() -> str:
    """Ctrl-C before there was a run."""
    return "stopped before anything was started"


def is_over(run: Run) -> str:
    """A run that nothing can be done about."""
    return f"{run.id} is over: {run.state}"


def nothing_to_resume() -> str:
    """No run is unfinished."""
    return 'no run is unfinished; `orch start "<objective>"` begins one'


def no_runs() -> str:
    """The state branch holds nothing."""
    return 'no run yet; `orch start "<objective>"` begins one'


def nothing_needs_you() -> str:
    """No question is open."""
    return "nothing needs you"


def needs_you(questions: int) -> str:
    """How many questions are open."""
    return f"{count(questions, 'question')} {'needs' if questions == 1 else 'need'} you"


def engine_runs(pid: int) -> str:
    """Somebody works."""
    return f"the engine runs (process {pid})"


def engine_rests(unfinished: int) -> str:
    """Nobody works."""
    if unfinished:
        return f"no engine runs; `orch resume` continues {count(unfinished, 'run')}"
    return "no engine runs"


def hidden(complete: int, others: int) -> str:
    """Tasks that a short screen leaves out."""
    parts = [f"{complete} over" if complete else "", f"{others} more" if others else ""]
    return f"… {' and '.join(part for part in parts if part)} (`orch show` lists all)"
