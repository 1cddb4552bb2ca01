"""Errors that a person can mend become one sentence on stderr and exit code 2. Must not hide a bug: anything else passes."""

from collections.abc import Iterator
from errno import ENOSPC
from types import TracebackType
from typing import Final, NoReturn

BAD_INPUT: Final = 2
INTERRUPTED: Final = 130
TERMINATED: Final = 143
"""128 and the number of the signal, as shells say it: SIGINT, SIGTERM."""


class BadInput(Exception):
    """What was typed can't be done; the message says why and what to do."""


def refuse(reason: str) -> NoReturn:
    """End the command with the reason.

    Raises: BadInput.
    """
    raise BadInput(reason)


class PlainErrors:
    """A context in which the known errors end the program with a sentence, and Ctrl-C without a traceback."""

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if isinstance(error, KeyboardInterrupt):
            raise SystemExit(INTERRUPTED)
        if error is None or isinstance(error, SystemExit):
            return
        from asyncio import CancelledError

        if isinstance(error, CancelledError):  # what SIGTERM makes of a session
            raise SystemExit(TERMINATED)
        causes = list(_leaves(error))
        if isinstance(error, OSError) and error.errno == ENOSPC:
            from adapters.cli.output import abandon_stdout, complain
            from bot.replies.commands import not_written

            abandon_stdout()
            complain(not_written(str(error.strerror)))
            raise SystemExit(BAD_INPUT)
        if all(isinstance(cause, _known()) for cause in causes):
            from adapters.cli.output import complain

            complain(str(causes[0]))
            raise SystemExit(BAD_INPUT)


def _leaves(error: BaseException) -> Iterator[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:
            yield from _leaves(inner)
    else:
        yield error


def _known() -> tuple[type[BaseException], ...]:
    # Imported here: a command that goes well never pays for them.
    from adapters.control import NoEngine
    from adapters.demo.operator import StoryWentAnotherWay
    from adapters.demo.sample import NoRoomForDemo
    from adapters.origin import MixedInstallation
    from adapters.settings import BadSettings
    from adapters.web.errors import ConsoleUnavailable, OpenToTheNetwork
    from engine.cell.types import NoSandbox
    from engine.core.lifecycle import BrokenHistory
    from engine.history import NotInHistory
    from engine.ledger import LedgerStopped
    from engine.service import CannotStart
    from engine.store.errors import StoreError
    from engine.store.layout import BrokenFile
    from engine.sync import HistoriesDiffer, SyncFailed
    from engine.workspace import repository as git
    from engine.workspace.git import GitError

    return (
        BadInput, BadSettings, BrokenFile, BrokenHistory, CannotStart, ConsoleUnavailable, OpenToTheNetwork, GitError, LedgerStopped, MixedInstallation,
        HistoriesDiffer, NoEngine, NoRoomForDemo, NoSandbox, NotInHistory, StoreError, SyncFailed, StoryWentAnotherWay,
        git.DetachedHead, git.NoCommits, git.NotARepository, git.UnknownBranch, git.UnknownCommit,
    )  # fmt: skip
