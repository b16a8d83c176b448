"""Rulebooks by brackets with round figures, for what no source gives figures of."""

from typing import Any

from hedgerow.margin.brackets import Bracket, Brackets
from hedgerow.margin.venues.binance_coin import CoinTieredRulebook
from hedgerow.margin.venues.okx import ClosingFeeRulebook
from hedgerow.margin.venues.okx_equity import Discount, DiscountTier
from hedgerow.margin.venues.okx_multi import MultiCurrencyRulebook
from hedgerow.margin.venues.okx_portfolio_rulebook import (
    ChargeTier,
    Loan,
    OkxPortfolioRulebook,
    Peg,
    PegTier,
    RiskUnit,
)
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


def risk_unit(*moves: Number, extreme: Number, **changes: Any) -> RiskUnit:
    """OKX's portfolio margin, one underlying, with every figure told."""
    told: dict[str, Any] = {
        "basis_annual_frac": exact("0.05"),
        "basis_perpetual_frac": exact("0.002"),
        "charge_perpetual_frac": exact("0.004"),
        "charge_future_frac": exact("0.005"),
        "charge_tiers": charge_tiers((0, 1), (10_000, 2), (70_000, 4)),
    }
    return RiskUnit(
        moves_frac=[exact(move) for move in moves],
        move_extreme_frac=exact(extreme),
        **{**told, **changes},
    )


def charge_tiers(*rows: tuple[Number, Number]) -> list[ChargeTier]:
    """Rows are floor and multiplier."""
    return [
        ChargeTier(floor_usd=exact(floor), multiplier_frac=exact(times)) for floor, times in rows
    ]


def peg(*rows: tuple[Number, Number], least: Number = "0.99", most: Number | None = None) -> Peg:
    """Rows are floor and rate."""
    return Peg(
        index_least_frac=exact(least),
        tiers=[PegTier(floor_usd=exact(floor), rate_frac=exact(rate)) for floor, rate in rows],
        volume_usd_max=None if most is None else exact(most),
    )


def loan(maintenance: Number, initial: Number, most: Number | None = None) -> Loan:
    return Loan(
        rate_maintenance_frac=exact(maintenance),
        rate_initial_frac=exact(initial),
        amount_coin_max=None if most is None else exact(most),
    )


def okx_portfolio_rulebook(units: dict[str, RiskUnit], **changes: Any) -> OkxPortfolioRulebook:
    made: dict[str, Any] = {
        "discounts": {
            "BTC": discount((0, "0.98"), (20, "0.9")),
            "ETH": discount((0, "0.9")),
            "USDC": discount((0, 1)),
            "USDT": discount((0, 1)),
        },
        "pegs": {
            "USDT/USD": peg((0, "0.005"), (1_000_000, "0.01")),
            "USDT/USDC": peg((0, "0.006"), (1_000_000, "0.012")),
            "USDC/USD": peg((0, "0.007"), (1_000_000, "0.014")),
        },
        "loans": {name: loan("0.02", "0.1") for name in ("BTC", "ETH", "USDC", "USDT")},
        "extreme_counted_frac": exact("0.5"),
        "initial_of_maintenance_frac": exact("1.3"),
        "evidence": {},
        **SAID,
        **changes,
    }
    return OkxPortfolioRulebook(
        name="okx-portfolio/2026-01-01", venue="okx-portfolio", units=units, **made
    )


ROWS = brackets((0, "0.01", "0.02"), (5000, "0.02", "0.05"), (50_000, "0.05", "0.1"))
IN_COIN = brackets((0, "0.004", "0.008"), (5, "0.005", "0.01"), (10, "0.01", "0.02"))
