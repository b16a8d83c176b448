"""Chances of liquidation as they would have been given, hour after hour, and what came of them.

`FilteredPast` of some prices and a list of `Isolated` positions enter; a `Walked` of each price
leaves: at every hour at which a window began whose outcome is known, the chance of each position
entered then, and whether the price reached its liquidation. Excursions are sorted anew at the start
of each month (UTC), from what was over by then; the forecast of the range is of the hour itself.

Beside it the closed form: a driftless lognormal price whose vol is an average of squared returns.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Final, TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray

from hedgerow.errors import Failure, Outcome
from hedgerow.market.filtered import FilteredPast, ewma_variance, month_starts
from hedgerow.market.hour_bars import HourBars
from hedgerow.solvency.backtests.calibration import ForecastColumns
from hedgerow.solvency.backtests.excursions import (
    GROUPS_FRAC,
    MEMORY_DAYS,
    Excursions,
    breach_chance,
    fit_excursions,
    liquidation_move_log,
)
from hedgerow.solvency.chances.passage import hit_frac
from hedgerow.solvency.records import SIDES, Side
from hedgerow.units import HOUR_NS, YEAR_NS

__all__ = ["RISK_METRICS_HOURS", "Isolated", "Walked", "closed_form", "walked_forward"]

Floats: TypeAlias = NDArray[np.float64]
Integers: TypeAlias = NDArray[np.int64]
Flags: TypeAlias = NDArray[np.bool_]

# RiskMetrics weighs each day 0.94 of the day after it.
RISK_METRICS_HOURS: Final = 24.0 * float(np.log(0.5) / np.log(0.94))


class Isolated(msgspec.Struct, frozen=True, kw_only=True):
    """A linear position with nothing behind it but its own margin."""

    side: Side
    leverage_frac: float
    maintenance_frac: float

    @property
    def move_log(self) -> float:
        """How far the price moves to its liquidation."""
        return liquidation_move_log(self.leverage_frac, self.maintenance_frac, self.side)


@dataclass(frozen=True, slots=True, eq=False)
class Walked:
    """Row i of every column is one hour, column j of the tables one position entered then.

    Hours without a forecast, or whose window is not over or has a hole, are not there.
    """

    subject: str
    horizon_hours: int
    start_ns: Integers
    probability_frac: Floats
    happened: Flags

    def columns(
        self, hours: Flags | None = None, positions: Flags | None = None
    ) -> ForecastColumns:
        """Give every position of every hour as one row, or of those hours and positions marked."""
        kept = self.start_ns >= 0 if hours is None else hours
        asked = np.ones(self.happened.shape[1], dtype=np.bool_) if positions is None else positions
        chance, happened = self.probability_frac[kept][:, asked], self.happened[kept][:, asked]
        return ForecastColumns(
            self.horizon_hours,
            np.repeat(self.start_ns[kept], chance.shape[1]),
            chance.ravel(),
            happened.ravel(),
        )


def walked_forward(
    pasts: Sequence[FilteredPast],
    positions: Sequence[Isolated],
    *,
    since_ns: Mapping[str, int],
    memory_days: float = MEMORY_DAYS,
    groups_frac: Sequence[float] = GROUPS_FRAC,
    is_shared: bool = True,
) -> Outcome[tuple[Walked, ...]]:
    """Give the chances of every hour from a time on, price by price.

    Parameters
    ----------
    since_ns
        By subject, from when on.
    is_shared
        Whether excursions of all prices make one heap, or each price keeps to its own.

    Returns
    -------
    tuple of Walked, or Failure
        The failure of `fit_excursions` where history is too short at some month.
    """
    rows = [_Rows(past, _started(past, since_ns[past.subject]), positions) for past in pasts]
    hours = np.concatenate([each.start_ns for each in rows])
    if not hours.size:
        return Failure(
            subject=" ".join(past.subject for past in pasts),
            reason="missing_data",
            message="no hour has both a forecast and an outcome; give a longer recording",
        )
    heaps = [rows] if is_shared else [[each] for each in rows]
    for month_ns, end_ns in month_starts(int(hours.min()), int(hours.max()) + 1):
        for heap, side in product(heaps, SIDES):
            if not any(each.between(month_ns, end_ns).any() for each in heap):
                continue
            fitted = fit_excursions(
                [each.past for each in heap], side, at_ns=month_ns, memory_days=memory_days,
                groups_frac=groups_frac,
            )  # fmt: skip
            if isinstance(fitted, Failure):
                return fitted
            for each in heap:
                each.ask(fitted, each.between(month_ns, end_ns))
    return tuple(each.walked() for each in rows)


def closed_form(
    walked: Walked,
    bars: HourBars,
    positions: Sequence[Isolated],
    *,
    half_life_hours: float = RISK_METRICS_HOURS,
) -> Walked:
    """Give the chances of the same hours by the closed form (methods sheet, section 16.2).

    The price grows by nothing; its vol is the root of an average of squared hourly returns.
    """
    variance, is_known = ewma_variance(bars, walked.start_ns, half_life_hours)
    assert is_known.all(), "an hour with a forecast has returns before it"
    years = walked.horizon_hours * HOUR_NS / YEAR_NS
    vol = np.sqrt(variance * (YEAR_NS / HOUR_NS))
    signs = np.array([-1.0 if each.side == "fall" else 1.0 for each in positions])
    barriers = np.exp(signs * [each.move_log for each in positions])
    chance = hit_frac(1.0, barriers, 0.0, vol[:, None], years)
    return replace(walked, probability_frac=chance)


class _Rows:
    """The hours of one price while their chances are filled in."""

    def __init__(
        self, past: FilteredPast, begun_index: Integers, positions: Sequence[Isolated]
    ) -> None:
        self.past = past
        self.positions = positions
        hours = past.outcome_index[begun_index]
        self.start_ns = past.time_ns[hours]
        self.range_log = past.range_log[hours]
        extremes = {"fall": past.fall_log[begun_index], "rise": past.rise_log[begun_index]}
        self.happened = np.stack(
            [extremes[each.side] >= each.move_log for each in positions], axis=1
        )
        self.chance = np.full(self.happened.shape, np.nan)

    def between(self, start_ns: int, end_ns: int) -> Flags:
        return (self.start_ns >= start_ns) & (self.start_ns < end_ns)

    def ask(self, fitted: Excursions, part: Flags) -> None:
        asked = np.flatnonzero([each.side == fitted.side for each in self.positions])
        if asked.size and part.any():
            moves = np.array([self.positions[n].move_log for n in asked.tolist()])
            found = breach_chance(fitted, moves, self.range_log[part, None])
            self.chance[np.flatnonzero(part)[:, None], asked] = found.probability_frac

    def walked(self) -> Walked:
        assert np.isfinite(self.chance).all(), "an hour was asked for no position"
        return Walked(
            self.past.subject, self.past.horizon_hours, self.start_ns, self.chance, self.happened
        )


def _started(past: FilteredPast, since_ns: int) -> Integers:
    """Give which outcomes are of windows that began at a time or later."""
    return np.flatnonzero(past.time_ns[past.outcome_index] >= since_ns)
