"""Where runs are told of: bindings and posts on the blackboard, and their fold. Must not hold rules, and knows no chat."""

import msgspec

from engine.core import events as e
from engine.core.chat_entities import Binding, Post
from engine.core.ids import BindingId, PostId, RunId, number


class ChatBoard:
    """Bindings and posts with their indexes; `last_binding` and `last_post` are the last numbers given."""

    def __init__(self) -> None:
        self.bindings: dict[BindingId, Binding] = {}
        self.posts: dict[PostId, Post] = {}
        self.bindings_of: dict[RunId, tuple[BindingId, ...]] = {}
        self.keys: dict[tuple[BindingId, str], PostId] = {}
        self.unsettled: dict[PostId, None] = {}
        self.last_binding = 0
        self.last_post = 0

    def copy(self) -> "ChatBoard":
        """A board that later changes of this one do not reach."""
        twin = ChatBoard()
        twin.bindings, twin.posts = self.bindings.copy(), self.posts.copy()
        twin.bindings_of, twin.keys, twin.unsettled = self.bindings_of.copy(), self.keys.copy(), self.unsettled.copy()
        twin.last_binding, twin.last_post = self.last_binding, self.last_post
        return twin

    def entity(self, name: BindingId | PostId) -> Binding | Post:
        """What has this name.

        Raises: KeyError.
        """
        return self.bindings[BindingId(name)] if name.startswith("B") else self.posts[PostId(name)]

    def live(self, run: RunId) -> list[Binding]:
        """The run's bindings that hold, oldest first."""
        return [each for name in self.bindings_of.get(run, ()) if not (each := self.bindings[name]).ended]

    def put_binding(self, binding: Binding) -> None:
        """Set the binding as it is."""
        if binding.id not in self.bindings:
            self.bindings_of[binding.run] = (*self.bindings_of.get(binding.run, ()), binding.id)
        self.bindings[binding.id] = binding
        self.last_binding = max(self.last_binding, number(binding.id))

    def put_post(self, post: Post) -> None:
        """Set the post as it is."""
        self.posts[post.id] = post
        self.keys[post.binding, post.key] = post.id
        if post.is_settled:
            self.unsettled.pop(post.id, None)
        else:
            self.unsettled[post.id] = None
        self.last_post = max(self.last_post, number(post.id))

    def apply(self, event: e.ChatEvent, at: str) -> BindingId | PostId:
        """Fold the event in; the name of what it changed.

        Raises: KeyError for an unknown name.
        """
        match event:
            case e.ChatBound():
                self.put_binding(
                    Binding(event.binding, event.run, event.adapter, event.workspace, event.channel, bound_at=at)
                )
                return event.binding
            case e.ChatUnbound():
                self._change(event.binding, ended=event.reason or "unbound", ended_at=at)
                return event.binding
            case e.ThreadOpened():
                self._change(event.binding, thread=event.thread)
                return event.binding
            case e.PostIntended():
                self.put_post(
                    Post(
                        event.post, event.run, event.binding, event.content, event.key, intended_at=at,
                        about=event.about, lines=event.lines, until_seq=event.until_seq,
                    )
                )  # fmt: skip
                return event.post
            case e.PostSettled():
                post = self.posts[event.post]
                self.put_post(msgspec.structs.replace(post, message=event.message, dead=event.dead, settled_at=at))
                return event.post

    def _change(self, name: BindingId, **changes: object) -> None:
        self.put_binding(msgspec.structs.replace(self.bindings[name], **changes))
