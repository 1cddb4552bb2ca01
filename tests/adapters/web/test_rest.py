"""Each endpoint: what it does, and what it refuses."""

import asyncio
from typing import Any

import pytest

from bot.people import People, PeopleRules
from bot.port import Health
from engine.core import commands as c
from engine.core.ids import DecisionId, RunId, TaskId
from engine.store.memory import MemoryLog
from tests.adapters.web.console.stage import completed
from tests.adapters.web.consoles import Console, console, run, story

R = "/runs/R1"


def test_runs_are_listed_in_pages_the_newest_first():
    async def scene() -> None:
        async with console() as web:
            for number in range(3):
                await web.json("POST", "/runs", {"objective": f"objective {number}"}, 201)
            first = await web.json("GET", "/runs?limit=2")
            assert [row["id"] for row in first["items"]] == ["R3", "R2"]
            assert (first["total"], first["next"]) == (3, 2)
            rest = await web.json("GET", "/runs?limit=2&offset=2")
            assert [row["id"] for row in rest["items"]] == ["R1"]
            assert rest["next"] is None
            await web.json("GET", "/runs?limit=0", status=422)
            await web.json("GET", "/runs?size=3", status=422)

    run(scene())


def test_a_run_begins_with_the_settings_that_were_asked_for():
    async def scene() -> None:
        async with console() as web:
            body = {
                "objective": "make it so",
                "base": "dev",
                "budget_usd": 2.5,
                "max_workers": 3,
                "model": "openai/pilot",
            }
            start = await web.json("POST", "/runs", body, 201)
            assert (start["state"], start["run"]["id"]) == ("started", "R1")
            begun = next(iter(web.board.runs.values()))
            assert (begun.branch, begun.config.max_workers, begun.config.budget_usd) == ("dev", 3, 2.5)
            assert begun.created_by == "web:alice"

    run(scene())


def test_a_template_comes_before_the_objective():
    async def scene() -> None:
        async with console() as web:
            await web.json("POST", "/runs", {"objective": "only money.py", "template": "repair"}, 201)
            objective = next(iter(web.board.runs.values())).objective
            assert objective.startswith("Make the failing tests pass.")
            assert objective.endswith("only money.py")
            told = await web.json("POST", "/runs", {"objective": "x", "template": "magic"}, 422)
            assert "repair" in told["detail"]
            assert "repair" in [entry["name"] for entry in (await web.json("GET", "/templates"))["items"]]

    run(scene())


def test_a_model_that_is_not_in_force_is_refused_and_the_one_in_force_is_told():
    async def scene() -> None:
        async with console() as web:
            told = await web.json("POST", "/runs", {"objective": "x", "model": "openai/gpt-5"}, 409)
            assert "openai/gpt-5" in told["detail"]
            models = await web.json("GET", "/models")
            assert models["items"][0] == {
                "role": "", "model": "openai/pilot", "word": "the pilot (rules, not an LLM)", "is_pilot": True,
            }  # fmt: skip
            assert not web.board.runs

    run(scene())


@pytest.mark.parametrize(("runs", "told"), [(2, ""), (3, "half stayed under 0.20 USD, nine of ten under 0.30 USD")])
def test_what_a_run_will_probably_cost_is_told_where_it_is_started(runs: int, told: str):
    async def scene() -> None:
        async with console(completed(runs).log()) as web:
            forecast = (await web.json("GET", "/models"))["forecast"]
            assert forecast.endswith(told)
            assert bool(forecast) == bool(told)

    run(scene())


def test_what_cannot_start_is_refused_and_nothing_is_written():
    async def scene() -> None:
        async with console() as web:
            told = await web.json("POST", "/runs", {"objective": "x", "base": "gone"}, 409)
            assert "git branch" in told["detail"]
            told = await web.json("POST", "/runs", {"objective": "  "}, 409)
            assert "objective is empty" in told["detail"]
            assert not web.board.runs

    run(scene())


def test_a_start_that_takes_long_can_be_asked_for():
    async def scene() -> None:
        async with console(start_patience_s=0.05) as web:
            web.engine.gates.clear()
            start = await web.json("POST", "/runs", {"objective": "slow gates"}, 202)
            assert (start["state"], start["run"]) == ("measuring", None)
            web.engine.gates.set()
            await _until(web, lambda: "R1" in web.board.runs)
            again = await web.json("GET", f"/starts/{start['start']}")
            assert (again["state"], again["run"]["id"]) == ("started", "R1")
            await web.json("GET", "/starts/S9", status=404)

    run(scene())


def test_the_same_key_starts_one_run_however_often_and_how_fast_it_comes():
    async def scene() -> None:
        async with console() as web:
            headers = {**web.bearer, "Idempotency-Key": "k1"}
            body = {"objective": "once"}
            both = await asyncio.gather(
                *(web.json("POST", "/runs", body, 201, headers=headers) for _ in range(5))
            )  # fmt: skip
            assert {start["run"]["id"] for start in both} == {"R1"}
            assert list(web.board.runs) == ["R1"]
            await web.json("POST", "/runs", {"objective": "twice"}, 422, headers=headers)

    run(scene())


def test_a_key_is_known_after_a_restart_of_the_console():
    async def scene() -> None:
        log = MemoryLog()
        async with console(log) as web:
            await web.json("POST", "/runs", {"objective": "once"}, 201, headers={**web.bearer, "Idempotency-Key": "k1"})
        async with console(log) as web:
            again = await web.json(
                "POST", "/runs", {"objective": "once"}, 201, headers={**web.bearer, "Idempotency-Key": "k1"}
            )
            assert again["run"]["id"] == "R1"
            assert list(web.board.runs) == ["R1"]

    run(scene())


def test_a_run_is_shown_with_tasks_questions_and_counts():
    async def scene() -> None:
        async with console(story()) as web:
            view = await web.json("GET", R)
            assert view["seq"] == web.board.seq
            assert view["run"]["questions"] == 1
            assert view["head"]["spec"]["summary"]
            assert [task["id"] for task in view["tasks"]] == [f"T{n}" for n in range(1, 11)]
            assert sum(view["counts"].values()) == 10
            assert [(d["id"], d["is_open"], d["task"]) for d in view["decisions"]] == [("D1", True, "T8")]
            for missing in ("/runs/R9", "/runs/r1", "/runs/R01", "/runs/..%2f..%2fetc", "/runs/T1"):
                await web.json("GET", missing, status=404)

    run(scene())


def test_pause_resume_and_cancel_do_what_they_say():
    async def scene() -> None:
        async with console(story()) as web:
            done = await web.json("POST", f"{R}/pause", {"reason": "lunch"})
            assert done["run"]["state"] == "paused"
            told = await web.json("POST", f"{R}/pause", status=409)
            assert told["type"] == "urn:orch:problem:refused"
            assert "paused already" in told["detail"]
            assert (await web.json("POST", f"{R}/resume"))["run"]["paused"] is False
            assert (await web.json("POST", f"{R}/cancel"))["run"]["state"] == "cancelled"
            await web.json("POST", f"{R}/resume", status=409)

    run(scene())


def test_a_restart_begins_again_what_is_held_up_and_anew_what_is_over():
    async def scene() -> None:
        async with console(story()) as web:
            same = await web.json("POST", f"{R}/restart")
            assert (same["run"]["id"], web.task("T8").state, web.task("T8").tries) == ("R1", "ready", 0)
            await web.json("POST", f"{R}/cancel")
            start = await web.json("POST", f"{R}/restart", status=201)
            assert start["run"]["id"] == "R2"
            assert web.board.runs[RunId("R2")].objective == web.board.runs[RunId("R1")].objective

    run(scene())


def test_replan_gives_up_what_is_not_under_way_and_keeps_what_is():
    async def scene() -> None:
        async with console(story()) as web:
            await web.json("POST", f"{R}/replan", {"guidance": "only the rounding"})
            assert web.task("T9").state == "abandoned"
            assert web.task("T4").state == "complete"
            assert "only the rounding" in web.task("T11").description
            assert web.task("T11").role == "planner"

    run(scene())


def test_caps_are_raised_and_never_lowered():
    async def scene() -> None:
        async with console(story()) as web:
            await web.json("PATCH", R, {"budget_usd": 50})
            assert web.board.runs[RunId("R1")].config.budget_usd == 50
            await web.json("PATCH", R, {"budget_usd": 1}, 409)

    run(scene())


def test_each_role_may_do_its_part_and_is_told_which_it_lacks():
    async def scene() -> None:
        rules = PeopleRules(viewers=("web:alice",))
        async with console(story(), people=People(rules)) as web:
            assert (await web.json("GET", "/session"))["role"] == "viewer"
            told = await web.json("POST", f"{R}/pause", status=403)
            assert told["detail"] == "this takes the role operator; alice is viewer"
            await web.json("DELETE", f"{R}/tasks/T9", status=403)
            answer = {"decision": "D1", "generation": web.task("T8").generation, "action": "retry"}
            assert "approver" in (await web.json("POST", f"{R}/resolve", answer, 403))["detail"]
        async with console(story(), people=People(PeopleRules())) as web:
            await web.json("GET", "/runs", status=403)

    run(scene())


def test_a_choice_that_takes_two_people_is_not_made_by_one():
    async def scene() -> None:
        rules = PeopleRules(admins=("web:*",), two_people=("abandon", "cancel"))
        async with console(story(), people=People(rules)) as web:
            answer = {
                "decision": "D1",
                "generation": web.task("T8").generation,
                "action": "abandon",
                "dependents": "drop",
            }
            told = await web.json("POST", f"{R}/resolve", answer)
            assert told["decision"]["is_open"] is True
            assert web.task("T8").state == "waiting_human"
            await web.json("POST", f"{R}/cancel")
            assert web.board.runs[RunId("R1")].state not in {"cancelled"}

    run(scene())


def test_questions_are_listed_and_the_first_answer_wins():
    async def scene() -> None:
        async with console(story()) as web:
            (asked,) = (await web.json("GET", "/interrupts"))["items"]
            assert asked == (await web.json("GET", f"{R}/interrupts"))["items"][0]
            answer = {
                "decision": asked["id"], "generation": asked["generation"], "action": "retry",
                "modified_description": "round half up",
            }  # fmt: skip
            stale = await web.json("POST", f"{R}/resolve", {**answer, "generation": 0}, 409)
            assert "asked anew" in stale["detail"]
            told = await asyncio.gather(*(_resolve(web, answer) for _ in range(5)))
            assert sorted(status for status, _ in told) == [200, 409, 409, 409, 409]
            assert all("by web:alice" in body["detail"] for status, body in told if status == 409)
            assert web.task("T8").guidance == ("round half up",)
            answered = web.board.decisions[DecisionId("D1")].answer
            assert answered is not None
            assert answered.via == "web"
            assert (await web.json("GET", "/interrupts"))["items"] == []

    run(scene())


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        ({"decision": "D1", "generation": 99, "action": "please"}, 422, "action"),
        ({"decision": "D1", "action": "retry"}, 422, "generation"),
        ({"decision": "D7", "generation": 1, "action": "retry"}, 404, "D7"),
        ({"decision": "D1'; drop", "generation": 1, "action": "retry"}, 422, "decision"),
    ],
)
def test_an_answer_must_be_made_out_to_a_question(body: dict[str, Any], status: int, words: str):
    async def scene() -> None:
        async with console(story()) as web:
            assert words in (await web.json("POST", f"{R}/resolve", body, status))["detail"]

    run(scene())


def test_the_graph_has_a_box_for_each_task_and_an_arrow_for_each_dependency():
    async def scene() -> None:
        async with console(story()) as web:
            graph = await web.json("GET", f"{R}/graph")
            assert [box["id"] for box in graph["boxes"]] == [f"T{n}" for n in range(1, 11)]
            waits = {(arrow["from"], arrow["to"]) for arrow in graph["arrows"] if not arrow["is_planning"]}
            assert waits == {("T9", "T10")} | {(d, t.id) for t in web.board.tasks.values() for d in t.depends_on}
            async with web.get(f"{R}/picture.png") as answer:
                assert (answer.status, answer.content_type) == (200, "image/png")
                assert (await answer.read()).startswith(b"\x89PNG")

    run(scene())


def test_lessons_and_the_design_log_are_what_happened():
    async def scene() -> None:
        async with console(story()) as web:
            lessons = (await web.json("GET", f"{R}/insights"))["items"]
            assert {(lesson["task"], lesson["failure"]) for lesson in lessons} == {
                ("T5", "merged_red"),
                ("T8", "tests_red"),
            }
            role = web.board.tasks[TaskId("T5")].role
            await web.engine.ledger.submit(
                c.PostInsight(TaskId("T5"), 2, "totals are cents", paths=("money.py",)), role
            )
            await web.engine.ledger.submit(c.LogDesign(TaskId("T5"), 2, "names", "verbs", "as before"), role)
            insight = (await web.json("GET", f"{R}/insights"))["items"][-1]
            assert (insight["insight"], insight["text"], insight["about"]) == ("I1", "totals are cents", ["money.py"])
            settled = (await web.json("GET", f"{R}/design-log"))["items"]
            assert {"director", "planner", "coder"} <= {entry["by"] for entry in settled}
            assert "verbs\nas before" in {entry["text"] for entry in settled}

    run(scene())


def test_nothing_is_sent_again_until_something_happens():
    async def scene() -> None:
        async with console(story()) as web:
            async with web.get(R) as answer:
                tag = answer.headers["ETag"]
            asked = {**web.bearer, "If-None-Match": tag}
            async with web.get(R, headers=asked) as answer:
                assert (answer.status, await answer.read()) == (304, b"")
            await web.json("POST", f"{R}/pause")
            await web.json("GET", R, headers=asked)

    run(scene())


def test_health_and_session_say_what_is_so():
    async def scene() -> None:
        async with console(story()) as web:
            health = await web.json("GET", "/health")
            assert (health["status"], health["questions"], health["seq"]) == ("ok", 1, web.board.seq)
            session = await web.json("GET", "/session")
            assert (session["actor"], session["repository"], session["is_pilot"]) == ("web:alice", "shop", True)

    run(scene())


@pytest.mark.parametrize(("is_up", "status", "word"), [(True, "ok", "up"), (False, "degraded", "down")])
def test_the_watcher_of_the_process_needs_no_token_and_learns_up_or_down(is_up: bool, status: str, word: str):
    async def scene() -> None:
        others = {"discord": Health(is_up, "what only its people may read")}
        async with console(story(), talks=True, others=others) as web:
            assert (await web.json("GET", "/health"))["chats"][0]["detail"] == others["discord"].detail
            async with web.http.get(f"{web.url}/healthz", headers={"Host": "10.0.0.7"}) as answer:
                assert answer.status == 200
                assert await answer.json() == {"status": status, "chats": {"discord": word, "web": "up"}}

    run(scene())


def test_an_engine_that_has_stopped_says_so():
    async def scene() -> None:
        async with console(story()) as web:
            await web.stop_ledger()
            told = await web.json("POST", f"{R}/pause", status=503)
            assert "no longer written" in told["detail"]

    run(scene())


async def _resolve(web: Console, answer: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    async with web.post(f"{R}/resolve", answer) as told:
        return told.status, await told.json(content_type=None)


async def _until(web: Console, holds: Any) -> None:
    there = asyncio.Event()
    stop = web.engine.watch(lambda *_: there.set() if holds() else None)
    if not holds():
        await there.wait()
    stop()


def test_the_cost_is_told_task_by_task_and_adds_up():
    async def scene() -> None:
        async with console(story()) as web:
            items = (await web.json("GET", f"{R}/cost"))["items"]
            assert len(items) == len(web.board.tasks)
            assert sum(item["tokens"] for item in items) == web.board.runs[RunId("R1")].spend.tokens
            (row,) = (await web.json("GET", "/runs"))["items"]
            assert sum(row["counts"].values()) == row["total"]

    run(scene())
