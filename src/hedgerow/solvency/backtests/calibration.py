"""Do things happen as often as was said? Forecast probabilities against what came of them.

Columns enter, one row a forecast: when it was made, its probability, whether the thing happened.
Bins, totals and scores leave. Forecasts of overlapping windows share their luck, and so do those of
several positions at one time: a bin counts how many windows fit side by side, however many rows it
has, and its band is as wide as that many independent trials allow.

References
----------
C. Clopper, E. Pearson (1934), The use of confidence or fiducial limits illustrated in the case of
the binomial, Biometrika 26. I. Good (1952), Rational decisions, J. Royal Statistical Society B 14.
D. Politis, J. Romano (1994), The stationary bootstrap, J. American Statistical Association 89.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray
from scipy.special import bdtr, bdtrik

from hedgerow.errors import OutOfDomain
from hedgerow.units import HOUR_NS

__all__ = [
    "EDGES_FRAC",
    "PERIODS_COUNT_MIN",
    "SCORE_FLOOR_FRAC",
    "Bin",
    "Calibration",
    "ForecastColumns",
    "Totals",
    "band_frac",
    "bins",
    "calibrated",
    "holding_frac",
    "log_scores",
    "mean_interval",
    "periods_count",
    "thinned",
    "together",
    "totals",
]

Floats: TypeAlias = NDArray[np.float64]
Integers: TypeAlias = NDArray[np.int64]
Flags: TypeAlias = NDArray[np.bool_]

EDGES_FRAC: Final = (
    0.0, 0.001, 0.003, 0.01, 0.03, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0,
)  # fmt: skip
PERIODS_COUNT_MIN: Final = 30
SCORE_FLOOR_FRAC: Final = 1e-6
_BAND_FRAC: Final = 0.95
_BLOCK_HOURS: Final = 28 * 24  # drawn whole: longer than a storm lasts


@dataclass(frozen=True, slots=True, eq=False)
class ForecastColumns:
    """Row i of every column is one forecast. Columns are copied and locked.

    Raises
    ------
    OutOfDomain
        If lengths differ, a probability lies outside [0, 1], or the horizon is less than an hour.
    """

    horizon_hours: int
    start_ns: Integers
    probability_frac: Floats
    happened: Flags

    def __post_init__(self) -> None:
        times = np.array(self.start_ns, dtype=np.int64)
        chance = np.array(self.probability_frac, dtype=np.float64)
        happened = np.array(self.happened, dtype=np.bool_)
        if self.horizon_hours < 1:
            raise OutOfDomain(f"horizon_hours must be 1 or more, was {self.horizon_hours}")
        if not times.shape == chance.shape == happened.shape or times.ndim != 1:
            raise OutOfDomain("forecasts need columns of one length")
        if not ((chance >= 0.0) & (chance <= 1.0)).all():
            raise OutOfDomain("a probability lies outside [0, 1]")
        for name, column in (
            ("start_ns", times),
            ("probability_frac", chance),
            ("happened", happened),
        ):
            column.setflags(write=False)
            object.__setattr__(self, name, column)

    def only(self, kept: Flags) -> "ForecastColumns":
        """Give the rows that are marked."""
        return ForecastColumns(
            self.horizon_hours,
            self.start_ns[kept],
            self.probability_frac[kept],
            self.happened[kept],
        )


class Bin(msgspec.Struct, frozen=True, kw_only=True):
    """Forecasts of like probability: what was said on average, and how often it came.

    `low_frac` and `high_frac` are the 95 % band round what was said: shares that as many
    independent periods would show.
    """

    from_frac: float
    to_frac: float
    forecasts_count: int
    periods_count: int
    predicted_frac: float
    observed_frac: float
    low_frac: float
    high_frac: float

    @property
    def holds(self) -> bool:
        """Whether what came lies inside the band."""
        return self.low_frac <= self.observed_frac <= self.high_frac


class Totals(msgspec.Struct, frozen=True, kw_only=True):
    """How many were expected altogether, and how many came."""

    forecasts_count: int
    predicted_count: float
    observed_count: int

    @property
    def ratio_frac(self) -> float | None:
        """Predicted over observed; None where none was observed."""
        return self.predicted_count / self.observed_count if self.observed_count else None


class Calibration(msgspec.Struct, frozen=True, kw_only=True):
    """Forecasts of one horizon held against what came, and against a rival's of the same things.

    Attributes
    ----------
    bins_apart_count
        Bins of each group by itself, of windows that lie end to end, for each of some phases.
    score_log
        Mean log of the probability of what came; both are kept off 0 and 1 by `SCORE_FLOOR_FRAC`,
        which spares a rival that called impossible what came.
    gain_log
        Mean score less the rival's, positive where the rival is beaten, with its 95 % interval.
    """

    horizon_hours: int
    bins: tuple[Bin, ...]
    totals: Totals
    bins_apart_count: int
    bins_apart_holding_count: int
    probability_frac_min: float
    rival_totals: Totals
    rival_bins: tuple[Bin, ...]
    score_log: float
    rival_score_log: float
    gain_log: float
    gain_low_log: float
    gain_high_log: float


def periods_count(start_ns: Integers, horizon_hours: int) -> int:
    """Count how many windows of the horizon, starting at some of these times, fit side by side.

    Taking the earliest that is free, over and over, gives the largest number there is.
    """
    times = np.sort(start_ns)
    free_next = np.searchsorted(times, times + horizon_hours * HOUR_NS).tolist()
    count, at = 0, 0
    while at < times.size:
        count += 1
        at = free_next[at]
    return count


def band_frac(predicted_frac: float, periods_count: int) -> tuple[float, float]:
    """Give the shares that so many independent periods show in 95 of 100 cases, at least.

    Raises
    ------
    OutOfDomain
        If there is no period, or the share lies outside [0, 1].

    Notes
    -----
    Exact and central: the quantiles 2.5 % and 97.5 % of the binomial count, over the count.
    """
    if periods_count < 1 or not 0.0 <= predicted_frac <= 1.0:
        raise OutOfDomain(f"no band for a share of {predicted_frac} of {periods_count} periods")
    off = 0.5 * (1.0 - _BAND_FRAC)
    low, high = (
        _binomial_quantile(level, periods_count, predicted_frac) for level in (off, 1.0 - off)
    )
    return low / periods_count, high / periods_count


def bins(
    forecasts: ForecastColumns,
    *,
    edges_frac: Sequence[float] = EDGES_FRAC,
    periods_count_min: int = PERIODS_COUNT_MIN,
) -> tuple[Bin, ...]:
    """Sort forecasts by probability; bins with too few periods to judge are left out.

    A probability on an inner edge belongs to the upper bin.
    """
    index = np.searchsorted(np.asarray(edges_frac[1:-1]), forecasts.probability_frac, side="right")
    found = []
    for each in range(len(edges_frac) - 1):
        part = forecasts.only(index == each)
        periods = periods_count(part.start_ns, part.horizon_hours)
        if periods < max(periods_count_min, 1):
            continue
        predicted = float(part.probability_frac.mean())
        low, high = band_frac(predicted, periods)
        found.append(
            Bin(
                from_frac=edges_frac[each],
                to_frac=edges_frac[each + 1],
                forecasts_count=part.happened.size,
                periods_count=periods,
                predicted_frac=predicted,
                observed_frac=float(part.happened.mean()),
                low_frac=low,
                high_frac=high,
            )
        )
    return tuple(found)


def holding_frac(found: Sequence[Bin]) -> float | None:
    """Give the share of bins that hold; None where there is none."""
    return sum(each.holds for each in found) / len(found) if found else None


def thinned(forecasts: ForecastColumns, phase_hours: int) -> ForecastColumns:
    """Keep forecasts whose windows lie end to end: those made a phase after whole horizons.

    Raises
    ------
    OutOfDomain
        If the phase is not from 0 to below the horizon.
    """
    if not 0 <= phase_hours < forecasts.horizon_hours:
        raise OutOfDomain(
            f"phase_hours must be from 0 to below {forecasts.horizon_hours}, was {phase_hours}"
        )
    hours = forecasts.start_ns // HOUR_NS
    return forecasts.only(hours % forecasts.horizon_hours == phase_hours)


def totals(forecasts: ForecastColumns) -> Totals:
    """Add up what was expected and what came."""
    return Totals(
        forecasts_count=forecasts.happened.size,
        predicted_count=float(forecasts.probability_frac.sum()),
        observed_count=int(forecasts.happened.sum()),
    )


def log_scores(forecasts: ForecastColumns, *, floor_frac: float = 0.0) -> Floats:
    """Give the log of the probability of what came, one row a forecast; higher is better.

    With a floor, no probability counts as nearer to 0 or 1 than that; without one, a thing that
    came though it was said to be impossible scores minus infinity.
    """
    chance = np.clip(forecasts.probability_frac, floor_frac, 1.0 - floor_frac)
    with np.errstate(divide="ignore"):
        return np.where(forecasts.happened, np.log(chance), np.log1p(-chance))


def mean_interval(
    values: Floats,
    start_ns: Integers,
    *,
    block_hours: int,
    rng: np.random.Generator,
    draws_count: int = 2_000,
) -> tuple[float, float]:
    """Give the 95 % interval of a mean by drawing whole blocks of time, with all rows in them.

    Raises
    ------
    OutOfDomain
        If there are fewer than two blocks.
    """
    _, block = np.unique(start_ns // (block_hours * HOUR_NS), return_inverse=True)
    sums = np.bincount(block, weights=values)
    counts = np.bincount(block)
    if sums.size < 2:
        raise OutOfDomain(f"an interval needs two blocks of {block_hours} h or more")
    drawn = rng.integers(0, sums.size, size=(draws_count, sums.size))
    means = sums[drawn].sum(axis=1) / counts[drawn].sum(axis=1)
    low, high = np.quantile(means, [0.025, 0.975])
    return float(low), float(high)


def calibrated(
    groups: Sequence[ForecastColumns],
    rivals: Sequence[ForecastColumns],
    *,
    rng: np.random.Generator,
    phases_count_max: int = 8,
) -> Calibration:
    """Hold forecasts against what came, all groups together and each by itself.

    Parameters
    ----------
    groups
        Forecasts that share a subject and a side, so that two at one time differ only in size.
    rivals
        Another's forecasts of the same rows.

    Raises
    ------
    OutOfDomain
        If there are no rows, or the rival's are of other things.
    """
    mine, rival = together(groups), together(rivals)
    if not mine.happened.size:
        raise OutOfDomain("there is no forecast to judge")
    if not (
        np.array_equal(mine.start_ns, rival.start_ns)
        and np.array_equal(mine.happened, rival.happened)
    ):
        raise OutOfDomain("a rival must forecast the same rows")
    horizon_hours = mine.horizon_hours
    step_hours = -(-horizon_hours // phases_count_max)
    apart = [
        each
        for group in groups
        for phase_hours in range(0, horizon_hours, step_hours)
        for each in bins(thinned(group, phase_hours))
    ]
    scores = log_scores(mine, floor_frac=SCORE_FLOOR_FRAC)
    rival_scores = log_scores(rival, floor_frac=SCORE_FLOOR_FRAC)
    block_hours = max(_BLOCK_HOURS, horizon_hours)
    low, high = mean_interval(
        scores - rival_scores, mine.start_ns, block_hours=block_hours, rng=rng
    )
    return Calibration(
        horizon_hours=horizon_hours,
        bins=bins(mine),
        totals=totals(mine),
        bins_apart_count=len(apart),
        bins_apart_holding_count=sum(each.holds for each in apart),
        probability_frac_min=float(mine.probability_frac.min()),
        rival_totals=totals(rival),
        rival_bins=bins(rival),
        score_log=float(scores.mean()),
        rival_score_log=float(rival_scores.mean()),
        gain_log=float((scores - rival_scores).mean()),
        gain_low_log=low,
        gain_high_log=high,
    )


def together(forecasts: Sequence[ForecastColumns]) -> ForecastColumns:
    """Put forecasts of one horizon into one table.

    Raises
    ------
    OutOfDomain
        If there are none, or horizons differ.
    """
    if len({each.horizon_hours for each in forecasts}) != 1:
        raise OutOfDomain("forecasts put together need one and the same horizon")
    return ForecastColumns(
        forecasts[0].horizon_hours,
        np.concatenate([each.start_ns for each in forecasts]),
        np.concatenate([each.probability_frac for each in forecasts]),
        np.concatenate([each.happened for each in forecasts]),
    )


def _binomial_quantile(level_frac: float, trials_count: int, chance_frac: float) -> int:
    """Give the least count that is not exceeded with at least this probability."""
    if chance_frac in (0.0, 1.0):
        return round(chance_frac * trials_count)
    count = max(int(np.ceil(bdtrik(level_frac, trials_count, chance_frac))), 0)
    # The real root may lie a rounding above a whole count that is enough.
    if count > 0 and bdtr(count - 1, trials_count, chance_frac) >= level_frac:
        count -= 1
    return count
