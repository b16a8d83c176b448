"""Quanto contracts: marked in dollars, paid in another coin at a fixed rate.

A contract gains ``m (M - E)`` coins for a fixed multiplier m, whatever the coin is worth by then.
Profit and coin move together, and that is worth something: the fair forward is not the plain one.

References
----------
Methods sheet, section 2.3; J. Hull (2018), Options, Futures, and Other Derivatives, 10th ed., ch.
30.3 (quantos).
"""

from dataclasses import dataclass

import numpy as np

from hedgerow.pricing.gate import (
    AMOUNT,
    CORRELATION,
    PRICE,
    VOL,
    YEARS,
    Column,
    Floats,
    gate,
    laid_out,
    steep,
)

__all__ = ["QuantoForwards", "QuantoGreeks", "quanto_contracts", "quanto_forwards"]


@dataclass(frozen=True, slots=True, eq=False)
class QuantoGreeks:
    """One item per holding; views of the buffer where one was given.

    Attributes
    ----------
    value_coin, value_usd
        Profit since entry, in the settlement coin and at its present price.
    slope_coin_per_usd
        Settlement coins gained per dollar of the mark.
    delta_underlying_coin
        Dollars gained per dollar of the mark: coins of the underlying it moves like.
    delta_settlement_coin
        Dollars gained per dollar of the settlement coin, which is the profit in coin.
    gamma_coin_per_usd
        Zero, to each of the two prices alone.
    gamma_cross_coin_per_usd
        Of the dollar value, once to each price: how the two deltas move with the other's price.
    """

    value_coin: Floats
    value_usd: Floats
    slope_coin_per_usd: Floats
    delta_underlying_coin: Floats
    delta_settlement_coin: Floats
    gamma_coin_per_usd: Floats
    gamma_cross_coin_per_usd: Floats


@dataclass(frozen=True, slots=True, eq=False)
class QuantoForwards:
    """One item per expiry: the entry at which a quanto costs nothing, and what moves it.

    Attributes
    ----------
    forward_quanto_usd
        The plain forward grown by `drift_frac_per_year`.
    drift_frac_per_year
        ``ρ σ_M σ_X``, positive where the underlying and the settlement coin rise together.
    delta_forward_frac
        Per dollar of the plain forward.
    correlation_usd_per_frac
        Per 1.00 of correlation.
    """

    forward_quanto_usd: Floats
    drift_frac_per_year: Floats
    delta_forward_frac: Floats
    correlation_usd_per_frac: Floats


def quanto_contracts(
    *,
    quantity_contracts: Column,
    multiplier_coin_per_usd: Column,
    price_entry_usd: Column,
    price_mark_usd: Column,
    price_settlement_usd: Column,
    out: Floats | None = None,
) -> QuantoGreeks:
    """Value quanto futures and perpetuals.

    Parameters
    ----------
    quantity_contracts
        Shape (n,) as all columns, or one number for all; long positive.
    multiplier_coin_per_usd
        Settlement coins one contract gains per dollar of the mark; positive.
    price_entry_usd, price_mark_usd, price_settlement_usd
        Positive; of the underlying twice, and of the settlement coin.
    out
        Where to write, shape (7, n).

    Raises
    ------
    OutOfDomain
        If lengths differ, anything is not finite or out of bounds, or `out` has another shape.
    """
    N, m, E, M, X = gate(
        quantity_contracts=(quantity_contracts, AMOUNT),
        multiplier_coin_per_usd=(multiplier_coin_per_usd, PRICE),
        price_entry_usd=(price_entry_usd, PRICE),
        price_mark_usd=(price_mark_usd, PRICE),
        price_settlement_usd=(price_settlement_usd, PRICE),
    )
    slope = N * m
    coins = slope * (M - E)
    return laid_out(QuantoGreeks, out, coins, coins * X, slope, slope * X, coins, 0.0, slope)


def quanto_forwards(
    *,
    price_forward_usd: Column,
    vol_underlying_frac: Column,
    vol_settlement_frac: Column,
    correlation_frac: Column,
    expiry_years: Column,
    out: Floats | None = None,
) -> QuantoForwards:
    """Give the fair entry of a quanto that ends at an expiry.

    Parameters
    ----------
    price_forward_usd
        Shape (n,) as all columns, or one number for all; the plain forward of the underlying,
        positive.
    vol_underlying_frac, vol_settlement_frac
        Annualised, of the underlying and of the settlement coin, both in dollars; not negative.
    correlation_frac
        From -1 to 1, of the returns of these two dollar prices.
    expiry_years
        ACT/365, not negative.
    out
        Where to write, shape (4, n).

    Raises
    ------
    OutOfDomain
        If lengths differ, anything is not finite or out of bounds, the growth is beyond e^100, or
        `out` has another shape.

    Notes
    -----
    The entry E with ``E[(M_T - E) X_T] = 0`` for lognormal M and X is ``F exp(ρ σ_M σ_X T)``.
    Textbooks write the drift ``-ρ σ_M σ_X``: there X is the price of a dollar in the settlement
    coin, and so is their correlation.
    """
    F, sM, sX, rho, T = gate(
        price_forward_usd=(price_forward_usd, PRICE),
        vol_underlying_frac=(vol_underlying_frac, VOL),
        vol_settlement_frac=(vol_settlement_frac, VOL),
        correlation_frac=(correlation_frac, CORRELATION),
        expiry_years=(expiry_years, YEARS),
    )
    drift = rho * sM * sX
    growth = np.exp(steep("correlation times both vols", drift, T))
    return laid_out(QuantoForwards, out, F * growth, drift, growth, F * growth * (sM * sX * T))
