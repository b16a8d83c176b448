"""Binance: USD-M and COIN-M futures, isolated and cross, and portfolio margin's maintenance.

References
----------
venue-margin.md section 2 (Binance FAQ on liquidation prices; portfolio margin pages).
"""

from collections.abc import Iterable
from fractions import Fraction

import msgspec

from hedgerow.errors import OutOfDomain

__all__ = [
    "InverseMargins",
    "initial_truncated",
    "inverse_margins_coin",
    "inverse_profit_coin",
    "linear_liquidation_price_usd",
    "loans_maintenance_coin",
    "maintenance_usd",
]

_SATOSHI = 10**8


class InverseMargins(msgspec.Struct, frozen=True, kw_only=True):
    """What one COIN-M position needs, all in the coin."""

    notional_coin: Fraction
    initial_coin: Fraction
    maintenance_coin: Fraction


def maintenance_usd(
    quantity_coin: Fraction, mark_usd: Fraction, rate_frac: Fraction, deduction_usd: Fraction
) -> Fraction:
    """Give ``N · mmr - cum`` at the mark; a position of nothing needs nothing."""
    notional_usd = abs(quantity_coin) * mark_usd
    return notional_usd * rate_frac - deduction_usd if notional_usd else Fraction(0)


def initial_truncated(notional: Fraction, leverage_frac: Fraction) -> Fraction:
    """Give ``N / leverage``, cut off after eight decimals as the venue does."""
    if leverage_frac <= 0:
        raise OutOfDomain(f"leverage must be positive, was {float(leverage_frac)}")
    return Fraction(int(notional / leverage_frac * _SATOSHI), _SATOSHI)


def linear_liquidation_price_usd(
    *,
    wallet_usd: Fraction,
    quantity_coin: Fraction,
    entry_usd: Fraction,
    rate_frac: Fraction,
    deduction_usd: Fraction = Fraction(0),
    other_maintenance_usd: Fraction = Fraction(0),
    other_profit_usd: Fraction = Fraction(0),
) -> Fraction:
    """Give the mark at which a one-way USD-M position is liquidated, every other one frozen.

    ``LP = (WB - TMM1 + UPNL1 + cum - q EP) / (|q| mmr - q)`` with q signed. Not rounded to a tick;
    zero or less means that no mark liquidates it.

    Parameters
    ----------
    wallet_usd
        The cross wallet's balance, or the isolated one's.
    quantity_coin
        Long positive; not zero.
    rate_frac, deduction_usd
        Those of the tier at the root, not of today's notional.
    """
    slope = abs(quantity_coin) * rate_frac - quantity_coin
    if slope == 0:
        raise OutOfDomain(
            f"a position of {float(quantity_coin)} at a rate of {float(rate_frac)} has no "
            "liquidation price"
        )
    free_usd = wallet_usd - other_maintenance_usd + other_profit_usd + deduction_usd
    return (free_usd - quantity_coin * entry_usd) / slope


def inverse_profit_coin(
    quantity_usd: Fraction, entry_usd: Fraction, mark_usd: Fraction
) -> Fraction:
    """Give ``Q (1/entry - 1/mark)`` coins, Q signed."""
    if entry_usd <= 0 or mark_usd <= 0:
        raise OutOfDomain(f"prices must be positive, were {float(entry_usd)}, {float(mark_usd)}")
    return quantity_usd / entry_usd - quantity_usd / mark_usd


def inverse_margins_coin(
    quantity_usd: Fraction,
    mark_usd: Fraction,
    *,
    leverage_frac: Fraction,
    rate_frac: Fraction,
    deduction_coin: Fraction = Fraction(0),
) -> InverseMargins:
    """Give what a COIN-M position of so many dollars needs: ``Q/M mmr - cum`` and ``Q/M / lev``."""
    if mark_usd <= 0 or leverage_frac <= 0:
        raise OutOfDomain(
            f"mark and leverage must be positive, were {float(mark_usd)}, {float(leverage_frac)}"
        )
    notional_coin = abs(quantity_usd) / mark_usd
    return InverseMargins(
        notional_coin=notional_coin,
        initial_coin=notional_coin / leverage_frac,
        maintenance_coin=notional_coin * rate_frac - deduction_coin,
    )


def loans_maintenance_coin(
    loans: Iterable[tuple[str, Fraction, Fraction]],
) -> dict[str, Fraction]:
    """Give the maintenance of margin loans by asset, from ``(asset, loan, rate)``."""
    found: dict[str, Fraction] = {}
    for asset, loan_coin, rate_frac in loans:
        found[asset] = found.get(asset, Fraction(0)) + loan_coin * rate_frac
    return found
