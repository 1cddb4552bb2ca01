"""Files and boards: what the log leads to is what lies in the files, for every stored story."""

import pytest

from engine.core.blackboard import Blackboard
from engine.core.ids import BindingId, PostId, RunId
from engine.store.layout import BrokenFile, board_from_files, chat_path, project
from tests.fakes.board_view import facts, indexes
from tests.golden.core_stories import STORIES


@pytest.mark.parametrize("name", STORIES)
def test_the_board_in_the_files_is_the_board_of_the_events(name: str):
    story = STORIES[name]()
    board, files = Blackboard(), {"runs/R1/logs/T1/a1/verdict.json": b"{}"}
    for record in story.records:
        touched = board.apply(record)
        for path, content in project(board, touched).items():
            if content is None:
                files = {kept: each for kept, each in files.items() if not kept.startswith(f"{path}/")}
            else:
                files[path] = content
    found = board_from_files(files.items(), board.seq)
    assert facts(found) == facts(board)
    assert indexes(found) == indexes(board)


def test_bindings_and_posts_have_folders_of_their_own():
    assert chat_path(RunId("R7"), BindingId("B3")) == "runs/R7/chat/B3.json"
    assert chat_path(RunId("R12"), PostId("P123")) == "runs/1/R12/outbox/1/2/P123.json"


def test_a_file_that_was_edited_is_named():
    with pytest.raises(BrokenFile, match=r"chat/B1\.json"):
        board_from_files([("runs/R1/chat/B1.json", b'{"id":1}')], 1)


def test_a_sealed_run_is_one_file_whatever_of_it_changes():
    board = Blackboard()
    projected = [project(board, board.apply(record)) for record in STORIES["landed_and_put_away"]().records]
    *_, sealed, unbound = projected
    assert list(sealed) == list(unbound) == ["runs/R1", "archive/R1.json"]
    assert sealed["runs/R1"] is None
    assert b"the channel is gone" in (unbound["archive/R1.json"] or b"")
    archived = board_from_files([("archive/R1.json", unbound["archive/R1.json"] or b"")], board.seq)
    assert facts(archived) == facts(board)


@pytest.mark.parametrize("name", ["runs/R1/tasks/T1.json", "runs/R1/run.json", "runs/R1/insights/I1.json"])
def test_a_field_that_only_a_newer_version_knows_is_never_dropped_in_silence(name: str):
    with pytest.raises(BrokenFile, match=f"{name}.*unknown field `teleported`; a newer orch wrote it"):
        board_from_files([(name, b'{"teleported":true}')], 1)
