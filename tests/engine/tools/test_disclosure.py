"""A worker sees a short list of tools, and has what it asks for."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

from engine.model.types import ToolCall
from engine.tools.disclosure import Shelf
from engine.tools.observation import Observation
from engine.tools.registry import TOOLS, Toolbox
from tests.engine.tools.bench import Done, make_bench


def ask(box: Toolbox, folder: Path, name: str, /, **arguments: object) -> Observation:
    return asyncio.run(box.call(make_bench(folder), ToolCall("c", name, json.dumps(arguments))))


def names(box: Toolbox) -> list[str]:
    return [spec.name for spec in box.specs]


def make_box() -> Toolbox:
    return Toolbox(("read_file",), Done, ("git_status", "git_log", "web_search", "read_file"))


def test_what_may_be_asked_for_is_named_but_not_offered():
    box = make_box()
    assert names(box) == ["read_file", "more_tools", "finish"]
    assert box.specs[1].description.endswith("There are: git_status, git_log, web_search.")


def test_tools_asked_for_are_described_and_added_at_the_end_for_good(tmp_path: Path):
    box = make_box()
    before = box.specs
    text = ask(box, tmp_path, "more_tools", query="commits of git, log").text
    assert text.startswith("You can call these from now on:\n- git_log: Show commits")
    assert box.specs[: len(before)] == before
    assert names(box)[3:5] == ["git_log", "git_status"]
    ask(box, tmp_path, "more_tools", query="web_search")
    assert names(box)[-1] == "web_search"


def test_without_words_all_are_shown_and_then_none_is_left(tmp_path: Path):
    box = make_box()
    assert ask(box, tmp_path, "more_tools").text.count("\n- ") == 3
    assert "you have them all" in ask(box, tmp_path, "more_tools", query="git").text


def test_words_that_fit_nothing_are_answered_with_what_there_is(tmp_path: Path):
    assert "Still to be asked for: git_status, git_log" in ask(make_box(), tmp_path, "more_tools", query="zzz").text


def test_a_tool_called_without_asking_works_and_is_offered_from_then_on(tmp_path: Path):
    box = make_box()
    assert ask(box, tmp_path, "git_status").ok
    assert names(box) == ["read_file", "more_tools", "finish", "git_status"]


def test_an_unknown_name_is_answered_with_hidden_names_too(tmp_path: Path):
    assert "Did you mean git_status?" in ask(make_box(), tmp_path, "git_state").text


def test_a_role_with_nothing_more_is_offered_no_such_tool():
    assert names(Toolbox(("read_file",), Done, ("read_file",))) == ["read_file", "finish"]


def test_words_that_every_description_has_find_nothing_by_themselves():
    shelf = Shelf({}, {name: TOOLS[name] for name in ("project_info", "git_log", "web_search")})
    assert shelf.matching("see what kind of project this is") == ["project_info"]
    assert shelf.matching("search the web for it")[0] == "web_search"
    assert len(shelf.matching("what is it")) == 3
