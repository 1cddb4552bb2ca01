"""What a look at a chat found: `orch slack check` and `orch discord check` tell it alike."""

import msgspec


class Finding(msgspec.Struct, frozen=True):
    """One thing that was looked at; `is_ok`, or the sentence says what to change."""

    about: str
    is_ok: bool
    sentence: str
