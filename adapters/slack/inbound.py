"""What a person did on Slack, as an Invocation, and how it can be answered. Pure: no answer is given here.

A thread is named like the message that it hangs from, so a run's thread and its card are known by one id.
"""

import html
import re
from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec

from adapters.slack.answers import Deed
from adapters.slack.controls import Control, read_button, read_form
from adapters.slack.directory import NAME
from adapters.slack.forms import values_of
from bot.port import Actor, Invocation, Kind, Place
from bot.text import cut, one_line

COMMAND: Final = "/orch"
SHORTCUT: Final = "orch:run"
UNKNOWN: Final = "?"
"""The name of a control that we did not make; the conversation says that it is out of date."""
HOME: Final = "home"
"""What somebody's own page asks for."""
MAX_NAME: Final = 80

Body = Mapping[str, Any]


class Heard(msgspec.Struct, frozen=True):
    """The deed and its means. `asks_objective`: a form is to be put first, with this text in it."""

    invocation: Invocation
    deed: Deed
    asks_objective: str | None = None


class _Where(msgspec.Struct, frozen=True):
    channel: str
    thread: str | None = None
    is_home: bool = False


def key_of_deed(body: Body) -> str:
    """The same for each delivery of one deed, empty for what is none."""
    kind = body.get("type")
    if kind == "event_callback":
        return str(body.get("event_id", ""))
    if kind == "block_actions":
        action, (where, user) = _first(body.get("actions")), (_map(body, "container"), _map(body, "user"))
        message = where.get("message_ts") or where.get("view_id", "")
        return "/".join(
            str(each) for each in (user.get("id"), message, action.get("action_id"), action.get("action_ts"))
        )
    if kind in {"view_submission", "view_closed"}:
        view = _map(body, "view")
        return f"{view.get('id')}/{view.get('hash')}/{kind}"
    return str(body.get("trigger_id", ""))


def heard(body: Body, me: str) -> Heard | None:
    """The deed; None for what is none of ours. `me` is the bot's own user."""
    kind = str(body.get("type", "command" if "command" in body else ""))
    hear = _KINDS.get(kind)
    return hear(_Ear(body, me)) if hear is not None else None


def plain(text: str) -> str:
    """Slack's escapes and links as the person typed them."""
    return html.unescape(_LINK.sub(_unlinked, text))


_LINK: Final = re.compile(r"<([^<>|]*)(?:\|([^<>]*))?>")


def _unlinked(match: re.Match[str]) -> str:
    target, label = match[1], match[2] or ""
    if target[:1] in {"@", "#", "!"}:
        name = label.lstrip("@#") or target.lstrip("@#!").partition("^")[0]
        return f"{'#' if target[0] == '#' else '@'}{name}" if target[:6] != "!date^" else label
    return label if label and label in target else target


class _Ear(msgspec.Struct, frozen=True):
    """A payload being read."""

    body: Body
    me: str

    def invocation(
        self, kind: Kind, where: _Where, user: Body, name: str, args: dict[str, str], values: dict[str, str] | None = None
    ) -> Invocation:  # fmt: skip
        team = str(_map(self.body, "team").get("id") or self.body.get("team_id", ""))
        theirs = str(user.get("team_id") or team)
        label = cut(one_line(str(user.get("name") or user.get("username") or user.get("id", ""))), MAX_NAME)
        key = key_of_deed(self.body)
        return Invocation(
            Place(NAME, team, where.channel), Actor(f"{NAME}:{theirs}:{user.get('id', '')}", label), key, kind, name,
            where.thread, args, values or {}, handle=key, is_home=where.is_home,
        )  # fmt: skip


def _command(ear: _Ear) -> Heard | None:
    body = ear.body
    if body.get("command") != COMMAND:
        return None
    user = {"id": body.get("user_id"), "name": body.get("user_name")}
    args = {"text": plain(str(body.get("text") or ""))}
    deed = Deed("command", str(body.get("trigger_id", "")), str(body.get("response_url", "")))
    return Heard(ear.invocation("command", _Where(str(body.get("channel_id", ""))), user, "", args), deed)


def _event(ear: _Ear) -> Heard | None:
    event = _map(ear.body, "event")
    user = {"id": event.get("user"), "team_id": event.get("user_team")}
    channel, thread = str(event.get("channel", "")), event.get("thread_ts")
    is_bots = bool(event.get("bot_id") or event.get("subtype")) or not event.get("user")
    match event.get("type"):
        case "app_home_opened" if event.get("tab") == "home" and not is_bots:
            return Heard(ear.invocation("command", _Where(channel, is_home=True), user, HOME, {}), Deed("home"))
        case "message" if event.get("channel_type") == "im" and not is_bots:
            pass
        case "app_mention" if not is_bots:
            pass
        case _:
            return None
    text = re.sub(rf"<@{re.escape(ear.me)}(\|[^>]*)?>", " ", str(event.get("text") or ""))
    where = _Where(channel, str(thread) if thread else None)
    return Heard(ear.invocation("mention", where, user, "", {"text": plain(text).strip()}), Deed("click"))


def _click(ear: _Ear) -> Heard | None:
    body = ear.body
    control = read_button(str(_first(body.get("actions")).get("action_id", ""))) or Control(UNKNOWN, {})
    deed = Deed("click", str(body.get("trigger_id", "")), str(body.get("response_url", "")))
    if _map(body, "view").get("type") == "home":
        # The page has no channel, so it carries that of the person's messages (adapters/slack/home.py).
        at_home = _Where(str(_map(body, "view").get("private_metadata", "")), is_home=True)
        return Heard(ear.invocation("click", at_home, _map(body, "user"), control.name, control.args), deed)
    channel = _map(body, "channel").get("id") or _map(body, "container").get("channel_id", "")
    message, container = _map(body, "message"), _map(body, "container")
    # A button in the channel is on a run's card, and its thread hangs from it.
    thread = container.get("thread_ts") or message.get("thread_ts") or container.get("message_ts")
    where = _Where(str(channel), str(thread) if thread else None)
    return Heard(ear.invocation("click", where, _map(body, "user"), control.name, control.args), deed)


def _form(ear: _Ear) -> Heard | None:
    view = _map(ear.body, "view")
    found = read_form(str(view.get("callback_id", "")), str(view.get("private_metadata", "")))
    control = found or Control(UNKNOWN, {})
    values = values_of(_map(_map(view, "state"), "values")) if found else {}
    where = _Where(control.channel, control.thread, control.is_home)
    invocation = ear.invocation("form", where, _map(ear.body, "user"), control.name, control.args, values)
    return Heard(invocation, Deed("form")) if control.channel else None


def _shortcut(ear: _Ear) -> Heard | None:
    body, message = ear.body, _map(ear.body, "message")
    if body.get("callback_id") != SHORTCUT:
        return None
    where = _Where(str(_map(body, "channel").get("id", "")))
    deed = Deed("click", str(body.get("trigger_id", "")), str(body.get("response_url", "")))
    invocation = ear.invocation("click", where, _map(body, "user"), "start", {})
    return Heard(invocation, deed, plain(str(message.get("text") or "")))


_KINDS: Final[dict[str, Callable[[_Ear], Heard | None]]] = {
    "command": _command, "event_callback": _event, "block_actions": _click, "view_submission": _form,
    "message_action": _shortcut,
}  # fmt: skip


def _map(body: Body, name: str) -> Body:
    """A part of a payload; nothing where it is no object."""
    found = body.get(name)
    return found if isinstance(found, Mapping) else {}


def _first(parts: object) -> Body:
    found = parts[0] if isinstance(parts, list) and parts else {}
    return found if isinstance(found, Mapping) else {}
