"""A treasury for a run that nothing limits: it is asked for no grant."""

from engine.core.entities import Run, Spend
from engine.core.ids import RunId, TaskId
from engine.treasury import Need, Short


class NoCaps:
    """Knows one run; a grant that is asked for is a test's mistake."""

    def __init__(self, run: Run) -> None:
        self._run = run

    def run(self, run: RunId) -> Run:
        assert run == self._run.id
        return self._run

    async def draw(self, task: TaskId, attempt: int, need: Need) -> Spend | Short:
        raise AssertionError(f"{task} asks for {need}, but its run has no caps")

    async def give_back(self, task: TaskId, attempt: int, used: Spend) -> None:
        raise AssertionError(f"{task} gives back what it never got")

    async def settle(self, task: TaskId, attempt: int, used: Spend) -> None:
        pass
