"""The command line in this process, and repositories to use it on."""

import io
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import msgspec
import pytest

from adapters.cli.main import main
from tests.adapters.cli.written import HOSTILE, OPENING, READS, WritingDriver, write
from tests.bot.story import middle


class Said(msgspec.Struct):
    """What a command printed and how it ended."""

    out: str
    err: str
    code: int


Orch = Callable[..., Said]


@pytest.fixture
def orch() -> Orch:
    """Runs `orch` with arguments, without a terminal."""

    def run(*arguments: str | Path) -> Said:
        out, err = io.StringIO(), io.StringIO()
        with redirect_stdout(out), redirect_stderr(err), pytest.raises(SystemExit) as ended:
            main([str(argument) for argument in arguments])
        code = ended.value.code
        assert isinstance(code, int)
        lines = [line.rstrip() for line in out.getvalue().split("\n")]
        return Said("\n".join(lines), err.getvalue(), code)

    return run


@pytest.fixture(scope="session")
def _written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    driver = middle(WritingDriver())
    driver.converse("T5", OPENING, READS, HOSTILE)
    driver.converse("T5", OPENING, kind="review")
    return write(tmp_path_factory.mktemp("written") / "shop", driver)


@pytest.fixture
def shop(_written: Path) -> Path:
    """A repository in the middle of a run, only to be read."""
    return _written


@pytest.fixture
def own_shop(tmp_path: Path) -> Path:
    """A repository in the middle of a run that the test may change."""
    return write(tmp_path / "shop", middle(WritingDriver()))
