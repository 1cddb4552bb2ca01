"""Writes down what a chat was sent, a JSON line each, for checks against published schemas. No secret gets into it.

Off unless `ORCH_RECORD` names a file.
"""

import asyncio
import json
import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from engine.redaction import MARK

logger = logging.getLogger(__name__)

_BEARERS: Final = frozenset({"token", "trigger_id", "response_url", "upload_url"})
"""What lets whoever has it act or answer, whatever it looks like."""


class Recorder:
    """Appends to one file; the lines of several chats stand in it in the order in which they were sent."""

    def __init__(self, path: Path, redact: Callable[[str], str]) -> None:
        self._path = path
        self._redact = redact

    async def write(self, chat: str, call: str, payload: object) -> None:
        """One line: the chat, the name of the call, what was sent. What can't be written costs no conversation."""
        line = {"chat": chat, "call": call, "payload": self._clean(payload)}
        try:
            await asyncio.to_thread(self._append, json.dumps(line, ensure_ascii=False))
        except OSError as error:
            logger.warning("not recorded", extra={"action": "record_failed", "why": str(error)})

    def _append(self, line: str) -> None:
        # What is said in chats is not for everybody on the machine.
        self._path.touch(mode=0o600)
        with self._path.open("a", encoding="utf-8") as file:
            file.write(f"{line}\n")

    def _clean(self, value: object) -> Any:
        match value:
            case str():
                return self._redact(value)
            case Mapping():
                return {str(name): MARK if name in _BEARERS else self._clean(each) for name, each in value.items()}
            case list() | tuple():
                return [self._clean(each) for each in value]
            case bytes():
                return f"{len(value)} bytes"
            case _:
                return value
