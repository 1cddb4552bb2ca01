"""Brings engine and console up and keeps them up until a signal: one process, stopped cleanly. Must not follow runs."""

import asyncio
import html
import webbrowser
from collections.abc import Sequence
from contextlib import AsyncExitStack, closing
from functools import partial
from pathlib import Path

import msgspec

from adapters.chats import Chats, talking, voice_of
from adapters.cli import output
from adapters.cli.errors import INTERRUPTED, TERMINATED
from adapters.cli.folder import root_of
from adapters.cli.names import unfinished
from adapters.process_log import log_to_stderr
from adapters.settings import load_console, load_discord, load_record, load_slack, person
from adapters.web.desk import desk_of
from adapters.web.history import History
from adapters.web.server import Opened, open_console
from adapters.wiring import Session, open_session
from bot.port import Actor, Health
from bot.replies import console as say
from bot.replies.people import no_role
from bot.replies.progress import line
from engine.core import events as e
from engine.core.blackboard import Blackboard


class Wishes(msgspec.Struct, frozen=True):
    """What was typed; None leaves it to the settings."""

    host: str | None = None
    port: int | None = None
    opens_page: bool = False
    model: str | None = None


def up(repo: Path, wishes: Wishes) -> int:
    """The exit code, once a signal has stopped it.

    Raises: what PlainErrors knows; then nothing was started.
    """
    log_to_stderr()
    root = root_of(repo)
    try:
        asyncio.run(_up(root, wishes))
    except (KeyboardInterrupt, asyncio.CancelledError) as stopped:
        output.say(say.stopped())
        return INTERRUPTED if isinstance(stopped, KeyboardInterrupt) else TERMINATED
    return 0


async def _up(root: Path, wishes: Wishes) -> None:
    output.say(say.starting(str(root)))
    overrides = {"model": wishes.model} if wishes.model is not None else {}
    async with AsyncExitStack() as stack:
        session = await stack.enter_async_context(open_session(root, overrides=overrides))
        console = load_console(session.settings.console_port, host=wishes.host, port=wishes.port)
        chats = Chats(load_discord(), load_slack(), partial(_tell_health, session.healths), load_record())
        history = stack.enter_context(
            closing(History.open(root, session.engine.unwritten.lines, session.engine.publish))
        )
        desk = desk_of(session, history)
        talk = await stack.enter_async_context(talking(voice_of(session, desk.prepare, desk.people), chats))
        desk = msgspec.structs.replace(desk, talk=talk)
        login = person().partition(":")[2]
        opened = await stack.enter_async_context(open_console(desk, console, login))
        stack.callback(session.engine.watch(_tell))
        _greet(session, opened)
        owner = Actor(f"web:{login}", login)
        if desk.people.role_of(owner) is None:
            output.say(no_role(owner.id))
        if wishes.opens_page:
            page = session.repository.git_dir / "orch" / "console.html"
            stack.callback(page.unlink, missing_ok=True)
            await asyncio.to_thread(_open_page, page, opened.link)
        await asyncio.Event().wait()


def _open_page(page: Path, link: str) -> None:
    """Open the link by way of a file that only its owner can read: everybody can read a browser's command line."""
    page.touch(mode=0o600)
    page.write_text(f'<!doctype html><meta http-equiv="refresh" content="0; url={html.escape(link)}">', "utf-8")
    webbrowser.open(page.as_uri())


def _greet(session: Session, opened: Opened) -> None:
    board = session.engine.board
    for run in unfinished(board):
        output.say(say.goes_on(board.runs[run]))
    output.say(say.model_in_force(session.model, session.sandbox))
    output.say(say.console_at(opened.address if opened.has_own_token else opened.link, opened.has_own_token))


def _tell_health(healths: dict[str, Health], chat: str, health: Health) -> None:
    healths[chat] = health
    output.say(say.chat_health(chat, health.is_up, health.detail))


def _tell(records: Sequence[e.Record], board: Blackboard) -> None:
    for record in records:
        if text := line(record, board):
            output.say(f"{record.event.run}  {text}")
