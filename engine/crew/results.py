"""What each role must return; must not judge a plan's graph (cycles are the core's) nor trust a claim.

Models write these, so every check explains itself: the explanation goes back to the model. Docstrings and descriptions
are read by the model too.
"""

from __future__ import annotations

import re
from typing import Annotated, Literal

import pydantic
from pydantic import AfterValidator, Field, StringConstraints

from engine.core import limits

_TASK_ID = re.compile(r"T[1-9][0-9]*")


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _runnable(check: str | None) -> str | None:
    if check is None or not check.strip():
        return None
    if "\n" in check.strip():
        raise ValueError("a check is one line: join commands with && or put them into a script of the repository")
    return check.strip()


Title = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=limits.MAX_TITLE_CHARS),
    AfterValidator(_one_line),
]
Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=600)]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=8_000)]
Key = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,39}$")]
Check = Annotated[Annotated[str, StringConstraints(max_length=1_000)] | None, AfterValidator(_runnable)]


class Result(pydantic.BaseModel):
    """The arguments of `finish`: unknown names are refused, because a misspelt one would be lost silently."""

    model_config = pydantic.ConfigDict(extra="forbid", frozen=True)


class SpecResult(Result):
    """How the objective is understood: the ground truth that all later work is held to."""

    summary: Text = Field(description="What will be true when the run is done, in the language of the objective.")
    assumptions: tuple[Line, ...] = Field(
        default=(), max_length=20, description="What was not said and is taken for granted."
    )
    constraints: tuple[Line, ...] = Field(
        default=(), max_length=20, description="What must not change or must be respected."
    )
    expected_outputs: tuple[Line, ...] = Field(
        default=(), max_length=20, description="Files or behaviours that will exist."
    )
    interfaces: tuple[Line, ...] = Field(
        default=(),
        max_length=40,
        description="Names that parts made by different workers share: functions with their signatures, formats, paths.",
    )


class DomainResult(Result):
    """A part of the objective that one planner plans."""

    title: Title
    description: Text = Field(description="What belongs to it, what does not, and which files it is about.")
    foundation: bool = Field(
        default=False, description="Whether every other domain builds on it and waits for it; at most one, mostly none."
    )


class DirectorResult(Result):
    """End with the specification of the run and its planning domains. Most objectives need exactly one domain."""

    spec: SpecResult
    domains: tuple[DomainResult, ...] = Field(
        min_length=1, max_length=limits.MAX_DOMAINS, description=f"1 to {limits.MAX_DOMAINS}; one is the rule."
    )

    @pydantic.model_validator(mode="after")
    def _titles_differ(self) -> DirectorResult:
        _refuse_repeats("domain title", [domain.title.casefold() for domain in self.domains])
        foundations = [domain.title for domain in self.domains if domain.foundation]
        if len(foundations) > 1 or (foundations and len(self.domains) == 1):
            raise ValueError(f"one domain at most can be the foundation of others, found: {', '.join(foundations)}")
        return self


class CriterionResult(Result):
    """One thing that must hold when the task is done."""

    text: Line
    check: Check = Field(
        default=None, description="A shell command, run from the top: exit code 0 means that it holds."
    )


class TaskResult(Result):
    """One task for one worker."""

    key: Key = Field(description="A short name of your own, used in depends_on.")
    title: Title
    role: Literal["coder", "tester", "test_architect", "researcher", "writer"]
    description: Text = Field(description="All that the worker needs: it sees nothing of your conversation.")
    criteria: tuple[CriterionResult, ...] = Field(
        min_length=1, max_length=limits.MAX_CRITERIA_PER_TASK, description="At least one needs a check."
    )
    depends_on: tuple[Key, ...] = Field(
        default=(),
        max_length=limits.MAX_TASKS_OF_A_PLANNER - 1,
        description="Keys of tasks whose landed work it needs, or ids of tasks that exist already (T4).",
    )
    priority: int = Field(default=5, ge=1, le=9, description="9 starts first among tasks that are ready.")
    needs: tuple[Line, ...] = Field(
        default=(),
        max_length=10,
        description="What it needs of another domain's work, in words: you can't know the ids.",
    )

    @pydantic.model_validator(mode="after")
    def _can_be_checked(self) -> TaskResult:
        if self.role != "researcher" and not any(criterion.check for criterion in self.criteria):
            raise ValueError(
                f"task {self.key} has no check: give at least one criterion a shell command that is red now and green when done"
            )
        return self


class PlannerResult(Result):
    """End with the tasks of this domain."""

    tasks: tuple[TaskResult, ...] = Field(min_length=1, max_length=limits.MAX_TASKS_OF_A_PLANNER)

    @pydantic.model_validator(mode="after")
    def _names_fit(self) -> PlannerResult:
        keys = [task.key for task in self.tasks]
        _refuse_repeats("key", keys)
        _refuse_repeats("title", [task.title.casefold() for task in self.tasks])
        for task in self.tasks:
            _refuse_repeats(f"dependency of {task.key}", list(task.depends_on))
            unknown = [key for key in task.depends_on if key not in keys and not _TASK_ID.fullmatch(key)]
            if unknown:
                raise ValueError(
                    f"task {task.key} depends on {', '.join(unknown)}, but the tasks are {', '.join(keys)}"
                )
            if task.key in task.depends_on:
                raise ValueError(f"task {task.key} depends on itself")
        return self


class Division(PlannerResult):
    """Tasks that a worker divides off its own, and how far it got."""

    tasks: tuple[TaskResult, ...] = Field(min_length=1, max_length=limits.MAX_SUBTASKS)
    progress: Text = Field(description="What you did and found so far, for yourself when you go on.")


class WatchResult(Result):
    """Say how the work goes, and what its worker should hear."""

    rating: Literal["on_track", "drifting", "blocked", "stalled"]
    confidence: int = Field(ge=0, le=100, description="How sure you are of the rating.")
    trajectory: Line = Field(description="Where the work is going, in one sentence, compared with your earlier looks.")
    nudge: Annotated[str, StringConstraints(strip_whitespace=True, max_length=1_000)] = Field(
        default="",
        description="What to tell the worker, when it is not on track: what to look at or to leave; one or two sentences.",
    )


class LinkResult(Result):
    """One task waits for another."""

    task: Key = Field(description="The id of the task that waits, such as T7.")
    after: Key = Field(description="The id of the task it waits for.")
    reason: Line = Field(description="What it needs of it.")


class RejectionResult(Result):
    """A task that is left out of the plan."""

    task: Key = Field(description="Its id, such as T7.")
    reason: Line = Field(description="Why: what makes it a repetition, or where it goes beyond the specification.")
    instead: Key | None = Field(default=None, description="The id of the task that does its work, when there is one.")
    plan_again: bool = Field(
        default=False, description="True when its work is needed, but not as it was planned: a planner gets the reason."
    )


class AnswerResult(Result):
    """What became of a need that a planner put in words."""

    task: Key = Field(description="The id of the task that has the need.")
    answer: Line = Field(description="Which link meets it, or why none is needed.")


class IntegrationResult(Result):
    """End with what makes one plan of several. Leave alone what is right already."""

    links: tuple[LinkResult, ...] = Field(default=(), max_length=200)
    rejected: tuple[RejectionResult, ...] = Field(default=(), max_length=200)
    needs: tuple[AnswerResult, ...] = Field(
        default=(), max_length=200, description="An answer for each task that states a need in words."
    )

    @pydantic.model_validator(mode="after")
    def _once_each(self) -> IntegrationResult:
        _refuse_repeats("rejected task", [each.task for each in self.rejected])
        _refuse_repeats("link", [f"{each.task} after {each.after}" for each in self.links])
        return self


class FindingResult(Result):
    """One thing that was found out."""

    statement: Line
    sources: tuple[Line, ...] = Field(
        min_length=1, max_length=8, description="Addresses (https://…) or files of the repository (`src/app.py:12`)."
    )
    confidence: Literal["sure", "likely", "unsure"] = "likely"


class FindingsResult(Result):
    """End with what you found: the answer first, then what it rests on."""

    summary: Text = Field(description="The answer, in a few sentences that stand on their own.")
    findings: tuple[FindingResult, ...] = Field(min_length=1, max_length=30)
    open_questions: tuple[Line, ...] = Field(
        default=(), max_length=20, description="What could not be found out, and why (no web search, say)."
    )


class WorkResult(Result):
    """Ask to end: the engine then commits the worktree, runs the checks itself, and has the work reviewed."""

    summary: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=4_000)] = Field(
        description="What you changed and why, what you ran and saw, and what you are unsure of."
    )
    disputed_tests: tuple[Line, ...] = Field(
        default=(),
        max_length=10,
        description="Tests that you hold to be wrong, each with the proof; you have not changed them. The strategist judges.",
    )


class CriterionVerdictResult(Result):
    """The verdict on one acceptance criterion."""

    number: int = Field(ge=1, le=99, description="The criterion's number in the list.")
    passed: bool
    evidence: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2_000)] = Field(
        description="The check, the lines of the diff or the file that it rests on."
    )


class WrongTest(Result):
    """A test that asks for the wrong thing."""

    path: Line = Field(description="The file, and the test in it: tests/test_tax.py::test_rounds.")
    why: Line = Field(description="What it asks for, and what the task's words ask for instead.")


class ReviewResult(Result):
    """End with the verdict: on each criterion, then on the whole."""

    passed: bool = Field(description="True only when every criterion holds.")
    criteria: tuple[CriterionVerdictResult, ...] = Field(min_length=1, max_length=99)
    feedback: Annotated[str, StringConstraints(strip_whitespace=True, max_length=8_000)] = Field(
        default="", description="When it did not pass: what exactly to change, where, and how to see that it is right."
    )
    notes: tuple[Line, ...] = Field(
        default=(),
        max_length=10,
        description="With a pass: what is not wrong and still worth knowing for those who come later.",
    )
    wrong_tests: tuple[WrongTest, ...] = Field(
        default=(),
        max_length=10,
        description="Tests that are wrong, whatever your verdict on the work: a task mends them.",
    )
    fault: Literal["work", "tests", "both"] = Field(
        default="work",
        description="When it did not pass: whether the work is at fault, only the tests it has to pass, or both.",
    )

    @pydantic.model_validator(mode="after")
    def _agrees_with_itself(self) -> ReviewResult:
        _refuse_repeats("criterion number", [str(criterion.number) for criterion in self.criteria])
        failed = [str(criterion.number) for criterion in self.criteria if not criterion.passed]
        if self.passed and failed:
            raise ValueError(
                f"passed is true, but criterion {', '.join(failed)} did not pass: set passed to false, or correct the criterion"
            )
        if not self.passed and self.fault != "work" and not self.wrong_tests:
            raise ValueError(
                f"fault is {self.fault}, so wrong_tests must name the tests and say what is wrong with them"
            )
        if not self.passed and not self.feedback:
            raise ValueError("the work did not pass, so feedback must say what exactly to change and where")
        return self


def _refuse_repeats(what: str, values: list[str]) -> None:
    repeated = sorted({value for value in values if values.count(value) > 1})
    if repeated:
        raise ValueError(f"each {what} may appear once; repeated: {', '.join(repeated)}")
