from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.errors import Failure
from hedgerow.instruments import EntryContract, Instrument
from hedgerow.margin import require
from hedgerow.market import MarketEvent
from hedgerow.portfolio import Account
from hedgerow.pricing import unit_ccy
from hedgerow.simulation.matching import OpenBooks
from hedgerow.simulation.perpetual_venue import (
    Liquidated,
    booked,
    insured,
    liquidate,
    price_bankruptcy_usd,
)
from tests.builders import quanto
from tests.rooms.simulation.desk import (
    INSTRUMENTS,
    INVERSE,
    PERP,
    TIERED,
    account,
    ladder,
    levels,
    perp,
    quote,
    snapshot,
)

QUANTO = quanto()


def liquidated(held: Account, mark: str, bids: tuple[tuple[str, str], ...] | None) -> Liquidated:
    events: list[MarketEvent] = [quote(mark)]
    if bids is not None:
        asks = levels((str(Decimal(bids[0][0]) + 10), "100"))
        events.append(ladder(levels(*bids), asks))
    result, _ = liquidate(held, INSTRUMENTS, snapshot(*events), TIERED, OpenBooks())
    return result


def test_every_fill_pays_the_taker_fee() -> None:
    fills = levels(("100010", "1"), ("100020", "0.5"))
    change = booked(perp("1000"), PERP, fills, is_buy=True, fee_frac=Decimal("0.001"))
    # 100.01 + 50.01
    assert change.account.balance_coin("USDC") == Decimal("849.98")
    assert sum(f.quantity_coin for f in change.flows) == Decimal("-150.02")
    assert {f.reason for f in change.flows} == {"fee"}


@pytest.mark.parametrize("quantity", ["1", "-1"])
@pytest.mark.parametrize("future", [PERP, INVERSE, QUANTO])
@pytest.mark.parametrize("equity", ["3000", "-500"])
def test_at_the_bankruptcy_price_nothing_is_left(
    future: EntryContract, quantity: str, equity: str
) -> None:
    q, mark, fee = Decimal(quantity), Decimal(100_000), Decimal("0.011")
    own = Decimal(equity)
    if future is INVERSE:
        q, own = q * 10_000, own / mark  # 100,000 USD in contracts, equity in coin
    if future is QUANTO:
        q *= 1_000_000  # a coin of its settlement per dollar
    price = price_bankruptcy_usd(future, q, mark, own, fee)
    assert price is not None
    unit = unit_ccy(future, price)
    left = own + q * (unit - unit_ccy(future, mark)) - abs(q * unit) * fee
    assert abs(left) < Decimal("1e-15")


def test_a_position_that_cannot_go_bankrupt_has_no_such_price() -> None:
    # A long coin worth 100,000 with 200,000 of equity survives even a price of zero.
    assert (
        price_bankruptcy_usd(PERP, Decimal(1), Decimal(100_000), Decimal(200_000), Decimal("0.01"))
        is None
    )


def test_liquidation_sells_into_the_book_and_charges_its_fee() -> None:
    # Long 1 from 100000 with 7000: at 97500 equity is 4500, the requirement 4875.
    result = liquidated(perp("7000", "1"), "97500", (("97400", "0.4"), ("97300", "5")))
    # -0.4·2600 - 0.6·2700 = -2660, fees 1.1 % of 0.4·97400 + 0.6·97300 = 97340: 1070.74
    assert result.change.account.positions == ()
    assert result.change.account.balance_coin("USDC") == Decimal("3269.26")
    # against the mark: 0.4·100 + 0.6·200 = 160, and the fees
    assert result.loss_ccy == Decimal("1230.74")
    assert "closed 1" in result.message


def test_what_the_book_does_not_take_above_bankruptcy_goes_to_the_fund() -> None:
    # equity 4500 at 97500: bankruptcy at (97500 - 4500) / (1 - 0.011) = 94034.378…
    result = liquidated(perp("7000", "1"), "97500", (("94100", "0.25"), ("94000", "5")))
    assert result.change.account.positions == ()
    left = result.change.account.balance_coin("USDC")
    # A quarter was sold above bankruptcy, so a little is left: 0.25 · (94100 - 94034.378) · 0.989
    assert left == pytest.approx(Decimal("16.225"), abs=Decimal("1e-3"))
    assert "passed to the insurance fund" in result.message


def test_without_a_book_the_fund_takes_all_and_nothing_is_left() -> None:
    result = liquidated(perp("7000", "1"), "97500", None)
    assert result.change.account.positions == ()
    assert abs(result.change.account.balance_coin("USDC")) <= Decimal("1e-7")
    assert "no order book" in result.message


def test_negative_equity_ends_at_zero_and_the_fund_pays() -> None:
    result = liquidated(perp("2000", "1"), "97500", (("97400", "5"),))
    assert result.change.account.positions == ()
    assert abs(result.change.account.balance_coin("USDC")) <= Decimal("1e-7")
    assert result.loss_ccy >= 0


def test_the_largest_position_goes_first_and_the_rest_stays() -> None:
    other = msgspec.structs.replace(PERP, instrument_id="BTC-OTHER")
    terms: dict[str, Instrument] = {**INSTRUMENTS, "BTC-OTHER": other}
    both = account(
        "perp",
        "tiered",
        "USDC",
        {"USDC": "7500"},
        [("BTC-OTHER", "0.1", "100000"), ("BTC-PERP", "1", "100000")],
    )
    marks = [
        msgspec.structs.replace(quote("97500"), instrument_id=name)
        for name in ("BTC-OTHER", "BTC-PERP")
    ]
    now = snapshot(*marks, ladder(levels(("97400", "5")), levels(("97600", "5"))))
    result, _ = liquidate(both, terms, now, TIERED, OpenBooks())
    assert [p.instrument_id for p in result.change.account.positions] == ["BTC-OTHER"]
    report = require(result.change.account, terms, now, TIERED)
    assert not isinstance(report, Failure)
    assert not report.is_liquidatable


def test_only_an_account_that_holds_nothing_is_insured() -> None:
    assert insured(perp("-5", "1"), "USDC").flows == ()
    assert insured(perp("5"), "USDC").flows == ()
    assert insured(perp("-5"), "USDC").account.balance_coin("USDC") == 0


@given(
    st.integers(-3000, 3000).filter(bool).map(lambda n: Decimal(n) / 1000),
    st.integers(-20_000, 20_000).map(Decimal),
    st.integers(80_000, 120_000).map(Decimal),
    st.integers(1, 40).map(lambda n: Decimal(n) / 10),
)
def test_liquidation_ends_healthy_or_empty_and_never_below_zero(
    quantity: Decimal, balance: Decimal, mark: Decimal, depth: Decimal
) -> None:
    held = perp(str(balance), str(quantity))
    bids = levels((str(mark - 50), str(depth)), (str(mark - 900), str(depth)))
    asks = levels((str(mark + 50), str(depth)), (str(mark + 900), str(depth)))
    now = snapshot(quote(str(mark)), ladder(bids, asks))
    before = require(held, INSTRUMENTS, now, TIERED)
    assert not isinstance(before, Failure)
    result, _ = liquidate(held, INSTRUMENTS, now, TIERED, OpenBooks())
    ended = result.change.account
    if not before.is_liquidatable:
        assert ended.positions == held.positions
        return
    assert ended.positions == ()
    assert ended.balance_coin("USDC") >= 0
    flows = sum((f.quantity_coin for f in result.change.flows), Decimal(0))
    assert ended.balance_coin("USDC") == balance + flows
