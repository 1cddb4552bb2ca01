"""What `orch upkeep` says, and how sizes are written."""

from bot.replies.words import count


def tended(sealed: int, packs_before: int, packs_after: int) -> str:
    """What was done."""
    packs = (
        f"{count(packs_before, 'pack')} became {packs_after}" if packs_after < packs_before else "the packs are fine"
    )
    return f"{packs}; {count(sealed, 'run')} put away in the archive"


def engine_is_running() -> str:
    """Why no run was sealed."""
    return "an engine is running here, so no old run was put away: call `orch upkeep` again when it has stopped"


def sizes(branch_bytes: int, pack_bytes: int, packs: int, epochs: int) -> str:
    """How big things are now."""
    earlier = f", {count(epochs, 'earlier epoch')} kept" if epochs else ""
    return (
        f"orch-state is {size(branch_bytes)} for a clone{earlier}; "
        f"the repository holds {size(pack_bytes)} in {count(packs, 'pack')}"
    )


def epoch_is_full(epoch_bytes: int) -> str:
    """What comes of a branch that is too big; an upkeep of the engine does it, which has something to write."""
    return f"orch-state is over {size(epoch_bytes)} for a clone: the next engine begins a new epoch"


def size(in_bytes: int) -> str:
    """`812 bytes`, `1.4 kB`, `32.0 MB`, `73.5 GB`."""
    if in_bytes < 1000:
        return f"{in_bytes} bytes"
    for unit, unit_bytes in (("kB", 1000), ("MB", 1_000_000)):
        if in_bytes < 1000 * unit_bytes:
            return f"{in_bytes / unit_bytes:.1f} {unit}"
    return f"{in_bytes / 1_000_000_000:.1f} GB"
