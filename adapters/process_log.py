"""How the process log is written: one line a record, its values after the message, without secrets. Must not decide what is logged."""

import json
import logging
import re
import sys
from collections.abc import Callable
from typing import Final

from adapters.settings import secrets_of
from adapters.toolbelt import load_mcp_servers, secrets_of_servers
from bot.text import clean
from engine.redaction import Redactor

_OF_EVERY_RECORD: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime"}
_NEEDS_NO_QUOTES: Final = re.compile(r"[\w.,:;/@+~#%()-]+")


class ValuesFormatter(logging.Formatter):
    """`WARNING engine.pusher: not pushed action=push_failed reason="no route to host"`, then the traceback if there is one."""

    def __init__(self, redact: Callable[[str], str]) -> None:
        super().__init__("%(levelname)s %(name)s: %(message)s")
        self._redact = redact

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's own name
        """The line with what the code gave in `extra`, in the order in which it was given."""
        values = (f"{name}={_quoted(value)}" for name, value in vars(record).items() if name not in _OF_EVERY_RECORD)
        return " ".join((super().formatMessage(record), *values))

    def format(self, record: logging.LogRecord) -> str:
        """The whole of it, fit for a terminal and without secrets."""
        return self._redact(clean(super().format(record)))


def log_to_stderr() -> None:
    """Write warnings and worse of this process to stderr from now on.

    Raises: BadSettings, as the file that holds the secrets of MCP servers is read.
    """
    redact = Redactor((*secrets_of(), *secrets_of_servers(load_mcp_servers()))).text
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(ValuesFormatter(redact))
    logging.basicConfig(level=logging.WARNING, handlers=[handler])


def _quoted(value: object) -> str:
    text = clean(str(value))
    return text if _NEEDS_NO_QUOTES.fullmatch(text) else json.dumps(text, ensure_ascii=False)
