"""How an agent works, ends, and is ended; the model is scripted, the tools are real."""

from __future__ import annotations

import asyncio
import json
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.agent.answers import Room
from engine.agent.loop import Assignment, run_agent
from engine.agent.outcome import AgentOutcome, Escalated, Finished, Limits, OutOfTime, OutOfTurns, Stuck, Turn
from engine.crew.roles import ROLES
from engine.model.types import Message, Model, ModelError, Reply, Request, ToolCall
from tests.engine.tools.bench import make_bench
from tests.fakes.model import USAGE, ScriptedModel, Step, calls, says

READ = ("read_file", {"path": "a.py"})
FINISH = ("finish", {"summary": "done"})


@dataclass
class HandClock:
    """Time that moves only when a test moves it."""

    seconds: float = 0.0

    def monotonic(self) -> float:
        return self.seconds

    def now_ms(self) -> int:
        return int(self.seconds * 1000)


@dataclass
class Stage:
    """A worktree with one file, a clock, and the journal of what happened."""

    root: Path
    clock: HandClock = field(default_factory=HandClock)
    turns: list[Turn] = field(default_factory=list)

    def play(self, *steps: Step, limits: Limits = Limits()) -> AgentOutcome:
        return self.play_model(ScriptedModel(steps), limits)

    def play_model(self, model: Model, limits: Limits = Limits()) -> AgentOutcome:
        bench = make_bench(self.root, is_repository=False)
        (self.root / "a.py").write_text("x = 1\n")
        assignment = Assignment(
            role=ROLES["coder"], brief="# Task T1: x", model_name="m", label="R1/T1/a1", limits=limits
        )
        return asyncio.run(
            run_agent(assignment, model=model, workbench=bench, clock=self.clock, journal=self.write_down)
        )

    async def write_down(self, turn: Turn) -> None:
        self.turns.append(msgspec.json.decode(msgspec.json.encode(turn), type=Turn))

    @property
    def messages(self) -> list[Message]:
        return [message for turn in self.turns for message in turn.messages]


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path / "tree")


def test_work_is_done_and_finished_with_all_turns_in_the_journal(stage: Stage) -> None:
    edit = ("str_replace", {"path": "a.py", "old": "1", "new": "2"})
    outcome = stage.play(calls(READ, text="I look."), calls(edit), calls(FINISH))
    assert isinstance(outcome, Finished)
    assert json.loads(outcome.arguments) == {"summary": "done", "disputed_tests": []}
    assert (stage.root / "a.py").read_text() == "x = 2\n"
    assert (outcome.spent.turns, outcome.spent.prompt_tokens, outcome.spent.cached_tokens) == (3, 300, 150)
    assert outcome.spent.cost_usd == pytest.approx(0.003)
    assert [turn.number for turn in stage.turns] == [0, 1, 2, 3]
    assert [m.role for m in stage.messages] == ["system", "user", *["assistant", "tool"] * 3]
    assert stage.turns[1].usage == USAGE


def test_each_request_only_adds_to_the_one_before(stage: Stage) -> None:
    model = ScriptedModel([calls(READ), says("hm"), calls(READ, READ), calls(FINISH)])
    stage.play_model(model)
    for earlier, later in zip(model.requests, model.requests[1:], strict=False):
        assert later.messages[: len(earlier.messages)] == earlier.messages
        assert later.tools == earlier.tools
    assert model.requests[0].messages[0].content.startswith("You are the coder of orch.\n")
    assert model.requests[0].max_output_tokens == 8192
    assert model.requests[-1].messages == tuple(stage.messages[: len(model.requests[-1].messages)])


def test_calls_of_one_reply_run_in_order_each_with_its_answer(stage: Stage) -> None:
    append = ("append_file", {"path": "a.py", "content": "y = 2\n"})
    stage.play(calls(append, READ), calls(FINISH))
    tools = [m for m in stage.messages if m.role == "tool"]
    assert [m.tool_call_id for m in tools[:2]] == ["c0", "c1"]
    assert "2 | y = 2" in tools[1].content


def test_a_finish_that_does_not_fit_goes_back_to_the_model(stage: Stage) -> None:
    outcome = stage.play(calls(("finish", {"summary": ""})), calls(FINISH))
    assert isinstance(outcome, Finished)
    assert "summary: String should have at least 1 character" in stage.messages[3].content


def test_a_finish_beside_a_refused_call_is_not_accepted(stage: Stage) -> None:
    outcome = stage.play(calls(("read_file", {"path": "nowhere"}), FINISH), calls(FINISH))
    assert isinstance(outcome, Finished)
    assert outcome.spent.turns == 2
    assert "call finish alone" in stage.messages[4].content


def test_calls_after_a_finish_are_not_done(stage: Stage) -> None:
    stage.play(calls(FINISH, ("delete_file", {"path": "a.py"})))
    assert (stage.root / "a.py").exists()


def test_escalation_ends_with_the_reason(stage: Stage) -> None:
    outcome = stage.play(calls(("escalate", {"reason": "no access"})))
    assert outcome == Escalated("no access", outcome.spent)


def test_three_monologues_in_a_row_are_stuck_and_two_are_told(stage: Stage) -> None:
    outcome = stage.play(says("a"), says(""), calls(READ), says("b"), says("c"), says("d"))
    assert isinstance(outcome, Stuck)
    assert "without calling a tool" in outcome.reason
    assert [m.role for m in stage.messages].count("user") == 5
    assert stage.messages[4].content == "(an empty reply)"


def test_the_same_call_four_times_is_told_once_and_then_stuck(stage: Stage) -> None:
    outcome = stage.play(*[calls(READ, text=f"thought {n}") for n in range(8)])
    assert isinstance(outcome, Stuck)
    assert outcome.spent.turns == 8
    told = [m for m in stage.messages if "made the same call 4 times" in m.content]
    assert len(told) == 1
    assert '`read_file {"path":"a.py"}`' in told[0].content
    assert told[0] is stage.turns[4].messages[-1]
    assert '`read_file {"path":"a.py"}`, answered `a.py, lines 1-1 of 1 1 | x = 1`' in outcome.reason


def test_three_identical_refusals_are_a_circle(stage: Stage) -> None:
    outcome = stage.play(*[calls(("read_file", {"path": "nowhere"}))] * 6)
    assert isinstance(outcome, Stuck)
    assert outcome.spent.turns == 6


def test_to_and_fro_is_a_circle_and_progress_is_not(stage: Stage) -> None:
    other = ("list_directory", {"path": "."})
    assert isinstance(stage.play(*[calls(READ), calls(other)] * 6), Stuck)
    write = [calls(("append_file", {"path": "a.py", "content": f"{n}\n"})) for n in range(20)]
    assert isinstance(Stage(stage.root.parent / "second").play(*write, calls(FINISH)), Finished)


def test_turns_end_with_a_warning_before(stage: Stage) -> None:
    reads = [calls(("read_file", {"path": "a.py", "max_lines": n})) for n in range(1, 8)]
    outcome = stage.play(*reads, limits=Limits(max_turns=7))
    assert isinstance(outcome, OutOfTurns)
    assert [m.content for m in stage.messages if "5 turns are left" in m.content] == [
        stage.turns[2].messages[-1].content
    ]


def test_time_ends_between_turns(stage: Stage) -> None:
    def slow(_: Request) -> Reply:
        stage.clock.seconds += 901
        return calls(READ)

    outcome = stage.play(slow)
    assert outcome == OutOfTime(outcome.spent)
    assert outcome.spent.turns == 1


def test_time_ends_a_call_under_way_and_the_turn_is_still_in_the_journal(stage: Stage) -> None:
    outcome = stage.play(calls(("run_shell", {"command": "exec tail -f /dev/null"})), limits=Limits(max_seconds=0.3))
    assert isinstance(outcome, OutOfTime)
    assert stage.turns[-1].messages[-1].tool_calls[0].name == "run_shell"


def test_time_ends_a_model_that_never_answers(stage: Stage) -> None:
    class Silent:
        async def complete(self, request: Request) -> Reply:
            await asyncio.Event().wait()
            raise AssertionError

    outcome = stage.play_model(Silent(), Limits(max_seconds=0.1))
    assert outcome == OutOfTime(outcome.spent)
    assert outcome.spent.turns == 0
    assert len(stage.turns) == 1


def test_a_cut_reply_is_told_so(stage: Stage) -> None:
    broken = calls(("write_file", '{"path": "b.py", "content": "x'), finish="length")
    stage.play(broken, says("long", finish="length"), calls(FINISH))
    assert "cut off at 8,192 tokens" in stage.messages[3].content
    assert "cut off at 8,192 tokens" in stage.messages[5].content


def test_an_empty_reply_and_a_call_written_as_text_are_told_what_they_are(stage: Stage) -> None:
    stage.play(says(""), says('<tool_call>{"name": "read_file", "arguments": {"path": "a.py"}}'), calls(FINISH))
    assert "Your reply was empty and called no tool" in stage.messages[3].content
    assert "wrote a call as text" in stage.messages[5].content


def test_a_reply_that_loops_is_kept_without_its_loop(stage: Stage) -> None:
    stage.play(says("I look. " + "and then " * 500, finish="length"), calls(FINISH))
    assert len(stage.messages[2].content) < 200
    assert "repeated `and then" in stage.messages[3].content


def test_the_answers_of_one_reply_share_their_length(stage: Stage) -> None:
    (stage.root).mkdir(parents=True)
    (stage.root / "long.txt").write_text("x" * 99 + "\n" + ("y" * 99 + "\n") * 200)
    stage.play(calls(*[("read_file", {"path": "long.txt"})] * 16), calls(FINISH), limits=Limits(context_tokens=50_000))
    answers = [m.content for m in stage.turns[1].messages if m.role == "tool"]
    assert sum(map(len, answers)) < 75_000
    assert "characters cut" in answers[-1]
    assert "were long together" in answers[-1]


def test_a_text_of_megabytes_and_arguments_without_end_are_kept_short(stage: Stage) -> None:
    endless = ("write_file", '{"path": "b.py", "content": "' + "abcdefg " * 300_000)
    stage.play(calls(endless, text="".join(map(str, range(200_000)))), calls(FINISH))
    assert sum(len(m.content) + sum(len(c.arguments) for c in m.tool_calls) for m in stage.messages) < 100_000
    assert "not valid JSON" in stage.messages[3].content


def test_an_unknown_price_stays_unknown_in_the_sum(stage: Stage) -> None:
    outcome = stage.play(says("x", cost_usd=None), calls(FINISH))
    assert outcome.spent.cost_usd is None


def test_a_model_error_passes_through(stage: Stage) -> None:
    with pytest.raises(ModelError, match="wait"):
        stage.play(calls(READ), ModelError("wait", "quota", 60.0))
    assert [turn.number for turn in stage.turns] == [0, 1]


def test_what_is_sent_back_is_fit_for_strict_providers(stage: Stage) -> None:
    odd = Reply(
        text="",
        tool_calls=(
            ToolCall("", "read_file", '{"path": "a'),
            ToolCall("same", "read file!", "[]"),
            ToolCall("same", "read_file", ""),
            *[ToolCall("", "list_directory", "{}")] * 40,
        ),
        usage=USAGE,
        cost_usd=0.0,
        finish="tool_calls",
        model="m",
    )
    stage.play(odd, calls(FINISH))
    assistant = stage.messages[2]
    ids = [call.id for call in assistant.tool_calls]
    assert len(ids) == len(set(ids)) == 16
    tools = [m for m in stage.turns[1].messages if m.role == "tool"]
    assert [m.tool_call_id for m in tools] == ids
    assert all(isinstance(json.loads(call.arguments), dict) for call in assistant.tool_calls)
    assert assistant.tool_calls[1].name == "unknown_tool"
    assert "27 more calls" in tools[-1].content


def test_outcomes_survive_the_wire(stage: Stage) -> None:
    outcome = stage.play(calls(FINISH))
    assert msgspec.json.decode(msgspec.json.encode(outcome), type=AgentOutcome) == outcome


NAMES = st.sampled_from(["read_file", "write_file", "list_directory", "finish", "escalate", "str_replace"]) | st.text(
    max_size=12
)
SAID = st.builds(
    ToolCall,
    id=st.text(max_size=3),
    name=NAMES,
    arguments=st.sampled_from(["", "{}", "[", '{"path":"a.py"}', "\ud800"]) | st.text(max_size=20),
)
REPLIES = st.builds(
    Reply,
    text=st.text(max_size=10) | st.just("\udfff"),
    tool_calls=st.lists(SAID, max_size=4).map(tuple),
    usage=st.just(USAGE),
    cost_usd=st.none() | st.floats(0, 1),
    finish=st.sampled_from(["stop", "tool_calls", "length", "other"]),
    model=st.just("m"),
)


@settings(max_examples=100, deadline=None)
@given(st.lists(REPLIES, min_size=10, max_size=10))
def test_no_replies_break_the_loop_and_all_of_them_can_be_written_down(replies: list[Reply]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        stage = Stage(Path(folder) / "tree")
        outcome = stage.play(*replies, limits=Limits(max_turns=10))
    assert len(stage.turns) == outcome.spent.turns + 1
    answers = [m.tool_call_id for m in stage.messages if m.role == "tool"]
    asked = [call.id for m in stage.messages for call in m.tool_calls]
    assert answers == asked[: len(answers)]


def test_an_answer_that_is_little_longer_than_its_room_is_not_cut() -> None:
    room = Room(2_000)
    assert room.fit("x" * 1_900) == "x" * 1_900
    assert room.fit("y" * 1_600) == "y" * 1_600
    assert not room.was_short
    assert "characters cut" in room.fit("z" * 5_000)
    assert room.was_short
