"""Somebody at Discord's client: reads what is shown to them, and can do what the client lets them do, nothing else."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from tests.fakes.discord.commands import INTEGER, MAX_TYPED, STRING
from tests.fakes.discord.components import BUTTON, SELECT, each_part
from tests.fakes.discord.deeds import CLICK, COMMAND, FIRST_S, FORM, TYPING, Deed
from tests.fakes.discord.posts import is_hidden
from tests.fakes.discord.powers import SEND, SEND_IN_THREADS, USE_COMMANDS, VIEW
from tests.fakes.discord.screen import read
from tests.fakes.discord.server import Discord
from tests.fakes.discord.shapes import units
from tests.fakes.discord.world import Body, is_thread

LAG_S = 3.0
"""How long somebody may still press what a change has just taken off: their screen is a moment behind."""
FAILED = "The application did not respond"


class NotShown(Exception):
    """Discord's client shows no such thing to them."""


class Person:
    """A member of the server. What they do begins a Deed; `answer` waits for what the bot says to it."""

    def __init__(self, server: Discord, name: str, *roles: str) -> None:
        self._server = server
        self.id = server.world.add_person(name, *roles)

    def joins(self, role: str) -> str:
        """They get the role; returns its id."""
        world = self._server.world
        found = next((number for number, each in world.roles.items() if each["name"] == role), "") or world.add_role(
            role
        )
        world.members[self.id]["roles"].append(found)
        return found

    # What they see.

    def sees(self, channel: str) -> list[Body]:
        """The messages of the channel, those for their eyes alone among them."""
        if not self._server.world.powers(self.id, channel) & VIEW:
            raise NotShown(f"{channel} can't be seen")
        return self._server.posts.seen(channel, self.id)

    def reads(self, channel: str) -> list[str]:
        """The texts of the channel."""
        return [read(each) for each in self.sees(channel)]

    def offered(self, channel: str) -> Mapping[str, Body]:
        """The commands that they are offered, by name."""
        world = self._server.world
        has = world.powers(self.id, channel)
        return {
            each["name"]: each
            for each in world.commands
            if has & USE_COMMANDS and not int(each["default_member_permissions"] or 0) & ~has
        }

    @property
    def form(self) -> Body | None:
        """The form that is open on their screen: it stays there whatever becomes of the bot."""
        deed = self._with_form()
        return deed.form if deed is not None else None

    # What they do.

    def runs(
        self, channel: str, command: str, subcommand: str, values: Mapping[str, str] = {}, *, number: str = ""
    ) -> Deed:
        """A slash command, chosen from what is offered; `number` is the deed's id, where a test has to know it beforehand.

        Raises: NotShown.
        """
        chosen = self._subcommand(channel, command, subcommand)
        told = {"type": 1, "name": subcommand, "options": _filled(chosen.get("options", ()), values)}
        data = self._data(channel, command, told)
        return self._server.deeds.begin(COMMAND, self.id, channel, data, number=number)

    async def types(self, channel: str, command: str, subcommand: str, option: str, typed: str) -> list[str]:
        """What is suggested while they type into an option.

        Raises: NotShown.
        """
        chosen = self._subcommand(channel, command, subcommand)
        found = next((each for each in chosen.get("options", ()) if each["name"] == option), None)
        if found is None or not found.get("autocomplete"):
            raise NotShown(f"nothing is suggested for {option}")
        field = {"type": found["type"], "name": option, "value": typed, "focused": True}
        data = self._data(channel, command, {"type": 1, "name": subcommand, "options": [field]})
        deed = self._server.deeds.begin(TYPING, self.id, channel, data, waiting_type=found["type"])
        await self.answer(deed)
        return [each["name"] for each in deed.choices or ()]

    def says(self, channel: str, text: str) -> Body:
        """A message of theirs.

        Raises: Refusal, NotShown.
        """
        world = self._server.world
        world.require(self.id, channel, SEND_IN_THREADS if is_thread(world.channel_of(channel)) else SEND)
        self._server.threads.wake(self.id, channel)
        return self._server.posts.post(channel, self.id, {"content": text})

    def clicks(self, channel: str, message: str, label: str) -> Deed:
        """A button of the message, by what stands on it.

        Raises: NotShown.
        """
        for shown in self._shown(channel, message):
            for _, part in each_part(shown["components"]):
                if part["type"] == BUTTON and part.get("label") == label and not part.get("disabled"):
                    return self.presses(channel, message, part["custom_id"])
        raise NotShown(f"no button {label!r}")

    def presses(self, channel: str, message: str, custom_id: str) -> Deed:
        """A button of the message, by its name on the wire.

        Raises: NotShown.
        """
        parts = [part for shown in self._shown(channel, message) for _, part in each_part(shown["components"])]
        found = next((part for part in parts if part.get("custom_id") == custom_id and not part.get("disabled")), None)
        if found is None or found["type"] != BUTTON:
            raise NotShown(f"no button {custom_id!r}")
        data = {"custom_id": custom_id, "component_type": BUTTON, "id": found["id"]}
        return self._server.deeds.begin(CLICK, self.id, channel, data, source=message)

    def fills_in(self, values: Mapping[str, str]) -> Deed:
        """The form that is open; what is not named stays as it is. It closes.

        Raises: NotShown.
        """
        deed = self._with_form()
        if deed is None or deed.form is None:
            raise NotShown("no form is open")
        labels = [each for each in deed.form["components"] if "component" in each]
        unknown = values.keys() - {each["component"]["custom_id"] for each in labels}
        if unknown:
            raise NotShown(f"the form has no {sorted(unknown)}")
        data = {"custom_id": deed.form["custom_id"], "components": [_answered(each, values) for each in labels]}
        deed.is_filled_in = True
        begun = self._server.deeds.begin(FORM, self.id, deed.channel, data, source=deed.source)
        begun.trigger = deed.id
        return begun

    async def answer(self, deed: Deed) -> str:
        """What stands there as the first answer: empty for an announcement or a form, a sentence of Discord's when none came."""
        try:
            async with asyncio.timeout(FIRST_S):
                await deed.answered.wait()
        except TimeoutError:
            return FAILED
        return read(self._server.deeds.original(deed)) if deed.original and deed.state == "answered" else ""

    def told(self, deed: Deed) -> list[str]:
        """Everything that was said to them alone in answer to what they did."""
        return [
            read(each)
            for each in self._server.posts.seen(deed.channel, self.id)
            if is_hidden(each) and each["interaction_metadata"]["id"] == deed.id
        ]

    def _shown(self, channel: str, message: str) -> list[Body]:
        """The message as it stands, and as it stood a moment ago."""
        world, posts = self._server.world, self._server.posts
        if not world.powers(self.id, channel) & VIEW:
            raise NotShown(f"{channel} can't be seen")
        now = posts.find(channel, message, reader=self.id)
        lately = [was for at_ms, was in posts.edits.get(message, ()) if world.now_ms() - at_ms <= LAG_S * 1000]
        return [now, *reversed(lately)]

    def _subcommand(self, channel: str, command: str, subcommand: str) -> Body:
        options = self.offered(channel).get(command, {}).get("options", ())
        found = next((each for each in options if each["name"] == subcommand and each["type"] == 1), None)
        if found is None:
            raise NotShown(f"/{command} {subcommand} is not offered")
        return dict(found)

    def _data(self, channel: str, command: str, told: Body) -> Body:
        chosen = self.offered(channel)[command]
        return {"id": chosen["id"], "name": command, "type": 1, "guild_id": self._server.world.guild, "options": [told]}

    def _with_form(self) -> Deed | None:
        mine = [each for each in self._server.deeds.all.values() if each.user == self.id and each.form is not None]
        return mine[-1] if mine and not mine[-1].is_filled_in else None


def _filled(options: Sequence[Mapping[str, Any]], values: Mapping[str, str]) -> list[Body]:
    known = {each["name"]: each for each in options}
    unknown = values.keys() - known.keys()
    missing = {name for name, each in known.items() if each.get("required")} - values.keys()
    if unknown or missing:
        raise NotShown(f"no option {sorted(unknown)}, or nothing in {sorted(missing)}")
    return [
        {"type": known[name]["type"], "name": name, "value": _typed(known[name], text)} for name, text in values.items()
    ]


def _typed(option: Mapping[str, Any], text: str) -> str | float:
    """The text as the client takes it for the option."""
    choices = {each["name"]: each["value"] for each in option.get("choices", ())}
    if choices:
        if text not in choices:
            raise NotShown(f"{option['name']} offers {list(choices)}")
        return str(choices[text])
    if option["type"] == STRING:
        if not option.get("min_length", 1) <= units(text) <= option.get("max_length", MAX_TYPED):
            raise NotShown(f"{option['name']} can't be that long")
        return text
    try:
        number = int(text) if option["type"] == INTEGER else float(text)
    except ValueError:
        raise NotShown(f"{option['name']} is a number") from None
    if not option.get("min_value", number) <= number <= option.get("max_value", number):
        raise NotShown(f"{option['name']} can't be {number}")
    return number


def _answered(label: Mapping[str, Any], values: Mapping[str, str]) -> Body:
    """A field as the client sends it, if it lets it pass."""
    field = label["component"]
    name = field["custom_id"]
    told: Body = {"type": field["type"], "id": field.get("id", 0), "custom_id": name}
    if field["type"] == SELECT:
        default = [each["value"] for each in field["options"] if each.get("default")]
        chosen = [values[name]] if values.get(name) else default
        if set(chosen) - {each["value"] for each in field["options"]}:
            raise NotShown(f"{name} offers no {chosen}")
        told["values"] = chosen
        is_empty = not chosen
    else:
        text = values.get(name, field.get("value") or "")
        low = max(field.get("min_length") or 0, 1 if text else 0)
        if not low <= units(text) <= (field.get("max_length") or 4_000):
            raise NotShown(f"{name} can't be that long")
        told["value"] = text
        is_empty = not text
    if is_empty and field.get("required", True):
        raise NotShown(f"{name} must be filled in")
    return {"type": label["type"], "id": label.get("id", 0), "component": told}
