"""The facts of where a run is told of: bindings, threads, posts; must not hold rules. On the wire for ever."""

from engine.core.entities import PostContent
from engine.core.event import Event
from engine.core.ids import BindingId, DecisionId, PostId


class ChatBound(Event, frozen=True):
    """The run is told of, and steered, in this channel from now on."""

    binding: BindingId
    adapter: str
    workspace: str
    channel: str


class ChatUnbound(Event, frozen=True):
    """The run is no longer told of there: a person unbound it, or the channel is closed to us."""

    binding: BindingId
    reason: str


class ThreadOpened(Event, frozen=True):
    """The run's card stands in the channel, with a thread under it."""

    binding: BindingId
    thread: str


class PostIntended(Event, frozen=True):
    """A message is to be posted; it is sent after this is durable, under a key that the chat recognises."""

    post: PostId
    binding: BindingId
    content: PostContent
    key: str
    about: DecisionId | None = None
    lines: tuple[str, ...] = ()
    until_seq: int = 0


class PostSettled(Event, frozen=True):
    """The chat has it, under this name; or it can never be posted."""

    post: PostId
    message: str = ""
    dead: str = ""
