"""What blocks and views must look like: which kinds there are, what they must hold, where they may stand. Pure.

From Slack's reference of Block Kit, for the kinds that the bot may use; any other kind is refused. How much they may hold is
tests/fakes/slack/limits.py's to say.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from tests.fakes.slack.limits import VIEW_BLOCKS, faults_of

Part = Mapping[str, Any]
Check = Callable[[Part], Iterator[str]]
INTERACTIVE = frozenset({"button", "static_select", "overflow"})
MESSAGE_KINDS = frozenset(
    {
        "section",
        "header",
        "context",
        "actions",
        "divider",
        "image",
        "rich_text",
        "markdown",
        "table",
        "plan",
        "task_card",
    }
)
PLAN_KINDS = frozenset({"plan", "task_card"})
VIEW_KINDS = (MESSAGE_KINDS | {"input"}) - {"table", "markdown"} - PLAN_KINDS
RICH = frozenset({"rich_text_section", "rich_text_preformatted", "rich_text_quote", "rich_text_list"})
RICH_INLINE = frozenset({"text", "link", "emoji", "user", "usergroup", "channel", "broadcast", "date"})
VIEW_SHORT, VIEW_METADATA, VIEW_CALLBACK = 24, 3_000, 255
LONGEST_INPUT = 3_000


def faults_of_message(blocks: object, *, takes_plans: bool = True) -> list[str]:
    """Why Slack would refuse the blocks of a message; empty when it would take them. Not every workspace has plans yet."""
    if not isinstance(blocks, list) or not all(isinstance(block, Mapping) for block in blocks):
        return ["blocks must be a list of objects"]
    kinds = MESSAGE_KINDS if takes_plans else MESSAGE_KINDS - PLAN_KINDS
    return [*_faults(blocks, kinds), *faults_of(blocks)]


def faults_of_view(view: object) -> list[str]:
    """Why Slack would refuse the view."""
    if not isinstance(view, Mapping) or view.get("type") not in {"modal", "home"}:
        return ["view.type must be modal or home"]
    blocks = view.get("blocks")
    if not isinstance(blocks, list):
        return ["view.blocks is missing"]
    found = [*_faults(blocks, VIEW_KINDS), *faults_of(blocks, VIEW_BLOCKS)]
    found += _too_long(view, "private_metadata", VIEW_METADATA) + _too_long(view, "callback_id", VIEW_CALLBACK)
    if view["type"] == "home":
        return found
    if "title" not in view:
        found.append("view.title is missing")
    for name in ("title", "submit", "close"):
        if name in view:
            found += _text(view[name], f"view.{name}", ("plain_text",), VIEW_SHORT)
    if any(block.get("type") == "input" for block in blocks) and "submit" not in view:
        found.append("view.submit is missing, and there are inputs")
    return found


def _faults(blocks: Sequence[Part], kinds: frozenset[str]) -> Iterator[str]:
    for number, block in enumerate(blocks):
        kind = block.get("type")
        if kind not in kinds:
            yield f"blocks[{number}]: unsupported type {kind!r}"
        elif kind in _CHECKS:
            yield from (f"blocks[{number}]: {fault}" for fault in _CHECKS[kind](block))


def _section(block: Part) -> Iterator[str]:
    if "text" not in block and "fields" not in block:
        yield "a section needs text or fields"
    for text in [*([block["text"]] if "text" in block else []), *block.get("fields", ())]:
        yield from _text(text, "text")
    if "accessory" in block:
        yield from _element(block["accessory"])


def _header(block: Part) -> Iterator[str]:
    yield from _text(block.get("text"), "header.text", ("plain_text",))


def _context(block: Part) -> Iterator[str]:
    for element in block.get("elements") or [{}]:
        if element.get("type") != "image":
            yield from _text(element, "context element")


def _actions(block: Part) -> Iterator[str]:
    for element in block.get("elements") or [{}]:
        yield from _element(element)


def _image(block: Part) -> Iterator[str]:
    if not block.get("alt_text"):
        yield "an image needs alt_text"
    elif len(block["alt_text"]) > 2_000:
        yield "alt_text is longer than 2000"
    if not block.get("image_url") and not (block.get("slack_file") or {}).get("id"):
        yield "an image needs image_url or slack_file"


def _rich_text(block: Part) -> Iterator[str]:
    for outer in block.get("elements") or [{}]:
        if outer.get("type") not in RICH:
            yield f"rich text holds {outer.get('type')!r}"
            continue
        inner = outer.get("elements")
        if not inner:
            yield f"{outer['type']} is empty"
        elif outer["type"] != "rich_text_list":
            yield from (fault for part in inner for fault in _rich_inline(part))


def _rich_inline(part: Part) -> Iterator[str]:
    if part.get("type") not in RICH_INLINE:
        yield f"rich text holds {part.get('type')!r}"
    if part.get("type") == "text" and not part.get("text"):
        yield "a rich text piece is empty"
    for name in part.get("style", {}):
        if name not in {"bold", "italic", "strike", "code", "underline"}:
            yield f"rich text has no style {name!r}"


def _plan(block: Part) -> Iterator[str]:
    yield from _words(block, "title")
    for task in block.get("tasks") or []:
        if task.get("type") != "task_card":
            yield f"a plan can't hold {task.get('type')!r}"
        yield from _task_card(task)
    names = [task.get("task_id") for task in block.get("tasks") or []]
    if len(names) > len(set(names)):
        yield "a task_id is used twice"


def _task_card(block: Part) -> Iterator[str]:
    yield from _words(block, "task_id")
    yield from _words(block, "title")
    for name in ("details", "output"):
        if name in block and block[name].get("type") != "rich_text":
            yield f"task_card.{name} must be rich_text"


def _words(block: Part, name: str) -> Iterator[str]:
    """A text without markup, written without an object around it."""
    if not isinstance(block.get(name), str) or not block[name]:
        yield f"{block.get('type')}.{name} must be a text"


def _input(block: Part) -> Iterator[str]:
    yield from _text(block.get("label"), "input.label", ("plain_text",), 2_000)
    element = block.get("element") or {}
    kind = element.get("type")
    if kind == "plain_text_input":
        if not 1 <= element.get("max_length", LONGEST_INPUT) <= LONGEST_INPUT:
            yield "max_length must be 1 to 3000"
        if len(element.get("initial_value", "")) > element.get("max_length", LONGEST_INPUT):
            yield "initial_value is longer than max_length"
    elif kind == "static_select":
        yield from _options(element)
    else:
        yield f"an input can't hold {kind!r}"
    if "placeholder" in element:
        yield from _text(element["placeholder"], "placeholder", ("plain_text",), 150)


def _element(element: Part) -> Iterator[str]:
    kind = element.get("type")
    if kind not in INTERACTIVE:
        yield f"unsupported element {kind!r}"
    elif kind == "button":
        yield from _text(element.get("text"), "button.text", ("plain_text",))
        if element.get("style", "primary") not in {"primary", "danger"}:
            yield f"a button has no style {element['style']!r}"
    else:
        yield from _options(element)


def _options(element: Part) -> Iterator[str]:
    options = element.get("options") or []
    if not options:
        yield "options are missing"
    for option in options:
        yield from _text(option.get("text"), "option.text", ("plain_text", "mrkdwn"), 75)
        if not 1 <= len(option.get("value", "")) <= 150:
            yield "option.value must be 1 to 150 characters"


def _text(
    text: object, name: str, kinds: Sequence[str] = ("plain_text", "mrkdwn"), most: int | None = None
) -> list[str]:
    if not isinstance(text, Mapping) or text.get("type") not in kinds:
        return [f"{name} must be {' or '.join(kinds)}"]
    held = text.get("text")
    if not isinstance(held, str) or not held:
        return [f"{name} must be more than 0 characters"]
    return [f"{name} holds {len(held)}, at most {most}"] if most is not None and len(held) > most else []


def _too_long(view: Part, name: str, most: int) -> list[str]:
    held = view.get(name, "")
    return [f"view.{name} holds {len(held)}, at most {most}"] if len(held) > most else []


_CHECKS: dict[str, Check] = {
    "section": _section, "header": _header, "context": _context, "actions": _actions, "image": _image,
    "rich_text": _rich_text, "input": _input, "plan": _plan, "task_card": _task_card,
}  # fmt: skip
