"""Drift v2 as an account: the peers' own weights and requirement, and refusals by name."""

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from hedgerow.errors import Failure
from hedgerow.margin import MarginReport, decode_rulebook, mistakes_of, require
from hedgerow.margin.venues.drift import DriftRulebook
from tests.builders import account, by_id, inverse, oracle, perpetual, snapshot

D = Decimal
# Initial weights, ratio and imf factors are those of the peers' tests; the rest is made up.
BOOK = """
type = "drift"
name = "drift/2026-11-20"
venue = "drift"
source = "drift-labs/protocol-v2 margin/tests.rs and made up; no market that is traded"
as_of = "2026-11-20"
confidence = "estimate"
confidence_note = "Figures of tests."
currency = "USDC"
profit_initial_usd_max = "100"

[evidence]
deposits = "V"
borrows = "V"
perpetuals = "V"
profits = "R"
profits_initial = "R"
average_price = "U"

[assets.USDC]
asset_decimals = 6
asset_initial_bps = 10000
asset_maintenance_bps = 10000
liability_initial_bps = 10000
liability_maintenance_bps = 10000
imf_ppm = 0
scale_start_usd = "0"
[assets.SOL]
asset_decimals = 9
asset_initial_bps = 9000
asset_maintenance_bps = 9500
liability_initial_bps = 11000
liability_maintenance_bps = 10500
imf_ppm = 10000
scale_start_usd = "0"

[perpetuals.BTC]
ratio_initial_bps = 1000
ratio_maintenance_bps = 500
imf_ppm = 1000
profit_initial_bps = 10000
profit_maintenance_bps = 10000
profit_imf_ppm = 1000
"""
TERMS = by_id(perpetual(), perpetual("ETH"), inverse())


def drift(**changes: Any) -> DriftRulebook:
    book = decode_rulebook(BOOK.encode(), where="test")
    assert isinstance(book, DriftRulebook)
    return msgspec.structs.replace(book, **changes)


def sol(**changes: Any) -> DriftRulebook:
    """Change the figures of one asset."""
    book = drift()
    assets = {**book.assets, "SOL": msgspec.structs.replace(book.assets["SOL"], **changes)}
    return msgspec.structs.replace(book, assets=assets)


def of(
    positions: dict[str, Any],
    balances: dict[str, Any],
    book: DriftRulebook | None = None,
    **prices: Any,
) -> Any:
    quoted = {"USDC": 1, "SOL": 25, "BTC": 22_050, **prices}
    now = snapshot(*(oracle(coin, price) for coin, price in quoted.items()))
    held = account(positions=positions, balances=balances)
    return require(held, TERMS, now, book or drift())


def free_to_begin(report: MarginReport) -> Decimal:
    return report.equity_ccy - report.requirement_initial_ccy


def test_the_requirement_of_a_perpetual_is_the_peers() -> None:
    """perp_margin_requirement: -6.147540983 at 22,050, ratio 10 % and imf 0.001."""
    report = of({"BTC-PERP": ("-6.147540983", 22_050)}, {})
    assert report.requirement_initial_ccy == D("13555.327867")
    assert report.equity_ccy == 0


@pytest.mark.parametrize(("imf", "weight"), [(0, 9000), (10_000, 8357), (100_000, 2642)])
def test_the_weight_of_a_deposit_is_the_peers(imf: int, weight: int) -> None:
    """asset_weight_imf…: 1,000 tokens of a weight of 90 %."""
    report = of({}, {"SOL": 1000}, sol(imf_ppm=imf))
    assert free_to_begin(report) == 25_000 * D(weight) / 10_000


@pytest.mark.parametrize(("imf", "weight"), [(0, 11_000), (10_000, 11_962)])
def test_the_weight_of_a_borrow_is_the_peers(imf: int, weight: int) -> None:
    """liability_weight_imf…: 1,000 tokens owed at a weight of 110 %."""
    report = of({}, {"SOL": -1000}, sol(imf_ppm=imf))
    assert report.requirement_initial_ccy == 25_000 * D(weight) / 10_000
    assert report.equity_ccy == 0


@pytest.mark.parametrize(("deposits", "weight"), [(25, 9000), (1_000_000, 4500)])
def test_an_initial_weight_that_falls_with_all_deposits_is_the_peers(
    deposits: int, weight: int
) -> None:
    """scaled_iaw_…: from 500,000 dollars on; 1 and 40,000 tokens at 25."""
    book = sol(imf_ppm=0, scale_start_usd=D(500_000), deposits_usd=D(deposits))
    assert free_to_begin(of({}, {"SOL": 1}, book)) == 25 * D(weight) / 10_000
    untold = of({}, {"SOL": 1}, sol(scale_start_usd=D(500_000)))
    assert isinstance(untold, Failure)
    assert (untold.subject, untold.reason) == ("SOL", "missing_data")


def test_the_weight_of_a_profit_is_the_peers_and_capped_to_begin_with() -> None:
    """unreal_weight_22699: a gain of 22,699.050905 weighs 95.59 % to begin with."""
    report = of({"BTC-PERP": (-1, 22_050 + D("22699.050905"))}, {})
    assert report.equity_ccy == D("22699.050905")
    line = next(line for line in report.lines if line.rule.startswith("a profit"))
    assert "9559 bps" in line.detail
    assert line.amount_initial_ccy == D("22699.050905") - 100
    uncapped = of(
        {"BTC-PERP": (-1, 22_050 + D("22699.050905"))},
        {},
        drift(profit_initial_usd_max=D(10**6)),
    )
    line = next(line for line in uncapped.lines if line.rule.startswith("a profit"))
    # 22,699.050905 x 0.9559 = 21,698.022760…, floored.
    assert line.amount_initial_ccy == D("22699.050905") - D("21698.022760")


def test_a_loss_counts_in_full_and_in_the_quotes_price() -> None:
    report = of({"BTC-PERP": (1, 22_150)}, {"USDC": 10}, USDC="0.99")
    assert report.equity_ccy == D("9.9") - 99
    # 5 % of 22,050 x 0.99.
    assert report.requirement_maintenance_ccy == D("1091.475")


def test_maintenance_by_hand() -> None:
    """10 SOL at 25 count 95 %, and 90 % to begin with; 100 USDC are owed at 100 %."""
    report = of({}, {"SOL": 10, "USDC": -100}, sol(imf_ppm=0))
    assert report.equity_ccy == D("237.5")
    assert report.requirement_maintenance_ccy == 100
    assert report.requirement_initial_ccy == 100 + D("12.5")
    assert report.confidence == "estimate"


def test_what_is_owed_rounds_up_and_what_is_held_down() -> None:
    """A tenth of a smallest unit of a cent asset: nothing held, but something owed."""
    assert of({}, {"SOL": "1e-10"}, sol(imf_ppm=0)).equity_ccy == 0
    assert of({}, {"SOL": "-1e-10"}, sol(imf_ppm=0)).requirement_maintenance_ccy == D("0.000002")


@pytest.mark.parametrize(
    ("positions", "balances", "told"),
    [
        ({"ETH-PERP": (1, 1)}, {}, "no perpetual for ETH-PERP"),
        ({"BTC-PERP": 1}, {}, "BTC-PERP"),
        ({"BTC-PERPETUAL": (1, 1)}, {}, "BTC-PERPETUAL is not a USDC perpetual"),
        ({}, {"JUP": 1}, "no market for JUP"),
    ],
)
def test_what_is_not_covered_is_refused_by_name(
    positions: dict[str, Any], balances: dict[str, Any], told: str
) -> None:
    failure = of(positions, balances)
    assert isinstance(failure, Failure)
    assert told in failure.subject + failure.message


@pytest.mark.parametrize(
    ("positions", "balances", "heard", "told"),
    [
        ({"BTC-PERP": (1, 1)}, {}, ("USDC",), "BTC"),
        ({"BTC-PERP": (1, 1)}, {}, ("BTC",), "USDC"),
        ({}, {"SOL": 1}, (), "SOL"),
    ],
)
def test_no_oracle_is_a_failure_by_name(
    positions: dict[str, Any], balances: dict[str, Any], heard: tuple[str, ...], told: str
) -> None:
    now = snapshot(*(oracle(coin, 1) for coin in heard))
    failure = require(account(positions=positions, balances=balances), TERMS, now, drift())
    assert isinstance(failure, Failure)
    assert (failure.subject, failure.reason) == (told, "missing_data")


def test_figures_that_contradict_each_other_are_named() -> None:
    book = sol(asset_initial_bps=9900, asset_maintenance_bps=9800, liability_initial_bps=1)
    btc = msgspec.structs.replace(drift().perpetuals["BTC"], ratio_initial_bps=1)
    told = list(mistakes_of(msgspec.structs.replace(book, perpetuals={"BTC": btc})))
    assert told == [
        "assets.SOL.asset_initial_bps is above asset_maintenance_bps",
        "assets.SOL.liability_initial_bps is below liability_maintenance_bps",
        "perpetuals.BTC.ratio_initial_bps is below ratio_maintenance_bps",
    ]
    assert list(mistakes_of(drift(assets={}))) == [
        "assets lacks USDC, in which profits are counted"
    ]


def test_a_price_rounds_against_the_holder() -> None:
    book = sol(imf_ppm=0, asset_maintenance_bps=10_000, liability_maintenance_bps=10_000)
    assert of({}, {"SOL": 1}, book, SOL="25.0000005").equity_ccy == 25
    owed = of({}, {"SOL": -1}, book, SOL="25.0000005")
    assert owed.requirement_maintenance_ccy == D("25.000001")
    assert owed.currency == "USD"
    for size, equity in ((1, "0"), (-1, "-0.000001")):
        report = of({"BTC-PERP": (size, 22_050)}, {}, BTC="22050.0000005")
        assert report.equity_ccy == D(equity)


@pytest.mark.parametrize(("size", "is_refused"), [(1, True), (-1, False)])
def test_a_price_below_a_millionth_is_nothing_in_the_program(size: int, is_refused: bool) -> None:
    """It rounds against the holder: down to nothing for a long, up to a millionth for a short."""
    found = of({"BTC-PERP": (size * 1_000_000, "0.0000009")}, {"USDC": 100}, BTC="0.0000008")
    assert isinstance(found, Failure) is is_refused
    if is_refused:
        assert "millionths of a dollar" in found.message
        assert found.subject == "BTC"
