"""What people type at `/orch`, and what it means; what they are taught when it means nothing."""

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.grammar import COMMANDS, description, looks_like
from bot.handlers.table import HANDLERS
from bot.parser import MAX_LINE, Mistake, Parsed, parse_line, parse_values

VERBS = [
    "start",
    "status",
    "list",
    "show",
    "graph",
    "logs",
    "pause",
    "resume",
    "cancel",
    "restart",
    "replan",
    "retry",
    "abandon",
    "spawn",
    "link",
    "unlink",
    "bind",
    "unbind",
    "interrupt",
    "ask",
    "budget",
    "config",
    "history",
    "why",
    "help",
]


def understood(line: str) -> tuple[str, dict[str, str]]:
    found = parse_line(line)
    assert isinstance(found, Parsed), found
    return found.command.name, found.values


def taught(line: str) -> str:
    found = parse_line(line)
    assert isinstance(found, Mistake), found
    return found.sentence


def test_every_verb_has_a_handler_and_nothing_else_has_but_the_buttons():
    assert [command.name for command in COMMANDS] == VERBS
    assert set(HANDLERS) == {*VERBS, "decide", "home"}


def test_every_example_is_understood_as_its_command():
    for command in COMMANDS:
        assert understood(command.example)[0] == command.name


def test_the_table_fits_the_strictest_command_tree():
    # Discord: 25 subcommands, names of 32 and descriptions of 100 characters, 25 options and choices.
    assert len(COMMANDS) <= 25
    for command in COMMANDS:
        assert len(command.name) <= 32
        assert len(command.help) <= 100
        assert len(command.params) <= 25
        assert all(len(param.name) <= 32 and 0 < len(param.help) <= 100 for param in command.params)


def test_the_description_is_json():
    found = msgspec.json.decode(msgspec.json.encode(description()))
    assert [entry["name"] for entry in found] == VERBS
    assert found[0]["params"][0] == {
        "name": "objective", "kind": "text", "help": "what is to be achieved", "how": "rest", "is_required": True,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("line", "name", "values"),
    [
        ("", "status", {}),
        ("/orch", "status", {}),
        ("orch STATUS", "status", {}),
        ("start make it green", "start", {"objective": "make it green"}),
        ('start "make it green" --budget 5', "start", {"objective": "make it green", "budget": "5"}),
        ("start “make it green” —budget=$2.50", "start", {"objective": "make it green", "budget": "2.50"}),
        ("start --base 'my branch' fix it", "start", {"objective": "fix it", "base": "my branch"}),
        ("start base:main fix: the rounding", "start", {"objective": "fix: the rounding", "base": "main"}),
        ("start don't break it, it's fine", "start", {"objective": "don't break it, it's fine"}),
        ("start one\n  two --workers 3 three", "start", {"objective": "one\n  two three", "workers": "3"}),
        ('start say "hello" twice', "start", {"objective": 'say "hello" twice'}),
        ('start "unbalanced', "start", {"objective": '"unbalanced'}),
        ("pause", "pause", {}),
        ("pause r1", "pause", {"run": "R1"}),
        ("pause R1 for lunch", "pause", {"run": "R1", "reason": "for lunch"}),
        ("pause for lunch", "pause", {"reason": "for lunch"}),
        ('pause "R1 is odd"', "pause", {"reason": "R1 is odd"}),
        ("link t4 t3", "link", {"task": "T4", "after": "T3"}),
        ("retry d1 use the table", "retry", {"target": "D1", "changes": "use the table"}),
        ("abandon T3 --then DROP nobody needs it", "abandon", {"target": "T3", "then": "drop", "reason": "nobody needs it"}),
        ("budget 5", "budget", {"amount": "5"}),
        ("budget R1 5USD", "budget", {"run": "R1", "amount": "5"}),
        ("budget --tokens 200,000", "budget", {"tokens": "200000"}),
        ('spawn "Write it" --check="pytest -q t.py"', "spawn", {"description": "Write it", "check": "pytest -q t.py"}),
        ("resume D4", "resume", {"run": "D4"}),
        ("help start", "help", {"command": "start"}),
    ],
)  # fmt: skip
def test_lines_and_their_meaning(line: str, name: str, values: dict[str, str]):
    assert understood(line) == (name, values)


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("strat it", "'strat' is no command; did you mean `start`? `help` lists them"),
        ("xyzzy", "'xyzzy' is no command; `help` lists them"),
        (
            "start",
            "`start` needs objective: what is to be achieved; say it like this: "
            'start "make the failing tests pass" --budget 5',
        ),
        (
            "start it --budgt 5",
            "`start` has no option --budgt; did you mean --budget?; put a text in quotes when that is part of it",
        ),
        (
            "start it --budget a lot",
            "'a' can't be the budget of `start`: it takes an amount in US dollars, like 5 or 2.50",
        ),
        (
            "start it --budget",
            '--budget needs a value: the cap in US dollars; say it like this: start "make the failing tests pass" '
            "--budget 5",
        ),
        ("link T4 soon", "'soon' can't be the after of `link`: it takes a task, like T3"),
        ("link T4", "`link` needs after: the one it waits for; say it like this: link T4 T3"),
        ("abandon T3 --then now", "'now' can't be the then of `abandon`: it takes one of cascade, drop and replan"),
        ("graph tomorrow", "`graph` has no use for 'tomorrow'; say it like this: graph R1"),
    ],
)
def test_what_means_nothing_is_taught(line: str, sentence: str):
    assert taught(line) == sentence


def test_a_line_beyond_the_limit_is_refused():
    assert "file and name it" in taught("start " + "x" * MAX_LINE)


def test_a_platforms_own_options_mean_the_same():
    found = parse_values("start", {"objective": " fix it ", "budget": "$5", "model": ""})
    assert isinstance(found, Parsed)
    assert found.values == {"objective": "fix it", "budget": "5"}
    assert isinstance(parse_values("start", {}), Mistake)
    assert isinstance(parse_values("start", {"objective": "x", "colour": "red"}), Mistake)
    assert isinstance(parse_values("merge", {}), Mistake)


@given(st.text() | st.lists(st.sampled_from([*VERBS, "T3", "--budget", '"', "“a", "'", ":", "=", "x"])).map(" ".join))
def test_any_line_is_a_command_or_one_clean_sentence(line: str):
    found = parse_line(line)
    if isinstance(found, Mistake):
        assert found.sentence
        assert "\n" not in found.sentence
        return
    params = {param.name: param for param in found.command.params}
    assert all(looks_like(params[name], value) for name, value in found.values.items())
    assert all(param.name in found.values for param in found.command.params if param.is_required)


@settings(deadline=2_000)
@given(st.sampled_from(['"x ', "x:'", "--a=' ", "“", "start "]), st.sampled_from(VERBS))
def test_hostile_lines_are_read_in_no_time(piece: str, verb: str):
    line = f"{verb} {piece * 4_000}"[:MAX_LINE]
    assert isinstance(parse_line(line), Parsed | Mistake)
