"""Discord's refusals: the codes that a bot can meet, each with its status and words. Pure.

Source: Discord's documentation, Opcodes and Status Codes (JSON Error Codes).
"""

from collections.abc import Iterable
from typing import Any, NamedTuple

KNOWN: dict[int, tuple[int, str]] = {
    10_002: (404, "Unknown Application"),
    10_003: (404, "Unknown Channel"),
    10_004: (404, "Unknown Guild"),
    10_007: (404, "Unknown Member"),
    10_008: (404, "Unknown Message"),
    10_013: (404, "Unknown User"),
    10_015: (404, "Unknown Webhook"),
    10_062: (404, "Unknown interaction"),
    10_063: (404, "Unknown application command"),
    20_016: (429, "This action cannot be performed due to slowmode rate limit"),
    20_028: (429, "The write action you are performing on the channel has hit the write rate limit"),
    30_034: (400, "Maximum number of daily application command creates has been reached (200)"),
    30_046: (429, "Maximum number of edits to messages older than 1 hour reached. Try again later"),
    40_005: (413, "Request entity too large. Try sending something smaller in size"),
    40_060: (400, "Interaction has already been acknowledged"),
    50_001: (403, "Missing Access"),
    50_005: (403, "Cannot edit a message authored by another user"),
    50_006: (400, "Cannot send an empty message"),
    50_007: (403, "Cannot send messages to this user"),
    50_008: (400, "Cannot send messages in a non-text channel"),
    50_013: (403, "You lack permissions to perform that action"),
    50_024: (400, "Cannot execute action on this channel type"),
    50_027: (401, "Invalid webhook token provided"),
    50_035: (400, "Invalid Form Body"),
    50_083: (400, "Tried to perform an operation on an archived thread, such as editing a message or adding a user"),
    50_109: (400, "The request body contains invalid JSON"),
    160_004: (400, "A thread has already been created for this message"),
    160_005: (400, "Thread is locked"),
    160_006: (400, "Maximum number of active threads reached"),
}


class Fault(NamedTuple):
    """What is wrong with one part of a body: where it stands, Discord's name for the rule, and the rule in words."""

    path: tuple[str, ...]
    rule: str
    words: str


class Refusal(Exception):
    """An answer other than 2xx. `more` are further members of the answer."""

    def __init__(self, code: int, status: int = 0, words: str = "", **more: Any) -> None:
        known_status, known_words = KNOWN.get(code, (status, words))
        super().__init__(f"{status or known_status} {code} {words or known_words}")
        self.code = code
        self.status = status or known_status
        self.body = {"message": words or known_words, "code": code, **more}


def unauthorized() -> Refusal:
    """A token that Discord doesn't know."""
    return Refusal(0, 401, "401: Unauthorized")


def no_such_route() -> Refusal:
    """Nothing lives at this address."""
    return Refusal(0, 404, "404: Not Found")


def invalid(faults: Iterable[Fault]) -> Refusal:
    """An invalid body; every fault in the place where it is, as Discord nests them."""
    errors: dict[str, Any] = {}
    for fault in faults:
        inner = errors
        for name in fault.path:
            inner = inner.setdefault(name, {})
        inner.setdefault("_errors", []).append({"code": fault.rule, "message": fault.words})
    return Refusal(50_035, errors=errors)
