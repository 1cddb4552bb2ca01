"""Sessions: what is refused before anything is written, what a session opens, and that it leaves nothing open."""

import asyncio
import os
import signal
from contextlib import closing
from pathlib import Path

import pytest

from adapters.control import NoEngine, send
from adapters.origin import MixedInstallation, check_origin
from adapters.settings import BadSettings
from adapters.settings.orch_toml import LADDER
from adapters.wiring import PILOT, Session, open_session, read_board, read_log, request_for
from engine.cell.types import NoSandbox
from engine.core import commands as c
from engine.core import events as e
from engine.core.entities import GateSpec, RunConfig
from engine.core.ids import RunId
from engine.service import CannotStart
from engine.store.errors import EngineRunning
from engine.store.gitlog import GitLog
from engine.store.lock import EngineLock
from engine.workspace.repository import DetachedHead, NoCommits, NotARepository, Repository, UnknownBranch
from tests.engine.workspace.target import commit, git, make_repository
from tests.fakes.entries import entry

TEST = "import unittest\n\n\nclass T(unittest.TestCase):\n    def test_it(self):\n        self.assertEqual(1, 1)\n"
BY = "cli:alice"


@pytest.fixture
def target(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    for name in [name for name in os.environ if name.startswith("ORCH_") or name.endswith("_API_KEY")]:
        monkeypatch.delenv(name)
    return make_repository(tmp_path / "target", {"tests/test_it.py": TEST, "tests/__init__.py": ""})


def opened(path: Path, **overrides: object) -> None:
    async def work() -> None:
        async with open_session(path, overrides=overrides):
            pass

    asyncio.run(work())


def refused(target: Repository, objective: str = "do it", *, base: str | None = None, **overrides: object) -> str:
    async def work() -> str:
        async with open_session(target.path, overrides=overrides) as session:
            with pytest.raises((CannotStart, UnknownBranch)) as caught:
                await request_for(session, objective, base=base, by=BY)
            return str(caught.value)

    sentence = asyncio.run(work())
    assert "orch-state" not in git(target.path, "branch", "--all")
    return sentence


def door(target: Repository) -> Path:
    holder = EngineLock.holder(target.path)
    assert holder is not None
    return Path(holder.socket)


def test_a_folder_that_is_no_repository_is_refused(tmp_path: Path):
    with pytest.raises(NotARepository, match="git init"):
        opened(tmp_path)


def test_a_repository_without_commits_is_refused(tmp_path: Path):
    git(tmp_path, "init", "-q")
    with pytest.raises(NoCommits, match="git commit"):
        opened(tmp_path)


def test_a_detached_head_is_refused(target: Repository):
    git(target.path, "checkout", "-q", "--detach")
    with pytest.raises(DetachedHead, match="git switch"):
        opened(target.path)


def test_a_second_engine_is_told_who_holds_the_repository(target: Repository):
    with EngineLock(target.path, since_ms=0), pytest.raises(EngineRunning, match=f"process {os.getpid()}"):
        opened(target.path)


def test_an_endpoint_without_a_model_is_refused(target: Repository, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("ORCH_API_BASE", "http://127.0.0.1:9/v1")
    with pytest.raises(CannotStart, match="no model is named: set ORCH_MODEL"):
        opened(target.path)


def test_a_machine_without_a_sandbox_needs_an_explicit_opt_in(target: Repository, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("adapters.wiring.probe", lambda: "none")
    with pytest.raises(NoSandbox, match="ORCH_SANDBOX=none"):
        opened(target.path)
    opened(target.path, sandbox="none")


@pytest.mark.parametrize(("objective", "words"), [("  \n", "the objective is empty"), ("x" * 9_000, "9000 characters")])
def test_an_objective_must_be_said_and_be_short(target: Repository, objective: str, words: str):
    assert words in refused(target, objective)


def test_a_dirty_checkout_is_refused_and_the_files_are_named(target: Repository):
    (target.path / "tests/test_it.py").write_text("changed")
    assert "not committed (tests/test_it.py)" in refused(target)


def test_a_branch_must_exist_and_be_the_users(target: Repository):
    assert "no branch 'nowhere'" in refused(target, base="nowhere")
    assert "orch's own" in refused(target, base="orch-state")


@pytest.mark.parametrize(
    ("model", "words"),
    [
        ("nonsense", "'nonsense' names no model: write it as provider/model"),
        ("anthropic/claude-sonnet-4-5", "needs a key: set ANTHROPIC_API_KEY"),
    ],
)
def test_a_model_that_cannot_be_called_is_refused(target: Repository, model: str, words: str):
    assert words in refused(target, model=model)


def test_a_budget_in_dollars_needs_a_price(target: Repository, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("ORCH_API_BASE", "http://127.0.0.1:9/v1")
    assert "the price of openai/mine is unknown" in refused(target, model="openai/mine", budget_usd=1.0)


def test_a_fallback_is_held_to_the_same_rules_as_the_model_before_it(
    target: Repository, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("ORCH_API_BASE", "http://127.0.0.1:9/v1")
    monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)
    commit(target.path, {"orch.toml": '[fallbacks]\n"openai/mine" = ["anthropic/claude-sonnet-4-5"]\n'})
    # The endpoint and its key are of the first provider's models alone.
    assert "claude-sonnet-4-5 needs a key: set ANTHROPIC_API_KEY" in refused(target, model="openai/mine")


def test_the_stronger_model_is_the_engines_and_is_held_to_the_same_rules(target: Repository):
    git(target.path, "branch", "release")
    commit(target.path, {"orch.toml": '[phoenix]\nstronger_model = "anthropic/claude-sonnet-4-5"\n'})
    assert "claude-sonnet-4-5 needs a key: set ANTHROPIC_API_KEY" in refused(target, base="release")
    git(target.path, "checkout", "-q", "release")
    assert requested(target, base="main").stronger_model == ""


def requested(target: Repository, *, base: str | None = None, **overrides: object) -> RunConfig:
    async def work() -> RunConfig:
        async with open_session(target.path, overrides=overrides) as session:
            return (await request_for(session, "do it", base=base, by=BY)).config

    return asyncio.run(work())


def test_the_pilot_is_asked_for_one_plan_and_a_model_for_a_better_one(
    target: Repository, monkeypatch: pytest.MonkeyPatch
):
    assert requested(target).ladder == ()
    monkeypatch.setenv("ORCH_API_BASE", "http://127.0.0.1:9/v1")
    assert requested(target, model="openai/mine").ladder == LADDER


def test_an_endpoint_of_ones_own_needs_no_key_and_gets_a_cap_in_tokens(
    target: Repository, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("ORCH_API_BASE", "http://127.0.0.1:9/v1")
    config = requested(target, model="openai/mine")
    assert (config.model, config.budget_tokens) == ("openai/mine", 5_000_000)


def test_with_nothing_configured_the_pilot_works_and_is_named(target: Repository):
    async def work() -> tuple[Session, GateSpec]:
        async with open_session(target.path) as session:
            return session, (await request_for(session, " do it ", by=BY)).gates[0]

    session, gate = asyncio.run(work())
    assert (session.is_pilot, session.model) == (True, PILOT)
    assert gate.run == "python3 -m unittest discover"


def test_a_gate_that_cannot_start_is_refused_and_nothing_is_written(target: Repository):
    gates = (GateSpec("tests", "no-such-command-anywhere"),)
    base = target.branch_tip("main")

    async def work() -> c.Refused | list[e.Record]:
        async with open_session(target.path):
            return await send(target.path, c.StartRun("do it", "main", base, RunConfig(PILOT), BY, gates), BY)

    told = asyncio.run(work())
    assert isinstance(told, c.Refused)
    assert "the gate 'tests' can't start" in told.reason
    assert "orch-state" not in git(target.path, "branch", "--all")


def test_orders_reach_a_running_engine_and_are_durable_when_answered(target: Repository):
    base = target.branch_tip("main")

    async def work() -> tuple[list[e.Record] | c.Refused, list[e.Record] | c.Refused, list[e.Record] | c.Refused]:
        async with open_session(target.path):
            started = await send(target.path, c.StartRun("do it", "main", base, RunConfig(PILOT), BY), BY)
            cancelled = await send(target.path, c.CancelRun(RunId("R1")), BY)
            return started, cancelled, await send(target.path, c.CancelRun(RunId("R7")), BY)

    started, cancelled, unknown = asyncio.run(work())
    assert isinstance(started, list)
    assert isinstance(started[0].event, e.RunStarted)
    assert isinstance(cancelled, list)
    assert cancelled[-1].actor in {BY, "engine"}
    assert isinstance(unknown, c.Refused)
    assert "R7" in unknown.reason
    assert read_board(target.path).runs[RunId("R1")].state == "cancelled"


def test_without_an_engine_an_order_is_refused_with_the_remedy(target: Repository):
    with pytest.raises(NoEngine, match="orch resume"):
        asyncio.run(send(target.path, c.CancelRun(RunId("R1")), BY))


@pytest.mark.parametrize("line", [b"not json\n", b'{"order":"FinishRun","arguments":{},"by":"x"}\n', b"\n"])
def test_what_is_no_order_is_answered_and_does_no_harm(target: Repository, line: bytes):
    async def work() -> bytes:
        async with open_session(target.path):
            reader, writer = await asyncio.open_unix_connection(door(target))
            writer.write(line)
            answer = await reader.readline()
            writer.close()
            assert isinstance(await send(target.path, c.CancelRun(RunId("R1")), BY), c.Refused)
            return answer

    assert b"refused" in asyncio.run(work())


def test_the_socket_is_the_owners_alone_and_gone_afterwards(target: Repository):
    async def work() -> tuple[Path, int]:
        async with open_session(target.path):
            return door(target), door(target).stat().st_mode & 0o777

    path, mode = asyncio.run(work())
    assert mode == 0o600
    assert not path.exists()
    assert EngineLock.holder(target.path) is None


def test_a_path_that_is_too_long_for_a_socket_gets_a_short_one(tmp_path: Path):
    deep = tmp_path / ("d" * 60) / ("e" * 60)
    deep.mkdir(parents=True)
    target = make_repository(deep / "target", {"README.md": "x"})

    async def work() -> tuple[list[e.Record] | c.Refused, Path]:
        async with open_session(target.path):
            return await send(target.path, c.CancelRun(RunId("R1")), BY), door(target)

    told, path = asyncio.run(work())
    assert isinstance(told, c.Refused)
    assert len(str(path)) <= 100
    assert not path.exists()


def test_sigterm_ends_a_session_cleanly(target: Repository):
    async def work() -> None:
        async with open_session(target.path):
            os.kill(os.getpid(), signal.SIGTERM)
            await asyncio.Event().wait()

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(work())
    assert EngineLock.holder(target.path) is None


def test_a_package_of_the_targets_that_hides_ours_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    check_origin()
    (tmp_path / "engine").mkdir()
    (tmp_path / "engine/__init__.py").write_text("")
    monkeypatch.delitem(__import__("sys").modules, "engine")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(MixedInstallation, match="'engine'"):
        check_origin()


def test_the_gates_of_the_file_win_over_what_is_detected(tmp_path: Path):
    text = '[[gate]]\nname = "mine"\nrun = "true"\n'
    target = make_repository(tmp_path / "target", {"orch.toml": text, "tests/test_it.py": TEST})

    async def work() -> tuple[tuple[GateSpec, ...], str]:
        async with open_session(target.path, overrides={"model": PILOT}) as session:
            request = await request_for(session, "do it", by=BY)
            return request.gates, request.config.gates_from

    assert asyncio.run(work()) == ((GateSpec("mine", "true"),), "orch.toml")


def test_a_session_ends_with_everything_pushed_where_the_settings_say_so(tmp_path: Path):
    target = make_repository(tmp_path / "target", {"orch.toml": '[state]\npush = "mirror"\n', "tests/test_it.py": TEST})
    git(tmp_path, "init", "-q", "--bare", "mirror.git")
    git(target.path, "remote", "add", "mirror", str(tmp_path / "mirror.git"))

    async def work() -> None:
        async with open_session(target.path, overrides={"model": PILOT}):
            base = target.branch_tip("main")
            await send(target.path, c.StartRun("do it", "main", base, RunConfig(PILOT), BY), BY)
            await send(target.path, c.CancelRun(RunId("R1")), BY)

    asyncio.run(work())
    assert git(tmp_path / "mirror.git", "rev-parse", "orch-state") == git(target.path, "rev-parse", "orch-state")


def test_whoever_reads_after_a_crash_sees_what_was_durable_and_git_does_from_then_on(target: Repository):
    with EngineLock(target.path, since_ms=0):
        killed = GitLog.open(target.path)
        killed.write_ahead()
        tip = killed.append([entry(1)])
    with closing(read_log(target.path)) as log:
        assert log.tip() == tip
    with EngineLock(target.path, since_ms=0), closing(GitLog.open(target.path)) as git_alone:
        assert git_alone.tip() == tip
        assert not git_alone.has_leftovers()


def test_what_a_living_engine_has_not_published_is_left_to_it(target: Repository):
    with EngineLock(target.path, since_ms=0):
        living = GitLog.open(target.path)
        living.write_ahead()
        living.append([entry(1)])
        with closing(read_log(target.path)) as log:
            assert log.tip() is None
        living.close()


def test_a_run_is_held_to_the_file_of_the_commit_that_it_starts_from(target: Repository):
    async def config(session: Session, base: str | None = None, **wishes: object) -> RunConfig:
        return (await request_for(session, "do it", base=base, by=BY, wishes=wishes)).config

    async def work() -> None:
        async with open_session(target.path, overrides={"max_retries": 1}) as session:
            assert (await config(session)).max_workers == 5
            commit(
                target.path,
                {
                    "orch.toml": "max_workers = 2\nmax_retries = 9\nplan_first = true\n[budget]\nusd = 4.0\n[workers]\ncoder = 1\n"
                },
            )
            later = await config(session)
            assert (later.max_workers, later.max_retries, later.plan_first, later.budget_usd) == (2, 1, True, 4.0)
            assert later.workers_of == {"coder": 1}
            assert (await config(session, max_workers=3, budget_usd=None)).max_workers == 3
            git(target.path, "branch", "release", "HEAD~1")
            assert (await config(session, base="release")).budget_usd is None
            with pytest.raises(BadSettings, match=r"max_workers.*64"):
                await config(session, max_workers=100_000)

    asyncio.run(work())
