"""The screen that only grows, for pipes and CI logs: a line for each change, no colour; at the end, the outcome."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from adapters.cli import output
from adapters.cli.facts import record_facts
from adapters.cli.follow import Watchable
from bot.cards import final_summary, open_prompts, warnings
from bot.replies import decisions as decision_words
from bot.replies.progress import line
from bot.replies.summary import summary_lines
from engine.core import events as e
from engine.core.blackboard import Blackboard
from engine.core.ids import RunId
from engine.core.lifecycle import RUN_OVER


@contextmanager
def printing(engine: Watchable, *, as_json: bool) -> Iterator[None]:
    """Print each change while the context is open, as a line or as JSON."""

    def see(records: Sequence[e.Record], board: Blackboard) -> None:
        for record in records:
            print_record(record, board, as_json=as_json)

    stop = engine.watch(see)
    try:
        yield
    finally:
        stop()


def warn(board: Blackboard, run: RunId) -> None:
    """Say what has to be said wherever the run is shown."""
    for warning in warnings(board.runs[run].gates, board.runs[run].config.sandbox):
        output.say(f"! {warning}")


def conclude(board: Blackboard, runs: Sequence[RunId], *, as_json: bool) -> None:
    """Say how each run ended; for one that waits, what it asks and how to answer."""
    for run in runs:
        if as_json:
            output.say_json({"summary": final_summary(board, run), "decisions": open_prompts(board, run)}, indent=0)
        elif board.runs[run].state in RUN_OVER:
            output.say("\n".join(summary_lines(final_summary(board, run))))
        else:
            _explain(board, run)


def _explain(board: Blackboard, run: RunId) -> None:
    for prompt in open_prompts(board, run):
        output.say(f"{prompt.id}: {prompt.question}")
        for text in prompt.evidence:
            output.say(f"  | {text}")
        output.say(decision_words.how_to_answer(board.decisions[prompt.id]))


def print_record(record: e.Record, board: Blackboard, *, as_json: bool) -> None:
    """Print a change that people are told of as a line, or any as JSON."""
    if as_json:
        output.say_json(record_facts(record), indent=0)
    elif text := line(record, board):
        output.say(text)
