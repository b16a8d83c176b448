"""Collateral given for other collateral: as much as mends a limit, at its price, in its place."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from hedgerow.collateral import Route
from hedgerow.errors import Failure, OutOfDomain
from hedgerow.instruments import Instrument
from hedgerow.limits import Limit, Survey, survey
from hedgerow.margin import Rulebook
from hedgerow.planning import (
    ChosenMove,
    ChosenSwap,
    Joint,
    Plan,
    Swap,
    SwapWay,
    Transfer,
    compared,
    joint_switching,
    made,
    projected,
    states,
    swap_of,
)
from hedgerow.planning.swaps import swap_refusal, swappable_coin
from hedgerow.planning.switches import after_switches
from hedgerow.portfolio import book
from hedgerow.units import MINUTE_NS, SECOND_NS
from tests.builders import (
    account,
    by_id,
    debt,
    index,
    lending,
    lending_rulebook,
    oracle,
    snapshot,
    staking,
    supply,
)

D = Decimal
DOLLARS = msgspec.structs.replace(supply("USDC"), asset_decimals=6)
TERMS: dict[str, Instrument] = by_id(supply("wstETH"), DOLLARS, debt("USDC"))
RULES: dict[str, Rulebook] = {"loan": lending_rulebook(wstETH=8000, USDC=8500)}
NOW = snapshot(
    index("ETH", 100),
    lending("wstETH"),
    lending("USDC"),
    oracle("wstETH", 100),
    oracle("USDC", 1),
    staking("wstETH", "ETH", "1"),
)
LIMITS = (
    Limit(
        scope="desk/*/*",
        metric="distance_spot_frac",
        soft_frac_usd_or_coin=0.2,
        hard_frac_usd_or_coin=0.05,
    ),
)
WAY = SwapWay(
    account_id="loan",
    asset="wstETH",
    asset_take="USDC",
    fee_frac=D("0.003"),
    half_spread_frac=D("0.001"),
    step_coin=D("0.001"),
    gas_usd=0.5,
)
REPAY = Route(
    source_account_id="cold",
    target_account_id="loan",
    asset="USDC",
    use="repay",
    latency_ns=60 * SECOND_NS,
    fee_coin=D(1),
    step_coin=D(1),
)


def desk(owed: int = 700, rules: dict[str, Rulebook] = RULES) -> Survey:
    """Ten coins of 100 dollars supplied against dollars owed."""
    accounts = (
        account(
            "loan",
            venue="aave",
            rulebook="loan",
            currency="USD",
            positions={"supply:wstETH": 10, "debt:USDC": -owed},
        ),
        account("cold", venue="treasury", balances={"USDC": 1000}),
    )
    return survey(book(accounts, TERMS), NOW, rules, LIMITS)


def planned(now: Survey, *swaps: SwapWay, rules: dict[str, Rulebook] = RULES) -> Joint:
    found = joint_switching(now, LIMITS, (), (), TERMS, rules, (), swaps=swaps)
    assert not isinstance(found, Failure)
    return found


def written(found: Joint, rules: dict[str, Rulebook] = RULES) -> Plan:
    return made(found, LIMITS, TERMS, rules, assumptions=(), valid_ns=MINUTE_NS)


def test_as_much_is_swapped_as_mends_the_limit_in_the_sizes_that_are_tried() -> None:
    """Of x coins swapped (10 - x) 80 0.8 + x 99.6 0.85 must be 700 at a fall of 20 %: x is 2.904.

    Quarters of ten: 5 is enough; halves of a quarter below it: 3.75 and 3.125 are, 2.8125 is not.
    """
    plan = written(planned(desk(), WAY))
    (leg,) = plan.legs
    assert isinstance(leg, Swap)
    assert (leg.asset, leg.asset_take, leg.quantity_coin) == ("wstETH", "USDC", D("3.125"))
    # 312.5 dollars less 0.4 %, and at worst 1 % below that.
    assert leg.quantity_take_coin_min == D("311.25") * D("0.99")
    assert {each.kind: each.cost_expected_usd for each in plan.costs} == {
        "crossing": pytest.approx(0.3125),
        "fee": pytest.approx(0.9375),
        "gas": 0.5,
    }
    assert plan.cost_expected_usd == pytest.approx(1.75)
    (before,), (after,) = plan.limits_before, plan.limits_after
    assert (before.rung, after.rung) == ("soft", "watch")
    # 6.875 x 80 f + 311.25 x 0.85 = 700
    assert after.value_frac_usd_or_coin == pytest.approx(1 - (700 - 311.25 * 0.85) / 550, abs=1e-4)


def test_what_a_swap_must_bring_at_least_is_told_in_whole_steps_down() -> None:
    """312.5 dollars less 0.4 %, and of 311.25 another third of a per cent: 310.21250001 0375."""
    found = planned(desk(), WAY)
    plan = made(
        found, LIMITS, TERMS, RULES, assumptions=(), valid_ns=MINUTE_NS, slippage_frac=0.0033333333
    )
    (leg,) = plan.legs
    assert isinstance(leg, Swap)
    assert leg.quantity_take_coin_min == D("310.21250001")


@pytest.mark.parametrize(
    ("most", "given", "rung"),
    [("3", "3", "watch"), ("2.5004", "2.5", "soft"), (None, "3.125", "watch")],
)
def test_no_more_is_swapped_at_once_than_the_market_is_said_to_take(
    most: str | None, given: str, rung: str
) -> None:
    """2.904 coins mend the limit; at 2.906, a 32nd below three, the measured fall is 20 % less a
    last bit, which is not above it, and a plan that leaves that is not better for being cheaper.

    Of 2.5004 all is 2.5 in whole steps: 7.5 x 80 f + 249 x 0.85 = 700 is a fall of 18.6 %.
    """
    way = msgspec.structs.replace(WAY, quantity_coin_max=None if most is None else D(most))
    found = planned(desk(), way)
    assert [each.quantity_coin for each in found.swaps] == [D(given)]
    assert [each.rung for each in found.after.limits] == [rung]
    if most is not None:
        more = swap_of(way, D(most) + way.step_coin, desk().book.account("loan"), NOW, TERMS, RULES)
        assert isinstance(more, Failure)
        assert f"more than the {most} that are swapped at once" in more.message


def test_what_is_dearer_than_repaying_is_not_swapped() -> None:
    dear = msgspec.structs.replace(WAY, gas_usd=500.0)
    found = joint_switching(desk(), LIMITS, (), (REPAY,), TERMS, RULES, (), swaps=(dear,))
    assert isinstance(found, Joint)
    assert found.swaps == ()
    assert found.moves


def test_a_swap_that_the_protocol_refuses_is_told() -> None:
    """At a threshold of 30 % for dollars even 2.5 coins swapped leave 600 and 74.7 against 700."""
    rules: dict[str, Rulebook] = {"loan": lending_rulebook(wstETH=8000, USDC=3000)}
    found = planned(desk(rules=rules), WAY, rules=rules)
    assert found.swaps == ()
    (said,) = (each.message for each in found.refused)
    assert said.startswith("loan would hold 674.7")
    assert "against 700" in said


@pytest.mark.parametrize(("taken", "refused"), [("375", False), ("374.999999", True)])
def test_the_protocol_lets_a_swap_that_leaves_a_health_of_one(taken: str, refused: bool) -> None:
    """Five coins left are 400 at 80 %, and 375 dollars 300: all of the 700 that are owed."""
    rules: dict[str, Rulebook] = {"loan": lending_rulebook(wstETH=8000, USDC=8000)}
    swap = ChosenSwap(
        way=WAY, quantity_coin=D(5), quantity_take_coin=D(taken), crossing_usd=0.0, fee_usd=0.0
    )
    loan = desk(rules=rules).book.account("loan")
    assert isinstance(swap_refusal(loan, swap, NOW, TERMS, rules), Failure) == refused


def test_a_swap_waits_for_what_makes_it_safe() -> None:
    """Swapped whole at 60 % for dollars it would leave 597.6 against 700, until 300 are repaid."""
    rules: dict[str, Rulebook] = {"loan": lending_rulebook(wstETH=8000, USDC=6000)}
    now = desk(rules=rules)
    swap = swap_of(WAY, D(10), now.book.account("loan"), NOW, TERMS, rules)
    assert not isinstance(swap, Failure)
    move = ChosenMove(route=REPAY, quantity_coin=D(300), fee_usd=1.0, capital_usd=0.0, late_usd=0.0)
    found = replace(planned(now, rules=rules), swaps=(swap,), moves=(move,))
    plan = written(found, rules)
    assert [type(leg) for leg in plan.legs] == [Transfer, Swap]
    assert plan.legs[1].waits_for == (plan.legs[0].client_id,)
    alone = written(replace(found, moves=()), rules)
    assert alone.legs == ()
    assert "wstETH for USDC on loan" in {each.subject for each in alone.unmet}


def test_no_two_swaps_give_the_same_coins() -> None:
    """Of ten supplied six are given, and then five more are not there."""
    now = desk(owed=1)
    loan = now.book.account("loan")
    six, five = (swap_of(WAY, D(much), loan, NOW, TERMS, RULES) for much in (6, 5))
    assert isinstance(six, ChosenSwap)
    assert isinstance(five, ChosenSwap)
    found = after_switches(now, LIMITS, TERMS, RULES, (), (six, five))
    assert isinstance(found, Failure)
    assert found.message == "loan supplies 4 wstETH, less than is to be given"


def test_what_comes_for_a_swap_is_rounded_against_us() -> None:
    """A hundred dollars less 0.41234567 % are 99.58765433, of a token of six decimals."""
    way = msgspec.structs.replace(WAY, fee_frac=D("0.0031234567"))
    found = swap_of(way, D(1), desk().book.account("loan"), NOW, TERMS, RULES)
    assert isinstance(found, ChosenSwap)
    assert found.quantity_take_coin == D("99.587654")


def test_interest_on_what_is_supplied_may_be_swapped_too() -> None:
    """Ten scaled coins at an index of 1.0123456 are 10.123456, in whole steps 10.123."""
    grown = snapshot(lending("wstETH", supply_ray=10123456 * 10**20), lending("USDC"))
    account_now = desk().book.account("loan")
    assert swappable_coin(WAY, account_now, grown, TERMS, RULES) == D("10.123")


@pytest.mark.parametrize("ends", [("wstETH", "DAI"), ("DAI", "wstETH")])
def test_a_swap_of_which_one_side_is_not_known_is_projected_as_none(ends: tuple[str, str]) -> None:
    """Else collateral would be gone, or come from nowhere."""
    loan = desk().book.account("loan")
    leg = Swap(
        client_id="s",
        account_id="loan",
        asset=ends[0],
        asset_take=ends[1],
        quantity_coin=D(1),
        quantity_take_coin_min=D(1),
        cost_expected_usd=0.0,
        reason="",
    )
    assert projected((loan,), (leg,), NOW, TERMS, RULES) == (loan,)


def test_ways_side_by_side_have_one_of_swaps_alone() -> None:
    rows = {
        each.name: each
        for each in states(compared(desk(), LIMITS, (), (REPAY,), TERMS, RULES, swaps=(WAY,)))
    }
    assert list(rows) == ["joint", "hedges", "unwinding", "collateral", "swapping", "staying"]
    assert rows["swapping"].legs_count == 1
    assert rows["swapping"].cost_usd == pytest.approx(1.75)


@pytest.mark.parametrize(
    "wrong",
    [
        {"fee_frac": D(-1)},
        {"half_spread_frac": D("NaN")},
        {"fee_frac": D(1)},
        {"step_coin": D(0)},
        {"gas_usd": -1.0},
        {"asset_take": "wstETH"},
        {"quantity_coin_max": D(0)},
    ],
)
def test_ways_that_cannot_be_are_refused_by_name(wrong: dict[str, Any]) -> None:
    (name,) = wrong
    with pytest.raises(OutOfDomain, match=name):
        msgspec.structs.replace(WAY, **wrong)


def test_a_way_of_an_account_that_is_not_there_is_named() -> None:
    with pytest.raises(OutOfDomain, match="account_id of a swap is 'gone'"):
        planned(desk(), msgspec.structs.replace(WAY, account_id="gone"))
