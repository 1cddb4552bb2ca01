"""Takes secrets out of text before anything is written or said. Must not know where the text comes from or goes.

Three nets, each for what the others miss: the exact values that we were given, the shapes that vendors give their keys, and
values that look random behind a name such as `API_TOKEN`. What only names things here survives: commits, tasks, tests, UUIDs.
Every pattern is bounded, so that the time grows with the length of the text and no faster.
"""

import json
import math
import re
from collections import Counter
from collections.abc import Iterable
from typing import Final
from urllib.parse import quote

MARK: Final = "[redacted]"
MIN_SECRET: Final = 6
"""Characters of a known secret, at least: a shorter one would take innocent words with it."""

_VENDORS: Final = re.compile(
    r"""(?x)
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
    """,
    re.ASCII,
)
_AFTER: Final = re.compile(
    r"(?i)(\bbearer[ \t]+|authorization\\?[\"']?[ \t]*[:=][ \t]*\\?[\"']?\w+[ \t]+)[\w.~+/=-]{16,}", re.ASCII
)
_IN_URL: Final = re.compile(r"(://[^\s/:@]{0,256}:)[^\s/@]{1,512}(?=@)")
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
_RANDOM_BITS: Final = 2.75
"""Shannon's entropy per character: `hunter2hunter2` has 2.8, random letters and digits from 12 characters on over 3."""


class Redactor:
    """Replaces what looks secret by `[redacted]`; knows the values it is given."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        known = {form for secret in secrets if len(secret) >= MIN_SECRET for form in _written_forms(secret)}
        longest_first = sorted((form for form in known if form not in MARK), key=len, reverse=True)
        self._known = re.compile("|".join(map(re.escape, longest_first))) if longest_first else None

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
        text = _VENDORS.sub(MARK, text)
        text = _AFTER.sub(rf"\g<1>{MARK}", text)
        text = _IN_URL.sub(rf"\g<1>{MARK}", text)
        return _ASSIGNED.sub(_without_value, text)


def _written_forms(secret: str) -> set[str]:
    """The secret as it is, in JSON and in a URL."""
    return {
        secret,
        json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
        quote(secret, safe="", errors="replace"),
    }


def _without_value(match: re.Match[str]) -> str:
    value = match["value"]
    names_something = not match["sure"] and _NAMES_SOMETHING.fullmatch(value)
    return match[0] if names_something or not _looks_random(value) else match[1] + MARK


def _looks_random(value: str) -> bool:
    if not any(character.isdigit() for character in value) or not any(character.isalpha() for character in value):
        return False
    shares = [count / len(value) for count in Counter(value).values()]
    return -sum(share * math.log2(share) for share in shares) >= _RANDOM_BITS
