"""What the console does with threads: show them, take what people type and click. The rules are the conversation's."""

import asyncio
import secrets
from collections.abc import Callable
from typing import Final

import msgspec

from adapters.web.calls import Answer, Call
from adapters.web.chat import PLACE, ThreadItem, threads_of
from adapters.web.desk import Talk
from adapters.web.payloads import Act, Say, ThreadPage
from adapters.web.problems import Problem
from bot.port import Invocation, Kind
from engine.core import commands as c
from engine.core.ids import RunId
from engine.ledger import LedgerStopped

OPEN_WITHIN_S: Final = 5.0


class Thread(msgspec.Struct, frozen=True):
    """A part of a thread, oldest first: `start` is the place of its first item among the `total`."""

    items: tuple[ThreadItem, ...]
    start: int
    total: int


class Heard(msgspec.Struct, frozen=True):
    """It was taken; what comes of it appears in the thread."""

    item: ThreadItem | None


async def show_thread(call: Call) -> Answer:
    """The end of the run's thread, or the part from the cursor on."""
    wish = call.asked(ThreadPage)
    talk, run = _talk(call), call.run().id
    items = talk.chat.items(run, call.visitor.actor)
    start = max(0, len(items) - wish.limit) if wish.cursor is None else wish.cursor
    return Answer(Thread(tuple(items[start : start + wish.limit]), start, len(items)))


async def say(call: Call) -> Answer:
    """What a person typed; only `/orch …` and `@orch …` are meant for the bot, and text alone consents to nothing."""
    talk, text = _talk(call), call.asked(Say).text.strip()
    thread = await _thread(call, call.run().id)
    item = talk.chat.heard(thread, call.visitor.actor, text)
    for mark, kind in _MARKS:
        if text == mark or text.startswith(f"{mark} "):
            talk.take(_invocation(call, thread, kind, "", {"text": text.removeprefix(mark).strip()}, {}))
    return Answer(Heard(item))


async def act(call: Call) -> Answer:
    """A button that was clicked, or a form that was filled in."""
    wish = call.asked(Act)
    talk = _talk(call)
    thread = await _thread(call, call.run().id)
    kind: Kind = "click" if wish.values is None else "form"
    talk.take(_invocation(call, thread, kind, wish.name, dict(wish.args), dict(wish.values or {})))
    return Answer(Heard(None))


_MARKS: Final[tuple[tuple[str, Kind], ...]] = (("/orch", "command"), ("@orch", "mention"))


def _invocation(
    call: Call, thread: str, kind: Kind, name: str, args: dict[str, str], values: dict[str, str]
) -> Invocation:  # fmt: skip
    key = call.key or secrets.token_hex(8)
    return Invocation(
        place=PLACE, actor=call.actor, kind=kind, name=name, args=args, values=values, thread=thread,
        dedupe_key=f"{call.visitor.actor} {key}",
    )  # fmt: skip


def _talk(call: Call) -> Talk:
    if call.desk.talk is None:
        raise Problem(
            503, "no-chat", "the conversation is not running in this console; use the buttons, or `orch` in a terminal"
        )
    return call.desk.talk


async def _thread(call: Call, run: RunId) -> str:
    """The run's thread in the console; a run that was begun elsewhere is bound to the console first."""
    if found := threads_of(call.board, run):
        return found[-1].thread
    opened = asyncio.Event()
    stop = call.desk.engine.watch(_when(lambda: bool(threads_of(call.board, run)), opened))
    try:
        await call.desk.engine.order(
            c.BindChat(run, PLACE.adapter, PLACE.workspace, PLACE.channel), call.visitor.actor
        )  # fmt: skip
        async with asyncio.timeout(OPEN_WITHIN_S):
            await opened.wait()
    except LedgerStopped as error:
        raise Problem(503, "stopped", str(error)) from None
    except TimeoutError:
        raise Problem(503, "no-chat", f"the thread of {run} could not be opened in time; try again") from None
    finally:
        stop()
    return threads_of(call.board, run)[-1].thread


def _when(holds: Callable[[], bool], so: asyncio.Event) -> Callable[[object, object], None]:
    def look(_: object, __: object) -> None:
        if holds():
            so.set()

    return look
