"""What we say about money and quotas: a run that rests, one that is finished cheaply. What an attempt is granted is no news."""

from bot.forecast import Forecast
from bot.replies.words import clock_time, count, spent
from engine.core import events as e
from engine.core.entities import Run, RunConfig, Spend


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


def holds(run: Run) -> tuple[str, ...]:
    """What a person must know of the run's money and quota wherever it is shown."""
    found = []
    if run.parked_until:
        found.append(f"parked until {clock_time(run.parked_until)}, when it wakes by itself: {run.parked_why}")
    if run.thrifty:
        found.append("finishes cheaply what is begun, and begins nothing new")
    return tuple(found)


def caps(event: e.BudgetRaised | e.RunMadeThrifty) -> str:
    """`5 USD and 200,000 tokens`."""
    found = [f"{event.budget_usd:g} USD"] if event.budget_usd is not None else []
    found += [f"{event.budget_tokens:,} tokens"] if event.budget_tokens is not None else []
    return " and ".join(found) or "what it needs"


def forecast(found: Forecast | None, config: RunConfig) -> str:
    """What such a run will probably cost, and whether its cap is tight; empty while nobody can say."""
    if found is None or not found.most.tokens:
        return ""
    runs = count(found.runs, "completed run")
    told = (
        f"of {runs} with this model, half stayed under {_amount(found.half)}, nine of ten under {_amount(found.most)}"
    )
    return f"{told}; the cap is less than half of them needed" if _is_tight(found.half, config) else told


def _is_tight(half: Spend, config: RunConfig) -> bool:
    usd, tokens = config.budget_usd, config.budget_tokens
    return (usd is not None and usd < half.cost_usd) or (tokens is not None and tokens < half.tokens)


def _amount(spend: Spend) -> str:
    return f"{spend.cost_usd:.2f} USD" if spend.cost_usd else spent(spend, None, None)
