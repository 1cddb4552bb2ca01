"""Names in the words that the engine puts together of them, as they are after a union. A person's and a model's words stay. Pure.

Where an engine's sentence holds foreign words too (a title, a reason), they come after the name that it is about.
"""

import re
from collections.abc import Mapping
from typing import Final

from msgspec.structs import replace

from engine.core import events as e

_NAME: Final = re.compile(r"\b[A-Z][0-9]+\b")
_LEAD: Final = re.compile(r"\A[A-Z][0-9]+\b")
"""Of a line that a chat is told."""

_PLANNED: Final = re.compile(r"^T[0-9]+ \([^)\n]*\): ", re.MULTILINE)
"""What a line of a plan that is put before a person begins with: `T12 (coder, after T10, T11): `."""

_REASON: Final = re.compile(
    r"\A(?:T[0-9]+ (?:replaces (?:it|T[0-9]+)|plans (?:it|T[0-9]+) anew|mends its tests first|put the plans together"
    r"|planned what it waits for)|another attempt when R[0-9]+ wakes, which costs nothing)\Z"
)
_TITLE: Final = re.compile(r"\APlan T[0-9]+ anew\Z")


def reworded(event: e.AnyEvent, names: Mapping[str, str]) -> e.AnyEvent:
    """The event, which is about what is named anew already, with the new names (by the old ones) in its own words too."""
    match event:
        case e.HumanAsked():
            question = _about(event.question, names, event.task or event.run)
            evidence = _changed(_PLANNED, event.evidence, names) if event.topic == "plan" else event.evidence
            return replace(event, question=question, evidence=evidence)
        case e.RunFailed():
            return replace(event, reason=_about(event.reason, names, event.run))
        case e.DependenciesChanged() | e.TaskAbandoned() | e.RetryScheduled():
            return replace(event, reason=_changed(_REASON, event.reason, names))
        case e.TaskPlanned():
            return replace(event, title=_changed(_TITLE, event.title, names))
        case e.PostIntended():
            return replace(event, lines=tuple(_changed(_LEAD, line, names) for line in event.lines))
        case _:
            return event


def _about(text: str, names: Mapping[str, str], name: str) -> str:
    """The text with the first name in it replaced, if that is an older one of `name`."""
    first = _NAME.search(text)
    return (
        text if first is None or names.get(first[0]) != name else f"{text[: first.start()]}{name}{text[first.end() :]}"
    )


def _changed(part: re.Pattern[str], text: str, names: Mapping[str, str]) -> str:
    return part.sub(lambda found: _NAME.sub(lambda name: names.get(name[0], name[0]), found[0]), text)
