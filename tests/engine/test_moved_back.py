"""A state branch that somebody moved back: to any event, also between two of one group."""

from engine.core.blackboard import Blackboard
from engine.core.ids import RunId
from engine.store.entry import Entry
from engine.store.memory import MemoryLog
from engine.work import Failed, Job
from tests.fakes.bench import beating
from tests.fakes.crew import ScriptedCrew, planned
from tests.fakes.jumping import run

R1 = RunId("R1")


def is_settled(board: Blackboard) -> bool:
    """Whether the run is over, or waits for a person."""
    return bool(board.open_decisions) or board.runs[R1].state in {"completed", "failed"}


def test_a_branch_that_is_moved_back_to_any_event_of_a_run_goes_on_from_there():
    class Kept(MemoryLog):
        def __init__(self) -> None:
            super().__init__()
            self.kept: list[Entry] = []

        def append(self, entries):
            self.kept += entries
            return super().append(entries)

    plan = (planned("a"), planned("b", "a"))

    def fails_once(job: Job) -> Failed | None:
        return Failed("tests_red", "1 failed") if job.attempt == 1 and job.task.title == "a" else None

    async def to_the_end(log: MemoryLog) -> str:
        async with beating(ScriptedCrew(plan, fails_once), log) as heart:
            if not heart.board.runs:
                await heart.start()
            await heart.until(is_settled)
            return heart.board.runs[R1].state

    whole = Kept()
    assert run(to_the_end(whole)) == "completed"
    ends = {}
    for cut in range(1, len(whole.kept)):
        log = MemoryLog()
        log.append(whole.kept[:cut])
        ends[whole.kept[cut - 1].subject] = run(to_the_end(log))
    assert {subject: end for subject, end in ends.items() if end != "completed"} == {}
