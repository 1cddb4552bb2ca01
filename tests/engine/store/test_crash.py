"""kill -9 at any instant: what was acknowledged is there, git is content, and the next writer goes on."""

import random
import subprocess
import sys
from pathlib import Path

from engine.store.gitlog import GitLog
from tests.fakes.entries import git, new_repository

KILLS = 10


def acknowledged_until_killed(repository: Path, acknowledgements: int, grace_s: float) -> int:
    """The last sequence that a writer acknowledged, killed so many acknowledgements and seconds after its start."""
    command = [sys.executable, "-m", "tests.campaigns.store_writer", str(repository)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout
        last = ""
        for _ in range(acknowledgements):
            last = writer.stdout.readline()
        try:
            writer.wait(timeout=grace_s)
        except subprocess.TimeoutExpired:
            writer.kill()
        rest = writer.stdout.read().split("\n")
        whole = [line for line in [last.strip(), *rest[:-1]] if line]
    return int(whole[-1])


def test_no_acknowledged_entry_is_lost_when_the_writer_is_killed(tmp_path):
    repository = new_repository(tmp_path)
    chance = random.Random(2)
    for _ in range(KILLS):
        acknowledged = acknowledged_until_killed(repository, chance.randint(1, 4), chance.uniform(0, 0.01))
        stored = [one.seq for one in GitLog.open(repository).entries()]
        assert stored == list(range(1, len(stored) + 1))
        assert len(stored) >= acknowledged
    git(repository, "fsck", "--strict", "--full")
