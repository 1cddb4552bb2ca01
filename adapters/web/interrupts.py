"""Questions that wait for people, and their answers. The first valid answer wins; the core says who lost to whom."""

import msgspec

from adapters.web.calls import Answer, Call
from adapters.web.payloads import Resolve
from adapters.web.views import DecisionView, decision_view
from engine.core import commands as c
from engine.core.entities import Criterion
from engine.core.ids import RunId


class Interrupts(msgspec.Struct, frozen=True):
    """What waits for a person, oldest first."""

    items: tuple[DecisionView, ...]


class Resolved(msgspec.Struct, frozen=True):
    """The question with its answer, as of the event `seq`."""

    seq: int
    decision: DecisionView


async def list_all(call: Call) -> Answer:
    """What waits in all runs."""
    return _open(call, None)


async def list_of_run(call: Call) -> Answer:
    """What waits in the run."""
    return _open(call, call.run().id)


async def resolve(call: Call) -> Answer:
    """The answer to a question; text alone never is one."""
    wish = call.asked(Resolve)
    decision = call.decision(wish.decision)
    choice = wish.action
    if choice == "retry" and wish.modified_description.strip():
        choice = "retry_with_changes"
    criteria = tuple(Criterion(entry.text, entry.check) for entry in wish.modified_criteria)
    order = call.consent.answer(decision, choice, wish.modified_description)
    if isinstance(order, c.AnswerDecision):
        order = msgspec.structs.replace(
            order, criteria=criteria, dependents=wish.dependents, budget_usd=wish.budget_usd,
            budget_tokens=wish.budget_tokens, generation=wish.generation,
        )  # fmt: skip
    await call.order(order)
    return Answer(Resolved(call.board.seq, decision_view(call.board, call.board.decisions[decision.id])))


def _open(call: Call, run: RunId | None) -> Answer:
    board = call.board
    found = (decision for decision in board.open_decisions.values() if run is None or decision.run == run)
    return Answer(Interrupts(tuple(decision_view(board, decision) for decision in found)))
