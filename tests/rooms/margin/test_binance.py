"""Tiered cross margin: the venue's worked examples, tiers to the tick, and refusals."""

from decimal import Decimal
from typing import Any

import pytest

from hedgerow.errors import Failure
from hedgerow.instruments import Instrument, VaultShare
from hedgerow.margin import MarginReport, Tier, TieredRulebook, decode_rulebook, require
from hedgerow.margin.tiered import deductions_usd, maintenance_usd, tier_index
from tests.builders import (
    T0_NS,
    account,
    by_id,
    exact,
    inverse,
    packaged,
    perpetual,
    power,
    quanto,
    quote,
    snapshot,
    tiered_rulebook,
)
from tests.golden.read import case

D = Decimal


def tiers_of(given: dict[str, Any]) -> list[Tier]:
    return [
        Tier(floor_usd=D(floor), rate_maintenance_frac=D(rate), rate_initial_frac=2 * D(rate))
        for floor, rate in zip(given["floors"], given["mmr"], strict=True)
    ]


BTC_2021 = case("binance/venue_cases", "binance-btcusdt-maint-amount-2021")


def test_deductions_of_the_bracket_table() -> None:
    assert list(deductions_usd(tiers_of(BTC_2021["given"]))) == [
        D(x) for x in BTC_2021["then"]["cum"]
    ]


def test_the_packaged_rulebook_holds_that_table() -> None:

    rulebook = decode_rulebook(packaged("binance/2021-11-01"), where="packaged")
    assert isinstance(rulebook, TieredRulebook)
    for table in rulebook.tiers.values():
        assert [t.floor_usd for t in table] == [D(x) for x in BTC_2021["given"]["floors"]]
        assert [t.rate_maintenance_frac for t in table] == [D(x) for x in BTC_2021["given"]["mmr"]]
    assert rulebook.confidence == "estimate"


@pytest.mark.parametrize("at", range(1, 10))
def test_the_requirement_has_no_jump_at_a_tier_and_a_new_slope_one_tick_later(at: int) -> None:
    tiers = tiers_of(BTC_2021["given"])
    floor, tick = tiers[at].floor_usd, D("0.01")
    assert tier_index(tiers, floor - tick) == tier_index(tiers, floor) == at - 1
    assert tier_index(tiers, floor + tick) == at
    below, on, above = (maintenance_usd(tiers, floor + k * tick) for k in (-1, 0, 1))
    assert on - below == tick * tiers[at - 1].rate_maintenance_frac
    assert above - on == tick * tiers[at].rate_maintenance_frac


def test_nothing_held_is_in_the_first_tier() -> None:
    tiers = tiers_of(BTC_2021["given"])
    assert tier_index(tiers, D(0)) == 0
    assert maintenance_usd(tiers, D(0)) == 0


def _rulebook_at(rate: str, deduction: str) -> Any:
    """A table whose second tier has this rate and this deduction: its floor is their quotient."""
    floor = D(deduction) / D(rate)
    return [(0, 0), (floor, rate)]


def test_account_components_of_the_worked_example() -> None:
    sample = case("binance/venue_cases", "binance-usdm-account-components")
    given, then = sample["given"], sample["then"]
    tables = {
        one["symbol"].removesuffix("USDT"): _rulebook_at(one["mmr"], one["cum"])
        for one in given["positions"]
    }
    base = tiered_rulebook([(0, 0)])
    tiers = {coin: tiered_rulebook(table).tiers["BTC"] for coin, table in tables.items()}
    rulebook = type(base)(
        **{name: getattr(base, name) for name in base.__struct_fields__} | {"tiers": tiers}
    )
    held = account(
        positions={
            f"{one['symbol'].removesuffix('USDT')}-PERP": (one["position"], one["entry"])
            for one in given["positions"]
        },
        balances={"USDC": "1535443.01"},
    )
    marks = [
        quote(f"{one['symbol'].removesuffix('USDT')}-PERP", one["mark"])
        for one in given["positions"]
    ]
    report = require(held, by_id(perpetual("BTC"), perpetual("ETH")), snapshot(*marks), rulebook)
    assert isinstance(report, MarginReport)
    for line, symbol in zip(report.lines, ("BTCUSDT", "ETHUSDT"), strict=True):
        assert abs(line.amount_ccy - D(then["mm"][symbol])) <= D("0.01")
    profits = [line for line in report.equity_lines if line.rule == "unrealised profit"]
    for line, symbol in zip(profits, ("BTCUSDT", "ETHUSDT"), strict=True):
        assert abs(line.amount_ccy - D(then["upnl"][symbol])) <= D("0.01")
    assert report.equity_ccy == D("1535443.01") + profits[0].amount_ccy + profits[1].amount_ccy


def test_initial_is_cut_off_after_eight_decimals() -> None:
    """463.1548567 at a leverage of 100 is printed 4.63154856."""
    one = case("binance/venue_cases", "binance-pm-position-btcusdt")
    given, then = one["given"], one["then"]
    rate = D(1) / D(given["leverage"])
    rulebook = tiered_rulebook([(0, rate / 2)])
    held = account(positions={"BTC-PERP": (given["contracts"], given["entry"])})
    mark = D(given["notional"]) / D(given["contracts"])
    report = require(held, by_id(perpetual()), snapshot(quote("BTC-PERP", mark)), rulebook)
    assert isinstance(report, MarginReport)
    assert report.requirement_initial_ccy == D(then["initial_margin"])
    assert report.equity_ccy == D(then["unrealized_pnl"])


def test_lines_tell_the_whole_sum() -> None:
    rulebook = tiered_rulebook([(0, "0.01"), (1000, "0.02")])
    held = account(positions={"BTC-PERP": (-3, 900)}, balances={"USDC": 500})
    report = require(held, by_id(perpetual()), snapshot(quote("BTC-PERP", 1000)), rulebook)
    assert isinstance(report, MarginReport)
    # 3000 of notional: 0.02 · 3000 - 1000 · (0.02 - 0.01); a short has lost 300.
    assert report.requirement_maintenance_ccy == 50
    assert report.requirement_initial_ccy == 120
    assert report.equity_ccy == 200
    assert report.headroom_ccy == 150
    assert report.use_frac == D("0.25")
    assert not report.is_liquidatable
    assert (report.currency, report.time_ns, report.confidence) == ("USDC", T0_NS, "estimate")
    (line,) = report.lines
    assert (line.subject, line.rule) == ("BTC-PERP", "tiered maintenance")
    assert "3000 x 0.02 - 10.00 (tier 1)" in line.detail


@pytest.mark.parametrize(("balance", "is_liquidatable"), [("50", False), ("49.99", True)])
def test_equity_equal_to_the_requirement_is_not_yet_liquidation(
    balance: str, is_liquidatable: bool
) -> None:
    rulebook = tiered_rulebook([(0, "0.05")])
    held = account(positions={"BTC-PERP": (1, 1000)}, balances={"USDC": balance})
    report = require(held, by_id(perpetual()), snapshot(quote("BTC-PERP", 1000)), rulebook)
    assert isinstance(report, MarginReport)
    assert report.is_liquidatable is is_liquidatable
    assert (report.headroom_ccy < 0) is is_liquidatable


REFUSALS: dict[str, tuple[Instrument, Any]] = {
    "BTC-PERPETUAL is not a USDC perpetual": (inverse(), (1, 1000)),
    "BTC-PERP is not a USDC perpetual": (perpetual(settlement="USDT"), (1, 1000)),
    "ETH-QUANTO is not a USDC perpetual": (quanto(settlement="USDC"), (1, 1000)),
    "oSQTH is not a USDC perpetual": (power("USDC"), 1),
    "v is not a USDC perpetual": (VaultShare(instrument_id="v", vault="v", asset="USDC"), 1),
    "binance/2021-11-01 has no tiers for DOGE, which DOGE-PERP needs at tiers.DOGE of its "
    "rulebook; there are BTC": (perpetual("DOGE"), (1, 1000)),
    "BTC-PERP has no entry price": (perpetual(), 1),
}


@pytest.mark.parametrize("message", REFUSALS)
def test_what_the_rulebook_does_not_cover_has_no_requirement(message: str) -> None:
    terms, much = REFUSALS[message]
    held = account(positions={terms.instrument_id: much})
    now = snapshot(quote(terms.instrument_id, 1000))
    outcome = require(held, by_id(terms), now, tiered_rulebook([(0, "0.01")]))
    assert isinstance(outcome, Failure)
    assert (outcome.subject, outcome.reason, outcome.message) == ("main", "unsupported", message)


def test_one_missing_mark_and_the_whole_requirement_is_unknown() -> None:
    held = account(positions={"BTC-PERP": (1, 1000), "ETH-PERP": (1, 100)}, balances={"USDC": 9})
    rulebook = tiered_rulebook([(0, "0.01")], coins=("BTC", "ETH"))
    terms = by_id(perpetual("BTC"), perpetual("ETH"))
    outcome = require(held, terms, snapshot(quote("BTC-PERP", 1000)), rulebook)
    assert isinstance(outcome, Failure)
    assert (outcome.subject, outcome.reason) == ("ETH-PERP", "missing_data")
    late = snapshot(quote("BTC-PERP", 1), quote("ETH-PERP", 1), time_ns=T0_NS + 6 * 10**9)
    outcome = require(held, terms, late, rulebook)
    assert isinstance(outcome, Failure)
    assert outcome.reason == "stale_data"


def test_an_empty_account_needs_nothing() -> None:
    report = require(account(balances={"USDC": 5}), {}, snapshot(), tiered_rulebook([(0, 1)]))
    assert isinstance(report, MarginReport)
    assert report.requirement_maintenance_ccy == 0
    assert report.equity_ccy == 5
    assert report.use_frac == 0
    assert exact("0") == report.requirement_initial_ccy
