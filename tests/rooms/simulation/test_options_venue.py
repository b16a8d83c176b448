from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.errors import Failure
from hedgerow.margin import require
from hedgerow.market import OptionMark
from hedgerow.simulation import OptionSpread
from hedgerow.simulation.matching import OpenBooks
from hedgerow.simulation.options_venue import delivered, liquidate, price_ccy
from tests.rooms.simulation.desk import (
    CALL,
    INSTRUMENTS,
    PUT,
    SCAN,
    chain,
    index,
    options,
    quote,
    snapshot,
)


def mark(forward_usd: float, vol_frac: float, expiry_years: float) -> OptionMark:
    return OptionMark(
        forward_usd=forward_usd,
        vol_frac=vol_frac,
        expiry_years=expiry_years,
        age_ns=0,
        is_estimate=False,
        average_usd=forward_usd,
    )


MARK = mark(100_000.0, vol_frac=0.5, expiry_years=0.25)


@pytest.mark.parametrize(
    ("terms", "held", "settles", "payoff", "fee"),
    [
        # 2 calls of 100000 at 125000: 25000 / 125000 = 0.2 coin each; fee 0.015 % of a coin each
        (CALL, "2", "125000", "0.4", "-0.0003"),
        (CALL, "-2", "125000", "-0.4", "-0.0003"),
        (PUT, "2", "80000", "0.5", "-0.0003"),
        # barely in the money: 100 / 100100 coin, and 12.5 % of that is less than 0.015 % of a coin
        (CALL, "2", "100100", "0.00199800", "-0.00024976"),
        (CALL, "2", "100000", "0", "0"),
        (PUT, "-2", "125000", "0", "0"),
    ],
)
def test_delivery(terms: object, held: str, settles: str, payoff: str, fee: str) -> None:
    assert terms is CALL or terms is PUT
    change = delivered(
        options("1", (terms.instrument_id, held, None)), terms, Decimal(settles), SCAN
    )
    by_reason = {flow.reason: flow.quantity_coin for flow in change.flows}
    assert by_reason.get("delivery", Decimal(0)) == Decimal(payoff)
    assert by_reason.get("fee", Decimal(0)) == Decimal(fee)
    assert change.account.positions == ()
    assert change.account.balance_coin("BTC") == 1 + Decimal(payoff) + Decimal(fee)


def test_a_forced_price_is_worse_than_the_mark_by_vol_and_rounds_against_us() -> None:
    fair = price_ccy(CALL, MARK, 0.0)
    # Black-76 at the money: 2·N(0.125) - 1 = 0.099476; the tick is 0.0001
    assert fair == Decimal("0.0994")
    # one point of vol is worth about φ(0.125) · 0.5 · 0.01 = 0.00198
    assert price_ccy(CALL, MARK, 0.01) == Decimal("0.1015")
    assert price_ccy(CALL, MARK, -0.01) == Decimal("0.0974")


def test_a_worthless_option_still_costs_a_tick_to_buy() -> None:
    far = mark(1_000.0, vol_frac=0.1, expiry_years=0.001)
    assert price_ccy(CALL, far, 0.01) == Decimal("0.0001")
    assert price_ccy(CALL, far, -0.01) == 0


def test_the_spread_widens_with_vol_and_never_narrows() -> None:
    spread = OptionSpread(half_spread_vol_frac=0.01, vol_reference_frac=0.5)
    assert [spread.at(vol) for vol in (0.25, 0.5, 1.0)] == [0.01, 0.01, 0.02]
    with pytest.raises(ValueError, match="reference"):
        OptionSpread(vol_reference_frac=0.0)


def test_liquidation_buys_back_what_requires_most_until_the_requirement_is_met() -> None:
    # An account short both; the put is deep in the money and carries the requirement.
    held = options("3.4", (CALL.instrument_id, "-5", None), (PUT.instrument_id, "-10", None))
    now = snapshot(index("85000"), quote("85000"), *chain("85000", 0.8))
    before = require(held, INSTRUMENTS, now, SCAN)
    assert not isinstance(before, Failure)
    assert before.is_liquidatable
    result, _ = liquidate(held, INSTRUMENTS, now, SCAN, OptionSpread(), OpenBooks())
    ended = result.change.account
    after = require(ended, INSTRUMENTS, now, SCAN)
    assert not isinstance(after, Failure)
    assert not after.is_liquidatable
    assert ended.quantity_contracts(CALL.instrument_id) == Decimal(-5)
    bought = ended.quantity_contracts(PUT.instrument_id) + 10
    assert 0 < bought < 10
    assert bought % 2 == 0  # steps of a fifth
    assert result.message == f"bought {bought} {PUT.instrument_id}"
    reasons = {flow.reason for flow in result.change.flows}
    assert reasons == {"trade", "liquidation_fee"}
    # Mark-to-market, it costs spread and fees and nothing else.
    assert before.equity_ccy - after.equity_ccy == pytest.approx(
        result.loss_ccy, abs=Decimal("0.002")
    )


def test_an_account_that_owes_more_than_it_has_ends_at_zero() -> None:
    held = options("0.5", (PUT.instrument_id, "-10", None))
    now = snapshot(index("60000"), quote("60000"), *chain("60000", 0.8))
    result, _ = liquidate(held, INSTRUMENTS, now, SCAN, OptionSpread(), OpenBooks())
    assert result.change.account.positions == ()
    assert result.change.account.balance_coin("BTC") == 0
    assert "the insurance fund paid" in result.message


@given(
    st.integers(1, 100).map(lambda n: Decimal(n) / 10),
    st.integers(1, 100).map(lambda n: Decimal(n) / 10),
    st.integers(0, 60).map(lambda n: Decimal(n) / 10),
    st.integers(60_000, 140_000).map(str),
)
def test_liquidation_ends_healthy_or_empty(
    puts: Decimal, calls: Decimal, balance: Decimal, spot: str
) -> None:
    held = options(
        str(balance), (PUT.instrument_id, str(-puts), None), (CALL.instrument_id, str(-calls), None)
    )
    now = snapshot(index(spot), quote(spot), *chain(spot, 0.7))
    result, _ = liquidate(held, INSTRUMENTS, now, SCAN, OptionSpread(), OpenBooks())
    ended = result.change.account
    report = require(ended, INSTRUMENTS, now, SCAN)
    assert not isinstance(report, Failure)
    assert not report.is_liquidatable
    assert ended.balance_coin("BTC") >= 0 or ended.positions
    flows = sum((f.quantity_coin for f in result.change.flows), Decimal(0))
    assert ended.balance_coin("BTC") == balance + flows


def test_when_no_short_is_left_long_options_are_sold_below_the_mark() -> None:
    # A debt in coin and long calls worth more than it: selling them is all that can be done.
    held = options("-0.5", (CALL.instrument_id, "10", None))
    now = snapshot(index("100000"), quote("100000"), *chain("100000", 0.6))
    before = require(held, INSTRUMENTS, now, SCAN)
    assert not isinstance(before, Failure)
    assert before.is_liquidatable
    result, _ = liquidate(held, INSTRUMENTS, now, SCAN, OptionSpread(), OpenBooks())
    assert result.message.startswith("sold ")
    option = now.option(CALL)
    assert not isinstance(option, Failure)
    sold = 10 - result.change.account.quantity_contracts(CALL.instrument_id)
    earned = sum(f.quantity_coin for f in result.change.flows if f.reason == "trade")
    assert earned / sold == price_ccy(CALL, option, -0.012)  # a point, widened by 0.6 / 0.5
    assert earned / sold < price_ccy(CALL, option, 0.0)
