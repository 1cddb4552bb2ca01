"""Commands about where a run is told of: bind, unbind."""

from bot.call import Call, consent_of, refusal, run_meant
from bot.desk import Desk
from bot.messages import Message, Notice
from bot.port import Place
from bot.replies import orders as say
from bot.threads import bindings_at, place_named
from engine.core import commands as c


async def bind(desk: Desk, call: Call) -> Message:
    """Tell of the run here, or in the place that is named."""
    board = desk.engine.board
    run = run_meant(board, call)
    if isinstance(run, Notice):
        return run
    place = _place(desk, call)
    if isinstance(place, Notice):
        return place
    order = c.BindChat(run, place.adapter, place.workspace, place.channel)
    outcome = await desk.engine.order(order, call.invocation.actor.id)
    if isinstance(outcome, c.Refused):
        return refusal(outcome.reason)
    return Notice(say.bound(run, str(place)))


def _place(desk: Desk, call: Call) -> Place | Notice:
    if not call.text("to"):
        return call.invocation.place
    place = place_named(call.text("to"))
    if place is None:
        return refusal(say.no_such_place(call.text("to")))
    if place.adapter not in desk.ports:
        return refusal(say.no_adapter(place.adapter, list(desk.ports)))
    return place if desk.people.allows(place) else refusal(say.place_not_allowed(str(place)))


async def unbind(desk: Desk, call: Call) -> Message:
    """No longer tell of the run here."""
    board, place = desk.engine.board, call.invocation.place
    run = run_meant(board, call)
    if isinstance(run, Notice):
        return run
    binding = next((each for each in bindings_at(board, place) if each.run == run), None)
    if binding is None:
        return refusal(say.not_bound(run, str(place)))
    order = c.UnbindChat(binding.id, f"{consent_of(desk, call).person} unbound it")
    outcome = await desk.engine.order(order, call.invocation.actor.id)
    if isinstance(outcome, c.Refused):
        return refusal(outcome.reason)
    return Notice(say.unbound(run, str(place)))
