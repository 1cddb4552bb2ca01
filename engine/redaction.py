"""Takes secrets out of text before anything is written or said. Must not know where the text comes from or goes.

Three nets, each for what the others miss: the exact values that we were given, the shapes that vendors give their keys, and
values that look random behind a name such as `API_TOKEN`. What only names things here survives: commits, tasks, tests, UUIDs.
Every pattern is bounded, so that the time grows with the length of the text and no faster.
"""

import json
import math
import re
import threading
from collections import Counter
from collections.abc import Iterable
from typing import Final
from urllib.parse import quote

MARK: Final = "[redacted]"
MIN_SECRET: Final = 6
"""Characters of a known secret, at least: a shorter one would take innocent words with it."""

_VENDORS: Final = re.compile(
    r"""(?x) (?P<value>
      (?<![A-Za-z0-9]) (?:
          [sr]k-[A-Za-z0-9_-]{16,}                              # OpenAI, Anthropic (sk-ant-), OpenRouter
        | [sr]k_(?:live|test)_[A-Za-z0-9]{16,}                  # Stripe
        | xox[a-z]-[A-Za-z0-9-]{10,} | xapp-[A-Za-z0-9-]{10,}   # Slack
        | gh[pousr]_[A-Za-z0-9]{16,} | github_pat_\w{20,}       # GitHub
        | glpat-[A-Za-z0-9_-]{16,}                              # GitLab
        | (?:AKIA|ASIA)[A-Z0-9]{16}                             # AWS
        | AIza[A-Za-z0-9_-]{30,} | ya29\.[A-Za-z0-9_-]{20,}     # Google
        | hf_[A-Za-z0-9]{30,} | npm_[A-Za-z0-9]{30,} | pypi-[A-Za-z0-9_-]{50,}
        | [MNO][\w-]{23,27}\.[\w-]{6}\.[\w-]{27,}               # Discord's bots
        | eyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]+                  # JSON Web Tokens (RFC 7519)
      )
    | https://hooks\.slack\.com/(?:services|workflows|triggers)/[\w/-]+
    | https://(?:\w+\.)?discord(?:app)?\.com/api/webhooks/\d+/[\w-]+
    | -----BEGIN\ [A-Z ]{0,30}PRIVATE\ KEY-----
      (?: (?: [^-] | -(?!----) ){0,9000} -----END\ [A-Z ]{0,30}PRIVATE\ KEY-----   # 8192 bits are 6.4 kB
        | (?: [\s\\]* [A-Za-z0-9+/=]{16,} )* )                                     # cut off somewhere
    ) """,
    re.ASCII,
)
_AFTER: Final = re.compile(
    r"(?i)(\bbearer[ \t]+|authorization\\?[\"']?[ \t]*[:=][ \t]*\\?[\"']?\w+[ \t]+)(?P<value>[\w.~+/=-]{16,})", re.ASCII
)
_IN_URL: Final = re.compile(r"(://[^\s/:@]{0,256}:)(?P<value>[^\s/@]{1,512})(?=@)")
_ASSIGNED: Final = re.compile(
    r"""(?xi)
    (
      (?: (?P<sure> token | secret | passw(?:or)?d | credential | (?:api|access|auth|private|account|encryption)[_-]?key )
        | key )
      [a-z0-9_-]{0,32} \\?["']? [ \t]* (?: := | => | [:=] ) [ \t]* \\?["']?
    )
    (?P<value> [\w+/=.~!@\#$%^&*-]{8,} )
    """,
    re.ASCII,
)
_NAMES_SOMETHING: Final = re.compile(
    r"[0-9a-f]{40}|[0-9a-f]{64}|[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}|[a-z0-9_./-]+\.[a-z]{1,4}", re.ASCII
)
"""A commit, a UUID, a file: fine behind a mere `key`, not behind `token` or `api_key`."""
_NETS: Final = (_VENDORS, _AFTER, _IN_URL, _ASSIGNED)
_RANDOM_BITS: Final = 2.75
"""Shannon's entropy per character: `hunter2hunter2` has 2.8, random letters and digits from 12 characters on over 3."""
_NO_PASSWORD: Final = re.compile(r"0x[0-9a-f]+|.*[./].*", re.ASCII | re.IGNORECASE | re.DOTALL)
"""A number, a version, an attribute, a path: fine behind a sure name too, unless it looks random."""
_PIECE_CHARS: Final = 50_000
"""Searched in one go, some 10 ms in which no other thread runs."""
_LONGEST_CHARS: Final = 10_000


class Redactor:
    """Replaces what looks secret by `[redacted]`; knows the values it is given, and those it learns. For many threads."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._secrets: frozenset[str] = frozenset()
        self._known: re.Pattern[str] | None = None
        self._learning = threading.Lock()
        self._know({secret for secret in secrets if len(secret) >= MIN_SECRET})

    def _know(self, secrets: set[str]) -> None:
        with self._learning:
            self._secrets |= secrets
            known = {form for secret in self._secrets for form in _written_forms(secret) if form not in MARK}
            longest_first = sorted(known, key=len, reverse=True)
            self._known = re.compile("|".join(map(re.escape, longest_first))) if longest_first else None

    def learn(self, text: str) -> None:
        """Know from now on what is secret in this text, a `.env` of the user's say, wherever it turns up."""
        found = (match for net in _NETS for match in net.finditer(text) if not _is_innocent(match))
        # A plain word, as in `://user:password@`, would take innocent words with it.
        values = {match["value"] for match in found if match.re is _ASSIGNED or _looks_random(match["value"])}
        if new := {value for value in values if len(value) >= MIN_SECRET} - self._secrets:
            self._know(new)

    def found(self, text: str) -> dict[str, int]:
        """The secrets that no file may hold, each with its first line (from 1): known values, and keys in a vendor's shape.

        Not what only looks random behind a telling name: of 13,000 files of well-known packages 144 hold such a thing, nearly all of
        them examples and fixtures; a random key in a vendor's shape, 9.
        """
        lines: dict[str, int] = {}
        for net in filter(None, (self._known, _VENDORS)):
            for start in range(0, len(text), _PIECE_CHARS):
                end = start + _PIECE_CHARS
                for match in net.finditer(text, start, end + _LONGEST_CHARS):
                    if match.start() < end and (net is not _VENDORS or _looks_random(match[0])):
                        lines.setdefault(match[0], text.count("\n", 0, match.start()) + 1)
        return lines

    def text(self, text: str) -> str:
        """The text without secrets; the very same object when there are none. A second time changes nothing."""
        before, clean = "", text
        while clean != before:
            # What is between two marks stands alone, so a round only ever takes away, and the rounds end.
            before, clean = clean, MARK.join(map(self._once, clean.split(MARK)))
        return text if clean == text else clean

    def _once(self, text: str) -> str:
        if self._known:
            text = self._known.sub(MARK, text)
        for net in _NETS:
            text = net.sub(_without_value, text)
        return text


def _written_forms(secret: str) -> set[str]:
    """The secret as it is, in JSON and in a URL."""
    return {
        secret,
        json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
        quote(secret, safe="", errors="replace"),
    }


def _without_value(match: re.Match[str]) -> str:
    return match[0] if _is_innocent(match) else match[0].removesuffix(match["value"]) + MARK


def _is_innocent(match: re.Match[str]) -> bool:
    if match.re is not _ASSIGNED:
        return False
    value = match["value"]
    if not match["sure"]:
        return bool(_NAMES_SOMETHING.fullmatch(value)) or not _looks_random(value)
    return not _looks_random(value) and not _may_be_password(match)


def _may_be_password(match: re.Match[str]) -> bool:
    """Whether a value behind a sure name has letters and digits, and is no code: a person's password is not random."""
    is_called = match.string.startswith("(", match.end())
    return _has_both(match["value"]) and not is_called and not _NO_PASSWORD.fullmatch(match["value"])


def _has_both(value: str) -> bool:
    return any(character.isdigit() for character in value) and any(character.isalpha() for character in value)


def _looks_random(value: str) -> bool:
    if not _has_both(value):
        return False
    shares = [count / len(value) for count in Counter(value).values()]
    return -sum(share * math.log2(share) for share in shares) >= _RANDOM_BITS
