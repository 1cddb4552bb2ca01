"""An entry as a git commit, and back; must not read or write the repository.

A subject for people, then trailers for machines, `Orch-Event` last. Text from outside becomes clean lines first, so that
nothing somebody typed can look like a trailer or a header. Messages are parsed by line feeds alone: `splitlines` also breaks
at U+2028 and others, which git does not.
"""

import re
import unicodedata
from functools import lru_cache
from typing import NamedTuple

from engine.store.entry import Entry, StoredEntry
from engine.store.errors import BrokenLog
from engine.store.guide import EPOCH_BODY, EPOCH_SUBJECT, FIRST_BODY, FIRST_SUBJECT, FORMAT_NUMBER

MAX_SUBJECT = 140
"""Characters: what is cut off stands in the event alone."""
COMMITTER = "orch engine <engine@orch.invalid>"
EVENT, SEQ, FORMAT = "Orch-Event", "Orch-Seq", "Orch-Format"
PREVIOUS_EPOCH = "Orch-Prev-Epoch"
"""In a root commit: the last commit of the history that it continues, whose files it has taken over."""

_OWN_TRAILERS = frozenset(key.lower() for key in (EVENT, SEQ, FORMAT, PREVIOUS_EPOCH))
_TRAILER_KEY = re.compile(r"[A-Za-z][A-Za-z0-9-]*")
_AUTHOR_LINE = re.compile(r"author (.*?) <[^<>]*> ([0-9]{1,12}) \+0000")
_COMMITTER_LINE = re.compile(rf"committer {re.escape(COMMITTER)} ([0-9]{{1,12}}) \+0000")
_LAST_S = 253_402_300_799
"""The end of the year 9999, the last that a date can be in."""

_MAX_DIGITS = 18
_EVENT_LINE = re.compile(r"[!-\x7f](?:[ -\x7f]*[!-\x7f])?")
_PLAIN_LINE = re.compile(r"[!-~]+(?: [!-~]+)*")
_UNFIT_CATEGORIES = frozenset({"Cc", "Cs", "Zl", "Zp", "Cn"})


class Parts(NamedTuple):
    """A commit taken apart, before anything is asked of it."""

    tree: str
    parents: tuple[str, ...]
    author: str
    at_s: int
    committed_s: int
    subject: str
    trailers: list[tuple[str, str]]


def clean_line(text: str, *, otherwise: str = "-") -> str:
    """The text as one line: no control or separator character, no lone surrogate, single spaces; `otherwise` if empty."""
    if text.isascii() and _PLAIN_LINE.fullmatch(text):
        return text
    fit = "".join(" " if unicodedata.category(character) in _UNFIT_CATEGORIES else character for character in text)
    return " ".join(fit.split()) or otherwise


def clean_name(text: str, *, otherwise: str) -> str:
    """The text as a name that may stand in a commit's header: a clean line without `<` and `>`."""
    return clean_line(text.replace("<", " ").replace(">", " "), otherwise=otherwise)


def encode_commit(entry: Entry, *, tree: str, parent: str) -> bytes:
    """The content of the commit object for this entry.

    Raises: ValueError when the event is not one line of ASCII, or a trailer's key is no key or one of the store's own.
    """
    author = _author(entry.author, entry.author_email)
    written_ms = max(entry.at_ms, entry.committed_at_ms)
    times = entry.at_ms // 1000, written_ms // 1000
    return encode_parts(tree=tree, parents=(parent,), author=author, times_s=times, message=_message(entry))


def encode_parts(*, tree: str, parents: tuple[str, ...], author: str, times_s: tuple[int, int], message: str) -> bytes:
    """The content of a commit object; the text must be clean already. The times are the author's and the committer's.

    Raises: ValueError for a time before 1970.
    """
    at_s, written_s = times_s
    if at_s < 0:
        raise ValueError(f"a commit cannot be dated {at_s} s before 1970")
    lines = [f"tree {tree}", *(f"parent {parent}" for parent in parents)]
    lines += [f"author {author} {at_s} +0000", f"committer {COMMITTER} {written_s} +0000", "", message]
    return "\n".join(lines).encode()


def encode_again(entry: StoredEntry, author_email: str, written_ms: int) -> bytes:
    """The content of the commit object if an engine wrote this entry: these header lines, the subject, the trailers, and no more."""
    trailers = [*entry.trailers, (SEQ, str(entry.seq)), (EVENT, entry.event)]
    return encode_parts(
        tree=entry.tree, parents=entry.parents, author=f"{entry.author} <{_address(author_email)}>",
        times_s=(entry.at_ms // 1000, written_ms // 1000),
        message="\n\n".join([entry.subject, "\n".join(f"{key}: {value}" for key, value in trailers)]) + "\n",
    )  # fmt: skip


def encode_root(*, tree: str, seq: int, previous: str | None, at_s: int) -> bytes:
    """The content of the commit object that a log begins with, or an epoch, which goes on from the commit `previous`."""
    said = [FIRST_SUBJECT, FIRST_BODY] if previous is None else [EPOCH_SUBJECT, EPOCH_BODY]
    trailers = [] if previous is None else [f"{PREVIOUS_EPOCH}: {previous}"]
    last = "\n".join([*trailers, f"{FORMAT}: {FORMAT_NUMBER}", f"{SEQ}: {seq}"])
    message = "\n\n".join([*said, last]) + "\n"
    return encode_parts(tree=tree, parents=(), author=COMMITTER, times_s=(at_s, at_s), message=message)


def parents_of(content: bytes) -> list[str]:
    """The parents that the commit object names; nothing else of it is looked at."""
    header = content.partition(b"\nauthor ")[0]
    return [line[7:].decode("ascii", "replace") for line in header.split(b"\n") if line.startswith(b"parent ")]


def event_of(content: bytes) -> str | None:
    """The event of the commit object, whatever else is in it; None when it has none."""
    _, found, after = content.rpartition(f"\n{EVENT}: ".encode())
    return after.partition(b"\n")[0].decode("ascii", "replace") if found else None


def decode_commit(commit: str, content: bytes) -> Parts:
    """The commit taken apart.

    Raises: BrokenLog when it is not written as an engine writes.
    """
    header, _, message = content.decode("utf-8", "replace").partition("\n\n")
    lines = header.split("\n")
    parents = tuple(line[7:] for line in lines if line.startswith("parent "))
    author = _AUTHOR_LINE.fullmatch(lines[1 + len(parents)]) if len(lines) > 1 + len(parents) else None
    if author is None:
        raise BrokenLog(commit, "its header has no readable author line")
    if (at_s := int(author[2])) > _LAST_S:
        raise BrokenLog(commit, f"it is dated {at_s} s after 1970, which is later than the year 9999")
    committer = _COMMITTER_LINE.fullmatch(lines[2 + len(parents)]) if len(lines) > 2 + len(parents) else None
    paragraphs, _, last = message.removesuffix("\n").rpartition("\n\n")
    trailers = [_trailer(commit, line) for line in last.split("\n")] if paragraphs else []
    subject = paragraphs.partition("\n")[0]
    committed_s = int(committer[1]) if committer is not None else 0
    return Parts(lines[0][5:], parents, author[1], at_s, committed_s, subject, trailers)


def stored_entry(commit: str, parts: Parts) -> StoredEntry:
    """The entry that this commit holds.

    Raises: BrokenLog when it holds none, more than one, or has no number.
    """
    return StoredEntry(
        commit=commit,
        tree=parts.tree,
        seq=sequence_number(commit, parts),
        at_ms=parts.at_s * 1000,
        committed_at_ms=parts.committed_s * 1000,
        subject=parts.subject,
        author=parts.author,
        trailers=tuple((key, value) for key, value in parts.trailers if key not in (EVENT, SEQ)),
        event=_only(commit, parts, EVENT),
        parents=parts.parents,
    )


def sequence_number(commit: str, parts: Parts) -> int:
    """The commit's `Orch-Seq`.

    Raises: BrokenLog when there is not exactly one whole number.
    """
    number = _only(commit, parts, SEQ)
    if not (number.isascii() and number.isdigit() and len(number) <= _MAX_DIGITS):
        raise BrokenLog(commit, f"its {SEQ} is {number!r}, expected a whole number")
    return int(number)


@lru_cache(maxsize=256)
def _author(name: str, email: str) -> str:
    return f"{clean_name(name, otherwise='unknown')} <{_address(email)}>"


@lru_cache(maxsize=256)
def _address(email: str) -> str:
    return clean_name(email, otherwise="unknown@orch.invalid").replace(" ", "-")


def _message(entry: Entry) -> str:
    if not _EVENT_LINE.fullmatch(entry.event):
        raise ValueError(f"an event must be one line of ASCII JSON, got {entry.event[:80]!r}")
    subject = clean_line(entry.subject)
    if len(subject) > MAX_SUBJECT:
        subject = subject[: MAX_SUBJECT - 1].rstrip() + "…"
    trailers = [_clean_trailer(key, value) for key, value in entry.trailers]
    last = "\n".join([*trailers, f"{SEQ}: {entry.seq}", f"{EVENT}: {entry.event}"])
    return f"{subject}\n\n{last}\n"


@lru_cache(maxsize=64)
def _checked_key(key: str) -> str:
    if not _TRAILER_KEY.fullmatch(key) or key.lower() in _OWN_TRAILERS:
        raise ValueError(
            f"{key!r} cannot be the key of a trailer: letters, digits and dashes, and not one of the store's"
        )
    return key


@lru_cache(maxsize=1024)
def _clean_trailer(key: str, value: str) -> str:
    return f"{_checked_key(key)}: {clean_line(value)}"


def _trailer(commit: str, line: str) -> tuple[str, str]:
    key, colon, value = line.partition(": ")
    if not colon or not _TRAILER_KEY.fullmatch(key):
        raise BrokenLog(commit, f"its last paragraph holds {line[:80]!r}, expected trailers alone")
    return key, value


def _only(commit: str, parts: Parts, key: str) -> str:
    found = [value for name, value in parts.trailers if name.lower() == key.lower()]
    if len(found) != 1:
        raise BrokenLog(commit, f"it has {len(found)} {key} trailers, expected exactly one")
    return found[0]
