"""What a killed engine's cells leave is removed by the next engine; what a living one uses is not."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from engine.cell.scratch import Scratch, remove_leftovers

WAITS = (sys.executable, "-S", "-c", "input()")


def waiting_in(folder: Path) -> subprocess.Popen[bytes]:
    """A process that was started to work in the folder and waits for a word."""
    return subprocess.Popen((*WAITS, str(folder)), stdin=subprocess.PIPE, stderr=subprocess.DEVNULL)


def folder_of_a_dead_engine(temporary: Path) -> Path:
    """A cell's folder whose engine ended without a word."""
    program = "from engine.cell.scratch import Scratch; print(Scratch.make(None).tmp)"
    environment = os.environ | {"TMPDIR": str(temporary)}
    said = subprocess.run((sys.executable, "-c", program), check=True, capture_output=True, text=True, env=environment)
    return Path(said.stdout.strip())


def test_the_folder_and_the_process_of_a_dead_engine_go_and_a_living_one_s_stay(tmp_path: Path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    alive, left = Scratch.make(None), folder_of_a_dead_engine(tmp_path)
    stranded, at_work = waiting_in(left), waiting_in(alive.tmp)
    try:
        remove_leftovers()
        assert stranded.wait(timeout=10) == -signal.SIGKILL
        assert not left.exists()
        assert alive.tmp.exists()
        assert at_work.poll() is None
    finally:
        alive.remove()
        for process in (stranded, at_work):
            process.kill()
            process.communicate()
