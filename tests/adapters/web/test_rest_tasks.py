"""Each endpoint about tasks: what it does, and what it refuses."""

from tests.adapters.web.consoles import console, run, story

R = "/runs/R1"


def test_a_task_is_added_and_a_task_tried_again():
    async def scene() -> None:
        async with console(story()) as web:
            check = {"text": "it is drawn", "check": "test -f logo.svg"}
            await web.json(
                "POST", f"{R}/tasks", {"description": "Draw a logo\nin SVG", "criteria": [check], "max_retries": 0}
            )
            added = web.task("T11")
            assert added.max_retries == 0
            assert (added.title, added.state, added.criteria[0].check) == ("Draw a logo", "ready", "test -f logo.svg")
            view = await web.json("POST", f"{R}/tasks/T8/retry", {"guidance": "half up"})
            assert (view["line"]["state"], view["guidance"]) == ("ready", ["half up"])

    run(scene())


def test_a_task_is_shown_with_its_attempts():
    async def scene() -> None:
        async with console(story()) as web:
            view = await web.json("GET", f"{R}/tasks/T4")
            assert view["line"]["state"] == "complete"
            assert view["receipt"]["commit"]
            assert view["attempts"][0]["verdict"]["passed"] is True
            asked = await web.json("GET", f"{R}/tasks/T8")
            assert asked["decision"]["id"] == "D1"
            told = await web.json("GET", f"{R}/tasks/T99", status=404)
            assert told["detail"] == "there is no task T99 in R1; GET /api/v1/runs/R1 lists its tasks"

    run(scene())


def test_dependencies_are_set_and_a_cycle_is_refused_by_name():
    async def scene() -> None:
        async with console(story()) as web:
            view = await web.json("PATCH", f"{R}/tasks/T10", {"add": ["T6"]})
            assert view["line"]["depends_on"] == ["T7", "T9", "T6"]
            view = await web.json("PATCH", f"{R}/tasks/T10", {"depends_on": ["T9"]})
            assert view["line"]["depends_on"] == ["T9"]
            told = await web.json("PATCH", f"{R}/tasks/T9", {"add": ["T10"]}, 409)
            assert "cycle: T9 -> T10 -> T9" in told["detail"]
            await web.json("PATCH", f"{R}/tasks/T10", {"depends_on": ["T9"], "add": ["T6"]}, 422)
            assert "nothing to change" in (await web.json("PATCH", f"{R}/tasks/T10", {}, 422))["detail"]

    run(scene())


def test_an_abandoned_task_is_planned_around_unless_said_otherwise():
    async def scene() -> None:
        async with console(story()) as web:
            view = await web.json("DELETE", f"{R}/tasks/T9")
            assert view["line"]["state"] == "abandoned"
            assert web.task("T10").state == "abandoned"
            planner = web.task("T11")
            assert (planner.role, planner.state) == ("planner", "ready")
            await web.json("DELETE", f"{R}/tasks/T9", status=409)
            await web.json("DELETE", f"{R}/tasks/T6?dependents=burn", status=422)

    run(scene())


def test_an_interrupted_task_asks_a_person():
    async def scene() -> None:
        async with console(story()) as web:
            view = await web.json("POST", f"{R}/tasks/T5/interrupt", {"reason": "the wrong file"})
            assert view["line"]["state"] == "waiting_human"
            assert "the wrong file" in view["decision"]["question"]

    run(scene())


def test_a_conversation_is_read_page_by_page_into_the_review():
    async def scene() -> None:
        async with console(story()) as web:
            page = await web.json("GET", f"{R}/tasks/T5/log")
            assert [entry["turn"]["number"] for entry in page["items"]] == [0, 1, 2]
            assert page["next"] == "work-2"
            between = await web.json("GET", f"{R}/tasks/T5/log?cursor={page['next']}")
            assert (between["items"], between["next"]) == ([], "review-1")
            review = await web.json("GET", f"{R}/tasks/T5/log?cursor=review-1&attempt=2")
            assert [entry["speaker"] for entry in review["items"]] == ["review"]
            assert review["next"] is None
            await web.json("GET", f"{R}/tasks/T5/log?attempt=9", status=404)
            await web.json("GET", f"{R}/tasks/T5/log?cursor=../../run.json", status=422)

    run(scene())


def test_a_diff_that_was_not_kept_is_not_invented():
    async def scene() -> None:
        async with console(story()) as web:
            told = await web.json("GET", f"{R}/tasks/T5/diff", status=404)
            assert "submitted nothing" in told["detail"]

    run(scene())
