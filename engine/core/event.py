"""What every event is: a fact of a run, with its kind on the wire. Must not know any particular fact."""

import msgspec

from engine.core.ids import RunId


def _kebab(name: str) -> str:
    return "".join(f"-{c.lower()}" if c.isupper() else c for c in name).lstrip("-")


class Event(msgspec.Struct, frozen=True, omit_defaults=True, tag_field="kind", tag=_kebab):
    """What every fact has: the run it belongs to."""

    run: RunId
