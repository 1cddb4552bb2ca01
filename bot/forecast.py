"""What a run will probably cost, judged by those that were completed here with the same model. Pure: the board is all it knows."""

import math
from collections.abc import Sequence
from typing import Final, TypeVar

import msgspec

from engine.core.blackboard import Blackboard
from engine.core.entities import Spend

MIN_RUNS: Final = 3
"""Fewer runs are luck."""
T = TypeVar("T", int, float)


class Forecast(msgspec.Struct, frozen=True):
    """What half of the `runs` and nine of ten of them stayed under."""

    runs: int
    half: Spend
    most: Spend


def forecast(board: Blackboard, model: str) -> Forecast | None:
    """The forecast for a run that thinks with the model; None while too few were completed."""
    spent = [run.spend for run in board.runs.values() if run.state == "completed" and run.config.model == model]
    if len(spent) < MIN_RUNS:
        return None
    return Forecast(len(spent), _at(spent, 0.5), _at(spent, 0.9))


def _at(spent: Sequence[Spend], share: float) -> Spend:
    return Spend(
        tokens=percentile([each.tokens for each in spent], share),
        cost_usd=percentile([each.cost_usd for each in spent], share),
        unpriced_tokens=percentile([each.unpriced_tokens for each in spent], share),
    )


def percentile(values: Sequence[T], share: float) -> T:
    """The smallest value that the share of all does not exceed (nearest rank)."""
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]
