"""The pilot as each role, over its own protocol, with litellm in between as in production; and what it refuses."""

import asyncio
import json
import re
from typing import Any

import aiohttp
import pytest

from adapters.llm.litellm_model import LitellmConfig, LitellmModel, Route
from adapters.llm.pilot.roles import check_of, next_call, red_files
from adapters.llm.pilot.server import PilotServer
from adapters.llm.pilot.transcript import read
from engine.model.budget import Price
from engine.model.types import Message, Request, ToolSpec

pytestmark = pytest.mark.filterwarnings("ignore:Accessing the 'model_:DeprecationWarning")

GATE = "## Gates\n- tests: `python -m pytest -q`\n"
RED = "exit code: 1\n..F\nFAILED tests/test_b.py::test_x[1-2] - assert 1\nERROR tests/test_a.py - ImportError\n2 failed"
TASK = "# Task T1: Repair\n\nMend it.\n\n## Acceptance criteria\n1. Green.\n   check: `python -m pytest -q tests/test_a.py`\n"
SEARCHED = 'exit code: 0\nPILOT {"found": {"path": "a.py", "old": "x < 1", "new": "x <= 1"}, "tried": 3, "of": 9}'


Made = tuple[str, dict[str, Any], str]


def call(role: str, task: str, *steps: Made) -> tuple[str, dict[str, Any]]:
    """What the pilot does after these steps."""
    messages: list[dict[str, Any]] = [
        {"role": "system", "content": f"You are the {role} of orch.\nMore."},
        {"role": "user", "content": task},
    ]
    for number, (name, arguments, result) in enumerate(steps):
        function = {"name": name, "arguments": json.dumps(arguments)}
        messages += [
            {"role": "assistant", "content": None, "tool_calls": [{"id": str(number), "function": function}]},
            {"role": "tool", "tool_call_id": str(number), "content": result},
        ]
    return next_call(read(messages))


def test_the_director_runs_the_tests_and_specifies_a_repair_honestly():
    task = f"# Run R1\n\nMake the failing tests pass\n\n{GATE}"
    assert call("director", task)[0] == "run_tests"
    name, arguments = call("director", task, ("run_tests", {}, RED))
    assert (name, len(arguments["domains"])) == ("finish", 1)
    assert "the pilot, a rule-based stand-in, not an LLM" in arguments["spec"]["summary"]


@pytest.mark.parametrize(
    ("objective", "gate", "output"),
    [
        ("Add a login page", GATE, RED),
        ("Make the tests pass", GATE, "exit code: 0\n3 passed"),
        ("Make the tests pass", "## Gates\n- tests: `npm test`\n", "exit code: 1\nnot ok 1"),
        ("Make the tests pass", "", "This run has no test gate."),
    ],
    ids=["another objective", "green", "not Python", "no gate"],
)
def test_the_director_says_no_to_anything_else_and_how_to_configure_a_model(objective, gate, output):
    name, arguments = call("director", f"# Run R1\n\n{objective}\n\n{gate}", ("run_tests", {}, output))
    assert name == "escalate"
    assert re.search(r"ORCH_MODEL .*ANTHROPIC_API_KEY", arguments["reason"])


def test_the_planner_makes_a_task_for_each_red_file_checked_by_the_gates_own_command():
    name, arguments = call("planner", f"# Task T1: Plan\n\n{GATE}", ("run_tests", {}, RED))
    tasks = arguments["tasks"]
    assert (name, [task["title"] for task in tasks]) == (
        "finish",
        ["Repair what tests/test_b.py shows", "Repair what tests/test_a.py shows"],
    )
    assert tasks[0]["criteria"][0]["check"] == "python -m pytest -q tests/test_b.py"
    assert tasks[0]["priority"] > tasks[1]["priority"]


def test_the_coder_measures_searches_edits_measures_and_tells_what_it_did():
    check = {"command": "python -m pytest -q tests/test_a.py"}
    steps: list[Made] = []
    results = [RED, SEARCHED, "1 | x < 1", "Replaced.", "exit code: 0\n1 passed"]
    names = []
    for result in results:
        name, arguments = call("coder", TASK, *steps)
        names.append(name)
        steps.append((name, arguments, result))
    assert names == ["run_shell", "run_python", "read_file", "str_replace", "run_shell"]
    assert steps[0][1]["command"] == steps[4][1]["command"] == check["command"]
    assert steps[2][1] == {"path": "a.py"}
    assert steps[3][1] == {"path": "a.py", "old": "x < 1", "new": "x <= 1"}
    name, arguments = call("coder", TASK, *steps)
    assert name == "finish"
    assert "mechanical search" in arguments["summary"]
    assert "not an LLM" in arguments["summary"]


def test_a_search_without_a_find_changes_nothing_and_says_so():
    run = ("run_shell", {"command": "python -m pytest -q tests/test_a.py"}, RED)
    for result in ('exit code: 0\nPILOT {"found": {}, "tried": 9, "of": 9}', "exit code: 1\nTraceback"):
        name, arguments = call("coder", TASK, run, ("run_python", {"code": "PILOT"}, result))
        assert name == "finish"
        assert "No single edit makes the check pass" in arguments["summary"]


def test_a_retry_hands_the_lines_of_earlier_edits_to_the_search():
    earlier = (
        "\n## Earlier attempts\n### Attempt 1: merged_red\n\nThe diff (data):\n```diff\n--- a/a.py\n+++ b/a.py\n@@ -1 +1 @@\n"
        "-x < 1\n+    x <= 1\n```\n\nThe failing output (data):\n````text\n```diff\n+ not ours\n```\n## Gates\n````\n"
    )
    run = ("run_shell", {"command": "python -m pytest -q tests/test_a.py"}, RED)
    name, arguments = call("coder", TASK + earlier, run)
    assert name == "run_python"
    assert '"x <= 1"' in arguments["code"]
    assert "not ours" not in arguments["code"]


def test_a_persons_exact_edit_is_made_first_and_its_result_measured():
    task = TASK + "\n## Guidance from a person\n- In `a.py` replace `x < 1` by `x < 2`, please.\n"
    read = ("read_file", {"path": "a.py"}, "1 | x < 1")
    assert call("coder", task) == read[:2]
    name, arguments = call("coder", task, read)
    assert (name, arguments) == ("str_replace", {"path": "a.py", "old": "x < 1", "new": "x < 2"})
    edited = (name, arguments, "Replaced.")
    assert call("coder", task, read, edited)[0] == "run_shell"
    measured = ("run_shell", {"command": "python -m pytest -q tests/test_a.py"}, "exit code: 0\n1 passed")
    assert "as a person asked" in call("coder", task, edited, measured)[1]["summary"]
    still_red = (measured[0], measured[1], RED)
    assert call("coder", task, edited, still_red)[0] == "run_python"


@pytest.mark.parametrize(
    ("check", "gate", "passed"),
    [
        ("exit code 0", "exit code 0, passed 4, failed 0", True),
        ("exit code 0", "exit code 1, passed 3, failed 1 (it was red before this work too)", True),
        ("exit code 0", "exit code 1, passed 3, failed 1", False),
        ("exit code 1, passed 0, failed 1 (it was red before this work too)", "exit code 0", False),
    ],
)
def test_the_strategist_passes_what_was_measured_green_and_quotes_it(check, gate, passed):
    task = TASK.replace("   check", "2. Clean.\n3. More.\n   check") + (
        f"\n## Evidence\n- check 1: {check}\n```text\n- check 1: exit code 0\n## Evidence\n```\n- gate tests: {gate}\n"
    )
    name, arguments = call("strategist", task)
    assert (name, arguments["passed"]) == ("finish", passed)
    assert [entry["number"] for entry in arguments["criteria"]] == [1, 2, 3]
    assert arguments["criteria"][2]["evidence"] == f"check 1: {check}"
    assert bool(arguments["feedback"]) is not passed


def test_without_evidence_nothing_passes():
    assert call("strategist", TASK)[1]["passed"] is False


def test_other_roles_are_refused_with_a_remedy():
    name, arguments = call("tester", TASK)
    assert name == "escalate"
    assert "ORCH_MODEL" in arguments["reason"]


@pytest.mark.parametrize(
    ("command", "started"),
    [
        ("python -m pytest -q x.py", "python - pytest -q x.py"),
        ("PYTHONPATH=src .venv/bin/python3.12 -m unittest", "PYTHONPATH=src .venv/bin/python3.12 - unittest"),
        (".venv/bin/pytest x.py", ".venv/bin/python - pytest x.py"),
        ("make test", None),
    ],
)
def test_the_search_runs_in_the_checks_own_python_or_not_at_all(command, started):
    task = TASK.replace("python -m pytest -q tests/test_a.py", command)
    name, arguments = call("coder", task, ("run_shell", {"command": command}, RED))
    assert name == ("run_python" if started else "finish")
    assert f"subprocess.run('{started}'" in arguments["code"] if started else "cannot search" in arguments["summary"]


def test_red_files_and_single_file_checks_of_both_runners():
    output = "FAIL: test_a (tests.test_x.TestX.test_a)\nERROR: test_b (tests.test_y.TestY)\nFAIL: test_c (tests.test_x.T.test_c)"
    assert red_files(output) == ["tests/test_x.py", "tests/test_y.py"]
    assert red_files("ERROR: tests.test_z (unittest.loader._FailedTest.tests.test_z)") == ["tests/test_z.py"]
    assert check_of("python -m unittest", "tests/test_x.py") == "python -m unittest tests.test_x"
    assert check_of("python -m unittest discover -s tests", "tests/test_x.py").endswith("-s tests -p test_x.py")
    assert check_of("uv run pytest -q -n 4 tests", "tests/a b.py") == "uv run pytest -q 'tests/a b.py'"


def test_litellm_talks_to_it_whole_and_streamed_and_pays_nothing():
    tools = (ToolSpec("run_tests", "Run.", b'{"type":"object","properties":{}}'),)
    messages = (Message("system", "You are the planner of orch."), Message("user", f"# Task T1: Plan\n\n{GATE}"))
    request = Request(model="openai/pilot", messages=messages, tools=tools, timeout_s=20)

    async def story() -> None:
        server = PilotServer()
        base_url = await server.start()
        route = Route(model="openai/pilot", api_base=base_url, api_key=server.api_key, price=Price(0.0, 0.0))
        model = LitellmModel(LitellmConfig(routes={"openai/pilot": route}))
        try:
            whole, streamed = await model.complete(request), await model.complete(request, lambda _: None)
        finally:
            await model.aclose()
            await server.close()
        assert whole == streamed
        assert (whole.tool_calls[0].name, whole.finish, whole.cost_usd) == ("run_tests", "tool_calls", 0)

    asyncio.run(story())


def test_it_serves_only_who_has_the_key_and_names_what_it_cannot_read():
    async def story() -> list[tuple[int, str]]:
        server = PilotServer()
        base_url = await server.start()
        right = {"Authorization": f"Bearer {server.api_key}"}
        answers = []
        async with aiohttp.ClientSession() as session:
            for headers in ({}, {"Authorization": "Bearer x"}, right):
                body = {"messages": [{"role": "user", "content": "hi"}]}
                async with session.post(f"{base_url}/chat/completions", headers=headers, json=body) as response:
                    answers.append((response.status, await response.text()))
        await server.close()
        await server.close()
        return answers

    answers = asyncio.run(story())
    assert [status for status, _ in answers] == [401, 401, 400]
    assert "works only as a role of orch" in answers[2][1]
