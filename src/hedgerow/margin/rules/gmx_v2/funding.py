"""What the larger side pays the smaller: a rate that follows the skew, or one that is learnt."""

import msgspec

from hedgerow.margin.rules.checks import not_negative, positive
from hedgerow.margin.rules.gmx_v2.fixed_point import (
    ONE_1E30,
    power_1e30,
    ratio_1e30,
    times_1e30,
)

__all__ = ["Adaptation", "FundingRate", "adapted_rate", "skew_1e30"]


class Adaptation(msgspec.Struct, frozen=True, kw_only=True):
    """How a market learns its rate; factors are per second.

    Attributes
    ----------
    increase_1e30
        The rate moves by this times the skew.
    decrease_1e30
        The rate shrinks by this when the skew is small.
    stable_1e30
        Above this skew the rate grows.
    shrink_1e30
        Below this skew it shrinks; between the two it stays.
    rate_1e30_min, rate_1e30_max
        Bounds of the rate's size; the smaller one counts for what is paid, not for what is saved.
    """

    increase_1e30: int
    decrease_1e30: int
    stable_1e30: int
    shrink_1e30: int
    rate_1e30_max: int
    rate_1e30_min: int = 0

    def __post_init__(self) -> None:
        not_negative(
            increase_1e30=self.increase_1e30,
            decrease_1e30=self.decrease_1e30,
            stable_1e30=self.stable_1e30,
            shrink_1e30=self.shrink_1e30,
            rate_1e30_min=self.rate_1e30_min,
            rate_1e30_max=self.rate_1e30_max,
        )


class FundingRate(msgspec.Struct, frozen=True, kw_only=True):
    """A rate per second, positive when longs pay: what is paid, and what is moved on next time."""

    paid_1e30: int
    saved_1e30: int


def skew_1e30(long_1e30: int, short_1e30: int, *, exponent_1e30: int = ONE_1E30) -> int:
    """Give ``|long - short|^exponent / (long + short)``, of open interest in dollars.

    Raises
    ------
    OutOfDomain
        If nobody holds a position.
    """
    not_negative(long_1e30=long_1e30, short_1e30=short_1e30)
    total_1e30 = long_1e30 + short_1e30
    positive(open_interest_1e30=total_1e30)
    return ratio_1e30(power_1e30(abs(long_1e30 - short_1e30), exponent_1e30), total_1e30)


def adapted_rate(
    long_1e30: int,
    short_1e30: int,
    *,
    saved_1e30: int,
    adaptation: Adaptation,
    elapsed_s: int,
    exponent_1e30: int = ONE_1E30,
) -> FundingRate:
    """Move a saved rate on by a number of seconds.

    A skew of the rate's own direction moves it outwards when large, shrinks it when small and
    leaves it alone in between. A skew against it, or a rate of nought, always moves it towards the
    skew. A rate that would shrink to nothing keeps the last digit, so that its direction is known.

    Parameters
    ----------
    long_1e30, short_1e30
        Open interest in dollars.
    saved_1e30
        Positive when longs pay.
    """
    not_negative(elapsed_s=elapsed_s)
    skew = skew_1e30(long_1e30, short_1e30, exponent_1e30=exponent_1e30)
    along = (saved_1e30 > 0 and long_1e30 > short_1e30) or (
        saved_1e30 < 0 and long_1e30 < short_1e30
    )
    next_1e30 = saved_1e30
    if not along or skew > adaptation.stable_1e30:
        step_1e30 = times_1e30(skew, adaptation.increase_1e30) * elapsed_s
        next_1e30 += step_1e30 if long_1e30 >= short_1e30 else -step_1e30
    elif skew < adaptation.shrink_1e30:
        left_1e30 = max(abs(saved_1e30) - adaptation.decrease_1e30 * elapsed_s, 1)
        next_1e30 = left_1e30 if saved_1e30 > 0 else -left_1e30
    saved = _bounded(next_1e30, 0, adaptation.rate_1e30_max)
    return FundingRate(
        paid_1e30=_bounded(saved, adaptation.rate_1e30_min, adaptation.rate_1e30_max),
        saved_1e30=saved,
    )


def _bounded(value_1e30: int, low_1e30: int, high_1e30: int) -> int:
    """Bound a size and keep its sign; the upper bound wins, and nought counts as positive."""
    size_1e30 = min(max(abs(value_1e30), low_1e30), high_1e30)
    return size_1e30 if value_1e30 >= 0 else -size_1e30
