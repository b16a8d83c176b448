"""Tiers in the currency a contract is settled in, and how far the source of a table reaches."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import NamedTuple

import msgspec

from hedgerow.errors import Failure, Outcome
from hedgerow.instruments import EntryContract, settlement_of
from hedgerow.margin.rules.tiers import deductions, tier_at

__all__ = ["Bracket", "Brackets", "Required", "brackets_key", "mistakes_of_brackets", "required"]


class Bracket(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """From `floor_ccy` of notional on: maintenance rate, and the initial one that is in use.

    The initial rate is one over the leverage: the holder's own where it is set, else the most that
    the tier permits.
    """

    floor_ccy: Decimal
    rate_maintenance_frac: Decimal
    rate_initial_frac: Decimal


class Brackets(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table of tiers; beyond `notional_ccy_max` its source says nothing."""

    tiers: list[Bracket]
    notional_ccy_max: Decimal | None = None


class Required(NamedTuple):
    """What one notional needs by tiers, before fees, and how that is computed."""

    maintenance_ccy: Decimal
    initial_ccy: Decimal
    told_maintenance: str
    told_initial: str


def brackets_key(terms: EntryContract) -> str:
    """Name a table: ``BTC/USDT`` for what is settled in USDT, ``BTC/BTC`` for an inverse one."""
    return f"{terms.underlying}/{settlement_of(terms)}"


def required(
    tables: Mapping[str, Brackets], terms: EntryContract, notional_ccy: Decimal
) -> Outcome[Required]:
    """Give what a notional of an instrument needs; a Failure where no table reaches so far."""
    name = terms.instrument_id
    table = tables.get(brackets_key(terms))
    if table is None:
        return Failure(
            subject=name,
            reason="unsupported",
            message=f"no tiers for {brackets_key(terms)}, which {name} needs",
        )
    if table.notional_ccy_max is not None and notional_ccy > table.notional_ccy_max:
        return Failure(
            subject=name,
            reason="unsupported",
            message=f"tiers for {brackets_key(terms)} are known up to {table.notional_ccy_max}, "
            f"{name} needs them at {notional_ccy}",
        )
    floors = [tier.floor_ccy for tier in table.tiers]
    taken = deductions(floors, [tier.rate_maintenance_frac for tier in table.tiers])
    at = tier_at(floors, notional_ccy)
    tier = table.tiers[at]
    return Required(
        maintenance_ccy=notional_ccy * tier.rate_maintenance_frac - taken[at],
        initial_ccy=notional_ccy * tier.rate_initial_frac,
        told_maintenance=f"{notional_ccy} x {tier.rate_maintenance_frac} - {taken[at]} (tier {at})",
        told_initial=f"{notional_ccy} x {tier.rate_initial_frac}",
    )


def mistakes_of_brackets(tables: Mapping[str, Brackets]) -> Iterator[str]:
    """Name tables that do not begin at nothing, or whose floors or rates do not rise."""
    for name, table in tables.items():
        floors = [tier.floor_ccy for tier in table.tiers]
        if not floors or floors[0] != 0 or floors != sorted(set(floors)):
            listed = [str(floor) for floor in floors]
            yield f"brackets.{name} must start at 0 and rise, floors were {listed}"
        for field in ("rate_maintenance_frac", "rate_initial_frac"):
            rates = [getattr(tier, field) for tier in table.tiers]
            if rates != sorted(rates):
                listed = [str(rate) for rate in rates]
                yield f"brackets.{name} {field} must rise, were {listed}"
        for tier in table.tiers:
            if tier.rate_initial_frac < tier.rate_maintenance_frac:
                yield (
                    f"brackets.{name} initial rate {tier.rate_initial_frac} is below maintenance "
                    f"{tier.rate_maintenance_frac}"
                )
