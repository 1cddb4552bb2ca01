"""What we say about money and quotas: a run that rests, one that is finished cheaply. What an attempt is granted is no news."""

from bot.replies.words import clock_time
from engine.core import events as e


def line(event: e.SpendEvent) -> str:
    """What happened, for people who follow the run; empty for what only the books need."""
    match event:
        case e.RunParked():
            return f"{event.run} is parked until {clock_time(event.until)}, when it wakes by itself: {event.reason}"
        case e.RunUnparked():
            return f"{event.run} is awake again"
        case e.RunMadeThrifty():
            return f"{event.run} finishes cheaply what is begun, and begins nothing new; it may spend {caps(event)}"
        case e.SpendGranted() | e.SpendSettled():
            return ""


def caps(event: e.BudgetRaised | e.RunMadeThrifty) -> str:
    """`5 USD and 200,000 tokens`."""
    found = [f"{event.budget_usd:g} USD"] if event.budget_usd is not None else []
    found += [f"{event.budget_tokens:,} tokens"] if event.budget_tokens is not None else []
    return " and ".join(found) or "what it needs"
