"""Which run a thread or a channel is about, and where a run was asked for. Pure."""

from typing import Final

from bot.port import Place
from engine.core.blackboard import Blackboard
from engine.core.chat_entities import Binding
from engine.core.ids import RunId
from engine.core.lifecycle import RUN_OVER

_MARK: Final = "chat|"


def run_of_thread(board: Blackboard, place: Place, thread: str | None) -> RunId | None:
    """The run whose thread this is, None when it is no run's."""
    if not thread:
        return None
    found = (binding.run for binding in bindings_at(board, place) if binding.thread == thread)
    return next(found, None)


def bindings_at(board: Blackboard, place: Place) -> list[Binding]:
    """The bindings that hold in the place, the newest first."""
    return [
        binding
        for binding in reversed(board.chat.bindings.values())
        if not binding.ended and (binding.adapter, binding.workspace, binding.channel) == _triple(place)
    ]


def unfinished_runs(board: Blackboard) -> list[RunId]:
    """The runs that are not over, oldest first."""
    return [run.id for run in board.runs.values() if run.state not in RUN_OVER]


def runs_understood(board: Blackboard, place: Place) -> list[RunId]:
    """The runs that a command without a name may mean: those under way here, else all that are under way."""
    unfinished = set(unfinished_runs(board))
    here = [binding.run for binding in bindings_at(board, place) if binding.run in unfinished]
    return list(dict.fromkeys(here)) or sorted(unfinished, key=lambda run: int(run[1:]))


def was_bound(board: Blackboard, run: RunId, place: Place) -> bool:
    """Whether the run is, or ever was, bound to the place."""
    bindings = (board.chat.bindings[name] for name in board.chat.bindings_of.get(run, ()))
    return any((each.adapter, each.workspace, each.channel) == _triple(place) for each in bindings)


def deed(place: Place, key: str) -> str:
    """What a run remembers of its asking: where, and which deed, so that it is done once and told there."""
    return f"{_MARK}{place}|{key}"


def place_of_deed(text: str) -> Place | None:
    """Where a run was asked for, None when it was not asked for in a chat."""
    if not text.startswith(_MARK):
        return None
    return place_named(text.removeprefix(_MARK).partition("|")[0])


def place_named(text: str) -> Place | None:
    """The place in `slack:T1:C9`, None when it is none."""
    parts = text.split(":", 2)
    return Place(*parts) if len(parts) == 3 and all(parts) else None


def _triple(place: Place) -> tuple[str, str, str]:
    return place.adapter, place.workspace, place.channel
