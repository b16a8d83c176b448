"""Bybit's rulebook: the figures of a unified account, and what of them cannot be meant."""

from collections.abc import Iterator
from decimal import Decimal

import msgspec

from hedgerow.instruments import (
    InverseFuture,
    InversePerpetual,
    LinearFuture,
    LinearPerpetual,
    Option,
)
from hedgerow.margin.bounds import outside
from hedgerow.margin.brackets import Brackets, mistakes_of_brackets
from hedgerow.margin.engine import Charges, VenueTerms, unwritten
from hedgerow.margin.records import Rulebook

__all__ = ["UnifiedRulebook", "mistakes", "venue_terms"]


class UnifiedRulebook(Rulebook, frozen=True, kw_only=True, tag="unified"):
    """Cross margin over futures and options, counted in US dollars.

    `settlements` are the dollars that linear contracts and options are settled in. Fees are None
    where no source tells them.
    """

    settlements: list[str]
    collateral_ratio_frac: dict[str, Decimal]
    brackets: dict[str, Brackets] = msgspec.field(default_factory=dict)
    fee_closing_frac: Decimal
    fee_liquidation_frac: Decimal | None = None
    option_maintenance_frac: Decimal
    option_initial_frac_max: Decimal
    option_initial_frac_min: Decimal
    fee_option_liquidation_frac: Decimal
    fee_option_taker_frac: Decimal | None = None
    fee_option_of_price_frac_max: Decimal


def venue_terms(rulebook: UnifiedRulebook) -> VenueTerms:
    """Say what a unified account covers: everything but options that settle in a coin."""
    assets = dict.fromkeys([*rulebook.settlements, *rulebook.collateral_ratio_frac])
    liquidation = rulebook.fee_liquidation_frac
    return VenueTerms(
        instruments=(LinearPerpetual, LinearFuture, InversePerpetual, InverseFuture, Option),
        counted={"USD": tuple(assets)},
        charges=None
        if liquidation is None
        else Charges(fee_taker_frac=rulebook.fee_closing_frac, fee_liquidation_frac=liquidation),
        fees_unwritten=unwritten(rulebook, "fee_liquidation_frac"),
    )


def mistakes(rulebook: UnifiedRulebook) -> Iterator[str]:
    """Name tables and parts that cannot be, and bounds of options the wrong way round."""
    yield from mistakes_of_brackets(rulebook.brackets)
    yield from outside(rulebook, "[0, 1]", "collateral_ratio_frac", "fee_option_of_price_frac_max")
    yield from outside(
        rulebook,
        "[0, 1)",
        "fee_closing_frac",
        "fee_liquidation_frac",
        "fee_option_liquidation_frac",
        "fee_option_taker_frac",
    )
    yield from outside(
        rulebook,
        "(0, 1]",
        "option_maintenance_frac",
        "option_initial_frac_max",
        "option_initial_frac_min",
    )
    if rulebook.option_initial_frac_max < rulebook.option_initial_frac_min:
        yield "option_initial_frac_max must not be below option_initial_frac_min"
