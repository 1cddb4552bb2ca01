"""Whatever a model sends to a tool is answered, and says what to do."""

from __future__ import annotations

import asyncio
import json
import tempfile
from pathlib import Path

import msgspec
import pydantic
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.crew.results import PlannerResult
from engine.model.types import ToolCall
from engine.tools.observation import Escalate, Finish
from engine.tools.registry import TOOLS, Toolbox
from engine.tools.tool import Arguments, Tool
from engine.tools.workbench import Workbench
from tests.engine.tools.bench import TOOLBOX, Done, call, call_raw, make_bench


@pytest.fixture
def bench(tmp_path: Path) -> Workbench:
    return make_bench(tmp_path / "tree")


def test_an_unknown_tool_names_the_nearest_and_all(bench: Workbench) -> None:
    text = call(bench, "readfile").text
    assert "Did you mean read_file?" in text
    assert "finish" in text
    assert "Did you mean" not in call(bench, "zzzzzz").text


def test_arguments_that_are_not_json_or_do_not_fit_are_explained(bench: Workbench) -> None:
    assert "not valid JSON" in call_raw(bench, "read_file", '{"path": "a').text
    assert "not valid JSON" in call_raw(bench, "read_file", '{"path": "\\ud800"}').text
    assert "path: Field required" in call_raw(bench, "read_file", "").text
    wrong = call(bench, "read_file", path="a", start_line=0, encoding="x").text
    assert "- start_line: Input should be greater than or equal to 1" in wrong
    assert "- encoding: Extra inputs are not permitted" in wrong
    assert wrong.endswith("read_file takes: path, start_line (optional), max_lines (optional).")
    assert "arguments: Input should be" in call_raw(bench, "read_file", "[1]").text


def test_finish_and_escalate_end_with_what_was_validated(bench: Workbench) -> None:
    assert call(bench, "finish", summary="done").ending == Finish(b'{"summary":"done"}')
    assert call(bench, "escalate", reason="no access").ending == Escalate("no access")
    empty = call(bench, "finish", summary="")
    assert (empty.ok, empty.ending) == (False, None)


def test_every_tool_is_described_with_a_flat_schema() -> None:
    assert [spec.name for spec in TOOLBOX.specs] == [*TOOLS, "finish"]
    for spec in TOOLBOX.specs:
        schema = msgspec.json.decode(spec.parameters)
        assert schema["type"] == "object"
        assert b"$ref" not in spec.parameters
        assert len(spec.description) > 3


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
NAMES = [
    "path",
    "content",
    "old",
    "new",
    "pattern",
    "glob",
    "start_line",
    "max_lines",
    "recursive",
    "target",
    "reason",
    "summary",
]
LIKELY = st.dictionaries(
    st.sampled_from(NAMES), JSON | st.sampled_from(["a.py", ".", "..", "/", "*", "x" * 3_000]), max_size=6
)
SPOKEN = st.one_of(st.text(max_size=60), LIKELY.map(json.dumps), JSON.map(json.dumps), st.just("[" * 10_000))
STARTS = {"run_shell", "run_python", "run_tests", "search_codebase", "start_process"} | {
    name for name in TOOLS if "git_" in name
}
IN_PROCESS = [*sorted(set(TOOLS) - STARTS), "finish", "nonsense"]


@settings(max_examples=300, deadline=None)
@given(name=st.sampled_from(IN_PROCESS) | st.text(max_size=30), arguments=SPOKEN)
def test_nothing_a_model_sends_raises(name: str, arguments: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        bench = make_bench(Path(folder) / "tree", is_repository=False)
        (bench.root / "a.py").write_text("x = 1\n")
        observation = call_raw(bench, name, arguments)
    assert observation.text
    msgspec.json.encode(observation.text)


@settings(max_examples=20, deadline=None)
@given(pattern=st.text(min_size=1, max_size=30), glob=st.text(min_size=1, max_size=20))
def test_no_pattern_or_glob_raises_or_writes(pattern: str, glob: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        bench = make_bench(Path(folder) / "tree")
        (bench.root / "a.py").write_text("x = 1\n")
        assert call(bench, "search_codebase", pattern=pattern, glob=glob).text
        assert sorted(p.name for p in bench.root.iterdir()) == [".git", "a.py"]


def test_a_list_whose_only_item_was_refused_is_not_also_called_too_short(bench: Workbench) -> None:
    task = {"key": "a", "title": "A", "role": "coder", "description": "d", "criteria": [{"text": "it works"}]}
    finish = ToolCall("1", "finish", json.dumps({"tasks": [task]}))
    text = asyncio.run(Toolbox((), PlannerResult).call(bench, finish)).text
    assert "task a has no check" in text
    assert "at least 1 item" not in text


def test_what_does_not_fit_is_said_shortly_and_in_our_own_words(bench: Workbench) -> None:
    class Even(Arguments):
        """A number."""

        number: int

        @pydantic.field_validator("number")
        @classmethod
        def _is_even(cls, number: int) -> int:
            if number % 2:
                raise ValueError(f"{number} is odd: give an even one " + "x" * 2_000)
            return number

    async def take(_: Workbench, wanted: Even) -> str:
        return str(wanted.number)

    box = Toolbox((), Done, (), (Tool.of("even", Even, take),))
    answer = asyncio.run(box.call(bench, ToolCall("c", "even", '{"number": 3}'))).text
    assert "- number: 3 is odd: give an even one" in answer
    assert len(answer) < 800
