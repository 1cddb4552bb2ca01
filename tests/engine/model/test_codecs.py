"""The codecs: what was written is heard again, what a model gets wrong calls nothing, and no text breaks them."""

import asyncio
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.crew.roles import ROLES
from engine.model.codecs.codec import CodecName, in_text
from engine.model.codecs.coded import CODECS, CodedModel
from engine.model.types import Message, Reply, Request, ToolCall, ToolSpec
from engine.tools.registry import Toolbox
from tests.fakes.model import ScriptedModel, calls, says

PLANNER = ROLES["planner"]
TOOLS = Toolbox(tuple(ROLES["coder"].tools), PLANNER.finish).specs
FENCED, SCHEMA = CODECS["fenced"], CODECS["schema"]

# A value as a tool takes it: text that a block keeps (`content` ends with a line break), numbers, lists.
LINE = st.text(st.characters(exclude_categories=["C"], exclude_characters="\u2028\u2029\x85"), max_size=30)
TEXT = st.lists(LINE | st.sampled_from(["```", "~~~~", "### call: finish", "path: x", ""]), max_size=6).map("\n".join)
WRITE = st.builds(lambda path, content: {"path": path, "content": content + "\n"}, TEXT, TEXT)
REPLACE = st.builds(lambda old, new: {"path": "a.py", "old": old, "new": new}, TEXT, TEXT)
READ = st.builds(lambda line: {"path": "a.py", "start_line": line}, st.integers(1, 10**6))
CALL = st.one_of(
    st.tuples(st.just("write_file"), WRITE),
    st.tuples(st.just("str_replace"), REPLACE),
    st.tuples(st.just("read_file"), READ),
)


@pytest.mark.parametrize("codec", ["schema", "fenced"])
@given(said=st.lists(CALL, min_size=1, max_size=4), thought=st.sampled_from(["", "I look.", "First\nthis."]))
def test_what_is_written_is_heard_again(codec: CodecName, said: list[tuple[str, dict[str, object]]], thought: str):
    wanted = tuple(ToolCall("x", name, json.dumps(arguments)) for name, arguments in said)
    heard = CODECS[codec].heard(CODECS[codec].written(thought, wanted), TOOLS)
    assert heard.fault == ""
    assert heard.text == thought
    assert [(call.name, json.loads(call.arguments)) for call in heard.calls] == said


@pytest.mark.parametrize("codec", ["schema", "fenced"])
@given(
    text=st.text()
    | TEXT
    | st.sampled_from(["{", "[" * 3000, '{"calls":[' * 900, "1" * 6000, '{"a":' + "9" * 6000 + "}"])
)
def test_no_text_breaks_a_codec_and_what_calls_nothing_says_why(codec: CodecName, text: str):
    heard = CODECS[codec].heard(text, TOOLS)
    assert bool(heard.calls) != bool(heard.fault)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "no JSON object"),
        ("I would read the file.", "no JSON object"),
        ('{"thought": "x", "calls": [{"tool": "read_file", "argum', "no whole JSON object"),
        ('{"calls": []}', "at least 1 item"),
        ('{"calls": [{"name": "read_file"}]}', "calls.0.tool: Field required"),
    ],
)
def test_a_schema_reply_that_calls_nothing_is_told_what_to_send(text: str, fault: str):
    heard = SCHEMA.heard(text, TOOLS)
    assert fault in heard.fault
    assert '"calls": [{"tool"' in heard.fault


def test_a_json_object_is_found_in_a_fence_and_between_words():
    heard = SCHEMA.heard('Sure!\n```json\n{"calls": [{"tool": "read_file", "arguments": {"path": "a"}}]}\n```\n', TOOLS)
    assert [(call.name, call.arguments) for call in heard.calls] == [("read_file", '{"path": "a"}')]


FENCED_REPLY = """I write it.

### call: write_file
path: "src/a.py"
content:
```python
print("a \\ b")

```

### Call: `read_file`
path: src/a.py
start_line: 3
"""


def test_code_in_a_block_needs_no_escapes_and_lines_need_no_quotes():
    heard = FENCED.heard(FENCED_REPLY, TOOLS)
    assert heard.text == "I write it."
    assert [json.loads(call.arguments) for call in heard.calls] == [
        {"path": "src/a.py", "content": 'print("a \\ b")\n\n'},
        {"path": "src/a.py", "start_line": 3},
    ]


def test_a_reply_that_was_cut_inside_of_a_block_does_nothing_at_all():
    heard = FENCED.heard(
        "### call: read_file\npath: a\n### call: write_file\npath: b\ncontent:\n```\nhalf of it", TOOLS
    )
    assert heard.calls == ()
    assert "write_file has no closing fence, so none of the calls of this reply was done" in heard.fault


def test_words_without_a_header_are_told_how_a_call_looks():
    assert "### call: finish" in FENCED.heard("All is done.", TOOLS).fault


def test_the_schema_holds_each_call_to_its_own_tool_and_resolves_all_references():
    nested = ToolSpec(
        "plan", "Plan.", b'{"type":"object","properties":{"t":{"$ref":"#/$defs/T"}},"$defs":{"T":{"type":"object"}}}'
    )
    schema = json.loads(SCHEMA.schema((*TOOLS, nested)))
    options = schema["properties"]["calls"]["items"]["anyOf"]
    assert [each["properties"]["tool"]["const"] for each in options] == [*(tool.name for tool in TOOLS), "plan"]
    assert options[-1]["properties"]["arguments"]["properties"]["t"]["$ref"] == f"#/$defs/t{len(TOOLS)}_T"
    assert schema["$defs"][f"t{len(TOOLS)}_T"] == {"type": "object"}


def in_codec(codec: CodecName, *steps: Reply, tools: tuple[ToolSpec, ...] = TOOLS) -> tuple[Reply, Request]:
    async def codec_of(_: str) -> CodecName:
        return codec

    model = ScriptedModel(steps)
    request = Request("m", (Message("system", "You are x."), Message("user", "go")), tools)
    return asyncio.run(CodedModel(model, codec_of).complete(request)), model.requests[0]


@pytest.mark.parametrize("codec", ["schema", "fenced"])
def test_the_manual_ends_the_system_message_and_names_every_tool(codec: CodecName):
    _, request = in_codec(codec, says("hm"))
    assert request.tools == ()
    assert request.messages[0].content.startswith("You are x.\n\n# How you call tools")
    assert all(f"\n## {tool.name}\n" in request.messages[0].content for tool in TOOLS)
    assert bool(request.schema) == (codec == "schema")


def test_a_native_model_and_a_request_without_tools_are_left_alone():
    assert in_codec("native", calls(("read_file", {"path": "a"})))[1].tools == TOOLS
    assert in_codec("schema", says("hm"), tools=())[1].schema == b""


def test_calls_that_a_server_found_itself_are_taken_as_they_are():
    reply, _ = in_codec("fenced", calls(("read_file", {"path": "a"})))
    assert (reply.tool_calls[0].name, reply.fault) == ("read_file", "")


def test_a_fault_travels_with_the_reply():
    reply, _ = in_codec("fenced", says("hm"))
    assert reply.text == "hm"
    assert "no header line" in reply.fault


def test_answers_and_words_after_them_become_one_message():
    messages = (
        Message("system", "s"),
        Message("user", "go"),
        Message("assistant", "", (ToolCall("1", "read_file", '{"path":"a"}'), ToolCall("2", "git_status", "{}"))),
        Message("tool", "contents", tool_call_id="1"),
        Message("tool", "clean", tool_call_id="2"),
        Message("user", "5 turns are left"),
    )
    told = in_text(FENCED, Request("m", messages, TOOLS)).messages
    assert [message.role for message in told] == ["system", "user", "assistant", "user"]
    assert told[3].content == "# Answer of read_file\ncontents\n\n# Answer of git_status\nclean\n\n5 turns are left"
