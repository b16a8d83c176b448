"""How large a position is for its vol to be what was wanted, and not liquidated on the way.

Log returns enter, oldest first; weights leave, each from what was known before the return it earns.
The cap on leverage is not a constant: it is the leverage at which the probability of a liquidation
within a horizon is still what a person can bear. Vols are floored, because a quiet market would
otherwise be held largest just before it wakes. Too short a past is refused.

References
----------
Methods sheet, sections 10 and 16.2. A. Moreira, T. Muir (2017), Volatility-managed portfolios,
J. Finance 72. C. Harvey et al. (2018), The impact of volatility targeting, J. Portfolio
Management 45.
"""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from math import sqrt
from typing import Final, TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray

from hedgerow.errors import Failure, Outcome, OutOfDomain
from hedgerow.hedging.structures.checks import check_finite, check_not_negative, check_positive
from hedgerow.solvency import Side, hit_frac, linear_price_usd

__all__ = [
    "LeverageCap",
    "TargetPath",
    "VolEstimates",
    "VolTarget",
    "book_scale_frac",
    "ewma_vols",
    "fast_slow_vols",
    "isolated_liquidation_frac",
    "leverage_cap",
    "target_weight_frac",
    "targeted",
]

Floats: TypeAlias = NDArray[np.float64]

_HALVINGS_COUNT: Final = 60
# Of a leverage: halving ends there, long before `_HALVINGS_COUNT`; nobody trades the tenth digit.
_PRECISION_FRAC: Final = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class VolEstimates:
    """Row i is the vol expected of return `first_index` + i, from the returns before it alone.

    The last row is of the return that comes next, after all that were given.
    """

    first_index: int
    vol_frac: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class VolTarget:
    """How a position is sized.

    Attributes
    ----------
    vol_frac
        The vol wanted, annualised.
    leverage_frac_max
        The cap; from `leverage_cap` where the position can be liquidated.
    vol_frac_min
        Estimates below this count as this.
    band_frac
        A weight within this of the one held, relative to it, is not traded to.
    change_frac_max
        By how much the weight grows or shrinks at most in one step; infinite where it may jump.
        A cut forced by the cap itself is never slowed.
    """

    vol_frac: float
    leverage_frac_max: float
    vol_frac_min: float = 0.0
    band_frac: float = 0.0
    change_frac_max: float = float("inf")

    def __post_init__(self) -> None:
        check_positive(vol_frac=self.vol_frac)
        check_not_negative(
            leverage_frac_max=self.leverage_frac_max,
            vol_frac_min=self.vol_frac_min,
            band_frac=self.band_frac,
        )
        if not self.change_frac_max > 0.0:
            raise OutOfDomain(f"change_frac_max must be positive, was {self.change_frac_max}")


@dataclass(frozen=True, slots=True, eq=False)
class TargetPath:
    """Row i of every column is return `first_index` + i and the weight it was earned on."""

    first_index: int
    weight_frac: Floats
    earned_frac: Floats
    traded_frac: Floats
    next_weight_frac: float


class LeverageCap(msgspec.Struct, frozen=True, kw_only=True):
    """The largest leverage whose chance of liquidation is within what was allowed.

    `is_binding` says whether a larger one would break the bound, or the most that was asked about
    is still within it.
    """

    leverage_frac: float
    liquidation_frac: float
    allowed_frac: float
    is_binding: bool


def ewma_vols(
    returns_log: Floats, *, half_life_count: float, periods_count_per_year: float, warm_count: int
) -> VolEstimates:
    """Average squared returns, the older the less, about a mean of zero.

    Parameters
    ----------
    half_life_count
        After how many returns one weighs half.
    warm_count
        Returns that only make the first estimate, their plain mean square.

    Raises
    ------
    OutOfDomain
        If a return is not finite, or there are not more than `warm_count` of them, two or more.
    """
    r = np.asarray(returns_log, dtype=np.float64)
    check_positive(half_life_count=half_life_count, periods_count_per_year=periods_count_per_year)
    if r.ndim != 1 or not np.isfinite(r).all():
        raise OutOfDomain("returns_log must be one column of finite numbers")
    if warm_count < 2 or len(r) < warm_count:
        raise OutOfDomain(
            f"{len(r)} returns, and {warm_count} to warm up: two or more are needed, all there"
        )
    keep = 0.5 ** (1.0 / half_life_count)
    variance = np.empty(len(r) - warm_count + 1)
    variance[0] = np.mean(r[:warm_count] ** 2)
    for i, square in enumerate(r[warm_count:] ** 2):
        variance[i + 1] = keep * variance[i] + (1.0 - keep) * square
    vol = np.sqrt(variance * periods_count_per_year)
    vol.setflags(write=False)
    return VolEstimates(warm_count, vol)


def fast_slow_vols(
    returns_log: Floats,
    *,
    fast_half_life_count: float,
    slow_half_life_count: float,
    periods_count_per_year: float,
    warm_count: int,
) -> VolEstimates:
    """Give the larger of a fast and a slow average: quick to fear, slow to forget.

    Raises
    ------
    OutOfDomain
        As `ewma_vols`.
    """
    fast, slow = (
        ewma_vols(
            returns_log,
            half_life_count=half_life,
            periods_count_per_year=periods_count_per_year,
            warm_count=warm_count,
        )
        for half_life in (fast_half_life_count, slow_half_life_count)
    )
    vol = np.maximum(fast.vol_frac, slow.vol_frac)
    vol.setflags(write=False)
    return VolEstimates(warm_count, vol)


def target_weight_frac(target: VolTarget, *, vol_frac: float, signal_frac: float = 1.0) -> float:
    """Give ``min(L_max, σ*/σ̂)·signal``, the vol floored, the cap holding for the whole of it.

    Raises
    ------
    OutOfDomain
        If the vol is negative, or the signal not finite.
    """
    check_not_negative(vol_frac=vol_frac)
    check_finite(signal_frac=signal_frac)
    floored = max(vol_frac, target.vol_frac_min)
    size = target.leverage_frac_max
    if floored > 0.0:
        size = min(size, target.vol_frac / floored)
    return max(-target.leverage_frac_max, min(target.leverage_frac_max, size * signal_frac))


def targeted(
    returns_log: Floats,
    vols: VolEstimates,
    target: VolTarget,
    *,
    signal_frac: Floats | float = 1.0,
) -> TargetPath:
    """Walk through returns, each earned on the weight that was chosen before it.

    Parameters
    ----------
    signal_frac
        One for all returns, or one for each estimate, known before the return it is for: the last
        is for the return to come.

    Raises
    ------
    OutOfDomain
        If estimates are not of these returns, or there is not a signal for each.
    """
    r = np.asarray(returns_log, dtype=np.float64)
    count = len(r) - vols.first_index
    if count < 0 or len(vols.vol_frac) != count + 1 or not np.isfinite(r).all():
        raise OutOfDomain("the estimates must be those of these returns, one more than they are")
    signals = np.asarray(signal_frac, dtype=np.float64)
    if signals.shape not in ((), (count + 1,)):
        raise OutOfDomain(f"one signal, or {count + 1}: one for each estimate; {signals.shape}")
    signals = np.broadcast_to(signals, (count + 1,))
    weights, held = np.empty(count + 1), 0.0
    for i, (vol, signal) in enumerate(zip(vols.vol_frac.tolist(), signals.tolist(), strict=True)):
        wanted = target_weight_frac(target, vol_frac=vol, signal_frac=signal)
        held = _next_weight(held, wanted, target, is_first=i == 0)
        weights[i] = held
    earned = weights[:-1] * np.expm1(r[vols.first_index :])
    traded = np.abs(np.diff(weights, prepend=0.0))[:-1]
    for column in (weights, earned, traded):
        column.setflags(write=False)
    return TargetPath(vols.first_index, weights[:-1], earned, traded, float(weights[-1]))


def book_scale_frac(
    weights_frac: Floats,
    covariance_frac_per_year: Floats,
    *,
    vol_frac: float,
    fixed_frac: Floats | None = None,
) -> Outcome[float]:
    """Give what to multiply a book's weights by for its vol to be this: ``σ*/√(w'Σw)``.

    Parameters
    ----------
    fixed_frac
        Weights beside them that are not scaled, such as coins held as collateral: the scale k is
        then the larger one at which f + kw has that vol. Nothing where left out.

    Returns
    -------
    float or Failure
        A Failure where the fixed weights have more vol than is wanted at every scale of the others
        that is not negative.

    Raises
    ------
    OutOfDomain
        If shapes do not fit, something is not finite, or the book has no variance to scale.
    """
    check_positive(vol_frac=vol_frac)
    w = np.asarray(weights_frac, dtype=np.float64)
    fixed = np.zeros_like(w) if fixed_frac is None else np.asarray(fixed_frac, dtype=np.float64)
    sigma = np.asarray(covariance_frac_per_year, dtype=np.float64)
    if w.ndim != 1 or fixed.shape != w.shape or sigma.shape != (len(w), len(w)):
        raise OutOfDomain(
            f"{w.shape} weights do not go with {fixed.shape} fixed ones and a covariance of "
            f"{sigma.shape}"
        )
    if not (np.isfinite(w).all() and np.isfinite(fixed).all() and np.isfinite(sigma).all()):
        raise OutOfDomain("weights and covariance must be finite")
    a, b = float(w @ sigma @ w), float(fixed @ sigma @ w)
    c = float(fixed @ sigma @ fixed) - vol_frac**2
    if a <= 0.0:
        raise OutOfDomain(f"a book with a variance of {a} cannot be scaled to a vol")
    inside = b * b - a * c
    scale = (-b + sqrt(inside)) / a if inside >= 0.0 else -1.0
    if scale < 0.0:
        return Failure(
            subject="book",
            reason="unsupported",
            message=f"what is not scaled moves more than {vol_frac:g} a year, whatever the rest",
        )
    return scale


def isolated_liquidation_frac(
    leverage_frac: float,
    *,
    side: Side,
    maintenance_frac: float,
    vol_frac: float,
    horizon_years: float,
    growth_frac_per_year: float = 0.0,
    passage_frac: Callable[[float, float, float], float] | None = None,
) -> float:
    """Give the probability that an isolated linear position is liquidated within a horizon.

    By the first passage of a lognormal price; 1 where the leverage leaves no margin, 0 where no
    price that is one liquidates.

    Parameters
    ----------
    passage_frac
        The probability of touching a relative move, -0.1 being ten per cent below, at a vol within
        years: in place of a lognormal price, one with tails. It takes no growth.

    Raises
    ------
    OutOfDomain
        If the leverage or requirement is negative, or as `hit_frac`.
    """
    check_not_negative(leverage_frac=leverage_frac)
    if not 0.0 <= maintenance_frac < 1.0:
        raise OutOfDomain(f"maintenance_frac must lie in [0, 1), was {maintenance_frac}")
    if leverage_frac == 0.0:
        return 0.0
    if leverage_frac * maintenance_frac >= 1.0:
        return 1.0
    price = linear_price_usd(
        "long" if side == "fall" else "short",
        Fraction(1),
        leverage_frac=Fraction(leverage_frac),
        maintenance_frac=Fraction(maintenance_frac),
    )
    if price <= 0:
        return 0.0
    if passage_frac is not None:
        if growth_frac_per_year:
            raise OutOfDomain("a passage of one's own takes no growth")
        return passage_frac(float(price) - 1.0, vol_frac, horizon_years)
    return float(hit_frac(1.0, float(price), growth_frac_per_year, vol_frac, horizon_years))


def leverage_cap(
    liquidation_frac: Callable[[float], float],
    *,
    allowed_frac: float,
    leverage_frac_max: float,
) -> Outcome[LeverageCap]:
    """Halve between leverages until the largest is found at which a liquidation is unlikely enough.

    Parameters
    ----------
    liquidation_frac
        The probability at a leverage: `isolated_liquidation_frac`, or anything that asks a venue's
        own engine. It is asked from no leverage on, and must not fall as leverage grows.
    leverage_frac_max
        The most the venue allows.

    Returns
    -------
    LeverageCap or Failure
        A Failure where even the smallest leverage is too likely to be liquidated.

    Raises
    ------
    OutOfDomain
        If the chance allowed does not lie in (0, 1), the most is not positive and finite, or a
        probability is none or falls with leverage.
    """
    if not 0.0 < allowed_frac < 1.0:
        raise OutOfDomain(f"allowed_frac must lie in (0, 1), was {allowed_frac}")
    check_positive(leverage_frac_max=leverage_frac_max)

    def asked(leverage_frac: float) -> float:
        found = liquidation_frac(leverage_frac)
        if not 0.0 <= found <= 1.0:
            raise OutOfDomain(f"a probability at a leverage of {leverage_frac} was {found}")
        return found

    low, high = 0.0, leverage_frac_max
    at_low, at_high = asked(low), asked(high)
    if at_high <= allowed_frac:
        return LeverageCap(
            leverage_frac=high,
            liquidation_frac=at_high,
            allowed_frac=allowed_frac,
            is_binding=False,
        )
    if at_low > allowed_frac:
        return Failure(
            subject="leverage",
            reason="unsupported",
            message=f"at a leverage of {low:g} a liquidation has a probability of {at_low:.3g}, "
            f"more than the {allowed_frac:g} allowed",
        )
    for _ in range(_HALVINGS_COUNT):
        if high - low <= _PRECISION_FRAC * high:
            break
        middle = 0.5 * (low + high)
        at_middle = asked(middle)
        if not at_low <= at_middle <= at_high:
            raise OutOfDomain(
                f"the probability falls as leverage grows: {at_low} at {low}, {at_middle} at "
                f"{middle}, {at_high} at {high}"
            )
        if at_middle <= allowed_frac:
            low, at_low = middle, at_middle
        else:
            high, at_high = middle, at_middle
    return LeverageCap(
        leverage_frac=low, liquidation_frac=at_low, allowed_frac=allowed_frac, is_binding=True
    )


def _next_weight(
    held_frac: float, wanted_frac: float, target: VolTarget, *, is_first: bool
) -> float:
    """Give the weight to hold: unchanged within the band, else changed no faster than may be."""
    if not is_first and abs(wanted_frac - held_frac) <= target.band_frac * abs(held_frac):
        moved = held_frac
    elif is_first:
        moved = wanted_frac
    else:
        step = min(max(wanted_frac - held_frac, -target.change_frac_max), target.change_frac_max)
        moved = held_frac + step
    # The cap is the liquidation bound: neither a band nor a slow step may hold more.
    return max(-target.leverage_frac_max, min(target.leverage_frac_max, moved))
