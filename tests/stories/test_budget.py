"""The budget as people meet it: the run asks at its cap, finishes cheaply, and each task may have a cap of its own."""

from pathlib import Path

import pytest

from bot.cards import run_card
from bot.replies.progress import line
from engine.core.ids import RunId
from engine.model.types import Reply, Request
from engine.options import Options
from tests.fakes.model import calls
from tests.fakes.role_model import RoleModel, done, planned, replaces
from tests.fakes.workshop import Workshop, tell

R1 = RunId("R1")
ADD = planned("Mend add", check="python3 -m unittest -q test_calc.Calc.test_add")
LATER = planned("Note mul", "add", check="true")
MEND = (replaces("calc.py", "a - b", "a + b"), done("add adds"))


class Dear:
    """A crew whose coder reads on and on before it works, until the money is gone once."""

    def __init__(self, reads: int) -> None:
        self.crew = RoleModel([ADD, LATER], work={"Mend add": [MEND], "Note mul": [(done("nothing"),)]})
        self.reads = reads
        self.models: list[str] = []

    async def complete(self, request: Request) -> Reply:
        self.models.append(request.model)
        if "coder" in request.messages[0].content[:40] and self.reads:
            self.reads -= 1
            return calls(("read_file", {"path": "calc.py", "start_line": self.reads % 7 + 1}))
        return await self.crew.complete(request)


def test_at_the_cap_it_asks_and_finishes_cheaply_what_is_begun(tmp_path: Path):
    shop = Workshop(tmp_path)
    mind = Dear(reads=60)

    async def story() -> None:
        options = Options(model="m", cheap_model="cheap")
        async with shop.engine(mind, options) as shift:
            told: list[str] = []
            shift.engine.watch(lambda records, board: told.extend(filter(None, (line(r, board) for r in records))))
            await shift.start(budget_usd=0.03)
            question = await shift.asked()
            assert question.options == ("raise_budget", "finish_cheaply", "stop")
            assert "is reached" in question.evidence
            assert shift.board.runs[R1].spend.cost_usd <= 0.03
            mind.reads, dear = 0, len(mind.models)
            await shift.answer("finish_cheaply", budget_usd=1.0)
            assert await shift.over() == "completed"
            assert set(mind.models[dear:]) == {"cheap"}
            assert shift.task("Note mul").state == "abandoned"
            assert shift.task("Mend add").state == "complete"
            assert shift.task("Mend add").tries == 0
            assert any(text.startswith("R1 finishes cheaply what is begun") for text in told)
            assert "of 1 USD" in run_card(shift.board, R1).spent
            assert shift.board.runs[R1].grants == ()

    tell(story())
    subjects = shop.git("log", "--format=%s", "orch-state").splitlines()
    assert "R1 to be finished cheaply, up to 1 USD by cli:alice" in subjects
    assert any(subject.startswith("T3 may spend ") for subject in subjects)
    assert any(subject.startswith("T3 has settled what it spent") for subject in subjects)
    shop.assert_receipts_hold()


def test_a_task_that_reaches_its_own_cap_asks_about_itself_and_the_run_goes_on(tmp_path: Path):
    shop = Workshop(tmp_path)
    mind = Dear(reads=200)

    async def story() -> None:
        async with shop.engine(mind) as shift:
            await shift.start(task_budget_usd=0.03)
            question = await shift.asked()
            assert question.task == shift.task("Mend add").id
            assert "what T3 may spend of $0.03 is reached" in question.question
            mind.reads = 0
            await shift.answer("retry")
            await shift.until(lambda board: board.tasks[shift.task("Mend add").id].state == "complete")

    tell(story())


@pytest.mark.parametrize("cap", [0.02, 0.03])
def test_no_call_is_made_that_could_pass_the_cap(tmp_path: Path, cap: float):
    shop = Workshop(tmp_path)
    mind = Dear(reads=200)

    async def story() -> None:
        async with shop.engine(mind) as shift:
            await shift.start(budget_usd=cap)
            await shift.asked()
            assert shift.board.runs[R1].spend.cost_usd <= cap

    tell(story())
