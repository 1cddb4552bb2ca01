"""Composes the first message of an attempt from the board's view of it. Pure; the words and fences are crew/brief.py's."""

from collections.abc import Sequence

from engine.core.entities import COMMITTERS, Spec, Task
from engine.core.note_entities import Insight
from engine.crew.brief import Brief, Context, EarlierAttempt, Evidence, render_brief
from engine.crew.fences import DATA
from engine.tools.observation import shorten
from engine.work import Job

MAX_OTHERS = 60
MAX_ENDED = 300
MAX_DESCRIPTION_CHARS = 600


def work_brief(job: Job, earlier: Sequence[EarlierAttempt], more: tuple[Context, ...] = ()) -> str:
    """What a worker, a planner or the director is told first; `more` is what its beginning has to say."""
    run, task = job.run, job.task
    title = f"Run {run.id}" if task.role == "director" else f"Task {task.id}: {task.title}"
    return render_brief(
        Brief(
            title=title,
            description=run.objective if task.role == "director" else task.description or task.title,
            criteria=job.criteria,
            gates=run.gates,
            context=(*_context(job, job.before), *more),
            earlier=tuple(earlier),
            guidance=task.guidance,
        )
    )


def review_brief(job: Job, evidence: Evidence) -> str:
    """What the strategist is told first."""
    task = job.task
    return render_brief(
        Brief(
            title=f"Review of task {task.id}: {task.title}",
            description=_red(task) + (task.description or task.title),
            criteria=job.criteria,
            gates=job.run.gates,
            context=_context(job, ()),
            evidence=evidence,
            guidance=task.guidance,
        )
    )


def _red(task: Task) -> str:
    if task.role != "test_architect":
        return ""
    return (
        "These are tests that come first: the engine has seen every check red, as it must be, and the code is another's task. "
        "Judge whether they prove what the criteria say.\n\n"
    )


def _context(job: Job, before: Sequence[Task]) -> tuple[Context, ...]:
    run = job.run
    parts: list[Context] = (
        [Context("The specification of the run", _spec(run.objective, run.spec))] if run.spec is not None else []
    )
    done = "\n".join(
        f"- {task.id} {task.title}: {task.attempt.summary}"
        for task in before
        if task.attempt and task.attempt.summary and task.role != "researcher"
    )
    if done:
        parts.append(Context("What landed before, which this task builds on", done))
    parts += [
        Context(f"Findings of {task.id} ({task.title})", task.result, DATA)
        for task in before
        if task.role == "researcher" and task.result
    ]
    parts += _notes(job)
    if job.task.role == "integrator":
        return (*parts, Context("The planned tasks, domain by domain", _plans(job), max_chars=60_000))
    if job.task.role == "strategist":
        return (*parts, Context("The tasks of the run", _ended(job)))
    others = [task for task in (*job.others, *job.planned) if task.role in COMMITTERS and task.id != job.task.id]
    if others:
        # Without it a reviewer misses here what another task brings, and a planner plans twice what is planned.
        parts.append(Context("Other tasks of the run, which are not this one's business", _titles(others)))
    return tuple(parts)


def _ended(job: Job) -> str:
    """What became of each task, for the last look at the whole."""
    lines = []
    for task in job.planned[:MAX_ENDED]:
        landed = f", landed as {task.receipt.commit[:10]}" if task.receipt else ""
        said = (task.attempt.summary if task.attempt else "") if task.state == "complete" else task.reason
        lines.append(f"- {task.id} ({task.role}, {task.state}{landed}): {task.title}" + (f": {said}" if said else ""))
    left_out = len(job.planned) - len(lines)
    return "\n".join([*lines, f"- and {left_out} more"] if left_out else lines)


def _plans(job: Job) -> str:
    """Every task that waits for the integration, with all that its planner said of it."""
    held = [task for task in job.planned if job.task.id in task.depends_on and task.state == "planned"]
    lines: list[str] = []
    for planner in job.before:
        lines.append(f"## {planner.id}: {planner.title}" + (" (the foundation)" if planner.foundation else ""))
        for task in [task for task in held if task.planned_by == planner.id]:
            after = [name for name in task.depends_on if name != job.task.id]
            lines.append(f"- {task.id} ({task.role}): {task.title}" + (f", after {', '.join(after)}" if after else ""))
            lines.append(f"  {shorten(' '.join(task.description.split()), MAX_DESCRIPTION_CHARS)}")
            lines += [f"  check: {criterion.check}" for criterion in task.criteria if criterion.check]
            lines += [f"  needs: {need}" for need in task.needs]
    return "\n".join(lines)


def _notes(job: Job) -> list[Context]:
    found = []
    if job.design:
        lines = [
            f"- {entry.area}: {entry.summary}" + (f" ({entry.reason})" if entry.reason else "") for entry in job.design
        ]
        found.append(Context("The design log of the run: what was settled", "\n".join(lines)))
    if job.insights:
        lines = [f"- {note.id}, from {note.task} ({note.by}): {note.summary}" + _about(note) for note in job.insights]
        found.append(Context("Insights of other workers, which may be wrong or out of date", "\n".join(lines), DATA))
    return found


def _about(note: Insight) -> str:
    about = ", ".join((*note.paths, *note.topics))
    return f" [{about}]" if about else ""


def _titles(tasks: Sequence[Task]) -> str:
    lines = [f"- {task.id} ({task.role}, {task.state}): {task.title}" for task in tasks[:MAX_OTHERS]]
    left_out = len(tasks) - len(lines)
    return "\n".join([*lines, f"- and {left_out} more"] if left_out else lines)


def _spec(objective: str, spec: Spec) -> str:
    lines = [f"Objective: {objective}", f"Summary: {spec.summary}"]
    for title, entries in (
        ("Assumptions", spec.assumptions),
        ("Constraints", spec.constraints),
        ("Expected outputs", spec.expected_outputs),
        ("Interfaces", spec.interfaces),
    ):
        if entries:
            lines += [f"{title}:", *(f"- {entry}" for entry in entries)]
    return "\n".join(lines)
