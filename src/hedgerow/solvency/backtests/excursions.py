"""How likely is a move of some size within a horizon? As often as in like weather of the past.

`FilteredPast` of some prices enter (`hedgerow.market.filtered`); `Excursions` leave: the falls, or
the rises, of the last two years, each divided by the range that was expected when it began, sorted
in five groups from calm to wild. A wild hour has fewer surprises for its size than a calm one, so
one heap for all would promise too many liquidations where most are. `breach_chance` asks the two
groups between whose middles an expected range lies and goes between them.

Beyond the largest twentieth of a group a generalised Pareto tail stands for what was never seen, so
no chance is exactly zero. Its shape is not let below zero: a fitted end of the tail would say that
anything worse cannot be.

References
----------
Methods sheet, sections 12 and 16. J. Hosking, J. Wallis (1987), Parameter and quantile estimation
for the generalized Pareto distribution, Technometrics 29. A. McNeil, R. Frey (2000), Estimation of
tail-related risk measures for heteroscedastic financial time series, J. Empirical Finance 7.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import log
from typing import Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hedgerow.errors import Failure, Outcome, OutOfDomain
from hedgerow.market.filtered import FilteredPast
from hedgerow.solvency.backtests.calibration import periods_count
from hedgerow.solvency.records import Side
from hedgerow.solvency.repair import linear_price_usd
from hedgerow.units import DAY_NS, HOUR_NS, format_ns

__all__ = [
    "GROUPS_FRAC",
    "MEMORY_DAYS",
    "BreachChance",
    "ExcursionGroup",
    "Excursions",
    "Tail",
    "breach_chance",
    "fit_excursions",
    "fit_tail",
    "liquidation_move_log",
]

Floats: TypeAlias = NDArray[np.float64]
Integers: TypeAlias = NDArray[np.int64]

MEMORY_DAYS: Final = 730
GROUPS_FRAC: Final = (0.0, 0.25, 0.5, 0.75, 0.9, 1.0)  # of the ranges expected, calm to wild
_TAIL_FRAC: Final = 0.05
_PERIODS_COUNT_MIN: Final = 50  # that do not overlap, in the whole memory
_SEEN_TIMES_MAX: Final = 10  # how many times the history a tail may be thought on
_EXCEEDED_COUNT_MIN: Final = 10  # of which a tail is made


class Tail(NamedTuple):
    """Excesses over a threshold: ``P(Y > y) = (1 + shape · y / scale)^(-1/shape)``."""

    shape_frac: float
    scale_frac: float

    def beyond_frac(self, excess_frac: Floats) -> Floats:
        """Give the chance that an excess is larger, for excesses that are not negative."""
        ratio = excess_frac / self.scale_frac
        if self.shape_frac == 0.0:
            return np.asarray(np.exp(-ratio))
        return np.asarray((1.0 + self.shape_frac * ratio) ** (-1.0 / self.shape_frac))


@dataclass(frozen=True, slots=True, eq=False)
class ExcursionGroup:
    """Windows of like weather.

    Attributes
    ----------
    middle_log
        Mean of the logs of the ranges expected.
    scaled_frac
        Excursions over ranges expected, sorted.
    tail_from_frac
        Where the tail takes over.
    periods_count
        How many of the windows fit side by side; of several prices at one time, one counts.
    """

    middle_log: float
    scaled_frac: Floats
    tail_from_frac: float
    tail: Tail
    periods_count: int

    def beyond_frac(self, scaled_frac: Floats) -> Floats:
        """Give the chance of an excursion of this size, in ranges expected, or a larger one."""
        n = self.scaled_frac.size
        chance = (n - np.searchsorted(self.scaled_frac, scaled_frac, side="left")) / n
        is_far = scaled_frac > self.tail_from_frac
        exceeded = n - np.searchsorted(self.scaled_frac, self.tail_from_frac, side="right")
        excess = np.where(is_far, scaled_frac - self.tail_from_frac, 0.0)
        found = np.where(is_far, exceeded / n * self.tail.beyond_frac(excess), chance)
        return np.maximum(found, 1.0 / (_SEEN_TIMES_MAX * self.periods_count))


@dataclass(frozen=True, slots=True, eq=False)
class Excursions:
    """What is known of one side at one horizon; groups go from calm to wild."""

    side: Side
    horizon_hours: int
    groups: tuple[ExcursionGroup, ...]


class BreachChance(NamedTuple):
    """Chances, and how well each is known (one standard error)."""

    probability_frac: Floats
    error_frac: Floats


def fit_excursions(
    pasts: Sequence[FilteredPast],
    side: Side,
    *,
    at_ns: int,
    memory_days: float = MEMORY_DAYS,
    groups_frac: Sequence[float] = GROUPS_FRAC,
) -> Outcome[Excursions]:
    """Sort what was over by a time, and ended no longer ago than the memory reaches.

    All prices go into one heap: what they expected tells them apart.

    Returns
    -------
    Excursions or Failure
        ``missing_data`` where fewer than 50 windows fit side by side into what is known.

    Raises
    ------
    OutOfDomain
        If there is no past, or horizons differ.
    """
    if len({each.horizon_hours for each in pasts}) != 1:
        raise OutOfDomain("excursions need pasts of one and the same horizon")
    horizon_hours = pasts[0].horizon_hours
    known = [_known(each, side, at_ns, memory_days) for each in pasts]
    start_ns, range_log, scaled = (np.concatenate(column) for column in zip(*known, strict=True))
    seen_count = periods_count(start_ns, horizon_hours)
    if seen_count < _PERIODS_COUNT_MIN:
        return _too_few(pasts, at_ns, f"{seen_count} periods of {horizon_hours} h are over")
    edges = np.quantile(range_log, groups_frac)
    # An hour on an inner edge belongs to the wilder group.
    index = np.searchsorted(edges[1:-1], range_log, side="right")
    groups = []
    for each in range(len(edges) - 1):
        part = index == each
        group = _group(start_ns[part], range_log[part], scaled[part], horizon_hours)
        if group is None:
            return _too_few(pasts, at_ns, f"group {each} holds {part.sum()} windows")
        groups.append(group)
    return Excursions(side=side, horizon_hours=horizon_hours, groups=tuple(groups))


def breach_chance(
    excursions: Excursions, move_log: ArrayLike, range_log: ArrayLike
) -> BreachChance:
    """Give the chance that the price moves so far to its side within the horizon.

    Parameters
    ----------
    move_log
        Size of the move as a log, positive on either side.
    range_log
        The range expected now (`FilteredPast.range_log`); broadcast against the moves.

    Raises
    ------
    OutOfDomain
        If a move or a range is not positive and finite.

    Notes
    -----
    The error is that of a share of as many independent periods as stand in the group; that the
    forecast of the range may be wrong is in the spread of the excursions already.
    """
    move, expected = np.broadcast_arrays(
        np.asarray(move_log, dtype=np.float64), np.asarray(range_log, dtype=np.float64)
    )
    for name, column in (("move_log", move), ("range_log", expected)):
        if not (np.isfinite(column) & (column > 0.0)).all():
            raise OutOfDomain(f"{name} must be positive and finite, was {column}")
    scaled = move / expected
    middles = np.array([group.middle_log for group in excursions.groups])
    chances = np.stack([group.beyond_frac(scaled) for group in excursions.groups])
    counts = np.array([group.periods_count for group in excursions.groups], dtype=np.float64)
    lower = np.clip(np.searchsorted(middles, np.log(expected)) - 1, 0, max(len(middles) - 2, 0))
    upper = np.minimum(lower + 1, len(middles) - 1)
    gap = np.where(upper > lower, middles[upper] - middles[lower], 1.0)
    weight = np.clip((np.log(expected) - middles[lower]) / gap, 0.0, 1.0)
    weight = np.where(upper > lower, weight, 0.0)
    low = np.take_along_axis(chances, lower[None], axis=0)[0]
    high = np.take_along_axis(chances, upper[None], axis=0)[0]
    chance = (1.0 - weight) * low + weight * high
    # Neighbouring groups share no window: their variances add.
    variance = (1.0 - weight) ** 2 * low * (1.0 - low) / counts[lower] + (
        weight**2 * high * (1.0 - high) / counts[upper]
    )
    return BreachChance(chance, np.sqrt(variance))


def fit_tail(excess_frac: Floats) -> Tail:
    """Fit a generalised Pareto tail by probability-weighted moments; its shape is at least zero.

    Where the moments ask for a shape below zero, the tail is exponential with the same mean.

    Raises
    ------
    OutOfDomain
        If there are fewer than two excesses, or one is negative, or all are zero.
    """
    y = np.sort(np.asarray(excess_frac, dtype=np.float64))
    n = y.size
    if n < 2 or not (np.isfinite(y).all() and y[0] >= 0.0 and y[-1] > 0.0):
        raise OutOfDomain(f"a tail needs two or more excesses, none negative; got {n}")
    a0 = float(y.mean())
    a1 = float((y * np.arange(n - 1, -1, -1)).sum() / (n * (n - 1)))
    # Equal excesses make a0 = 2 a1, and one above zeros makes a1 = 0: neither tells a shape.
    xi = 2.0 - a0 / (a0 - 2.0 * a1) if a0 > 2.0 * a1 > 0.0 else 0.0
    if xi <= 0.0:
        return Tail(0.0, a0)
    return Tail(xi, 2.0 * a0 * a1 / (a0 - 2.0 * a1))


def liquidation_move_log(leverage_frac: float, maintenance_frac: float, side: Side) -> float:
    """Give how far the price moves to liquidate an isolated linear position, as a log, positive.

    A long is liquidated by a fall, a short by a rise, at `linear_price_usd`.

    Raises
    ------
    OutOfDomain
        If the leverage is not above one, or the margin does not exceed the requirement.
    """
    if not leverage_frac > 1.0 or not 0.0 <= maintenance_frac < 1.0 / leverage_frac:
        raise OutOfDomain(
            f"leverage_frac must be above 1 and maintenance_frac from 0 to below its inverse, were "
            f"{leverage_frac} and {maintenance_frac}"
        )
    price_frac = linear_price_usd(
        "long" if side == "fall" else "short",
        Fraction(1),
        leverage_frac=Fraction(leverage_frac),
        maintenance_frac=Fraction(maintenance_frac),
    )
    return abs(log(price_frac))


def _known(
    past: FilteredPast, side: Side, at_ns: int, memory_days: float
) -> tuple[Integers, Floats, Floats]:
    start_ns = past.time_ns[past.outcome_index]
    over_ns = start_ns + past.horizon_hours * HOUR_NS
    kept = (over_ns <= at_ns) & (over_ns > at_ns - int(memory_days * DAY_NS))
    expected = past.range_log[past.outcome_index][kept]
    moved = (past.fall_log if side == "fall" else past.rise_log)[kept]
    return start_ns[kept], np.log(expected), moved / expected


def _group(
    start_ns: Integers, range_log: Floats, scaled_frac: Floats, horizon_hours: int
) -> ExcursionGroup | None:
    """Sort one group; None where its tail has too few windows."""
    ordered = np.sort(scaled_frac)
    exceeded_count = int(_TAIL_FRAC * ordered.size)
    if exceeded_count < _EXCEEDED_COUNT_MIN:
        return None
    threshold = float(ordered[-exceeded_count - 1])
    excess = ordered[ordered > threshold] - threshold
    if excess.size < 2:
        return None
    ordered.setflags(write=False)
    return ExcursionGroup(
        middle_log=float(range_log.mean()),
        scaled_frac=ordered,
        tail_from_frac=threshold,
        tail=fit_tail(excess),
        periods_count=periods_count(start_ns, horizon_hours),
    )


def _too_few(pasts: Sequence[FilteredPast], at_ns: int, seen: str) -> Failure:
    return Failure(
        subject=" ".join(each.subject for each in pasts),
        reason="missing_data",
        message=(
            f"too little history at {format_ns(at_ns)}: {seen}; a chance needs "
            f"{_PERIODS_COUNT_MIN} that do not overlap, and {_EXCEEDED_COUNT_MIN} windows in each "
            "tail: give a longer history, or ask for a shorter horizon"
        ),
    )
