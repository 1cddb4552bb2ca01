"""`[people]` of orch.toml, over HTTP: whoever is not listed is refused with the reason, whoever is listed goes through."""

from pathlib import Path

import aiohttp
import pytest

from adapters.settings import load_settings
from adapters.web.access import Access
from adapters.web.desk import OWNER, people_of
from bot.people import People
from engine.core import commands as c
from engine.core.entities import RunConfig
from engine.core.ids import DecisionId, RunId
from engine.store.memory import MemoryLog
from tests.adapters.cli.written import WritingDriver
from tests.adapters.web.consoles import TOKEN, console, run, story
from tests.adapters.web.test_talk import texts, thread
from tests.bot.story import middle
from tests.engine.workspace.target import make_repository
from tests.fakes.core_steps import direct, plan, planned, start_run

R = "/runs/R1"
NO_ROLE = "you (web:mallory) have no role here; an admin adds you to [people] in the settings"


def people(folder: Path, text: str) -> People:
    """The rules that a repository with this orch.toml sets."""
    repository = make_repository(folder / "shop", {"orch.toml": text})
    return people_of(load_settings(repository, repository.branch_tip("main"), {}).people)


LISTED = """
[people]
approvers = ["web:alice"]
"""


def test_an_unlisted_person_is_refused_with_the_reason_and_a_listed_approver_decides(tmp_path: Path):
    rules = people(tmp_path, LISTED)

    async def scene() -> None:
        async with console(story(), people=rules, access=Access(token=TOKEN, person="mallory")) as web:
            answer = {"decision": "D1", "generation": web.task("T8").generation, "action": "retry"}
            assert (await web.json("GET", "/session", status=403))["detail"] == NO_ROLE
            for path, body in (("resolve", answer), ("pause", None), ("say", {"text": "/orch pause"})):
                assert (await web.json("POST", f"{R}/{path}", body, 403))["detail"] == NO_ROLE
            assert (web.task("T8").state, web.board.runs[RunId("R1")].paused) == ("waiting_human", False)
        async with console(story(), people=rules) as web:
            answer = {"decision": "D1", "generation": web.task("T8").generation, "action": "retry"}
            assert (await web.json("POST", f"{R}/resolve", answer))["decision"]["is_open"] is False
            assert web.task("T8").state == "ready"

    run(scene())


def test_an_unlisted_person_follows_nothing_and_a_viewer_everything(tmp_path: Path):
    rules = people(tmp_path, '[people]\nviewers = ["web:alice"]\n')

    async def scene() -> None:
        async with console(story(), people=rules, access=Access(token=TOKEN, person="mallory")) as web:
            async with web.http.get(f"{web.url}/ws", headers=web.bearer) as answer:
                assert (answer.status, (await answer.json(content_type=None))["detail"]) == (403, NO_ROLE)
            with pytest.raises(aiohttp.WSServerHandshakeError):
                await web.socket()
        async with console(story(), people=rules) as web, web.socket() as socket:
            assert (await socket.receive_json())["type"] == "runs"

    run(scene())


def test_in_the_thread_the_rules_hold_and_the_console_needs_no_place(tmp_path: Path):
    rules = people(tmp_path, '[people]\nviewers = ["web:mallory"]\noperators = ["web:alice"]\n')

    async def scene() -> None:
        async with console(story(), people=rules, access=Access(token=TOKEN, person="mallory"), talks=True) as web:
            await web.json("POST", f"{R}/say", {"text": "/orch pause"}, 202)
            items = await thread(web, lambda items: bool(texts(items, "reply")))
            assert texts(items, "reply") == [
                "`pause` needs the role operator, and you (web:mallory) are a viewer; an admin can change that"
            ]
            assert web.board.runs[RunId("R1")].paused is False
        async with console(story(), people=rules, talks=True) as web:
            await web.json("POST", f"{R}/say", {"text": "/orch pause"}, 202)
            await thread(web, lambda items: bool(texts(items, "reply")))
            assert web.board.runs[RunId("R1")].paused is True

    run(scene())


def log_of(driver: WritingDriver) -> MemoryLog:
    log = MemoryLog()
    log.append(driver.entries)
    return log


def entering(name: str) -> Access:
    return Access(token=TOKEN, person=name)


def test_one_person_behind_two_accounts_has_one_voice(tmp_path: Path):
    rules = people(
        tmp_path,
        """
[people]
approvers = ["web:alice", "web:bob"]
two_people = ["cancel", "abandon"]
links = { "web:al" = "web:alice" }
""",
    )

    async def scene() -> None:
        log = story()
        async with console(log, people=rules) as web:
            told = await web.json("POST", f"{R}/cancel", {"reason": "we buy it"})
            assert told["proposal"] == "web:alice wants D2 answered with 'stop'; a second person has to agree"
            view = await web.json("DELETE", f"{R}/tasks/T8?dependents=drop")
            assert (
                view["decision"]["proposal"]
                == "web:alice wants D1 answered with 'abandon'; a second person has to agree"
            )
        async with console(log, people=rules, access=entering("al")) as web:
            stop = {"decision": "D2", "generation": 0, "action": "stop"}
            assert "has said so already" in (await web.json("POST", f"{R}/resolve", stop, 409))["detail"]
            assert (
                "has said so already"
                in (await web.json("DELETE", f"{R}/tasks/T8?dependents=drop", status=409))["detail"]
            )
            assert web.task("T8").state == "waiting_human"
        async with console(log, people=rules, access=entering("bob")) as web:
            assert (await web.json("DELETE", f"{R}/tasks/T8?dependents=drop"))["line"]["state"] == "abandoned"
            assert (await web.json("POST", f"{R}/resolve", stop))["decision"]["is_open"] is False
            assert web.board.runs[RunId("R1")].reason == "web:alice and web:bob agreed"

    run(scene())


def test_what_takes_two_people_is_not_ordered_by_one(tmp_path: Path):
    listed = '["abandon", "retry", "raise_budget"]'
    rules = people(tmp_path, f'[people]\nadmins = ["web:alice"]\ntwo_people = {listed}\n')

    async def scene() -> None:
        async with console(story(), people=rules) as web:
            seq = web.board.seq
            for method, path, body in (
                ("DELETE", f"{R}/tasks/T9", None),
                ("POST", f"{R}/tasks/T5/retry", {}),
                ("POST", f"{R}/restart", {}),
                ("PATCH", R, {"budget_usd": 50}),
            ):
                assert "takes two people here" in (await web.json(method, path, body, 409))["detail"]
            assert web.board.seq == seq
            await web.json("POST", f"{R}/tasks/T8/retry")
            assert web.task("T8").state == "waiting_human"

    run(scene())


def test_a_higher_cap_answers_the_question_about_it():
    async def scene() -> None:
        driver = middle(WritingDriver())
        driver.must(c.AskAboutBudget(RunId("R1"), "5 of 5 USD"))
        async with console(log_of(driver)) as web:
            assert web.board.decisions[DecisionId("D2")].is_open
            assert (await web.json("PATCH", R, {"budget_usd": 50}))["proposal"] == ""
            assert web.board.runs[RunId("R1")].config.budget_usd == 50
            assert not web.board.decisions[DecisionId("D2")].is_open

    run(scene())


def test_an_operator_gives_no_answer_in_the_guise_of_an_order(tmp_path: Path):
    rules = people(tmp_path, '[people]\noperators = ["web:alice"]\n')

    async def scene() -> None:
        driver = WritingDriver()
        start_run(driver, config=RunConfig("m", plan_first=True))
        direct(driver, "money")
        plan(driver, "T2", [planned("a")])
        async with console(log_of(driver), people=rules) as web:
            told = await web.json("POST", f"{R}/replan", {}, 403)
            assert told["detail"].startswith("it takes an approver to answer D1, and you (web:alice) are an operator")
        async with console(story(), people=rules) as web:
            await web.json("POST", f"{R}/restart")
            assert web.task("T5").state == "ready"
            assert web.task("T8").state == "waiting_human"

    run(scene())


def test_without_rules_the_token_holder_owns_the_console(tmp_path: Path):
    assert people(tmp_path, "") is OWNER
