"""Tiers of a rulebook, asked by the one rule of tiers (`margin.rules.tiers`)."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal

import msgspec

from hedgerow.margin.bounds import outside
from hedgerow.margin.rules.tiers import deductions, maintenance, tier_at

__all__ = [
    "Tier",
    "deductions_usd",
    "maintenance_usd",
    "mistakes_of_tiers",
    "no_tiers",
    "tier_index",
]

_NAMED_MAX = 6


class Tier(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """From `floor_usd` of notional on: maintenance rate and the leverage it permits."""

    floor_usd: Decimal
    rate_maintenance_frac: Decimal
    rate_initial_frac: Decimal


def mistakes_of_tiers(tiers_by_name: Mapping[str, Sequence[Tier]]) -> Iterator[str]:
    """Name tables that do not begin at nothing or do not rise, and rates that cannot be."""
    for name, tiers in tiers_by_name.items():
        floors = [tier.floor_usd for tier in tiers]
        if not floors or floors[0] != 0 or floors != sorted(set(floors)):
            listed = [str(floor) for floor in floors]
            yield f"tiers.{name} must start at 0 and rise, floors were {listed}"
        for what in ("maintenance", "initial"):
            rates = [getattr(tier, f"rate_{what}_frac") for tier in tiers]
            if rates != sorted(rates):
                yield f"tiers.{name} {what} rates must rise, were {list(map(str, rates))}"
        for at, tier in enumerate(tiers):
            yield from outside(
                tier,
                "(0, 1]",
                "rate_maintenance_frac",
                "rate_initial_frac",
                under=f"tiers.{name}.[{at}]",
            )
            if tier.rate_initial_frac < tier.rate_maintenance_frac:
                yield (
                    f"tiers.{name} initial rate {tier.rate_initial_frac} is below maintenance, "
                    f"{tier.rate_maintenance_frac}"
                )


def no_tiers(asked: str, *, instrument_id: str, key: str, known: Iterable[str]) -> str:
    """Say which tiers an instrument needs, under which key of a rulebook, and which there are.

    >>> no_tiers("DOGE", instrument_id="DOGE-PERP", key="tiers.DOGE", known=["ETH", "BTC"])
    'no tiers for DOGE, which DOGE-PERP needs at tiers.DOGE of its rulebook; there are BTC, ETH'
    """
    names = sorted(known)
    more = f" and {len(names) - _NAMED_MAX} more" if len(names) > _NAMED_MAX else ""
    there = f"there are {', '.join(names[:_NAMED_MAX])}{more}" if names else "there are none"
    return f"no tiers for {asked}, which {instrument_id} needs at {key} of its rulebook; {there}"


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
