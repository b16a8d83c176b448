from decimal import Decimal

import msgspec
import pytest

from hedgerow.errors import DeskRejected
from hedgerow.market import FundingSettlement, MarketEvent
from hedgerow.simulation import Congestion, World
from hedgerow.units import HOUR_NS, MINUTE_NS
from tests.rooms.simulation.desk import (
    CALL,
    EXPIRY,
    T0,
    account,
    chain,
    fresh_state,
    held,
    index,
    ladder,
    lent,
    levels,
    loan,
    market,
    options,
    oracle,
    order,
    perp,
    quote,
    route,
    snapshot,
    transfer,
    wallet,
    world,
)


def opened(*accounts: object, **more: object) -> World:
    made = world(*accounts, **more)  # type: ignore[arg-type]
    made.settle(snapshot(*market(), ladder()))
    return made


def usdc(made: World, account_id: str) -> Decimal:
    return held(made, account_id).balance_coin("USDC")


# --- orders --------------------------------------------------------------------------------------


def test_an_order_fills_inside_its_limit_and_the_rest_is_cancelled() -> None:
    made = opened(perp("900000"))
    receipt = made.place(order("4", "100020"), T0)
    assert receipt.status == "filled"
    assert receipt.filled_contracts == Decimal(3)
    assert receipt.price_average_usd == pytest.approx(Decimal("100016.6667"), abs=Decimal("0.0001"))
    assert receipt.fee_ccy == Decimal("300.05")  # 0.1 % of 100010 + 2 · 100020
    assert receipt.currency == "USDC"
    assert receipt.message.startswith("1 cancelled")
    assert usdc(made, "perp") == Decimal("899699.95")
    assert made.fees_usd == pytest.approx(300.05)
    # The book was eaten: the same order again finds nothing before the next ladder.
    again = made.place(order("4", "100020", client_id="o2"), T0)
    assert again.status == "rejected"
    assert again.message.startswith("nothing filled: the next level, 101000, is beyond")


@pytest.mark.parametrize(
    ("sent", "message"),
    [
        (order("1", "99000"), "nothing filled"),
        (order("0.0005", "100010"), "not a multiple of the lot"),
        (order("0", "100010"), "not a multiple of the lot"),
        (order("10", "200000"), "insufficient margin"),
        (order("6", "200000"), "insufficient margin"),  # enough to keep it, not to open it
        (order("1", "1", instrument=CALL.instrument_id), "cannot be traded"),
        (order("1", "1", instrument="NO-SUCH"), "cannot be traded"),
        (order("1", "1", instrument="BTC-INVERSE"), "no order book"),
        (
            msgspec.structs.replace(order("1", "1"), account_id="wallet"),
            "not an account of an exch",
        ),
        (msgspec.structs.replace(order("1", "1"), account_id="nobody"), "no account nobody"),
    ],
)
def test_a_refused_order_says_why_and_changes_nothing(sent: object, message: str) -> None:
    made = opened(perp("50000"), wallet(USDC="1"))
    before = made.accounts(T0)
    receipt = made.place(sent, T0)  # type: ignore[arg-type]
    assert receipt.status == "rejected"
    assert message in receipt.message
    assert made.accounts(T0) == before
    # and it took nothing from the book
    assert made.place(order("1", "100010", client_id="after"), T0).status == "filled"


def test_reducing_needs_no_margin_and_no_known_requirement() -> None:
    made = world(perp("1000", "1", "100000"))
    made.settle(snapshot(ladder()))  # no mark, so no requirement can be computed
    assert made.place(order("-0.5", "90000"), T0).status == "filled"
    more = made.place(order("0.1", "200000", client_id="o2"), T0)
    assert "requirement unknown, no new risk" in more.message


def test_an_order_before_the_market_opens_is_refused() -> None:
    assert "not opened" in world(perp("1")).place(order("1", "1"), T0).message


# --- funding -------------------------------------------------------------------------------------


def test_funding_is_paid_at_the_mark_of_its_moment() -> None:
    made = opened(perp("50000", "2"), wallet(USDC="1"))
    made.on_event(
        FundingSettlement(time_ns=T0, instrument_id="BTC-PERP", rate_frac=Decimal("0.0001"))
    )
    made.settle(snapshot(*market("110000")))
    assert usdc(made, "perp") == Decimal(49978)  # 2 · 110000 · 0.0001
    assert made.funding_usd == pytest.approx(-22.0)
    made.settle(snapshot(*market("110000"), time_ns=T0 + 1))
    assert usdc(made, "perp") == Decimal(49978)  # once


def test_funding_without_a_mark_waits_and_says_so_once() -> None:
    made = world(perp("50000", "2"))
    made.on_event(
        FundingSettlement(time_ns=T0, instrument_id="BTC-PERP", rate_frac=Decimal("0.0001"))
    )
    made.settle(snapshot(time_ns=T0))
    made.settle(snapshot(time_ns=T0 + 1))
    alerts = made.drain().alerts
    assert len([alert for alert in alerts if "funding of BTC-PERP waits" in alert]) == 1
    made.settle(snapshot(*market(), time_ns=T0 + 2))
    assert usdc(made, "perp") == Decimal(49980)


def test_funding_that_waits_is_owed_on_what_was_held_when_it_fell_due() -> None:
    made = world(perp("50000", "2"))
    due = FundingSettlement(time_ns=T0, instrument_id="BTC-PERP", rate_frac=Decimal("0.0001"))
    made.on_event(due)
    made.settle(snapshot(ladder()))  # a book, but no mark
    sold = made.place(order("-1.5", "90000"), T0)
    assert sold.status == "filled"
    before = usdc(made, "perp")
    made.settle(snapshot(*market(), time_ns=T0 + 5))
    assert usdc(made, "perp") - before == Decimal(-20)  # 2 · 100000 · 0.0001, though 0.5 are left
    (paid,) = made.drain().settlements
    assert (paid.kind, paid.account_id, paid.venue) == ("funding", "perp", "perp")
    assert (paid.amount_ccy, paid.currency, paid.time_ns) == (Decimal(-20), "USDC", T0 + 5)
    assert paid.instrument_id == "BTC-PERP"
    assert paid.message == "rate 0.0001 of 2026-03-02T00:00:00Z on 2 contracts at 100000"


def test_funding_on_what_was_closed_since_is_still_owed() -> None:
    made = world(perp("50000", "1"))
    made.on_event(
        FundingSettlement(time_ns=T0, instrument_id="BTC-PERP", rate_frac=Decimal("-0.0001"))
    )
    made.settle(snapshot(ladder()))
    made.place(order("-1", "90000"), T0)
    before = usdc(made, "perp")
    made.settle(snapshot(*market(), time_ns=T0 + 5))
    assert usdc(made, "perp") - before == Decimal(10)  # received: the rate is negative


def test_what_is_bought_at_the_moment_of_a_funding_pays_none_of_it() -> None:
    made = opened(perp("50000"))
    made.on_event(
        FundingSettlement(time_ns=T0, instrument_id="BTC-PERP", rate_frac=Decimal("0.0001"))
    )
    made.place(order("1", "100010"), T0)
    made.settle(snapshot(*market(), time_ns=T0 + 5))
    assert made.funding_usd == 0.0
    assert made.drain().settlements == ()


def test_a_trouble_that_passed_is_told_again_when_it_comes_back() -> None:
    made = world(perp("50000", "2"))
    told = []
    for at, has_mark in enumerate((False, False, True, False, False)):
        if at in (0, 3):
            rate = Decimal("0.0001")
            made.on_event(
                FundingSettlement(time_ns=T0 + at, instrument_id="BTC-PERP", rate_frac=rate)
            )
        made.settle(snapshot(*(market() if has_mark else ()), time_ns=T0 + at))
        told.append(sum("funding of BTC-PERP waits" in a for a in made.drain().alerts))
    assert told == [1, 0, 0, 1, 0]


# --- transfers -----------------------------------------------------------------------------------

TO_PERP = route("wallet", "perp", "USDC")


def test_a_transfer_leaves_at_once_and_arrives_after_its_latency() -> None:
    made = opened(perp("50000"), wallet(USDC="1000"), routes=[TO_PERP])
    sent = made.move(transfer("100"), T0)
    assert (sent.status, sent.fee_ccy, sent.currency) == ("acknowledged", Decimal("0.5"), "USDC")
    assert usdc(made, "wallet") == Decimal("899.5")  # the amount and the fee
    assert usdc(made, "perp") == Decimal(50000)
    assert made.pending() == (transfer("100"),)
    made.settle(snapshot(*market(), time_ns=T0 + 30 * MINUTE_NS - 1))
    assert usdc(made, "perp") == Decimal(50000)
    made.settle(snapshot(*market(), time_ns=T0 + 30 * MINUTE_NS))
    assert usdc(made, "perp") == Decimal(50100)
    assert made.pending() == ()
    receipts = made.drain().receipts
    assert [receipt.status for receipt in receipts] == ["acknowledged", "credited"]
    known = made.query("t1", T0)
    assert known is not None
    assert known.status == "credited"


def test_fees_are_counted_at_the_price_of_their_asset_once_it_is_known() -> None:
    way = route("wallet", "options", "BTC", fee_coin=Decimal("0.001"))
    made = world(options("1"), wallet(BTC="2"), routes=[way])
    made.settle(snapshot(time_ns=T0))
    made.move(transfer("1", target="options", asset="BTC"), T0)
    assert made.fees_usd == 0.0  # what a coin is worth is not known yet
    made.settle(snapshot(*market(), time_ns=T0 + 1))
    assert made.fees_usd == pytest.approx(100.0)
    made.settle(snapshot(*market("50000", time_ns=T0 + 2)))
    assert made.fees_usd == pytest.approx(100.0)


def test_congestion_stretches_what_is_sent_while_it_lasts() -> None:
    slow = Congestion(start_ns=T0, end_ns=T0 + HOUR_NS, latency_factor_frac=Decimal(4))
    made = opened(perp("1"), wallet(USDC="1000"), routes=[TO_PERP], congestion=[slow])
    made.move(transfer("100"), T0)
    made.move(transfer("10", client_id="t2"), T0 + HOUR_NS)
    made.settle(snapshot(*market(time_ns=T0 + 90 * MINUTE_NS), time_ns=T0 + 90 * MINUTE_NS))
    assert usdc(made, "perp") == Decimal(11)  # only the second has arrived
    made.settle(snapshot(*market(time_ns=T0 + 120 * MINUTE_NS), time_ns=T0 + 120 * MINUTE_NS))
    assert usdc(made, "perp") == Decimal(111)


@pytest.mark.parametrize(
    ("sent", "message"),
    [
        (transfer("1000"), "holds 1000 USDC, less than 1000 and the fee of 0.5"),
        (transfer("1", asset="BTC"), "no route takes BTC"),
        (transfer("1", use="supply"), "no route takes USDC"),
        (transfer("-1"), "not a positive multiple"),
        (transfer("0.00001"), "not a positive multiple"),
        (transfer("1", target="nobody"), "no account nobody"),
        (transfer("1", source="loan", target="wallet"), "supplies no USDC"),
        (transfer("1", source="perp", target="wallet"), "initial requirement of 10000"),
    ],
)
def test_a_refused_transfer_says_why_and_changes_nothing(sent: object, message: str) -> None:
    routes = [TO_PERP, route("loan", "wallet", "USDC"), route("perp", "wallet", "USDC")]
    made = opened(perp("10000", "1"), wallet(USDC="1000"), loan("10", "100"), routes=routes)
    before = made.accounts(T0)
    receipt = made.move(sent, T0)  # type: ignore[arg-type]
    assert receipt.status == "rejected"
    assert message in receipt.message
    assert made.accounts(T0) == before
    assert made.pending() == ()


def test_what_covers_the_initial_requirement_may_leave() -> None:
    made = opened(perp("11000", "1"), wallet(), routes=[route("perp", "wallet", "USDC")])
    assert made.move(transfer("999.5", source="perp", target="wallet"), T0).status == "acknowledged"


def test_an_unknown_requirement_lets_nothing_leave() -> None:
    made = world(perp("90000", "1"), wallet(), routes=[route("perp", "wallet", "USDC")])
    made.settle(snapshot(time_ns=T0))
    receipt = made.move(transfer("1", source="perp", target="wallet"), T0)
    assert receipt.status == "rejected"
    assert "requirement unknown" in receipt.message


def test_supplying_and_repaying_a_loan() -> None:
    routes = [
        route("wallet", "loan", "wstETH", "supply", latency_ns=0, fee_coin=Decimal(0)),
        route("wallet", "loan", "USDC", "repay", latency_ns=0, fee_coin=Decimal(1)),
    ]
    made = opened(loan("10", "100"), wallet(USDC="1000", wstETH="5"), routes=routes)
    made.move(transfer("2", target="loan", asset="wstETH", use="supply"), T0)
    made.move(transfer("150", target="loan", use="repay", client_id="t2"), T0)
    made.settle(snapshot(*market(), time_ns=T0 + 1))
    ended = held(made, "loan")
    assert ended.quantity_contracts("aave:supply:wstETH") == Decimal(12)
    assert ended.quantity_contracts("aave:debt:USDC") == 0
    assert ended.balances == () or all(b.quantity_coin == 0 for b in ended.balances)
    # 150 left and a fee of 1; 50 were more than was owed and came back
    assert usdc(made, "wallet") == Decimal(899)
    receipts = made.drain().receipts
    assert receipts[-1].status == "credited"
    assert "50.000000 USDC more than was owed went back to wallet" in receipts[-1].message


def test_a_loan_lets_go_of_collateral_only_while_it_stays_healthy() -> None:
    routes = [route("loan", "wallet", "wstETH", fee_coin=Decimal(0))]
    # 10 · 2500 · 0.8 = 20000 against 18000: one coin may go, one and a bit may not.
    made = opened(loan("10", "18000"), wallet(), routes=routes)
    much = transfer("1.0001", source="loan", target="wallet", asset="wstETH")
    assert made.move(much, T0).status == "rejected"
    fine = transfer("1", source="loan", target="wallet", asset="wstETH", client_id="t2")
    assert made.move(fine, T0).status == "acknowledged"
    assert held(made, "loan").quantity_contracts("aave:supply:wstETH") == Decimal(9)


def test_what_cannot_be_credited_stays_in_transit() -> None:
    routes = [route("wallet", "loan", "USDC", "repay")]
    made = opened(loan("10", "100"), wallet(USDC="1000"), routes=routes)
    made.move(transfer("10", target="loan", use="repay"), T0)
    for hours in (2, 3):
        made.settle(snapshot(*market(), time_ns=T0 + hours * HOUR_NS))
    assert len(made.pending()) == 1
    alerts = made.drain().alerts
    assert len([alert for alert in alerts if "stays in transit" in alert]) == 1
    late = T0 + 4 * HOUR_NS
    made.settle(snapshot(*market(time_ns=late)))
    assert made.pending() == ()
    assert held(made, "loan").quantity_contracts("aave:debt:USDC") == Decimal(-90)


# --- expiry --------------------------------------------------------------------------------------


def test_options_are_delivered_at_the_average_of_the_last_half_hour() -> None:
    made = world(options("10", (CALL.instrument_id, "-2", None)))
    state = fresh_state()
    for minutes, price in ((40, "90000"), (30, "100000"), (10, "130000")):
        at = EXPIRY - minutes * MINUTE_NS
        for event in (index(price, at), quote(price, at), *chain(price, time_ns=at)):
            state.apply(event)
        made.settle(state.freeze(at))
    assert held(made, "options").quantity_contracts(CALL.instrument_id) == -2
    made.settle(state.freeze(EXPIRY))
    # 20 minutes of 100000 and 10 of 130000: 110000, so 10000 / 110000 coin each, and the fee
    ended = held(made, "options")
    assert ended.positions == ()
    assert ended.balance_coin("BTC") == 10 - Decimal("0.18181819") - Decimal("0.0003")
    news = made.drain()
    assert news.alerts == ()  # as agreed, hence no trouble
    (settlement,) = news.settlements
    assert (settlement.kind, settlement.currency) == ("delivery", "BTC")
    assert settlement.amount_ccy == -Decimal("0.18181819") - Decimal("0.0003")
    assert "delivered at 110000" in settlement.message


def test_an_option_nobody_saw_a_spot_for_is_not_delivered() -> None:
    made = world(options("10", (CALL.instrument_id, "-2", None)))
    made.settle(snapshot(time_ns=EXPIRY))
    made.settle(snapshot(time_ns=EXPIRY + 1))
    assert held(made, "options").quantity_contracts(CALL.instrument_id) == -2
    alerts = made.drain().alerts
    assert len([alert for alert in alerts if "not delivered" in alert]) == 1


# --- liquidation ---------------------------------------------------------------------------------


def test_each_venue_liquidates_by_its_own_rulebook() -> None:
    made = opened(perp("7000", "1"), loan("10", "18000"), wallet(USDC="5"))
    bids = levels(("97400", "5"))
    book = ladder(bids, levels(("97600", "5")))
    made.settle(snapshot(*market("97500", steth="2200"), book))
    liquidations = made.drain().liquidations
    assert [liquidation.account_id for liquidation in liquidations] == ["perp", "loan"]
    assert all(liquidation.loss_usd > 0 for liquidation in liquidations)
    assert liquidations[0].loss_usd == Decimal("1171.40")  # 100 of slippage, 1.1 % of 97400
    # 5 % of 97500 over 7000 - 2500, and 18000 over 0.8 · 22000
    assert liquidations[0].use_frac == pytest.approx(Decimal("1.08333333"))
    assert liquidations[1].use_frac == pytest.approx(Decimal("1.02272727"))
    made.settle(snapshot(*market("97500", steth="2200"), book))
    assert made.drain().liquidations == ()


def test_an_option_venue_says_the_use_at_which_it_acted() -> None:
    made = world(options("0.05", (CALL.instrument_id, "-2", None)))
    made.settle(snapshot(*market(), *chain(), ladder()))
    (liquidation,) = made.drain().liquidations
    assert liquidation.use_frac is not None
    assert liquidation.use_frac > 1


def test_the_use_of_an_account_without_equity_is_unknown() -> None:
    made = opened(perp("7000", "1"))
    made.settle(snapshot(*market("92000")))
    assert made.drain().liquidations[0].use_frac is None


def test_an_unknown_requirement_is_not_liquidated_and_not_safe() -> None:
    made = world(loan("10", "18000"))
    without: list[MarketEvent] = [lent("wstETH"), lent("USDC"), oracle("USDC", "1")]
    made.settle(snapshot(*without))
    made.settle(snapshot(*without, time_ns=T0 + 1))
    news = made.drain()
    liquidations, alerts = news.liquidations, news.alerts
    assert liquidations == ()
    assert len(alerts) == 1
    assert "not known to be safe" in alerts[0]
    made.settle(snapshot(*without, oracle("wstETH", "3000"), time_ns=T0 + 2))
    alerts = made.drain().alerts
    assert len(alerts) == 1
    assert "known again" in alerts[0]


# --- opening -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (account("a", "nothing", "USDC"), "unknown rulebook nothing"),
        (account("a", "tiered", "USDC", {}, [("NO-SUCH", "1", None)]), "NO-SUCH"),
        (account("a", "tiered", "USDC", {}, [("BTC-PERP", "1", None)]), "without an entry price"),
    ],
)
def test_a_desk_that_cannot_be_is_refused(bad: object, message: str) -> None:
    with pytest.raises(DeskRejected, match=message):
        world(bad)  # type: ignore[arg-type]


def test_accounts_are_observed_when_they_are_asked_for() -> None:
    made = opened(perp("1"), wallet())
    assert [a.account_id for a in made.accounts(T0 + 5)] == ["perp", "wallet"]
    assert {a.time_observed_ns for a in made.accounts(T0 + 5)} == {T0 + 5}
