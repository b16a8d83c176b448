"""Tiered maintenance: the rate of the notional's tier, less the deduction that keeps it continuous.

``d_0 = 0``, ``d_n = d_{n-1} + floor_n · (rate_n - rate_{n-1})``, ``MM = N · rate_n - d_n``
(venue-margin.md section 0, rule 5; vector binance-btcusdt-maint-amount-2021).
"""

from collections.abc import Sequence
from decimal import Decimal
from itertools import pairwise

from hedgerow.margin.rulebook import Tier

__all__ = ["deductions_usd", "maintenance_usd", "tier_index"]


def deductions_usd(tiers: Sequence[Tier]) -> list[Decimal]:
    """Give the deduction of every tier."""
    deductions = [Decimal(0)]
    for below, tier in pairwise(tiers):
        step = tier.floor_usd * (tier.rate_maintenance_frac - below.rate_maintenance_frac)
        deductions.append(deductions[-1] + step)
    return deductions


def tier_index(tiers: Sequence[Tier], notional_usd: Decimal) -> int:
    """Find the tier of a notional; a notional exactly on a floor still belongs to the tier below.

    Because the deduction keeps the requirement continuous, the floor's side does not change it.
    """
    below = [i for i, tier in enumerate(tiers) if tier.floor_usd < notional_usd]
    return below[-1] if below else 0


def maintenance_usd(tiers: Sequence[Tier], notional_usd: Decimal) -> Decimal:
    """Give the maintenance requirement of one position."""
    at = tier_index(tiers, notional_usd)
    return notional_usd * tiers[at].rate_maintenance_frac - deductions_usd(tiers)[at]
