"""Every role in one run, over real HTTP through litellm, in each of the three ways to call tools."""

import asyncio
from pathlib import Path

import pytest

from adapters.llm.catalog import Profile
from adapters.llm.litellm_model import LitellmConfig, LitellmModel
from engine.crew.roles import ROLES
from engine.model.codecs.codec import CodecName
from engine.model.types import Reply, Request
from engine.options import Options
from tests.fakes.model import calls
from tests.fakes.openai_server import codec_asked, model_server
from tests.fakes.role_model import RoleModel, done, planned, replaces, runs, writes
from tests.fakes.workshop import R1, Workshop, tell
from tests.stories.test_crew_stories import found

# litellm looks at every attribute of what comes back, and pydantic 2.11 deprecates that; both only inside of litellm.
pytestmark = [pytest.mark.filterwarnings("ignore:Accessing the 'model_:DeprecationWarning"), pytest.mark.slow]

NAME = "openai/every-role"
TEST = "import unittest\n\nimport calc\n\n\nclass Test(unittest.TestCase):\n    def test_it(self):\n        self.assertEqual({}, 2)\n"
JOINED = r"sed -i '/^<<<<<<<\|^=======\|^>>>>>>>\|^    return a + b$/d' calc.py"
DIV = replaces("calc.py", "return a * b", "return a * b\n\n\ndef div(a, b):\n    return a / b")
NUDGE = {"rating": "on_track", "trajectory": "one edit away", "confidence": 90, "nudge": ""}


class Crew:
    """Plays all roles; the second of two tasks on one line waits until the first has landed, and so conflicts."""

    def __init__(self) -> None:
        self.has_landed = asyncio.Event()
        self.seen: set[str] = set()
        research = calls(("escalate", {"kind": "needs_research", "reason": "Which rounding?"}))
        mend, scale = replaces("calc.py", "a - b", "a + b"), replaces("calc.py", "return a - b", "return 1 * a + b")
        self._roles = RoleModel(
            [
                planned("Mend add", check="true"),
                planned("Scale sums", check="grep -q 1 calc.py"),
                planned("Show div", check="python3 -m unittest -q test_div", role="test_architect"),
                planned("Write quotient", "div", "sums", check="python3 -m unittest -q test_div"),
                planned("Test products", check="python3 -m unittest -q test_mul", role="tester"),
            ],
            [planned("Describe calc", check="test -f README.md", role="writer")],
            domains=[{"title": "Sums", "description": "add"}, {"title": "Documents", "description": "tell"}],
            joined=[calls(("finish", {}))],
            work={
                "Mend add": [[research], [mend, done()]],
                "Scale sums": [[scale, self._when_the_other_has_landed], [runs(JOINED), done("both")]],
                "Show div": [[writes("test_div.py", TEST.format("calc.div(6, 3)")), done()]],
                "Write quotient": [[DIV, done()]],
                "Test products": [[writes("test_mul.py", TEST.format("calc.mul(2, 1)")), done()]],
                "Describe calc": [[writes("README.md", "# calc\n\nIt adds.\n"), done()]],
            },
        )

    async def complete(self, request: Request) -> Reply:
        role = next(
            name for name in ROLES if f" {name.replace('_', ' ')} " in request.messages[0].content.split("\n")[0]
        )
        self.seen.add(role)
        if role == "researcher":  # its task is named after one whose number depends on which plan came first
            return found()
        return calls(("finish", NUDGE)) if role == "guardian" else await self._roles.complete(request)

    async def _when_the_other_has_landed(self, _: Request) -> Reply:
        await self.has_landed.wait()
        return done()


@pytest.mark.parametrize("codec", ["native", "schema", "fenced"])
def test_every_role_does_its_part(tmp_path: Path, codec: CodecName):
    shop, crew = Workshop(tmp_path), Crew()

    async def story() -> None:
        profiles = {NAME: Profile(input=1.0, output=2.0, codec=codec)}
        async with model_server(crew.complete) as server:
            model = LitellmModel(LitellmConfig(api_base=server.base_url, api_key="sk-test", profiles=profiles))
            async with shop.engine(model, Options(model=NAME), model.codec_of) as shift:
                await shift.start(joins_plans=True, guardian_turns=1)
                await shift.until(
                    lambda board: any(
                        task.title == "Mend add" and task.state == "complete" for task in board.run_tasks(R1)
                    )
                )
                crew.has_landed.set()
                assert await shift.over() == "completed"
                assert [attempt.failure for attempt in shift.task("Scale sums").attempts] == ["conflict", ""]
            await model.aclose()
            assert {codec_asked(body) for body in server.bodies} == {codec}

    tell(story())
    assert crew.seen == set(ROLES)
    shop.assert_receipts_hold()
    shop.assert_nothing_is_left()
