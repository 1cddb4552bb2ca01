"""The review of submitted work: the engine measures, then the strategist judges on that evidence. Must not change the work."""

import asyncio
import fnmatch
from collections.abc import Callable, Sequence
from functools import partial

from engine.agent.loop import Assignment, run_agent
from engine.agent.outcome import Divided, Escalated, Finished, OutOfTime, OutOfTurns, Stuck
from engine.attempt import failed_by_agent, failed_by_model
from engine.beginning import given_paths, missing_tests
from engine.briefs import review_brief
from engine.budgets import RunBudgets
from engine.cell.types import NoSandbox
from engine.core.entities import Verdict
from engine.crew.brief import Evidence as Shown
from engine.crew.brief import Measured
from engine.crew.roles import ROLES
from engine.crew.touching import in_words, may_touch
from engine.evidence import MAX_DIFF_BYTES, evidence_files, listed, measured
from engine.gates.definitions import Change, changed_definitions
from engine.gates.judge import faults, not_yet_red, unknown_before
from engine.gates.shadows import shadowed_modules
from engine.gates.weakening import weakened_tests
from engine.gauge import Gauge, Measurement, check_proof, gate_pairs, gate_proof
from engine.model.budget import BudgetReached, PriceUnknown
from engine.model.types import ModelError
from engine.notebook import Notebook
from engine.objections import to_verdict
from engine.options import Options
from engine.ports import Clock
from engine.results import parse_verdict
from engine.site import SetupFailed, Sites
from engine.tools.notepad import Notepad
from engine.tools.workbench import Workbench
from engine.unwritten import UnwrittenTurns
from engine.work import Approved, Deferred, Failed, Job, Journal, ReviewOutcome
from engine.workspace.git import GitError
from engine.workspace.repository import UnknownCommit


class LocalReviewer:
    """Reviews on this machine."""

    def __init__(  # noqa: PLR0913 - as of LocalWorker: parts that meet here and belong to nobody else
        self,
        sites: Sites,
        gauge: Gauge,
        models: RunBudgets,
        clock: Clock,
        options: Options,
        *,
        redact: Callable[[str], str],
        unwritten: UnwrittenTurns | None = None,
    ) -> None:
        self._sites = sites
        self._gauge = gauge
        self._models = models
        self._clock = clock
        self._options = options
        self._redact = redact
        self._unwritten = unwritten or UnwrittenTurns()

    async def review(self, job: Job, commit: str, journal: Journal) -> ReviewOutcome:
        """The verdict. Red checks, lost tests and weakened tests reject the work before any model is asked.

        What befalls the review itself (no answer of the model, no worktree) defers it, for it says nothing about the work.
        """
        try:
            return await self._review(job, commit, journal)
        except (ModelError, BudgetReached, PriceUnknown) as error:
            failed = failed_by_model(error)
            return Deferred(failed.failure, failed.detail, failed.is_final, failed.retry_after_s)
        except (SetupFailed, NoSandbox, GitError, OSError) as error:
            return Deferred("lost", str(error), is_final=isinstance(error, NoSandbox))
        except UnknownCommit as error:
            return Failed("lost", f"the work is gone: {error}")

    async def _review(self, job: Job, commit: str, journal: Journal) -> ReviewOutcome:
        if lacks := await asyncio.to_thread(missing_tests, self._sites.repository, job, commit):
            return Failed("interrupted", lacks)
        before = await self._gauge.measure(job.base, job.run.gates)
        try:
            after = await self._gauge.measure(commit, job.run.gates, job.criteria)
        except SetupFailed as error:
            # The worker's own site was set up from the same base.
            return Failed("tests_red", str(error))
        texts = measured("review", after.gates, after.checks)
        evidence = await asyncio.to_thread(evidence_files, job, texts, self._redact)
        found = await asyncio.to_thread(self._faults, job, commit, before, after)
        disputed = job.task.attempts[-1].disputed
        if found and not disputed:
            return Failed("tests_red", listed(found), evidence=evidence)
        if not found and (unknown := unknown_before(gate_pairs(before, after))):
            return Deferred("lost", listed(unknown))
        verdict = await self._judge(job, commit, before, after, journal)
        if isinstance(verdict, Failed):
            return Deferred("model_error", f"the review came to no verdict: {verdict.detail}")
        if found:
            # Whatever is said of the tests, red work never lands; but who has to mend what is the strategist's to say.
            said = verdict if not verdict.passed else None
            return Failed("tests_red", listed(found), verdict=said, evidence=evidence)
        if verdict.passed:
            return Approved(verdict, evidence)
        return Failed("qa_rejected", verdict.feedback, verdict=verdict, evidence=evidence)

    def _faults(self, job: Job, commit: str, before: Measurement, after: Measurement) -> list[str]:
        # Tests that come first are to be red.
        measured = not_yet_red if job.task.role == "test_architect" else faults
        found = [*measured(after.checks, gate_pairs(before, after))]
        repository = self._sites.repository
        changed = repository.changed_paths(job.base, commit)
        found += self._trespasses(job, commit, changed)
        found += [
            f"{path} is protected ({glob}) and was changed"
            for path in changed
            for glob in self._options.protected
            if fnmatch.fnmatchcase(path, glob)
        ]
        paths = frozenset(repository.list_paths(job.base))
        change = Change(changed, paths, partial(repository.read_file, job.base), partial(repository.read_file, commit))
        gates, checks = [gate.run for gate in job.run.gates], [each.check for each in job.criteria if each.check]
        found += changed_definitions(gates, checks, change, said="\n".join((job.run.objective, *job.task.guidance)))
        found += shadowed_modules(changed, set(changed) - paths)
        found += weakened_tests(changed, change.before, change.after)
        return found

    def _trespasses(self, job: Job, commit: str, changed: Sequence[str]) -> list[str]:
        """Files that this role, or this task, may not change; the tools refuse them, and a command may have changed them still."""
        touches = ROLES[job.task.role].touches
        given = given_paths(self._sites.repository, job)
        own = [path for path in changed if path not in given]
        found = [
            f"{path} was changed, and a {job.task.role} changes {in_words(touches)}"
            for path in own
            if not may_touch(touches, path)
        ]
        read = self._sites.repository.read_file
        for task in job.handed:
            handed = task.attempts[-1].commit
            found += [
                f"{path} belongs to the tests of {task.id} and was changed"
                for path in given
                if read(handed, path) != read(commit, path)
            ]
        return found

    async def _judge(
        self, job: Job, commit: str, before: Measurement, after: Measurement, journal: Journal
    ) -> Verdict | Failed:
        diff = await asyncio.to_thread(self._sites.repository.patch, job.base, commit, MAX_DIFF_BYTES)
        shown = Shown(
            checks=tuple(Measured(check_proof(check), check.output) for check in after.checks),
            gates=tuple(
                Measured(gate_proof(new), new.output, red_before=not (old.green or new.green))
                for old, new in gate_pairs(before, after)
            ),
            diff=diff,
            claim=_claim(job),
        )
        role = ROLES["strategist"]
        name = self._options.model_for(role.name)
        limits = await self._models.limits_of(name, self._options.limits)
        assignment = Assignment(
            role=role, brief=review_brief(job, shown), model_name=name, label=f"{job.label}/review", limits=limits
        )
        notepad = Notepad()
        notebook = Notebook(journal, self._redact, notepad, self._unwritten.page(assignment.label))
        async with self._sites.at(commit) as site:
            bench = Workbench(
                root=site.worktree.path,
                cell=site.cell,
                test_command=job.run.gates[0].run if job.run.gates else "",
                objection=to_verdict(job.criteria),
                notepad=notepad,
            )
            async with self._models.purse(job) as model:
                try:
                    outcome = await run_agent(
                        assignment, model=model, workbench=bench, clock=self._clock, journal=notebook.write
                    )
                finally:
                    await notebook.flush()
        match outcome:
            case Finished(arguments):
                return parse_verdict(arguments)
            case Escalated() | Divided() | Stuck() | OutOfTurns() | OutOfTime():
                return failed_by_agent(outcome)


def _claim(job: Job) -> str:
    attempt = job.task.attempts[-1]
    disputed = "\n".join(f"- {each}" for each in attempt.disputed)
    return f"{attempt.summary}\n\nTests that the worker holds to be wrong:\n{disputed}" if disputed else attempt.summary
