"""The real engine on a real repository, with a model that plays the crew: what the stories are told with."""

import asyncio
import subprocess
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path

from engine.cell.sandbox import CellFactory, probe
from engine.clock import SystemClock
from engine.core import commands as c
from engine.core import events as e
from engine.core.blackboard import Blackboard
from engine.core.entities import Decision, GateSpec, RunConfig, Task
from engine.core.ids import RunId
from engine.model.budget import Price
from engine.model.codecs.coded import CodecOf, always_native
from engine.model.types import Model
from engine.options import Options
from engine.recovery import load_board
from engine.redaction import Redactor
from engine.service import Engine, Parts, RunRequest
from engine.store.gitlog import GitLog
from engine.workspace.repository import Repository
from tests.engine.workspace.target import git, make_repository

ALICE = "cli:alice"
R1 = RunId("R1")
SECRET = "sk-planted-0123456789abcdef"
UNITTEST = GateSpec("tests", "python3 -m unittest -q")
CALC = {
    "calc.py": "def add(a, b):\n    return a - b\n\n\ndef mul(a, b):\n    return a * b\n",
    "test_calc.py": (
        "import unittest\n\nimport calc\n\n\nclass Calc(unittest.TestCase):\n"
        "    def test_add(self):\n        self.assertEqual(calc.add(1, 2), 3)\n\n"
        "    def test_mul(self):\n        self.assertEqual(calc.mul(2, 3), 6)\n"
    ),
    ".gitignore": "__pycache__/\n",
}

JUNIT = """import sys, unittest
from xml.sax.saxutils import quoteattr
class Result(unittest.TextTestResult):
    def __init__(self, *args):
        super().__init__(*args)
        self.seen = {}
    def addSuccess(self, test):
        super().addSuccess(test)
        self.seen[test.id()] = ""
    def addFailure(self, test, err):
        super().addFailure(test, err)
        self.seen[test.id()] = "<failure/>"
found = unittest.TextTestRunner(resultclass=Result).run(unittest.defaultTestLoader.discover("."))
cases = "".join(f'<testcase classname="c" name={quoteattr(name)}>{inner}</testcase>' for name, inner in found.seen.items())
open("report.xml", "w").write(f"<testsuite>{cases}</testsuite>")
sys.exit(not found.wasSuccessful())
"""


class Workshop:
    """A repository in a folder, and engines on it, one after the other."""

    def __init__(self, folder: Path, files: Mapping[str, str] = CALC) -> None:
        self.folder = folder / "target"
        self.repository: Repository = make_repository(self.folder, files)

    def git(self, *arguments: str) -> str:
        return git(self.folder, *arguments)

    def show(self, path: str, at: str = "main") -> str:
        return self.git("show", f"{at}:{path}")

    @asynccontextmanager
    async def engine(
        self, model: Model, options: Options | None = None, codec_of: CodecOf = always_native
    ) -> AsyncIterator["Shift"]:
        log = GitLog.open(self.folder)

        async def price_of(_: str) -> Price:
            return Price(1e-6, 1e-6)

        parts = Parts(
            repository=self.repository, log=log, model=model, price_of=price_of, cells=CellFactory(probe()),
            clock=SystemClock(), options=options or Options(model="m"), home=self.repository.git_dir / "orch",
            redactor=Redactor((SECRET,)), codec_of=codec_of,
        )  # fmt: skip
        try:
            async with Engine(parts, load_board(log)).running() as engine:
                yield Shift(engine, self)
        finally:
            log.close()

    def board(self) -> Blackboard:
        log = GitLog.open(self.folder)
        try:
            return load_board(log)
        finally:
            log.close()

    def records(self) -> list[e.AnyEvent]:
        log = GitLog.open(self.folder)
        try:
            return [e.decode(entry.event) for entry in log.entries()]
        finally:
            log.close()

    def assert_nothing_is_left(self) -> None:
        """No worktree, branch, private folder or process of ours."""
        assert self.git("worktree", "list", "--porcelain").count("worktree ") == 1
        assert self.git("branch", "--list", "orch/*") == ""
        work = self.repository.git_dir / "orch" / "work"
        assert not work.exists()
        assert processes_of(str(self.folder)) == []

    def assert_receipts_hold(self) -> None:
        """Every complete coder's task: its commit is on the target, its gates and checks were green there."""
        complete = [t for t in self.board().tasks.values() if t.state == "complete" and t.role == "coder"]
        assert complete
        for task in complete:
            assert task.receipt is not None
            assert self.repository.is_ancestor(task.receipt.commit, self.repository.branch_tip("main"))
            assert self.repository.tree_of(task.receipt.commit) == task.receipt.tree
            assert all(check.exit_code == 0 for check in task.receipt.checks)
            assert task.receipt.checks


class Shift:
    """One engine's life: orders, and ways to wait."""

    def __init__(self, engine: Engine, workshop: Workshop) -> None:
        self.engine = engine
        self.workshop = workshop

    @property
    def board(self) -> Blackboard:
        return self.engine.board

    def task(self, title: str) -> Task:
        return next(task for task in self.board.tasks.values() if task.title == title)

    def question(self) -> Decision:
        (decision,) = self.board.open_decisions.values()
        return decision

    async def start(self, gate: GateSpec = UNITTEST, **config: float | None) -> RunId:
        base = self.workshop.repository.branch_tip("main")
        settled = RunConfig("m", **config)  # type: ignore[arg-type]  # what a story says about the run
        return await self.engine.start(RunRequest("mend it", "main", base, settled, (gate,), ALICE))

    async def over(self, run: RunId = R1) -> str:
        """The run's last state; a question that nobody answers fails the story instead of waiting."""
        await self.until(lambda board: bool(board.open_decisions) or board.runs[run].state in ENDS)
        assert not self.board.open_decisions, list(self.board.open_decisions.values())
        return self.board.runs[run].state

    async def until(self, holds: Callable[[Blackboard], bool]) -> None:
        """Return when the board is so."""
        so = asyncio.Event()

        def look(_: object, board: Blackboard) -> None:
            if holds(board):
                so.set()

        stop = self.engine.watch(look)
        look((), self.board)
        await so.wait()
        stop()

    async def asked(self) -> Decision:
        await self.until(lambda board: bool(board.open_decisions) or board.runs[R1].state in ENDS)
        return self.question()

    async def order(self, command: c.PeopleCommand) -> None:
        answer = await self.engine.order(command, ALICE)
        assert not isinstance(answer, c.Refused), answer.reason

    async def answer(self, choice: str, **more: object) -> None:
        await self.order(c.AnswerDecision(self.question().id, choice, ALICE, "now", **more))  # type: ignore[arg-type]  # as a story says it


ENDS = ("completed", "failed", "cancelled")


@contextmanager
def tidied(shop: Workshop) -> Iterator[None]:
    """While the context is open, somebody's git packs and prunes, over and over again."""
    is_over, rounds = threading.Event(), []

    def tidy() -> None:
        while not is_over.is_set():
            # A worktree that is just being made can stop a `git gc`, which loses nothing.
            with suppress(subprocess.CalledProcessError):
                shop.git("worktree", "prune")
                shop.git("pack-refs", "--all")
                shop.git("gc", "--quiet", "--prune=now")
                rounds.append("done")

    tidying = threading.Thread(target=tidy)
    tidying.start()
    try:
        yield
    finally:
        is_over.set()
        tidying.join()
    assert rounds
    shop.git("fsck", "--strict")


def tell(story: Coroutine[object, object, None]) -> None:
    """Run the story, for a minute at most."""

    async def limited() -> None:
        async with asyncio.timeout(60):
            await story

    asyncio.run(limited())


async def soon(holds: Callable[[], bool], within_s: float) -> None:
    """Return when it holds; for what nobody is told of, such as another process's life."""
    async with asyncio.timeout(within_s):
        while not holds():  # noqa: ASYNC110 - there is no event to wait for
            await asyncio.sleep(0.01)


def processes_of(mark: str) -> list[str]:
    """Command lines of living processes, other than this one, that name `mark`."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            line = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
        except OSError:
            continue
        if mark in line and int(folder.name) != _OWN:
            found.append(line)
    return found


_OWN = int(Path("/proc/self").resolve().name)
