"""Funding: a premium and a bounded pull to the interest rate, an eighth of it paid every hour."""

from fractions import Fraction

from hedgerow.errors import OutOfDomain
from hedgerow.margin.rules.checks import not_negative, positive

__all__ = [
    "INTEREST_FRAC_PER_8H",
    "PULL_FRAC_MAX",
    "premium_frac",
    "rate_frac_per_8h",
    "rate_frac_per_hour",
]

INTEREST_FRAC_PER_8H = Fraction("0.0001")
PULL_FRAC_MAX = Fraction("0.0005")
_HOURLY_FRAC_MAX = Fraction("0.04")


def premium_frac(
    oracle_usd: Fraction,
    *,
    impact_bid_usd: Fraction | None,
    impact_ask_usd: Fraction | None,
) -> Fraction:
    """How far the book stands beyond the oracle: bid above it, or ask below it; else nought.

    Parameters
    ----------
    impact_bid_usd, impact_ask_usd
        Average prices at which the impact notional is sold and bought. One may be unknown where the
        other decides: a bid above the oracle has its ask above it too.

    Raises
    ------
    OutOfDomain
        If the oracle is not positive, the ask is below the bid, or what is known does not decide.
    """
    positive(oracle_usd=oracle_usd)
    bid, ask = impact_bid_usd, impact_ask_usd
    if bid is not None and ask is not None and ask < bid:
        raise OutOfDomain(f"impact ask {ask} lies below impact bid {bid}")
    if bid is not None and bid >= oracle_usd:
        return (bid - oracle_usd) / oracle_usd
    if ask is not None and ask <= oracle_usd:
        return (ask - oracle_usd) / oracle_usd
    if bid is None or ask is None:
        raise OutOfDomain(
            f"impact bid {bid} and ask {ask} do not say where the book stands: both are needed"
        )
    return Fraction(0)


def rate_frac_per_8h(
    premium: Fraction,
    *,
    interest_frac_per_8h: Fraction = INTEREST_FRAC_PER_8H,
    pull_frac_max: Fraction = PULL_FRAC_MAX,
) -> Fraction:
    """Give ``P + clamp(interest - P, ±0.05 %)``, positive when longs pay.

    Parameters
    ----------
    premium
        Averaged over the hour.
    """
    not_negative(pull_frac_max=pull_frac_max)
    return premium + min(max(interest_frac_per_8h - premium, -pull_frac_max), pull_frac_max)


def rate_frac_per_hour(
    rate_per_8h: Fraction, *, frac_per_hour_max: Fraction = _HOURLY_FRAC_MAX
) -> Fraction:
    """Rate paid each hour: an eighth of the 8-hour rate, at most 4 % either way."""
    not_negative(frac_per_hour_max=frac_per_hour_max)
    return min(max(rate_per_8h / 8, -frac_per_hour_max), frac_per_hour_max)
