"""What is said about the state branch here and at a remote."""

from collections.abc import Mapping

from bot.replies.words import count


def outcome(was: str, remote: str, ref: str, events: int) -> str:
    """What a sync did, by how the two were."""
    here = count(events, "event")
    match was:
        case "behind":
            return f"orch-state is now as {remote} has it: {here}"
        case "same":
            return f"orch-state is the same here and at {remote}: {here}"
        case "nothing" if not events:
            return f"there is no orch-state, neither here nor at {remote}"
        case _:
            return f"{remote} has orch-state as it is here, at {ref}: {here}"


def united(remote: str, events: int, names: Mapping[str, str], set_aside: int) -> str:
    """Two histories were put together."""
    renamed = ", ".join(f"{old} is now {new}" for old, new in names.items())
    lines = [f"both sides had worked apart: {count(events, 'event')} of here now follow those of {remote}"]
    lines += [f"renamed, because the other side had given the same names: {renamed}"] if renamed else []
    lines += (
        [f"{count(set_aside, 'event')} could not follow; `orch status` shows the question about it"]
        if set_aside
        else []
    )
    return "\n".join(lines)


def how_to_read() -> str:
    """What works after the branch was fetched."""
    return "read it with `orch log`, `orch show`, `orch replay`, or `git log orch-state`; `orch verify` proves it"


def nothing_there(remote: str, ref: str) -> str:
    """The remote has no state branch."""
    other = "without --quiet" if ref.startswith("refs/orch/") else "with --quiet"
    return (
        f"{remote} has no {ref}; try {other}, or another --remote (an engine pushes with `[state] push` in orch.toml)"
    )


def is_elsewhere(remote: str) -> str:
    """There is no state branch here, and a remote's was fetched beside its other branches."""
    named = "" if remote == "origin" else f" --remote {remote}"
    return f"{remote} has the runs of this repository: `orch clone-state{named}` gets them here"


def no_remote_name(text: str) -> str:
    """An address where a name is wanted."""
    return f"{text!r} is no name of a git remote; `git remote add <name> <address>` makes one"


def differ(remote: str) -> str:
    """Both sides hold something of their own."""
    return f"both orch-state here and that of {remote} hold events that the other lacks; nothing was changed"


def broken(remote: str, kept: str, fault: str) -> str:
    """The branch of there holds what no engine wrote."""
    return (
        f"what {remote} has as orch-state is not what an engine writes: {fault} Nothing was changed here. "
        f"`git log {kept}` shows it all; put a good branch in its place there, from whoever has one"
    )
