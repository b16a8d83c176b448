"""Being long spot and short a perpetual for what longs pay: what may come of it.

A past of settled rates enters, with the marks of the same intervals where they are known; what
leaves are yearly rates, the margin the short leg may call for, and how likely it is liquidated
before somebody tops it up. What follows in time is drawn in blocks, as long as funding remembers
itself, and rates and marks of an interval stay together, because funding is high when prices rise.
A past too short for its own blocks is refused; the generator is the caller's.

References
----------
Methods sheet, sections 8, 16.2 and 28.
"""

from dataclasses import dataclass
from fractions import Fraction
from math import ceil, exp, log
from typing import Final, TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray

from hedgerow.errors import Failure, Outcome, OutOfDomain
from hedgerow.hedging.structures.blocks import (
    ROWS_COUNT_MIN,
    block_count,
    memory,
    rows_drawn,
    rows_like_now,
)
from hedgerow.hedging.structures.checks import check_finite, check_not_negative, check_positive
from hedgerow.solvency import breach_frac, hit_frac, linear_price_usd, upper_bound_frac
from hedgerow.units import YEAR_HOURS

__all__ = [
    "TAIL_FRAC",
    "BasisBlowout",
    "CarryPast",
    "FundingOutlook",
    "MarginDraw",
    "ShortLeg",
    "basis_blowout",
    "check_drawn",
    "funding_outlook",
    "margin_draw",
    "short_leg",
]

Floats: TypeAlias = NDArray[np.float64]

_WEEK_HOURS: Final = 168.0
_DRAWS_COUNT: Final = 5_000
# Two logs of one price may differ in their last bits: 1e-15 or so. A tick is 1e-9 or more.
_LAST_BITS_LOG: Final = 1e-12
# 1 / (1 - 0.9) is 10 and a last bit, which needs no eleventh window: of a million, 1e-10.
_LAST_BITS_COUNT: Final = 1e-9
# A stress is what one holding in twenty is worse than: of 5,000 draws 250 lie beyond it.
TAIL_FRAC: Final = 0.05


@dataclass(frozen=True, slots=True, eq=False)
class CarryPast:
    """One row an interval of funding, oldest first, without holes. Columns are copied and locked.

    Attributes
    ----------
    funding_frac
        Settled at the end of each interval, positive when longs pay.
    interval_hours
        How long an interval is.
    mark_close_log, mark_high_log
        Log of the mark at the end of each interval, and of its highest in it, over the mark before
        it; None where marks are not known, and then margin is not asked about.

    Raises
    ------
    OutOfDomain
        If shapes differ, a number is not finite, there are fewer than thirty intervals, or a high
        is lower than a close or the mark before it.
    """

    funding_frac: Floats
    interval_hours: float
    mark_close_log: Floats | None = None
    mark_high_log: Floats | None = None

    def __post_init__(self) -> None:
        check_positive(interval_hours=self.interval_hours)
        if (self.mark_close_log is None) != (self.mark_high_log is None):
            raise OutOfDomain("closes and highs of the mark go together")
        count = len(self.funding_frac)
        if count < ROWS_COUNT_MIN:
            raise OutOfDomain(f"{count} intervals of funding, fewer than {ROWS_COUNT_MIN}")
        for name in ("funding_frac", "mark_close_log", "mark_high_log"):
            if getattr(self, name) is None:
                continue
            column = np.array(getattr(self, name), dtype=np.float64)
            if column.shape != (count,) or not np.isfinite(column).all():
                raise OutOfDomain(f"{name} must be {count} finite numbers")
            column.setflags(write=False)
            object.__setattr__(self, name, column)
        if self.mark_high_log is not None and self.mark_close_log is not None:
            floor = np.maximum(self.mark_close_log, 0.0)
            if (self.mark_high_log < floor - _LAST_BITS_LOG).any():
                raise OutOfDomain("the highest mark of an interval is no lower than its ends")

    def __len__(self) -> int:
        return len(self.funding_frac)

    @property
    def week_count(self) -> int:
        """Intervals in a week, one at least."""
        return max(1, round(_WEEK_HOURS / self.interval_hours))


class FundingOutlook(msgspec.Struct, frozen=True, kw_only=True):
    """What funding may bring over a holding, a year on the notional at entry, less the cost.

    `expected_frac_per_year` is the mean of the draws and `stressed_frac_per_year` their quantile at
    `tail_frac`. `past_frac_per_year` is what the whole past paid, less the cost as well, and
    `past_error_frac_per_year` the standard error of that, its memory counted; whether the future
    resembles the past it does not say. `paying_frac` is the share of intervals in which shorts
    paid, `flips_count_per_year` how often the sign changed, `paying_count_max` the longest stretch
    of paying, in intervals.
    """

    expected_frac_per_year: float
    stressed_frac_per_year: float
    past_frac_per_year: float
    past_error_frac_per_year: float
    tail_frac: float
    paying_frac: float
    paying_count_max: int
    flips_count_per_year: float
    block_count: float
    draws_count: int


class MarginDraw(msgspec.Struct, frozen=True, kw_only=True):
    """What the short leg may call for over a holding, on the notional at entry.

    The draw of a path is the most that the short had lost, funding received taken off. What is
    topped up comes out of spot's gain, which lies elsewhere. `liquidated_frac` is the share of
    paths on which nobody tops up and the leg is liquidated at the leverage asked about, at most
    `liquidated_frac_max` to 95 %.
    """

    mean_frac: float
    stressed_frac: float
    most_frac: float
    tail_frac: float
    liquidated_frac: float
    liquidated_frac_max: float
    draws_count: int
    separate_count: int


class BasisBlowout(msgspec.Struct, frozen=True, kw_only=True):
    """How far the basis may widen against who is short of it, as logs; losses are positive.

    `separate_count` is how many windows that do not overlap the past holds: what overlaps says
    little more than these do.
    """

    loss_log: float
    shortfall_log: float
    level_frac: float
    windows_count: int
    separate_count: int


class ShortLeg(msgspec.Struct, frozen=True, kw_only=True):
    """An isolated short and whoever watches it, by closed forms of a lognormal price.

    `distance_log` leads to the liquidation, `trigger_log` to the alarm; `top_up_frac` of the
    notional at entry then restores the leverage. `alarm_frac` is the probability of an alarm within
    the horizon, `late_frac` that of a liquidation between an alarm and the arrival of the money,
    `liquidated_frac` the two together: a liquidation before the first top-up arrives.
    `unattended_frac` is a liquidation within the horizon where nobody watches.
    """

    distance_log: float
    trigger_log: float
    top_up_frac: float
    alarm_frac: float
    late_frac: float
    liquidated_frac: float
    unattended_frac: float


def funding_outlook(
    past: CarryPast,
    *,
    holding_count: int,
    cost_frac: float,
    rng: np.random.Generator,
    draws_count: int = _DRAWS_COUNT,
) -> FundingOutlook:
    """Draw holdings of so many intervals out of the past.

    They begin where a week of funding was most like the last one: funding of a quiet year is no
    guide to that of a mania, nor the other way round.

    Parameters
    ----------
    cost_frac
        Of getting in and out of both legs, on the notional.

    Notes
    -----
    The short receives ``Σ fᵢ Mᵢ``: where marks are known, a rate is paid on the mark of its time.

    Raises
    ------
    OutOfDomain
        If a count is not positive, or the cost negative.
    """
    check_drawn(holding_count, draws_count)
    check_not_negative(cost_frac=cost_frac)
    f = past.funding_frac
    n = YEAR_HOURS / past.interval_hours
    length, error = memory(f)
    like = rows_like_now(f, past.week_count, holding_count)
    at = rows_drawn(len(past), holding_count, length, draws_count, rng, start_index=like)
    received = np.sum(_paid(past, at), axis=1)
    cost = cost_frac * n / holding_count
    is_paying = f < 0.0
    return FundingOutlook(
        expected_frac_per_year=float(np.mean(received)) * n / holding_count - cost,
        stressed_frac_per_year=float(np.quantile(received, TAIL_FRAC)) * n / holding_count - cost,
        past_frac_per_year=float(np.mean(f)) * n - cost,
        past_error_frac_per_year=error * n,
        tail_frac=TAIL_FRAC,
        paying_frac=float(np.mean(is_paying)),
        paying_count_max=_longest(is_paying),
        flips_count_per_year=float(np.count_nonzero(is_paying[1:] != is_paying[:-1]))
        * n
        / (len(f) - 1),
        block_count=length,
        draws_count=draws_count,
    )


def margin_draw(
    past: CarryPast,
    *,
    holding_count: int,
    leverage_frac: float,
    maintenance_frac: float,
    rng: np.random.Generator,
    draws_count: int = _DRAWS_COUNT,
) -> Outcome[MarginDraw]:
    """Draw holdings out of the past and follow the short leg's equity, highs included.

    Returns
    -------
    MarginDraw or Failure
        A Failure where the past has no marks.

    Raises
    ------
    OutOfDomain
        As `funding_outlook`, or if leverage and maintenance leave no margin.
    """
    check_drawn(holding_count, draws_count)
    _check_leg(leverage_frac, maintenance_frac)
    close, high = past.mark_close_log, past.mark_high_log
    if close is None or high is None:
        return Failure(
            subject="short leg",
            reason="missing_data",
            message="the past has rates and no marks: what margin it called for is not known",
        )
    # What moves prices is what draws margin: blocks are those of whichever remembers longer.
    length = max(block_count(past.funding_frac), block_count(np.abs(close)))
    at = rows_drawn(len(past), holding_count, length, draws_count, rng)
    level = np.cumsum(close[at], axis=1)
    before = np.concatenate([np.zeros((draws_count, 1)), level[:, :-1]], axis=1)
    paid = np.cumsum(_paid(past, at), axis=1)
    received = np.concatenate([np.zeros((draws_count, 1)), paid[:, :-1]], axis=1)
    top = np.exp(before + high[at])
    lost = top - 1.0 - received
    draw = np.maximum(np.max(lost, axis=1), 0.0)
    is_gone = np.any(1.0 / leverage_frac - lost <= maintenance_frac * top, axis=1)
    gone = float(np.mean(is_gone))
    separate = len(past) // holding_count
    return MarginDraw(
        mean_frac=float(np.mean(draw)),
        stressed_frac=float(np.quantile(draw, 1.0 - TAIL_FRAC)),
        most_frac=float(np.max(draw)),
        tail_frac=TAIL_FRAC,
        liquidated_frac=gone,
        liquidated_frac_max=upper_bound_frac(gone, max(separate, 1)),
        draws_count=draws_count,
        separate_count=separate,
    )


def basis_blowout(
    basis_log: Floats, *, holding_count: int, level_frac: float = 0.95
) -> Outcome[BasisBlowout]:
    """Give how far the basis widened over windows of the past: value at risk and shortfall.

    Of who is long spot and short the other; who is the other way round gives the basis with its
    sign turned. Windows overlap, so that none of them depends on where the past begins.

    Parameters
    ----------
    basis_log
        Log of future or perpetual over spot, evenly in time, oldest first.

    Returns
    -------
    BasisBlowout or Failure
        A Failure where the past holds too few separate windows for one beyond the level.

    Raises
    ------
    OutOfDomain
        If a number is not finite, the count not positive, or the level not in (0, 1).
    """
    b = np.asarray(basis_log, dtype=np.float64)
    if b.ndim != 1 or not np.isfinite(b).all():
        raise OutOfDomain("basis_log must be one column of finite numbers")
    if holding_count < 1 or not 0.0 < level_frac < 1.0:
        raise OutOfDomain(
            f"a count above zero and a level in (0, 1), {holding_count}, {level_frac}"
        )
    separate = (len(b) - 1) // holding_count
    needed = ceil(1.0 / (1.0 - level_frac) - _LAST_BITS_COUNT)
    if separate < needed:
        return Failure(
            subject="basis",
            reason="missing_data",
            message=f"the past holds {max(separate, 0)} separate windows of {holding_count} rows, "
            f"and a loss that {1.0 - level_frac:.3g} of them exceed needs {needed}",
        )
    losses = np.sort(b[holding_count:] - b[:-holding_count])[::-1]
    wanted = (1.0 - level_frac) * len(losses)
    whole = int(wanted)
    worst = float(np.sum(losses[:whole]) + (wanted - whole) * np.sum(losses[whole : whole + 1]))
    return BasisBlowout(
        loss_log=float(np.quantile(losses, level_frac)),
        shortfall_log=worst / wanted,
        level_frac=level_frac,
        windows_count=len(losses),
        separate_count=separate,
    )


def short_leg(
    *,
    leverage_frac: float,
    maintenance_frac: float,
    alarm_frac: float,
    vol_frac: float,
    horizon_years: float,
    transit_s: Floats | float,
    growth_frac_per_year: float = 0.0,
) -> ShortLeg:
    """Say how likely the short leg is liquidated before money from elsewhere arrives.

    Parameters
    ----------
    alarm_frac
        The part of the distance after which somebody is called: 0.5 is half of the way, in logs.
    transit_s
        From the alarm to the money's being credited: noticing, deciding, sending. One time, or
        draws of it; a rescue that never comes is infinity.

    Notes
    -----
    A lognormal price forgets how it came to the alarm, so both probabilities multiply.

    Raises
    ------
    OutOfDomain
        If leverage and maintenance leave no margin, the alarm is not in (0, 1], or a figure is
        negative or not finite.
    """
    _check_leg(leverage_frac, maintenance_frac)
    check_not_negative(vol_frac=vol_frac, horizon_years=horizon_years)
    check_finite(growth_frac_per_year=growth_frac_per_year)
    times = np.atleast_1d(np.asarray(transit_s, dtype=np.float64))
    if not 0.0 < alarm_frac <= 1.0 or not len(times):
        raise OutOfDomain(f"an alarm in (0, 1] and a time of transit, alarm was {alarm_frac}")
    price = linear_price_usd(
        "short",
        Fraction(1),
        leverage_frac=Fraction(leverage_frac),
        maintenance_frac=Fraction(maintenance_frac),
    )
    way = log(price)
    trigger = alarm_frac * way
    risen = exp(trigger)
    within = hit_frac(1.0, [risen, float(price)], growth_frac_per_year, vol_frac, horizon_years)
    alarm, unattended = (float(each) for each in within)
    # The distance of a short shrinks as the price grows.
    drift = -(growth_frac_per_year - 0.5 * vol_frac**2)
    late = float(np.mean(breach_frac(way - trigger, vol_frac, times, drift_log_per_year=drift)))
    return ShortLeg(
        distance_log=way,
        trigger_log=trigger,
        top_up_frac=(risen - 1.0) * (1.0 + 1.0 / leverage_frac),
        alarm_frac=alarm,
        late_frac=late,
        liquidated_frac=alarm * late,
        unattended_frac=unattended,
    )


def _check_leg(leverage_frac: float, maintenance_frac: float) -> None:
    check_positive(leverage_frac=leverage_frac)
    if not 0.0 <= maintenance_frac < min(1.0, 1.0 / leverage_frac):
        raise OutOfDomain(
            f"a requirement of {maintenance_frac} leaves no margin at a leverage of {leverage_frac}"
        )


def check_drawn(holding_count: int, draws_count: int) -> None:
    """Refuse counts that cannot be; OutOfDomain."""
    if holding_count < 1 or draws_count < 1:
        raise OutOfDomain(f"counts above zero, were {holding_count}, {draws_count}")


def _paid(past: CarryPast, at: NDArray[np.int64]) -> Floats:
    """Give what each interval drawn pays on the notional at entry."""
    if past.mark_close_log is None:
        return past.funding_frac[at]
    return past.funding_frac[at] * np.exp(np.cumsum(past.mark_close_log[at], axis=1))


def _longest(flags: NDArray[np.bool_]) -> int:
    edges = np.diff(np.concatenate([[0], flags.astype(np.int64), [0]]))
    starts, ends = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)
    return int(np.max(ends - starts)) if len(starts) else 0
