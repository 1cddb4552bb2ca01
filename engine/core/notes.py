"""What the crew learnt and settled: insights and the design log on the blackboard, and their fold. Must not hold rules."""

from engine.core import events as e
from engine.core.ids import DesignId, InsightId, RunId, number
from engine.core.note_entities import DesignEntry, Insight

NoteId = InsightId | DesignId


class NoteBoard:
    """Insights and design entries, with the names of each run's in order; `last_*` are the last numbers given."""

    def __init__(self) -> None:
        self.insights: dict[InsightId, Insight] = {}
        self.design: dict[DesignId, DesignEntry] = {}
        self.insights_of: dict[RunId, tuple[InsightId, ...]] = {}
        self.design_of: dict[RunId, tuple[DesignId, ...]] = {}
        self.last_insight = 0
        self.last_design = 0

    def copy(self) -> "NoteBoard":
        """A board that later changes of this one do not reach."""
        twin = NoteBoard()
        twin.insights, twin.design = self.insights.copy(), self.design.copy()
        twin.insights_of, twin.design_of = self.insights_of.copy(), self.design_of.copy()
        twin.last_insight, twin.last_design = self.last_insight, self.last_design
        return twin

    def entity(self, name: NoteId) -> Insight | DesignEntry:
        """What has this name.

        Raises: KeyError.
        """
        return self.insights[InsightId(name)] if name.startswith("I") else self.design[DesignId(name)]

    def insights_in(self, run: RunId) -> list[Insight]:
        """The run's insights, oldest first."""
        return [self.insights[name] for name in self.insights_of.get(run, ())]

    def design_in(self, run: RunId) -> list[DesignEntry]:
        """The run's design log, oldest first."""
        return [self.design[name] for name in self.design_of.get(run, ())]

    def put(self, note: Insight | DesignEntry) -> None:
        """Add the note; one that is known is left as it is."""
        if isinstance(note, Insight):
            if note.id not in self.insights:
                self.insights[note.id] = note
                self.insights_of[note.run] = (*self.insights_of.get(note.run, ()), note.id)
                self.last_insight = max(self.last_insight, number(note.id))
        elif note.id not in self.design:
            self.design[note.id] = note
            self.design_of[note.run] = (*self.design_of.get(note.run, ()), note.id)
            self.last_design = max(self.last_design, number(note.id))

    def apply(self, event: e.NoteEvent, at: str, by: str) -> NoteId:
        """Fold the event in; the name of what it brought."""
        match event:
            case e.InsightPosted():
                self.put(
                    Insight(
                        event.insight, event.run, event.task, event.attempt, by, at, event.summary, event.topics,
                        event.paths,
                    )
                )  # fmt: skip
                return event.insight
            case e.DesignDecided():
                self.put(
                    DesignEntry(
                        event.entry, event.run, event.task, event.attempt, by, at, event.area, event.summary,
                        event.reason, event.applies_to,
                    )
                )  # fmt: skip
                return event.entry
