"""What a rulebook of OKX's portfolio margin says: figures by risk unit, pegs and loans.

A figure that no source gave is left out, and whoever needs it is refused by its name; see
`venues.okx_portfolio`.
"""

from collections.abc import Iterator
from decimal import Decimal
from itertools import pairwise

import msgspec

from hedgerow.margin.bounds import outside
from hedgerow.margin.records import Rulebook
from hedgerow.margin.rules.okx import PEGS
from hedgerow.margin.venues.okx_equity import Discount, mistakes_of_discounts

__all__ = ["ChargeTier", "Loan", "OkxPortfolioRulebook", "Peg", "PegTier", "RiskUnit", "mistakes"]

_PEGS = tuple("/".join(pair) for pair in PEGS)


class ChargeTier(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Above `floor_usd` of a raw charge all of it is asked for so many times."""

    floor_usd: Decimal
    multiplier_frac: Decimal


class RiskUnit(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One underlying's moves and rates.

    `moves_frac` are those of the spot shock on one side, rising. A basis moves by
    `basis_perpetual_frac` of a perpetual's notional and by `basis_annual_frac` a year of a dated
    future's; the raw charge is a part of either's notional. Beyond `charge_usd_max` of it the
    source of the tiers says nothing.
    """

    moves_frac: list[Decimal]
    move_extreme_frac: Decimal
    basis_annual_frac: Decimal | None = None
    basis_perpetual_frac: Decimal | None = None
    charge_perpetual_frac: Decimal | None = None
    charge_future_frac: Decimal | None = None
    charge_tiers: list[ChargeTier] | None = None
    charge_usd_max: Decimal | None = None


class PegTier(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """From `floor_usd` of a hedged volume on, what part of what lies above is asked for."""

    floor_usd: Decimal
    rate_frac: Decimal


class Peg(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Tiers of a pair of dollars while its index is no further from one than `index_least_frac`.

    Beyond `volume_usd_max` their source says nothing.
    """

    index_least_frac: Decimal
    tiers: list[PegTier]
    volume_usd_max: Decimal | None = None


class Loan(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a currency that is owed requires; beyond `amount_coin_max` the source says nothing."""

    rate_maintenance_frac: Decimal
    rate_initial_frac: Decimal
    amount_coin_max: Decimal | None = None


class OkxPortfolioRulebook(Rulebook, frozen=True, kw_only=True, tag="okx_portfolio"):
    """Risk units by underlying, discounts and loans by currency, pegs by pair such as `USDT/USD`.

    `extreme_counted_frac` is what part of the loss in an extreme move counts;
    `initial_of_maintenance_frac` what the initial requirement is of the maintenance, loans apart.
    """

    discounts: dict[str, Discount]
    units: dict[str, RiskUnit]
    pegs: dict[str, Peg]
    loans: dict[str, Loan]
    extreme_counted_frac: Decimal
    initial_of_maintenance_frac: Decimal


def mistakes(rulebook: OkxPortfolioRulebook) -> Iterator[str]:
    """Name moves and tiers that do not rise, parts above one and pairs that are no peg."""
    yield from outside(rulebook, "(0, 1]", "extreme_counted_frac")
    yield from outside(rulebook, "at least 1", "initial_of_maintenance_frac")
    yield from mistakes_of_discounts(rulebook.discounts)
    for coin, unit in rulebook.units.items():
        yield from _mistakes_of_unit(unit, f"units.{coin}")
    for name, peg in rulebook.pegs.items():
        under = f"pegs.{name}"
        if name not in _PEGS:
            yield f"{under} must be one of {', '.join(_PEGS)}"
        yield from outside(peg, "(0, 1]", "index_least_frac", under=under)
        for at, tier in enumerate(peg.tiers):
            yield from outside(tier, "[0, 1]", "rate_frac", under=f"{under}.tiers.[{at}]")
        yield from _not_rising(
            [tier.floor_usd for tier in peg.tiers],
            [tier.rate_frac for tier in peg.tiers],
            most_usd=peg.volume_usd_max,
            name=f"{under}.tiers",
        )
    for name, loan in rulebook.loans.items():
        under = f"loans.{name}"
        yield from outside(
            loan, "[0, 1]", "rate_maintenance_frac", "rate_initial_frac", under=under
        )
        if loan.rate_initial_frac < loan.rate_maintenance_frac:
            yield (
                f"{under} initial rate {loan.rate_initial_frac} is below maintenance, "
                f"{loan.rate_maintenance_frac}"
            )


def _mistakes_of_unit(unit: RiskUnit, under: str) -> Iterator[str]:
    moves = unit.moves_frac
    if not moves or moves[0] <= 0 or any(above <= below for below, above in pairwise(moves)):
        yield f"{under}.moves_frac must rise from above 0, were {list(map(str, moves))}"
    if moves and moves[-1] >= 1:
        yield f"{under}.moves_frac must be below 1, was {moves[-1]}"
    yield from outside(unit, "(0, 1)", "move_extreme_frac", under=under)
    yield from outside(
        unit,
        "[0, 1]",
        "basis_annual_frac",
        "basis_perpetual_frac",
        "charge_perpetual_frac",
        "charge_future_frac",
        under=under,
    )
    if unit.charge_tiers is not None:
        multipliers = [tier.multiplier_frac for tier in unit.charge_tiers]
        for at, tier in enumerate(unit.charge_tiers):
            yield from outside(
                tier, "at least 1", "multiplier_frac", under=f"{under}.charge_tiers.[{at}]"
            )
        yield from _not_rising(
            [tier.floor_usd for tier in unit.charge_tiers],
            multipliers,
            most_usd=unit.charge_usd_max,
            name=f"{under}.charge_tiers",
        )


def _not_rising(
    floors_usd: list[Decimal], asked_frac: list[Decimal], *, most_usd: Decimal | None, name: str
) -> Iterator[str]:
    """Name tiers that do not begin at nothing, do not rise, or begin where nothing is known."""
    if not floors_usd or floors_usd[0] != 0:
        yield f"{name} must start at 0, floors were {list(map(str, floors_usd))}"
    for figures in (floors_usd, asked_frac):
        if any(above <= below for below, above in pairwise(figures)):
            yield f"{name} must rise, were {list(map(str, figures))}"
    if most_usd is not None and floors_usd and most_usd <= floors_usd[-1]:
        yield f"{name} must end above their last floor, was {most_usd}"
