"""Transfers of a plan that is cut to a budget, and to what is there."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from hedgerow.hedging import ChosenTrade
from hedgerow.planning import Joint, JointTerms, LegCaps, capped
from tests.builders import account
from tests.rooms.planning.test_joint import LIMITS, RULES, TERMS, desk, planned

D = Decimal


def _sent(price_usd: str, cold: str | None = None, **caps: Any) -> tuple[list[Decimal], list[str]]:
    """Send 150 of a coin to one account and 60 to another, for a fee of one each."""
    now = desk(btc_one=1, usdc_one=60, eth_two=4, usdc_two=30)
    found = planned(now, offers=())
    now = replace(now, snapshot=replace(now.snapshot, dollars_usd={"USDC": D(price_usd)}))
    moves = [
        msgspec.structs.replace(each, quantity_coin=D(much))
        for each, much in zip(found.moves, (150, 60), strict=True)
    ]
    plan = replace(found, before=now, moves=tuple(moves))
    here = {each.account_id: each for each in now.book.accounts}
    if cold is not None:
        here["cold"] = account("cold", venue="treasury", balances={"USDC": cold})
    kept, said = capped(plan, LegCaps(**caps), here, LIMITS, TERMS, RULES, terms=JointTerms())
    assert isinstance(kept, Joint)
    return [each.quantity_coin for each in kept.moves], [each.message for each in said]


@pytest.mark.parametrize(
    ("transfers_usd", "kept"),
    [
        # As the guards count it a coin is a whole dollar: none of 210 is wanted, and of 200 ten.
        ("210", [150, 60]),
        ("209.99", [150, 59]),
        ("200", [150, 50]),
        ("150.99", [150]),
        ("149.99", [149]),
        ("0.99", []),
    ],
)
def test_a_budget_counts_a_coin_at_a_cent_too_much_rather_than_too_little(
    transfers_usd: str, kept: list[int]
) -> None:
    """A coin of 99.4 cents, in whole coins; what one transfer takes the next one has not."""
    sent, said = _sent("0.994", transfers_usd=D(transfers_usd))
    assert sent == kept
    assert all("the day's budget for transfers allows no more" in each for each in said)


@pytest.mark.parametrize(
    ("cold", "kept"),
    [("212", [150, 60]), ("211.99", [150, 59]), ("152", [150]), ("150.99", [149]), ("1.99", [])],
)
def test_no_more_is_sent_than_is_there_beside_the_fees(cold: str, kept: list[int]) -> None:
    sent, said = _sent("1", cold=cold)
    assert sent == kept
    assert all("cold has no more of it yet" in each for each in said)


@pytest.mark.parametrize(
    ("usdc", "sent", "is_kept"),
    [
        ("100", None, True),
        ("99.99", None, False),
        # What it gives has left, with its fee of one, before anything is traded.
        ("121", "20", True),
        ("120.99", "20", False),
    ],
)
def test_an_account_trades_with_no_more_than_its_initial_requirement(
    usdc: str, sent: str | None, is_kept: bool
) -> None:
    """One coin of 1,000, for nothing beyond its mark, needs a tenth of it."""
    found = planned(desk(btc_one=1, usdc_one=60), offers=())
    (move,) = found.moves
    away = msgspec.structs.replace(
        move.route, source_account_id="one", target_account_id="cold", fee_coin=D(1)
    )
    moves = (
        () if sent is None else (msgspec.structs.replace(move, route=away, quantity_coin=D(sent)),)
    )
    found = replace(found, offers=planned(desk(btc_one=10)).offers)
    (trade, *_) = (each for each in planned(desk(btc_one=10)).trades)
    bought = msgspec.structs.replace(
        trade,
        instrument_id="BTC-PERP",
        account_id="one",
        quantity_contracts=1.0,
        crossing_usd=0.0,
        fee_usd=0.0,
    )
    here = {each.account_id: each for each in found.before.book.accounts}
    here["one"] = account("one", venue="binance", rulebook="perps", balances={"USDC": usdc})
    kept, said = capped(
        replace(found, trades=(bought,), moves=moves),
        LegCaps(),
        here,
        LIMITS,
        TERMS,
        RULES,
        terms=JointTerms(),
    )
    assert len(kept.trades) == is_kept
    assert [each.message for each in said] == (
        [] if is_kept else ["cut from 1.0 to 0: one lacks margin before anything arrives"]
    )


@pytest.mark.parametrize(
    ("order_usd", "orders_usd", "kept"),
    [
        (None, None, [-7.0, -40.0]),
        # At worst they fill a hundredth beyond the mark: 1,010 and 101 dollars a contract.
        ("3030", None, [-3.0, -30.0]),
        ("3029.99", None, [-2.999, -29.999]),
        # What the first takes of the budget for all the second has not.
        (None, "9090", [-7.0, -20.0]),
        ("3030", "5050", [-3.0, -20.0]),
        ("8000", "2020", [-2.0]),
    ],
)
def test_orders_keep_to_what_one_and_all_of_them_may_be_worth(
    order_usd: str | None, orders_usd: str | None, kept: list[float]
) -> None:
    """Seven coins of 1,000 and forty of 100 are sold, which needs no margin; lots of 0.001."""
    found = planned(desk(btc_one=10, eth_two=60))
    trades = tuple(
        ChosenTrade(
            instrument_id=instrument_id,
            account_id=account_id,
            quantity_contracts=contracts,
            crossing_usd=0.0,
            fee_usd=0.0,
            carry_usd=0.0,
            ticket_usd=0.0,
        )
        for instrument_id, account_id, contracts in (
            ("BTC-PERP", "one", -7.0), ("ETH-PERP", "two", -40.0),
        )
    )  # fmt: skip
    caps = LegCaps(
        order_usd_max=None if order_usd is None else D(order_usd),
        orders_usd=None if orders_usd is None else D(orders_usd),
    )
    here = {each.account_id: each for each in found.before.book.accounts}
    plan = replace(found, trades=trades, moves=())
    cut, said = capped(plan, caps, here, LIMITS, TERMS, RULES, terms=JointTerms(slippage_frac=0.01))
    assert [each.quantity_contracts for each in cut.trades] == kept
    assert all("the budget for orders allows no more" in each.message for each in said)
