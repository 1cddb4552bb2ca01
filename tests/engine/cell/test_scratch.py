"""What a killed engine's cells leave is removed by the next engine; what a living one uses is not."""

import os
import signal
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]

MAKE = "from engine.cell.scratch import Scratch; scratch = Scratch.make(None); print(scratch.tmp, flush=True)"
WAIT = (sys.executable, "-S", "-c", "input()")


def started(temporary: Path, *command: str) -> "subprocess.Popen[bytes]":
    """A process that waits for its input, whose temporary folders lie in `temporary`."""
    environment = os.environ | {"TMPDIR": str(temporary)}
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, cwd=ROOT)


def made(engine: "subprocess.Popen[bytes]") -> Path:
    """The folder of the cell that the engine made."""
    assert engine.stdout is not None
    return Path(engine.stdout.readline().decode().strip())


def test_the_folder_and_the_process_of_a_dead_engine_go_and_a_living_one_s_stay(tmp_path: Path):
    alive = started(tmp_path, sys.executable, "-c", f"{MAKE}; input()")
    killed = started(tmp_path, sys.executable, "-c", f"{MAKE}; input()")
    used, left = made(alive), made(killed)
    killed.kill()
    killed.communicate()
    at_work, stranded = (started(tmp_path, *WAIT, str(folder)) for folder in (used, left))
    try:
        started(
            tmp_path, sys.executable, "-c", "from engine.cell.scratch import remove_leftovers; remove_leftovers()"
        ).communicate()
        assert stranded.wait(timeout=10) == -signal.SIGKILL
        assert not left.exists()
        assert used.exists()
        assert at_work.poll() is None
    finally:
        for process in (alive, at_work, stranded):
            process.kill()
            process.communicate()
