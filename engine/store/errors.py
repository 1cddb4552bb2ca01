"""What can go wrong with the state branch, each error with its remedy; holds no behaviour.

StoreError
├── RepositoryUnusable   git itself, or our library for it, cannot work with this repository
├── LogMovedOn           somebody else moved the branch: nothing was written, read it again
├── AppendFailed         the disk or a lock refused: nothing was written
│   └── AppendUnsure     all was written, and the disk did not confirm it
├── BrokenLog            what is on the branch is not what an engine writes
├── LostObject           git holds an object no more, or damaged
├── NewerLog             a newer version wrote what this one does not know
├── EngineRunning        another engine holds this repository
├── LockNotHeld          only the engine that holds the repository may do this
└── UpkeepFailed         git could not tend the repository; the state branch is as it was
"""

from datetime import UTC, datetime


class StoreError(Exception):
    """The state branch could not be read or written as asked."""


class RepositoryUnusable(StoreError):
    """The repository cannot be opened, or cannot hold a state branch."""


class LogMovedOn(StoreError):
    """The branch is not where this log left it, so its next entries would not follow what is there."""

    def __init__(self, ref: str, left_at: str | None, found: str | None) -> None:
        self.ref, self.left_at, self.found = ref, left_at, found
        super().__init__(
            f"{ref} was left at {left_at or 'nothing'} and is now at {found or 'nothing'}: somebody else moved it. "
            f"Nothing more was written; `orch resume` goes on from what is there now."
        )


class AppendFailed(StoreError):
    """The entries were not written; the branch is where it was."""


class AppendUnsure(AppendFailed):
    """The branch has the entries, and a power cut may take them away again: nothing may be repeated unseen."""


class BrokenLog(StoreError):
    """A commit on the state branch is not one that an engine wrote there."""

    def __init__(self, commit: str, problem: str) -> None:
        self.commit, self.problem = commit, problem
        super().__init__(f"commit {commit} of the state branch is broken: {problem}. See it with `git show {commit}`.")


class LostObject(StoreError):
    """An object that something names can't be read."""

    def __init__(self, name: str, problem: str) -> None:
        self.problem = problem
        super().__init__(f"object {name} {problem}; `git fsck --full` names all that are lost")


class NewerLog(StoreError):
    """The branch holds an event that this version does not know, so it can neither show nor continue what came of it."""

    def __init__(self, commit: str, problem: str) -> None:
        self.commit, self.problem = commit, problem
        super().__init__(
            f"commit {commit} of the state branch holds an event that this orch does not know: {problem}. A newer orch "
            f"wrote it, or somebody by hand; use that version or a later one. See it with `git show {commit}`."
        )


class EngineRunning(StoreError):
    """Another engine works on this repository; the message names it."""

    def __init__(self, pid: int, host: str, since_ms: int) -> None:
        self.pid, self.host, self.since_ms = pid, host, since_ms
        since = datetime.fromtimestamp(since_ms / 1000, tz=UTC)
        super().__init__(
            f"another engine works on this repository: process {pid} on {host}, since {since:%Y-%m-%d %H:%M:%S} UTC. "
            f"Talk to it with `orch status`, or stop it first (`kill {pid}` on {host})."
        )


class LockNotHeld(StoreError):
    """The engine's lock is not held by this process, and what was asked is the holder's alone."""


class UpkeepFailed(StoreError):
    """A git command that tends the repository failed; nothing is lost, and the next upkeep tries again."""
