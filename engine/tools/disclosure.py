"""Tools that are shown when they are asked for, so that the list a model reads each turn stays short.

What is shown stays shown for the rest of the attempt; must not decide which tools a role may have.
"""

from __future__ import annotations

import re

from pydantic import Field

from engine.tools.tool import Arguments, Tool
from engine.tools.workbench import Workbench

MAX_SHOWN = 12
_MAX_NAMED = 60
_COMMON = frozenset(
    [
        "a",
        "all",
        "an",
        "and",
        "are",
        "as",
        "at",
        "be",
        "by",
        "can",
        "do",
        "for",
        "from",
        "have",
        "how",
        "i",
        "in",
        "is",
        "it",
        "its",
        "me",
        "my",
        "of",
        "on",
        "or",
        "s",
        "see",
        "show",
        "some",
        "that",
        "the",
        "their",
        "them",
        "then",
        "this",
        "to",
        "use",
        "want",
        "was",
        "what",
        "when",
        "where",
        "which",
        "with",
        "you",
        "your",
    ]
)
"""Words of a question, which every description has too."""
_MAX_DESCRIPTION_CHARS = 600


class MoreTools(Arguments):
    """See further tools, and have them from then on."""

    query: str = Field(
        default="",
        max_length=400,
        description="Names or words of what you want to do, such as `git log`; empty for all.",
    )


class Shelf:
    """`hidden` are the tools that may be asked for; those that were move to `offered`, in the order of asking."""

    def __init__(self, offered: dict[str, Tool], hidden: dict[str, Tool]) -> None:
        self.offered = offered
        self.hidden = hidden

    def take(self, name: str) -> Tool | None:
        """The tool, from now on an offered one; None for an unknown name."""
        tool = self.hidden.pop(name, None)
        if tool is not None:
            self.offered[name] = tool
        return tool

    def matching(self, query: str) -> list[str]:
        """Names of hidden tools, those that fit the query best first; those that fit it far less are left out. All of them for
        an empty query.
        """
        words = _words(query)
        if not words:
            return list(self.hidden)
        scores = {name: _score(words, tool) for name, tool in self.hidden.items()}
        least = max(scores.values(), default=0) / 3
        return sorted(
            (name for name, score in scores.items() if score and score >= least), key=lambda name: -scores[name]
        )


def more_tools(shelf: Shelf) -> Tool:
    """The tool that asks for others; its description names them as they were at the start, and never changes."""

    async def show(_: Workbench, wanted: MoreTools) -> str:
        return _shown(shelf, wanted.query)

    asked = Tool.of("more_tools", MoreTools, show)
    names = list(shelf.hidden)
    rest = f" and {len(names) - _MAX_NAMED} more" if len(names) > _MAX_NAMED else ""
    description = f"{asked.description} There are: {', '.join(names[:_MAX_NAMED])}{rest}."
    return Tool(asked.name, description, asked.parameters, asked.execute)


def _shown(shelf: Shelf, query: str) -> str:
    found = shelf.matching(query)
    if not found:
        named = ", ".join(list(shelf.hidden)[:_MAX_NAMED]) or "none: you have them all"
        return f"No further tool fits {query!r}. Still to be asked for: {named}."
    tools = [tool for name in found[:MAX_SHOWN] if (tool := shelf.take(name)) is not None]
    lines = [f"- {tool.name}: {tool.description[:_MAX_DESCRIPTION_CHARS]}" for tool in tools]
    if len(found) > MAX_SHOWN:
        lines.append(f"[... {len(found) - MAX_SHOWN} more fit: ask again, with other words ...]")
    return "You can call these from now on:\n" + "\n".join(lines)


def _score(words: frozenset[str], tool: Tool) -> int:
    return 3 * len(words & _words(tool.name)) + len(words & _words(tool.description)) + 10 * (tool.name in words)


def _words(text: str) -> frozenset[str]:
    names = re.findall(r"[a-z0-9_]+", text.casefold())
    return (frozenset(names) | {part for name in names for part in name.split("_") if part}) - _COMMON
