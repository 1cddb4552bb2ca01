"""What the pilot reads in a request: its role, the sections of its task, and what its calls have brought so far."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

_HEADING = re.compile(r"#{1,2} (.*)")
_FENCE = re.compile(r"(`{3,})(\w*)\s*$")


@dataclass
class Section:
    """One section of the first message: its lines outside of fences, and its fences as (language, text)."""

    lines: list[str] = field(default_factory=list)
    fences: list[tuple[str, str]] = field(default_factory=list)

    @property
    def text(self) -> str:
        """The words outside of fences."""
        return "\n".join(self.lines)


@dataclass(frozen=True)
class Step:
    """A call that was made, and its result; `exit_code` is None where no command ran."""

    name: str
    arguments: dict[str, Any]
    result: str

    @property
    def exit_code(self) -> int | None:
        """The exit code in the result."""
        match = re.search(r"^exit code: (-?\d+)", self.result, re.MULTILINE)
        return int(match[1]) if match else None


@dataclass(frozen=True)
class Transcript:
    """A conversation as the pilot understands it; the text under the first heading is the section `objective`."""

    role: str
    sections: dict[str, Section]
    steps: list[Step]

    def section(self, name: str) -> Section:
        """A section, empty where the message has none."""
        return self.sections.get(name, Section())

    def last(self, name: str) -> Step | None:
        """The newest step with a tool."""
        return next((step for step in reversed(self.steps) if step.name == name), None)

    @property
    def gate(self) -> str:
        """The command of the first gate."""
        return next(iter(code_spans("\n".join(self.section("Gates").lines[:1]))), "")


def read(messages: list[dict[str, Any]]) -> Transcript:
    """The transcript in a request's messages.

    Raises: ValueError when there is no role in the first line of the system message, or no user message.
    """
    first = {message["role"]: str(message.get("content") or "") for message in reversed(messages)}
    role = re.match(r"You are the (\w+) of orch\.", first.get("system", ""))
    if role is None or "user" not in first:
        raise ValueError("the pilot works only as a role of orch: there is no role in the system message, or no task")
    results = {m["tool_call_id"]: str(m.get("content") or "") for m in messages if m["role"] == "tool"}
    calls = [call for message in messages for call in message.get("tool_calls") or ()]
    steps = [
        Step(call["function"]["name"], json.loads(call["function"]["arguments"]), results.get(call["id"], ""))
        for call in calls
    ]
    return Transcript(role[1], _sections(first["user"]), steps)


def code_spans(text: str) -> list[str]:
    """What stands between backticks."""
    return [span.strip() if len(ticks) > 1 else span for ticks, span in re.findall(r"(?<!`)(`+)(.+?)\1(?!`)", text)]


def _sections(text: str) -> dict[str, Section]:
    section = Section()
    sections: dict[str, Section] = {}
    fence, kept = "", list[str]()
    for line in text.splitlines():
        opened = None if fence else _FENCE.match(line)
        heading = _HEADING.fullmatch(line)
        if opened:
            fence, kept = opened[1], [opened[2]]
        elif fence and line == fence:
            section.fences.append((kept[0], "\n".join(kept[1:])))
            fence = ""
        elif fence:
            kept.append(line)
        elif heading:
            section = sections.setdefault(heading[1] if line.startswith("##") else "objective", Section())
        else:
            section.lines.append(line)
    return sections
