"""What the engine has against a result before it takes it: told to the model at once, while it can still be mended."""

import re
from collections.abc import Callable, Sequence
from pathlib import Path

from engine.core import commands as c
from engine.core import plan
from engine.core.decide_integration import held_by, integration_faults
from engine.core.entities import Criterion
from engine.crew.results import FindingsResult, IntegrationResult, ReviewResult
from engine.results import parse_division, parse_integration, parse_plan, parse_spec
from engine.work import Job

Objection = Callable[[bytes], str]


def to_work(job: Job, root: Path, unfit: Callable[[], str]) -> Objection:
    """The objection to what the job's role returns; empty for nothing. A plan must fit the run's tasks, a finding rest on
    something that is there (`root` is the worktree), and work be in files that can be committed: `unfit` says why not.
    """
    match job.task.role:
        case "director":
            return lambda arguments: "; ".join(plan.faults(job.planned, parse_spec(arguments).domains))
        case "planner":
            return lambda arguments: "; ".join(plan.faults(job.planned, parse_plan(arguments).tasks))
        case "integrator":
            return lambda arguments: _unjoined(job, arguments)
        case "researcher":
            return lambda arguments: _unfounded(FindingsResult.model_validate_json(arguments), root)
        case "strategist":
            return to_verdict(job.task.criteria)
        case "coder" | "tester" | "test_architect" | "writer" | "merger" | "guardian":
            return lambda _: unfit()


def _unjoined(job: Job, arguments: bytes) -> str:
    """What is wrong with the plans as they were put together, and the needs that nobody answered."""
    joined, result = parse_integration(arguments), IntegrationResult.model_validate_json(arguments)
    report = c.AcceptIntegration(job.task.id, job.attempt, joined.links, joined.rejected)
    faults = integration_faults(list(job.planned), job.task.id, report)
    answered = {link.task for link in result.links} | {each.task for each in result.needs}
    answered |= {each.task for each in result.rejected}
    open_needs = [
        task for task in held_by(list(job.planned), job.task.id).values() if task.needs and task.id not in answered
    ]
    faults += [f"{task.id} needs {'; '.join(task.needs)}: link it, or answer it in `needs`" for task in open_needs]
    return "; ".join(faults)


def to_division(job: Job, unfit: Callable[[], str]) -> Objection:
    """The objection to subtasks: they must fit the run's tasks, and not wait for their own author; what was done so far is committed."""

    def objection(arguments: bytes) -> str:
        tasks, _ = parse_division(arguments)
        faults = plan.faults((*job.planned, *job.others, *job.before, job.task), tasks)
        faults += [
            f"task {task.key!r} depends on {job.task.id}, which waits for it"
            for task in tasks
            if job.task.id in task.depends_on
        ]
        return "; ".join(filter(None, (*faults, unfit())))

    return objection


def _unfounded(result: FindingsResult, root: Path) -> str:
    """The sources that are neither an address nor a file of the repository."""
    sources = [source for finding in result.findings for source in finding.sources]
    return "; ".join(
        f"the source {source!r} is no https address and no file here"
        for source in sources
        if not _is_there(source, root)
    )


def _is_there(source: str, root: Path) -> bool:
    if re.match(r"https?://[^\s/]", source):
        return True
    try:
        path = (root / re.sub(r":\d+(-\d+)?$", "", source)).resolve()
        return path.is_relative_to(root.resolve()) and path.exists()
    except (OSError, ValueError):
        return False


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
