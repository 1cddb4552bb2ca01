"""The rules of what is sent beside components: messages, threads, channels, answers to interactions. Pure.

Source: Discord's documentation, Create Message, Edit Message, Start Thread from Message, Modify Channel, Interaction Callback.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tests.fakes.discord.components import (
    ANSWER_FLAGS,
    EMBED,
    FLAGS_V2,
    MESSAGE_FLAGS,
    MODAL,
    V1_PARTS,
    V2_PARTS,
    of_all_parts,
)
from tests.fakes.discord.refusal import Fault, Refusal, invalid
from tests.fakes.discord.shapes import Bits, Id, Many, Number, OneOf, Path, Rule, Shape, Text, Truth, shape, units

MAX_CONTENT, MAX_EMBED_TEXT, MAX_NONCE, MAX_FILES = 2_000, 6_000, 25, 10
THREAD_MINUTES = (60, 1_440, 4_320, 10_080)
PONG, ANSWER, ANSWER_LATER, CHANGE_LATER, CHANGE, CHOICES, ASK = 1, 4, 5, 6, 7, 8, 9
_LEGACY = ("content", "embeds", "sticker_ids", "poll")


class _Nonce:
    """Discord takes a number or a short string."""

    def faults(self, value: Any, path: Path = ()) -> Iterator[Fault]:
        is_number = isinstance(value, int) and not isinstance(value, bool)
        yield from (
            Number(-(2**63), 2**63 - 1).faults(value, path) if is_number else Text(0, MAX_NONCE).faults(value, path)
        )


MENTIONS = shape(
    parse=Many(OneOf(("roles", "users", "everyone")), 0, 3),
    roles=Many(Id(), 0, 100),
    users=Many(Id(), 0, 100),
    replied_user=Truth(),
)
ATTACHMENT = shape(
    "id",
    "description",
    id=Id(),
    filename=Text(1, 1_024),
    title=Text(0, 1_024),
    description=Text(0, 1_024),
    is_spoiler=Truth(),
)
_SAID: dict[str, Rule] = {
    "content": Text(0, MAX_CONTENT), "embeds": Many(EMBED, 0, 10), "allowed_mentions": MENTIONS,
    "attachments": Many(ATTACHMENT, 0, MAX_FILES),
}  # fmt: skip
_NULLABLE = "content embeds allowed_mentions components attachments flags"
_CREATE: dict[str, Rule] = {
    **_SAID, "nonce": _Nonce(), "enforce_nonce": Truth(), "tts": Truth(), "sticker_ids": Many(Id(), 0, 3),
    "message_reference": shape(
        "message_id", message_id=Id(), channel_id=Id(), guild_id=Id(), fail_if_not_exists=Truth(), type=OneOf((0, 1))
    ),
}  # fmt: skip
THREAD = shape(
    "name", "rate_limit_per_user",
    name=Text(1, 100), auto_archive_duration=OneOf(THREAD_MINUTES), rate_limit_per_user=Number(0, 21_600),
)  # fmt: skip
THREAD_CHANGE = shape(
    name=Text(1, 100), archived=Truth(), auto_archive_duration=OneOf(THREAD_MINUTES), locked=Truth(), invitable=Truth(),
    rate_limit_per_user=Number(0, 21_600),
)  # fmt: skip
CHANNEL_CHANGE = shape(
    "", "topic", name=Text(1, 100), topic=Text(0, 1_024), rate_limit_per_user=Number(0, 21_600), position=Number(0, 500)
)
CHOICE = shape("name value", name=Text(1, 100), value=Text(1, 100))
_ANSWER_ENVELOPE = shape(
    "type", type=OneOf((PONG, ANSWER, ANSWER_LATER, CHANGE_LATER, CHANGE, CHOICES, ASK)), data=shape()
)


def check(value: Any, rule: Rule) -> None:
    """Refuse what breaks the rule.

    Raises: Refusal.
    """
    faults = list(rule.faults(value))
    if faults:
        raise invalid(faults)


def check_message(body: Any, files: Sequence[str], *, flags: Rule = MESSAGE_FLAGS, is_create: bool = True) -> None:
    """Refuse a message that Discord would not post. `files` are the names of those that came along.

    Raises: Refusal.
    """
    faults = list(message_faults(body, files, flags=flags, members=_CREATE if is_create else _SAID))
    if faults:
        raise invalid(faults)
    if is_create and not (any(body.get(name) for name in ("content", "embeds", "components", "sticker_ids")) or files):
        raise Refusal(50_006)


def check_edit(body: Any, files: Sequence[str], kept: Sequence[str], *, was_v2: bool) -> None:
    """Refuse a change of a message that Discord would not make. `kept` are the names of its files so far.

    Raises: Refusal.
    """
    faults = list(message_faults(body, [*kept, *files], flags=MESSAGE_FLAGS, members=_SAID, was_v2=was_v2))
    if faults:
        raise invalid(faults)


def message_faults(
    body: Any, files: Sequence[str], *, flags: Rule, members: Mapping[str, Rule], was_v2: bool = False
) -> Iterator[Fault]:
    """Everything that is wrong with it."""
    flag = body.get("flags") if isinstance(body, Mapping) else 0
    is_v2 = was_v2 or bool(isinstance(flag, int) and flag & FLAGS_V2)
    parts = V2_PARTS if is_v2 else V1_PARTS
    rules = {**members, "components": parts, "flags": flags}
    nullable = frozenset(_NULLABLE.split())
    found = list(Shape(rules, frozenset(), nullable).faults(body))
    yield from found
    if not isinstance(body, Mapping):
        return
    components = body.get("components")
    yield from of_all_parts(components if isinstance(components, list) else (), ("components",), files)
    yield from _of_words(body, is_v2=is_v2)
    yield from _of_mentions(body.get("allowed_mentions"))
    yield from _of_files(body.get("attachments"))


def _of_words(body: Mapping[str, Any], *, is_v2: bool) -> Iterator[Fault]:
    if is_v2:
        for name in _LEGACY:
            if body.get(name):
                yield Fault(
                    (name,), "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2",
                    f"The '{name}' field cannot be used when using MessageFlags.IS_COMPONENTS_V2",
                )  # fmt: skip
    embeds = [each for each in body.get("embeds") or () if isinstance(each, Mapping)]
    if sum(map(_embed_units, embeds)) > MAX_EMBED_TEXT:
        yield Fault(("embeds",), "MAX_EMBED_SIZE_EXCEEDED", f"Embed size exceeds maximum size of {MAX_EMBED_TEXT}")


def _embed_units(embed: Mapping[str, Any]) -> int:
    fields = [each for each in embed.get("fields") or () if isinstance(each, Mapping)]
    told = [embed.get("title"), embed.get("description"), *(each.get(n) for each in fields for n in ("name", "value"))]
    told += [(embed.get(outer) or {}).get(inner) for outer, inner in (("footer", "text"), ("author", "name"))]
    return sum(units(each) for each in told if isinstance(each, str))


def _of_mentions(mentions: Any) -> Iterator[Fault]:
    if isinstance(mentions, Mapping):
        for name in ("users", "roles"):
            if mentions.get(name) and name in (mentions.get("parse") or ()):
                yield Fault(
                    ("allowed_mentions",),
                    "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE",
                    f"parse:[{name!r}] and {name}: [ids...]",
                )


def _of_files(attachments: Any) -> Iterator[Fault]:
    for number, each in enumerate(attachments if isinstance(attachments, list) else ()):
        if (
            isinstance(each, Mapping)
            and str(each.get("id")).isdecimal()
            and int(each["id"]) < MAX_FILES
            and "filename" not in each
        ):
            yield Fault(("attachments", str(number), "filename"), "BASE_TYPE_REQUIRED", "This field is required.")


def check_answer(body: Any, files: Sequence[str], kind: int, option_type: int = 3) -> None:
    """Refuse what can't be a first answer to an interaction of the kind (2 command, 3 component, 4 autocomplete, 5 modal).

    Raises: Refusal.
    """
    if not isinstance(body, Mapping) or not isinstance(body.get("type"), int):
        raise invalid(_ANSWER_ENVELOPE.faults({} if not isinstance(body, Mapping) else {**body, "data": {}}))
    answer, told = body["type"], body.get("data")
    fits = {2: {ANSWER, ANSWER_LATER, ASK}, 3: {ANSWER, ANSWER_LATER, CHANGE_LATER, CHANGE, ASK}, 4: {CHOICES}}
    fits[5] = {ANSWER, ANSWER_LATER, CHANGE_LATER, CHANGE}
    if answer not in fits[kind]:
        raise invalid([Fault(("type",), "BASE_TYPE_CHOICES", f"Value must be one of {fits[kind]}.")])
    try:
        _check_told(answer, told, files, option_type)
    except Refusal as error:
        if error.code != 50_035:
            raise
        raise Refusal(50_035, errors={"data": error.body["errors"]}) from None


def _check_told(answer: int, told: Any, files: Sequence[str], option_type: int) -> None:
    match answer:
        case 4 | 7:
            check_message({} if told is None else told, files, flags=ANSWER_FLAGS, is_create=False)
            if answer == ANSWER and not (told and any(told.get(name) for name in ("content", "embeds", "components"))):
                raise Refusal(50_006)
        case 5 | 6:
            check(told or {}, shape(flags=Bits(ANSWER_FLAGS.allowed)))
        case 8:
            value: Rule = Text(1, 100) if option_type == 3 else Number(-(2**53), 2**53, is_whole=option_type == 4)
            choice = shape("name value", name=Text(1, 100), value=value)
            check(told, shape("choices", choices=Many(choice, 0, 25)))
        case _:
            check(told, MODAL)
            faults = list(of_all_parts(told["components"], ("components",)))
            if faults:
                raise invalid(faults)
