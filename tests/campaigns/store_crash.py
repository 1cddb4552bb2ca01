"""Kills a writer of the state branch with `kill -9` at random points, while `git gc --prune=now` runs over and over.

    python -m tests.campaigns.store_crash --kills 200 --json

After each kill a new writer cleans up and goes on. What was acknowledged through the pipe must be there, each event with the file
that it wrote, the numbers without a gap; at the end `git fsck` must be content.
"""

import argparse
import json
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from engine.store.errors import BrokenLog
from engine.store.gitlog import GitLog
from engine.store.lock import EngineLock
from tests.fakes.entries import git, new_repository

LIMIT_S = 60.0
FSCK_TRIES = 5


class Killed(msgspec.Struct, frozen=True):
    """One writer's life: the last number that it acknowledged, the last that is stored, and what is wrong."""

    acknowledged: int
    stored: int
    problems: list[str]


class Report(msgspec.Struct, frozen=True):
    """A whole campaign."""

    kills: int
    acknowledged: int
    lost: int
    gc_runs: int
    seconds: float
    problems: list[str]


def campaign(repository: Path, kills: int, chance: random.Random) -> Report:
    """Kill so many writers on the repository, which may be new, under a loop of `git gc`."""
    began = time.monotonic()
    problems: list[str] = []
    last = Killed(0, 0, [])
    with tidied_over_and_over(repository) as gc_problems:
        for number in range(1, kills + 1):
            last = kill_one(repository, last.stored, chance)
            problems += [f"after kill {number}: {problem}" for problem in last.problems]
        gc_runs = gc_problems.count("")
    problems += [problem for problem in gc_problems if problem] + fsck(repository)
    lost = sum("acknowledged" in problem for problem in problems)
    return Report(kills, last.acknowledged, lost, gc_runs, round(time.monotonic() - began, 1), problems)


def kill_one(repository: Path, before: int, chance: random.Random) -> Killed:
    """Start a writer, kill it between two acknowledgements or some time after one, and look at what it left."""
    command = [sys.executable, "-m", "tests.campaigns.store_writer", str(repository)]
    acknowledgements, grace_s = chance.randint(1, 12), chance.choice((0.0, chance.uniform(0, 0.03)))
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as writer:
        assert writer.stdout
        assert writer.stderr
        lines = [writer.stdout.readline() for _ in range(acknowledgements)]
        try:
            writer.wait(timeout=grace_s)
        except subprocess.TimeoutExpired:
            writer.kill()
        # A line without its end was cut off with its writer: then nobody was told.
        whole = "".join([*lines, writer.stdout.read()]).split("\n")[:-1]
        said = writer.stderr.read()
    acknowledged = int(whole[-1]) if whole else before
    problems = [f"the writer did not go on: {said[-500:]}"] if not whole else []
    stored, found = look(repository, before)
    if stored < acknowledged:
        problems.append(f"{acknowledged} was acknowledged, {stored} is the last that is stored")
    return Killed(acknowledged, stored, problems + found)


def look(repository: Path, before: int) -> tuple[int, list[str]]:
    """The last number in the log as the next engine finds it, and what is wrong with the entries above `before`."""
    log = GitLog.open(repository)
    try:
        with EngineLock(repository, since_ms=0):
            log.clean_leftovers()
        stored = [one.seq for one in log.entries()]
        problems = [] if stored == list(range(1, len(stored) + 1)) else ["the numbers have a gap"]
        problems += [
            f"the file of entry {seq} is not as it was acknowledged"
            for seq in stored[before:]
            if log.read(f"runs/R1/tasks/T{seq}.json") != b'{"seq": %d}\n' % seq
        ]
    except BrokenLog as error:
        return before, [f"what was acknowledged cannot be read: {error}"]
    else:
        return len(stored), problems
    finally:
        log.close()


@contextmanager
def tidied_over_and_over(repository: Path) -> Iterator[list[str]]:
    """Within, git packs and prunes without a pause; the result grows by `""` for each round, or by what went wrong."""
    rounds: list[str] = []
    over = threading.Event()

    def tidy() -> None:
        while not over.is_set():
            try:
                git(repository, "gc", "--quiet", "--prune=now")
                git(repository, "pack-refs", "--all")
                git(repository, "worktree", "prune")
            except subprocess.CalledProcessError as error:
                rounds.append(f"{error.cmd[3:]}: {error.stderr[-300:]}")
            else:
                rounds.append("")

    tidying = threading.Thread(target=tidy)
    tidying.start()
    try:
        yield rounds
    finally:
        over.set()
        tidying.join(timeout=LIMIT_S)


def fsck(repository: Path) -> list[str]:
    """What git has to complain about, and goes on complaining: the last writer's `git repack` may still be ending under it."""
    problems: list[str] = []
    for _ in range(FSCK_TRIES):
        try:
            git(repository, "fsck", "--strict", "--full", "--no-dangling")
        except subprocess.CalledProcessError as error:
            problems = [f"git fsck: {error.stdout[-300:]} {error.stderr[-300:]}"]
        else:
            return []
    return problems


def main() -> int:
    """Print the report; the exit code is 1 when anything was amiss."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="orch-store-crash-", ignore_cleanup_errors=True) as folder:
        report = campaign(new_repository(Path(folder) / "repository"), options.kills, random.Random(options.seed))
    if options.json:
        sys.stdout.write(msgspec.json.format(msgspec.json.encode(report), indent=1).decode() + "\n")
    else:
        sys.stdout.write(f"{json.dumps(msgspec.to_builtins(report))}\n")
    return 1 if report.problems else 0


if __name__ == "__main__":
    sys.exit(main())
