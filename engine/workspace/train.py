"""The git part of the merge train: merges without a checkout, and moves the target branch; must not judge the work.

Nothing is ever pulled from under somebody: a branch that is checked out moves by `git merge --ff-only` in that very work tree, for a bare
move of the ref would make the landed work look reverted there.
"""

import threading
from typing import Final

import msgspec
import pygit2

from engine.workspace.checkouts import Checkout
from engine.workspace.commit import ENGINE
from engine.workspace.git import run_git
from engine.workspace.repository import Repository


class Merged(msgspec.Struct, frozen=True):
    """A merge commit that no branch holds yet, its tree, and the tip it was made on."""

    commit: str
    tree: str
    tip: str


class Conflict(msgspec.Struct, frozen=True):
    """Both sides changed the same lines; `detail` is git's account, a line a fact."""

    paths: tuple[str, ...]
    detail: str


class Landed(msgspec.Struct, frozen=True):
    """The branch holds the merged commit."""

    commit: str


class TargetMoved(msgspec.Struct, frozen=True):
    """The branch points elsewhere by now, at `tip`: merge again."""

    tip: str


class CheckoutInTheWay(msgspec.Struct, frozen=True):
    """The branch is checked out, and moving it would overwrite what its user has there; nothing was changed."""

    paths: tuple[str, ...]
    detail: str


_INDEX_LOCK_TRIES: Final = 40
_PAUSE_S: Final = 0.05

# The user's configuration must not turn a plain fast-forward into something else.
_FAST_FORWARD: Final = (
    "merge",
    "--ff-only",
    "--no-overwrite-ignore",
    "--no-autostash",
    "--no-verify-signatures",
    "--no-stat",
    "--no-progress",
)


def merge(repository: Repository, *, work: str, tip: str, message: str, author: tuple[str, str]) -> Merged | Conflict:
    """A merge commit with parents (tip, work), or why there is none; no branch moves and no file is touched.

    Raises: UnknownCommit; GitError (git before 2.38, unrelated histories).
    """
    tree = _merged_tree(repository, work, tip)
    if isinstance(tree, Conflict):
        return tree
    signature, committer = pygit2.Signature(*author), pygit2.Signature(*ENGINE)
    commit = repository.handle().create_commit(None, signature, committer, message, tree, [tip, work])
    return Merged(str(commit), tree, tip)


def land(repository: Repository, *, branch: str, merged: Merged) -> Landed | TargetMoved | CheckoutInTheWay:
    """Move the branch from `merged.tip` to `merged.commit`, or say what is in the way; asked twice, it has landed once.

    Raises: UnknownBranch, UnknownCommit; GitError when git fails for another reason; OSError when the branch stays locked.
    """
    tip = repository.branch_tip(branch)
    if repository.is_ancestor(merged.commit, tip):
        return Landed(merged.commit)
    if tip != merged.tip:
        return TargetMoved(tip)
    checkouts = repository.checkouts_of(branch)
    if len(checkouts) > 1:
        # git moves the files of one; in the others what landed would look as if it had been undone there.
        places = " and ".join(str(checkout.path) for checkout in checkouts)
        return CheckoutInTheWay(
            (), f"{branch} is checked out in {places}: leave it in one of them (`git switch --detach`)"
        )
    if checkouts:
        return _fast_forward(repository, branch, merged, checkouts[0])
    reason = "orch: " + repository.message(merged.commit).split("\n", 1)[0]
    if repository.move_branch(branch, old=merged.tip, new=merged.commit, reason=reason):
        return Landed(merged.commit)
    return TargetMoved(repository.branch_tip(branch))


def _merged_tree(repository: Repository, work: str, tip: str) -> str | Conflict:
    if repository.is_ancestor(tip, work):
        # Nothing happened on the target since: the work's tree is the merge.
        return repository.tree_of(work)
    command = ("merge-tree", "--write-tree", "--name-only", "--messages", "-z", tip, work)
    finished = run_git(*command, git_dir=repository.git_dir, accept=(0, 1))
    fields = finished.stdout.decode("utf-8", "replace").split("\0")
    if finished.returncode == 0:
        return fields[0].strip()
    end = fields.index("", 1)
    # Each message is: a number of paths, the paths, a stable kind, and the sentence for people (git-merge-tree(1), "OUTPUT").
    sentences = [field.strip() for field in fields[end + 1 :] if "\n" in field]
    return Conflict(tuple(sorted(set(fields[1:end]))), "\n".join(sentences))


def _fast_forward(
    repository: Repository, branch: str, merged: Merged, checkout: Checkout
) -> Landed | TargetMoved | CheckoutInTheWay:
    if checkout.busy:
        return CheckoutInTheWay((), f"{checkout.busy} is under way in {checkout.path}: finish or abort it")
    complaint = _try_merge(merged, checkout)
    tip = repository.branch_tip(branch)
    if repository.is_ancestor(merged.commit, tip):
        return Landed(merged.commit)
    if tip != merged.tip:
        return TargetMoved(tip)
    # git lists the paths in the way on lines of their own, behind a tab.
    paths = tuple(line[1:] for line in complaint.splitlines() if line.startswith("\t"))
    return CheckoutInTheWay(paths, complaint.strip())


def _try_merge(merged: Merged, checkout: Checkout) -> str:
    """What git complained about, or ""; an index that the user's editor or shell prompt has locked is waited for, two seconds at most."""
    complaint = ""
    for _ in range(_INDEX_LOCK_TRIES):
        finished = run_git(
            *_FAST_FORWARD, merged.commit, git_dir=checkout.git_dir, work_tree=checkout.path, accept=(0, 1, 2, 128)
        )
        complaint = "" if finished.returncode == 0 else finished.stderr.decode("utf-8", "replace")
        if "index.lock" not in complaint:
            break
        threading.Event().wait(_PAUSE_S)
    return complaint
