"""Deribit's rulebook: the figures of a scan, and what of them cannot be meant."""

from collections.abc import Iterator
from decimal import Decimal

from hedgerow.instruments import InverseFuture, InversePerpetual, Option
from hedgerow.margin.bounds import outside
from hedgerow.margin.engine import Charges, VenueTerms
from hedgerow.margin.records import Rulebook

__all__ = ["RULES", "ScanRulebook", "mistakes", "venue_terms"]

RULES = (
    "equity",
    "futures_scan",
    "options_scan",
    "tail_multiplier",
    "tail_dampener",
    "rounding",
    "roll_minimum",
    "roll_exponential",
    "open_orders",
)


class ScanRulebook(Rulebook, frozen=True, kw_only=True, tag="scan"):
    """Portfolio margin by scenario scan over price and vol, per settlement currency."""

    price_range_frac: dict[str, Decimal]
    buckets_count: int
    volatility_up_frac: dict[str, Decimal]
    volatility_down_frac: dict[str, Decimal]
    short_term_vega_power: Decimal
    long_term_vega_power: Decimal
    min_volatility_for_shock_up_frac: Decimal
    extended_moves_frac: list[Decimal]
    extended_table_factor_frac: Decimal
    extended_dampener_usd: dict[str, Decimal]
    annualised_move_risk_frac: dict[str, Decimal]
    min_annualised_move_frac: dict[str, Decimal]
    delta_shock_threshold_usd: Decimal
    maintenance_factor_frac: Decimal
    fee_taker_frac: Decimal
    fee_cap_of_price_frac: Decimal
    fee_delivery_frac: Decimal
    fee_liquidation_frac: Decimal


def venue_terms(rulebook: ScanRulebook) -> VenueTerms:
    """Say what a scan covers: inverse futures and coin-settled options, each coin on its own."""
    return VenueTerms(
        instruments=(InversePerpetual, InverseFuture, Option),
        counted={currency: (currency,) for currency in rulebook.price_range_frac},
        charges=Charges(
            fee_taker_frac=rulebook.fee_taker_frac,
            fee_liquidation_frac=rulebook.fee_liquidation_frac,
            fee_cap_of_price_frac=rulebook.fee_cap_of_price_frac,
        ),
    )


def mistakes(rulebook: ScanRulebook) -> Iterator[str]:
    """Name parts and moves that cannot be, and tables that lack a currency."""
    yield from outside(rulebook, "(0, 1)", "price_range_frac")
    yield from outside(rulebook, "(0, 1]", "maintenance_factor_frac")
    yield from outside(rulebook, "above 0", "extended_table_factor_frac")
    yield from outside(
        rulebook,
        "[0, 1]",
        "volatility_down_frac",
        "short_term_vega_power",
        "long_term_vega_power",
        "annualised_move_risk_frac",
        "min_annualised_move_frac",
        "fee_cap_of_price_frac",
    )
    yield from outside(
        rulebook, "[0, 1)", "fee_taker_frac", "fee_delivery_frac", "fee_liquidation_frac"
    )
    widest = max(rulebook.price_range_frac.values(), default=Decimal(0))
    for at, move in enumerate(rulebook.extended_moves_frac):
        if move <= -1 or move == 0:
            yield f"extended_moves_frac.[{at}] must be above -1 and not 0, was {move}"
        elif abs(move) < widest < 1:
            # What is let off a tail grows from nothing at the end of the near moves.
            yield (
                f"extended_moves_frac.[{at}] must lie beyond price_range_frac, {widest}, was {move}"
            )
    if rulebook.buckets_count == 0:
        yield "buckets_count must be positive, was 0"
    currencies = ", ".join(sorted(rulebook.price_range_frac))
    for name in (
        "volatility_up_frac",
        "volatility_down_frac",
        "extended_dampener_usd",
        "annualised_move_risk_frac",
        "min_annualised_move_frac",
    ):
        named = ", ".join(sorted(getattr(rulebook, name)))
        if named != currencies:
            yield f"{name} names {named}, price_range_frac names {currencies}"
