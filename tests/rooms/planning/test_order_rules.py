"""Rules that every step of a plan keeps to, each where nothing else would stop it."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from hedgerow.errors import Failure
from hedgerow.limits import Limit, Survey, survey
from hedgerow.planning import ChosenMove, ChosenSwap, Order, Plan, Transfer, made, swap_of
from hedgerow.portfolio import book
from hedgerow.units import MINUTE_NS
from tests.builders import account, lending_rulebook
from tests.rooms.planning import test_swaps as loans
from tests.rooms.planning.test_joint import NOW, RULES, TERMS, desk, limit
from tests.rooms.planning.test_sequence import chosen, move, trade

D = Decimal
OF_ONE_ACCOUNT = (limit("desk/binance/two/BTC", "delta_spot_usd", 100, 1_600),)


def with_coins(limits: tuple[Limit, ...], **coins: dict[str, Any]) -> Survey:
    """A desk in which some accounts hold other balances than dollars."""
    accounts = [
        account(
            each.account_id,
            venue=each.venue,
            currency=each.currency,
            rulebook=each.rulebook,
            balances=coins.get(each.account_id, {"USDC": 1000}),
        )
        for each in desk().book.accounts
    ]
    return survey(book(accounts, TERMS), NOW, RULES, limits)


def coins(quantity: str, *ends: str) -> ChosenMove:
    found = move(1, *ends, "balance", 0)
    route = msgspec.structs.replace(found.route, asset="BTC", step_coin=D("0.1"))
    return msgspec.structs.replace(found, route=route, quantity_coin=D(quantity))


def by_limits(now: Survey, limits: tuple[Limit, ...], *acts: Any) -> Plan:
    found = chosen(now, *acts)
    return made(found, limits, TERMS, RULES, assumptions=(), valid_ns=MINUTE_NS)


def test_nothing_leaves_an_account_that_lacks_margin_though_it_lacks_no_more_after_it() -> None:
    """A coin on 60 dollars lacks 40 of its initial requirement; bitcoins are no margin here."""
    plain = desk(btc_one=1, usdc_one=60)
    held = msgspec.structs.replace(
        plain.book.account("one"),
        balances=account(balances={"USDC": 60, "BTC": 2}).balances,
    )
    others = [each for each in plain.book.accounts if each.account_id != "one"]
    now = survey(book((held, *others), TERMS), NOW, RULES, ())
    plan = by_limits(now, (), coins("1", "one", "cold"))
    assert plan.legs == ()
    assert any("one lacks 40" in each.message for each in plan.unmet)
    smaller = by_limits(now, (), coins("1", "one", "cold"), trade(now, "BTC", "one", -0.5))
    assert [type(leg) for leg in smaller.legs] == [Order, Transfer]
    assert smaller.legs[1].waits_for == (smaller.legs[0].client_id,)


def test_a_fee_leaves_its_source_with_what_is_sent() -> None:
    """A coin needs 100 at first: of 250 a hundred may leave with a fee of 40, and not of 60."""
    plain = desk(btc_one=1, usdc_one=250)
    now = survey(plain.book, NOW, RULES, ())
    assert len(by_limits(now, (), move(100, "one", "cold", "balance", 40)).legs) == 1
    assert by_limits(now, (), move(100, "one", "cold", "balance", 60)).legs == ()


def test_pieces_cost_together_what_the_whole_was_to_cost() -> None:
    """Four sales of three quarters of a coin: a dollar each beside the mark, and the taker fee."""
    now = with_coins(OF_ONE_ACCOUNT, cold={"BTC": 2})
    whole = trade(now, "BTC", "two", -3.0)
    plan = by_limits(now, OF_ONE_ACCOUNT, coins("2", "cold", "two"), whole)
    orders = [leg for leg in plan.legs if isinstance(leg, Order)]
    assert len(orders) == 4
    assert sum(leg.cost_expected_usd for leg in orders) == pytest.approx(
        whole.crossing_usd + whole.fee_usd, abs=1e-5
    )


def test_what_would_break_a_hard_limit_by_arriving_is_not_waited_for() -> None:
    """Two coins bought before three are sold, or three sold before, are beyond 1,600 dollars.

    Half of the three are sold first, then the two may come, then the rest is sold.
    """
    now = with_coins(OF_ONE_ACCOUNT, cold={"BTC": 2})
    plan = by_limits(now, OF_ONE_ACCOUNT, coins("2", "cold", "two"), trade(now, "BTC", "two", -3.0))
    assert [type(leg) for leg in plan.legs] == [Transfer, Order, Order, Order, Order]
    sent, first, second, third, fourth = plan.legs
    assert sent.waits_for == first.waits_for == second.waits_for == ()
    assert sent.client_id in third.waits_for
    assert fourth.waits_for
    # In the way of the first two it says what the transfer should not do.
    early = [
        each.message for each in plan.unmet if "should what is on its way arrive" in each.message
    ]
    assert early
    assert all("desk/binance/two/BTC delta_spot_usd is hard" in each for each in early)


def test_a_swap_that_only_the_protocol_forbids_is_not_sent() -> None:
    """No limit stands on the loan: 597.6 dollars that count against 700 owed is what forbids it."""
    rules: Any = {"loan": lending_rulebook(wstETH=8000, USDC=6000)}
    now = loans.desk(rules=rules)
    bare = survey(now.book, now.snapshot, rules, ())
    swap = swap_of(loans.WAY, D(10), now.book.account("loan"), loans.NOW, loans.TERMS, rules)
    assert isinstance(swap, ChosenSwap)
    found = replace(loans.planned(now, rules=rules), before=bare, swaps=(swap,), moves=())
    plan = made(found, (), loans.TERMS, rules, assumptions=(), valid_ns=MINUTE_NS)
    assert plan.legs == ()
    (said,) = plan.unmet
    assert isinstance(said, Failure)
    assert "against 700" in said.message
