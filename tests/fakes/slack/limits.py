"""What Slack refuses in the blocks of a message or a view: the documented limits as a table. Pure."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

MESSAGE_BLOCKS, VIEW_BLOCKS = 50, 100
MARKDOWN_IN_ALL = 12_000
# (kind, path to a text or a list, most that it may hold)
MOST: tuple[tuple[str, str, int], ...] = (
    ("section", "text.text", 3_000),
    ("section", "fields", 10),
    ("header", "text.text", 150),
    ("actions", "elements", 25),
    ("context", "elements", 10),
    ("plan", "tasks", 50),
    # The reference of the block names none; the tasks of a stream, which are shown as these are, take so many.
    ("plan", "title", 256),
    ("task_card", "title", 256),
    ("button", "text.text", 75),
    ("button", "value", 2_000),
    ("button", "url", 3_000),
    ("static_select", "options", 100),
    ("overflow", "options", 5),
)
EVERY_KIND: tuple[tuple[str, int], ...] = (
    ("action_id", 255),
    ("block_id", 255),
    ("confirm.title.text", 100),
    ("confirm.text.text", 300),
    ("confirm.confirm.text", 30),
    ("confirm.deny.text", 30),
)
TASK_STATES = frozenset({"pending", "in_progress", "complete", "error"})
_PING = re.compile(r"<!(?:channel|here|everyone)(?:\|[^>]*)?>|<!subteam\^[^>]+>|<@[UW][A-Z0-9_]+(?:\|[^>]*)?>")


def faults_of(blocks: Sequence[Mapping[str, Any]], most_blocks: int = MESSAGE_BLOCKS) -> list[str]:
    """Every rule that the blocks break, in words; empty when Slack would take them."""
    found = [f"{len(blocks)} blocks, at most {most_blocks}"] if len(blocks) > most_blocks else []
    parts = [part for block in blocks for part in _parts(block)]
    found += [fault for part in parts for fault in _too_long(part)]
    found += _repeated("block_id", blocks)
    for block in blocks:
        if block.get("type") == "actions":
            found += _repeated("action_id", block.get("elements", ()))
    markdown = sum(len(block.get("text", "")) for block in blocks if block.get("type") == "markdown")
    if markdown > MARKDOWN_IN_ALL:
        found.append(f"markdown holds {markdown} in all, at most {MARKDOWN_IN_ALL}")
    return found


def pings_in(text: str) -> list[str]:
    """The mentions that would really ping somebody: escaped ones don't."""
    return _PING.findall(text)


def _parts(value: object) -> Iterator[Mapping[str, Any]]:
    """The value's mappings, at every depth."""
    if isinstance(value, Mapping):
        yield value
        for inner in value.values():
            yield from _parts(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _parts(inner)


def _too_long(part: Mapping[str, Any]) -> Iterator[str]:
    kind = str(part.get("type", ""))
    rows = [(path, most) for of, path, most in MOST if of == kind] + list(EVERY_KIND)
    for path, most in rows:
        held = _at(part, path)
        if isinstance(held, str | list) and len(held) > most:
            yield f"{kind}.{path} holds {len(held)}, at most {most}"
    if kind == "section":
        for text in part.get("fields", ()):
            if len(text.get("text", "")) > 2_000:
                yield f"section field holds {len(text['text'])}, at most 2000"
    if kind == "task_card" and part.get("status") not in TASK_STATES:
        yield f"task_card.status is {part.get('status')!r}"
    if kind == "overflow" and len(part.get("options", ())) < 2:
        yield "overflow.options holds fewer than 2"


def _at(part: Mapping[str, Any], path: str) -> object:
    value: object = part
    for name in path.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def _repeated(name: str, parts: Sequence[Mapping[str, Any]]) -> list[str]:
    named = [part[name] for part in parts if part.get(name)]
    return [f"{name} {value!r} is used twice" for value in sorted(set(named)) if named.count(value) > 1]
