"""An attempt on this machine: a site, an agent in it, and what it leaves, as data. Must not know the ledger.

It holds no state outside one call and gets all it needs as a `Job`, so that the same code can run in another process.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import NamedTuple

import msgspec

from engine import work
from engine.agent.loop import Assignment, run_agent
from engine.agent.outcome import AgentOutcome, Divided, Escalated, Finished, OutOfTime, OutOfTurns, Stuck, Turn
from engine.beginning import Beginning, HandedConflict, begin, context_of, unresolved, with_what_is_left
from engine.briefs import work_brief
from engine.budgets import RunBudgets
from engine.cell.types import NoSandbox
from engine.core.entities import COMMITTERS, FailureKind, RoleName
from engine.core.ids import attempt_branch
from engine.crew.brief import MAX_DIFF_CHARS, Context
from engine.crew.fences import DATA
from engine.crew.results import WorkResult
from engine.crew.roles import ROLES
from engine.evidence import MAX_DIFF_BYTES, earlier_attempts, evidence_files, without_diff
from engine.finishing import to_the_end
from engine.guardian import Guardian
from engine.instructions import told_of_repository
from engine.ledger import author
from engine.model.budget import BudgetReached, PriceUnknown, TaskBudgetReached
from engine.model.types import Model, ModelError, ModelErrorKind
from engine.notebook import Notebook
from engine.objections import to_division, to_work
from engine.options import Options
from engine.ports import Clock
from engine.redaction import Redactor
from engine.results import parse_division, parse_findings, parse_integration, parse_plan, parse_run_verdict, parse_spec
from engine.site import SetupFailed, Site, Sites
from engine.tools.notepad import Notepad
from engine.tools.supply import Supply
from engine.tools.workbench import Workbench
from engine.unwritten import UnwrittenTurns
from engine.work import Evidence, Failed, Job, Journal, Submitted, WorkOutcome
from engine.workspace.commit import CannotCommit, commit_worktree, unfit
from engine.workspace.git import GitError
from engine.workspace.keeping import kept, made_again
from engine.workspace.repository import UnknownCommit

Read = Callable[[str], bytes | None]
FAILURE_OF_MODEL: dict[ModelErrorKind, FailureKind] = {
    "rate_limit": "model_error",
    "quota": "quota",
    "auth": "model_error",
    "context": "stuck",
    "timeout": "model_error",
    "bad_request": "model_error",
    "unavailable": "model_error",
}
RESULTS: Mapping[RoleName, Callable[[bytes], WorkOutcome]] = {
    "director": parse_spec, "planner": parse_plan, "integrator": parse_integration, "researcher": parse_findings,
    "strategist": parse_run_verdict,
}  # fmt: skip
"""What becomes of the result of a role whose work is no commit."""

HOPELESS: frozenset[ModelErrorKind] = frozenset({"auth", "bad_request"})
"""Errors that the same call would meet again: a person is asked at once."""


class Place(NamedTuple):
    """Where an attempt is made, and what it began with."""

    site: Site
    beginning: Beginning


class LocalWorker:
    """Makes attempts in worktrees and cells of this machine."""

    def __init__(  # noqa: PLR0913 - seven parts of the engine meet in an attempt, and none of them belongs to another
        self,
        sites: Sites,
        models: RunBudgets,
        clock: Clock,
        options: Options,
        *,
        read: Read,
        redactor: Redactor,
        supply: Supply = Supply(),
        unwritten: UnwrittenTurns | None = None,
    ) -> None:
        self._sites = sites
        self._supply = supply
        self._unwritten = unwritten or UnwrittenTurns()
        self._models = models
        self._clock = clock
        self._options = options
        self._read = read
        self._redactor = redactor
        self._redact = redactor.text

    async def work(self, job: Job, journal: Journal) -> WorkOutcome:
        """The attempt's outcome; its processes are dead and its worktree is back in the pool on return."""
        job = await asyncio.to_thread(with_what_is_left, self._sites.repository, job)
        earlier = await asyncio.to_thread(earlier_attempts, job.task, self._read)
        notepad = Notepad()
        notebook = Notebook(journal, self._redact, notepad, self._unwritten.page(job.label))
        try:
            beginning = await to_the_end(asyncio.to_thread(made_again, partial(self._begin, job)))
            if beginning.goes_on and job.checkpoint is not None:
                earlier = without_diff(earlier, job.checkpoint.number)
            more = await asyncio.to_thread(self._known, job, beginning)
            brief = work_brief(job, earlier, more)
            async with self._sites.at(beginning.commit) as site:
                place = Place(site, beginning)
                async with self._models.purse(job) as model:
                    try:
                        outcome = await self._agent(job, place, model, brief, notebook.write, notepad)
                    finally:
                        await notebook.flush()
                return await self._take(job, place, outcome)
        except (ModelError, BudgetReached, PriceUnknown) as error:
            return failed_by_model(error)
        except HandedConflict as error:
            return Failed("conflict", str(error))
        except UnknownCommit as error:
            return Failed("lost", f"what the attempt was to begin with is gone: {error}")
        except (SetupFailed, NoSandbox) as error:
            return Failed("lost", str(error), is_final=True)
        except (GitError, OSError) as error:
            return Failed("lost", f"no worktree could be used: {error}")

    def _begin(self, job: Job) -> Beginning:
        """The beginning, which the attempt's branch holds where nothing else does.

        Raises: as `begin`.
        """
        repository = self._sites.repository
        beginning = begin(repository, job)
        if beginning.commit != job.base:
            with kept(repository, repository.handle(), beginning.commit, job.base):
                repository.set_branch(attempt_branch(job.run.id, job.task.id, job.attempt), beginning.commit)
        return beginning

    def _known(self, job: Job, beginning: Beginning) -> tuple[Context, ...]:
        """What the role is told beside the board's view: of its beginning, the repository, and for the last look all changes."""
        repository = self._sites.repository
        found = (*context_of(beginning), *told_of_repository(repository, job))
        if job.task.role != "strategist":
            return found
        diff = repository.patch(job.run.base, job.base, MAX_DIFF_BYTES)
        return (*found, Context("All that changed since the run began", diff, DATA, 2 * MAX_DIFF_CHARS))

    async def _agent(
        self,
        job: Job,
        place: Place,
        model: Model,
        brief: str,
        write: Callable[[Turn], Awaitable[None]],
        notepad: Notepad,
    ) -> AgentOutcome:
        role, site = ROLES[job.role], place.site
        name = model_of(self._options, job, role.name)
        limits = await self._models.limits_of(name, self._options.limits)
        assignment = Assignment(role=role, brief=brief, model_name=name, label=job.label, limits=limits)
        is_unfit = partial(unfit, site.worktree, self._redactor.found)
        async with self._supply.guests(role.name, site.cell) as guests:
            bench = Workbench(
                root=site.worktree.path,
                cell=site.cell,
                test_command=job.run.gates[0].run if job.run.gates else "",
                protected=self._options.protected,
                touches=ROLES[job.task.role].touches if job.task.role in COMMITTERS else "everything",
                given=place.beginning.given,
                objection=to_work(job, site.worktree.path, is_unfit),
                division=to_division(job, is_unfit),
                notepad=notepad,
                search=self._supply.search,
                guests=guests,
            )
            config, name = job.run.config, self._options.model_for("guardian")
            is_watched = job.task.role in COMMITTERS and (config.guardian_turns or config.guardian_seconds)
            guardian = Guardian(job, model, name, self._clock, notepad, write) if is_watched else None
            try:
                return await run_agent(
                    assignment, model=model, workbench=bench, clock=self._clock, journal=write,
                    overseer=guardian.look if guardian is not None else None,
                )  # fmt: skip
            finally:
                # Before the guests, who may take their time to end, and before anything is committed: what the agent left
                # running must not change files meanwhile.
                await to_the_end(site.cell.close())

    async def _take(self, job: Job, place: Place, outcome: AgentOutcome) -> WorkOutcome:
        match outcome:
            case Finished(arguments):
                made = RESULTS.get(job.task.role)
                if made is not None:
                    return made(arguments)
                return await self._submit(job, place, WorkResult.model_validate_json(arguments))
            case Divided(arguments):
                tasks, progress = parse_division(arguments)
                commit, evidence = await self._left_behind(job, place, progress, is_kept=True)
                return work.Divided(tasks, progress, evidence, commit)
            case Escalated() | Stuck() | OutOfTurns() | OutOfTime():
                failed = failed_by_agent(outcome)
                return msgspec.structs.replace(failed, evidence=(await self._left_behind(job, place, failed.detail))[1])

    async def _left_behind(self, job: Job, place: Place, why: str, *, is_kept: bool = False) -> tuple[str, Evidence]:
        """The commit and the diff of work that did not come to its end, for the next attempt; a branch holds it if it `is_kept`."""
        try:
            written = await self._written(job, place, why, is_kept=is_kept)
        except CannotCommit as error:
            return "", evidence_files(job, {"diff.patch": f"(no diff: {error})\n"}, self._redact)
        return ("", Evidence()) if written is None else written

    async def _submit(self, job: Job, place: Place, result: WorkResult) -> WorkOutcome:
        try:
            written = await self._written(job, place, result.summary, is_kept=True)
        except CannotCommit as error:
            return Failed("wrong_result", str(error))
        if written is None:
            return Failed("wrong_result", f"nothing was changed; the worker said: {result.summary}")
        commit, evidence = written
        if left := await asyncio.to_thread(unresolved, self._sites.repository, commit, place.beginning.sides):
            detail = f"conflict marks are left in {', '.join(left)}"
            return Failed("wrong_result", detail, evidence=evidence)
        return Submitted(commit, result.summary, evidence, result.disputed_tests)

    async def _written(self, job: Job, place: Place, summary: str, *, is_kept: bool) -> tuple[str, Evidence] | None:
        """The commit of the tree and its diff, None when nothing was changed; a branch holds the commit if it `is_kept`."""
        return await to_the_end(asyncio.to_thread(self._write, job, place, summary, is_kept))

    def _write(self, job: Job, place: Place, summary: str, is_kept: bool) -> tuple[str, Evidence] | None:
        message = f"{job.task.title}\n\n{self._redact(summary)}\n\nOrch-Run: {job.run.id}\nOrch-Task: {job.task.id}\n"
        repository = self._sites.repository
        start = place.beginning
        committed = commit_worktree(
            repository, place.site.worktree, message=message, author=author(job.role),
            parents=start.parents, find=self._redactor.found,
        )  # fmt: skip
        with committed as commit:
            if commit is None or repository.tree_of(commit) == repository.tree_of(job.base):
                return None
            if is_kept:
                repository.set_branch(attempt_branch(job.run.id, job.task.id, job.attempt), commit)
            patch = repository.patch(job.base, commit, MAX_DIFF_BYTES)
        return commit, evidence_files(job, {"diff.patch": patch}, self._redact)


def model_of(options: Options, job: Job, role: RoleName) -> str:
    """The model the attempt thinks with: the role's, or the stronger one where the task has come to that step."""
    stronger = job.run.config.stronger_model
    return stronger if stronger and job.task.step == "stronger_model" else options.model_for(role)


def failed_by_agent(outcome: Escalated | Divided | Stuck | OutOfTurns | OutOfTime) -> Failed:
    """The failure that an agent's own ending amounts to."""
    match outcome:
        case Escalated(reason, _, kind):
            return Failed("escalated", reason, escalation=kind)
        case Stuck(reason):
            return Failed("stuck", reason)
        case Divided():
            return Failed("wrong_result", "it divided a task that is not its own to divide")
        case OutOfTurns(spent):
            return Failed("stuck", f"no result after {spent.turns} turns")
        case OutOfTime(spent):
            return Failed("timeout", f"the time was up after {spent.turns} turns")


def failed_by_model(error: ModelError | BudgetReached | PriceUnknown) -> Failed:
    """The failure that a model's error, or a reached budget, amounts to."""
    if not isinstance(error, ModelError):
        return Failed("budget", str(error), is_final=isinstance(error, TaskBudgetReached))
    return Failed(
        FAILURE_OF_MODEL[error.kind], str(error), is_final=error.kind in HOPELESS, retry_after_s=error.retry_after_s
    )
