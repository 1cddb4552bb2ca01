"""The strict Discord takes what Discord takes, and refuses what it refuses: the limits of bodies, one by one."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.fakes.discord.asker import said
from tests.fakes.discord.bodies import MENTIONS, THREAD, check, check_answer, check_edit, check_message
from tests.fakes.discord.commands import check_commands
from tests.fakes.discord.components import EMBED, MODAL
from tests.fakes.discord.refusal import Refusal
from tests.fakes.discord.shapes import Rule

Body = dict[str, Any]


def rules_broken(errors: Any, path: str = "") -> list[str]:
    """`place: rule` for each fault that a refusal tells."""
    found = [f"{path.strip('.')}: {each['code']}" for each in errors.get("_errors", ())]
    return found + [
        each for name, inner in errors.items() if name != "_errors" for each in rules_broken(inner, f"{path}.{name}")
    ]


def refused(asks: Callable[[], None]) -> list[str]:
    with pytest.raises(Refusal) as caught:
        asks()
    assert caught.value.code == 50_035, caught.value
    return rules_broken(caught.value.body["errors"])


def message(body: Body, *files: str) -> Callable[[], None]:
    return lambda: check_message(body, files)


def in_container(*parts: Body) -> Body:
    return {"flags": 1 << 15, "components": [{"type": 17, "components": list(parts)}]}


def text(size: int = 1) -> Body:
    return {"type": 10, "content": "x" * size}


def button(**more: Any) -> Body:
    return {"type": 2, "style": 2, "label": "go", "custom_id": "go", **more}


def row(*parts: Body) -> Body:
    return in_container({"type": 1, "components": list(parts)})


def numbered(count: int) -> list[Body]:
    return [button(custom_id=str(number)) for number in range(count)]


def select(options: int, **more: Any) -> Body:
    return {"type": 3, "custom_id": "s", "options": [{"label": "x", "value": str(n)} for n in range(options)], **more}


def gallery(items: int) -> Body:
    return in_container({"type": 12, "items": [{"media": {"url": "https://x.invalid/1.png"}} for _ in range(items)]})


AT_THE_LIMIT: dict[str, tuple[Callable[[int], Body], int]] = {
    "text in all": (lambda size: in_container(text(size - 1), text(1)), 4_000),
    "components in all": (lambda size: in_container(*[text()] * (size - 1)), 40),
    "a button's label": (lambda size: row(button(label="x" * size)), 80),
    "a custom_id": (lambda size: row(button(custom_id="x" * size)), 100),
    "buttons in a row": (lambda size: row(*numbered(size)), 5),
    "pictures in a gallery": (gallery, 10),
    "options of a select": (lambda size: row(select(size)), 25),
    "content": (lambda size: {"content": "x" * size}, 2_000),
    "a nonce": (lambda size: {"content": "x", "nonce": "x" * size}, 25),
    "rows of an older message": (lambda size: {"components": [{"type": 1, "components": [button(custom_id=str(n))]} for n in range(size)]}, 5),
    "embeds": (lambda size: {"embeds": [{"title": "x"}] * size}, 10),
    "text of embeds in all": (lambda size: {"embeds": [{"description": "x" * (size - 3_000)}, {"description": "x" * 3_000}]}, 6_000),
}  # fmt: skip


@pytest.mark.parametrize("name", AT_THE_LIMIT)
def test_the_limit_itself_is_taken_and_one_more_is_refused(name: str):
    made, most = AT_THE_LIMIT[name]
    check_message(made(most), ())
    assert refused(message(made(most + 1)))


@pytest.mark.parametrize(
    ("body", "rule"),
    [
        (in_container(), "components.0.components: BASE_TYPE_MIN_LENGTH"),
        (in_container(text(0)), "components.0.components.0.content: BASE_TYPE_MIN_LENGTH"),
        (in_container({"type": 17, "components": [text()]}), "components.0.components.0.type: UNION_TYPE_CHOICES"),
        (in_container({"type": 2}), "components.0.components.0.type: UNION_TYPE_CHOICES"),
        (row(button(), button()), "components.0.components.0.components.0.custom_id: COMPONENT_CUSTOM_ID_DUPLICATED"),
        (row(button(url="https://x.invalid")), "components.0.components.0.components.0.url: BUTTON_COMPONENT_FIELD_FORBIDDEN"),
        (row(button(style=5)), "components.0.components.0.components.0.url: BASE_TYPE_REQUIRED"),
        (row(button(style=7)), "components.0.components.0.components.0.style: NUMBER_TYPE_MAX"),
        (row(button(label="")), "components.0.components.0.components.0: BUTTON_COMPONENT_INVALID"),
        (row(button(lable="go")), "components.0.components.0.components.0.lable: UNKNOWN_MEMBER"),
        (row(select(1), button()), "components.0.components.0.components: COMPONENT_LAYOUT_WIDTH_EXCEEDED"),
        (row(select(1, max_values=2)), "components.0.components.0.components.0.max_values: SELECT_COMPONENT_BAD_RANGE"),
        (in_container({**text(), "id": 7}, {**text(), "id": 7}), "components.0.components.0.id: COMPONENT_ID_DUPLICATED"),
        (in_container({**text(), "id": 1 << 31}), "components.0.components.0.id: NUMBER_TYPE_MAX"),
        (in_container({"type": 13, "file": {"url": "attachment://a.png"}}), "components.0.components.0: MEDIA_ATTACHMENT_NOT_FOUND"),
        ({**said("x"), "content": "y"}, "content: MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2"),
        ({**said("x"), "embeds": [{"title": "y"}]}, "embeds: MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2"),
        ({"components": said("x")["components"]}, "components.0.type: UNION_TYPE_CHOICES"),
        ({**said("x"), "flags": 64}, "flags: INVALID_BITFIELD_FLAG"),
        ({"content": "x", "allowed_mentions": {"parse": ["all"]}}, "allowed_mentions.parse.0: BASE_TYPE_CHOICES"),
        (
            {"content": "x", "allowed_mentions": {"parse": ["users"], "users": ["1"]}},
            "allowed_mentions: MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE",
        ),
        ({"content": "x", "attachments": [{"id": 0}]}, "attachments.0.filename: BASE_TYPE_REQUIRED"),
        ({"content": 5}, "content: STRING_TYPE_CONVERT"),
    ],
)  # fmt: skip
def test_a_fault_is_named_in_its_place(body: Body, rule: str):
    assert rule in refused(message(body))


def test_a_picture_that_came_along_can_be_shown():
    shown = in_container({"type": 12, "items": [{"media": {"url": "attachment://a.png"}, "description": "words"}]})
    check_message(shown, ["a.png"])
    assert refused(message(shown, "b.png")) == ["components.0.components.0: MEDIA_ATTACHMENT_NOT_FOUND"]


def test_an_empty_message_is_refused():
    with pytest.raises(Refusal, match="50006"):
        check_message({"content": ""}, ())


def test_what_was_made_of_components_never_goes_back_to_words():
    assert refused(lambda: check_edit({"content": "x"}, (), (), was_v2=True)) == [
        "content: MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2"
    ]
    check_edit({"components": said("x")["components"]}, (), (), was_v2=True)


def test_surrogates_and_truth_values_are_no_way_around_a_limit():
    assert refused(message({"content": "👍" * 1_001})) == ["content: BASE_TYPE_MAX_LENGTH"]
    assert refused(message({**said("x"), "flags": True}))


def field(**more: Any) -> Body:
    return {"type": 18, "label": "What", "component": {"type": 4, "custom_id": "a", "style": 1, **more}}


def modal(*fields: Body, **more: Any) -> Body:
    return {"custom_id": "m", "title": "T", "components": list(fields), **more}


MODALS: dict[str, tuple[Callable[[int], Body], int]] = {
    "title": (lambda size: modal(field(), title="x" * size), 45),
    "custom_id": (lambda size: modal(field(), custom_id="x" * size), 100),
    "fields": (lambda size: modal(*(field(custom_id=str(n)) for n in range(size))), 5),
    "label": (lambda size: modal({**field(), "label": "x" * size}), 45),
    "hint": (lambda size: modal({**field(), "description": "x" * size}), 100),
    "placeholder": (lambda size: modal(field(placeholder="x" * size)), 100),
    "typed": (lambda size: modal(field(max_length=size)), 4_000),
    "value": (lambda size: modal(field(value="x" * size, max_length=10)), 10),
}


@pytest.mark.parametrize("name", MODALS)
def test_the_limit_of_a_modal_is_taken_and_one_more_is_refused(name: str):
    made, most = MODALS[name]
    check(made(most), MODAL)
    assert refused(lambda: check(made(most + 1), MODAL))


def test_a_modal_holds_no_buttons_and_no_label_of_the_old_way():
    assert refused(lambda: check(modal({"type": 1, "components": [button()]}), MODAL))
    assert refused(lambda: check(modal(field(label="What")), MODAL))
    check(modal({**field(), "component": select(1, required=False)}), MODAL)
    assert refused(lambda: check(modal({**field(), "component": select(1, disabled=True)}), MODAL))


@pytest.mark.parametrize(
    ("rule", "good", "bad"),
    [
        (THREAD, {"name": "x" * 100, "auto_archive_duration": 10_080}, {"name": "x" * 101}),
        (THREAD, {"name": "x"}, {"name": ""}),
        (THREAD, {"name": "x", "auto_archive_duration": 60}, {"name": "x", "auto_archive_duration": 61}),
        (EMBED, {"title": "x" * 256}, {"title": "x" * 257}),
        (EMBED, {"description": "x" * 4_096}, {"description": "x" * 4_097}),
        (EMBED, {"fields": [{"name": "x" * 256, "value": "x" * 1_024}] * 25}, {"fields": [{"name": "x", "value": "x"}] * 26}),
        (EMBED, {"fields": []}, {"fields": [{"name": "x", "value": "x" * 1_025}]}),
        (MENTIONS, {"users": ["1"] * 100}, {"users": ["1"] * 101}),
    ],
)  # fmt: skip
def test_other_bodies_have_their_limits(rule: Rule, good: Body, bad: Body):
    check(good, rule)
    assert refused(lambda: check(bad, rule))


def command(*options: Body, **more: Any) -> list[Body]:
    return [{"name": "orch", "description": "d", "options": list(options), **more}]


def sub(*options: Body, name: str = "go", **more: Any) -> Body:
    return {"type": 1, "name": name, "description": "d", "options": list(options), **more}


def option(**more: Any) -> Body:
    return {"type": 3, "name": "o", "description": "d", **more}


def telling(size: int) -> list[Body]:
    """A command with so many characters in all."""
    options = [option(name=f"o{n}", description="x" * 98) for n in range(10)]
    last = {**options[-1], "description": "x" * (size - 7_933)}
    return command(*(sub(*options, name=f"s{n}") for n in range(7)), sub(*options[:-1], last, name="rest"))


COMMANDS: dict[str, tuple[Callable[[int], list[Body]], int]] = {
    "told in all": (telling, 8_000),
    "subcommands": (lambda size: command(*(sub(name=f"s{n}") for n in range(size))), 25),
    "a name": (lambda size: command(name="x" * size), 32),
    "a description": (lambda size: command(description="x" * size), 100),
    "options": (lambda size: command(sub(*(option(name=f"o{n}") for n in range(size)))), 25),
    "choices": (lambda size: command(sub(option(choices=[{"name": str(n), "value": str(n)} for n in range(size)]))), 25),
    "typed": (lambda size: command(sub(option(max_length=size))), 6_000),
}  # fmt: skip


@pytest.mark.parametrize("name", COMMANDS)
def test_the_limit_of_a_command_is_taken_and_one_more_is_refused(name: str):
    made, most = COMMANDS[name]
    check_commands(made(most))
    assert refused(lambda: check_commands(made(most + 1)))


@pytest.mark.parametrize(
    "told",
    [
        command(name="Orch"),
        command(name="or ch"),
        command(sub(), sub()),
        command(sub(), option()),
        command(sub(option(), option(name="p", required=True))),
        command(sub(option(autocomplete=True, choices=[{"name": "a", "value": "a"}]))),
        command(sub(option(type=4, choices=[{"name": "a", "value": "a"}]))),
        command(sub(option(min_length=5, max_length=4))),
        [*command(), *command()],
        {"name": "orch"},
    ],
)
def test_a_wrong_command_is_refused(told: Any):
    assert refused(lambda: check_commands(told))


COMMAND, CLICK, TYPING, FORM = 2, 3, 4, 5


@pytest.mark.parametrize(
    ("kind", "answer", "fits"),
    [
        (COMMAND, {"type": 5, "data": {"flags": 64}}, True),
        (COMMAND, {"type": 4, "data": {**said("x"), "flags": 1 << 15 | 64}}, True),
        (COMMAND, {"type": 9, "data": modal(field())}, True),
        (COMMAND, {"type": 6}, False),
        (CLICK, {"type": 6}, True),
        (CLICK, {"type": 7, "data": said("x")}, True),
        (FORM, {"type": 9, "data": modal(field())}, False),
        (FORM, {"type": 5}, True),
        (TYPING, {"type": 8, "data": {"choices": [{"name": "a", "value": "a"}] * 25}}, True),
        (TYPING, {"type": 8, "data": {"choices": [{"name": "a", "value": "a"}] * 26}}, False),
        (TYPING, {"type": 8, "data": {"choices": [{"name": "x" * 101, "value": "a"}]}}, False),
        (TYPING, {"type": 8, "data": {"choices": [{"name": "", "value": "a"}]}}, False),
        (TYPING, {"type": 4, "data": said("x")}, False),
        (COMMAND, {"type": 3}, False),
        (COMMAND, {"data": {}}, False),
        (COMMAND, {"type": 5, "data": {"flags": 1}}, False),
        (CLICK, {"type": 9, "data": modal()}, False),
    ],
)
def test_an_answer_fits_what_was_done(kind: int, answer: Body, fits: bool):
    if fits:
        check_answer(answer, (), kind)
    else:
        assert refused(lambda: check_answer(answer, (), kind))
