"""The console as a chat: what is typed and clicked, what the bot answers, and what of it survives a restart."""

import asyncio
import re
from collections.abc import Callable
from typing import Any

import pytest

from engine.core import commands as c
from engine.core.ids import RunId
from engine.store.memory import MemoryLog
from tests.adapters.web.consoles import Console, console, run, story

R = "/runs/R1"


async def thread(web: Console, holds: Callable[[list[dict[str, Any]]], bool]) -> list[dict[str, Any]]:
    """The thread's items, as soon as they are so."""
    async with web.socket() as socket:
        await socket.send_json({"type": "subscribe", "run": "R1"})
        while True:
            items: list[dict[str, Any]] = (await web.json("GET", f"{R}/thread?limit=200"))["items"]
            if holds(items):
                return items
            await socket.receive(timeout=10)


def texts(items: list[dict[str, Any]], kind: str) -> list[str]:
    return [item["text"] for item in items if item["kind"] == kind]


def test_a_run_that_was_asked_for_here_is_told_of_here():
    async def scene() -> None:
        async with console(talks=True) as web:
            await web.json("POST", "/runs", {"objective": "make it so"}, 201)
            items = await thread(web, lambda items: "card" in {item["kind"] for item in items})
            assert [item["kind"] for item in items] == ["card"]
            assert [action["name"] for action in items[0]["actions"]] == ["pause", "graph", "cancel"]

    run(scene())


def test_status_and_the_rest_api_tell_of_the_same_questions():
    async def scene() -> None:
        async with console(story(), talks=True) as web:
            await web.engine.ledger.submit(c.AskAboutBudget(RunId("R1"), "5 USD are spent"))
            found = (await web.json("GET", "/interrupts"))["items"]
            assert [(item["kind"], item["task"]) for item in found] == [("task", "T8"), ("budget", None)]
            assert (await web.json("GET", f"{R}/interrupts"))["items"] == found
            for words in ("/orch status", "/orch status R1"):
                await web.json("POST", f"{R}/say", {"text": words}, 202)
            items = await thread(web, lambda items: len(texts(items, "reply")) == 2)
            for reply in texts(items, "reply"):
                assert reply.startswith("2 questions need you")
                told = re.findall(r"^(D\d+) \((\w+)\): ", reply, re.MULTILINE)
                assert told == [(item["id"], item["task"] or item["run"]) for item in found]

    run(scene())


def test_what_is_typed_is_acknowledged_at_once_and_answered_below():
    async def scene() -> None:
        async with console(story(), talks=True) as web:
            heard = await web.json("POST", f"{R}/say", {"text": "/orch pause for lunch"}, 202)
            assert (heard["item"]["by"], heard["item"]["text"]) == ("web:alice", "/orch pause for lunch")
            items = await thread(web, lambda items: bool(texts(items, "reply")))
            assert "paused" in texts(items, "reply")[0]
            assert web.board.runs[RunId("R1")].paused is True

    run(scene())


def test_a_sentence_that_is_no_command_does_nothing():
    async def scene() -> None:
        async with console(story(), talks=True) as web:
            seq = web.board.seq
            await web.json("POST", f"{R}/say", {"text": "yes, retry it, I agree"}, 202)
            await web.json("POST", f"{R}/say", {"text": "/orchestra pause"}, 202)
            items = await thread(web, lambda items: len(texts(items, "said")) == 2)
            assert not texts(items, "reply")
            assert web.task("T8").state == "waiting_human"
            assert web.board.seq >= seq

    run(scene())


def test_a_run_of_another_model_is_started_again_with_the_engines_own_by_click_and_by_word():
    async def scene() -> None:
        async with console(story("openai/gpt-5"), talks=True) as web:
            await web.json("POST", f"{R}/cancel")
            await web.json("POST", f"{R}/restart", status=201)
            await web.json("POST", f"{R}/say", {"text": "/orch restart R1"}, 202)
            items = await thread(web, lambda items: bool(texts(items, "reply")))
            assert texts(items, "reply") == ["R1 is over, so R3 begins with the same objective"]
            models = [run.config.model for run in web.board.runs.values()]
            assert models == ["openai/gpt-5", "openai/pilot", "openai/pilot"]

    run(scene())


def test_a_question_is_answered_by_its_button_and_its_form():
    async def scene() -> None:
        async with console(story(), talks=True) as web:
            items = await thread(web, lambda items: any(i["actions"] and i["kind"] == "post" for i in items))
            actions = next(i["actions"] for i in items if i["kind"] == "post" and i["actions"])
            wanted = next(action for action in actions if action["args"]["choice"] == "retry_with_changes")
            await web.json("POST", f"{R}/act", {"name": wanted["name"], "args": wanted["args"]}, 202)
            items = await thread(web, lambda items: bool(texts(items, "form")))
            form = next(item["form"] for item in items if item["kind"] == "form")
            values = {field["name"]: "round half up" for field in form["fields"] if field["is_required"]}
            await web.json("POST", f"{R}/act", {"name": form["name"], "args": form["args"], "values": values}, 202)
            await thread(web, lambda items: bool(texts(items, "reply")))
            assert web.task("T8").guidance == ("round half up",)
            answered = await thread(
                web,
                lambda items: any(
                    "round half up" in i["text"] or "retry" in i["text"].casefold()
                    for i in items
                    if i["kind"] == "post"
                ),
            )
            assert not any(item["actions"] for item in answered if item["kind"] == "post")

    run(scene())


def test_the_thread_is_the_same_after_a_restart_but_for_private_words():
    async def scene() -> None:
        log: MemoryLog = story()
        async with console(log, talks=True) as web:
            await web.json("POST", f"{R}/say", {"text": "/orch status"}, 202)
            before = await thread(web, lambda items: bool(texts(items, "reply")) and bool(texts(items, "post")))
        kept = [item["id"] for item in before if item["kind"] in {"card", "post"}]
        async with console(log, talks=True) as web:
            after = await thread(web, lambda items: set(kept) <= {item["id"] for item in items})
        names = [item["id"] for item in after]
        assert [name for name in names if name in kept] == kept
        assert len(names) == len(set(names))
        assert not texts(after, "reply")

    run(scene())


def test_a_private_answer_is_seen_by_the_one_who_asked():
    async def scene() -> None:
        async with console(story(), talks=True) as web:
            await web.json("POST", f"{R}/say", {"text": "/orch status"}, 202)
            await thread(web, lambda items: bool(texts(items, "reply")))
            assert web.talk is not None
            assert any(item.kind == "reply" for item in web.talk.chat.items(RunId("R1"), "web:alice"))
            assert not any(item.kind == "reply" for item in web.talk.chat.items(RunId("R1"), "web:bob"))

    run(scene())


def test_the_same_key_is_one_deed():
    async def scene() -> None:
        async with console(story(), talks=True) as web:
            headers = {**web.bearer, "Idempotency-Key": "k1"}
            for _ in range(3):
                await web.json("POST", f"{R}/say", {"text": "/orch pause"}, 202, headers=headers)
            items = await thread(web, lambda items: bool(texts(items, "reply")))
            assert (len(texts(items, "said")), len(texts(items, "reply"))) == (1, 1)

    run(scene())


def test_new_items_are_pushed_to_those_who_look_on():
    async def scene() -> None:
        async with console(story(), talks=True) as web, web.socket() as socket:
            await socket.send_json({"type": "subscribe", "run": "R1"})
            await web.json("POST", f"{R}/say", {"text": "hello"}, 202)
            async with asyncio.timeout(10):
                while True:
                    message = await socket.receive_json()
                    if message["type"] == "thread" and message["items"][0]["text"] == "hello":
                        break
            assert (message["run"], message["items"][0]["by"]) == ("R1", "web:alice")

    run(scene())


@pytest.mark.parametrize(
    ("path", "body", "told"),
    [
        ("say", {"text": "/orch start fix it --base gone"}, "/shop has no branch 'gone'; `git branch` lists them"),
        (
            "act",
            {"name": "decide", "args": {"decision": "D1", "choice": "retry"}, "values": {"generation": "9" * 5_000}},
            "this button is out of date; type the command instead (`help` lists them)",
        ),
    ],
)
def test_what_can_not_be_done_is_answered_and_everything_goes_on(path: str, body: dict[str, Any], told: str):
    async def scene() -> None:
        async with console(story(), talks=True) as web:
            await web.json("POST", f"{R}/{path}", body, 202)
            items = await thread(web, lambda items: bool(texts(items, "reply")))
            assert texts(items, "reply") == [told]
            await web.json("POST", f"{R}/say", {"text": "/orch pause"}, 202)
            await thread(web, lambda items: len(texts(items, "reply")) == 2)
            assert web.board.runs[RunId("R1")].paused is True

    run(scene())


def test_without_a_conversation_the_thread_says_so():
    async def scene() -> None:
        async with console(story()) as web:
            assert "not running" in (await web.json("GET", f"{R}/thread", status=503))["detail"]
            await web.json("POST", f"{R}/say", {"text": "x"}, 503)

    run(scene())
