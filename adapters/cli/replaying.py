"""Folds a run's events again and prints the board at each; says where the commits stop to agree with them. Needs no network."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import get_args

from adapters.cli import output
from adapters.cli.folder import root_of
from adapters.cli.names import run_of
from adapters.wiring import read_log
from bot.replies import proof as say
from bot.text import one_line
from engine.core.blackboard import Blackboard
from engine.core.entities import TaskState
from engine.core.ids import RunId
from engine.replay import Replay, Step
from engine.workspace.repository import Repository


def replay(repo: Path, typed: str, as_json: bool) -> int:
    """0 when every commit is as its event leaves it, 1 when one is not; the first of those ends the replay."""
    root = root_of(repo)
    with closing(read_log(root)) as log:
        again = Replay(Repository.open(root, on_a_branch=False).handle())
        run, events = RunId(typed.strip().upper()), 0
        for step in _until_first_fault(again.steps(log)):
            if step.entry is not None and dict(step.entry.trailers).get("Orch-Run") == run:
                events += 1
                _print(step, again.board, run, as_json)
            if step.faults:
                return _diverged(step, as_json)
    # Not asked of the files beforehand: where they can't be read, the first commit that is wrong is still to be named.
    run = run_of(again.board, typed)
    if as_json:
        output.say_json({"run": run, "events": events, "diverged": None}, indent=0)
    else:
        output.say(say.replayed(run, events))
    return 0


def _until_first_fault(steps: Iterator[Step]) -> Iterator[Step]:
    for step in steps:
        yield step
        if step.faults:
            return


def _print(step: Step, board: Blackboard, run: RunId, as_json: bool) -> None:
    entry = step.entry
    if entry is None:
        return
    counts = {state: number for state in get_args(TaskState) if (number := board.count(run, state))}
    state = board.runs[run].state
    if as_json:
        facts = {"seq": entry.seq, "commit": entry.commit, "subject": entry.subject, "state": state, "tasks": counts}
        output.say_json(facts, indent=0)
    else:
        output.say(say.step(entry.seq, one_line(entry.subject), state, counts))


def _diverged(step: Step, as_json: bool) -> int:
    if as_json:
        output.say_json({"diverged": step.faults[0], "faults": step.faults}, indent=0)
    else:
        for fault in step.faults:
            output.say(say.fault(fault.where, fault.problem))
        output.say(say.diverged(step.faults[0].where))
    return 1
