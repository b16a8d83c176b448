"""Everything that changes a balance or a position is told: what it was for, and at what price."""

from decimal import Decimal

from hedgerow.market import FundingSettlement
from hedgerow.planning import Order
from hedgerow.portfolio import Account
from hedgerow.risk import CashFlow
from hedgerow.simulation import News, World
from tests.rooms.simulation.desk import (
    CALL,
    PERP,
    T0,
    chain,
    index,
    ladder,
    levels,
    loan,
    market,
    options,
    order,
    perp,
    quote,
    snapshot,
    world,
)

D = Decimal


def balances(account: Account) -> dict[str, Decimal]:
    return {each.asset: each.quantity_coin for each in account.balances}


def held(account: Account) -> dict[str, Decimal]:
    return {each.instrument_id: each.quantity_contracts for each in account.positions}


def adds_up(before: tuple[Account, ...], after: tuple[Account, ...], news: News) -> None:
    """Every balance by its flows and every position by its fills, to the last digit."""
    for old, new in zip(before, after, strict=True):
        coins, contracts = balances(old), held(old)
        for flow in news.flows:
            if flow.account_id == old.account_id:
                coins[flow.asset] = coins.get(flow.asset, D(0)) + flow.quantity_coin
        for fill in news.fills:
            if fill.account_id == old.account_id:
                name = fill.instrument_id
                contracts[name] = contracts.get(name, D(0)) + fill.quantity_contracts
        assert {k: v for k, v in coins.items() if v} == {
            k: v for k, v in balances(new).items() if v
        }
        assert {k: v for k, v in contracts.items() if v} == held(new)


def kinds(flows: tuple[CashFlow, ...]) -> list[tuple[str, str | None]]:
    return [(each.kind, each.instrument_id) for each in flows]


def test_an_order_tells_each_level_it_took_its_profit_and_its_fee() -> None:
    made = world(perp("900000", "-1", "90000"))
    made.settle(snapshot(quote("100000"), index("100000"), ladder()))
    before = made.accounts(T0)
    made.drain()
    made.place(order("2", "100020"), T0)
    news = made.drain()
    assert [(f.quantity_contracts, f.price_ccy, f.kind) for f in news.fills] == [
        (D(1), D(100010), "trade"),
        (D(1), D(100020), "trade"),
    ]
    # The short is closed 10,010 dearer than it was entered; a tenth of a per cent on each.
    assert kinds(news.flows) == [("trade", "BTC-PERP"), ("fee", "BTC-PERP"), ("fee", "BTC-PERP")]
    assert [each.quantity_coin for each in news.flows] == [D("-10010"), D("-100.01"), D("-100.02")]
    adds_up(before, made.accounts(T0), news)
    assert not made.drain()


def test_funding_names_what_it_was_paid_for() -> None:
    made = world(perp("900000", "-2"))
    made.settle(snapshot(quote("100000"), index("100000")))
    before = made.accounts(T0)
    made.drain()
    made.on_event(
        FundingSettlement(time_ns=T0, instrument_id=PERP.instrument_id, rate_frac=D("0.0001"))
    )
    made.settle(snapshot(quote("100000"), index("100000")))
    news = made.drain()
    assert kinds(news.flows) == [("funding", "BTC-PERP")]
    adds_up(before, made.accounts(T0), news)


def option_order(name: str, quantity: str, limit: str | None) -> Order:
    return Order(
        client_id=f"{name}{quantity}", account_id="options", venue="options", instrument_id=name,
        quantity_contracts=D(quantity), price_limit_usd=D(0), cost_expected_usd=0.0, reason="",
        price_limit_ccy=None if limit is None else D(limit),
    )  # fmt: skip


def opened_options(*positions: tuple[str, str, str | None]) -> World:
    made = world(options("5", *positions))
    made.settle(snapshot(quote("100000"), index("100000"), *chain()))
    made.drain()
    return made


def test_what_is_liquidated_is_told_at_the_prices_it_went_for() -> None:
    made = world(perp("7000", "1"), options("0.05", (CALL.instrument_id, "-2", None)))
    before = made.accounts(T0)
    book = ladder(levels(("97400", "5")), levels(("97600", "5")))
    made.settle(snapshot(*market("97500"), *chain(), book))
    news = made.drain()
    assert {each.account_id for each in news.liquidations} == {"perp", "options"}
    assert {each.kind for each in news.fills} == {"liquidation"}
    (closed,) = (each for each in news.fills if each.account_id == "perp")
    assert closed.price_ccy == D(97400)
    assert {each.kind for each in news.flows} >= {"trade", "liquidation_fee"}
    adds_up(before, made.accounts(T0), news)


def test_a_loan_that_is_seized_moves_in_kind() -> None:
    made = world(loan("10", "18000"))
    before = made.accounts(T0)
    made.settle(snapshot(*market("97500", steth="2200")))
    news = made.drain()
    assert news.liquidations
    assert {(each.kind, each.price_ccy) for each in news.fills} == {("transfer", None)}
    adds_up(before, made.accounts(T0), news)
