"""Cuts the power under a writer of the state branch: only what reached the disk by then is left (needs root, for loop mounts).

    python -m tests.campaigns.store_power_cut --cuts 20 --json [--without-journal]

The repository lies on an ext4 of its own, in a file. A cut stops the writer at some moment and copies that file, in which nothing is
that the file system has not written yet. The copy is mounted as after a restart: what was acknowledged must be there, and `git fsck`
be content.
"""

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from engine.store.durable import keeps_order
from tests.campaigns.store_crash import fsck, look
from tests.fakes.entries import new_repository

SIZE_MB = 96


class Report(msgspec.Struct, frozen=True):
    """A whole campaign; `is_ordered` says whether the writer could leave a sync out."""

    cuts: int
    acknowledged: int
    is_ordered: bool
    seconds: float
    problems: list[str]


def campaign(folder: Path, cuts: int, chance: random.Random, *, journal: bool) -> Report:
    """Cut the power so often, each time under a new writer that goes on where the one before was cut."""
    began, acknowledged, problems = time.monotonic(), 0, list[str]()
    disk = folder / "disk.img"
    with disk.open("wb") as file:
        file.truncate(SIZE_MB * 1024 * 1024)
    run("mkfs.ext4", "-q", *(() if journal else ("-O", "^has_journal")), str(disk))
    with mounted(disk, folder / "before") as place:
        repository = new_repository(place / "repository")
        os.sync()
        is_ordered = keeps_order(repository / ".git" / "objects" / "pack", repository / ".git" / "refs")
        for number in range(1, cuts + 1):
            # A new file each time: what a mount of the one before still writes must not reach the next.
            after = folder / f"after-{number}.img"
            acknowledged = cut_one(repository, acknowledged, disk, after, chance)
            if not journal:
                checked(after)
            with mounted(after, folder / "after") as copy:
                stored, found = look(copy / "repository", 0)
                found += [] if stored >= acknowledged else [f"{acknowledged} was acknowledged, {stored} is stored"]
                problems += [f"cut {number}: {problem}" for problem in (*found, *fsck(copy / "repository"))]
            after.unlink()
    return Report(cuts, acknowledged, is_ordered, round(time.monotonic() - began, 1), problems)


def cut_one(repository: Path, before: int, disk: Path, copy: Path, chance: random.Random) -> int:
    """The last number that was acknowledged when the disk was copied."""
    command = [sys.executable, "-m", "tests.campaigns.store_writer", str(repository)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True) as writer:
        assert writer.stdout
        lines = [writer.stdout.readline() for _ in range(chance.randint(3, 20))]
        time.sleep(chance.uniform(0, 0.01))  # noqa: TID251 - a moment within a write
        os.killpg(writer.pid, signal.SIGSTOP)
        shutil.copyfile(disk, copy)
        os.killpg(writer.pid, signal.SIGKILL)
        rest = writer.stdout.read()
    whole = "".join([*lines, rest]).split("\n")[:-1]
    return int(whole[-1]) if whole else before


def checked(image: Path) -> None:
    """Repair the file system, as a machine does when it starts again and there is no journal to go by."""
    done = subprocess.run(["e2fsck", "-fy", str(image)], check=False, capture_output=True, text=True)
    # e2fsck(8), "EXIT CODE": 1 and 2 are errors that it corrected.
    if done.returncode > 2:
        raise RuntimeError(f"e2fsck: {done.stdout[-500:]} {done.stderr[-500:]}")


@contextmanager
def mounted(image: Path, at: Path) -> Iterator[Path]:
    """The folder in which the image's files are."""
    at.mkdir(exist_ok=True)
    run("mount", "-o", "loop,noatime", str(image), str(at))
    try:
        yield at
    finally:
        # Lazily: whoever looks at every mount, an indexer say, would keep it busy for a moment.
        run("umount", "--lazy", str(at))


def run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True, text=True)


def main() -> int:
    """Print the report; the exit code is 1 when anything was amiss."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cuts", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--without-journal", action="store_true", help="ext4 that orders nothing by itself")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="orch-power-cut-", ignore_cleanup_errors=True) as folder:
        report = campaign(Path(folder), options.cuts, random.Random(options.seed), journal=not options.without_journal)
    encoded = msgspec.json.encode(report)
    sys.stdout.write((msgspec.json.format(encoded, indent=1) if options.json else encoded).decode() + "\n")
    return 1 if report.problems else 0


if __name__ == "__main__":
    sys.exit(main())
