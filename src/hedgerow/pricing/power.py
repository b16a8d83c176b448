"""Power perpetuals as columns: a power of a price, held for ever, paid for by a shrinking factor.

One token stands for ``n S^p / scale`` dollars, its *index*, where the *norm factor* n starts at one
and falls as holders pay: ``d ln n = -ln(mark / index) / f dt`` with f the funding period. Squeeth
(Opyn): p = 2, scale 10,000, f = 17.5 days.

Under lognormal S the power grows by ``p r + p (p-1) σ²/2`` a year. A token that costs nothing to
carry grows by r alone, so the factor has to fall by ``(p-1) (r + p σ²/2)`` a year, and the mark
that makes it do so is

    mark = n S^p / scale · exp((p-1) (r + p σ²/2) f),

for p = 2 the index times ``exp((r + σ²) f)``. The rate of fall is what holders pay and what the
market says about variance; backed out of a mark it may be negative, as a pool's price may lag its
index by its fee. The controller pays no more than a mark of 1.4 times the index would say, and no
less than one of 0.8 times: what a mark says beyond is priced and not paid.

References
----------
D. White, D. Robinson, Z. Koticha, A. Leone, A. Gauba, A. Krishnan (2021), Power Perpetuals
(Paradigm); J. Clark (2021), Squeeth insides, volume 1: funding and volatility (Opyn). The form of
the mark is derived here, and held against a recording of the controller in the tests; its bounds
are those of opynfinance/squeeth-monorepo, contracts/core/Controller.sol @ 6dc8cd9e79.
"""

from dataclasses import dataclass

import numpy as np

from hedgerow.pricing.gate import (
    AMOUNT,
    PRICE,
    VOL,
    YEARS,
    Bounds,
    Column,
    Floats,
    gate,
    laid_out,
    steep,
)

__all__ = [
    "EXPONENT",
    "FACTOR",
    "FUNDING",
    "MARK_OVER_INDEX",
    "SQUEETH_FUNDING_YEARS",
    "SQUEETH_SCALE_USD",
    "PowerGreeks",
    "PowerImplied",
    "paid_frac_per_year",
    "power_implied",
    "power_perpetuals",
    "power_perpetuals_at_premium",
]

SQUEETH_SCALE_USD = 10_000.0
SQUEETH_FUNDING_YEARS = 17.5 / 365.0
MARK_OVER_INDEX: Bounds = (0.8, 1.4)
"""Within which a mark is paid for."""

_DAYS_PER_YEAR = 365.0
EXPONENT: Bounds = (1.0 + 1e-6, 4.0)
FACTOR: Bounds = (1e-30, 1e3)
FUNDING: Bounds = (1e-9, 1e3)


@dataclass(frozen=True, slots=True, eq=False)
class PowerGreeks:
    """One item per holding; views of the buffer where one was given.

    Attributes
    ----------
    value_usd, index_usd
        At the mark, and without what the mark adds for variance.
    delta_coin, gamma_coin_per_usd
        First and second derivative of the value to the price, vol and factor unmoved.
    vega_usd_per_vol, variance_usd_per_variance
        Per 1.00 of the implied vol, and per 1.00 of its square.
    theta_usd_per_day
        What passing time adds with price and vol unmoved: the funding paid through the factor,
        negative when long.
    funding_frac_per_year
        Rate at which the factor falls, within the controller's bounds.
    """

    value_usd: Floats
    index_usd: Floats
    delta_coin: Floats
    gamma_coin_per_usd: Floats
    vega_usd_per_vol: Floats
    variance_usd_per_variance: Floats
    theta_usd_per_day: Floats
    funding_frac_per_year: Floats


@dataclass(frozen=True, slots=True, eq=False)
class PowerImplied:
    """One item per mark.

    Attributes
    ----------
    funding_frac_per_year
        ``ln(mark / index) / f``; negative where the mark lies below the index.
    variance_frac_per_year
        The variance that explains it at the given rate. Negative says that none does; the vol is
        then unknown and not zero.
    """

    funding_frac_per_year: Floats
    variance_frac_per_year: Floats


def power_perpetuals(
    *,
    quantity_contracts: Column,
    price_usd: Column,
    norm_factor_frac: Column,
    vol_frac: Column,
    rate_frac_per_year: Column = 0.0,
    exponent_power: Column = 2.0,
    scale_usd: Column = SQUEETH_SCALE_USD,
    funding_years: Column = SQUEETH_FUNDING_YEARS,
    out: Floats | None = None,
) -> PowerGreeks:
    """Value tokens of a power of a price.

    Parameters
    ----------
    quantity_contracts
        Shape (n,) as all columns, or one number for all; tokens, long positive.
    price_usd
        Of the coin, positive.
    norm_factor_frac
        Positive; one at the start, and above it only where marks lay below the index.
    vol_frac
        Implied, annualised, not negative.
    rate_frac_per_year
        Continuously compounded. What a mark holds beyond or below variance may be put here.
    exponent_power
        Above one and at most four.
    scale_usd
        The power is divided by it; positive.
    funding_years
        Funding period f, positive.
    out
        Where to write, shape (8, n).

    Raises
    ------
    OutOfDomain
        If lengths differ, anything is not finite or out of bounds, the premium is beyond e^100, or
        `out` has another shape.
    """
    q, S, n, vol, r, p, scales, f = gate(
        quantity_contracts=(quantity_contracts, AMOUNT),
        price_usd=(price_usd, PRICE),
        norm_factor_frac=(norm_factor_frac, FACTOR),
        vol_frac=(vol_frac, VOL),
        rate_frac_per_year=(rate_frac_per_year, (-1e6, 1e6)),
        exponent_power=(exponent_power, EXPONENT),
        scale_usd=(scale_usd, PRICE),
        funding_years=(funding_years, FUNDING),
    )
    half = 0.5 * p * (p - 1.0)  # of p = 2: one
    priced = (p - 1.0) * r + half * vol * vol
    premium = np.exp(steep("the funding of the mark", priced, f))
    funding = paid_frac_per_year(priced, f)
    index = q * n / scales * S**p
    value = index * premium
    variance = value * half * f
    return laid_out(
        PowerGreeks,
        out,
        value,
        index,
        p * value / S,
        p * (p - 1.0) * value / S / S,
        2.0 * vol * variance,
        variance,
        -funding * value / _DAYS_PER_YEAR,
        funding,
    )


def power_implied(
    *,
    price_mark_usd: Column,
    price_usd: Column,
    norm_factor_frac: Column,
    rate_frac_per_year: Column = 0.0,
    exponent_power: Column = 2.0,
    scale_usd: Column = SQUEETH_SCALE_USD,
    funding_years: Column = SQUEETH_FUNDING_YEARS,
    out: Floats | None = None,
) -> PowerImplied:
    """Back funding and variance out of marks of one token.

    Parameters
    ----------
    price_mark_usd
        Shape (n,) as all columns, or one number for all; dollars for one token, positive. A mark in
        the coin is to be multiplied by the coin's price of the same time.
    price_usd, norm_factor_frac, rate_frac_per_year, exponent_power, scale_usd, funding_years
        As for `power_perpetuals`.
    out
        Where to write, shape (2, n).

    Raises
    ------
    OutOfDomain
        If lengths differ, anything is not finite or out of bounds, or `out` has another shape.
    """
    mark, S, n, r, p, scales, f = gate(
        price_mark_usd=(price_mark_usd, PRICE),
        price_usd=(price_usd, PRICE),
        norm_factor_frac=(norm_factor_frac, FACTOR),
        rate_frac_per_year=(rate_frac_per_year, (-1e6, 1e6)),
        exponent_power=(exponent_power, EXPONENT),
        scale_usd=(scale_usd, PRICE),
        funding_years=(funding_years, FUNDING),
    )
    funding = np.log(mark / (n / scales * S**p)) / f
    return laid_out(PowerImplied, out, funding, 2.0 * (funding / (p - 1.0) - r) / p)


def power_perpetuals_at_premium(
    *,
    quantity_contracts: Column,
    price_usd: Column,
    norm_factor_frac: Column,
    price_recorded_usd: Column,
    price_mark_recorded_usd: Column,
    vol_factor_frac: Column = 1.0,
    vol_shift_frac: Column = 0.0,
    elapsed_years: Column = 0.0,
    exponent_power: Column = 2.0,
    scale_usd: Column = SQUEETH_SCALE_USD,
    funding_years: Column = SQUEETH_FUNDING_YEARS,
    out: Floats | None = None,
) -> PowerGreeks:
    """Value tokens at the premium of a recorded mark, carried to another price, vol or time.

    What a recorded mark holds above its index is read as variance; what it lacks, as a negative
    rate, with no vol: then vega is zero, as variance is not what is priced.

    Parameters
    ----------
    quantity_contracts, price_usd, norm_factor_frac, exponent_power, scale_usd, funding_years
        As for `power_perpetuals`; the price is the present one.
    price_recorded_usd, price_mark_recorded_usd
        Of the coin and of one token at one time, in dollars; positive.
    vol_factor_frac, vol_shift_frac
        What the implied vol is multiplied by, not negative, and what is added then; a vol is never
        below zero, and where none is priced none moves.
    elapsed_years
        Time by which the factor falls at the funding so found; not negative.
    out
        Where to write, shape (8, n).

    Raises
    ------
    OutOfDomain
        If lengths differ, anything is not finite or out of bounds, the premium is beyond e^100, or
        `out` has another shape.
    """
    implied = power_implied(
        price_mark_usd=price_mark_recorded_usd,
        price_usd=price_recorded_usd,
        norm_factor_frac=norm_factor_frac,
        exponent_power=exponent_power,
        scale_usd=scale_usd,
        funding_years=funding_years,
    )
    funding, n, factor, shift, elapsed, p = gate(
        funding_frac_per_year=(implied.funding_frac_per_year, (-1e12, 1e12)),
        norm_factor_frac=(norm_factor_frac, FACTOR),
        vol_factor_frac=(vol_factor_frac, VOL),
        vol_shift_frac=(vol_shift_frac, (-1e3, 1e3)),
        elapsed_years=(elapsed_years, YEARS),
        exponent_power=(exponent_power, EXPONENT),
    )
    half = 0.5 * p * (p - 1.0)
    variance = np.maximum(funding / half, 0.0)
    rate = np.minimum(funding, 0.0) / (p - 1.0)
    moved = np.maximum(np.sqrt(variance) * factor + shift, 0.0)
    vol = np.where(variance > 0.0, moved, 0.0)
    years = np.broadcast_to(np.asarray(funding_years, dtype=np.float64), funding.shape)
    paid = steep("funding", paid_frac_per_year((p - 1.0) * rate + half * vol * vol, years), elapsed)
    return power_perpetuals(
        quantity_contracts=quantity_contracts,
        price_usd=price_usd,
        norm_factor_frac=n * np.exp(-paid),
        vol_frac=vol,
        rate_frac_per_year=rate,
        exponent_power=exponent_power,
        scale_usd=scale_usd,
        funding_years=funding_years,
        out=out,
    )


def paid_frac_per_year(priced_frac_per_year: Floats, funding_years: Floats) -> Floats:
    """Give the funding that the controller pays for what the mark says; shapes broadcast."""
    least, most = (np.log(bound) / funding_years for bound in MARK_OVER_INDEX)
    return np.clip(priced_frac_per_year, least, most)
