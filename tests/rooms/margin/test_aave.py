"""The protocol's integers, its cases, and what a loan account must hold."""

from decimal import Decimal
from typing import Any

import pytest

from hedgerow.errors import Failure
from hedgerow.instruments import Instrument, VaultShare
from hedgerow.margin import MarginReport, require
from hedgerow.margin.lending import (
    balance_raw,
    close_factor_bps,
    collateral_base,
    debt_base,
    debt_raw,
    health_factor_wad,
    liquidation_amounts_raw,
)
from hedgerow.margin.venues.aave import price_base, scaled_raw
from hedgerow.market import MarketEvent, Shock
from hedgerow.units import HOUR_NS
from tests.builders import (
    RAY,
    T0_NS,
    Positions,
    account,
    by_id,
    debt,
    lending,
    lending_rulebook,
    oracle,
    perpetual,
    power,
    quanto,
    snapshot,
    staking,
    supply,
)
from tests.golden.read import cases

D = Decimal
BASE = 10**8
VAULT = VaultShare(instrument_id="v", vault="yield", asset="USDC")


@pytest.mark.parametrize(
    "sample", cases("aave/protocol_cases", "health_factor"), ids=lambda case: case["id"]
)
def test_health_factor_cases(sample: dict[str, Any]) -> None:
    given, want = sample["given"], sample["then"]["value"]
    weighted = int(given["collateral_base"]) * int(given["liquidation_threshold_bps"])
    health = health_factor_wad(weighted, int(given["debt_base"]))
    if want == "infinite":
        assert health is None
    else:
        assert health is not None
        assert abs(D(health) / 10**18 - D(want)) <= D(sample["tolerance"]["abs"])


@pytest.mark.parametrize(
    "sample", cases("aave/protocol_cases", "close_factor_bps"), ids=lambda case: case["id"]
)
def test_close_factor_cases(sample: dict[str, Any]) -> None:
    given = sample["given"]
    assert close_factor(
        given["health_factor"], given["reserve_collateral_usd"], given["reserve_debt_usd"]
    ) == int(sample["then"]["value"])


def close_factor(health: str, collateral_usd: str, debt_usd: str) -> int:
    return close_factor_bps(
        health_wad=int(D(health) * 10**18),
        reserve_collateral_base=int(D(collateral_usd) * BASE),
        reserve_debt_base=int(D(debt_usd) * BASE),
        partial_close_bps=5000,
        full_below_health_wad=int(D("0.95") * 10**18),
        full_below_base=2000 * BASE,
    )


CLOSE_FACTORS = """
    health                collateral_usd  debt_usd     bps
    0.950000000000000001  2000            2000         5000
    0.95                  2000            2000         10000
    0.97                  1999.99999999   2000         10000
    0.97                  2000            1999.99999999 10000
    0.97                  200000          150000       5000
"""


@pytest.mark.parametrize("row", CLOSE_FACTORS.strip().splitlines()[1:])
def test_close_factor_at_its_bounds(row: str) -> None:
    """Whole debt unless both are at least 2000 and the health factor is above 0.95 (section 5)."""
    health, collateral_usd, debt_usd, bps = row.split()
    assert close_factor(health, collateral_usd, debt_usd) == int(bps)


@pytest.mark.parametrize(
    "sample",
    cases("aave/protocol_cases", "available_collateral_to_liquidate"),
    ids=lambda case: case["id"],
)
def test_liquidation_amount_cases(sample: dict[str, Any]) -> None:
    given = {name: int(number) for name, number in sample["given"].items()}
    seized, repaid, fee = liquidation_amounts_raw(
        collateral_price_base=given["collateral_price_1e8"],
        collateral_decimals=given["collateral_decimals"],
        debt_price_base=given["debt_price_1e8"],
        debt_decimals=given["debt_decimals"],
        debt_to_cover_raw=given["debt_to_cover"],
        collateral_balance_raw=given["collateral_balance"],
        liquidation_bonus_bps=given["liquidation_bonus_bps"],
        protocol_fee_bps=given["protocol_fee_bps"],
    )
    assert {
        "collateral_to_liquidator": str(seized),
        "debt_repaid": str(repaid),
        "protocol_fee": str(fee),
    } == sample["then"]


def test_the_health_factor_is_divided_half_up_before_it_is_floored() -> None:
    """1e18 over this debt is 1,010,000 less a hundred-millionth: wadDiv gives 1,010,000."""
    assert health_factor_wad(1, 990_099_009_901) == 101


def test_the_protocol_takes_its_fee_rounded_up() -> None:
    """Of 105 units seized 5 are bonus; a tenth of these is half a unit."""
    seized, repaid, fee = liquidation_amounts_raw(
        collateral_price_base=BASE,
        collateral_decimals=6,
        debt_price_base=BASE,
        debt_decimals=6,
        debt_to_cover_raw=100,
        collateral_balance_raw=10**6,
        liquidation_bonus_bps=10_500,
        protocol_fee_bps=1_000,
    )
    assert (seized, repaid, fee) == (104, 100, 1)


def test_every_rounding_is_against_the_borrower() -> None:
    assert balance_raw(3, RAY + 1) == 3
    assert debt_raw(3, RAY + 1) == 4
    assert collateral_base(1, 5, 1) == 0
    assert debt_base(1, 5, 1) == 1
    assert price_base(D("1.000000005"), is_debt=False) == 100000000
    assert price_base(D("1.000000005"), is_debt=True) == 100000001
    assert scaled_raw(D("-1.5"), 6, is_debt=True) == 1500000
    assert scaled_raw(D("-1.5000005"), 6, is_debt=True) == 1500001
    assert scaled_raw(D("1.5000005"), 6, is_debt=False) == 1500000


LOAN = account(
    "loan",
    venue="aave",
    currency="USD",
    positions={"supply:wstETH": 50, "debt:USDC": -100_000},
)
LOAN_TERMS = by_id(supply("wstETH"), debt("USDC"))
MARKET: tuple[MarketEvent, ...] = (
    oracle("wstETH", 2400),
    oracle("USDC", 1),
    lending("wstETH"),
    lending("USDC"),
    staking("wstETH", "ETH", "1.2"),
)
RULES = lending_rulebook(wstETH=8000, USDC=8500)


def test_the_loan_of_the_sheet() -> None:
    """C = 120k, D = 100k, LT = 0.8: health factor 0.96 (methods.md 16.1)."""
    report = require(LOAN, LOAN_TERMS, snapshot(*MARKET), RULES)
    assert isinstance(report, MarginReport)
    assert report.equity_ccy == 96_000
    assert report.requirement_maintenance_ccy == report.requirement_initial_ccy == 100_000
    assert report.is_liquidatable
    assert (report.currency, report.account_id) == ("USD", "loan")
    assert report.lines[-1].detail.endswith("health factor 0.96")
    assert report.equity_lines[0].detail == (
        "50000000000000000000 smallest units at 2400, threshold 8000 bps"
    )


def test_interest_grows_both_sides_by_their_index() -> None:
    grown = (
        *MARKET[:2],
        lending("wstETH", supply_ray=RAY * 11 // 10),
        lending("USDC", debt_ray=RAY * 5 // 4),
        MARKET[4],
    )
    report = require(LOAN, LOAN_TERMS, snapshot(*grown), RULES)
    assert isinstance(report, MarginReport)
    assert report.equity_ccy == D("105600")
    assert report.requirement_maintenance_ccy == D("125000")


def test_a_fall_of_the_base_coin_falls_on_the_staked_collateral() -> None:
    halved = snapshot(*MARKET).shocked(Shock(spot_factor_frac={"ETH": 0.5}))
    report = require(LOAN, LOAN_TERMS, halved, RULES)
    assert isinstance(report, MarginReport)
    assert report.equity_ccy == 48_000


def test_missing_inputs_and_foreign_positions() -> None:
    for left_out in range(4):
        events = [event for at, event in enumerate(MARKET) if at != left_out]
        outcome = require(LOAN, LOAN_TERMS, snapshot(*events), RULES)
        assert isinstance(outcome, Failure)
        assert outcome.reason == "missing_data"
    late = snapshot(*MARKET, time_ns=T0_NS + 2 * HOUR_NS)
    outcome = require(LOAN, LOAN_TERMS, late, RULES)
    assert isinstance(outcome, Failure)
    assert outcome.reason == "stale_data"
    refusals: dict[str, tuple[Positions, dict[str, Instrument]]] = {
        "BTC-PERP is no loan on aave": ({"BTC-PERP": (1, 1)}, by_id(perpetual())),
        "ETH-QUANTO is no loan on aave": ({"ETH-QUANTO": (1, 1)}, by_id(quanto())),
        "oSQTH is no loan on aave": ({"oSQTH": 1}, by_id(power())),
        "v is no loan on aave": ({"v": 1}, by_id(VAULT)),
        "aave/2023-06-20 has no reserve DOGE": ({"supply:DOGE": 1}, by_id(supply("DOGE"))),
        "debt:USDC: debt is held short, supply long": ({"debt:USDC": 1}, LOAN_TERMS),
        "supply:wstETH: debt is held short, supply long": ({"supply:wstETH": -1}, LOAN_TERMS),
    }
    for message, (positions, terms) in refusals.items():
        outcome = require(account(positions=positions), terms, snapshot(*MARKET), RULES)
        assert isinstance(outcome, Failure)
        assert (outcome.reason, outcome.message) == ("unsupported", message)


def test_a_loan_elsewhere_is_not_of_this_market() -> None:
    terms = type(supply("wstETH"))(
        instrument_id="s", market="other", asset="wstETH", asset_decimals=18
    )
    outcome = require(account(positions={"s": 1}), by_id(terms), snapshot(*MARKET), RULES)
    assert isinstance(outcome, Failure)
    assert outcome.message == "s is no loan on aave"


def test_supply_alone_needs_nothing_and_has_no_health_factor() -> None:
    held = account(positions={"supply:wstETH": 50})
    report = require(held, LOAN_TERMS, snapshot(*MARKET), RULES)
    assert isinstance(report, MarginReport)
    assert report.requirement_maintenance_ccy == 0
    assert report.use_frac == 0
