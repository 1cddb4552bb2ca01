"""From what a role returned (pydantic, written by a model) to what the core takes (msgspec). Pure.

Each parser raises pydantic.ValidationError for what its role may not return; the message is fit for the model.
"""

from engine.core import commands as c
from engine.core.entities import Criterion, CriterionVerdict, Spec, Verdict
from engine.core.ids import TaskId
from engine.core.plan import PlannedTask
from engine.crew.results import (
    DirectorResult,
    Division,
    FindingsResult,
    IntegrationResult,
    PlannerResult,
    ReviewResult,
    TaskResult,
)
from engine.work import FindingsMade, PlanMade, PlansJoined, RunJudged, SpecMade

PLANNER_PRIORITY = 9
"""Planning goes first: everything else waits for it."""


def parse_spec(arguments: bytes) -> SpecMade:
    """The director's result: the spec, and a planner task a domain."""
    result = DirectorResult.model_validate_json(arguments)
    spec = Spec(
        summary=result.spec.summary,
        assumptions=result.spec.assumptions,
        constraints=result.spec.constraints,
        expected_outputs=result.spec.expected_outputs,
        interfaces=result.spec.interfaces,
    )
    domains = tuple(
        PlannedTask(
            f"d{number}",
            domain.title,
            "planner",
            domain.description,
            priority=PLANNER_PRIORITY,
            foundation=domain.foundation,
        )
        for number, domain in enumerate(result.domains, 1)
    )
    return SpecMade(spec, domains)


def parse_plan(arguments: bytes) -> PlanMade:
    """The planner's result."""
    result = PlannerResult.model_validate_json(arguments)
    return PlanMade(tuple(_planned(task) for task in result.tasks))


def _planned(task: TaskResult) -> PlannedTask:
    return PlannedTask(
        key=task.key,
        title=task.title,
        role=task.role,
        description=task.description,
        criteria=tuple(Criterion(entry.text, entry.check or "") for entry in task.criteria),
        depends_on=task.depends_on,
        priority=task.priority,
        needs=task.needs,
    )


def parse_integration(arguments: bytes) -> PlansJoined:
    """The integrator's result."""
    result = IntegrationResult.model_validate_json(arguments)
    return PlansJoined(
        links=tuple(c.Link(TaskId(each.task), TaskId(each.after), each.reason) for each in result.links),
        rejected=tuple(
            c.Rejection(
                TaskId(each.task), each.reason, TaskId(each.instead) if each.instead else None, each.plan_again
            )
            for each in result.rejected
        ),
    )  # fmt: skip


def parse_division(arguments: bytes) -> tuple[tuple[PlannedTask, ...], str]:
    """The tasks that a worker divided off, and how far it got."""
    result = Division.model_validate_json(arguments)
    return tuple(_planned(task) for task in result.tasks), result.progress


def parse_findings(arguments: bytes) -> FindingsMade:
    """The researcher's result as text."""
    result = FindingsResult.model_validate_json(arguments)
    said = (f"- {each.statement} ({each.confidence}; {', '.join(each.sources)})" for each in result.findings)
    lines = [result.summary, "", *said]
    if result.open_questions:
        lines += ["", "Not found out:", *(f"- {question}" for question in result.open_questions)]
    return FindingsMade(result.summary, "\n".join(lines))


def parse_verdict(arguments: bytes) -> Verdict:
    """The strategist's result."""
    result = ReviewResult.model_validate_json(arguments)
    return Verdict(
        passed=result.passed,
        feedback=result.feedback,
        criteria=tuple(CriterionVerdict(entry.number, entry.passed, entry.evidence) for entry in result.criteria),
        notes=result.notes if result.passed else (),
        wrong_tests=tuple(f"{entry.path}: {entry.why}" for entry in result.wrong_tests),
        fault="" if result.passed else result.fault,
    )


def parse_run_verdict(arguments: bytes) -> RunJudged:
    """The strategist's result on the whole run."""
    return RunJudged(parse_verdict(arguments))
