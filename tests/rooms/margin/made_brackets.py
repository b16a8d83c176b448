"""Rulebooks by brackets with round figures, for what no source gives figures of."""

from typing import Any

from hedgerow.margin.brackets import Bracket, Brackets
from hedgerow.margin.venues.binance_coin import CoinTieredRulebook
from hedgerow.margin.venues.okx import ClosingFeeRulebook
from hedgerow.margin.venues.okx_multi import Discount, DiscountTier, MultiCurrencyRulebook
from tests.builders import Number, exact

SAID = {
    "source": "made for tests",
    "as_of": "2026-01-01",
    "confidence": "exact",
    "confidence_note": "made",
}


def brackets(*rows: tuple[Number, Number, Number], most: Number | None = None) -> Brackets:
    """Rows are floor, maintenance rate, initial rate."""
    return Brackets(
        tiers=[
            Bracket(
                floor_ccy=exact(floor),
                rate_maintenance_frac=exact(maintenance),
                rate_initial_frac=exact(initial),
            )
            for floor, maintenance, initial in rows
        ],
        notional_ccy_max=None if most is None else exact(most),
    )


def coin_rulebook(**tables: Brackets) -> CoinTieredRulebook:
    """COIN-M, a table a coin."""
    made: Any = SAID
    return CoinTieredRulebook(
        name="coin/2026-01-01",
        venue="coin",
        brackets={f"{coin}/{coin}": table for coin, table in tables.items()},
        **made,
    )


def closing_rulebook(
    fee: Number, tables: dict[str, Brackets], venue: str = "gate"
) -> ClosingFeeRulebook:
    made: Any = SAID
    return ClosingFeeRulebook(
        name=f"{venue}/2026-01-01",
        venue=venue,
        brackets=tables,
        fee_closing_frac=exact(fee),
        **made,
    )


def discount(*rows: tuple[Number, Number]) -> Discount:
    """Rows are floor and rate."""
    return Discount(
        tiers=[DiscountTier(floor_coin=exact(floor), rate_frac=exact(rate)) for floor, rate in rows]
    )


def multi_rulebook(
    tables: dict[str, Brackets], fee: Number, **discounts: Discount
) -> MultiCurrencyRulebook:
    made: Any = SAID
    return MultiCurrencyRulebook(
        name="multi/2026-01-01",
        venue="multi",
        brackets=tables,
        discounts=discounts,
        fee_closing_frac=exact(fee),
        **made,
    )


ROWS = brackets((0, "0.01", "0.02"), (5000, "0.02", "0.05"), (50_000, "0.05", "0.1"))
IN_COIN = brackets((0, "0.004", "0.008"), (5, "0.005", "0.01"), (10, "0.01", "0.02"))
