"""Whether a rescue that starts now arrives before the account is broken.

A log distance to the breach and a time of transit enter: a fixed one (closed form), drawn ones
(their mean), or drawn together with recorded moves of the price, where the draws that move most are
the ones that arrive late. Out come probabilities, with a standard error where chance was drawn.

What is recorded is scaled to the volatility asked for. A rescue counts as late from the end of the
period in which it arrives, and a breach from the low of that period: against ourselves.

References
----------
Methods sheet, sections 16.2 and 28. A. Borodin, P. Salminen, Handbook of Brownian Motion, part II,
2.0.2.
"""

from dataclasses import dataclass
from math import ceil, sqrt
from typing import Final, TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from hedgerow.errors import OutOfDomain
from hedgerow.solvency.chances.passage import reached
from hedgerow.solvency.reaction.latency import Regime, RescueRoute, RouteBook, transit_s
from hedgerow.units import YEAR_S

__all__ = [
    "Moves",
    "Odds",
    "breach_frac",
    "rescue_odds",
    "rescue_odds_drawn",
    "rescue_odds_recorded",
]

Floats: TypeAlias = NDArray[np.float64]

# Fewer separate stretches of history than this say nothing about a tail.
_STRETCHES_COUNT_MIN: Final = 20
_VOL_FRAC_MIN: Final = 1e-6


class Odds(msgspec.Struct, frozen=True, kw_only=True):
    """Probability that a rescue arrives in time.

    `error_frac` is the standard error of the draws alone; it says nothing of whether the
    volatility, the route or the history is right. `stretches_count` is how many stretches of
    history that do not overlap the draws are from; None where none was used.
    """

    arrives_frac: float
    error_frac: float
    draws_count: int
    stretches_count: int | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Moves:
    """Recorded moves of a price, one row a period, oldest first, without gaps.

    Attributes
    ----------
    close_log
        Log of each period's close over the close before it.
    worst_log
        Log of the worst price of each period over the close before it: the low for who fears a
        fall. Who fears a rise gives both columns with the other sign.

    Raises
    ------
    OutOfDomain
        If shapes differ, a number is not finite, or a worst price is better than the close.
    """

    close_log: Floats
    worst_log: Floats
    period_s: float

    def __post_init__(self) -> None:
        close = np.array(self.close_log, dtype=np.float64)
        worst = np.array(self.worst_log, dtype=np.float64)
        if close.ndim != 1 or close.shape != worst.shape or len(close) < 2:
            raise OutOfDomain("moves need two columns of equal length, two rows or more")
        if not (np.isfinite(close).all() and np.isfinite(worst).all()):
            raise OutOfDomain("moves must be finite; leave periods that were not recorded out")
        if (worst > np.minimum(close, 0.0) + 1e-12).any():
            raise OutOfDomain("the worst price of a period is no better than its open and close")
        if not 0.0 < self.period_s < np.inf:
            raise OutOfDomain(f"period_s must be positive, was {self.period_s}")
        for name, column in (("close_log", close), ("worst_log", worst)):
            column.setflags(write=False)
            object.__setattr__(self, name, column)

    @property
    def vol_frac(self) -> float:
        """Yearly volatility of all that was recorded, about a mean of zero."""
        return float(np.sqrt(np.mean(self.close_log**2) * YEAR_S / self.period_s))


def breach_frac(
    distance_log: float,
    vol_frac: float,
    elapsed_s: Floats | float,
    *,
    drift_log_per_year: float = 0.0,
) -> Floats:
    """Give the probability that the distance is used up within a time, watched all along.

    Parameters
    ----------
    distance_log
        Log of the price over the price at the breach, as a positive number; zero is a breach now.
    drift_log_per_year
        How the distance drifts: positive is away from the breach. For a long position it is
        ``μ - σ²/2``, for a short one its negative.

    Returns
    -------
    ndarray of the shape of `elapsed_s`

    Raises
    ------
    OutOfDomain
        If the distance, vol or a time is negative, or drift or distance is not finite.
    """
    times = np.asarray(elapsed_s, dtype=np.float64)
    _check(distance_log, vol_frac)
    if not (times >= 0.0).all() or not np.isfinite(drift_log_per_year):
        raise OutOfDomain("times must not be negative and the drift finite")
    # What moves less than a millionth a year stands still, and is no divisor.
    vol = vol_frac if vol_frac >= _VOL_FRAC_MIN else 0.0
    way, drift, sigma = np.array([[distance_log], [-drift_log_per_year], [vol]])
    found = reached(way, drift, sigma, times.ravel() / YEAR_S)
    return np.asarray(found, dtype=np.float64).reshape(times.shape)


def rescue_odds(distance_log: float, vol_frac: float, elapsed_s: float) -> float:
    """Give the probability that a rescue of a fixed time arrives first: closed form.

    Raises
    ------
    OutOfDomain
        As `breach_frac`.
    """
    breach = float(breach_frac(distance_log, vol_frac, elapsed_s))
    # What never arrives is no rescue, even where nothing moves.
    return 0.0 if np.isinf(elapsed_s) else 1.0 - breach


def rescue_odds_drawn(distance_log: float, vol_frac: float, transit_s: Floats) -> Odds:
    """Give the same where the time is drawn and does not depend on how the price moves.

    A rescue that fails (infinity) does not arrive, whatever the price does.

    Raises
    ------
    OutOfDomain
        As `breach_frac`, or if there is no time.
    """
    times = np.asarray(transit_s, dtype=np.float64)
    if times.ndim != 1 or not len(times):
        raise OutOfDomain("transit_s needs one time or more")
    arrives = np.where(np.isinf(times), 0.0, 1.0 - breach_frac(distance_log, vol_frac, times))
    return _mean(arrives)


def rescue_odds_recorded(
    distance_log: float,
    vol_frac: float,
    moves: Moves,
    book: RouteBook,
    route: RescueRoute,
    regime: Regime,
    *,
    horizon_s: float,
    count: int,
    rng: np.random.Generator,
) -> Odds:
    """Give the same from stretches of history, where what moves most also arrives latest.

    Each draw takes a stretch at random, scales it so that all of history has the volatility asked
    for, ranks it by how much it moves, and draws the time with that rank. Stretches keep what
    history did one after another: its clusters and its jumps.

    Parameters
    ----------
    horizon_s
        How long a stretch is; what arrives later counts as late.

    Raises
    ------
    OutOfDomain
        As `breach_frac`; if history has fewer than twenty separate stretches, or never moves.
    """
    _check(distance_log, vol_frac)
    if not 0.0 < horizon_s < np.inf or count <= 0:
        raise OutOfDomain(f"horizon_s and count must be positive, were {horizon_s}, {count}")
    periods = ceil(horizon_s / moves.period_s)
    stretches = len(moves.close_log) // periods
    if stretches < _STRETCHES_COUNT_MIN:
        raise OutOfDomain(
            f"{len(moves.close_log)} periods of {moves.period_s:g} s hold {stretches} separate "
            f"stretches of {horizon_s:g} s, fewer than {_STRETCHES_COUNT_MIN}; record more or "
            "shorten the horizon"
        )
    if moves.vol_frac == 0.0:
        raise OutOfDomain("a price that never moved cannot be scaled to a volatility")
    scale = vol_frac / moves.vol_frac
    level = np.concatenate([[0.0], np.cumsum(moves.close_log)])
    squares = np.concatenate([[0.0], np.cumsum(moves.close_log**2)])
    starts_count = len(moves.close_log) - periods + 1
    wild = squares[periods:] - squares[:starts_count]
    # Stretches as wild as each other share the middle of their ranks.
    _, place, alike = np.unique(wild, return_inverse=True, return_counts=True)
    score = ndtri(((np.cumsum(alike) - 0.5 * alike) / starts_count)[place])
    start = rng.integers(starts_count, size=count)
    times = transit_s(book, route, regime, count=count, rng=rng, volatility_score=score[start])
    # Whole periods, rounded up: the breach is looked for until the end of the last one.
    arrives_after = np.where(times <= horizon_s, np.ceil(times / moves.period_s), np.inf)
    is_whole = np.full(count, distance_log > 0.0)
    is_in_time = is_whole & (arrives_after == 0.0)
    for k in range(periods):
        lowest = scale * (level[start + k] - level[start] + moves.worst_log[start + k])
        is_whole &= lowest > -distance_log
        is_in_time |= is_whole & (arrives_after == k + 1)
    return msgspec.structs.replace(_mean(is_in_time.astype(np.float64)), stretches_count=stretches)


def _mean(arrives_frac: Floats) -> Odds:
    count = len(arrives_frac)
    return Odds(
        arrives_frac=float(np.mean(arrives_frac)),
        error_frac=float(np.std(arrives_frac)) / sqrt(count),
        draws_count=count,
    )


def _check(distance_log: float, vol_frac: float) -> None:
    if not (0.0 <= distance_log < np.inf and 0.0 <= vol_frac < np.inf):
        raise OutOfDomain(
            "distance_log and vol_frac must be finite and not negative, were "
            f"{distance_log}, {vol_frac}"
        )
