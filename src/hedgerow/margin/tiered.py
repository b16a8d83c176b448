"""Tiers of a rulebook, asked by the one rule of tiers (`margin.rules.tiers`)."""

from collections.abc import Sequence
from decimal import Decimal

from hedgerow.margin.rulebook import Tier
from hedgerow.margin.rules.tiers import deductions, maintenance, tier_at

__all__ = ["deductions_usd", "maintenance_usd", "tier_index"]


def deductions_usd(tiers: Sequence[Tier]) -> tuple[Decimal, ...]:
    """Give the deduction of every tier."""
    return deductions(*_columns(tiers))


def tier_index(tiers: Sequence[Tier], notional_usd: Decimal) -> int:
    """Find the tier of a notional."""
    return tier_at(_columns(tiers)[0], notional_usd)


def maintenance_usd(tiers: Sequence[Tier], notional_usd: Decimal) -> Decimal:
    """Give the maintenance requirement of one position."""
    return maintenance(notional_usd, *_columns(tiers))


def _columns(tiers: Sequence[Tier]) -> tuple[list[Decimal], list[Decimal]]:
    return [tier.floor_usd for tier in tiers], [tier.rate_maintenance_frac for tier in tiers]
