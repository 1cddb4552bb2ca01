"""What we say to whoever gave an order: what became of it, where the run is told, and what else is needed."""

from bot.replies.words import listed
from engine.core.entities import Run
from engine.core.ids import DecisionId, RunId


def done() -> str:
    """An order without a line of its own."""
    return "done"


def started(run: Run) -> str:
    """A new run; its card follows in the channel."""
    return f"{run.id} started on {run.branch}; its thread tells how it goes"


def started_already(run: RunId) -> str:
    """The same deed was delivered twice."""
    return f"this was already started as {run}"


def bound(run: RunId, place: str) -> str:
    """A run is told of in one more place."""
    return f"{run} is told of in {place} from now on"


def unbound(run: RunId, place: str) -> str:
    """A run is told of in one place less."""
    return f"{run} is no longer told of in {place}"


def not_bound(run: RunId, place: str) -> str:
    """Nothing to unbind."""
    return f"{run} is not bound to {place}; `config {run}` says where it is told of"


def no_such_place(text: str) -> str:
    """`bind --to` something that is no place."""
    return f"{text!r} is no channel; name it like slack:T1:C9"


def no_adapter(adapter: str, known: list[str]) -> str:
    """`bind --to` a chat that is not there."""
    return f"{adapter} is not connected here; connected: {listed(sorted(known), most=9) or 'nothing'}"


def place_not_allowed(place: str) -> str:
    """`bind --to` a channel where the bot may not speak."""
    return f"{place} is not among the places where I may speak; an admin adds it to [people] places in the settings"


def names_no_order(name: str, command: str) -> str:
    """`resume T3`."""
    return f"`{command}` can do nothing about {name}; `show {name}` tells what it waits for"


def can_not_go_on(decision: DecisionId) -> str:
    """`resume D2` where no files are in the way and no review waits."""
    return f"{decision} asks about no landing and no review; `show {decision}` tells what it asks"


def over_starts_anew(run: RunId, new: RunId) -> str:
    """`restart` of a run that is over."""
    return f"{run} is over, so {new} begins with the same objective"


def needs_check() -> str:
    """`spawn` without anything that proves the work."""
    return 'say how it is proven: --check "a command that exits 0 when it is done"'


def unknown_tasks(names: str) -> str:
    """`--after` something that is no list of tasks."""
    return f"{names!r} is no list of tasks; name them like T3,T4"


def needs_form(label: str, example: str) -> str:
    """A button that needs words, where no form can be shown."""
    return f"{label!r} needs your words: {example}"


def control_out_of_date() -> str:
    """A button of an older version."""
    return "this button is out of date; type the command instead (`help` lists them)"


def stumbled() -> str:
    """A fault of ours, in the middle of an order."""
    return "I stumbled over that; `status` shows how things stand, and the log of `orch up` says what went wrong"


def free_text_never_decides() -> str:
    """A mention that is no command, while a question waits."""
    return "plain text never decides; use the buttons, or `retry`, `abandon`, `spawn`"


def first_voice(decision: DecisionId) -> str:
    """One of two people has chosen."""
    return f"noted for {decision}; a second person has to choose the same"


def typed_instead(choice: str, decision: str) -> str:
    """The command that says the same as a form."""
    return {
        "retry_with_changes": f"`retry {decision} round half up`",
        "spawn": f'`spawn "Write the parser by hand" --for {decision}`',
        "abandon": f"`abandon {decision} --then drop` (or cascade, or replan)",
        "raise_budget": "`budget 5`",
    }.get(choice, "`help`")
