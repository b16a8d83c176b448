"""No reason for leaving a limit broken says more than is known, nor what the plan belies."""

import itertools
from dataclasses import replace
from decimal import Decimal
from typing import Literal

import msgspec
import pytest

from hedgerow.collateral import Route
from hedgerow.errors import Failure
from hedgerow.hedging import Depth, offer
from hedgerow.instruments import Instrument
from hedgerow.limits import Limit, Survey, arrived, lending_market, survey
from hedgerow.margin import terms_of
from hedgerow.planning import Allowed, Joint, Plan, SwapWay, compared, joint, made
from hedgerow.planning.beyond import left_beyond
from hedgerow.planning.costs import route_name
from hedgerow.portfolio import Account, book, with_balance
from hedgerow.units import MINUTE_NS
from tests.builders import account, by_id, debt, perpetual, supply
from tests.rooms.planning.parts import route
from tests.rooms.planning.test_joint import LIMITS, NOW, ROUTES, RULES, TERMS, desk, limit, offers

D = Decimal
ALL_TERMS: dict[str, Instrument] = {**TERMS, **by_id(supply("USDC", 6), debt("ETH", 18))}
UNFORETOLD = "what legs do to it is not foretold, so no plan is made to keep it"
TOO_LITTLE = (
    "of what may be traded and moved all that could be judged does not suffice, by what each move "
    "does alone"
)
NOTHING = "nothing that may be traded, moved or swapped acts on it"


def surveyed(limits: tuple[Limit, ...], *accounts: Account) -> Survey:
    return survey(book(accounts, ALL_TERMS), NOW, RULES, limits)


def loan(supplied: int, owed: int) -> Account:
    positions = {"supply:ETH": supplied, "debt:USDC": -owed}
    return account("loan", venue="aave", rulebook="loan", currency="USD", positions=positions)


def told(found: object, allowed: Allowed, limits: tuple[Limit, ...]) -> Plan:
    assert isinstance(found, Joint)
    return made(
        found, limits, ALL_TERMS, RULES, assumptions=(), valid_ns=MINUTE_NS, allowed=allowed
    )


def planned(now: Survey, allowed: Allowed, limits: tuple[Limit, ...]) -> Plan:
    found = joint(now, limits, allowed.offers, allowed.routes, ALL_TERMS, RULES)
    return told(found, allowed, limits)


def of(plan: Plan, metric: str) -> Failure:
    (said,) = [each for each in plan.unmet if each.message.startswith(f"{metric} ")]
    return said


def test_a_delta_that_the_swap_of_a_plan_brings_nearer_is_not_beyond_its_means() -> None:
    """Of ten coins of 100 two may be given at once, which leaves 800 where 500 are allowed."""
    limits = (limit("coin/ETH", "delta_spot_usd", 500, 800),)
    now = surveyed(limits, loan(10, 100))
    way = SwapWay(
        account_id="loan",
        asset="ETH",
        asset_take="USDC",
        fee_frac=D("0.001"),
        half_spread_frac=D("0.001"),
        step_coin=D("0.1"),
        quantity_coin_max=D(2),
    )
    found = compared(now, limits, (), (), ALL_TERMS, RULES, swaps=(way,))
    plan = told(found["joint"], Allowed((), (), (), (way,)), limits)
    assert len(plan.legs) == 1
    assert of(plan, "delta_spot_usd").message == (
        "delta_spot_usd is hard at 800.00 USD against 500.00 USD (soft) and 800.00 USD (hard); the "
        "plan found it hard at 1,000.00 USD and brings it nearer; only swaps may act on it, of "
        "which a few sizes are tried"
    )
    # Where a route acts on it beside the swap, it is weighed, and neither is the only one.
    some = (limit("desk/aave/loan", "delta_spot_usd", 500, 800),)
    own = account("cold", venue="treasury", balances={"ETH": 1})
    here = surveyed(some, loan(10, 100), own)
    ways = (route("cold", "loan", "ETH", "supply"),)
    found_here = joint(here, some, (), ways, ALL_TERMS, RULES)
    plan = told(found_here, Allowed((), ways, (), (way,)), some)
    assert of(plan, "delta_spot_usd").message.endswith(
        f"so; {TOO_LITTLE}; swaps may act on it, of which a few sizes are tried too"
    )
    # A swap elsewhere, or of what is no ether, does nothing to it.
    for other in (
        msgspec.structs.replace(way, asset="USDC", asset_take="BTC"),
        msgspec.structs.replace(way, account_id="cold"),
    ):
        some = (limit("desk/aave/loan/ETH", "delta_spot_usd", 500, 800),)
        here = surveyed(some, loan(10, 100), account("cold", venue="treasury"))
        plan = told(
            joint(here, some, (), (), ALL_TERMS, RULES), Allowed((), (), (), (other,)), some
        )
        assert of(plan, "delta_spot_usd").message.endswith(NOTHING)


def test_of_a_delta_that_no_route_changes_nothing_is_said_to_act() -> None:
    limits = (limit("desk/x/w", "delta_spot_usd", 500, 800),)
    now = surveyed(
        limits,
        account("w", venue="x", balances={"ETH": 10, "USDC": 10}),
        account("v", venue="x", balances={"ETH": 1}),
        account("cold", venue="treasury", balances={"ETH": 1}),
    )

    def why(*ways: Route, node: str = "desk/x/w") -> str:
        some = (limit(node, "delta_spot_usd", 500, 800),)
        here = survey(now.book, NOW, RULES, some)
        return of(planned(here, Allowed((), ways), some), "delta_spot_usd").message

    away = route("w", "cold", "ETH", "balance")
    # Within a venue nothing changes for it, nor for all of the coin, nor do dollars for ether; and
    # whoever has nothing beyond the fee gives nothing.
    assert why(route("w", "v", "ETH", "balance"), node="desk/x").endswith(NOTHING)
    assert why(away, node="coin/ETH").endswith(NOTHING)
    assert why(route("w", "cold", "USDC", "balance"), node="desk/x/w/ETH").endswith(NOTHING)
    assert why(route("w", "cold", "ETH", "balance", "10")).endswith(NOTHING)


def test_of_a_delta_whose_only_route_is_refused_it_is_said_why() -> None:
    """Ten coins of 100 and a perpetual that no rulebook judges: who knows what it has to spare?"""
    limits = (limit("desk/x/w", "delta_spot_usd", 500, 800),)
    held = {"ETH-PERP": (1, 100)}
    now = surveyed(
        limits,
        account("w", venue="x", positions=held, balances={"ETH": 10}),
        account("cold", venue="treasury", balances={"ETH": 1}),
    )
    way = route("w", "cold", "ETH", "balance")
    plan = planned(now, Allowed((), (way,)), limits)
    (refused,) = [each for each in plan.unmet if each.subject == route_name(way)]
    assert "no rulebook" in refused.message
    said = of(plan, "delta_spot_usd")
    assert said.reason == "no_source"
    assert said.message.endswith(
        f"found it so; no route that acts on it may be used: {refused.message}"
    )


def test_a_limit_that_no_plan_is_made_to_keep_is_not_beyond_its_means_where_a_plan_broke_it() -> (
    None
):
    """190 dollars sent to the venue are 190 more that it may not give back."""
    limits = (*LIMITS[:2], limit("desk/binance", "default_loss_usd", 1_100, 9_000))
    now = surveyed(
        limits,
        account(
            "one",
            venue="binance",
            rulebook="perps",
            positions={"BTC-PERP": (1, 1000)},
            balances={"USDC": 60},
        ),
        account("two", venue="binance", rulebook="perps", balances={"USDC": 1_000}),
        account("cold", venue="treasury", balances={"USDC": 5_000}),
    )
    said = of(planned(now, Allowed((), ROUTES[:1]), limits), "default_loss_usd")
    assert said.message == (
        "default_loss_usd is soft at 1,250.00 USD against 1,100.00 USD (soft) and 9,000.00 USD "
        f"(hard); the plan broke it: it was watch at 1,060.00 USD; {UNFORETOLD}"
    )


def test_an_account_that_the_plan_itself_broke_is_not_said_to_be_out_of_reach() -> None:
    """No route leads to it, and it was within its limit: so that is not why it is broken now."""
    now = desk(supplied=10, owed=300)
    use = limit("desk/aave/loan", "margin_use_frac", 0.5, 0.9)
    then = survey(desk(supplied=10, owed=700).book, NOW, RULES, (use,))
    now = survey(now.book, NOW, RULES, (use,))
    found = joint(now, (use,), (), ROUTES[:1], TERMS, RULES)
    assert isinstance(found, Joint)
    said = of(told(replace(found, after=then), Allowed((), ROUTES[:1]), (use,)), "margin_use_frac")
    assert "the plan broke it: it was " in said.message
    assert "no route leads to it" not in said.message


def test_what_could_not_be_judged_is_not_said_not_to_suffice() -> None:
    """Of the one offer nobody knows what its account can bear, so that it was never weighed."""
    limits = (limit("coin/BTC", "delta_spot_usd", 2_000, 4_000),)
    now = surveyed(
        limits,
        account(
            "one",
            venue="binance",
            rulebook="perps",
            positions={"BTC-PERP": (10, 1000)},
            balances={"USDC": 9_000},
        ),
        account("two", venue="binance", rulebook="nowhere", balances={"USDC": 9_000}),
    )
    charges = terms_of(RULES["perps"]).charges
    assert charges is not None
    own = offer(perpetual("BTC"), now.book.account("two"), NOW, charges, Depth(factor_frac=1.0))
    assert not isinstance(own, Failure)
    plan = planned(now, Allowed((own,), ()), limits)
    assert of(plan, "delta_spot_usd").message.endswith(
        f"{TOO_LITTLE}; what was refused is named too"
    )
    assert "nobody knows what two has to spare: rulebook nowhere is not at hand" in [
        each.message for each in plan.unmet
    ]


def test_a_route_is_refused_for_what_it_is_refused_for() -> None:
    """Five hundred coins are there, and none of them is owed."""
    use = limit("desk/aave/loan", "margin_use_frac", 0.5, 0.9)
    cold = account("cold", venue="treasury", balances={"ETH": 500})
    now = surveyed((use,), loan(10, 700), cold)
    idle = route("cold", "loan", "ETH", "repay")
    empty = route("cold", "loan", "USDC", "repay")
    said = of(planned(now, Allowed((), (idle,)), (use,)), "margin_use_frac")
    assert said.reason == "no_source"
    assert said.message.endswith("; no route to it may be used: loan owes 0 ETH")
    said = of(planned(now, Allowed((), (idle, empty)), (use,)), "margin_use_frac")
    assert said.message.endswith(": loan owes 0 ETH; cold has 0 USDC to give")


def test_of_many_refusals_a_few_are_quoted() -> None:
    use = limit("desk/aave/loan", "margin_use_frac", 0.5, 0.9)
    poor = [account(name, venue="treasury") for name in "abcde"]
    now = surveyed((use,), loan(10, 700), *poor)
    ways = tuple(route(each.account_id, "loan", "USDC", "repay") for each in poor)
    said = of(planned(now, Allowed((), ways), (use,)), "margin_use_frac")
    told_of = "; ".join(f"{name} has 0 USDC to give" for name in "abc")
    assert said.message.endswith(f"; no route to it may be used: {told_of}; and 2 more")


def test_a_delta_that_trades_and_transfers_do_not_suffice_for_is_told_so() -> None:
    """One of ten coins may be sold, and a route takes away what is little beside them."""
    limits = (limit("desk/binance/one", "delta_spot_usd", 2_000, 4_000),)
    now = survey(desk(btc_one=10, usdc_one=9_000).book, NOW, RULES, limits)
    accounts = [
        with_balance(each, "ETH", D(1)) if each.account_id == "one" else each
        for each in now.book.accounts
    ]
    now = surveyed(limits, *accounts)
    few = tuple(
        msgspec.structs.replace(each, sells_contracts_max=1.0, buys_contracts_max=0.0)
        for each in offers(now)
        if each.instrument_id == "BTC-PERP"
    )
    allowed = Allowed(few, (route("one", "cold", "ETH", "balance"),))
    said = of(planned(now, allowed, limits), "delta_spot_usd")
    assert said.message.endswith(TOO_LITTLE)


def test_a_limit_without_a_bound_quotes_what_was_told_of_it() -> None:
    use = limit("desk/aave/loan", "margin_use_frac", 0.5, 0.9)
    now = survey(desk(supplied=10, owed=700).book, NOW, RULES, (use,))
    found = joint(now, (use,), (), ROUTES, TERMS, RULES)
    assert isinstance(found, Joint)
    why = Failure(subject="desk/aave/loan", reason="missing_data", message="no vol is known")
    left = replace(found, after=now, demands=(), unplanned=(why,))
    said = of(told(left, Allowed((), ROUTES), (use,)), "margin_use_frac")
    assert said.message.endswith("; it was not planned for: no vol is known")


def test_a_delta_turned_round_is_neither_nearer_nor_as_it_was() -> None:
    limits = (limit("desk/binance/one", "delta_spot_usd", 2_000, 4_000),)
    now = survey(desk(btc_one=10, usdc_one=9_000).book, NOW, RULES, limits)
    then = survey(desk(btc_one=-10, usdc_one=9_000).book, NOW, RULES, limits)
    found = joint(now, limits, offers(now), (), TERMS, RULES)
    assert isinstance(found, Joint)
    states = tuple(
        msgspec.structs.replace(each, value_frac_usd_or_coin=-10_000.0) for each in now.limits
    )
    turned = replace(found, after=replace(then, limits=states))
    (said,) = left_beyond(turned, states, Allowed(offers(now), ()), limits, TERMS, is_cut=False)
    assert "the plan found it hard at 10,000.00 USD and leaves it as far outside" in said.message


def test_after_a_swap_nothing_more_was_planned_where_nothing_more_was_searched_for() -> None:
    now = desk(supplied=10, owed=700)
    use = limit("desk/aave/loan", "margin_use_frac", 0.5, 0.9)
    now = survey(now.book, NOW, RULES, (use,))
    way = SwapWay(
        account_id="loan",
        asset="ETH",
        asset_take="USDC",
        fee_frac=D(0),
        half_spread_frac=D(0),
        step_coin=D(1),
        quantity_coin_max=D(1),
    )
    found = compared(now, (use,), (), (), ALL_TERMS, RULES, swaps=(way,))
    plan = told(found["joint"], Allowed((), (), (), (way,)), (use,))
    assert len(plan.legs) == 1
    assert of(plan, "margin_use_frac").message.endswith(
        "; after switches and swaps the search found nothing more for it: a limit is broken, and "
        "there is nothing to trade or move"
    )


def sent(now: Survey, way: Route, limits: tuple[Limit, ...]) -> Survey:
    """Send one step along a route, and leave its fee aside."""
    accounts = {each.account_id: each for each in now.book.accounts}
    source, target = way.source_account_id, way.target_account_id
    accounts[source] = with_balance(accounts[source], way.asset, -way.step_coin)
    market = lending_market(accounts[target], RULES)
    filled = arrived(
        accounts[target], way.asset, way.use, way.step_coin, NOW, ALL_TERMS, market=market
    )
    assert isinstance(filled, Account)
    accounts[target] = filled
    return surveyed(limits, *accounts.values())


@pytest.mark.parametrize(
    ("node", "held", "use"),
    list(
        itertools.product(
            ("desk", "desk/x", "desk/x/w", "desk/x/w/ETH", "desk/aave/loan", "coin/ETH"),
            ((("w", "v"), "ETH"), (("w", "cold"), "ETH"), (("w", "cold"), "USDC")),
            ("balance", "supply", "repay"),
        )
    ),
)
def test_transfers_act_on_a_delta_where_one_of_them_done_alone_changes_it(
    node: str, held: tuple[tuple[str, str], str], use: Literal["balance", "supply", "repay"]
) -> None:
    (source, target), asset = held
    way = route(source, target if use == "balance" else "loan", asset, use)
    limits = (limit(node, "delta_spot_usd", 1, 2),)
    now = surveyed(
        limits,
        loan(10, 100),
        account("w", venue="x", balances={"ETH": 10, "USDC": 10}),
        account("v", venue="x", balances={"ETH": 1}),
        account("cold", venue="treasury", balances={"ETH": 1}),
    )
    plan = planned(now, Allowed((), (way,)), limits)
    if (use, asset) == ("repay", "ETH"):
        assert of(plan, "delta_spot_usd").message.endswith(NOTHING)
        return
    before, after = (
        next(each.value_frac_usd_or_coin for each in state.limits)
        for state in (now, sent(now, way, limits))
    )
    assert before is not None
    assert after is not None
    # A transfer that brings it nearer is planned, and one that takes it further off is not.
    assert bool(plan.legs) is (after < before - 1e-6)
    if not plan.legs:
        end = TOO_LITTLE if after > before + 1e-6 else NOTHING
        assert of(plan, "delta_spot_usd").message.endswith(f"; {end}")


def test_where_nobody_knows_what_a_trade_does_that_is_why() -> None:
    """A perpetual of a coin without a price: of what it does to a delta nothing is known."""
    limits = (limit("desk/binance/one", "delta_spot_usd", 2_000, 4_000),)
    now = survey(desk(btc_one=10, usdc_one=9_000).book, NOW, RULES, limits)
    dark = msgspec.structs.replace(
        offers(now)[0],
        instrument_id="SOL-PERP",
        terms=msgspec.structs.replace(perpetual("BTC"), instrument_id="SOL-PERP", underlying="SOL"),
    )
    found = joint(now, limits, (), (), TERMS, RULES)
    said = of(told(found, Allowed((dark,), ()), limits), "delta_spot_usd")
    assert said.message.endswith(f"what {dark.name} would do to it is not known")
