"""A message as plain text and buttons within a platform's limits; for surfaces without a richer way. Pure.

What can't be shown is cut where it hurts least: an excerpt loses its beginning, a list its end, and both say how much.
"""

from collections.abc import Sequence

import msgspec

from bot.cards import DecisionOutcome, DecisionPrompt, FinalSummary, RunCard
from bot.messages import BudgetAlert, Digest, Help, Home, Listing, LogSnippet, Message, Notice, Picture
from bot.port import Caps
from bot.replies import messages as say
from bot.replies.summary import summary_lines
from bot.text import clean, cut, one_line, units

MAX_LINES = 20
_NEEDS_FORM = frozenset({"retry_with_changes", "spawn", "raise_budget", "abandon"})


class Action(msgspec.Struct, frozen=True):
    """A button. `name` and `args` come back in the Invocation; `asks_more` says that a form follows."""

    name: str
    label: str
    args: dict[str, str]
    asks_more: bool = False
    is_danger: bool = False


class Shown(msgspec.Struct, frozen=True):
    """What stands on the screen: text of at most `max_text` UTF-16 units, and at most `max_actions` buttons.

    `head` and `foot` are how many of its lines, at either end, are no excerpt or list; a text without body is all head.
    """

    text: str
    actions: tuple[Action, ...] = ()
    head: int = 0
    foot: int = 0


class _Parts(msgspec.Struct, frozen=True):
    """`head` and `foot` stay, `body` gives way: at its end, or at its beginning (`keeps_end`)."""

    head: Sequence[str]
    body: Sequence[str] = ()
    foot: Sequence[str] = ()
    keeps_end: bool = False


def shown(message: Message, caps: Caps) -> Shown:
    """The message as the platform can show it."""
    actions = tuple(
        msgspec.structs.replace(action, label=cut(one_line(action.label), caps.max_label))
        for action in actions_of(message)
    )
    parts = _parts(message)
    fitted = _fitted(parts, caps.max_text)
    return Shown(fitted.text, actions[: caps.max_actions], fitted.head, fitted.foot)


def plain(message: Message) -> str:
    """The whole message as text, without a limit but MAX_LINES for tasks."""
    return _fitted(_parts(message), 1_000_000).text


def actions_of(message: Message) -> tuple[Action, ...]:
    """The buttons that belong to the message, the most wanted first."""
    match message:
        case DecisionPrompt():
            return _choices(message)
        case BudgetAlert():
            return _choices(message.prompt)
        case RunCard() if not message.is_over:
            turn = "resume" if message.state == "paused" else "pause"
            return tuple(
                Action(name, name, {"run": message.id}, is_danger=name == "cancel")
                for name in (turn, "graph", "cancel")
            )
        case _:
            return ()


def _choices(prompt: DecisionPrompt) -> tuple[Action, ...]:
    return tuple(
        Action(
            "decide",
            option.label,
            {"decision": prompt.id, "generation": str(prompt.generation), "choice": option.choice},
            asks_more=option.choice in _NEEDS_FORM and not (option.choice == "abandon" and prompt.kind != "task"),
            is_danger=option.choice in {"abandon", "stop"},
        )
        for option in prompt.options
    )


def _parts(message: Message) -> _Parts:  # noqa: C901, PLR0911 - a table, one row a kind
    match message:
        case RunCard():
            return _run(message)
        case DecisionPrompt():
            return _Parts([say.question(message)], message.evidence, say.options(message), keeps_end=True)
        case BudgetAlert(spent=spent, prompt=prompt):
            return _Parts([say.budget_head(spent), say.question(prompt)], (), say.options(prompt))
        case DecisionOutcome():
            return _Parts([one_line(message.question), one_line(message.sentence)])
        case FinalSummary():
            first, *rest = summary_lines(message)
            return _Parts([first], rest[: -len(message.hints) or None], [f"  {hint}" for hint in message.hints])
        case LogSnippet():
            return _Parts([one_line(message.title)], message.lines, _some(message.more), keeps_end=True)
        case Picture():
            return _Parts([], clean(message.alt).split("\n"))
        case Digest():
            return _Parts([], [one_line(line) for line in message.lines], keeps_end=True)
        case Notice():
            return _Parts([], clean(message.text).split("\n"))
        case Listing():
            return _Parts(_some(one_line(message.title)), message.lines, _some(message.more))
        case Help():
            entries = [f"{usage}: {meaning}" for usage, meaning in message.entries]
            return _Parts([message.title], entries, _some(message.footer))
        case Home():
            return _home(message)


def _run(card: RunCard) -> _Parts:
    lines = say.run_tasks(card)
    more = [say.hidden_tasks(len(lines) - MAX_LINES)] if len(lines) > MAX_LINES else []
    return _Parts(say.run_head(card), lines[:MAX_LINES], more)


def _home(page: Home) -> _Parts:
    """Questions are named here; a surface with room for them puts them with their buttons."""
    prompts = [each.prompt if isinstance(each, BudgetAlert) else each for each in page.questions]
    lines = [say.question(prompt) for prompt in prompts] + _some(page.more_questions)
    runs = [one_line(page.runs_title), *map(one_line, page.runs), *_some(page.more_runs)]
    return _Parts([*_some(page.note), one_line(page.title)], lines + runs)


def _some(text: str) -> list[str]:
    return [text] if text else []


def _fitted(parts: _Parts, limit: int) -> Shown:
    head, body, foot = (_cleaned(lines) for lines in (parts.head, parts.body, parts.foot))
    whole = "\n".join([*head, *body, *foot])
    if units(whole) <= limit:
        return Shown(whole, (), len(head), len(foot))
    fixed = units("\n".join([*head, *foot])) + 2
    mark = say.hidden_above if parts.keeps_end else say.hidden_lines
    room = limit - fixed - units(mark(len(body))) - 1
    kept = _that_fit(list(reversed(body)) if parts.keeps_end else body, room)
    if not kept:
        text = cut("\n".join([*head, *foot] or body), limit)
        return Shown(text, (), text.count("\n") + 1)
    note = [mark(len(body) - len(kept))]
    middle = [*note, *reversed(kept)] if parts.keeps_end else [*kept, *note]
    return Shown("\n".join([*head, *middle, *foot]), (), len(head), len(foot))


def _cleaned(lines: Sequence[str]) -> list[str]:
    """The lines, cleaned; a line with breaks in it is several."""
    return [part for line in lines for part in clean(line).split("\n")]


def _that_fit(lines: Sequence[str], room: int) -> list[str]:
    kept: list[str] = []
    for line in lines:
        room -= units(line) + 1
        if room < 0:
            break
        kept.append(line)
    return kept
