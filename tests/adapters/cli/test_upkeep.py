"""`orch upkeep`, with and without an engine at work."""

import json
from contextlib import closing
from pathlib import Path

from engine.store.gitlog import GitLog
from engine.store.lock import EngineLock
from tests.adapters.cli.conftest import Orch
from tests.fakes.entries import entry, git, new_repository


def test_it_says_what_it_did_and_how_big_things_are(orch: Orch, shop: Path):
    said = orch("upkeep", "-C", shop)
    assert (said.code, said.err) == (0, "")
    assert "put away in the archive" in said.out
    assert "orch-state is" in said.out
    assert "for a clone" in said.out
    git(shop, "fsck", "--strict")


def test_it_counts_the_earlier_epochs_as_doctor_does(orch: Orch, own_shop: Path):
    assert "epoch" not in orch("upkeep", "-C", own_shop).out
    with closing(GitLog.open(own_shop)) as log:
        log.begin_epoch()
        log.append([entry(65, event='{"kind":"run-paused","run":"R1"}', files={})])
    assert "1 earlier epoch kept" in orch("upkeep", "-C", own_shop).out
    assert json.loads(orch("upkeep", "--json", "-C", own_shop).out)["sizes"]["epochs"] == 1
    assert "1 earlier epoch" in orch("doctor", "-C", own_shop).out


def test_beside_a_running_engine_it_only_tends(orch: Orch, shop: Path):
    before = git(shop, "rev-parse", "orch-state")
    with EngineLock(shop, since_ms=0):
        said = orch("upkeep", "--json", "-C", shop)
    facts = json.loads(said.out)
    assert facts["sealed"] is None
    assert facts["sizes"]["branch_bytes"] > 0
    assert git(shop, "rev-parse", "orch-state") == before


def test_without_a_state_branch_there_is_nothing_to_do(orch: Orch, tmp_path: Path):
    path = new_repository(tmp_path / "young")
    git(path, "-c", "user.name=a", "-c", "user.email=b", "commit", "--quiet", "--allow-empty", "-m", "first")
    said = orch("upkeep", "--json", "-C", path)
    assert json.loads(said.out)["sizes"] == {
        "packs": 0, "pack_bytes": 0, "branch_bytes": 0, "epochs": 0, "is_graph_written": False,
    }  # fmt: skip
