"""Reads what a person typed at a question: an order to the engine, or a sentence that teaches. Pure.

Free text alone never consents: an answer starts with a number or one of the words in bot/replies/words.py.
"""

import math
import re
from typing import Final

from bot.replies import decisions as say
from bot.replies.words import CHOICES
from bot.text import clean, one_line
from engine.core import commands as c
from engine.core.entities import Choice, Decision, Dependents

_WORDS: Final[tuple[tuple[str, Choice], ...]] = (
    # Longer words first: `retry with changes` is not `retry` with a text.
    ("retry with changes", "retry_with_changes"),
    ("retry", "retry"),
    ("abandon", "abandon"),
    ("spawn", "spawn"),
    ("raise budget", "raise_budget"),
    ("raise", "raise_budget"),
    ("land now", "land_now"),
    ("land", "land_now"),
    ("review again", "review_again"),
    ("review", "review_again"),
    ("replan", "replan"),
    ("stop", "stop"),
    ("keep", "keep"),
    ("finish cheaply", "finish_cheaply"),
    ("finish", "finish_cheaply"),
    ("approve", "approve"),
)
_DEPENDENTS: Final[dict[str, Dependents]] = {"cascade": "cascade", "drop": "drop", "replan": "replan"}
_AMOUNT: Final = re.compile(r"(?:to\s+)?(\$?)\s*([\d,_]+(?:\.\d+)?)\s*(usd|\$|dollars?|tokens?|)", re.IGNORECASE)


def parse_answer(text: str, decision: Decision, by: str, at: str, via: str = "") -> c.AnswerDecision | c.Refused:
    """The order that the typed text amounts to, made out to the question as it stands; or why it is none.

    `by` is `surface:name`, `at` the log's UTC time, `via` how it was said.
    """
    typed = clean(text).strip()
    if not typed:
        return c.Refused(say.empty(decision))
    found = _choice(typed, decision)
    if isinstance(found, c.Refused):
        return found
    choice, rest = found
    if choice not in decision.options:
        return c.Refused(say.not_offered(choice, decision))
    plain = c.AnswerDecision(decision.id, choice, by, at, generation=decision.generation, via=via)
    return _with_rest(plain, rest)


def _choice(typed: str, decision: Decision) -> tuple[Choice, str] | c.Refused:
    if match := re.match(r"(\d+)\b[.):]?\s*(.*)", typed, re.DOTALL):
        number = int(match[1][:6])
        if not 1 <= number <= len(decision.options):
            return c.Refused(say.no_such_number(number, decision.options))
        return decision.options[number - 1], _without_name(match[2], decision.options[number - 1])
    for word, choice in _WORDS:
        if (rest := _after(word, typed)) is not None:
            if choice == "retry" and rest and "retry_with_changes" in decision.options:
                return "retry_with_changes", rest
            return choice, rest
    return c.Refused(say.unclear(one_line(typed)[:60], decision))


def _without_name(rest: str, choice: Choice) -> str:
    after = _after(CHOICES[choice], rest)
    return rest.strip() if after is None else after


def _after(word: str, typed: str) -> str | None:
    """What follows the word, None when the text does not start with it; `_` and `-` count as blanks in the word."""
    pattern = re.escape(word).replace(r"\ ", r"[\s_-]+")
    match = re.match(rf"{pattern}(?![\w-])\s*:?\s*(.*)", typed, re.IGNORECASE | re.DOTALL)
    return None if match is None else match[1].strip()


def _with_rest(plain: c.AnswerDecision, rest: str) -> c.AnswerDecision | c.Refused:
    match plain.choice:
        case "retry" | "land_now" | "review_again" | "stop" | "keep" | "approve":
            return c.Refused(say.needs_no_text(plain.choice, one_line(rest)[:60])) if rest else plain
        case "retry_with_changes" | "spawn":
            return _replaced(plain, changes=rest) if rest else c.Refused(say.needs_text(plain.choice))
        case "replan":
            return _replaced(plain, changes=rest)
        case "abandon":
            return _abandon(plain, rest)
        case "raise_budget":
            return _raise(plain, rest)
        case "finish_cheaply":
            return _raise(plain, rest) if rest else plain


def _abandon(plain: c.AnswerDecision, rest: str) -> c.AnswerDecision | c.Refused:
    if not rest:
        return plain
    dependents = _DEPENDENTS.get(rest.casefold())
    if dependents is None:
        return c.Refused(say.which_dependents(one_line(rest)[:60]))
    return _replaced(plain, dependents=dependents)


def _raise(plain: c.AnswerDecision, rest: str) -> c.AnswerDecision | c.Refused:
    match = _AMOUNT.fullmatch(rest.strip())
    if match is None:
        return c.Refused(say.which_amount(one_line(rest)[:60]))
    try:
        amount = float(match[2].replace(",", "").replace("_", ""))
    except ValueError:
        amount = 0.0
    if not 0 < amount < math.inf:
        return c.Refused(say.which_amount(one_line(rest)[:60]))
    if match[3].casefold().startswith("token"):
        return _replaced(plain, budget_tokens=int(amount))
    return _replaced(plain, budget_usd=amount)


def _replaced(
    plain: c.AnswerDecision,
    changes: str = "",
    dependents: Dependents | None = None,
    budget_usd: float | None = None,
    budget_tokens: int | None = None,
) -> c.AnswerDecision:
    return c.AnswerDecision(
        plain.decision, plain.choice, plain.by, plain.at, changes, dependents=dependents, budget_usd=budget_usd,
        budget_tokens=budget_tokens, generation=plain.generation, via=plain.via,
    )  # fmt: skip
