"""A writer that appends for ever and says what was acknowledged: `python -m tests.campaigns.store_writer REPOSITORY`.

It tends the branch meanwhile, more often than an engine would, so that a kill hits upkeep too.
"""

import sys
import threading
from pathlib import Path

from engine.store.gitlog import GitLog
from engine.store.lock import EngineLock
from tests.fakes.entries import entry

TEND_AFTER = 8
"""Acknowledged groups between two upkeeps."""


def main(repository: Path) -> None:
    with EngineLock(repository, since_ms=0):
        log = GitLog.open(repository)
        log.clean_leftovers()
        log.write_ahead()
        last = log.last()
        seq = last.seq if last is not None else 0
        tending = threading.Thread()
        for count in range(sys.maxsize):
            size = 1 + seq % 4
            log.append([entry(seq + number) for number in range(1, size + 1)])
            seq += size
            sys.stdout.write(f"{seq}\n")
            sys.stdout.flush()
            if count % TEND_AFTER == 2 and not tending.is_alive():
                tending = threading.Thread(target=log.upkeep.tend, daemon=True)
                tending.start()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
