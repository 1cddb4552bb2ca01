"""`[people]` of orch.toml, over HTTP: whoever is not listed is refused with the reason, whoever is listed goes through."""

from pathlib import Path

import aiohttp
import pytest

from adapters.settings import load_settings
from adapters.web.access import Access
from adapters.web.desk import OWNER, people_of
from bot.people import People
from engine.core.ids import RunId
from tests.adapters.web.consoles import TOKEN, console, run, story
from tests.adapters.web.test_talk import texts, thread
from tests.engine.workspace.target import make_repository

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


def test_without_rules_the_token_holder_owns_the_console(tmp_path: Path):
    assert people(tmp_path, "") is OWNER
