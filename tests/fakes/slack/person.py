"""A person at Slack: they type, press what they see, fill in the form before them, and read what stands there. No more.

What the bot answers to the acknowledgement itself is shown as Slack shows it: words to the person alone, mistakes in a form.
"""

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from tests.fakes.slack import payloads, reading
from tests.fakes.slack.chat_methods import told
from tests.fakes.slack.deliveries import Kind, Outcome
from tests.fakes.slack.server import Slack
from tests.fakes.slack.view_methods import told as told_view
from tests.fakes.slack.workspace import BOT_USER, Block, Channel, Post, View, Whisper


class NotShown(Exception):
    """There is no such thing before the person's eyes."""


class Seen(msgspec.Struct, frozen=True):
    """A control on somebody's screen, with what stood around it when they looked."""

    label: str
    element: Block
    block: Block
    channel: str = ""
    message: dict[str, Any] | None = None
    view: dict[str, Any] | None = None
    is_private: bool = False


class Person:
    """`warnings` is what Slack itself told them: that something failed, or what is wrong in a form."""

    def __init__(self, slack: Slack, name: str) -> None:
        self._slack = slack
        self.name = name
        self.id = slack.space.user(name)
        self.warnings: list[str] = []
        self.trigger = ""
        self.address = ""

    # What they do.

    async def types(self, text: str, channel: Channel, *, trigger: str = "") -> Outcome:
        """A slash command; there is none in a thread. `trigger` names one that is delivered again."""
        self._joins(channel)
        self._ticket(channel, "", trigger)
        command, _, rest = text.partition(" ")
        assert command == "/orch", "there is no other command here"
        # The manifest says `should_escape`: people are told by their ids, too.
        named = _NAME.sub(lambda match: self._named(match[1]), _escaped(rest))
        told = payloads.slash(self.id, self.name, channel, named, self.trigger, self.address)
        return await self._bring("slash_commands", told, f"{command} failed with the error operation_timeout")

    async def says(self, text: str, channel: Channel, thread: str = "") -> Outcome | None:
        """A message; the bot hears of it when it is named in a channel that it is in, or in a direct message."""
        self._joins(channel)
        space, scopes = self._slack.space, self._slack.api.scopes
        wire = _escaped(text).replace("@orch", f"<@{BOT_USER}>")
        post = space.post(Post(channel.id, "", self.id, wire, [], thread))
        is_named = "@orch" in text and BOT_USER in channel.members and "app_mentions:read" in scopes
        kind = "message" if channel.kind == "im" and "im:history" in scopes else "app_mention" if is_named else ""
        if not kind:
            return None
        event: dict[str, Any] = {
            "type": kind, "user": self.id, "text": wire, "ts": post.ts, "event_ts": post.ts, "channel": channel.id,
            "team": "T1", "client_msg_id": space.next_id("m"),
        }  # fmt: skip
        event |= {"thread_ts": thread} if thread else {}
        event |= {"channel_type": "im"} if kind == "message" else {}
        return await self._event(event)

    async def opens_home(self) -> Outcome:
        """The app's own page."""
        channel = self._slack.space.direct(self.id)
        event = {
            "type": "app_home_opened", "user": self.id, "channel": channel.id, "tab": "home",
            "event_ts": self._slack.space.next_ts(),
        }  # fmt: skip
        return await self._event(event)

    async def presses(self, seen: Seen, *, trigger: str = "", option: str = "", action_ts: str = "") -> Outcome:
        """A control that they see, or saw."""
        channel = self._slack.space.channels.get(seen.channel)
        thread = str((seen.message or {}).get("thread_ts", ""))
        if channel is not None:
            self._joins(channel)
        self._ticket(channel, thread, trigger)
        action = {
            "type": seen.element["type"], "action_id": seen.element["action_id"], "block_id": seen.block["block_id"],
            "action_ts": action_ts or self._slack.space.next_ts(),
        }  # fmt: skip
        action |= {name: seen.element[name] for name in ("text", "value", "style") if name in seen.element}
        if "options" in seen.element:
            action["selected_option"] = _picked(seen.element, option)
        where = self._around(seen, channel)
        told = payloads.click(self.id, self.name, self.trigger, action, where)
        return await self._bring("interactive", told, "this app did not respond")

    async def uses_shortcut(self, callback: str, post: Post) -> Outcome:
        """An entry of a message's menu."""
        channel = self._slack.space.channels[post.channel]
        self._ticket(channel, post.thread_ts, "")
        where = {"channel": _about(channel), "response_url": self.address}
        told_message = told(post)
        message = payloads.shortcut(self.id, self.name, self.trigger, callback, told_message, where)
        return await self._bring("interactive", message, "this app did not respond")

    async def fills_in(self, values: Mapping[str, str], *, view: View | None = None) -> Outcome:
        """The form before them; fields by their labels or ids.

        Raises: NotShown for a field or an option that is not there, or one that must be filled in and is not.
        """
        view = view or self.form()
        state = _state(view, values)
        self._ticket(None, "", "")
        told = payloads.submission(self.id, self.name, self.trigger, told_view(view, state))
        outcome = await self._bring("interactive", told, "we had some trouble connecting")
        if outcome.is_acked:
            self._answered(view, outcome.body or {})
        return outcome

    # What they see.

    def form(self) -> View:
        """The form before them."""
        mine = [view for view in self._slack.space.views.values() if view.user == self.id and view.is_open]
        if not mine:
            raise NotShown(f"no form is before {self.name}")
        return mine[-1]

    def reads_form(self) -> str:
        view = self.form().payload
        return "\n".join([view["title"]["text"], reading.read("", view["blocks"])])

    def home(self) -> View:
        return self._slack.space.homes[self.id]

    def reads_home(self) -> str:
        return reading.read("", self.home().payload["blocks"])

    def whispers(self) -> list[Whisper]:
        return [each for each in self._slack.space.whispers if each.user == self.id]

    def told_alone(self) -> list[str]:
        """What only they were told."""
        return [reading.read(each.text, each.blocks) for each in self.whispers()]

    def controls_on(self, post: Post) -> list[Seen]:
        """What can be pressed on a message."""
        message = told(post)
        found = reading.controls(post.blocks)
        return [Seen(reading.label_of(part), dict(part), dict(block), post.channel, message) for block, part in found]

    def controls_at_home(self) -> list[Seen]:
        view = self.home()
        found = reading.controls(view.payload["blocks"])
        return [Seen(reading.label_of(part), dict(part), dict(block), view=told_view(view)) for block, part in found]

    def sees(self, label: str, post: Post) -> Seen:
        """The control of this label.

        Raises: NotShown.
        """
        for each in self.controls_on(post):
            if each.label == label:
                return each
        raise NotShown(f"{label!r} is not on the message; {[each.label for each in self.controls_on(post)]} are")

    # Slack between them and the bot.

    def _named(self, name: str) -> str:
        found = [user for user, each in self._slack.space.users.items() if each == name]
        return f"<@{found[0]}|{name}>" if found else f"@{name}"

    def _joins(self, channel: Channel) -> None:
        channel.members.add(self.id)

    def _ticket(self, channel: Channel | None, thread: str, trigger: str) -> None:
        space = self._slack.space
        self.trigger = trigger if trigger in space.triggers else space.trigger(self.id, trigger)
        self.address = f"{self._slack.base}/respond/{space.address(self.id, channel.id, thread)}" if channel else ""

    async def _event(self, told: dict[str, Any]) -> Outcome:
        space = self._slack.space
        payload = payloads.event(space.next_id("Ev"), told, int(space.now()))
        return await self._slack.deliveries.bring("events_api", payload)

    async def _bring(self, kind: Kind, payload: dict[str, Any], failure: str) -> Outcome:
        address = self.address
        outcome = await self._slack.deliveries.bring(kind, payload)
        if not outcome.is_acked:
            self.warnings.append(failure)
        elif kind == "slash_commands" and outcome.body and outcome.body.get("text"):
            text, blocks = str(outcome.body["text"]), outcome.body.get("blocks") or []
            self._slack.space.whispers.append(Whisper(payload["channel_id"], self.id, text, blocks, "", address))
        return outcome

    def _answered(self, view: View, body: dict[str, Any]) -> None:
        match body.get("response_action"):
            case "errors":
                self.warnings += [str(text) for text in body["errors"].values()]
            case "update":
                view.payload, view.hash = body["view"], self._slack.space.next_id("hash")
            case _:
                view.is_open = False

    def _around(self, seen: Seen, channel: Channel | None) -> dict[str, Any]:
        if seen.view is not None:
            return {"container": {"type": "view", "view_id": seen.view["id"]}, "view": seen.view}
        assert seen.message is not None
        assert channel is not None
        container = {
            "type": "message", "message_ts": seen.message["ts"], "channel_id": channel.id, "is_ephemeral": seen.is_private,
        }  # fmt: skip
        if "thread_ts" in seen.message:
            container["thread_ts"] = seen.message["thread_ts"]
        return {
            "container": container, "channel": _about(channel), "message": seen.message, "response_url": self.address,
            "state": {"values": {}},
        }  # fmt: skip


def _about(channel: Channel) -> dict[str, str]:
    return {"id": channel.id, "name": channel.name}


_NAME = re.compile(r"@(\w+)")
_ADDRESS = re.compile(r"\b(?:https?://[^\s&|`]+|[a-z0-9-]+\.(?:com|org|net)\b)")


def _escaped(text: str) -> str:
    """As Slack sends what people type: with escapes, and with links where it sees an address."""
    return _ADDRESS.sub(_linked, text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;"))


def _linked(match: re.Match[str]) -> str:
    return f"<{match[0]}>" if "://" in match[0] else f"<http://{match[0]}|{match[0]}>"


def _picked(element: Mapping[str, Any], option: str) -> dict[str, Any]:
    for each in element["options"]:
        if option in {each["value"], each["text"]["text"]}:
            return dict(each)
    raise NotShown(f"{option!r} is no option")


def _state(view: View, values: Mapping[str, str]) -> dict[str, Any]:
    """What is filled in, as Slack tells it; what the client itself would refuse is refused here."""
    state: dict[str, Any] = {}
    left = dict(values)
    for block in view.payload["blocks"]:
        if block["type"] != "input":
            continue
        element, label = block["element"], block["label"]["text"]
        typed = left.pop(label, left.pop(block["block_id"], element.get("initial_value", "")))
        if not typed and not block.get("optional", False):
            raise NotShown(f"{label!r} must be filled in")
        if len(typed) > element.get("max_length", 3_000):
            raise NotShown(f"{label!r} takes no more than {element['max_length']} characters")
        state[block["block_id"]] = {element["action_id"]: _filled(element, typed)}
    if left:
        raise NotShown(f"the form has no {', '.join(left)}")
    return state


def _filled(element: Mapping[str, Any], typed: str) -> dict[str, Any]:
    if element["type"] == "static_select":
        return {"type": "static_select", "selected_option": _picked(element, typed) if typed else None}
    return {"type": "plain_text_input", "value": typed or None}
