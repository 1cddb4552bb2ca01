"""What we say to those who may not do what they asked for; always in private, always with the way out."""

from bot.replies.words import listed


def no_role(actor: str) -> str:
    """Somebody unknown."""
    return f"you ({actor}) have no role here; an admin adds you to [people] in the settings"


def role_too_low(actor: str, has: str, needs: str, verb: str) -> str:
    """Somebody known, who may do less."""
    return f"`{verb}` needs the role {needs}, and you ({actor}) are {_a(has)}; an admin can change that"


def not_here(place: str) -> str:
    """A channel that is not on the list."""
    return f"I am not set up for this channel ({place}); an admin adds it to [people] places in the settings"


def rules(viewers: int, operators: int, approvers: int, admins: int, two_people: list[str]) -> list[str]:
    """Who may do what, in numbers: ids are for admins."""
    lines = [f"viewers {viewers}, operators {operators}, approvers {approvers}, admins {admins}"]
    return [*lines, f"takes two people: {listed(two_people, most=9)}"] if two_people else lines


def _a(role: str) -> str:
    return f"an {role}" if role[0] in "ao" else f"a {role}"
