"""What a loan account must hold."""

from decimal import Decimal

from hedgerow.errors import Failure
from hedgerow.instruments import Instrument, VaultShare
from hedgerow.margin import MarginReport, require
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

D = Decimal
VAULT = VaultShare(instrument_id="v", vault="yield", asset="USDC")


def test_every_rounding_is_against_the_borrower() -> None:
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
        "50000000000000000000 / 10^18 x 2400 x 8000 / 10000; "
        f"50000000000000000000 = 50000000000000000000 x {RAY} / 10^27"
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
