"""The target repository: its commits, branches and checkouts; must not touch a checkout's files, nor know of runs and tasks."""

import threading
from contextlib import suppress
from pathlib import Path
from typing import Final

import pygit2
from pygit2.enums import DiffOption, FileMode

from engine.workspace.checkouts import Checkout, common_dir_of, find_checkouts
from engine.workspace.git import run_git
from engine.workspace.locks import retry_locked

_HEADS: Final = "refs/heads/"


class NotARepository(Exception):
    """There is no git repository that we can open."""


class NoCommits(Exception):
    """The repository's current branch has no commit."""


class DetachedHead(Exception):
    """No branch is checked out."""


class UnknownCommit(Exception):
    """The repository holds no such commit."""


class UnknownBranch(Exception):
    """The repository holds no such branch."""


class Repository:
    """Reads the repository and moves its branches; may be shared by threads (each gets its own libgit2 handle)."""

    def __init__(self, path: Path, git_dir: Path) -> None:
        self.path = path
        """Root of the user's work tree, or the repository itself when it is bare."""
        self.git_dir = git_dir
        """What all work trees share: objects, branches, configuration."""
        self._handles = threading.local()

    @classmethod
    def open(cls, path: Path, *, on_a_branch: bool = True) -> "Repository":
        """The repository that `path` lies in; whoever only reads does without a branch that is checked out.

        Raises: NotARepository, NoCommits; DetachedHead where a branch is needed. Each says what to do.
        """
        if pygit2.discover_repository(str(path)) is None:
            raise NotARepository(f"{path} is not in a git repository; run `git init` there, or name another folder")
        try:
            # By the path and not by what was discovered: only a `.git` file tells whose files belong to a git directory elsewhere.
            handle = pygit2.Repository(str(path))
        except (pygit2.GitError, KeyError) as error:
            remedy = "check its owner (`git config --global --add safe.directory <folder>`) and `git status` there"
            raise NotARepository(f"the repository of {path} cannot be opened: {error}; {remedy}") from None
        root = Path(handle.workdir or handle.path).resolve()
        if handle.head_is_unborn:
            raise NoCommits(f"{root} has no commit yet; make a first one: `git commit --allow-empty -m 'first commit'`")
        if on_a_branch and handle.head_is_detached:
            raise DetachedHead(f"no branch is checked out in {root} (detached HEAD); run `git switch <branch>` first")
        return cls(root, common_dir_of(Path(handle.path)))

    def handle(self) -> pygit2.Repository:
        """This thread's libgit2 handle: one may not be used by two threads at a time."""
        handle: pygit2.Repository | None = getattr(self._handles, "open", None)
        if handle is None:
            handle = pygit2.Repository(str(self.git_dir))
            self._handles.open = handle
        return handle

    def is_bare(self) -> bool:
        """Whether there is no work tree of the user's at all."""
        return self.path == self.git_dir

    # Branches

    def branch_tip(self, name: str) -> str:
        """The commit that a local branch points to.

        Raises: UnknownBranch.
        """
        return str(self._branch(name).target)

    def current_branch(self) -> str | None:
        """The branch checked out at `path`, or None when its HEAD is detached."""
        handle = pygit2.Repository(str(self.path))
        return None if handle.head_is_detached else handle.head.shorthand

    def head(self) -> str:
        """The commit checked out at `path`."""
        return str(pygit2.Repository(str(self.path)).head.target)

    def branches(self, prefix: str) -> dict[str, str]:
        """Local branches whose names start with `prefix`, with their commits."""
        handle = self.handle()
        names = (name.removeprefix(_HEADS) for name in handle.listall_references() if name.startswith(_HEADS + prefix))
        return {name: self.branch_tip(name) for name in names}

    def remote_branches(self, name: str) -> dict[str, str]:
        """The commits of this branch at the remotes, by remote, as they were when they were last fetched."""
        handle = self.handle()
        names = {f"refs/remotes/{remote}/{name}": remote for remote in handle.remotes.names() if remote}
        found = [ref for ref in handle.listall_references() if ref in names]
        return {names[ref]: str(handle.references[ref].resolve().target) for ref in found}

    def set_branch(self, name: str, commit: str) -> None:
        """Let the branch point to the commit, wherever it pointed before; for branches that only the engine writes."""
        oid = self.commit(commit).id

        def put() -> None:
            try:
                self._branch(name).set_target(oid, "orch: keep an attempt's work")
            except UnknownBranch:
                self.handle().references.create(_HEADS + name, oid)

        retry_locked(put, self._lock_of(name))

    def delete_branch(self, name: str) -> None:
        """Remove a local branch; nothing happens when there is none."""
        with suppress(UnknownBranch):
            retry_locked(lambda: self._branch(name).delete(), self._lock_of(name))

    def move_branch(self, name: str, *, old: str, new: str, reason: str) -> bool:
        """Move a branch from `old` to `new` by compare-and-swap; False, and nothing changed, when it points elsewhere.

        Raises: UnknownBranch; OSError when another process keeps the branch locked.
        """
        oid = self.commit(new).id

        def swap() -> bool:
            reference = self._branch(name)
            if str(reference.target) != old:
                return False
            try:
                reference.set_target(oid, reason)
            except pygit2.GitError as error:
                if "old reference value does not match" in str(error):
                    return False
                raise
            return True

        return retry_locked(swap, self._lock_of(name))

    # Checkouts

    def is_dirty(self) -> list[str]:
        """Tracked paths that differ from HEAD in the user's checkout; untracked files don't count."""
        if self.is_bare():
            return []
        status = ("status", "--porcelain=v1", "-z", "--no-renames", "--untracked-files=no", "--ignore-submodules=all")
        git_dir = Path(pygit2.Repository(str(self.path)).path)
        finished = run_git("--no-optional-locks", *status, git_dir=git_dir, work_tree=self.path)
        lines = finished.stdout.decode("utf-8", "surrogateescape").split("\0")
        return sorted(line[3:] for line in lines if line)

    def checkouts(self) -> list[Checkout]:
        """Every work tree that exists on disk, the main one first."""
        return find_checkouts(self.git_dir, self._main_tree())

    def _main_tree(self) -> Path | None:
        """The main work tree, None where there is none, or where nothing tells which it is."""
        if _git_dir_at(self.path) == self.git_dir:
            return None if self.is_bare() else self.path
        handle = self.handle()
        # libgit2 takes the folder around a git directory for its work tree, which one with `--separate-git-dir` is not.
        main = None if handle.is_bare else Path(handle.workdir)
        return main if main is not None and _git_dir_at(main) == self.git_dir else None

    def checkouts_of(self, branch: str) -> list[Checkout]:
        """The work trees that have the branch checked out, or are rebasing it; more than one where somebody forced it."""
        return [checkout for checkout in self.checkouts() if checkout.branch == branch]

    def checked_out_at(self, branch: str) -> Path | None:
        """The root of the first work tree that has the branch checked out."""
        return next((checkout.path for checkout in self.checkouts_of(branch)), None)

    # Commits

    def commit(self, commit: str) -> pygit2.Commit:
        """The commit of a full hash.

        Raises: UnknownCommit.
        """
        try:
            found = self.handle()[commit]
        except (KeyError, ValueError, pygit2.GitError):
            raise UnknownCommit(f"{self.path} holds no commit {commit!r}; was it pruned?") from None
        if not isinstance(found, pygit2.Commit):
            raise UnknownCommit(f"{commit} in {self.path} is not a commit")
        return found

    def has(self, commit: str) -> bool:
        """Whether the commit of a full hash is there."""
        try:
            self.commit(commit)
        except UnknownCommit:
            return False
        return True

    def is_ancestor(self, commit: str, of: str) -> bool:
        """Whether `commit` is `of`, or is reachable from it."""
        return commit == of or self.handle().descendant_of(self.commit(of).id, self.commit(commit).id)

    def tree_of(self, commit: str) -> str:
        """The hash of the commit's tree."""
        return str(self.commit(commit).tree_id)

    def parents(self, commit: str) -> tuple[str, ...]:
        """The hashes of the commit's parents, first parent first."""
        return tuple(str(parent) for parent in self.commit(commit).parent_ids)

    def message(self, commit: str) -> str:
        """The commit's message."""
        return self.commit(commit).message

    def read_file(self, commit: str, path: str) -> bytes | None:
        """A file's content in a commit; None where there is no file (nothing, a folder, a symlink, a submodule)."""
        try:
            entry = self.commit(commit).tree[path]
        except KeyError:
            return None
        if isinstance(entry, pygit2.Blob) and entry.filemode != FileMode.LINK:
            return entry.data
        return None

    def list_paths(self, commit: str) -> list[str]:
        """All paths of a commit, in git's order."""
        index = pygit2.Index()
        index.read_tree(self.commit(commit).tree)
        return [entry.path for entry in index]

    def changed_paths(self, a: str, b: str) -> list[str]:
        """Paths that differ between two commits, sorted; a rename counts as both paths."""
        diff = self._diff(a, b)
        return sorted({file.path for delta in diff.deltas for file in (delta.old_file, delta.new_file)})

    def patch(self, a: str, b: str, max_bytes: int) -> str:
        """The unified diff from a to b, cut after `max_bytes` with a line that says so."""
        pieces: list[bytes] = []
        left = max_bytes
        for patch in self._diff(a, b):
            data = b"" if patch is None else patch.data
            pieces.append(data[:left])
            left -= len(data)
            if left < 0:
                pieces.append(f"\n[diff cut after {max_bytes} bytes]\n".encode())
                break
        return b"".join(pieces).decode("utf-8", "replace")

    def _diff(self, a: str, b: str) -> pygit2.Diff:
        return self.commit(a).tree.diff_to_tree(self.commit(b).tree, flags=DiffOption.IGNORE_SUBMODULES)

    def _branch(self, name: str) -> pygit2.Reference:
        try:
            return self.handle().references[_HEADS + name]
        except (KeyError, ValueError):
            # ValueError: what no branch can be named, as `main~1`.
            raise UnknownBranch(f"{self.path} has no branch {name!r}; `git branch` lists them") from None

    def _lock_of(self, branch: str) -> Path:
        return self.git_dir / f"{_HEADS}{branch}.lock"


def _git_dir_at(path: Path) -> Path | None:
    found = pygit2.discover_repository(str(path))
    return None if found is None else Path(found).resolve()
