"""Model-free implied volatility: the variance that a strip of out-of-the-money options pays for.

References
----------
P. Carr, D. Madan (1998), Towards a theory of volatility trading. Cboe (2019), VIX white paper,
whose rules for strikes and weights these are.
"""

from dataclasses import dataclass

import numpy as np

from hedgerow.errors import OutOfDomain
from hedgerow.market import from_strike
from hedgerow.pricing.black76 import Floats

__all__ = ["VarianceStrip", "index_volpt", "variance_strip"]


@dataclass(frozen=True, slots=True, eq=False)
class VarianceStrip:
    """One expiry's strip.

    Attributes
    ----------
    forward_usd, strike_split_usd
        The forward by parity, and the strike K0 where call and put lie nearest.
    contribution_frac
        Sum of ΔK/K² times the price, discounted.
    variance_frac
        Total variance to expiry, not per year: twice the contribution undiscounted, less
        (F/K0 - 1)².
    strikes_count
        How many strikes had a price that counts.
    """

    forward_usd: float
    strike_split_usd: float
    contribution_frac: float
    variance_frac: float
    strikes_count: int


def variance_strip(
    strike_usd: Floats,
    call_usd: Floats,
    put_usd: Floats,
    expiry_years: float,
    *,
    rate_frac_per_year: float,
) -> VarianceStrip:
    """Add up the strip of one expiry.

    Parameters
    ----------
    strike_usd
        Rising, positive, shape (n,); USD per coin as all prices.
    call_usd, put_usd
        Mids; NaN where either side of the quote is missing. Below the split the put counts, above
        it the call, at it the mean of both; strikes without the one that counts are dropped.
    expiry_years
        Positive.
    rate_frac_per_year
        Continuously compounded, for discounting.

    Returns
    -------
    VarianceStrip

    Raises
    ------
    OutOfDomain
        If fewer than two strikes count, or none has both a call and a put.

    References
    ----------
    Cboe (2019), VIX white paper: ``2 e^{rT} Σ ΔK/K² Q(K) - (F/K0 - 1)²``.
    """
    growth = float(np.exp(rate_frac_per_year * expiry_years))
    if not np.isfinite(call_usd - put_usd).any():
        raise OutOfDomain("no strike has both a call and a put: there is no forward")
    split, forward = from_strike(strike_usd, call_usd, put_usd, 1.0 / growth)
    mid = np.where(
        strike_usd < split,
        put_usd,
        np.where(strike_usd > split, call_usd, 0.5 * (call_usd + put_usd)),
    )
    kept = np.isfinite(mid)
    if kept.sum() < 2:
        raise OutOfDomain(f"{int(kept.sum())} strikes have a price, a strip needs two")
    K, price = strike_usd[kept], mid[kept]
    # Half the distance between the neighbours, and the whole one at the ends.
    step = np.gradient(K)
    contribution = float((step / K**2 * price).sum())
    return VarianceStrip(
        forward_usd=forward,
        strike_split_usd=split,
        contribution_frac=contribution,
        variance_frac=2.0 * growth * contribution - (forward / split - 1.0) ** 2,
        strikes_count=int(kept.sum()),
    )


def index_volpt(
    near: VarianceStrip,
    following: VarianceStrip,
    *,
    near_years: float,
    following_years: float,
    horizon_years: float,
) -> float:
    """Interpolate total variance of two strips to a horizon; a volatility in percent per year.

    Parameters
    ----------
    near, following
        Strips of two expiries.
    near_years, following_years
        Theirs, ACT/365; positive and rising.
    horizon_years
        Positive; 30 days for the usual indices. Outside the two it extrapolates the line.

    Returns
    -------
    float, vol points

    Raises
    ------
    OutOfDomain
        If the expiries are not in order.

    References
    ----------
    Cboe (2019), VIX white paper: total variance is linear in time between the two.
    """
    if not 0 < near_years < following_years:
        raise OutOfDomain(f"expiries must rise, were {near_years} and {following_years} years")
    span = following_years - near_years
    weight = (following_years - horizon_years) / span
    total = weight * near.variance_frac + (1.0 - weight) * following.variance_frac
    return 100.0 * float(np.sqrt(total / horizon_years))
