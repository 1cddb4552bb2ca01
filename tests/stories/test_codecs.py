"""One suite over all codecs: a whole run over real HTTP, through litellm, with a model that calls tools in its own way."""

import asyncio
from pathlib import Path

import pytest

from adapters.llm.catalog import Profile
from adapters.llm.litellm_model import LitellmConfig, LitellmModel
from engine.model.codecs.codec import CodecName
from engine.options import Options
from tests.fakes.openai_server import codec_asked, model_server
from tests.fakes.role_model import RoleModel, done, planned, rejects, replaces, writes
from tests.fakes.workshop import Workshop, tell

# litellm looks at every attribute of what comes back, and pydantic 2.11 deprecates that; both only inside of litellm.
pytestmark = pytest.mark.filterwarnings("ignore:Accessing the 'model_:DeprecationWarning")

NAME = "openai/scripted"
ADD = "python3 -m unittest -q test_calc.Calc.test_add"
NOTES = "# Notes\n\n```python\nprint('a \\\\ \"b\"')\n```\n\n### call: finish\nsummary: not a call\n"


@pytest.mark.parametrize("codec", ["native", "schema", "fenced"])
def test_a_run_from_spec_to_receipt_in_each_codec(tmp_path: Path, codec: CodecName):
    shop = Workshop(tmp_path)
    mend = (
        replaces("calc.py", "    return a - b\n", "    return a + b\n"),
        writes("NOTES.md", NOTES),
        done("add adds"),
    )
    mind = RoleModel(
        [planned("Mend add", check=ADD)],
        work={"Mend add": [mend, mend]},
        reviews={"Mend add": [rejects("say what you did")]},
    )

    async def story() -> None:
        profiles = {NAME: Profile(input=1.0, output=2.0, codec=codec)}
        async with model_server(mind.complete) as server:
            model = LitellmModel(LitellmConfig(api_base=server.base_url, api_key="sk-test", profiles=profiles))
            async with shop.engine(model, Options(model=NAME), model.codec_of) as shift:
                await shift.start()
                assert await shift.over() == "completed"
                assert len(shift.task("Mend add").attempts) == 2
            await model.aclose()
            assert {codec_asked(body) for body in server.bodies} == {codec}

    tell(story())
    assert "a + b" in shop.show("calc.py")
    assert shop.show("NOTES.md") == NOTES.rstrip("\n")
    shop.assert_receipts_hold()
    shop.assert_nothing_is_left()


@pytest.mark.parametrize("codec", ["schema", "fenced"])
def test_a_conversation_in_text_only_grows_at_its_end_and_keeps_the_roles_in_turn(tmp_path: Path, codec: CodecName):
    shop = Workshop(tmp_path)
    mind = RoleModel(
        [planned("Mend add", check=ADD)], work={"Mend add": [(replaces("calc.py", "a - b", "a + b"), done())]}
    )

    async def story() -> list[list[dict[str, str]]]:
        async with model_server(mind.complete) as server:
            profiles = {NAME: Profile(input=1.0, output=2.0, codec=codec)}
            model = LitellmModel(LitellmConfig(api_base=server.base_url, api_key="sk-test", profiles=profiles))
            async with shop.engine(model, Options(model=NAME), model.codec_of) as shift:
                await shift.start()
                assert await shift.over() == "completed"
            await model.aclose()
            return [body["messages"] for body in server.bodies if "coder" in body["messages"][0]["content"][:40]]

    first, second = asyncio.run(story())
    assert second[: len(first)] == first
    assert [message["role"] for message in second] == ["system", "user", "assistant", "user"]
    assert second[3]["content"].count("# Answer of ") == 2
