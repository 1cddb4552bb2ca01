"""Where a run is told of, and what is said there: bindings and posts; must not hold rules or know how it is stored."""

import msgspec

from engine.core.entities import PostContent
from engine.core.ids import BindingId, DecisionId, PostId, RunId


class Binding(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """A run's place in a channel of a chat. `thread` is empty until it was opened; `ended` says why it no longer holds."""

    id: BindingId
    run: RunId
    adapter: str
    workspace: str
    channel: str
    bound_at: str
    thread: str = ""
    ended: str = ""
    ended_at: str = ""


class Post(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """A message that is to be, or was, posted into a binding's thread: what it is about, never how it looks.

    `key` is unique in its binding, so that nothing is said twice. Only a digest brings `lines`, which cover the log up to
    `until_seq`. It is settled when the chat has named the `message`, or when it is `dead`, with the reason.
    """

    id: PostId
    run: RunId
    binding: BindingId
    content: PostContent
    key: str
    intended_at: str
    about: DecisionId | None = None
    lines: tuple[str, ...] = ()
    until_seq: int = 0
    message: str = ""
    dead: str = ""
    settled_at: str = ""

    @property
    def is_settled(self) -> bool:
        """Whether nothing more is to be done about it."""
        return bool(self.message or self.dead)
