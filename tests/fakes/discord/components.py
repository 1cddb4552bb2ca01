"""The rules of components: in messages of the second version, in older ones, and in modals. Pure.

Source: Discord's documentation, Component Reference; https://docs.discord.com/developers/components/reference.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tests.fakes.discord.refusal import Fault
from tests.fakes.discord.shapes import Also, Bits, Id, Kinds, Many, Number, OneOf, Path, Rule, Text, Truth, shape, units

ROW, BUTTON, SELECT, INPUT, SECTION, TEXT, THUMBNAIL, GALLERY, FILE, SEPARATOR, CONTAINER, LABEL = (
    1, 2, 3, 4, 9, 10, 11, 12, 13, 14, 17, 18,
)  # fmt: skip
MAX_COMPONENTS, MAX_TEXT, MAX_ROWS, MAX_IN_MODAL = 40, 4_000, 5, 5
LINK, PREMIUM = 5, 6
_PART_ID = Number(0, 2**31 - 1)
_NAME = Text(1, 100)
_EMOJI = shape("", "id name", id=Id(), name=Text(0, 100), animated=Truth())
_OPTION = shape(
    "label value", "description emoji",
    label=Text(1, 100), value=Text(1, 100), description=Text(0, 100), emoji=_EMOJI, default=Truth(),
)  # fmt: skip
_MEDIA = shape("url", url=Text(1, 2_048, r"(?s)(attachment|https?)://.+"))


def _of_button(value: Any, path: Path) -> Iterator[Fault]:
    style = value.get("style")
    has = {name for name in ("custom_id", "url", "sku_id") if value.get(name)}
    wanted = {LINK: "url", PREMIUM: "sku_id"}.get(style, "custom_id")
    if wanted not in has:
        yield Fault((*path, wanted), "BASE_TYPE_REQUIRED", "This field is required.")
    for name in sorted(has - {wanted}):
        yield Fault((*path, name), "BUTTON_COMPONENT_FIELD_FORBIDDEN", f"A button of style {style} has no {name}.")
    if style != PREMIUM and not value.get("label") and not value.get("emoji"):
        yield Fault(path, "BUTTON_COMPONENT_INVALID", "A button must have a label or an emoji.")


def _button() -> Rule:
    members = {
        "type": OneOf((BUTTON,)), "id": _PART_ID, "style": Number(1, 6), "label": Text(0, 80), "emoji": _EMOJI, "custom_id": _NAME,
        "url": Text(1, 512, r"(https?|discord)://.+"), "sku_id": Id(), "disabled": Truth(),
    }  # fmt: skip
    return Also(shape("type style", "id label emoji custom_id url sku_id disabled", **members), _of_button)


def _of_select(value: Any, path: Path) -> Iterator[Fault]:
    options = [each for each in value.get("options") or () if isinstance(each, Mapping)]
    for each, count in Counter(str(each.get("value")) for each in options).items():
        if count > 1:
            yield Fault(
                (*path, "options"), "SELECT_COMPONENT_OPTION_VALUE_DUPLICATED", f"The value {each!r} is used twice."
            )
    low, high = value.get("min_values", 1), value.get("max_values", 1)
    if isinstance(low, int) and isinstance(high, int) and low > high:
        yield Fault((*path, "min_values"), "SELECT_COMPONENT_BAD_RANGE", "min_values is more than max_values.")
    if isinstance(high, int) and high > max(1, len(options)):
        yield Fault((*path, "max_values"), "SELECT_COMPONENT_BAD_RANGE", "max_values is more than there are options.")


def _select(*, in_modal: bool = False) -> Rule:
    members: dict[str, Any] = {
        "type": OneOf((SELECT,)), "id": _PART_ID, "custom_id": _NAME, "options": Many(_OPTION, 1, 25), "placeholder": Text(0, 150),
        "min_values": Number(0, 25), "max_values": Number(1, 25), "disabled": Truth(), "required": Truth(),
    }  # fmt: skip
    if not in_modal:
        members.pop("required")
    return Also(shape("type custom_id options", "id placeholder", **members), _of_select)


def _of_row(value: Any, path: Path) -> Iterator[Fault]:
    kinds = [each.get("type") for each in value.get("components") or () if isinstance(each, Mapping)]
    if SELECT in kinds and len(kinds) > 1:
        yield Fault((*path, "components"), "COMPONENT_LAYOUT_WIDTH_EXCEEDED", "A select fills its row.")


def _row() -> Rule:
    inner = Kinds({BUTTON: _button, SELECT: _select})
    found = shape("type components", "id", type=OneOf((ROW,)), id=_PART_ID, components=Many(inner, 1, 5))
    return Also(found, _of_row)


def _text() -> Rule:
    return shape("type content", "id", type=OneOf((TEXT,)), id=_PART_ID, content=Text(1, MAX_TEXT))


def _thumbnail() -> Rule:
    return shape(
        "type media", "id description spoiler",
        type=OneOf((THUMBNAIL,)), id=_PART_ID, media=_MEDIA, description=Text(0, 1_024), spoiler=Truth(),
    )  # fmt: skip


def _section() -> Rule:
    return shape(
        "type components accessory", "id", type=OneOf((SECTION,)), id=_PART_ID, components=Many(Kinds({TEXT: _text}), 1, 3),
        accessory=Kinds({BUTTON: _button, THUMBNAIL: _thumbnail}),
    )  # fmt: skip


def _gallery() -> Rule:
    item = shape("media", "description spoiler", media=_MEDIA, description=Text(0, 1_024), spoiler=Truth())
    return shape("type items", "id", type=OneOf((GALLERY,)), id=_PART_ID, items=Many(item, 1, 10))


def _file() -> Rule:
    attached = shape("url", url=Text(1, 2_048, r"(?s)attachment://.+"))
    return shape("type file", "id spoiler", type=OneOf((FILE,)), id=_PART_ID, file=attached, spoiler=Truth())


def _separator() -> Rule:
    return shape(
        "type", "id divider spacing", type=OneOf((SEPARATOR,)), id=_PART_ID, divider=Truth(), spacing=OneOf((1, 2))
    )


_INSIDE = {ROW: _row, TEXT: _text, SECTION: _section, GALLERY: _gallery, FILE: _file, SEPARATOR: _separator}


def _container() -> Rule:
    return shape(
        "type components", "id accent_color spoiler", type=OneOf((CONTAINER,)), id=_PART_ID, accent_color=Number(0, 0xFFFFFF),
        spoiler=Truth(), components=Many(Kinds({**_INSIDE}), 1, MAX_COMPONENTS),
    )  # fmt: skip


V2_PARTS = Many(Kinds({**_INSIDE, CONTAINER: _container}), 0, MAX_COMPONENTS)
V1_PARTS = Many(Kinds({ROW: _row}), 0, MAX_ROWS)


def _of_input(value: Any, path: Path) -> Iterator[Fault]:
    low, high = value.get("min_length") or 0, value.get("max_length") or MAX_TEXT
    if isinstance(low, int) and isinstance(high, int) and low > high:
        yield Fault((*path, "min_length"), "TEXT_INPUT_BAD_RANGE", "min_length is more than max_length.")
    if isinstance(value.get("value"), str) and isinstance(high, int) and units(value["value"]) > high:
        yield Fault((*path, "value"), "BASE_TYPE_MAX_LENGTH", f"Must be {high} or fewer in length.")


def _input() -> Rule:
    found = shape(
        "type custom_id style", "id label value placeholder min_length max_length required", type=OneOf((INPUT,)), id=_PART_ID,
        custom_id=_NAME, style=OneOf((1, 2)), min_length=Number(0, MAX_TEXT), max_length=Number(1, MAX_TEXT), required=Truth(),
        value=Text(0, MAX_TEXT), placeholder=Text(0, 100), label=OneOf(()),
    )  # fmt: skip
    return Also(found, _of_input)


def _of_label(value: Any, path: Path) -> Iterator[Fault]:
    if isinstance(value.get("component"), Mapping) and value["component"].get("disabled"):
        yield Fault(
            (*path, "component", "disabled"), "COMPONENT_DISABLED_IN_MODAL", "A modal can't hold what is disabled."
        )


def _label() -> Rule:
    inner = Kinds({INPUT: _input, SELECT: lambda: _select(in_modal=True)})
    found = shape(
        "type label component", "id description", type=OneOf((LABEL,)), id=_PART_ID, label=Text(1, 45), description=Text(1, 100),
        component=inner,
    )  # fmt: skip
    return Also(found, _of_label)


MODAL = shape(
    "custom_id title components",
    custom_id=_NAME, title=Text(1, 45), components=Many(Kinds({LABEL: _label, TEXT: _text}), 1, MAX_IN_MODAL),
)  # fmt: skip
EMBED = shape(
    title=Text(0, 256), type=Text(0, 20), description=Text(0, 4_096), url=Text(1, 2_048), color=Number(0, 0xFFFFFF),
    timestamp=Text(1, 40), footer=shape("text", text=Text(0, 2_048), icon_url=Text(0, 2_048)), image=shape("url", url=Text(1, 2_048)),
    thumbnail=shape("url", url=Text(1, 2_048)), author=shape("name", name=Text(0, 256), url=Text(0, 2_048), icon_url=Text(0, 2_048)),
    fields=Many(shape("name value", name=Text(1, 256), value=Text(1, 1_024), inline=Truth()), 0, 25),
)  # fmt: skip
FLAGS_V2, FLAGS_EPHEMERAL, FLAGS_QUIET, FLAGS_NO_EMBEDS = 1 << 15, 1 << 6, 1 << 12, 1 << 2
MESSAGE_FLAGS = Bits(FLAGS_V2 | FLAGS_QUIET | FLAGS_NO_EMBEDS)
ANSWER_FLAGS = Bits(FLAGS_V2 | FLAGS_QUIET | FLAGS_NO_EMBEDS | FLAGS_EPHEMERAL)


def each_part(parts: Sequence[Any]) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Every component at every depth and where it is, the outer one first."""
    for number, part in enumerate(parts):
        if isinstance(part, dict):
            yield (str(number),), part
            inner = [("components", part.get("components"))]
            inner += [(name, [part[name]]) for name in ("accessory", "component") if name in part]
            for name, held in inner:
                for path, each in each_part(held if isinstance(held, Sequence) else ()):
                    yield (str(number), name, *(path if name == "components" else path[1:])), each


def of_all_parts(parts: Sequence[Any], path: Path, attached: Sequence[str] = ()) -> Iterator[Fault]:
    """What is wrong with the components taken together: their number, their text, names used twice, files that are not there."""
    found = list(each_part(parts))
    if len(found) > MAX_COMPONENTS:
        yield Fault(
            path,
            "COMPONENT_MAX_TOTAL_COMPONENTS_EXCEEDED",
            f"{len(found)} components in all, at most {MAX_COMPONENTS}.",
        )
    size = sum(units(str(part.get("content", ""))) for _, part in found if part.get("type") == TEXT)
    if size > MAX_TEXT:
        yield Fault(path, "COMPONENT_DISPLAYABLE_TEXT_SIZE_EXCEEDED", f"{size} characters in all, at most {MAX_TEXT}.")
    yield from _used_twice(found, path)
    for where, part in found:
        for url in _files_named(part):
            if url.startswith("attachment://") and url.removeprefix("attachment://") not in attached:
                yield Fault((*path, *where), "MEDIA_ATTACHMENT_NOT_FOUND", f"The attachment of {url} was not found.")


def _used_twice(found: Sequence[tuple[Path, Mapping[str, Any]]], path: Path) -> Iterator[Fault]:
    for name, rule in (("custom_id", "COMPONENT_CUSTOM_ID_DUPLICATED"), ("id", "COMPONENT_ID_DUPLICATED")):
        named = Counter(part[name] for _, part in found if part.get(name))
        for where, part in found:
            if named[part.get(name)] > 1:
                yield Fault((*path, *where, name), rule, f"Component {name} cannot be duplicated.")


def _files_named(part: Mapping[str, Any]) -> Iterator[str]:
    for each in (part, *(part.get("items") or ())):
        for name in ("media", "file"):
            if isinstance(each, Mapping) and isinstance(each.get(name), Mapping):
                yield str(each[name].get("url", ""))
