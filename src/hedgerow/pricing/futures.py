"""Futures and perpetuals as columns: paid in dollars (linear) or in the coin itself (inverse).

A linear contract gains ``x (M - E)`` dollars, an inverse one ``N (1/E - 1/M)`` coins, so that a
long is short gamma in coin. Dated contracts move with spot as ``F = S exp(b T)``: the forward in
proportion to spot, and with the annual basis b by ``F T``.

References
----------
Methods sheet, sections 2.2 and 3.
"""

from dataclasses import dataclass

from hedgerow.pricing.gate import AMOUNT, PRICE, YEARS, Bounds, Column, Floats, gate, laid_out

__all__ = [
    "InverseFutureGreeks",
    "InversePerpetualGreeks",
    "LinearFutureGreeks",
    "LinearPerpetualGreeks",
    "inverse_futures",
    "inverse_perpetuals",
    "linear_futures",
    "linear_perpetuals",
]

_FUNDING: Bounds = (-1.0, 1.0)


@dataclass(frozen=True, slots=True, eq=False)
class LinearFutureGreeks:
    """One item per holding; views of the buffer where one was given.

    Attributes
    ----------
    value_usd
        Profit since entry.
    delta_mark_coin, delta_spot_coin
        Per dollar of the future itself, and per dollar of spot at an unmoved basis.
    gamma_coin_per_usd
        Zero.
    basis_usd_per_rate
        Per 1.00 of the annual basis rate.
    """

    value_usd: Floats
    delta_mark_coin: Floats
    delta_spot_coin: Floats
    gamma_coin_per_usd: Floats
    basis_usd_per_rate: Floats


@dataclass(frozen=True, slots=True, eq=False)
class LinearPerpetualGreeks:
    """One item per holding. Funding is what the next settlement brings, positive when received."""

    value_usd: Floats
    delta_coin: Floats
    gamma_coin_per_usd: Floats
    funding_usd_per_interval: Floats


@dataclass(frozen=True, slots=True, eq=False)
class InverseFutureGreeks:
    """One item per holding, counted in coin.

    Attributes
    ----------
    value_coin
        Profit since entry.
    slope_coin_per_usd, gamma_coin_per_usd2
        First and second derivative of the profit in coin to the mark.
    delta_coin
        Mark times slope: coins gained for a move of 100 %, of the mark or of spot.
    equity_usd, delta_equity_coin
        Collateral and profit in dollars at the mark, and its derivative to the mark, which is also
        the coins to sell for a dollar value that stands still.
    basis_coin_per_rate
        Per 1.00 of the annual basis rate.
    """

    value_coin: Floats
    slope_coin_per_usd: Floats
    gamma_coin_per_usd2: Floats
    delta_coin: Floats
    equity_usd: Floats
    delta_equity_coin: Floats
    basis_coin_per_rate: Floats


@dataclass(frozen=True, slots=True, eq=False)
class InversePerpetualGreeks:
    """One item per holding, as `InverseFutureGreeks`, with funding in the place of the basis.

    Funding is what the next settlement brings in coin, positive when received.
    """

    value_coin: Floats
    slope_coin_per_usd: Floats
    gamma_coin_per_usd2: Floats
    delta_coin: Floats
    equity_usd: Floats
    delta_equity_coin: Floats
    funding_coin_per_interval: Floats


def linear_futures(
    *,
    quantity_coin: Column,
    price_entry_usd: Column,
    price_mark_usd: Column,
    price_spot_usd: Column,
    expiry_years: Column,
    out: Floats | None = None,
) -> LinearFutureGreeks:
    """Value dated futures paid in dollars.

    Parameters
    ----------
    quantity_coin
        Shape (n,) as all columns, or one number for all; contracts times multiplier, long positive.
    price_entry_usd, price_mark_usd, price_spot_usd
        Positive.
    expiry_years
        ACT/365, not negative.
    out
        Where to write, shape (5, n).

    Raises
    ------
    OutOfDomain
        If lengths differ, anything is not finite or out of bounds, or `out` has another shape.
    """
    x, E, F, S, T = gate(
        quantity_coin=(quantity_coin, AMOUNT),
        price_entry_usd=(price_entry_usd, PRICE),
        price_mark_usd=(price_mark_usd, PRICE),
        price_spot_usd=(price_spot_usd, PRICE),
        expiry_years=(expiry_years, YEARS),
    )
    return laid_out(LinearFutureGreeks, out, x * (F - E), x, x * (F / S), 0.0, x * F * T)


def linear_perpetuals(
    *,
    quantity_coin: Column,
    price_entry_usd: Column,
    price_mark_usd: Column,
    funding_frac_per_interval: Column = 0.0,
    out: Floats | None = None,
) -> LinearPerpetualGreeks:
    """Value perpetuals paid in dollars.

    Parameters
    ----------
    quantity_coin, price_entry_usd, price_mark_usd
        As for `linear_futures`.
    funding_frac_per_interval
        From -1 to 1; positive when longs pay.
    out
        Where to write, shape (4, n).

    Raises
    ------
    OutOfDomain
        If lengths differ, anything is not finite or out of bounds, or `out` has another shape.
    """
    x, E, M, f = gate(
        quantity_coin=(quantity_coin, AMOUNT),
        price_entry_usd=(price_entry_usd, PRICE),
        price_mark_usd=(price_mark_usd, PRICE),
        funding_frac_per_interval=(funding_frac_per_interval, _FUNDING),
    )
    return laid_out(LinearPerpetualGreeks, out, x * (M - E), x, 0.0, -x * M * f)


def inverse_futures(
    *,
    quantity_usd: Column,
    price_entry_usd: Column,
    price_mark_usd: Column,
    expiry_years: Column,
    collateral_coin: Column = 0.0,
    out: Floats | None = None,
) -> InverseFutureGreeks:
    """Value dated futures paid in the coin.

    Parameters
    ----------
    quantity_usd
        Shape (n,) as all columns, or one number for all; contracts times their dollars, long
        positive.
    price_entry_usd, price_mark_usd
        Positive.
    expiry_years
        ACT/365, not negative.
    collateral_coin
        Coins posted beside the contracts; only the equity and its delta ask.
    out
        Where to write, shape (7, n).

    Raises
    ------
    OutOfDomain
        If lengths differ, anything is not finite or out of bounds, or `out` has another shape.

    Notes
    -----
    The equity is ``M (c + N/E) - N``, with delta ``c + N/E``: a long on coin collateral loses twice
    on the way down, and a short of ``N = -c E`` has none.
    """
    N, E, M, T, c = gate(
        quantity_usd=(quantity_usd, AMOUNT),
        price_entry_usd=(price_entry_usd, PRICE),
        price_mark_usd=(price_mark_usd, PRICE),
        expiry_years=(expiry_years, YEARS),
        collateral_coin=(collateral_coin, AMOUNT),
    )
    return laid_out(InverseFutureGreeks, out, *_inverse(N, E, M, c), N / M * T)


def inverse_perpetuals(
    *,
    quantity_usd: Column,
    price_entry_usd: Column,
    price_mark_usd: Column,
    collateral_coin: Column = 0.0,
    funding_frac_per_interval: Column = 0.0,
    out: Floats | None = None,
) -> InversePerpetualGreeks:
    """Value perpetuals paid in the coin.

    Parameters
    ----------
    quantity_usd, price_entry_usd, price_mark_usd, collateral_coin
        As for `inverse_futures`.
    funding_frac_per_interval
        From -1 to 1; positive when longs pay.
    out
        Where to write, shape (7, n).

    Raises
    ------
    OutOfDomain
        If lengths differ, anything is not finite or out of bounds, or `out` has another shape.
    """
    N, E, M, c, f = gate(
        quantity_usd=(quantity_usd, AMOUNT),
        price_entry_usd=(price_entry_usd, PRICE),
        price_mark_usd=(price_mark_usd, PRICE),
        collateral_coin=(collateral_coin, AMOUNT),
        funding_frac_per_interval=(funding_frac_per_interval, _FUNDING),
    )
    return laid_out(InversePerpetualGreeks, out, *_inverse(N, E, M, c), -N / M * f)


def _inverse(
    quantity_usd: Floats, price_entry_usd: Floats, price_mark_usd: Floats, collateral_coin: Floats
) -> tuple[Floats, ...]:
    """Give all rows but the last; 1/E - 1/M is written so that a small move keeps its digits."""
    N, E, M, c = quantity_usd, price_entry_usd, price_mark_usd, collateral_coin
    value = N * ((M - E) / E / M)
    delta = N / M
    slope = delta / M
    return value, slope, -2.0 * slope / M, delta, M * (c + value), c + N / E
