"""What is told where, and what that means: bind, open, intend, settle, remind. Pure.

Chat never changes a task or a run, and may go on after a run's end: the end itself has to be told.
"""

from engine.core import commands as c
from engine.core import events as e
from engine.core.blackboard import Blackboard
from engine.core.chat_entities import Binding
from engine.core.deciding import Events
from engine.core.ids import BindingId, PostId


def decide_chat(board: Blackboard, command: c.ChatCommand) -> Events | c.Refused:
    """The events that carry the order out, or why it is refused."""
    match command:
        case c.BindChat():
            return _bind(board, command)
        case c.IntendPost():
            return _intend(board, command)
        case c.SettlePost():
            return _settle(board, command)
        case c.RemindDecision():
            return _remind(board, command)
        case c.UnbindChat() | c.OpenThread():
            return _change(board, command)


def _bind(board: Blackboard, command: c.BindChat) -> Events | c.Refused:
    if command.run not in board.runs:
        return c.Refused(f"there is no run {command.run}; `orch list` shows the runs")
    place = (command.adapter, command.workspace, command.channel)
    for other in board.chat.live(command.run):
        if (other.adapter, other.workspace, other.channel) == place:
            return c.Refused(f"{command.run} is bound to {':'.join(place)} already")
    name = BindingId(f"B{board.chat.last_binding + 1}")
    return [
        e.ChatBound(
            command.run, binding=name, adapter=command.adapter, workspace=command.workspace, channel=command.channel
        )
    ]


def _change(board: Blackboard, command: c.UnbindChat | c.OpenThread) -> Events | c.Refused:
    found = _live(board, command.binding)
    if isinstance(found, c.Refused):
        return found
    if isinstance(command, c.UnbindChat):
        return [e.ChatUnbound(found.run, binding=found.id, reason=command.reason)]
    if found.thread:
        return c.Refused(f"{found.id} has its thread already")
    if not command.thread:
        return c.Refused(f"the thread of {found.id} has no name; the chat names it when the card was posted")
    return [e.ThreadOpened(found.run, binding=found.id, thread=command.thread)]


def _live(board: Blackboard, name: BindingId) -> Binding | c.Refused:
    found = board.chat.bindings.get(name)
    if found is None:
        return c.Refused(f"there is no binding {name}; `orch show` lists the bindings of a run")
    return c.Refused(f"{name} no longer holds: {found.ended}") if found.ended else found


def _intend(board: Blackboard, command: c.IntendPost) -> Events | c.Refused:
    found = _live(board, command.binding)
    if isinstance(found, c.Refused):
        return found
    if (twin := board.chat.keys.get((found.id, command.key))) is not None:
        return c.Refused(f"{command.key!r} is said in {found.id} already, by {twin}")
    if command.about is not None and command.about not in board.decisions:
        return c.Refused(f"there is no question {command.about}")
    return [
        e.PostIntended(
            found.run, post=PostId(f"P{board.chat.last_post + 1}"), binding=found.id, content=command.content,
            key=command.key, about=command.about, lines=command.lines, until_seq=command.until_seq,
        )
    ]  # fmt: skip


def _settle(board: Blackboard, command: c.SettlePost) -> Events | c.Refused:
    post = board.chat.posts.get(command.post)
    if post is None:
        return c.Refused(f"there is no post {command.post}")
    if post.is_settled:
        return c.Refused(f"{post.id} is settled already")
    if bool(command.message) == bool(command.dead):
        return c.Refused(f"{post.id} is settled by the name of its message, or by why it has none")
    return [e.PostSettled(post.run, post=post.id, message=command.message, dead=command.dead)]


def _remind(board: Blackboard, command: c.RemindDecision) -> Events | c.Refused:
    decision = board.decisions.get(command.decision)
    if decision is None or not decision.is_open:
        return c.Refused(f"{command.decision} is not open; nobody needs to be reminded")
    return [e.DecisionReminded(decision.run, decision=decision.id)]
