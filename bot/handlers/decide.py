"""The buttons under a question, and the forms behind them. Authorised at the click, and again when the form comes back."""

import math
import re
from typing import Final, cast

import msgspec

from bot.call import Call, consent_of, decision_named, give, refusal
from bot.desk import Desk
from bot.forms import Field, Form
from bot.messages import Message, Notice
from bot.replies import decisions as say
from bot.replies import forms as form_say
from bot.replies import orders as order_say
from bot.replies.words import CHOICES
from engine.core import commands as c
from engine.core import events as e
from engine.core import plan
from engine.core.blackboard import Blackboard
from engine.core.entities import Choice, Decision, Dependents
from engine.core.ids import DecisionId

_GENERATION: Final = re.compile(r"[0-9]{1,9}")


async def decide(desk: Desk, call: Call) -> Message:
    """Carry the click, or the form, out."""
    decision = decision_named(desk.engine.board, call.text("decision"))
    if isinstance(decision, Notice):
        return decision
    order = _order(desk, call, decision)
    if isinstance(order, Notice):
        return order
    if not order.needs_second:
        return await give(desk, call, order)
    outcome = await desk.engine.order(order, call.invocation.actor.id)
    if isinstance(outcome, c.Refused):
        return refusal(outcome.reason)
    is_first = any(isinstance(record.event, e.DecisionProposed) for record in outcome)
    return Notice(order_say.first_voice(decision.id) if is_first else order_say.done())


def form_for(board: Blackboard, call: Call) -> Form | None:
    """The form that has to be filled in before the click means something; None when the click is enough."""
    decision = board.decisions.get(DecisionId(call.text("decision")))
    if decision is None or not decision.is_open or call.invocation.kind == "form":
        return None
    choice = call.text("choice")
    if choice == "abandon" and decision.task is not None and not plan.dependents(board, decision.task):
        return None
    fields = {
        "retry_with_changes": (Field("changes", form_say.CHANGES, "text", form_say.CHANGES_HINT),),
        "spawn": (Field("changes", form_say.TASK, "text", form_say.TASK_HINT),),
        "abandon": (Field("then", form_say.DEPENDENTS, "choice", options=form_say.DEPENDENT_CHOICES),),
        "raise_budget": (
            Field("amount", form_say.AMOUNT, "number", form_say.AMOUNT_HINT, is_required=False),
            Field("tokens", form_say.TOKENS, "number", form_say.TOKENS_HINT, is_required=False),
        ),
    }.get(choice)
    if fields is None or choice not in decision.options:
        return None
    label = CHOICES[cast("Choice", choice)]
    return Form("decide", form_say.title(decision.id, label), label, dict(call.values), fields)


def _order(desk: Desk, call: Call, decision: Decision) -> c.AnswerDecision | Notice:
    choice = call.text("choice")
    if choice not in CHOICES:
        return refusal(order_say.control_out_of_date())
    if not _GENERATION.fullmatch(call.text("generation")):
        return refusal(order_say.control_out_of_date())
    plain = consent_of(desk, call).answer(decision, cast("Choice", choice), call.text("changes").strip())
    if isinstance(plain, c.Refused):
        return refusal(plain.reason)
    then = call.text("then")
    usd, tokens = _amount(call.text("amount")), _amount(call.text("tokens"))
    if choice == "raise_budget" and usd is None and tokens is None:
        return refusal(say.which_amount(call.text("amount") or call.text("tokens")))
    return msgspec.structs.replace(
        plain,
        generation=int(call.text("generation")),
        dependents=cast("Dependents", then) if then in {"cascade", "drop", "replan"} else None,
        budget_usd=usd,
        budget_tokens=int(tokens) if tokens is not None else None,
    )


def _amount(text: str) -> float | None:
    try:
        amount = float(text.strip().lstrip("$").replace(",", ""))
    except ValueError:
        return None
    return amount if 0 < amount < math.inf else None
