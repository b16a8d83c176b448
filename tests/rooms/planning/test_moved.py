"""What moving money does to limits of accounts, and from which accounts none is moved at all."""

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from hedgerow.collateral import Route
from hedgerow.errors import Failure
from hedgerow.hedging import Depth, Offer, offer
from hedgerow.limits import Given, Limit, Stress, Survey, loan_held_coin, survey
from hedgerow.margin import require, terms_of
from hedgerow.market import NO_SHOCK, Level
from hedgerow.planning import Allowed, Joint, joint, made
from hedgerow.portfolio import Account, book
from hedgerow.units import MINUTE_NS
from tests.builders import (
    T0_NS,
    account,
    by_id,
    debt,
    index,
    lending,
    oracle,
    perpetual,
    quote,
    snapshot,
    supply,
    tiered_rulebook,
)
from tests.rooms.planning.parts import route
from tests.rooms.planning.test_joint import LIMITS, NOW, RULES, TERMS, limit, rungs

D = Decimal
CHARGES = terms_of(RULES["perps"]).charges


def planned(now: Survey, limits: tuple[Limit, ...], *ways: Route | Offer) -> Joint:
    offers = tuple(each for each in ways if isinstance(each, Offer))
    routes = tuple(each for each in ways if isinstance(each, Route))
    found = joint(now, limits, offers, routes, TERMS, RULES)
    assert isinstance(found, Joint)
    return found


# Ten coins where a limit is, and one where they may go.
HOT_AND_COLD = (
    account("hot", venue="x", balances={"ETH": 10}),
    account("cold", venue="treasury", balances={"ETH": 1}),
)
SUPPLY = route("cold", "loan", "ETH", "supply", "0", "0.1")
REPAY = route("cold", "loan", "USDC", "repay", "20", "1")
LOAN = account(
    "loan",
    venue="aave",
    rulebook="loan",
    currency="USD",
    positions={"supply:ETH": 10, "debt:USDC": -500},
)


@pytest.mark.parametrize("hard", [1200, 2000])
def test_coins_that_a_transfer_brings_count_as_the_delta_of_who_has_them_then(hard: int) -> None:
    """1,000 USD of ETH may be 1,100: a loan of 62.5 % of what counts is repaid, though ETH is free.

    800 counts, and plans stop at 47.5 % of it: 380 stay owed.
    """
    limits = (LIMITS[0], limit("desk/aave/loan", "delta_spot_usd", 1_100, hard))
    cold = account("cold", venue="treasury", balances={"USDC": 5000, "ETH": 50})
    now = survey(book((LOAN, cold), TERMS), NOW, RULES, limits)
    found = planned(now, limits, SUPPLY, REPAY)
    assert [(each.route.asset, each.quantity_coin) for each in found.moves] == [("USDC", D(120))]
    assert found.broken == ()


@pytest.mark.parametrize("node", ["desk/x/hot", "desk/x"])
def test_a_delta_of_one_account_is_moved_to_another(node: str) -> None:
    """Ten ETH at 100 are 1,000 USD and may be 500; 475 are kept, a twentieth inside."""
    limits = (limit(node, "delta_spot_usd", 500, 800),)
    now = survey(book(HOT_AND_COLD, TERMS), NOW, RULES, limits)
    found = planned(now, limits, route("hot", "cold", "ETH", "balance", "0", "0.1"))
    assert [each.quantity_coin for each in found.moves] == [D("5.3")]
    assert found.broken == ()


def test_routes_are_told_apart_from_offers_that_do_nothing_for_the_limit() -> None:
    """As above, with two perpetuals of another account beside the route that helps."""
    limits = (limit("desk/x/hot", "delta_spot_usd", 500, 800),)
    trader = account("two", venue="okx", rulebook="perps", balances={"USDC": 1000})
    accounts = (*HOT_AND_COLD, trader)
    now = survey(book(accounts, TERMS), NOW, RULES, limits)
    assert CHARGES is not None
    priced = [offer(perpetual(coin), trader, NOW, CHARGES, Depth()) for coin in ("BTC", "ETH")]
    ways = [each for each in priced if isinstance(each, Offer)]
    assert len(ways) == 2
    found = planned(now, limits, *ways, route("hot", "cold", "ETH", "balance", "0", "0.1"))
    assert [each.quantity_coin for each in found.moves] == [D("5.3")]
    assert (found.trades, found.broken) == ((), ())


def test_a_loss_of_one_account_is_moved_to_another() -> None:
    """Ten ETH at 100 lose 300 at 30 % down and may lose 200: 190 are kept, 6.3 ETH."""
    fall = Stress(name="fall", spot_factor_frac=0.7, shock=NO_SHOCK)
    given = Given(said="fall", stresses=(fall,))
    limits = (limit("desk/x/hot", "scenario_loss_usd", 200, 280, given=given),)
    now = survey(book(HOT_AND_COLD, TERMS), NOW, RULES, limits)
    found = planned(now, limits, route("hot", "cold", "ETH", "balance", "0", "0.1"))
    assert [each.quantity_coin for each in found.moves] == [D("3.7")]
    assert found.broken == ()


def test_a_shock_whose_name_begins_another_is_not_taken_for_it() -> None:
    """A fall of 10 % loses 100, `a fall, far` of 30 % loses 300: 190 are kept, by the far one.

    Of the near one 190 may be lost as well, which a coin moved changes by 10 and not by 30.
    """
    near, far = (
        Stress(name=name, spot_factor_frac=factor, shock=NO_SHOCK)
        for name, factor in (("a fall", 0.9), ("a fall, far", 0.7))
    )
    for stresses in ((near, far), (far, near)):
        given = Given(said="falls", stresses=stresses)
        limits = (limit("desk/x/hot", "scenario_loss_usd", 200, 280, given=given),)
        now = survey(book(HOT_AND_COLD, TERMS), NOW, RULES, limits)
        found = planned(now, limits, route("hot", "cold", "ETH", "balance", "0", "0.1"))
        assert [each.quantity_coin for each in found.moves] == [D("3.7")]


SHORT = account(
    "one",
    venue="binance",
    rulebook="perps",
    positions={"BTC-PERP": (1, 1000)},
    balances={"USDC": 60},
)
HOLDER: dict[str, Any] = {
    "venue": "okx",
    "positions": {"ETH-PERP": (-10, 100)},
    "balances": {"USDC": 200},
}


def old(held: Account) -> Account:
    return msgspec.structs.replace(held, time_observed_ns=T0_NS - 10**15)


@pytest.mark.parametrize(
    ("source", "why"),
    [
        (account("two", **HOLDER), "it has positions and no rulebook"),
        (account("two", rulebook="nowhere", **HOLDER), "not at hand"),
        (old(account("two", rulebook="perps", **HOLDER)), "positions are 1000000 s old"),
    ],
)
def test_nothing_is_taken_from_an_account_of_which_nobody_knows_what_it_has(
    source: Account, why: str
) -> None:
    now = survey(book((SHORT, source), TERMS), NOW, RULES, LIMITS[:2])
    found = planned(now, LIMITS[:2], route("two", "one", "USDC", "balance", "1", "1"))
    assert found.moves == ()
    (refused,) = [each for each in found.refused if "from two to one" in each.subject]
    assert why in refused.message
    # A wallet, which nobody can liquidate, gives what it has.
    wallet = account("two", venue="okx", balances={"USDC": 200})
    now = survey(book((SHORT, wallet), TERMS), NOW, RULES, LIMITS[:2])
    assert planned(now, LIMITS[:2], route("two", "one", "USDC", "balance", "1", "1")).moves


@pytest.mark.parametrize(
    "trader",
    [
        account("two", **HOLDER),
        account("two", venue="okx", balances={"USDC": 1000}),
        old(account("two", venue="okx", rulebook="perps", balances={"USDC": 1000})),
    ],
)
def test_nothing_is_traded_where_nobody_knows_what_a_trade_requires(trader: Account) -> None:
    long = account(
        "one",
        venue="binance",
        rulebook="perps",
        positions={"BTC-PERP": (10, 1000)},
        balances={"USDC": 9000},
    )
    assert CHARGES is not None
    priced = offer(perpetual("BTC"), trader, NOW, CHARGES, Depth())
    assert isinstance(priced, Offer)
    now = survey(book((long, trader), TERMS), NOW, RULES, LIMITS)
    found = planned(now, LIMITS, priced)
    assert found.trades == ()
    assert [each.subject for each in found.refused] == ["BTC-PERP on two"]


def test_a_trade_after_which_nobody_can_judge_its_account_is_named() -> None:
    """60 ETH at 100 are 6,000 dollars and may be 2,000; account two has a rulebook for BTC alone.

    So 41 are sold on account one, a twentieth inside, and of the other it is said why none is.
    """
    rules = {**RULES, "btc": tiered_rulebook([(0, "0.05")])}
    positions = {"ETH-PERP": (60, 100)}
    one, two = (
        account(name, venue="x", rulebook=book_of, positions=held, balances={"USDC": 9000})
        for name, book_of, held in (("one", "perps", positions), ("two", "btc", {}))
    )
    assert CHARGES is not None
    offers = []
    for each in (one, two):
        priced = offer(perpetual("ETH"), each, NOW, CHARGES, Depth())
        assert isinstance(priced, Offer)
        offers.append(priced)
    now = survey(book((one, two), TERMS), NOW, rules, LIMITS)
    found = joint(now, LIMITS, offers, (), TERMS, rules)
    assert isinstance(found, Joint)
    assert [(each.account_id, each.quantity_contracts) for each in found.trades] == [("one", -41.0)]
    held = msgspec.structs.replace(two, positions=one.positions)
    why = require(held, TERMS, NOW, rules["btc"])
    assert isinstance(why, Failure)
    assert [(each.subject, each.reason, each.message) for each in found.refused] == [
        (
            "ETH-PERP on two",
            "unsupported",
            f"nobody knows what two has to spare after it: {why.message}",
        )
    ]


def test_a_loan_without_a_rulebook_is_not_told_as_nothing_owed() -> None:
    held = account(
        "loan", venue="aave", currency="USD", positions={"supply:ETH": 5, "debt:USDC": -790}
    )
    for is_debt, asset, expected in (
        (True, "USDC", "no rulebook"),
        (False, "ETH", "no rulebook"),
        (True, "ETH", D(0)),
        (False, "USDC", D(0)),
    ):
        found = loan_held_coin(held, asset, NOW, TERMS, RULES, is_debt=is_debt)
        if isinstance(expected, str):
            assert isinstance(found, Failure)
            assert expected in found.message
        else:
            assert found == expected


def test_a_bound_on_what_nobody_knows_has_a_price_in_its_unit() -> None:
    """Collateral without an index leaves a coin's delta unknown: that binds what is sold of it."""
    assert CHARGES is not None
    wide = msgspec.structs.replace(
        rungs("BTC-PERP", 1000),
        bids=(Level(price_usd=D(995), quantity_contracts=D(50)),),
        asks=(Level(price_usd=D(1005), quantity_contracts=D(50)),),
    )
    market = snapshot(
        index("BTC", 1000),
        index("ETH", 100),
        quote("BTC-PERP", 1000),
        quote("ETH-PERP", 100),
        wide,
        rungs("ETH-PERP", 100),
        lending("USDC"),
        oracle("USDC", 1),
    )
    terms = by_id(perpetual("BTC"), perpetual("ETH"), supply("ETH"), debt("USDC"))
    limits = (
        limit("desk/binance/*", "margin_use_frac", 0.5, 0.8),
        limit("coin/ETH", "delta_spot_usd", 2_000, 4_000),
    )
    one = account(
        "one",
        venue="binance",
        rulebook="perps",
        positions={"ETH-PERP": (60, 100), "BTC-PERP": (4, 1000)},
        balances={"USDC": 700},
    )
    lent = account("lent", venue="aave", currency="USD", positions={"supply:ETH": 1})
    now = survey(book((one, lent), terms), market, RULES, limits)
    offers = []
    for coin in ("ETH", "BTC"):
        priced = offer(perpetual(coin), one, market, CHARGES, Depth())
        assert isinstance(priced, Offer)
        offers.append(priced)
    found = joint(now, limits, offers, (), terms, RULES)
    assert isinstance(found, Joint)
    allowed = Allowed(tuple(offers), ())
    plan = made(found, limits, terms, RULES, assumptions=(), valid_ns=MINUTE_NS, allowed=allowed)
    unknown = [each for each in plan.prices if "which nobody knows" in each.name]
    assert [each.figure for each in unknown] == ["USD of delta"]
