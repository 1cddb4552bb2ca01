"""What we say to those who may not do what they asked for; always in private, always with the way out."""

from bot.replies.words import listed


def no_role(actor: str) -> str:
    """Somebody unknown."""
    return f"you ({actor}) have no role here; an admin adds you to [people] in the settings"


def role_too_low(actor: str, has: str, needs: str, verb: str) -> str:
    """Somebody known, who may do less."""
    return f"`{verb}` needs the role {needs}, and you ({actor}) are {_a(has)}; an admin can change that"


def takes_an_approver(deed: str, actor: str, has: str) -> str:
    """An order that decides, from somebody who may not decide here."""
    return f"it takes an approver to {deed}, and you ({actor}) are {_a(has)}; an admin can change that"


def answering(decision: str) -> str:
    """What an answer does."""
    return f"answer {decision}"


def raising(run: str) -> str:
    """What a higher cap does."""
    return f"raise the cap of {run}"


def asked_first(verb: str, task: str) -> str:
    """An order about a task that takes two people, before there is a question for them."""
    return f"`{verb}` takes two people here: `interrupt {task}` asks about it, and both answer the question"


def raised_when_reached() -> str:
    """A raise that takes two people, before there is a question for them."""
    return "a higher cap takes two people here: when the cap is reached, both answer the question about it"


def planned_when_asked() -> str:
    """A new plan that takes two people, before there is a question for them."""
    return (
        "a new plan takes two people here: when a question offers one, both answer it; until then decide task by task"
    )


def restarted_by_answers() -> str:
    """A restart where each retry takes two people."""
    return "`restart` tries tasks again, which takes two people here: both answer the open questions, task by task"


def not_here(place: str) -> str:
    """A channel that is not on the list."""
    return f"I am not set up for this channel ({place}); an admin adds it to [people] places in the settings"


def rules(viewers: int, operators: int, approvers: int, admins: int, two_people: list[str]) -> list[str]:
    """Who may do what, in numbers: ids are for admins."""
    lines = [f"viewers {viewers}, operators {operators}, approvers {approvers}, admins {admins}"]
    return [*lines, f"takes two people: {listed(two_people, most=9)}"] if two_people else lines


def _a(role: str) -> str:
    return f"an {role}" if role[0] in "ao" else f"a {role}"
