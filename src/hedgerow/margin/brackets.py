"""Tiers in the currency a contract is settled in, and how far the source of a table reaches."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import NamedTuple

import msgspec

from hedgerow.errors import Failure, Outcome
from hedgerow.instruments import EntryContract, settlement_of
from hedgerow.margin.bounds import outside
from hedgerow.margin.contracts import Held
from hedgerow.margin.records import Evidence, MarginLine
from hedgerow.margin.rules.tiers import deductions, tier_at
from hedgerow.margin.tiered import no_tiers

__all__ = [
    "Bracket",
    "Brackets",
    "Required",
    "brackets_key",
    "mistakes_of_brackets",
    "position_lines",
    "required",
]


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
    tier_index: int


def brackets_key(terms: EntryContract) -> str:
    """Name a table: ``BTC/USDT`` for what is settled in USDT, ``BTC/BTC`` for an inverse one."""
    return f"{terms.underlying}/{settlement_of(terms)}"


def required(
    tables: Mapping[str, Brackets], terms: EntryContract, notional_ccy: Decimal
) -> Outcome[Required]:
    """Give what a notional of an instrument needs; a Failure where no table reaches so far."""
    name, key = terms.instrument_id, brackets_key(terms)
    table = tables.get(key)
    if table is None:
        return Failure(
            subject=name,
            reason="unsupported",
            message=no_tiers(key, instrument_id=name, key=f'brackets."{key}"', known=tables),
        )
    if table.notional_ccy_max is not None and notional_ccy > table.notional_ccy_max:
        return Failure(
            subject=name,
            reason="unsupported",
            message=f"tiers for {key} are known up to {table.notional_ccy_max}, "
            f"{name} needs them at {notional_ccy}",
        )
    floors = [tier.floor_ccy for tier in table.tiers]
    taken = deductions(floors, [tier.rate_maintenance_frac for tier in table.tiers])
    at = tier_at(floors, notional_ccy)
    tier = table.tiers[at]
    return Required(
        maintenance_ccy=notional_ccy * tier.rate_maintenance_frac - taken[at],
        initial_ccy=notional_ccy * tier.rate_initial_frac,
        told_maintenance=f"{notional_ccy:f} x {tier.rate_maintenance_frac} - {taken[at]:f}",
        told_initial=f"{notional_ccy:f} x {tier.rate_initial_frac}",
        tier_index=at,
    )


def mistakes_of_brackets(
    tables: Mapping[str, Brackets], fee_frac: Decimal = Decimal(0)
) -> Iterator[str]:
    """Name tables that do not begin at nothing, do not rise, or end before their last tier.

    Parameters
    ----------
    fee_frac
        What maintenance asks for beside its rate and initial does not: no initial rate may be below
        both.
    """
    for name, table in tables.items():
        floors = [tier.floor_ccy for tier in table.tiers]
        if not floors or floors[0] != 0 or floors != sorted(set(floors)):
            yield f"brackets.{name} must start at 0 and rise, floors were {list(map(str, floors))}"
        for field in ("rate_maintenance_frac", "rate_initial_frac"):
            rates = [getattr(tier, field) for tier in table.tiers]
            if rates != sorted(rates):
                yield f"brackets.{name} {field} must rise, were {list(map(str, rates))}"
        most = table.notional_ccy_max
        if most is not None and floors and most <= floors[-1]:
            yield f"brackets.{name} notional_ccy_max must be above its last floor, was {most}"
        for at, tier in enumerate(table.tiers):
            yield from outside(
                tier,
                "(0, 1]",
                "rate_maintenance_frac",
                "rate_initial_frac",
                under=f"brackets.{name}.tiers.[{at}]",
            )
            if tier.rate_initial_frac < tier.rate_maintenance_frac + fee_frac:
                yield (
                    f"brackets.{name} initial rate {tier.rate_initial_frac} is below maintenance, "
                    f"{tier.rate_maintenance_frac} + {fee_frac}"
                )


def position_lines(
    held: Held,
    tables: Mapping[str, Brackets],
    *,
    evidence: Evidence,
    evidence_initial: Evidence,
    price_usd: Decimal | None = None,
    fee_frac: Decimal = Decimal(0),
    fee_evidence: Evidence = "U",
    is_fee_initial: bool = False,
) -> Outcome[list[MarginLine]]:
    """Give what one position needs by tiers and, where the venue adds it, for being closed.

    Parameters
    ----------
    price_usd
        Of the settlement currency, where the account is counted in dollars.
    fee_frac
        Of the notional; a line of its own unless 0.
    is_fee_initial
        Whether the fee is part of the initial requirement too.
    """
    need = required(tables, held.terms, held.notional_ccy)
    if isinstance(need, Failure):
        return need
    rate = Decimal(1) if price_usd is None else price_usd

    def told(how: str) -> str:
        return how if price_usd is None else f"({how}) x {price_usd:f}"

    lines = [
        MarginLine(
            rule="tiered maintenance",
            subject=held.terms.instrument_id,
            amount_ccy=need.maintenance_ccy * rate,
            amount_initial_ccy=need.initial_ccy * rate,
            detail=f"{told(need.told_maintenance)} (tier {need.tier_index}); "
            f"initial {told(need.told_initial)}; {held.told}",
            evidence=evidence,
            evidence_initial=evidence_initial,
        )
    ]
    if fee_frac != 0:
        fee_ccy = held.notional_ccy * fee_frac * rate
        lines.append(
            MarginLine(
                rule="closing fee",
                subject=held.terms.instrument_id,
                amount_ccy=fee_ccy,
                amount_initial_ccy=fee_ccy if is_fee_initial else Decimal(0),
                detail=told(f"{held.notional_ccy:f} x {fee_frac}"),
                evidence=fee_evidence,
            )
        )
    return lines
