"""Who may do what, and where: roles, groups, places, and one person behind several accounts. Denies unless told otherwise.

An entry is an id (`slack:T1:U7`), a group's id (`slack:T1:S3`), or either with a `*` at its end (`web:*`).
"""

from collections.abc import Mapping
from typing import Final, Literal

import msgspec

from bot.port import Actor, Place
from engine.core.entities import Choice, Run

Role = Literal["viewer", "operator", "approver", "admin"]
LADDER: Final[tuple[Role, ...]] = ("viewer", "operator", "approver", "admin")
"""Each role may do what those before it may."""

TwoPeople = Literal[Choice, "cancel"]


class PeopleRules(msgspec.Struct, frozen=True):
    """What was settled about people. `links` names the one account that stands for a person behind several.

    `starter_decides` lets whoever started a run answer its questions; `two_people` are the choices that take two.
    """

    viewers: tuple[str, ...] = ()
    operators: tuple[str, ...] = ()
    approvers: tuple[str, ...] = ()
    admins: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    links: Mapping[str, str] = {}
    starter_decides: bool = True
    two_people: tuple[TwoPeople, ...] = ()


class People:
    """The rules, asked."""

    def __init__(self, rules: PeopleRules) -> None:
        self.rules = rules
        self._entries: dict[Role, tuple[str, ...]] = {
            "viewer": rules.viewers, "operator": rules.operators, "approver": rules.approvers, "admin": rules.admins,
        }  # fmt: skip

    def person(self, actor_id: str) -> str:
        """The account that stands for the person behind this one."""
        return self.rules.links.get(actor_id, actor_id)

    def role_of(self, actor: Actor) -> Role | None:
        """The highest role of the account, of the person behind it, or of its groups; None when there is none."""
        ids = (actor.id, self.person(actor.id), *actor.groups)
        for role in reversed(LADDER):
            if any(_covers(entry, each) for entry in self._entries[role] for each in ids):
                return role
        return None

    def may(self, actor: Actor, role: Role) -> bool:
        """Whether the actor has this role or a higher one."""
        has = self.role_of(actor)
        return has is not None and LADDER.index(has) >= LADDER.index(role)

    def may_decide(self, actor: Actor, run: Run) -> bool:
        """Whether the actor may answer the run's questions: an approver, or who started it where that is allowed."""
        is_starter = self.person(run.created_by) == self.person(actor.id)
        return self.may(actor, "approver") or (self.rules.starter_decides and is_starter and self.may(actor, "viewer"))

    def allows(self, place: Place) -> bool:
        """Whether the bot listens in this place at all."""
        return any(_covers(entry, str(place)) for entry in self.rules.places)


def _covers(entry: str, identifier: str) -> bool:
    return identifier.startswith(entry[:-1]) if entry.endswith("*") else identifier == entry
