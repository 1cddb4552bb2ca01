"""`orch logs --follow`: the conversation as it is held, over the engine's door."""

import asyncio
import io
import json
from collections.abc import Awaitable, Callable, Sequence
from contextlib import redirect_stdout
from pathlib import Path

import msgspec

from adapters.cli.following import follow
from adapters.looking_on import show, wish_of
from engine.agent.outcome import Turn
from engine.core import commands as c
from engine.core import events as e
from engine.core.blackboard import Blackboard
from engine.core.ids import RunId
from engine.model.streamed import Stream
from engine.model.types import Message, ToolCall, Usage
from engine.store.lock import EngineLock
from engine.unwritten import UnwrittenTurns
from tests.adapters.cli.conftest import Orch
from tests.adapters.cli.written import OPENING, READS, WritingDriver, write
from tests.bot.story import middle
from tests.fakes.core_steps import ALICE

LABEL = "R1/T5/a2"
EDITS = Turn(
    2,
    READS.at_ms + 5_000,
    (
        Message("assistant", "I think that the sign is wrong.", (ToolCall("c2", "str_replace", "{}"),)),
        Message("tool", "Wrote money.py", tool_call_id="c2"),
    ),
    Usage(1_000, 50),
)
Watcher = Callable[[Sequence[e.Record], Blackboard], None]


class Place:
    """An engine that only holds conversations, and its door."""

    def __init__(self, path: Path) -> None:
        self.driver = middle(WritingDriver())
        self.driver.converse("T5", OPENING, READS)
        self.path = write(path / "shop", self.driver)
        self.unwritten = UnwrittenTurns()
        self.stream = Stream(lambda text: text.replace("hunter2", "[redacted]"))
        self.is_watched = asyncio.Event()
        self._watchers: list[Watcher] = []

    @property
    def board(self) -> Blackboard:
        return self.driver.board

    def watch(self, watcher: Watcher) -> Callable[[], None]:
        self._watchers.append(watcher)
        self.is_watched.set()
        return lambda: self._watchers.remove(watcher)

    def cancel(self) -> None:
        told = self.driver.must(c.CancelRun(RunId("R1"), "enough"), ALICE)
        for watcher in tuple(self._watchers):
            watcher(told, self.board)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        wish = wish_of(await reader.readline())
        assert wish is not None
        await show(self, self.stream, wish, reader, writer)
        writer.close()


def followed(path: Path, story: Callable[[Place], Awaitable[None]], *, attempt: int = 0, as_json: bool = False) -> str:
    """What was printed while the story went on."""
    out = io.StringIO()

    async def run() -> None:
        place = Place(path)
        door = path / "door"
        server = await asyncio.start_unix_server(place.serve, door)
        with EngineLock(place.path, since_ms=0, socket=door), redirect_stdout(out):
            async with server, asyncio.timeout(20), asyncio.TaskGroup() as group:
                task = place.board.tasks[place.driver.task("T5").id]
                following = group.create_task(follow(place.path, task, attempt, is_full=False, as_json=as_json))
                await place.is_watched.wait()
                await story(place)
                await following

    asyncio.run(run())
    return out.getvalue()


async def held(place: Place) -> None:
    page = place.unwritten.page(LABEL)
    page.add(msgspec.json.encode(READS))  # written a moment ago, and told again
    say = place.stream.begin(LABEL)
    for piece in ("I think that ", "the sign ", "is wrong."):
        say(piece)
        await asyncio.sleep(0)
    place.stream.end(LABEL)
    page.add(msgspec.json.encode(EDITS))
    place.cancel()


def test_what_is_recorded_comes_first_and_each_turn_once(tmp_path: Path):
    out = followed(tmp_path, held)
    assert out.count("T5 attempt 2 · coder") == 1
    assert out.count("I look first.") == 1
    assert out.count("the sign is wrong.") == 1
    assert out.index("I look first.") < out.index("the sign is wrong.") < out.index("→ str_replace()")


def test_as_json_each_turn_is_a_line(tmp_path: Path):
    lines = [json.loads(line) for line in followed(tmp_path, held, as_json=True).splitlines()]
    assert [line["turn"]["number"] for line in lines if "turn" in line] == [0, 1, 2]
    assert lines[-1]["speaker"] == "coder"
    assert all("said" in line or "turn" in line for line in lines)


def test_secrets_do_not_go_out_at_the_door(tmp_path: Path):
    async def leaks(place: Place) -> None:
        say = place.stream.begin(LABEL)
        say("the password is hun")
        say("ter2, I see")
        place.stream.end(LABEL)
        place.cancel()

    out = followed(tmp_path, leaks)
    assert "hunter2" not in out
    assert "the password is [redacted], I see" in out


def test_a_named_attempt_leaves_out_the_others(tmp_path: Path):
    async def two(place: Place) -> None:
        place.unwritten.page("R1/T5/a1").add(msgspec.json.encode(EDITS))
        place.cancel()

    assert "the sign is wrong" not in followed(tmp_path, two, attempt=2)


def test_without_an_engine_what_is_recorded_is_all(orch: Orch, shop: Path):
    said = orch("logs", "T5", "-C", shop, "--follow")
    assert said.code == 0
    assert "I look first." in said.out
    assert "no engine works here now" in said.out
