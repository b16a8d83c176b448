"""Kinds that no vector file asks for: what goes in and comes out, by hand."""

from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from hedgerow.app.certify.compare import compare
from hedgerow.app.certify.given import Given
from hedgerow.app.certify.suites import COMPUTATIONS
from hedgerow.app.certify.vectors import Tolerance

TIGHT = Tolerance(rel_frac=Decimal("1e-15"))

MARKET: dict[str, Any] = {"open_interest_long": 300, "open_interest_short": "100"}
LEARNING: dict[str, Any] = {
    **MARKET,
    "increase_factor": "0.001",
    "decrease_factor": "0.0001",
    "threshold_stable": "0.4",
    "threshold_decrease": "0.1",
    "max_factor": "0.01",
    "seconds": 10,
}
HELD: dict[str, Any] = {
    "is_long": True,
    "size_usd": 1000,
    "size_tokens": "0.5",
    "collateral_tokens": 10,
    "collateral_price": "2",
    "index_price": 1980,
    "fees_usd": "0.5",
    "price_impact_usd": "-1",
    "min_collateral_factor": "0.005",
    "min_collateral_usd": 1,
}

LIQUIDATED: dict[str, Any] = {
    "position_notional_usdc": 250_000,
    "threshold": 100_000,
    "fraction": "0.2",
    "cooldown_s": 30,
    "equity": "1999.99",
    "maintenance": 3_000,
}

CASES: list[tuple[str, str, dict[str, Any], dict[str, Any]]] = [
    (
        "gmx_v2",
        "apply_impact_factor",
        {"diff_usd": "10000", "exponent": "1.75", "impact_factor": "0.0000001"},
        {"value": "999999999999999983993282600000"},
    ),
    (
        "gmx_v2",
        "position_price_impact_usd",
        {
            **MARKET,
            "delta_long": 0,
            "delta_short": 250,
            "positive_factor": "0.01",
            "negative_factor": "0.02",
            "exponent": 1,
        },
        {"value": 1},
    ),
    (
        "gmx_v2",
        "execution_price_increase_long",
        {"size_usd": 5000, "index_price": 2000, "price_impact_usd": -1000},
        {"value": 2500},
    ),
    (
        "gmx_v2",
        "execution_price_increase_short",
        {"size_usd": 5000, "index_price": 2000, "price_impact_usd": -1250},
        {"value": 1600},
    ),
    # Skew 0.5, along the rate.
    (
        "gmx_v2",
        "adaptive_funding_factor_per_second",
        {**LEARNING, "saved_factor": "0.002"},
        {"value": "0.007"},
    ),
    (
        "gmx_v2",
        "adaptive_funding_factor_per_second",
        {**LEARNING, "saved_factor": "-0.002"},
        {"value": "0.003"},
    ),
    (
        "gmx_v2",
        "borrowing_fee_usd",
        {
            "size_usd": 1000,
            "reserved_usd": 5000,
            "pool_usd": 10000,
            "factor": "0.00000001",
            "exponent": 1,
            "seconds": 3600,
        },
        {"value": "0.018"},
    ),
    # 20 of collateral, 10 lost, 1 of impact, 0.5 of fees: 8.5 against 5.
    ("gmx_v2", "is_position_liquidatable", HELD, {"value": False}),
    (
        "gmx_v2",
        "is_position_liquidatable",
        {**HELD, "min_collateral_factor": "0.0086"},
        {"value": True},
    ),
    ("gmx_v2", "is_position_liquidatable", {**HELD, "index_price": 1960}, {"value": True}),
    (
        "gmx_v2",
        "is_position_liquidatable",
        {**HELD, "index_price": 1960, "is_long": False, "price_impact_usd": 50},
        {"value": False, "remaining_collateral_usd": "39.5"},
    ),
    (
        "gmx_v2",
        "capped_position_pnl_usd",
        {"position_pnl": 100, "pool_pnl": 1000, "pool_usd": 1000, "max_pnl_factor": "0.5"},
        {"value": 50},
    ),
    (
        "venue_hyperliquid",
        "liquidation_rule",
        LIQUIDATED,
        {
            "first_order_notional": 50_000,
            "during_cooldown_full": True,
            "backstop_threshold": 2_000,
            "goes_to_backstop": True,
        },
    ),
    (
        "venue_hyperliquid",
        "liquidation_rule",
        {**LIQUIDATED, "position_notional_usdc": 100_000, "equity": 2_000},
        {
            "first_order_notional": 100_000,
            "during_cooldown_full": True,
            "goes_to_backstop": False,
        },
    ),
    # A short of 3 coins that has risen by 50; and one that has fallen.
    (
        "venue_hyperliquid",
        "portfolio_margin_borrow",
        {"spot": 3, "perp_short": 3, "entry": 100, "mark": 150},
        {"usdc_borrowed": 150},
    ),
    (
        "venue_hyperliquid",
        "portfolio_margin_borrow",
        {"spot": 3, "perp_short": 3, "entry": 100, "mark": 80},
        {"usdc_borrowed": 0},
    ),
    # A cross position in the venue's tiers, beside another that requires 20.
    (
        "venue_hyperliquid",
        "liquidation_price",
        {
            "szi": -1,
            "mark": 9000,
            "margin_mode": "cross",
            "account_value": 2020,
            "maintenance_margin": "132.5",
            "tiers": [
                {"lower_bound": 0, "max_leverage": 40},
                {"lower_bound": 10_000, "max_leverage": 25},
            ],
        },
        {"liquidation_price": "1107500/102"},
    ),
    (
        "venue_hyperliquid",
        "liquidation_price",
        {"side": 1, "szi": 1, "mark": 2000, "isolated_margin": 200, "max_leverage": 25},
        {"liquidation_price": "90000/49"},
    ),
    (
        "hyperliquid",
        "liquidation_price_isolated",
        {
            "mark_price": 2000,
            "side": "short",
            "isolated_margin_equity": 200,
            "size": 1,
            "maintenance_leverage": 50,
        },
        {"value": "110000/51"},
    ),
    (
        "venue_hyperliquid",
        "account_identity",
        {
            "crossAccountValue": 100,
            "isolated_marginUsed": 10,
            "totalNtlPos": 50,
            "position_value": 50,
            "side": -1,
        },
        {"accountValue": 110, "totalRawUsd": 160, "isolated_rawUsd": 60},
    ),
    (
        "venue_hyperliquid",
        "portfolio_margin",
        {
            "cross_maintenance": [],
            "borrowed_value": 100,
            "portfolio_balance": 0,
            "collateral": {
                "balance": 0,
                "oracle": 40,
                "ltv": "0.65",
                "supply_cap": 1,
                "borrow_cap": 1,
            },
        },
        {"requirement": 120, "liquidation_value": 0, "ratio": "infinite", "liquidatable": True},
    ),
    (
        "venue_hyperliquid",
        "portfolio_margin",
        {"cross_maintenance": [75], "portfolio_balance": 100},
        {"liquidation_threshold": None, "requirement": 95, "ratio": "0.95", "liquidatable": False},
    ),
]


@pytest.mark.parametrize(("suite", "kind", "given", "then"), CASES)
def test_a_kind_without_cases_is_computed(
    suite: str, kind: str, given: dict[str, Any], then: dict[str, Any]
) -> None:
    got = COMPUTATIONS[suite, kind](Given(given))
    assert compare(got, then, TIGHT).misses == ()


def test_thirty_decimals_are_kept_and_more_are_cut() -> None:
    kind = COMPUTATIONS["gmx_v2", "execution_price_increase_long"]
    price = kind(Given({"size_usd": 1, "index_price": "1/3", "price_impact_usd": 0}))
    assert price == Fraction(10**30 // 3, 10**30)
