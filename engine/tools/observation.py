"""What a tool call tells the model; must not decide anything about the attempt.

A model's mistake is never an exception of ours: it is an observation with `ok=False` that says what to do next.
"""

from __future__ import annotations

import re

import msgspec

from engine.core.entities import Escalation

MAX_CHARS = 10_000
_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[@-Z\\-_]")
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


class CallRefused(Exception):
    """A call that cannot be done as the model asked; the message is the sentence that the model reads."""


class Finish(msgspec.Struct, frozen=True, tag="finish"):
    """The role asks to end with this result: JSON that its result schema accepted."""

    arguments: bytes


class Escalate(msgspec.Struct, frozen=True, tag="escalate"):
    """The role can't go on, and says why and what would help."""

    reason: str
    kind: Escalation = "needs_clarification"


class Divide(msgspec.Struct, frozen=True, tag="divide"):
    """The role divides its task: JSON that `Division` accepted."""

    arguments: bytes


class Observation(msgspec.Struct, frozen=True):
    """What a call answered. `ok` is False when the call itself was refused; a red command is still an `ok` call."""

    text: str
    ok: bool = True
    ending: Finish | Escalate | Divide | None = None


def shorten(text: str, max_chars: int = MAX_CHARS) -> str:
    """The text, or its first and last halves around a line that says how much was cut."""
    if len(text) <= max_chars:
        return text
    half = max_chars // 2
    return f"{text[:half]}\n[... {len(text) - 2 * half:,} characters cut ...]\n{text[-half:]}"


def cut_at(text: str, max_chars: int) -> str:
    """The beginning of a file's text, which says so when it is not all."""
    return text if len(text) <= max_chars else f"{text[:max_chars]}\n[... cut: read the file ...]"


def plain_text(text: str) -> str:
    """The text without terminal escapes, control characters and lone surrogates; every line ends with a line feed."""
    encodable = text.encode("utf-8", "replace").decode("utf-8")
    without_escapes = _ESCAPES.sub("", encodable.replace("\r\n", "\n"))
    return _CONTROLS.sub("", without_escapes.replace("\r", "\n"))
