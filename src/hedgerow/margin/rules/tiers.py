"""Maintenance by tiers of notional, with the deduction that keeps it continuous in size.

Binance calls the deduction `cum`, Bybit `mmDeduction`, Hyperliquid a deduction; it is one thing:
``d_0 = 0``, ``d_n = d_{n-1} + floor_n · (rate_n - rate_{n-1})``, requirement ``N · rate_n - d_n``.

References
----------
Binance and Bybit risk limits, Hyperliquid margin tiers; vector binance-btcusdt-maint-amount-2021.
"""

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import TypeVar

from hedgerow.errors import OutOfDomain

__all__ = ["deductions", "maintenance", "tier_at"]

N = TypeVar("N", Fraction, Decimal)


def deductions(floors: Sequence[N], rates_frac: Sequence[N]) -> tuple[N, ...]:
    """Give the deduction of every tier, in the unit of the floors.

    Raises
    ------
    OutOfDomain
        If there is no tier, floors and rates differ in number, or floors are negative or do not
        rise.
    """
    if not floors or len(floors) != len(rates_frac):
        raise OutOfDomain(f"tiers need as many floors as rates: {len(floors)}, {len(rates_frac)}")
    if floors[0] < 0 or any(above <= below for below, above in pairwise(floors)):
        raise OutOfDomain(f"floors of tiers must rise from 0 or above: {list(map(float, floors))}")
    found = [floors[0] - floors[0]]
    for at in range(1, len(floors)):
        found.append(found[-1] + floors[at] * (rates_frac[at] - rates_frac[at - 1]))
    return tuple(found)


def tier_at(floors: Sequence[N], notional: N) -> int:
    """Find the tier of a notional; one exactly on a floor still belongs to the tier below.

    Because the deduction keeps the requirement continuous, the side does not change it.
    """
    if notional < 0:
        raise OutOfDomain(f"notional must not be negative, was {float(notional)}")
    below = [at for at, floor in enumerate(floors) if floor < notional]
    return below[-1] if below else 0


def maintenance(notional: N, floors: Sequence[N], rates_frac: Sequence[N]) -> N:
    """Give the maintenance requirement of one position."""
    taken = deductions(floors, rates_frac)
    at = tier_at(floors, notional)
    return notional * rates_frac[at] - taken[at]
