"""Derive's rulebook of portfolio margin, and what of its figures cannot be meant."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Literal

import msgspec

from hedgerow.instruments import LinearPerpetual, Option
from hedgerow.margin.bounds import outside
from hedgerow.margin.engine import VenueTerms
from hedgerow.margin.records import Rulebook
from hedgerow.margin.rules.derive.portfolio_v2 import Parameters2, Scenario2
from hedgerow.units import to_model

__all__ = [
    "SIGNED",
    "CollateralTerms",
    "DerivePortfolioRulebook",
    "PortfolioRates",
    "ScenarioCell",
    "mistakes",
    "venue_terms",
]

# A cap of the skew may shrink with time, and so may its width.
SIGNED = ("linear_cap_per_root_year_frac", "abs_cap_per_root_year_frac", "skew_scale_frac")


class PortfolioRates(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The parameters that `Parameters2` tells of, exact. Initial ones come on top."""

    maintenance_factor_frac: Decimal
    initial_factor_frac: Decimal
    short_rate_multiplier_frac: Decimal
    long_rate_multiplier_frac: Decimal
    short_rate_add_frac: Decimal
    long_rate_add_frac: Decimal
    long_discount_frac: Decimal
    short_discount_frac: Decimal
    basis_up_frac: Decimal
    basis_down_frac: Decimal
    basis_add_frac: Decimal
    basis_multiplier_frac: Decimal
    peg_threshold_frac: Decimal
    peg_factor_frac: Decimal
    confidence_threshold_frac: Decimal
    confidence_factor_frac: Decimal
    perp_maintenance_frac: Decimal
    perp_initial_frac: Decimal
    option_maintenance_frac: Decimal
    option_initial_frac: Decimal
    vol_up_frac: Decimal
    vol_down_frac: Decimal
    short_power: Decimal
    long_power: Decimal
    floor_s: Decimal
    vol_up_least_frac: Decimal
    linear_cap_frac: Decimal
    linear_cap_per_root_year_frac: Decimal
    abs_cap_frac: Decimal
    abs_cap_per_root_year_frac: Decimal
    skew_least_log: Decimal
    skew_width_frac: Decimal
    skew_static_frac: Decimal
    skew_scale_frac: Decimal

    def model(self) -> Parameters2:
        """Give them as the rule takes them."""
        return Parameters2(
            **{name: to_model(getattr(self, name)) for name in self.__struct_fields__}
        )


class ScenarioCell(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One cell: what spot is multiplied by, how vols move, and what part of a profit counts."""

    spot_frac: Decimal
    vol_shock: Literal["up", "down", "none", "linear", "abs"]
    dampening_frac: Decimal = Decimal(1)

    def model(self) -> Scenario2:
        """Give it as the rule takes it."""
        return Scenario2(
            spot_frac=to_model(self.spot_frac),
            vol_shock=self.vol_shock,
            dampening_frac=to_model(self.dampening_frac),
        )


class CollateralTerms(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an asset counts for at one manager; a risk-cancelling one moves with its spot."""

    haircut_maintenance_frac: Decimal
    haircut_initial_frac: Decimal
    is_risk_cancelling: bool


class DerivePortfolioRulebook(Rulebook, frozen=True, kw_only=True, tag="derive_portfolio"):
    """Portfolio margin of the second generation: one underlying an account, a list of scenarios.

    `collaterals` are by the manager's underlying, then by asset; an underlying that it lacks has no
    manager. `rate_frac_per_year` discounts every expiry but those whose day has a rate of its own.
    """

    currency: str
    rate_frac_per_year: Decimal
    rate_by_day_frac_per_year: dict[str, Decimal] = msgspec.field(default_factory=dict)
    parameters: PortfolioRates
    scenarios: list[ScenarioCell]
    collaterals: dict[str, dict[str, CollateralTerms]]


def venue_terms(rulebook: DerivePortfolioRulebook) -> VenueTerms:
    """Say what portfolio margin covers; the venue's fees are not known."""
    assets = dict.fromkeys(asset for table in rulebook.collaterals.values() for asset in table)
    return VenueTerms(
        instruments=(LinearPerpetual, Option),
        counted={rulebook.currency: (rulebook.currency, *assets)},
        owed=(rulebook.currency,),
    )


def mistakes(rulebook: DerivePortfolioRulebook) -> Iterator[str]:
    """Name scenarios that cannot be, and figures that contradict each other."""
    if not rulebook.scenarios:
        yield "scenarios must not be empty"
    if len(rulebook.scenarios) > 40:
        yield f"scenarios must be at most 40, were {len(rulebook.scenarios)}"
    yield from outside(rulebook, "[0, 1)", "rate_frac_per_year", "rate_by_day_frac_per_year")
    yield from _unnatural_rates(rulebook.parameters)
    for at, cell in enumerate(rulebook.scenarios):
        yield from outside(cell, "above 0", "spot_frac", under=f"scenarios.[{at}]")
        yield from outside(cell, "[0, 1]", "dampening_frac", under=f"scenarios.[{at}]")
        if cell.vol_shock in ("linear", "abs") and cell.spot_frac != 1:
            yield f"scenarios.[{at}] moves the skew, so spot_frac must be 1, was {cell.spot_frac}"
    if rulebook.parameters.initial_factor_frac < rulebook.parameters.maintenance_factor_frac:
        yield "parameters.initial_factor_frac is below maintenance_factor_frac"
    for coin, table in rulebook.collaterals.items():
        for asset, terms in table.items():
            if terms.haircut_maintenance_frac + terms.haircut_initial_frac > 1:
                yield f"collaterals.{coin}.{asset}: its haircuts add up to more than 1"


def _unnatural_rates(rates: PortfolioRates) -> Iterator[str]:
    under = "parameters"
    yield from outside(
        rates,
        "above 0",
        "maintenance_factor_frac",
        "initial_factor_frac",
        "long_discount_frac",
        "short_discount_frac",
        under=under,
    )
    yield from outside(rates, "at least 1", "basis_up_frac", under=under)
    yield from outside(rates, "(0, 1]", "basis_down_frac", under=under)
    yield from outside(
        rates,
        "[0, 1]",
        "peg_threshold_frac",
        "confidence_threshold_frac",
        "vol_down_frac",
        "short_power",
        "long_power",
        under=under,
    )
    yield from outside(
        rates,
        "[0, 1)",
        "perp_maintenance_frac",
        "perp_initial_frac",
        "option_maintenance_frac",
        "option_initial_frac",
        under=under,
    )
