"""COIN-M: everything in the coin, the venue's own cut after eight decimals, and its equation."""

from decimal import Decimal
from fractions import Fraction

import pytest

from hedgerow.errors import Failure
from hedgerow.instruments import Instrument
from hedgerow.margin import MarginReport, mistakes_of, require, terms_of
from hedgerow.margin.rules.binance import inverse_margins_coin
from hedgerow.portfolio import Account
from hedgerow.units import DAY_NS
from tests.builders import (
    T0_NS,
    account,
    by_id,
    inverse,
    inverse_future,
    perpetual,
    quote,
    resting,
    snapshot,
)
from tests.golden.read import case
from tests.rooms.margin.made_brackets import brackets, coin_rulebook

D = Decimal
BTC = inverse(multiplier_usd_per_contract=D(100))
RULES = coin_rulebook(
    BTC=brackets((0, "0.004", "0.008"), (5, "0.005", "0.01"), (10, "0.01", "0.02"))
)


def asked(held: Account, mark: object, *more: Instrument) -> MarginReport:
    now = snapshot(*(quote(each.instrument_id, str(mark)) for each in (BTC, *more)))
    report = require(held, by_id(BTC, *more), now, RULES)
    assert isinstance(report, MarginReport), report
    return report


def test_a_position_in_coins_by_hand() -> None:
    """4000 contracts of 100 dollars at 50 000 are 8 BTC: 8 x 0.005 - 5 x 0.001."""
    held = account(currency="BTC", positions={"BTC-PERPETUAL": (4000, 40_000)}, balances={"BTC": 1})
    report = asked(held, 50_000)
    (line,) = report.lines
    assert report.currency == "BTC"
    assert line.amount_ccy == D("0.035")
    assert line.amount_initial_ccy == D("0.08")
    assert line.detail.startswith("8 x 0.005 - 0.005 (tier 1); initial down(8 x 0.01, 1e-8); ")
    # 400 000 (1/40 000 - 1/50 000) = 10 - 8.
    assert report.equity_ccy == 3


def test_a_profit_on_a_step_is_that_step() -> None:
    """623.31 dollars short: 623.31 x 1000 / (79 000 x 80 000) of loss, which has nine decimals."""
    held = account(currency="BTC", positions={"BTC-PERPETUAL": ("-6.2331", 79_000)})
    (balance, profit) = asked(held, 80_000).equity_lines
    assert balance.amount_ccy == 0
    assert profit.amount_ccy == D("-623.31") * (D(80_000) - D(79_000)) / (D(79_000) * D(80_000))
    assert profit.amount_ccy == D("-0.000098625")


def test_initial_is_cut_off_after_eight_decimals() -> None:
    """463.1548567 at a leverage of 100, the venue's own example, as so many coins at one dollar."""
    one = case("binance/venue_cases", "binance-pm-position-btcusdt")
    rules = coin_rulebook(BTC=brackets((0, one["given"]["mmr"], "0.01")))
    terms = inverse(multiplier_usd_per_contract=D(one["given"]["notional"]))
    held = account(currency="BTC", positions={"BTC-PERPETUAL": (1, 1)})
    report = require(held, by_id(terms), snapshot(quote("BTC-PERPETUAL", 1)), rules)
    assert isinstance(report, MarginReport)
    assert report.requirement_initial_ccy == D(one["then"]["initial_margin"])
    off = abs(report.requirement_maintenance_ccy - D(one["then"]["maintenance_margin"]))
    assert off <= D(one["tolerance"]["rel"]) * report.requirement_maintenance_ccy


@pytest.mark.parametrize("contracts", [300, -300, 2500, -2500])
def test_equity_meets_the_requirement_at_the_venues_liquidation_price(contracts: int) -> None:
    """LP = |Q| (mmr + s) / (WB + cum + Q/EP), s the side, in the tier at the root."""
    held = account(
        currency="BTC", positions={"BTC-PERPETUAL": (contracts, 40_000)}, balances={"BTC": "0.3"}
    )
    found = []
    for rate, taken in ((D("0.004"), D(0)), (D("0.005"), D("0.005")), (D("0.01"), D("0.055"))):
        quantity = Fraction(100 * contracts)
        above = Fraction("0.3") + Fraction(taken) + quantity / 40_000
        root = (abs(quantity) * Fraction(rate) + quantity) / above
        if root <= 0:
            continue
        mark = D(root.numerator) / D(root.denominator)
        report = asked(held, mark)
        need = inverse_margins_coin(
            quantity,
            Fraction(mark),
            leverage_frac=Fraction(100),
            rate_frac=Fraction(rate),
            deduction_coin=Fraction(taken),
        )
        if abs(Fraction(report.requirement_maintenance_ccy) - need.maintenance_coin) < 1e-9:
            found.append(report.headroom_ccy)
    assert len(found) == 1
    assert abs(found[0]) < D("1e-10")


def test_perpetual_and_future_share_one_wallet() -> None:
    future = inverse_future("BTC-DATED", T0_NS + 30 * DAY_NS)
    held = account(
        currency="BTC",
        positions={"BTC-PERPETUAL": (500, 50_000), "BTC-DATED": (-50_000, 50_000)},
        balances={"BTC": 1},
    )
    report = asked(held, 50_000, future)
    # Each has its own tiers: opposite positions do not offset.
    assert [line.amount_ccy for line in report.lines] == [D("0.004"), D("0.004")]


def test_orders_in_coins_at_their_own_price() -> None:
    """Buying 100 000 dollars at 40 000 takes 2.5 BTC beside the 1 that is held: 3.5 x 0.008."""
    held = account(
        currency="BTC",
        positions={"BTC-PERPETUAL": (500, 50_000)},
        orders=(resting("BTC-PERPETUAL", 1000, 40_000),),
    )
    report = asked(held, 50_000)
    assert report.requirement_maintenance_ccy == D("0.004")
    assert report.requirement_initial_ccy == D("0.028")
    assert report.lines[-1].detail.endswith("open loss 0")
    # At 80 000 it would lose 100 000 (1/50 000 - 1/80 000) = 0.75 BTC at once.
    dear = account(currency="BTC", orders=(resting("BTC-PERPETUAL", 1000, 80_000),))
    assert asked(dear, 50_000).requirement_initial_ccy == D("1.25") * D("0.008") + D("0.75")


@pytest.mark.parametrize(
    ("terms", "message"),
    [
        (perpetual(), "BTC-PERP is no inverse contract of BTC"),
        (inverse("ETH"), "ETH-PERPETUAL is no inverse contract of BTC"),
    ],
)
def test_another_wallets_contract_is_refused(terms: Instrument, message: str) -> None:
    held = account(currency="BTC", positions={terms.instrument_id: (1, 1)})
    outcome = require(held, by_id(terms), snapshot(quote(terms.instrument_id, 1)), RULES)
    assert isinstance(outcome, Failure)
    assert outcome.message == message


def test_tiers_that_are_missing_or_end_are_told_with_the_leg() -> None:
    now = snapshot(quote("ETH-PERPETUAL", 1000), quote("BTC-PERPETUAL", 50_000))
    held = account(currency="ETH", positions={"ETH-PERPETUAL": (1, 1000)})
    outcome = require(held, by_id(inverse("ETH")), now, RULES)
    assert isinstance(outcome, Failure)
    assert (outcome.subject, outcome.message) == (
        "ETH-PERPETUAL",
        'no tiers for ETH/ETH, which ETH-PERPETUAL needs at brackets."ETH/ETH" of its rulebook; '
        "there are BTC/BTC",
    )
    short = coin_rulebook(BTC=brackets((0, "0.004", "0.008"), most=2))
    held = account(currency="BTC", positions={"BTC-PERPETUAL": (1000, 50_000)})
    assert isinstance(require(held, by_id(BTC), now, short), MarginReport)
    held = account(currency="BTC", positions={"BTC-PERPETUAL": (1001, 50_000)})
    outcome = require(held, by_id(BTC), now, short)
    assert isinstance(outcome, Failure)
    assert outcome.message == (
        "tiers for BTC/BTC are known up to 2, BTC-PERPETUAL needs them at 2.002"
    )


def test_a_table_must_name_its_coin_and_hold_together() -> None:
    told = list(mistakes_of(coin_rulebook(BTC=brackets((1, "0.02", "0.01")))))
    assert told == [
        "brackets.BTC/BTC must start at 0 and rise, floors were ['1']",
        "brackets.BTC/BTC initial rate 0.01 is below maintenance, 0.02 + 0",
    ]
    falling = coin_rulebook(BTC=brackets((0, "0.02", "0.04"), (1, "0.01", "0.03")))
    assert [each.split(" must")[0] for each in mistakes_of(falling)] == [
        "brackets.BTC/BTC rate_maintenance_frac",
        "brackets.BTC/BTC rate_initial_frac",
    ]
    assert terms_of(RULES).charges is None
    assert dict(terms_of(RULES).counted or {}) == {"BTC": ("BTC",)}
