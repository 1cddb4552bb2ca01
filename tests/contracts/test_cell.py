"""What a cell of any level promises: results, time-outs, bounded output, a clean environment, nothing left running."""

import asyncio
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.cell.capture import HEAD_BYTES, TAIL_BYTES
from engine.cell.sandbox import CellFactory
from engine.cell.types import CellSpec, CommandResult, Level, NoSandbox
from tests.contracts.cell_site import GIVE_UP_S, LEVELS, Lifeline, Site, make_site, outputs

DAEMONS = "(setsid sh -c 'while :; do sleep 600 & wait; done' &) ; (setsid sh -c 'trap \"\" TERM; sleep 600' &) ; "
"""Two that outlive their parent, one of which starts its child again; both inherit the lifeline."""


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return make_site(tmp_path)


@pytest.fixture
def lifeline(site: Site) -> Iterator[Lifeline]:
    line = Lifeline(site.worktree)
    yield line
    line.close()


@pytest.fixture(params=LEVELS)
def level(request: pytest.FixtureRequest) -> Level:
    chosen: Level = request.param
    return chosen


def run(level: Level, spec: CellSpec, command: str | list[str], timeout_s: float = GIVE_UP_S) -> CommandResult:
    return asyncio.run(outputs(level, spec, command, timeout_s=timeout_s))[0]


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("true", 0),
        ("exit 3", 3),
        (["false"], 1),
        (["no-such-program"], 127),
        ("kill -9 $$", 137),
        ("kill -TERM $$", 143),
    ],
)
def test_the_exit_code_is_the_commands_own(level: Level, site: Site, command: str | list[str], expected: int):
    assert run(level, site.spec(), command).exit_code == expected


def test_a_command_starts_in_the_worktree_and_may_change_it(level: Level, site: Site):
    result = run(level, site.spec(), "pwd; echo new >file.txt")
    assert result.output == f"{site.worktree}\n"
    assert (site.worktree / "file.txt").read_text() == "new\n"


def test_stdout_and_stderr_come_in_the_order_of_writing(level: Level, site: Site):
    assert run(level, site.spec(), "echo 1; echo 2 >&2; echo 3").output == "1\n2\n3\n"


def test_stdin_is_what_the_caller_gave_and_else_empty(level: Level, site: Site):
    async def story() -> list[str]:
        cell = await CellFactory(level).open(site.spec())
        given = await cell.run("cat", timeout_s=GIVE_UP_S, stdin=b"words")
        empty = await cell.run("cat", timeout_s=GIVE_UP_S)
        await cell.close()
        return [given.output, empty.output]

    assert asyncio.run(story()) == ["words", ""]


def test_a_flood_is_bounded_and_marked(level: Level, site: Site):
    result = run(level, site.spec(), "echo first; yes | head -c 50000000; echo last")
    assert result.cut_bytes == 50_000_000 + len("first\nlast\n") - HEAD_BYTES - TAIL_BYTES
    assert f"[… {result.cut_bytes} bytes cut …]" in result.output
    assert result.output.startswith("first\n")
    assert result.output.endswith("last\n")


def test_bytes_that_are_no_text_are_replaced(level: Level, site: Site):
    assert run(level, site.spec(), r"printf 'a\377b'").output == "a\ufffdb"


def test_nothing_of_the_engines_environment_is_seen(level: Level, site: Site, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("OPENAI_API_KEY", "planted-key")
    assert "planted-key" not in run(level, site.spec(), "env").output


def test_the_search_path_has_the_hosts_tools_and_not_our_virtual_environment(level: Level, site: Site):
    folders = run(level, site.spec(), ["sh", "-c", 'echo "$PATH"']).output.strip().split(":")
    assert "/usr/bin" in folders
    assert sys.prefix == sys.base_prefix or str(Path(sys.prefix, "bin")) not in folders


def test_a_callers_variables_are_added(level: Level, site: Site):
    async def story() -> CommandResult:
        cell = await CellFactory(level).open(site.spec())
        result = await cell.run('echo "$MORE $GIT_AUTHOR_NAME"', timeout_s=GIVE_UP_S, env={"MORE": "more"})
        await cell.close()
        return result

    assert asyncio.run(story()).output == "more t@example.org\n"


def test_a_command_that_ignores_term_is_dead_when_its_time_is_up(level: Level, site: Site, lifeline: Lifeline):
    result = run(level, site.spec(), Lifeline.HOLD + DAEMONS + "trap '' TERM; sleep 600", timeout_s=0.6)
    assert (result.timed_out, result.exit_code) == (True, 137)
    assert result.duration_s < 2
    lifeline.wait_up()
    assert lifeline.is_cut(within_s=0)


def test_daemons_die_with_the_command_and_do_not_delay_its_result(level: Level, site: Site, lifeline: Lifeline):
    result = run(level, site.spec(), Lifeline.HOLD + DAEMONS + "echo done")
    assert (result.output, result.timed_out) == ("done\n", False)
    lifeline.wait_up()
    assert lifeline.is_cut(within_s=0)


def test_cancelling_kills_within_a_second(level: Level, site: Site, lifeline: Lifeline):
    async def story() -> float:
        cell = await CellFactory(level).open(site.spec())
        async with asyncio.TaskGroup() as group:
            task = group.create_task(cell.run(Lifeline.HOLD + DAEMONS + "sleep 600", timeout_s=600))
            await asyncio.to_thread(lifeline.wait_up)
            start_s = asyncio.get_running_loop().time()
            task.cancel()
        took_s = asyncio.get_running_loop().time() - start_s
        assert lifeline.is_cut(within_s=0)
        await cell.close()
        return took_s

    assert asyncio.run(story()) < 1


def test_closing_the_cell_ends_what_runs_in_it(level: Level, site: Site, lifeline: Lifeline):
    async def story() -> CommandResult:
        cell = await CellFactory(level).open(site.spec())
        async with asyncio.TaskGroup() as group:
            task = group.create_task(cell.run(Lifeline.HOLD + DAEMONS + "sleep 600", timeout_s=600))
            await asyncio.to_thread(lifeline.wait_up)
            await cell.close()
            assert lifeline.is_cut(within_s=0)
        return task.result()

    assert asyncio.run(story()).exit_code == 137


def test_temporary_files_live_as_long_as_the_cell(level: Level, site: Site):
    write, read = asyncio.run(outputs(level, site.spec(), 'echo kept >"$TMPDIR/note"', 'cat "$TMPDIR/note"'))
    assert (write.exit_code, read.output) == (0, "kept\n")
    assert "kept" not in run(level, site.spec(), 'cat "$TMPDIR/note"').output


def test_closing_removes_read_only_folders_and_follows_no_link(
    level: Level, site: Site, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(tempfile, "tempdir", str(site.hidden))
    outside = site.repository / "outside"
    outside.mkdir(mode=0o750)
    run(level, site.spec(), f'cd "$TMPDIR"; mkdir -p a/b; ln -s {outside} link; chmod 500 a')
    assert not list(site.hidden.glob("orch-*"))
    assert outside.stat().st_mode & 0o777 == 0o750


def test_git_works_inside_and_moves_nothing_outside(level: Level, site: Site):
    before = site.refs()
    git = "git status --porcelain && echo change >>app.py && git commit -qam inside && git branch mine && git log --format=%s"
    result = run(level, site.spec(), git)
    assert (result.exit_code, result.output) == (0, "inside\nfirst\n")
    assert site.refs() == before
    assert site.git("status", "--porcelain", cwd=site.worktree) == "M app.py"


def test_a_killed_engine_leaves_no_process_and_the_next_one_cleans_up(
    level: Level, site: Site, lifeline: Lifeline, monkeypatch: pytest.MonkeyPatch
):
    scratch = site.hidden / "scratch"
    scratch.mkdir()
    command = Lifeline.HOLD + DAEMONS + "sleep 600"
    words = (level, str(site.worktree), str(site.repository), command)
    engine = subprocess.Popen([sys.executable, "-c", ENGINE, *words], env={**os.environ, "TMPDIR": str(scratch)})
    lifeline.wait_up()
    engine.send_signal(signal.SIGKILL)
    engine.wait()
    assert lifeline.is_cut(within_s=GIVE_UP_S)
    assert len(list(scratch.iterdir())) == 1
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    CellFactory(level)
    assert not list(scratch.iterdir())


ENGINE = """
import asyncio, sys
from pathlib import Path
from engine.cell.sandbox import CellFactory
from engine.cell.types import CellSpec
async def main(level, worktree, repository, command):
    cell = await CellFactory(level).open(CellSpec(Path(worktree), None, Path(repository), ()))
    await cell.run(command, timeout_s=600)
asyncio.run(main(*sys.argv[1:]))
"""


def test_a_new_engine_leaves_the_cells_of_a_living_one_alone(level: Level, site: Site):
    async def story() -> CommandResult:
        cell = await CellFactory(level).open(site.spec())
        CellFactory(level)
        result = await cell.run('echo fine >"$TMPDIR/note"', timeout_s=GIVE_UP_S)
        await cell.close()
        return result

    assert asyncio.run(story()).exit_code == 0


def test_a_cell_that_cannot_be_set_up_says_so_and_blames_no_command(level: Level, site: Site):
    gone = CellSpec(site.worktree / "gone", None, site.repository, ())
    with pytest.raises(NoSandbox, match="could not be set up"):
        run(level, gone, "true")


@pytest.mark.parametrize("command", ["a\0b", "lone \ud800"])
def test_a_command_that_no_process_can_be_given_is_refused(level: Level, site: Site, command: str):
    with pytest.raises(ValueError, match=r"NUL|surrogates"):
        run(level, site.spec(), command)


def test_commands_of_one_cell_may_run_at_once(level: Level, site: Site):
    async def story() -> list[str]:
        cell = await CellFactory(level).open(site.spec())
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(cell.run(f"echo {number}", timeout_s=GIVE_UP_S)) for number in range(4)]
        await cell.close()
        return [task.result().output for task in tasks]

    assert asyncio.run(story()) == ["0\n", "1\n", "2\n", "3\n"]


def test_the_repositorys_virtual_environment_works_in_a_hidden_home(
    level: Level, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    site = make_site(home)
    python = site.repository / ".venv" / "bin" / "python"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", site.repository / ".venv"], check=True)
    assert run(level, site.spec(), [str(python), "-c", "import json; print('alive')"]).output == "alive\n"
