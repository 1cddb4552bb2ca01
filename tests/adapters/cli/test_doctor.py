"""`orch doctor`: each part is named, what is wrong has a remedy, and a running engine tells how its chats are."""

import asyncio
import json
import os
from pathlib import Path

import pytest

from adapters.control import ask_health
from adapters.wiring import open_session
from bot.port import Health
from engine.store.gitlog import GitLog
from engine.store.lock import EngineLock
from tests.adapters.cli.conftest import Orch
from tests.adapters.cli.written import repository
from tests.fakes.entries import entry, git, lose

PARTS = [
    "python", "git", "repository", "disk", "sandbox", "settings", "models", "state branch", "mirror", "engine", "chats"
]  # fmt: skip


@pytest.fixture(autouse=True)
def _nobodys_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [
        name for name in os.environ if name.startswith(("ORCH_", "DISCORD_", "SLACK_")) or name.endswith("_API_KEY")
    ]:
        monkeypatch.delenv(name)


def findings(orch: Orch, path: Path) -> dict[str, dict[str, object]]:
    return {finding["name"]: finding for finding in json.loads(orch("doctor", "--json", "-C", path).out)["findings"]}


def configured(path: Path, settings: str) -> Path:
    (repository(path) / "orch.toml").write_text(settings)
    git(path, "add", ".")
    git(path, "-c", "user.name=A", "-c", "user.email=a@b", "commit", "-qm", "settings")
    return path


def test_each_part_has_a_line(orch: Orch, shop: Path):
    said = orch("doctor", "-C", shop)
    assert (said.code, said.err) == (0, "")
    assert [line[7:20].strip() for line in said.out.splitlines()[:-1] if line[:1] != " "] == PARTS
    assert said.out.splitlines()[-1] == "everything that orch needs is here"


def test_the_state_branch_and_who_holds_it_are_facts(orch: Orch, shop: Path):
    with EngineLock(shop, since_ms=1_700_000_000_000):
        found = findings(orch, shop)
    assert found["engine"]["facts"]["holder"]["pid"] == os.getpid()  # type: ignore[index]  # JSON
    assert found["state branch"]["facts"]["branch_bytes"] > 10_000  # type: ignore[index]  # JSON
    assert "since 2023-11-14 22:13 UTC" in str(found["engine"]["says"])
    assert "none runs here" in str(findings(orch, shop)["engine"]["says"])


def test_without_a_model_the_pilot_is_named_and_the_remedy_too(orch: Orch, shop: Path):
    assert findings(orch, shop)["models"]["state"] == "note"
    assert "ORCH_MODEL" in str(findings(orch, shop)["models"]["remedy"])


def test_a_model_that_cannot_be_called_is_wrong(orch: Orch, shop: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("ORCH_MODEL", "anthropic/claude-sonnet-4-5")
    said = orch("doctor", "-C", shop)
    assert said.code == 1
    assert "needs a key: set ANTHROPIC_API_KEY" in said.out
    assert said.out.splitlines()[-1] == "1 part not well"


@pytest.mark.parametrize(
    "named", ['[fallbacks]\n"openai/mine" = ["{}"]\n', 'cheap_model = "{}"\n', '[phoenix]\nstronger_model = "{}"\n']
)
def test_a_model_that_no_run_could_start_with_is_wrong_and_the_key_counts_for_its_provider_alone(
    orch: Orch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, named: str
):
    monkeypatch.setenv("ORCH_MODEL", "openai/mine")
    monkeypatch.setenv("ORCH_API_KEY", "sk-mine")
    path = configured(tmp_path / "shop", named.format("anthropic/claude-sonnet-4-5"))
    found = findings(orch, path)["models"]
    assert (found["state"], "needs a key: set ANTHROPIC_API_KEY" in str(found["says"])) == ("wrong", True)


def test_a_wrong_setting_is_said_and_the_other_parts_are_looked_at(orch: Orch, tmp_path: Path):
    path = configured(tmp_path / "shop", "max_worker = 3\n")
    found = findings(orch, path)
    assert list(found) == PARTS
    assert found["settings"]["state"] == "wrong"
    assert "did you mean 'max_workers'" in str(found["settings"]["says"])


def test_a_mirror_that_is_no_remote_is_wrong(orch: Orch, tmp_path: Path):
    path = configured(tmp_path / "shop", '[state]\npush = "backup"\n')
    assert "git remote add backup" in str(findings(orch, path)["mirror"]["remedy"])
    git(path, "remote", "add", "backup", "../elsewhere")
    assert findings(orch, path)["mirror"]["state"] == "ok"


def test_a_state_branch_that_cannot_be_read_is_wrong_and_the_other_parts_are_told(orch: Orch, own_shop: Path):
    tree = git(own_shop, "rev-parse", "orch-state:runs/R1").strip()
    lose(own_shop, tree)
    found = findings(orch, own_shop)
    assert list(found) == PARTS
    assert found["state branch"]["state"] == "wrong"
    assert f"its object {tree} is missing" in str(found["state branch"]["says"])


def test_many_small_packs_without_an_engine_want_upkeep(orch: Orch, tmp_path: Path):
    path = repository(tmp_path / "shop")
    log = GitLog.open(path)
    for seq in range(1, 41):
        log.append([entry(seq, event='{"kind":"run-paused","run":"R1"}', files={})])
    log.close()
    found = findings(orch, path)["state branch"]
    assert (found["state"], found["remedy"]) == ("note", "`orch upkeep` puts the packs together")


def test_a_running_engine_tells_how_its_chats_are(tmp_path: Path):
    path = repository(tmp_path / "shop")

    async def work() -> dict[str, Health]:
        async with open_session(path) as session:
            session.healths["discord"] = Health(False, "the token was refused")
            return await ask_health(path)

    assert asyncio.run(work()) == {"discord": Health(False, "the token was refused")}
