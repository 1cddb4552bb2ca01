"""A used-up quota over real HTTP: no call while the run rests, one notice, and no try is spent."""

from pathlib import Path

import pytest

from adapters.llm.catalog import Profile
from adapters.llm.litellm_model import LitellmConfig, LitellmModel
from bot.replies.progress import line
from engine.core import commands as c
from engine.core import events as e
from engine.core.ids import RunId
from engine.model.types import ModelError, Reply, Request
from engine.options import Options
from tests.fakes.openai_server import model_server
from tests.fakes.role_model import RoleModel, done, planned, replaces
from tests.fakes.workshop import Workshop, tell

# litellm looks at every attribute of what comes back, and pydantic 2.11 deprecates that; both only inside of litellm.
pytestmark = pytest.mark.filterwarnings("ignore:Accessing the 'model_:DeprecationWarning")

R1 = RunId("R1")
NAME, OTHER = "openai/scripted", "openrouter/second"
MEND = {
    "Mend add": [(replaces("calc.py", "a - b", "a + b"), done("add adds"))],
    "Note mul": [(replaces("calc.py", "    return a * b", "    return b * a"), done("mul still multiplies"))],
}
PLAN = [planned("Mend add", check="python3 -m unittest -q test_calc.Calc.test_add"), planned("Note mul", check="true")]


class Provider:
    """Plays the crew until the quota is used up, and again when `is_empty` is taken back."""

    def __init__(self, *models: str) -> None:
        self.crew = RoleModel(PLAN, work=MEND)
        self.empty = set(models)

    async def complete(self, request: Request) -> Reply:
        if request.model in self.empty and "coder" in request.messages[0].content[:40]:
            raise ModelError("You exceeded your current quota, please check your plan", "quota")
        return await self.crew.complete(request)


def test_the_run_is_parked_once_and_goes_on_when_a_person_says_that_there_is_credit(tmp_path: Path):
    shop = Workshop(tmp_path)
    provider = Provider("scripted")

    async def story() -> None:
        async with model_server(provider.complete) as server:
            model = LitellmModel(LitellmConfig(api_base=server.base_url, api_key="sk-test"))
            async with shop.engine(model, Options(model=NAME)) as shift:
                told: list[str] = []
                shift.engine.watch(lambda records, board: told.extend(filter(None, (line(r, board) for r in records))))
                await shift.start()
                await shift.until(lambda board: R1 in board.runs and bool(board.runs[R1].parked_until))
                await shift.until(lambda board: not board.in_state["active"])
                asked = len(server.bodies)
                provider.empty.clear()
                await shift.order(c.ResumeRun(R1))
                assert await shift.over() == "completed"
                coder = [body for body in server.bodies[:asked] if "coder" in body["messages"][0]["content"][:40]]
                assert len(coder) <= 2  # the calls that were under way together; none after the first answer
                assert [text for text in told if "quota" in text] == [
                    text for text in told if text.startswith("R1 is parked until")
                ]
                assert all(task.tries == task.infra_failures == 0 for task in shift.board.run_tasks(R1))
            await model.aclose()

    tell(story())
    assert len([event for event in shop.records() if isinstance(event, e.RunParked)]) == 1
    subjects = shop.git("log", "--format=%s", "orch-state").splitlines()
    assert any(subject.startswith("R1 parked until 20") for subject in subjects)
    assert "R1 awake again by cli:alice" in subjects
    shop.assert_receipts_hold()


def test_a_fallback_takes_over_and_nothing_rests(tmp_path: Path):
    shop = Workshop(tmp_path)
    provider = Provider("scripted")

    async def story() -> None:
        async with model_server(provider.complete) as server:
            profiles = {OTHER: Profile(codec="fenced")}
            model = LitellmModel(LitellmConfig(api_base=server.base_url, api_key="sk-test", profiles=profiles))
            options = Options(model=NAME, fallbacks={NAME: (OTHER,)})
            async with shop.engine(model, options, model.codec_of) as shift:
                await shift.start()
                assert await shift.over() == "completed"
                assert {body["model"] for body in server.bodies} == {"scripted", "second"}
            await model.aclose()

    tell(story())
    assert not any(isinstance(event, e.RunParked) for event in shop.records())
