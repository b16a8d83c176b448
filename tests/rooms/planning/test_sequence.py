"""Which leg waits for which, and that no hard limit breaks on the way."""

from collections.abc import Callable, Collection, Sequence
from decimal import Decimal
from itertools import permutations
from typing import Any, Literal

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hedgerow.collateral import Route
from hedgerow.hedging import ChosenTrade, crossing_and_fee_usd
from hedgerow.limits import Survey, arrived, lending_market, survey
from hedgerow.margin import MarginReport, with_leg
from hedgerow.planning import ChosenMove, Joint, Leg, Order, Plan, Transfer, made
from hedgerow.planning.outcome import is_further_out
from hedgerow.portfolio import Account, book, with_balance
from hedgerow.units import SECOND_NS, digits_of
from tests.builders import account
from tests.rooms.planning.test_joint import (
    LIMITS,
    NOW,
    RULES,
    TERMS,
    desk,
    offers,
    planned,
    written,
)

D = Decimal
Use = Literal["balance", "supply", "repay"]


def way(source: str, target: str, use: Use = "balance", fee: int = 1) -> Route:
    return Route(
        source_account_id=source,
        target_account_id=target,
        asset="USDC",
        use=use,
        latency_ns=60 * SECOND_NS,
        fee_coin=D(fee),
        step_coin=D(1),
    )


def move(quantity: int, *ends: Any) -> ChosenMove:
    return ChosenMove(
        route=way(*ends), quantity_coin=D(quantity), fee_usd=1.0, capital_usd=0.0, late_usd=0.0
    )


def trade(now: Survey, coin: str, account_id: str, quantity: float) -> ChosenTrade:
    (own,) = (
        each
        for each in offers(now)
        if (each.instrument_id, each.account_id) == (f"{coin}-PERP", account_id)
    )
    crossing, fee = crossing_and_fee_usd(own, quantity, 0.0)
    return ChosenTrade(
        instrument_id=own.instrument_id,
        account_id=account_id,
        quantity_contracts=quantity,
        crossing_usd=crossing,
        fee_usd=fee,
        carry_usd=0.0,
        ticket_usd=0.0,
    )


def chosen(now: Survey, *acts: ChosenMove | ChosenTrade) -> Joint:
    """Take these acts as chosen; what stands after them is of no matter here."""
    return Joint(
        trades=tuple(each for each in acts if isinstance(each, ChosenTrade)),
        moves=tuple(each for each in acts if isinstance(each, ChosenMove)),
        cost_usd=0.0,
        bound_usd=0.0,
        excess_frac=0.0,
        before=now,
        after=now,
        offers=offers(now),
        asks=(),
        shadows=(),
        conflicts=(),
        unplanned=(),
        refused=(),
        remark="",
    )


def plan_of(now: Survey, *acts: ChosenMove | ChosenTrade) -> Plan:
    return written(now, chosen(now, *acts))


def told(plan: Plan) -> list[tuple[str, str, tuple[int, ...]]]:
    """Say of each leg what it does, to which account, and the places of those it waits for."""
    place = {leg.client_id: at for at, leg in enumerate(plan.legs)}
    return [
        (
            "trade" if isinstance(leg, Order) else "send",
            leg.target_account_id if isinstance(leg, Transfer) else leg.account_id,
            tuple(place[each] for each in leg.waits_for),
        )
        for leg in plan.legs
    ]


def done(now: Survey, legs: Sequence[Leg], come: Collection[str]) -> Survey:
    """Do legs one by one; of transfers only those in `come` have arrived."""
    accounts = {each.account_id: each for each in now.book.accounts}
    accounts["road"] = account("road", venue="road", currency="USD")
    for leg in legs:
        if isinstance(leg, Order):
            terms: Any = TERMS[leg.instrument_id]
            mark = D(1000) if "BTC" in leg.instrument_id else D(100)
            after = with_leg(accounts[leg.account_id], terms, leg.quantity_contracts, mark)
            cost = digits_of(leg.cost_expected_usd).quantize(D("0.00001"))
            accounts[leg.account_id] = with_balance(after, "USDC", -cost)
            continue
        assert isinstance(leg, Transfer)
        source = leg.source_account_id
        gone = -leg.quantity_coin - leg.fee_coin
        accounts[source] = with_balance(accounts[source], leg.asset, gone)
        if leg.client_id not in come:
            accounts["road"] = with_balance(accounts["road"], leg.asset, leg.quantity_coin)
            continue
        target = accounts[leg.target_account_id]
        market = lending_market(target, RULES)
        filled = arrived(target, leg.asset, leg.use, leg.quantity_coin, NOW, TERMS, market=market)
        assert isinstance(filled, Account)
        accounts[leg.target_account_id] = filled
    return survey(book(accounts.values(), TERMS), NOW, RULES, LIMITS)


def hard(state: Survey) -> set[tuple[str, str]]:
    return {
        (each.node, each.metric)
        for each in state.limits
        if each.rung in ("hard", "unknown") and "road" not in each.node
    }


def drives_out(now: Survey, then: Survey) -> bool:
    """Say whether what was hard stands further outside; where it will stand is of no matter."""
    was = {each.key: each for each in now.limits if each.rung == "hard"}
    return any(
        each.rung == "hard" and is_further_out(each, [was[each.key]])
        for each in then.limits
        if "road" not in each.node and each.key in was
    )


def lacks(state: Survey, account_id: str) -> Decimal:
    report = state.reports.get(f"desk/binance/{account_id}")
    if not isinstance(report, MarginReport):
        return D(0)
    return max(report.requirement_initial_ccy - report.equity_ccy, D(0))


def waited_for(plan: Plan, client_ids: Collection[str]) -> set[str]:
    """Give all that must be done before these may be sent."""
    legs = {leg.client_id: leg for leg in plan.legs}
    found: set[str] = set()
    left = list(client_ids)
    while left:
        new = set(legs[left.pop()].waits_for) - found
        found |= new
        left += new
    return found


def check_every_way_there(now: Survey, plan: Plan, fail: Collection[str] = ()) -> None:
    """Send the legs in order, those that fail and those that wait for them left out."""
    sent: list[Leg] = []
    for leg in plan.legs:
        if not {leg.client_id, *waited_for(plan, [leg.client_id])}.isdisjoint(fail):
            continue
        sent.append(leg)
        come = waited_for(plan, [each.client_id for each in sent])
        assert come <= {each.client_id for each in sent}
        then = done(now, sent, come)
        assert hard(then) <= hard(now), (leg.client_id, fail)
        assert lacks(then, acts_for(leg)) <= max(lacks(now, acts_for(leg)), D("0.0001"))


def check_every_failure(now: Survey, plan: Plan) -> None:
    """Let any one leg fail, or all that any one account is to do."""
    for leg in plan.legs:
        check_every_way_there(now, plan, fail=[leg.client_id])
        of_one = [each.client_id for each in plan.legs if acts_for(each) == acts_for(leg)]
        check_every_way_there(now, plan, fail=of_one)


def acts_for(leg: Any) -> str:
    found: str = leg.source_account_id if isinstance(leg, Transfer) else leg.account_id
    return found


def test_a_trade_waits_for_the_transfer_that_brings_its_margin() -> None:
    """Ten coins of 100 need 50, and at use 0.8 of 62.5: the account has nothing yet."""
    now = desk(usdc_two=0)
    plan = plan_of(now, trade(now, "ETH", "two", 10.0), move(300, "cold", "two"))
    assert told(plan) == [("send", "two", ()), ("trade", "two", (0,))]
    assert plan.unmet == ()
    assert [leg.fee_coin for leg in plan.legs if isinstance(leg, Transfer)] == [1]


def test_a_withdrawal_waits_for_the_trade_that_frees_it() -> None:
    """One coin long on 100 needs 50; without it 90 may leave."""
    now = desk(btc_one=1, usdc_one=100)
    plan = plan_of(now, move(90, "one", "cold"), trade(now, "BTC", "one", -1.0))
    assert told(plan) == [("trade", "one", ()), ("send", "cold", (0,))]
    check_every_way_there(now, plan)


def test_what_is_sent_on_waits_until_it_has_arrived() -> None:
    """Account one holds one coin long on 200: of the 300 that come, 250 may go on to two."""
    now = desk(btc_one=1, usdc_one=200, usdc_two=0)
    plan = plan_of(now, move(250, "one", "two"), move(300, "cold", "one"))
    assert told(plan) == [("send", "one", ()), ("send", "two", (0,))]
    check_every_way_there(now, plan)


def test_a_withdrawal_arrives_before_it_is_posted_elsewhere() -> None:
    """The wallet holds 100; of the 500 that come from one account 550 go on to another."""
    now = desk(usdc_one=1000, usdc_two=0, cold=100)
    plan = plan_of(now, move(550, "cold", "two"), move(500, "one", "cold"))
    assert told(plan) == [("send", "cold", ()), ("send", "two", (0,))]
    short = plan_of(now, move(550, "cold", "two"))
    assert short.legs == ()
    assert any("cold holds 100 USDC, less than 551" in each.message for each in short.unmet)


def test_legs_that_need_nothing_of_each_other_wait_for_nothing() -> None:
    now = desk(btc_one=3, usdc_one=3000, eth_two=30, usdc_two=3000)
    plan = plan_of(
        now, trade(now, "BTC", "one", -1.0), trade(now, "ETH", "two", -10.0), move(9, "cold", "two")
    )
    assert [waits for _, _, waits in told(plan)] == [(), (), ()]


def long_here_and_short_there() -> Survey:
    held = desk(btc_one=8, usdc_one=8000)
    other = account(
        "two",
        venue="binance",
        rulebook="perps",
        positions={"BTC-PERP": (-8, 1000)},
        balances={"USDC": 8000},
    )
    accounts = [other if each.account_id == "two" else each for each in held.book.accounts]
    return survey(book(accounts, TERMS), NOW, RULES, LIMITS)


def test_two_sides_are_unwound_in_turn_where_one_alone_would_break_a_limit() -> None:
    """Eight coins long here and short there are no delta; 4,000 is hard, so none goes whole."""
    now = long_here_and_short_there()
    assert not hard(now)
    plan = plan_of(now, trade(now, "BTC", "one", -8.0), trade(now, "BTC", "two", 8.0))
    sizes = [leg.quantity_contracts for leg in plan.legs if isinstance(leg, Order)]
    assert sorted(sizes) == [-2] * 4 + [2] * 4
    assert plan.unmet == ()
    assert any(leg.waits_for for leg in plan.legs)
    check_every_way_there(now, plan)
    check_every_failure(now, plan)


def test_pieces_of_one_account_wait_for_those_of_the_other_which_may_all_fail() -> None:
    """Two coins of four thousand dollars may go alone, and two more only after two of the other.

    Each of the other's pieces may be missed, for then two coins are out of line; all may not be.
    """
    now = long_here_and_short_there()
    plan = plan_of(now, trade(now, "BTC", "one", -8.0), trade(now, "BTC", "two", 8.0))
    others = [leg.client_id for leg in plan.legs if acts_for(leg) == "one"]
    free = [
        leg
        for leg in plan.legs
        if acts_for(leg) == "two" and waited_for(plan, [leg.client_id]).isdisjoint(others)
    ]
    assert len(free) == 1
    check_every_failure(now, plan)


@pytest.mark.parametrize(
    ("bought", "sold", "legs_count"),
    # Sold first the desk is four short, which is less than five; six short it is only in pieces.
    [(4.0, -9.0, 2), (6.0, -11.0, 8)],
)
def test_a_limit_that_is_hard_is_driven_no_further_out_by_the_first_of_two_sides(
    bought: float, sold: float, legs_count: int
) -> None:
    """Five long at 1,000 are hard: no more are long or short between legs, whichever fails."""
    now = desk(btc_one=5, usdc_one=9000, usdc_two=9000)
    assert ("coin/BTC", "delta_spot_usd") in hard(now)
    plan = plan_of(now, trade(now, "BTC", "two", bought), trade(now, "BTC", "one", sold))
    assert plan.unmet == ()
    own = [leg for leg in plan.legs if isinstance(leg, Order)]
    assert len(own) == legs_count
    for fails in ["", *(leg.client_id for leg in own)]:
        delta_coin = D(5)
        for leg in own:
            if fails not in {leg.client_id, *waited_for(plan, [leg.client_id])}:
                delta_coin += leg.quantity_contracts
            assert abs(delta_coin) <= 5


def test_what_no_order_can_do_is_left_out_and_the_limit_and_the_leg_are_named() -> None:
    now = desk(btc_one=1, usdc_one=100)
    plan = plan_of(now, move(90, "one", "cold"))
    assert plan.legs == ()
    assert plan.unmet[0].subject == "USDC from one to cold (balance)"
    assert any("desk/binance/one margin_use_frac is hard" in each.message for each in plan.unmet)


def test_a_plan_whose_leg_waits_for_a_later_one_is_refused() -> None:
    now = desk(usdc_two=0)
    plan = plan_of(now, trade(now, "ETH", "two", 10.0), move(300, "cold", "two"))
    with pytest.raises(ValueError, match=f"leg {plan.legs[1].client_id} waits for"):
        msgspec.structs.replace(plan, legs=plan.legs[::-1])


def acts_of(now: Survey, draw: Callable[[Any], Any]) -> list[ChosenMove | ChosenTrade]:
    kinds = draw(st.lists(st.integers(0, 7), min_size=1, max_size=4, unique=True))
    size = st.integers(1, 9)
    acts: list[ChosenMove | ChosenTrade] = []
    for kind in kinds:
        sign = draw(st.sampled_from((-1.0, 1.0)))
        if kind < 4:
            coin, scale = ("BTC", 1.0) if kind < 2 else ("ETH", 10.0)
            acts.append(trade(now, coin, ("one", "two")[kind % 2], sign * scale * draw(size)))
        else:
            ends = [("cold", "one"), ("cold", "two"), ("one", "two"), ("two", "cold")][kind - 4]
            acts.append(move(100 * draw(size), *ends))
    return acts


def is_short(now: Survey, earlier: Sequence[Leg], come: Collection[str], leg: Transfer) -> bool:
    held = done(now, earlier, come).book.account(leg.source_account_id).balance_coin(leg.asset)
    return held < leg.quantity_coin + leg.fee_coin


def can_be_ordered(now: Survey, plan: Plan) -> bool:
    """Try every order of legs, everything sent earlier having arrived or nothing."""
    for order in permutations(plan.legs):
        for is_late in (False, True):
            for at in range(len(order)):
                sent, leg = order[: at + 1], order[at]
                come = {each.client_id for each in order[:at]} if is_late else set()
                then = done(now, sent, come)
                if isinstance(leg, Transfer) and is_short(now, order[:at], come, leg):
                    break
                acting = acts_for(leg)
                may_lack = lacks(now, acting) if isinstance(leg, Order) else D(0)
                if not hard(then) <= hard(now) or drives_out(now, then):
                    break
                if lacks(then, acting) > may_lack:
                    break
            else:
                return True
    return False


@pytest.mark.slow
@settings(max_examples=30)
@given(
    btc_one=st.integers(-4, 4),
    eth_two=st.integers(-40, 40),
    usdc_one=st.integers(100, 2000),
    usdc_two=st.integers(0, 2000),
    data=st.data(),
)
def test_no_prefix_breaks_a_hard_limit_whichever_leg_fails(
    btc_one: int, eth_two: int, usdc_one: int, usdc_two: int, data: st.DataObject
) -> None:
    now = desk(btc_one, eth_two, usdc_one, usdc_two)
    acts = acts_of(now, data.draw)
    plan = plan_of(now, *acts)
    check_every_way_there(now, plan)
    check_every_failure(now, plan)
    left_out = [each for each in plan.unmet if "left out" in each.message]
    if left_out:
        assert not can_be_ordered(now, unordered(now, acts))


@settings(max_examples=15)
@given(
    btc_one=st.integers(-8, 8),
    eth_two=st.integers(-80, 80),
    usdc_one=st.integers(0, 2000),
    usdc_two=st.integers(0, 2000),
    supplied=st.integers(0, 60),
    use_pct=st.integers(10, 79),
    cold=st.integers(0, 6000),
)
def test_no_prefix_of_a_chosen_plan_breaks_a_hard_limit_whichever_leg_fails(
    btc_one: int,
    eth_two: int,
    usdc_one: int,
    usdc_two: int,
    supplied: int,
    use_pct: int,
    cold: int,
) -> None:
    now = desk(btc_one, eth_two, usdc_one, usdc_two, supplied, supplied * use_pct, cold)
    plan = written(now, planned(now))
    check_every_way_there(now, plan)
    check_every_failure(now, plan)


def unordered(now: Survey, acts: Sequence[ChosenMove | ChosenTrade]) -> Plan:
    """Write acts as a plan whose order is of no matter, in a desk that bears anything."""
    rich = desk(btc_one=0, usdc_one=10**6, usdc_two=10**6, cold=10**6)
    legs: list[Leg] = []
    for at, act in enumerate(acts):
        legs += [
            msgspec.structs.replace(leg, client_id=f"leg-{at}", waits_for=())
            for leg in plan_of_free(rich, act).legs
        ]
    return msgspec.structs.replace(plan_of_free(rich), legs=tuple(legs))


def plan_of_free(rich: Survey, *acts: ChosenMove | ChosenTrade) -> Plan:
    return made(chosen(rich, *acts), (), TERMS, RULES, assumptions=(), valid_ns=SECOND_NS)
