"""The process log: a line says why, on one line, and no secret stands in it."""

import io
import logging
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.process_log import ValuesFormatter
from engine.redaction import MARK, Redactor

SECRET = "hunter2hunter2"


@pytest.fixture
def logger() -> Iterator[logging.Logger]:
    found = logging.getLogger("engine.pusher")
    yield found
    found.handlers.clear()
    found.propagate = True


@pytest.fixture
def written(logger: logging.Logger) -> io.StringIO:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(ValuesFormatter(Redactor([SECRET]).text))
    logger.addHandler(handler)
    logger.propagate = False
    return stream


def test_a_line_tells_the_values_in_the_order_in_which_they_were_given(logger: logging.Logger, written: io.StringIO):
    logger.warning(
        "not pushed: %s",
        "origin",
        extra={"action": "push_failed", "run": "R1", "wait_s": 1.5, "reason": "no route", "why": ""},
    )
    assert written.getvalue() == (
        'WARNING engine.pusher: not pushed: origin action=push_failed run=R1 wait_s=1.5 reason="no route" why=""\n'
    )


def test_a_line_without_values_is_the_message_alone(logger: logging.Logger, written: io.StringIO):
    logger.error("gone")
    assert written.getvalue() == "ERROR engine.pusher: gone\n"


def test_a_value_can_not_pass_for_another_line_or_another_value(logger: logging.Logger, written: io.StringIO):
    logger.warning("no", extra={"reason": 'a\nERROR engine: "forged"\u2028action=x \x1b[2J', "up": False})
    assert written.getvalue() == (
        'WARNING engine.pusher: no reason="a\\nERROR engine: \\"forged\\"\\naction=x [2J" up=False\n'
    )


def test_no_secret_stands_in_a_message_a_value_or_a_traceback(logger: logging.Logger, written: io.StringIO):
    try:
        int(f"refused: {SECRET}")
    except ValueError:
        logger.exception("with %s", SECRET, extra={"reason": f"key {SECRET} was refused"})
    assert SECRET not in written.getvalue()
    assert written.getvalue().count(MARK) == 3
    assert "ValueError: invalid literal" in written.getvalue()


def test_a_process_that_logs_to_stderr_tells_the_reason_without_the_variables_that_are_secret(tmp_path: Path):
    program = (
        "import logging; from adapters.process_log import log_to_stderr; log_to_stderr();"
        f"logging.getLogger('engine').warning('held up', extra={{'reason': 'refused {SECRET}'}});"
        "logging.getLogger('engine').info('not told')"
    )
    environment = {"HOME": str(tmp_path), "SOME_API_KEY": SECRET}
    root = Path(__file__).parents[2]
    said = subprocess.run(
        [sys.executable, "-c", program], env=environment, cwd=root, capture_output=True, text=True, check=True
    )
    assert said.stderr == f'WARNING engine: held up reason="refused {MARK}"\n'
