"""What `orch doctor` says: how each part is, and what to do about one that is not well."""

from collections.abc import Sequence
from datetime import UTC, datetime

from bot.replies.upkeep import size
from bot.replies.words import count, listed

NAMES = {"ok": "ok", "note": "note", "wrong": "wrong"}


def line(state: str, name: str, says: str) -> str:
    """One part, in one line."""
    return f"{NAMES[state]:<6} {name:<13} {says}"


def remedy(text: str) -> str:
    """What to do about the line above."""
    return f"{'':<20} {text}"


def outcome(wrong: int) -> str:
    """The last line."""
    return "everything that orch needs is here" if not wrong else f"{count(wrong, 'part')} not well"


def python(version: str, executable: str) -> str:
    """Which Python runs orch."""
    return f"{version}, {executable}"


def git(version: str) -> str:
    """Which git is used."""
    return version


def get_newer_git(oldest: str) -> str:
    """Git is missing or too old."""
    return f"install git {oldest} or newer"


def repository(path: str, branch: str) -> str:
    """Where orch would work."""
    return f"{path}, on {branch}" if branch else f"{path}, on no branch"


def switch_branch() -> str:
    """Nothing can be started on a detached HEAD."""
    return "runs begin on a branch: `git switch <branch>`"


def disk(free_bytes: int) -> str:
    """Room for worktrees and history."""
    return f"{size(free_bytes)} free"


def free_disk() -> str:
    """There is little room."""
    return "make room: each attempt has a worktree of its own, and a full disk stops the engine"


def sandbox(level: str, wanted: str) -> str:
    """What commands of agents run in."""
    return level if wanted in ("auto", level) else f"{level}, where {wanted} is asked for"


def better_sandbox() -> str:
    """A weaker sandbox than there could be."""
    return "bubblewrap hides more; allow unprivileged user namespaces for it (docs/configuration.md)"


def no_sandbox() -> str:
    """Nothing to run commands in."""
    return (
        "agents' commands have nowhere safe to run: use a machine with bubblewrap or Landlock, or set ORCH_SANDBOX=none"
    )


def settings(file: str, is_there: bool) -> str:
    """Where the settings come from."""
    return f"{file} and the environment" if is_there else f"the environment and defaults; there is no {file}"


def models(names: Sequence[str]) -> str:
    """What roles think with."""
    return listed(names)


def pilot_only() -> str:
    """No language model is configured."""
    return "the pilot only searches for single edits: name a model in ORCH_MODEL or orch.toml, and give its key"


def state_branch(branch_bytes: int, packs: int, epochs: int, has_graph: bool) -> str:
    """How big the state branch is."""
    earlier = f", {count(epochs, 'earlier epoch')}" if epochs else ""
    graph = "" if has_graph else ", no commit-graph yet"
    return f"orch-state is {size(branch_bytes)} for a clone{earlier}; {count(packs, 'pack')}{graph}"


def no_state_branch() -> str:
    """Nothing was run here yet."""
    return "no run has written orch-state here yet"


def tend() -> str:
    """Many small packs, and no engine that puts them together."""
    return "`orch upkeep` puts the packs together"


def mirror(remote: str, ref: str) -> str:
    """Where the state branch is pushed to."""
    return f"pushed to {ref} of {remote}"


def no_mirror() -> str:
    """The state branch stays here."""
    return "orch-state is pushed nowhere"


def add_remote(remote: str) -> str:
    """The settings name a remote that is not there."""
    return f"there is no such remote: `git remote add {remote} <address>`, or correct [state] push in orch.toml"


def engine_holds(pid: int, host: str, since_ms: int) -> str:
    """Who has the repository."""
    since = datetime.fromtimestamp(since_ms / 1000, tz=UTC)
    return f"process {pid} on {host}, since {since:%Y-%m-%d %H:%M} UTC"


def engine_rests() -> str:
    """Nobody has the repository."""
    return "none runs here"


def engine_is_silent(why: str) -> str:
    """The lock is held, but nobody answers."""
    return f"the lock is held, but its holder does not answer: {why}"


def chats(names: list[str], told: dict[str, str]) -> str:
    """Where people can talk to orch, and how those places are."""
    return ", ".join(f"{name} ({told[name]})" if name in told else name for name in names)


def health(is_up: bool, detail: str) -> str:
    """How a chat is, as the engine hears it."""
    word = "connected" if is_up else "not connected"
    return f"{word}: {detail}" if detail else word


def look_at_chat() -> str:
    """A chat that is not connected."""
    return "see the terminal of `orch up`; a token or a right may be missing (docs/configuration.md)"
