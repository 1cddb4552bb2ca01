"""A writer that appends for ever and says what was acknowledged: `python -m tests.campaigns.store_writer REPOSITORY`."""

import sys
from pathlib import Path

from engine.store.gitlog import GitLog
from engine.store.lock import EngineLock
from tests.fakes.entries import entry


def main(repository: Path) -> None:
    with EngineLock(repository, since_ms=0):
        log = GitLog.open(repository)
        log.clean_leftovers()
        seq = max((one.seq for one in log.entries()), default=0)
        while True:
            size = 1 + seq % 4
            log.append([entry(seq + number) for number in range(1, size + 1)])
            seq += size
            sys.stdout.write(f"{seq}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
