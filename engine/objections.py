"""What the engine has against a result before it takes it: told to the model at once, while it can still be mended. Pure."""

from collections.abc import Callable, Sequence

from engine.core import plan
from engine.core.entities import Criterion
from engine.crew.results import ReviewResult
from engine.results import plan_made, spec_made
from engine.work import Job

Objection = Callable[[bytes], str]


def to_work(job: Job) -> Objection:
    """The objection to what the job's role returns; empty for nothing. A plan must fit the run's tasks."""
    match job.task.role:
        case "director":
            return lambda arguments: "; ".join(plan.faults(job.planned, spec_made(arguments).domains))
        case "planner":
            return lambda arguments: "; ".join(plan.faults(job.planned, plan_made(arguments).tasks))
        case "coder" | "tester" | "strategist":
            return lambda _: ""


def to_verdict(criteria: Sequence[Criterion]) -> Objection:
    """The objection to a verdict that leaves a criterion out, or judges one that is not there."""
    expected = set(range(1, len(criteria) + 1))

    def objection(arguments: bytes) -> str:
        judged = {entry.number for entry in ReviewResult.model_validate_json(arguments).criteria}
        missing, extra = sorted(expected - judged), sorted(judged - expected)
        parts = [f"criterion {', '.join(map(str, missing))} has no verdict"] if missing else []
        parts += [f"there is no criterion {', '.join(map(str, extra))}"] if extra else []
        return "; ".join(parts)

    return objection if expected else lambda _: ""
