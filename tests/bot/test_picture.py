"""A picture says what the board says, within its bounds, whatever the titles hold."""

from io import BytesIO
from itertools import pairwise

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from bot.cards import run_card
from bot.ink import MISSING, Canvas, Face, drawable, soften
from bot.palette import RUN_LOOKS, SIGNS, THEMES, Mode, Theme
from bot.picture import MAX_BYTES, MAX_CHARS, MAX_SIDE_PX, Edge, describe, draw, edges
from bot.replies.words import run_word, task_word
from engine.core.blackboard import Blackboard
from engine.core.entities import Run, RunConfig, RunState, Task, TaskState
from engine.core.ids import RunId, TaskId
from tests.bot.story import middle, over
from tests.fakes.core_driver import CoreDriver

R1 = RunId("R1")
NOON = "2026-01-01T12:00:00Z"
MODES: tuple[Mode, ...] = ("light", "dark")
HOSTILE = {
    "right to left": "\u202eהפוך \u05d0\u05d1\u05d2 \u0645\u0631\u062d\u0628\u0627",
    "controls": "a\x00b\x1b[31mc\x07\r\n\td\u2028e\ufeff\ud800",
    "ten thousand": "x" * 10_000,
    "ten thousand words": "word " * 2_000,
    "emoji": "👩‍👩‍👧‍👦🏳️‍🌈🇩🇪👍🏽" * 40,
    "marks": "e" + "\u0301" * 5_000,
    "wide letters": "請把四捨五入的錢改正" * 30,
    "nothing": "",
    "blanks": " \t\n ",
    "markup": "<!channel> @everyone ``` </svg>",
}


def board(
    count: int,
    *waits: tuple[int, int],
    state: TaskState = "planned",
    title: str = "Round money half up",
    objective: str = "",
) -> Blackboard:
    """A run of so many tasks in one state, where the second of each pair waits for the first."""
    made = Blackboard()
    config = RunConfig(model="openai/pilot")
    made.put_run(Run(R1, objective or "Round money", "running", "main", "0" * 40, config, NOON, NOON))
    for number in range(1, count + 1):
        before = tuple(TaskId(f"T{source}") for source, target in waits if target == number)
        made.put_task(
            Task(TaskId(f"T{number}"), R1, title, "coder", state, created_at=NOON, updated_at=NOON, depends_on=before)
        )
    return made


def opened(png: bytes) -> Image.Image:
    image = Image.open(BytesIO(png))
    image.load()
    return image


def colours(png: bytes) -> set[str]:
    found = opened(png).convert("RGB").getcolors(1 << 24) or []
    return {f"#{pixel[0]:02x}{pixel[1]:02x}{pixel[2]:02x}" for _, pixel in found if isinstance(pixel, tuple)}


def luminance(colour: str) -> float:
    """WCAG 2.2, "relative luminance"."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """WCAG 2.2, "contrast ratio"."""
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def test_a_run_in_the_middle_is_a_picture_in_light_and_dark():
    it = middle(CoreDriver()).board
    light, dark = draw(it, R1), draw(it, R1, dark=True)
    assert opened(light).format == "PNG"
    assert opened(light).size == opened(dark).size
    assert opened(light).convert("RGB").getpixel((0, 0)) == (255, 255, 255)
    assert THEMES["dark"].page in colours(dark)


def test_the_same_board_is_the_same_picture():
    assert draw(middle(CoreDriver()).board, R1) == draw(middle(CoreDriver()).board, R1)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("state", SIGNS)
def test_every_state_is_drawn_in_its_colours(state: TaskState, mode: Mode):
    shade = THEMES[mode].shades[state]
    assert {shade.fill, shade.accent, shade.ink} <= colours(draw(board(1, state=state), R1, dark=mode == "dark"))


def test_no_two_states_have_the_same_picture():
    assert len({draw(board(2, (1, 2), state=state), R1) for state in SIGNS}) == len(SIGNS) == 9


def test_every_state_of_a_run_is_drawn():
    it = board(1)
    for state in RUN_LOOKS:
        it.put_run(msgspec.structs.replace(it.runs[R1], state=state))
        assert opened(draw(it, R1)).width > 0
        assert run_word(state) in describe(it, R1)


def test_a_change_of_title_attempt_or_arrow_changes_the_picture():
    plain = draw(board(2), R1)
    assert draw(board(2, title="Print totals"), R1) != plain
    assert draw(board(2, (1, 2)), R1) != plain
    again = board(2, state="active")
    tried = board(2, state="active")
    story = middle(CoreDriver()).board
    tried.put_task(
        msgspec.structs.replace(tried.tasks[TaskId("T1")], attempts=story.tasks[TaskId("T5")].attempts, tries=1)
    )
    assert draw(tried, R1) != draw(again, R1)


@pytest.mark.parametrize("mode", MODES)
def test_text_and_lines_stand_out_from_what_they_stand_on(mode: Mode):
    theme: Theme = THEMES[mode]
    ratios = {
        f"page {name}": contrast(colour, theme.page) for name, colour in (("ink", theme.ink), ("muted", theme.muted))
    }
    for state, shade in theme.shades.items():
        ratios |= {f"{state} ink": contrast(shade.ink, shade.fill), f"{state} word": contrast(shade.accent, shade.fill)}
    assert {name: ratio for name, ratio in ratios.items() if ratio < 4.5} == {}
    edges_of = {state: contrast(shade.accent, theme.page) for state, shade in theme.shades.items()}
    assert {state: ratio for state, ratio in edges_of.items() if ratio < 3} == {}
    assert contrast(theme.arrow, theme.page) >= 3


def test_the_ratio_is_the_one_of_the_standard():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("title", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_title_is_drawn_within_the_bounds(title: str):
    it = board(3, (1, 2), title=title, objective=title)
    assert max(opened(draw(it, R1)).size) <= MAX_SIDE_PX
    assert len(describe(it, R1)) <= MAX_CHARS


@settings(max_examples=25, deadline=None)
@given(st.text(st.characters(), max_size=80))
def test_any_title_is_drawn(title: str):
    assert opened(draw(board(1, title=title), R1)).format == "PNG"


@pytest.mark.parametrize(
    ("count", "waits"),
    [(0, []), (1, []), (60, [(at // 3, at) for at in range(3, 61)]), (200, [(1, at) for at in range(2, 201)])],
    ids=["none", "one", "sixty", "two hundred"],
)
def test_a_picture_keeps_its_bounds(count: int, waits: list[tuple[int, int]]):
    it = board(count, *waits)
    png = draw(it, R1)
    assert len(png) <= MAX_BYTES
    assert max(opened(png).size) <= MAX_SIDE_PX
    assert min(opened(png).size) >= 100
    assert len(describe(it, R1)) <= MAX_CHARS


@pytest.mark.slow
def test_a_thousand_tasks_keep_the_bounds():
    png = draw(board(1000, *((at // 2, at) for at in range(2, 1001))), R1)
    assert len(png) <= MAX_BYTES
    assert max(opened(png).size) <= MAX_SIDE_PX


def test_an_unknown_run_is_an_error():
    with pytest.raises(KeyError):
        draw(board(1), RunId("R2"))
    with pytest.raises(KeyError):
        describe(board(1), RunId("R2"))


def test_arrows_are_dependencies_and_a_planner_points_at_where_its_plan_begins():
    found = edges(run_card(middle(CoreDriver()).board, R1).tasks)
    planning = [(edge.source, edge.target) for edge in found if edge.is_planning]
    assert planning == [
        ("T1", "T2"), ("T1", "T3"), ("T2", "T4"), ("T2", "T5"), ("T2", "T6"), ("T3", "T7"), ("T3", "T8"),
    ]  # fmt: skip
    assert [edge for edge in found if not edge.is_planning] == [
        Edge("T8", "T9", False), Edge("T7", "T10", False), Edge("T9", "T10", False),
    ]  # fmt: skip


def test_the_picture_in_words():
    assert describe(middle(CoreDriver()).board, R1).split("\n") == [
        "R1 running, 4 of 10 tasks done, 1 landed: Make the failing tests pass, and round money half up everywhere",
        "1. T1 complete",
        "2. T2 complete (after T1), T3 complete (after T1)",
        "3. T4 complete (after T2), T5 active (after T2), T6 awaiting QA (after T2), T7 approved (after T3), "
        "T8 waiting human (after T3)",
        "4. T9 planned (after T8)",
        "5. T10 planned (after T7 T9)",
    ]
    assert "T4 abandoned" in describe(over(CoreDriver()).board, R1)


@pytest.mark.parametrize("state", SIGNS)
def test_the_words_name_every_state(state: TaskState):
    assert f"T1 {task_word(state)}" in describe(board(1, state=state), R1)


def test_words_that_are_too_many_are_counted():
    lines = describe(board(300, *((at - 1, at) for at in range(2, 301))), R1).split("\n")
    assert lines[-1] == f"+{300 - (len(lines) - 2)} more"
    assert lines[-2].startswith(f"{len(lines) - 2}. T{len(lines) - 2} planned")


def test_what_the_font_has_no_letters_for_is_one_frame():
    assert drawable("Naïve Überprüfung, Проверка, Ελληνικά") == "Naïve Überprüfung, Проверка, Ελληνικά"
    assert drawable("fix 四捨五入 now 👍🏽👍🏽") == f"fix {MISSING} now {MISSING}"
    assert drawable("a\x1b[31m\u202eb\nc") == "a[31mb c"


def test_text_is_cut_to_its_place_with_an_ellipsis():
    canvas, face = Canvas(10, 10, 2.0, "#ffffff"), Face(13)
    assert canvas.fit("Print totals", face, 196, lines=2) == ["Print totals"]
    lines = canvas.fit("Read the exchange rates from the file that the bank publishes each morning", face, 196, lines=2)
    assert len(lines) == 2
    assert lines[1].endswith("…")
    assert all(canvas.width(line, face) <= 196 for line in lines)
    (cut,) = canvas.fit("x" * 500, face, 60)
    assert cut.strip("x") == "…"
    assert canvas.width(cut, face) <= 60


def test_an_arrow_is_soft_between_heights_and_straight_on_one():
    assert soften([(0, 0), (10, 0), (10, 5)]) == [(0, 0), (10, 0), (10, 5)]
    way = soften([(0, 0), (100, 50)])
    assert (way[0], way[-1]) == ((0, 0), (100, 50))
    assert all(x0 < x1 and y0 <= y1 for (x0, y0), (x1, y1) in pairwise(way))
    assert way[1][1] < way[1][0] / 4


RUN_STATES: tuple[RunState, ...] = (
    "planning",
    "running",
    "paused",
    "waiting_human",
    "completed",
    "failed",
    "cancelled",
)


def test_no_state_of_a_run_is_without_a_look():
    assert set(RUN_LOOKS) == set(RUN_STATES)
