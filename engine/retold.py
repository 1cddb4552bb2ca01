"""Holds commits that tell others again (`Orch-Was`, written by a union) to those others. Must only read.

Whoever can write the branch can write `Orch-Was` too. So a commit counts for another one only if that one is kept under
`refs/orch/apart/` and says the same, and if the whole history that led to it stands on the branch as well: each event of it is told
again in its order, or set aside by name. Then a merge that was proven at the other commit is proven here.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import msgspec
import pygit2

from engine.core import events as e
from engine.ports import Log
from engine.proofs import Fault, said_in
from engine.rewording import reworded
from engine.store.commits import PREVIOUS_EPOCH
from engine.store.entry import StoredEntry
from engine.store.errors import BrokenLog
from engine.store.refs import APART
from engine.union import FOLLOWS_OF_ITSELF, WAS, name_given, renamed, was_of

_GET: Final = f"git fetch origin '{APART}*:{APART}*'"


class Retold:
    """The branch's own commits and those that it tells again, with their numbers here: `places`, whole after `check`."""

    def __init__(self, handle: pygit2.Repository, log: Log, places: Mapping[str, int]) -> None:
        self.places = dict(places)
        self._handle = handle
        self._log = log
        self._branch = frozenset(places)
        self._aside: dict[str, str] = {}
        self._was: dict[str, str] = {}
        self._told: dict[str, tuple[str, StoredEntry]] = {}
        """What tells a commit again, after the tip of the history that it stands in; that is empty for the branch."""

    def check(self, entries: Sequence[StoredEntry]) -> Iterator[Fault]:
        """What is wrong with these entries of the branch, all that tell others again or set them aside."""
        for entry in entries:
            self._note("", entry)
            self._note_aside(e.decode(entry.event))
        histories = self._left() if self._told else {}
        seen: set[str] = set()
        # What tells again may have been told again itself: each history makes those known that came before it.
        while (tip := next((tip for tip, told in histories.items() if self._count(told)), None)) is not None:
            history = histories.pop(tip)
            history = history[: self._count(history)]
            if history[-1].commit not in seen:
                yield from self._of_history(history)
                seen |= {old.commit for old in history}
                for old in history:
                    self._note(tip, old)
        if lost := [entry for commit, (_, entry) in self._told.items() if commit not in seen]:
            problem = f"{WAS} names what is not here, in {len(lost)} commits, this one first; get it with `{_GET}`"
            yield Fault(problem, commit=lost[0].commit, seq=lost[0].seq)

    def names(self, commit: str, names: tuple[str, str]) -> tuple[str, str]:
        """The run and the task of a commit, which are `names` now, as they were named when it was told for the first time."""
        while (was := self._was.get(commit)) is not None:
            commit, *named = was.split(" ")
            names = (named[0], named[-1]) if named else names
        return names

    def _note(self, history: str, entry: StoredEntry) -> None:
        if (was := dict(entry.trailers).get(WAS)) is not None:
            self._was[entry.commit] = was
            self._told.setdefault(was.partition(" ")[0], (history, entry))

    def _note_aside(self, event: e.AnyEvent) -> None:
        while isinstance(event, e.EventSetAside):
            self._aside[event.commit] = event.event
            event = e.decode(event.event)

    def _left(self) -> dict[str, list[StoredEntry]]:
        """The histories that the branch went on without, by their tips, longest first: what they hold beside it, oldest first."""
        found = {}
        for name in self._handle.references:
            tip = str(self._handle.references[name].target) if name.startswith(APART) else ""
            if tip and (fork := self._fork(tip)) is not None:
                try:
                    found[tip] = list(self._log.entries(after=fork, until=tip))
                except BrokenLog:
                    continue  # then what is told again of it is not found, and that is said
        return dict(sorted(found.items(), key=lambda item: -len(item[1])))

    def _fork(self, tip: str) -> str | None:
        """The last commit of the branch that a history came from, through all its epochs; None when there is none."""
        commit: str | None = tip
        while commit is not None and commit not in self._branch:
            found = self._handle.get(commit)
            if not isinstance(found, pygit2.Commit):
                return None
            parents = found.parent_ids
            commit = str(parents[0]) if parents else said_in(found.message).get(PREVIOUS_EPOCH)
        return commit

    def _count(self, history: Sequence[StoredEntry]) -> int:
        """How many of its entries there are up to the last that is told again."""
        return max((number for number, old in enumerate(history, 1) if old.commit in self._told), default=0)

    def _of_history(self, history: Sequence[StoredEntry]) -> Iterator[Fault]:
        names: dict[str, dict[str, str]] = defaultdict(dict)
        last: dict[str, int] = defaultdict(int)
        places: dict[str, int] = {}
        place, faults = self.places.get(self._fork(history[0].commit) or "", 0), 0
        for old in history:
            before = e.decode(old.event)
            where, new = self._told.get(old.commit, ("", None))
            if new is None:
                is_kept = self._aside.get(old.commit) == old.event or isinstance(before, FOLLOWS_OF_ITSELF)
                problem = (
                    "" if is_kept else "is neither told again nor set aside, though what came after it is told again"
                )
            else:
                problem = _unlike(old, before, new, names[where])
                problem = problem or ("" if last[where] < new.seq else "is told again after what followed it")
                last[where], place = new.seq, self.places.get(new.commit, place)
            places[old.commit] = place
            if problem:
                faults += 1
                at = new or self._told[history[-1].commit][1]
                yield Fault(f"{old.commit[:10]} ({old.subject}) {problem}", commit=at.commit, seq=at.seq)
        if not faults:
            self.places |= places


def _unlike(old: StoredEntry, before: e.AnyEvent, new: StoredEntry, names: dict[str, str]) -> str:
    """How an event differs from the one that is told again, which may give a name anew; empty when it does not."""
    event = e.decode(new.event)
    if (name := name_given(before)) is not None:
        names[name] = name_given(event) or name
    expected = renamed(before, names)
    if isinstance(expected, e.PostIntended) and isinstance(event, e.PostIntended):
        # These count events, which have other numbers here; earlier versions left them as they were.
        expected = msgspec.structs.replace(expected, key=event.key, until_seq=event.until_seq)
    if event != expected:  # earlier versions left names in words as they were
        expected = reworded(expected, names)
    said = {
        "event": (expected, event),
        "actor": (dict(old.trailers).get("Orch-Actor"), dict(new.trailers).get("Orch-Actor")),
        "time": (old.at_ms, new.at_ms),
        WAS: (was_of(old.commit, before), dict(new.trailers)[WAS]),
    }
    other = [what for what, (one, another) in said.items() if one != another]
    return f"is told again with another {other[0]}" if other else ""
