"""`orch verify` ends with 1 on what is not proven, and says where; the engine's own tests cover what it finds."""

import json
from pathlib import Path

from tests.adapters.cli.conftest import Orch
from tests.adapters.cli.written import WritingDriver, repository, write
from tests.bot.story import middle
from tests.fakes.core_steps import start_run


def test_a_run_without_landings_is_proven(orch: Orch, tmp_path: Path):
    driver = WritingDriver()
    start_run(driver)
    path = write(tmp_path / "shop", driver)
    said = orch("verify", "-C", path)
    assert (said.code, said.out) == (0, "proven from git alone: 3 events, 0 receipts\n")
    assert json.loads(orch("verify", "-C", path, "--json").out) == {"proven": True, "faults": []}


def test_a_receipt_for_a_commit_that_is_not_there_is_a_fault(orch: Orch, tmp_path: Path):
    path = write(tmp_path / "shop", middle(WritingDriver()))
    said = orch("verify", "-C", path)
    assert said.code == 1
    assert "task T4" in said.out
    assert said.out.splitlines()[-1].startswith("not proven: ")
    assert not json.loads(orch("verify", "-C", path, "--json").out)["proven"]


def test_nothing_to_prove_is_fine(orch: Orch, tmp_path: Path):
    said = orch("verify", "-C", repository(tmp_path / "shop"))
    assert (said.code, said.out) == (0, "there is nothing to prove: no run has written a state branch here\n")


def test_version_names_python_too(orch: Orch):
    assert orch("version").out.startswith("orch ")
    assert set(json.loads(orch("version", "--json").out)) == {"orch", "python"}
