"""What the pilot reads in a request: its role, the sections of its task, and what its calls have brought so far."""

import json
import re
from collections import defaultdict
from typing import Any, NamedTuple

_FENCE = re.compile(r"^(`{3,})(\w*)\s*?\n(.*?)^\1$", re.MULTILINE | re.DOTALL)


class Step(NamedTuple):
    """A call that was made, and its result."""

    name: str
    arguments: dict[str, Any]
    result: str


class Transcript(NamedTuple):
    """A conversation: the sections without their fences (the first is `objective`), the fenced diffs, the steps."""

    role: str
    sections: dict[str, str]
    diffs: list[str]
    steps: list[Step]

    def last(self, name: str) -> Step | None:
        """The newest step with a tool."""
        return next((step for step in reversed(self.steps) if step.name == name), None)


def read(messages: list[dict[str, Any]]) -> Transcript:
    """The transcript in a request's messages; a section that is absent is empty.

    Raises: ValueError when there is no role in the first line of the system message, or no user message.
    """
    first = {message["role"]: str(message.get("content") or "") for message in reversed(messages)}
    role = re.match(r"You are the (\w+) of orch\.", first.get("system", ""))
    if role is None or "user" not in first:
        raise ValueError("the pilot works only as a role of orch: there is no role in the system message, or no task")
    results = {m["tool_call_id"]: str(m.get("content") or "") for m in messages if m["role"] == "tool"}
    calls = [(call["id"], call["function"]) for message in messages for call in message.get("tool_calls") or ()]
    steps = [Step(made["name"], json.loads(made["arguments"]), results.get(name, "")) for name, made in calls]
    diffs = [text for _, language, text in _FENCE.findall(first["user"]) if language == "diff"]
    _, *parts = re.split(r"^#{1,2} (.*)$", _FENCE.sub("", first["user"]), flags=re.MULTILINE)
    sections = zip(["objective", *parts[2::2]], parts[1::2], strict=False)
    return Transcript(role[1], defaultdict(str, sections), diffs, steps)


def code_spans(text: str) -> list[str]:
    """What stands between backticks."""
    return [span.strip() if len(ticks) > 1 else span for ticks, span in re.findall(r"(?<!`)(`+)(.+?)\1(?!`)", text)]
