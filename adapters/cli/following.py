"""Prints a task's conversation while it is held: what is recorded, then each turn as it ends and the words as they are said."""

import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from adapters.cli import output
from adapters.cli.conversation import kept_in, print_turn, read_conversations
from adapters.cli.moments import moment_of
from adapters.looking_on import News, Said, TurnOver, Wish, looking_on
from adapters.wiring import read_log
from bot.replies import reading as words
from bot.text import clean
from engine.agent.outcome import Turn
from engine.core.entities import Task
from engine.core.ids import attempt_label, read_label


async def follow(root: Path, task: Task, attempt: int, *, is_full: bool, as_json: bool) -> None:
    """Print until the task, or the attempt, is over; without an engine, what is recorded so far."""
    show = _Json(task) if as_json else _Lines(task, is_full)
    async with looking_on(root, Wish(task.id, attempt)) as news:
        # Read after the engine heard of us: what it tells from now on comes after what is read here, or again.
        for told in _recorded(root, task, attempt):
            show.take(told)
        if news is None:
            if not as_json:
                output.say(f"\n{words.no_engine_to_follow()}")
            return
        async for each in news:
            show.take(each)


def _recorded(root: Path, task: Task, attempt: int) -> Iterator[TurnOver]:
    now = moment_of(root, None)
    task = now.board.tasks[task.id]
    kept = kept_in(root, now, task.run)
    with closing(read_log(root)) as log:
        for number in (attempt,) if attempt else range(max(1, len(task.attempts)), len(task.attempts) + 1):
            for speaker, turns in read_conversations(log, task, number, kept):
                label = attempt_label(task.run, task.id, number, "" if speaker == task.role else "review")
                yield from (TurnOver(label, turn) for turn in turns)


class _Once:
    """Lets each turn pass once, however often it is told."""

    def __init__(self) -> None:
        self._told: set[tuple[str, int, int]] = set()

    def is_new(self, label: str, turn: Turn) -> bool:
        key = (label, turn.number, turn.at_ms)
        if key in self._told:
            return False
        self._told.add(key)
        return True


class _Json:
    """A line of JSON for each turn, with its attempt and speaker, and for the words of the present one."""

    def __init__(self, task: Task) -> None:
        self._task = task
        self._once = _Once()

    def take(self, news: News) -> None:
        attempt, speaker = _of(news.label, self._task)
        facts: dict[str, object] = {"attempt": attempt, "speaker": speaker}
        match news:
            case TurnOver(label, turn):
                if self._once.is_new(label, turn):
                    output.say_json(facts | {"turn": turn}, indent=0)
            case Said(_, text, is_done):
                output.say_json(facts | {"said": text, "is_done": is_done}, indent=0)


class _Lines:
    """Turns for people; what is being said grows on the screen, and is not repeated when its turn is over."""

    def __init__(self, task: Task, is_full: bool) -> None:
        self._task = task
        self._is_full = is_full
        self._once = _Once()
        self._label = ""
        self._heard = ""

    def take(self, news: News) -> None:
        match news:
            case TurnOver(label, turn):
                if self._once.is_new(label, turn):
                    self._head(label)
                    self._over(turn)
            case Said(label, text, _):
                self._head(label)
                self._hear(text)

    def _head(self, label: str) -> None:
        if label != self._label:
            self._end_line()
            attempt, speaker = _of(label, self._task)
            output.say(
                ("\n" if self._label else "") + words.conversation(self._task.id, attempt, speaker), style="bold"
            )
            self._label = label

    def _over(self, turn: Turn) -> None:
        said = next((message.content for message in turn.messages if message.role == "assistant"), "")
        heard = self._heard.lstrip()
        was_heard = bool(heard) and said.lstrip().startswith(heard[:200])
        if was_heard:
            sys.stdout.write(_indented(said.strip()[len(heard) :]))
        self._end_line()
        print_turn(turn, self._is_full, was_heard=was_heard)

    def _hear(self, text: str) -> None:
        if not text.startswith(self._heard):  # a call that is tried again says everything anew
            self._end_line()
        fresh = text[len(self._heard) :]
        if fresh:
            sys.stdout.write(_indented(fresh) if self._heard else f"\n  {_indented(fresh)}")
            sys.stdout.flush()
        self._heard = text

    def _end_line(self) -> None:
        if self._heard:
            sys.stdout.write("\n")
        self._heard = ""


def _of(label: str, task: Task) -> tuple[int, str]:
    """The attempt's number, and who speaks, in `R1/T3/a2/review`."""
    _, _, attempt, by = read_label(label)
    return attempt, "strategist" if by else task.role


def _indented(text: str) -> str:
    return clean(text).replace("\n", "\n  ")
