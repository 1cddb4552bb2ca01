"""Jobs for tests of the engine's parts: a coder's task of a run on `main`."""

import msgspec

from engine.core.entities import Attempt, Criterion, GateSpec, Run, RunConfig, Task
from engine.core.ids import RunId, TaskId
from engine.work import Job

NOW = "2026-01-01T00:00:00Z"
TESTS = GateSpec("tests", "python3 -m unittest -q")


PROOF = Criterion("a proof", "test -e proof.txt")


def job_at(base: str, *criteria: Criterion, gates: tuple[GateSpec, ...] = (TESTS,), **task: object) -> Job:
    """The first attempt of T3, from `base`."""
    run = Run(RunId("R1"), "mend it", "running", "main", base, RunConfig("m"), NOW, NOW, gates=gates)
    attempt = Attempt(1, base, NOW, summary="done")
    made = Task(TaskId("T3"), run.id, "Mend add", "coder", "active", NOW, NOW, criteria=criteria, attempts=(attempt,))
    return Job(run, msgspec.structs.replace(made, **task), 1, base)


def shown_red(job: Job, base: str, tests: str) -> Job:
    """The job with tests of T2 that were handed to it, with a check of their own."""
    attempt = Attempt(1, base, NOW, commit=tests)
    red = Task(
        TaskId("T2"), job.run.id, "Show it", "test_architect", "approved", NOW, NOW, criteria=(PROOF,), attempts=(attempt,)
    )  # fmt: skip
    return msgspec.structs.replace(job, before=(red,))
