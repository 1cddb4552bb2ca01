"""Carries the state branch to a remote repository and back, by git's own commands; must not decide what two histories make together.

A push is a compare-and-swap: git refuses it when the remote holds something that we don't. Where a new epoch began here, the branch
goes on from a new root, and the push names the very commit that it replaces, which `refs/orch/epoch/` keeps on both sides.
"""

import threading
from collections.abc import Iterator
from typing import Final, Literal

import msgspec

from engine.store.commits import PREVIOUS_EPOCH
from engine.store.refs import APART, EPOCHS, STATE
from engine.workspace.git import GitError, run_git
from engine.workspace.repository import Repository

QUIET_REF: Final = "refs/orch/state"
"""Where no clone and no list of branches shows it. Two levels, since git refuses to push `refs/orch-state`."""

_UNION_REF: Final = "refs/orch/union"
PUSH_WITHIN_S: Final = 60.0
_KEPT: Final = "refs/orch/remote"
_DURABLE: Final = (("core.fsync", "committed"), ("fetch.unpackLimit", "1"), ("fetch.fsckObjects", "true"))
"""What is fetched is checked, kept as one pack, and on the disk before a ref names it."""

Relation = Literal["nothing", "same", "ahead", "behind", "apart"]
"""What we are to them: `nothing` is there, `ahead` holds all of theirs and more, `apart` both hold something of their own."""


class Place(msgspec.Struct, frozen=True):
    """Where the branch is kept elsewhere: the name of a git remote, and whether quietly, out of the list of branches."""

    remote: str
    is_quiet: bool = False

    @property
    def ref(self) -> str:
        """The branch's name there."""
        return QUIET_REF if self.is_quiet else STATE


class SyncFailed(Exception):
    """The remote can't be reached, or refuses; the message says what git said."""


class HistoriesDiffer(Exception):
    """Both repositories hold events that the other lacks; the message says what to do."""


class Sync:
    """One repository's state branch beside that of a remote."""

    def __init__(self, repository: Repository, place: Place) -> None:
        self._git_dir = repository.git_dir
        # Where git resolves the address of a remote that begins with `../`.
        self._work_tree = None if repository.is_bare() else repository.path
        self.place = place
        self._enough = threading.Event()
        self.kept = f"{_KEPT}/{place.remote}/state"
        """Where the branch of there is kept, as it was fetched last."""
        self._kept_epochs = f"{_KEPT}/{place.remote}/epoch/"

    def push(self, within_s: float = PUSH_WITHIN_S) -> None:
        """Bring the remote up to where we are.

        Raises: HistoriesDiffer, then nothing was pushed; SyncFailed.
        """
        self._enough.clear()
        if self._tip(STATE) is None:
            return
        if self._pushed(within_s):
            return
        theirs = self.fetch(within_s)
        if self.relation(theirs) not in ("nothing", "same", "ahead"):
            raise HistoriesDiffer(
                f"{self.place.remote} holds events of another engine, which are not here; nothing was pushed. "
                "Stop the engine here and run `orch sync`: it puts the two histories together"
            )
        lease = f"--force-with-lease={self.place.ref}:{theirs or ''}"
        if not self._pushed(within_s, lease):
            raise SyncFailed(f"{self.place.remote} moved on while it was pushed to; it is tried again")

    def hurry(self) -> None:
        """Let the push or fetch that is under way in another thread fail at once: nobody waits for it any more."""
        self._enough.set()

    def fetch(self, within_s: float = PUSH_WITHIN_S) -> str | None:
        """The newest commit of the remote's branch, now here with all before it; None when it has no such branch.

        Raises: SyncFailed.
        """
        listed = self._talk("ls-remote", "--refs", self.place.remote, self.place.ref, within_s=within_s)
        if not listed:
            return None
        self._talk(
            "fetch", "--quiet", "--no-tags", "--no-write-fetch-head", self.place.remote,
            f"+{self.place.ref}:{self.kept}", f"+{EPOCHS}*:{self._kept_epochs}*", f"{APART}*:{APART}*",
            within_s=within_s,
        )  # fmt: skip
        return self._tip(self.kept)

    def relation(self, theirs: str | None) -> Relation:
        """What our branch is to a commit of theirs that was fetched.

        Raises: SyncFailed.
        """
        ours = self._tip(STATE)
        if theirs is None:
            return "nothing"
        if ours == theirs:
            return "same"
        if ours is not None and self._holds((ours, *self._ends(EPOCHS)), theirs):
            return "ahead"
        if ours is None or self._holds((theirs, *self._ends(self._kept_epochs)), ours):
            return "behind"
        return "apart"

    def take_over(self, theirs: str) -> None:
        """Let our branch be what was fetched, durably. For whoever holds the engine's lock, and knows that we are behind.

        Raises: SyncFailed when the branch was moved meanwhile.
        """
        ours = self._tip(STATE)
        self.take_over_epochs()
        self._move(STATE, theirs, ours or "0" * len(theirs))

    def take_over_epochs(self) -> None:
        """Keep the epochs that were fetched as ours; for whoever holds what the branch there does, got by git alone perhaps."""
        ours = self._refs(EPOCHS)
        for kept, commit in self._refs(self._kept_epochs).items():
            name = f"{EPOCHS}{kept.removeprefix(self._kept_epochs)}"
            # A crash leaves a ref inside the epoch that goes on, at the remote too: ours may have moved up since.
            if name not in ours or not self._is_ancestor(commit, ours[name]):
                self._move(name, commit)

    def fork(self, theirs: str) -> str:
        """The last commit that our branch and a fetched one have in common.

        Raises: HistoriesDiffer when there is none.
        """
        published = tuple(self._epochs(theirs))
        for ours in self._epochs(self._tip(STATE)):
            if found := self._run("merge-base", ours, *published, accept=(0, 1)):
                return found
        raise HistoriesDiffer(
            f"orch-state here and that of {self.place.remote} have nothing in common; "
            "push the one to another place ([state] quiet), or rename it"
        )

    def begin_union(self, theirs: str) -> str:
        """Keep our branch under `refs/orch/apart/`, and open a ref at theirs to append to, which is returned."""
        ours = self._tip(STATE) or ""
        self._move(f"{APART}{ours[:12]}", ours)
        self._move(_UNION_REF, theirs)
        return _UNION_REF

    def end_union(self) -> None:
        """Let our branch be what was made on top of theirs, durably and at once.

        Raises: SyncFailed when the branch was moved meanwhile.
        """
        theirs = self._refs(self._kept_epochs)
        for name, commit in self._refs(EPOCHS).items():
            if theirs.get(f"{self._kept_epochs}{name.removeprefix(EPOCHS)}") != commit:
                self._move(f"{APART}{commit[:12]}", commit)
                self._run("update-ref", "-d", name, commit)
        self.take_over(self._tip(_UNION_REF) or "")
        self._run("update-ref", "-d", _UNION_REF)

    def _pushed(self, within_s: float, *options: str) -> bool:
        """Whether the remote took it; False when it holds something that this would drop."""
        specs = (f"{STATE}:{self.place.ref}", f"{EPOCHS}*:{EPOCHS}*", f"{APART}*:{APART}*")
        told = self._talk("push", "--no-verify", "--porcelain", *options, self.place.remote, *specs, within_s=within_s)
        # `!<TAB>from:to<TAB>[rejected] (fetch first)`: git-push, "OUTPUT".
        refused = [line for line in told.split("\n") if line.startswith("!")]
        if any("[rejected]" not in line for line in refused):
            raise SyncFailed(f"{self.place.remote} refuses: {'; '.join(refused)}")
        return not refused

    def _epochs(self, end: str | None) -> Iterator[str]:
        """The last commits of the epochs of a history that are here, newest first, from its newest commit on.

        The roots themselves name them: refs may be those of the other side already, where a union was cut off.
        """
        while end and (commit := self._run("rev-parse", "--verify", "--quiet", f"{end}^{{commit}}", accept=(0, 1))):
            yield commit
            end = self._run("log", "--max-parents=0", f"--format=%(trailers:key={PREVIOUS_EPOCH},valueonly)", commit)

    def _holds(self, ends: tuple[str, ...], commit: str) -> bool:
        return any(self._is_ancestor(commit, end) for end in ends)

    def _is_ancestor(self, commit: str, of: str) -> bool:
        return run_git("merge-base", "--is-ancestor", commit, of, git_dir=self._git_dir, accept=(0, 1)).returncode == 0

    def _ends(self, prefix: str) -> tuple[str, ...]:
        return tuple(self._refs(prefix).values())

    def _refs(self, prefix: str) -> dict[str, str]:
        listed = self._run("for-each-ref", "--format=%(refname) %(objectname)", prefix)
        return dict(line.split(" ", 1) for line in listed.splitlines())

    def _tip(self, ref: str) -> str | None:
        return self._refs(ref).get(ref)

    def _move(self, ref: str, new: str, *old: str) -> None:
        self._run("update-ref", "--no-deref", ref, new, *old)

    def _run(self, *arguments: str, accept: tuple[int, ...] = (0,)) -> str:
        try:
            settings = (("core.fsync", "committed,reference"),)
            done = run_git(*arguments, git_dir=self._git_dir, config=settings, accept=accept)
        except GitError as error:
            raise SyncFailed(str(error)) from error
        return done.stdout.decode("utf-8", "replace").strip()

    def _talk(self, *arguments: str, within_s: float) -> str:
        try:
            done = run_git(
                *arguments, git_dir=self._git_dir, work_tree=self._work_tree, config=_DURABLE, timeout_s=within_s,
                accept=(0, 1), talks_until=self._enough,
            )  # fmt: skip
        except GitError as error:
            raise SyncFailed(str(error)) from error
        told = done.stdout.decode("utf-8", "replace").strip()
        if done.returncode and "!\t" not in told:
            said = done.stderr.decode("utf-8", "replace").strip()
            raise SyncFailed(f"`git {arguments[0]}` with {self.place.remote} failed: {said[-1000:]}")
        return told
