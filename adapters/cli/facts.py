"""Facts as programs read them: what `--json` prints beyond the cards themselves."""

import msgspec

from engine.core import events as e


def record_facts(record: e.Record) -> dict[str, object]:
    """The record with its event as the state branch has it, so that a reader needs one description of events, not two."""
    event: object = msgspec.json.decode(e.encode(record.event))
    return {"seq": record.seq, "at": record.at, "actor": record.actor, "event": event}
