"""Every tool once, called over real HTTP through litellm, in each of the three ways to call it."""

from pathlib import Path

import pytest

from adapters.llm.catalog import Profile
from adapters.llm.litellm_model import LitellmConfig, LitellmModel
from engine.agent.outcome import AgentOutcome
from engine.model.codecs.codec import CodecName
from engine.model.codecs.coded import CodedModel
from tests.contracts.cell_site import LEVELS
from tests.engine.agent.test_every_tool import Play, try_every_tool
from tests.fakes.model import ScriptedModel
from tests.fakes.openai_server import codec_asked, model_server

# litellm looks at every attribute of what comes back, and pydantic 2.11 deprecates that; both only inside of litellm.
pytestmark = [
    pytest.mark.filterwarnings("ignore:Accessing the 'model_:DeprecationWarning"),
    pytest.mark.skipif(
        LEVELS[0] != "bubblewrap", reason="a server is reached by other commands under bubblewrap alone"
    ),
    pytest.mark.slow,
]


@pytest.mark.parametrize("codec", ["native", "schema", "fenced"])
def test_every_tool_can_be_called(tmp_path: Path, codec: CodecName):
    async def over_http(mind: ScriptedModel, play: Play) -> AgentOutcome:
        async with model_server(mind.complete) as server:
            profiles = {"openai/every-tool": Profile(input=1.0, output=2.0, codec=codec)}
            model = LitellmModel(LitellmConfig(api_base=server.base_url, api_key="sk-test", profiles=profiles))
            try:
                return await play(CodedModel(model, model.codec_of))
            finally:
                await model.aclose()
                assert {codec_asked(body) for body in server.bodies} == {codec}

    try_every_tool(tmp_path, over_http)
