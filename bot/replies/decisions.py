"""What we say about questions to people: how to answer, what was not understood, what was decided."""

from collections.abc import Sequence
from typing import Final

from bot.replies.words import CHOICES
from engine.core.entities import Answer, Choice, Decision
from engine.core.ids import DecisionId

HOW_TO_TYPE: Final = "type a number or the words, then Enter"
NEXT_QUESTION: Final = "Tab: the next question"


def how_to_answer(decision: Decision) -> str:
    """The command that answers, for a terminal where nobody can be asked."""
    return f"answer with: orch decide {decision.id} {_example(decision.options)}"


def _example(options: Sequence[Choice]) -> str:
    match options[0]:
        case "raise_budget":
            return "raise 5 USD"
        case choice:
            return CHOICES[choice]


def waits(decision: Decision) -> str:
    """The line that announces a question."""
    return f"{decision.id} needs you: {decision.question}"


def still_waits(decision: Decision) -> str:
    """The line that reminds of a question."""
    return f"{decision.id} still needs you: {decision.question}"


def needs_second(decision: DecisionId, answer: Answer) -> str:
    """One of two people has chosen."""
    return f"{answer.by} wants {decision} answered with {CHOICES[answer.choice]!r}; a second person has to agree"


def empty(decision: Decision) -> str:
    """Nothing was typed."""
    return f"{decision.id} is still open; answer {_possible(decision.options)}"


def unclear(text: str, decision: Decision) -> str:
    """What was typed is no answer."""
    return f"{text!r} is no answer to {decision.id}; answer {_possible(decision.options)}"


def no_such_number(number: int, options: Sequence[Choice]) -> str:
    """A number beyond the options."""
    return f"there is no option {number}; answer {_possible(options)}"


def not_offered(choice: Choice, decision: Decision) -> str:
    """An answer to another kind of question."""
    return f"{decision.id} can't be answered by {CHOICES[choice]!r}; answer {_possible(decision.options)}"


def needs_text(choice: Choice) -> str:
    """An answer that is nothing without words."""
    example = {
        "retry_with_changes": "retry with changes: round half up, and keep the old test",
        "spawn": "spawn: Write the parser by hand, without the generator",
    }
    return f"{CHOICES[choice]!r} needs your words after it, like this: {example.get(choice, CHOICES[choice] + ': …')}"


def needs_no_text(choice: Choice, rest: str) -> str:
    """Words after an answer that takes none."""
    return f"{CHOICES[choice]!r} takes nothing after it, and {rest!r} was found; leave it out"


def which_dependents(rest: str) -> str:
    """`abandon` with a word that is not known."""
    return (
        f"{rest!r} does not say what becomes of the tasks that wait for it: "
        "abandon cascade (give them up too), abandon drop (they no longer wait) or abandon replan (a planner replaces them)"
    )


def which_amount(rest: str) -> str:
    """`raise` without a cap that can be read."""
    found = f"{rest!r} is no amount" if rest else "the new cap is missing"
    return f"{found}; say the new cap: raise 5 USD, or raise 200000 tokens"


def decided(decision: DecisionId, answer: Answer) -> str:
    """Who chose what."""
    words = CHOICES[answer.choice] + (f" {answer.dependents}" if answer.dependents else "")
    by = f"{answer.by} and {answer.second}" if answer.second else answer.by
    return f"{decision} is decided by {by}: {words}" + (f" ({answer.changes})" if answer.changes else "")


def withdrawn(decision: DecisionId, reason: str) -> str:
    """The question no longer matters."""
    return f"{decision} was withdrawn: {reason}"


def _possible(options: Sequence[Choice]) -> str:
    words = [f"{number} ({CHOICES[choice]})" for number, choice in enumerate(options, 1)]
    return f"{', '.join(words[:-1])} or {words[-1]}" if len(words) > 1 else words[0]
