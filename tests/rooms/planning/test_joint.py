"""Trades and transfers chosen together: what they bring about, and what they never do."""

import math
from decimal import Decimal
from typing import Any, Literal

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from hedgerow.collateral import Route
from hedgerow.errors import Failure, OutOfDomain
from hedgerow.hedging import Depth, Offer, offer
from hedgerow.instruments import Instrument
from hedgerow.limits import Limit, Survey, arrived, lending_market, survey
from hedgerow.margin import Rulebook, terms_of, with_leg
from hedgerow.market import Ladder, Level
from hedgerow.planning import (
    Allowed,
    CostKind,
    Joint,
    JointTerms,
    Order,
    Plan,
    Transfer,
    compared,
    joint,
    made,
    runner_up,
)
from hedgerow.planning.costs import MoveCosts
from hedgerow.portfolio import Account, book, with_balance
from hedgerow.solving import EXCESS_FRAC_MAX
from hedgerow.units import MINUTE_NS, SECOND_NS, digits_of
from tests.builders import (
    T0_NS,
    account,
    by_id,
    debt,
    index,
    lending,
    lending_rulebook,
    oracle,
    perpetual,
    quote,
    snapshot,
    supply,
    tiered_rulebook,
)

D = Decimal
RULES: dict[str, Rulebook] = {
    "perps": tiered_rulebook([(0, "0.05")], ("BTC", "ETH")),
    "loan": lending_rulebook(ETH=8000, USDC=8500),
}
TERMS: dict[str, Instrument] = by_id(
    perpetual("BTC"), perpetual("ETH"), supply("ETH"), debt("USDC")
)


def rungs(instrument_id: str, mid: int) -> Ladder:
    """Ten thousand dollars a tenth of a per cent off the middle, ten times that at one per cent."""
    near, far = D(mid) / 1000, D(mid) / 100
    sizes = (D(20_000) / mid, D(200_000) / mid)

    def side(sign: int) -> tuple[Level, ...]:
        return tuple(
            Level(price_usd=mid + sign * off, quantity_contracts=size)
            for off, size in zip((near, far), sizes, strict=True)
        )

    return Ladder(time_ns=T0_NS, instrument_id=instrument_id, bids=side(-1), asks=side(1))


NOW = snapshot(
    index("BTC", 1000),
    index("ETH", 100),
    quote("BTC-PERP", 1000),
    quote("ETH-PERP", 100),
    rungs("BTC-PERP", 1000),
    rungs("ETH-PERP", 100),
    lending("ETH"),
    lending("USDC"),
    oracle("ETH", 100),
    oracle("USDC", 1),
)


def limit(scope: str, metric: str, soft: float, hard: float, **given: Any) -> Limit:
    return Limit(
        scope=scope, metric=metric, soft_frac_usd_or_coin=soft, hard_frac_usd_or_coin=hard, **given
    )


LIMITS = (
    limit("desk/*/*", "margin_use_frac", 0.5, 0.8),
    limit("desk/*/*", "distance_spot_frac", 0.2, 0.1),
    limit("coin/BTC", "delta_spot_usd", 2_000, 4_000),
    limit("coin/ETH", "delta_spot_usd", 2_000, 4_000),
)
WAYS_IN: tuple[tuple[str, Literal["balance", "repay"]], ...] = (
    ("one", "balance"),
    ("two", "balance"),
    ("loan", "repay"),
)
ROUTES = tuple(
    Route(
        source_account_id="cold",
        target_account_id=target,
        asset="USDC",
        use=use,
        latency_ns=60 * SECOND_NS,
        fee_coin=D(1),
        step_coin=D(1),
    )
    for target, use in WAYS_IN
)


def desk(
    btc_one: int = 0,
    eth_two: int = 0,
    usdc_one: int = 1000,
    usdc_two: int = 1000,
    supplied: int = 0,
    owed: int = 0,
    cold: int = 5000,
) -> Survey:
    accounts = (
        account(
            "one",
            venue="binance",
            rulebook="perps",
            positions={"BTC-PERP": (btc_one, 1000)} if btc_one else {},
            balances={"USDC": usdc_one},
        ),
        account(
            "two",
            venue="binance",
            rulebook="perps",
            positions={"ETH-PERP": (eth_two, 100)} if eth_two else {},
            balances={"USDC": usdc_two},
        ),
        account(
            "loan",
            venue="aave",
            rulebook="loan",
            currency="USD",
            positions={"supply:ETH": supplied, "debt:USDC": -owed} if supplied else {},
        ),
        account("cold", venue="treasury", balances={"USDC": cold}),
    )
    return survey(book(accounts, TERMS), NOW, RULES, LIMITS)


def offers(now: Survey, factor_frac: float = 1.0) -> tuple[Offer, ...]:
    made_of = []
    for account_id in ("one", "two"):
        holder = now.book.account(account_id)
        charges = terms_of(RULES["perps"]).charges
        assert charges is not None
        for coin in ("BTC", "ETH"):
            priced = offer(
                perpetual(coin), holder, now.snapshot, charges, Depth(factor_frac=factor_frac)
            )
            assert not isinstance(priced, Failure)
            made_of.append(priced)
    return tuple(made_of)


def planned(now: Survey, **changes: Any) -> Joint:
    asked = {"offers": offers(now), "routes": ROUTES} | changes
    found = joint(now, LIMITS, asked["offers"], asked["routes"], TERMS, RULES)
    assert not isinstance(found, Failure)
    return found


def written(now: Survey, chosen: Joint) -> Plan:
    return made(chosen, LIMITS, TERMS, RULES, assumptions=(), valid_ns=MINUTE_NS)


def executed(now: Survey, plan: Plan) -> Survey:
    """Do a plan leg by leg at the mark, without the room's own way of doing it."""
    accounts = {each.account_id: each for each in now.book.accounts}
    for leg in plan.legs:
        if isinstance(leg, Order):
            terms = TERMS[leg.instrument_id]
            mark = D(1000) if "BTC" in leg.instrument_id else D(100)
            accounts[leg.account_id] = with_leg(
                accounts[leg.account_id],
                terms,  # type: ignore[arg-type]
                leg.quantity_contracts,
                mark,
            )
            accounts[leg.account_id] = with_balance(
                accounts[leg.account_id],
                "USDC",
                -digits_of(leg.cost_expected_usd).quantize(D("0.00001")),
            )
            continue
        assert isinstance(leg, Transfer)
        gone = -leg.quantity_coin - D(1)
        accounts[leg.source_account_id] = with_balance(
            accounts[leg.source_account_id], leg.asset, gone
        )
        filled = arrived(
            accounts[leg.target_account_id],
            leg.asset,
            leg.use,
            leg.quantity_coin,
            NOW,
            TERMS,
            market=lending_market(accounts[leg.target_account_id], RULES),
        )
        assert isinstance(filled, Account)
        accounts[leg.target_account_id] = filled
    return survey(book(accounts.values(), TERMS), NOW, RULES, LIMITS)


def broken(state: Survey) -> set[tuple[str, str]]:
    return {(each.node, each.metric) for each in state.limits if each.rung in ("soft", "hard")}


def test_a_desk_that_keeps_its_limits_gets_an_empty_plan() -> None:
    now = desk(btc_one=1)
    assert not broken(now)
    plan = written(now, planned(now))
    assert plan.legs == ()
    assert plan.cost_expected_usd == 0.0


def test_a_delta_beyond_its_limit_is_traded_at_the_best_price() -> None:
    """Ten coins long of 1,000: at most 2,000 less a twentieth may stay, so 8.1 are sold."""
    now = desk(btc_one=10, usdc_one=9000)
    plan = written(now, planned(now))
    (leg,) = plan.legs
    assert isinstance(leg, Order)
    assert leg.quantity_contracts == D("-8.1")
    # One dollar beside the mark each, and the taker fee of the rulebook on 999.
    fee = 0.0005 * 999
    assert plan.cost_expected_usd == pytest.approx(8.1 * (1 + fee), rel=1e-9)
    # Nobody heard a rate of funding: what it costs is unknown.
    unknown = CostKind(kind="carry", cost_expected_usd=None, is_partial=True)
    assert {each.kind for each in plan.costs if each != unknown} == {"crossing", "fee"}
    assert unknown in plan.costs
    assert sum(each.cost_expected_usd or 0.0 for each in plan.costs) == pytest.approx(
        plan.cost_expected_usd
    )


def test_an_account_short_of_margin_is_refilled_where_that_is_cheaper() -> None:
    """One coin long on 60 dollars needs 50: use 83 %. Money costs a cent, selling 1.5 dollars."""
    now = desk(btc_one=1, usdc_one=60)
    assert ("desk/binance/one", "margin_use_frac") in broken(now)
    plan = written(now, planned(now))
    (leg,) = plan.legs
    assert isinstance(leg, Transfer)
    # Twenty per cent of distance, and a twentieth, needs equity 0.95 (0.05 at 789) more.
    assert 150 <= leg.quantity_coin <= 220
    assert not broken(executed(now, plan))


def test_with_no_money_to_move_the_position_is_made_smaller() -> None:
    now = desk(btc_one=1, usdc_one=60, cold=0)
    plan = written(now, planned(now))
    assert plan.legs
    assert all(isinstance(leg, Order) for leg in plan.legs)
    assert not broken(executed(now, plan))


def test_what_a_transfer_will_bring_is_no_margin_for_a_trade_today() -> None:
    """Both accounts are full; to hedge needs margin, and the money is still on its way."""
    now = desk(btc_one=10, usdc_one=600, eth_two=0, usdc_two=0)
    chosen = planned(now)
    for trade in chosen.trades:
        if trade.account_id == "two":
            pytest.fail("a trade on an account without margin was planned on money in transit")
    assert not chosen.broken


@pytest.mark.slow
@settings(max_examples=40)
@given(
    btc_one=st.integers(-8, 8),
    eth_two=st.integers(-80, 80),
    usdc_one=st.integers(0, 2000),
    usdc_two=st.integers(0, 2000),
    supplied=st.integers(0, 60),
    use_pct=st.integers(10, 79),
    cold=st.integers(0, 6000),
)
@example(0, 1, 0, 0, 20, 10, 2)
@example(0, 0, 0, 543, 50, 10, 0)
def test_executing_a_plan_brings_back_what_it_promised(
    btc_one: int,
    eth_two: int,
    usdc_one: int,
    usdc_two: int,
    supplied: int,
    use_pct: int,
    cold: int,
) -> None:
    now = desk(btc_one, eth_two, usdc_one, usdc_two, supplied, supplied * use_pct, cold)
    chosen = planned(now)
    allowed = Allowed(offers(now), ROUTES)
    plan = made(chosen, LIMITS, TERMS, RULES, assumptions=(), valid_ns=MINUTE_NS, allowed=allowed)
    after = executed(now, plan)
    promised = {
        (each.node, each.metric) for each in plan.limits_after if each.rung in ("soft", "hard")
    }
    # Exactly what it said would stay broken stays broken, up to a last cent of costs.
    assert broken(after) <= promised
    # Nothing that was fine is broken by it.
    assert promised <= broken(now)
    # What stays broken is named, with why.
    assert promised <= {(each.subject, each.message.split()[0]) for each in plan.unmet}
    if chosen.excess_frac <= EXCESS_FRAC_MAX:
        assert chosen.cost_usd >= chosen.bound_usd - 1e-6
    if not broken(now):
        assert plan.legs == ()


@pytest.mark.slow
@settings(max_examples=20)
@given(
    btc_one=st.integers(-8, 8),
    usdc_one=st.integers(0, 2000),
    cold=st.integers(0, 6000),
)
def test_no_leg_breaks_a_hard_limit_on_the_way(btc_one: int, usdc_one: int, cold: int) -> None:
    now = desk(btc_one, 20, usdc_one, 1500, 0, 0, cold)
    plan = written(now, planned(now))
    hard_now = {each.key for each in now.limits if each.rung == "hard"}
    said = any("between legs" in each.message for each in plan.unmet)
    for count in range(1, len(plan.legs)):
        part = msgspec.structs.replace(plan, legs=plan.legs[:count])
        on_the_way = {each.key for each in executed(now, part).limits if each.rung == "hard"}
        assert said or on_the_way <= hard_now


def test_limits_that_cannot_hold_together_are_named() -> None:
    """A loan beyond its limit, nothing to repay it with, and no trade that helps."""
    now = desk(supplied=10, owed=700, cold=0)
    chosen = planned(now)
    assert chosen.conflicts
    assert all("desk/aave/loan" in name for name in chosen.conflicts)
    assert {(each.node, each.metric) for each in chosen.broken} <= broken(now)


def test_with_nothing_to_do_it_with_a_broken_desk_gets_an_empty_plan_that_says_so() -> None:
    now = desk(btc_one=10, usdc_one=9000)
    chosen = planned(now, offers=(), routes=())
    assert (chosen.trades, chosen.moves) == ((), ())
    assert chosen.broken
    assert chosen.remark == "a limit is broken, and there is nothing to trade or move"


def test_the_joint_plan_is_no_dearer_than_either_half_that_does_as_much() -> None:
    now = desk(btc_one=6, usdc_one=350, eth_two=30, usdc_two=200)
    ways = compared(now, LIMITS, offers(now), ROUTES, TERMS, RULES)
    whole = ways["joint"]
    assert isinstance(whole, Joint)
    assert not whole.broken
    for each in ways.values():
        assert isinstance(each, Joint)
        if not each.broken:
            assert whole.cost_usd <= each.cost_usd + 0.05
    second = runner_up(ways)
    assert second is not None
    assert second.lost_because


def test_a_ticket_and_a_late_arrival_count_in_full() -> None:
    now = desk(btc_one=1, usdc_one=60)
    cheap = joint(now, LIMITS, (), ROUTES, TERMS, RULES)
    late = joint(now, LIMITS, offers(now), ROUTES, TERMS, RULES, late_usd=lambda route: 50.0)
    assert isinstance(cheap, Joint)
    assert isinstance(late, Joint)
    assert cheap.moves
    assert not late.moves, "a transfer that costs 50 by being late loses to a trade for 2"
    dear = joint(now, LIMITS, offers(now), ROUTES, TERMS, RULES, terms=JointTerms(ticket_usd=100.0))
    assert isinstance(dear, Joint)
    assert not dear.trades


def test_thinner_books_never_make_a_plan_cheaper() -> None:
    now = desk(btc_one=30, usdc_one=29_000)
    costs = [planned(now, offers=offers(now, factor)).cost_usd for factor in (1.0, 0.3, 0.15)]
    assert costs == sorted(costs)
    assert costs[0] < costs[-1]


def test_an_unknown_account_is_left_alone_and_named() -> None:
    now = desk(btc_one=6, usdc_one=350)
    stale = tuple(
        msgspec.structs.replace(each, rulebook="nobody's") if each.account_id == "two" else each
        for each in now.book.accounts
    )
    state = survey(book(stale, TERMS), NOW, RULES, LIMITS)
    found = joint(state, LIMITS, offers(now), ROUTES, TERMS, RULES)
    assert isinstance(found, Joint)
    assert all(each.account_id != "two" for each in found.trades)
    assert any("two" in each.subject for each in found.unplanned)


def test_what_has_no_price_is_refused_and_never_costs_nothing() -> None:
    now = desk(btc_one=6, usdc_one=350)
    rich = [
        with_balance(each, "DOGE", D(1000)) if each.account_id == "cold" else each
        for each in now.book.accounts
    ]
    way = msgspec.structs.replace(ROUTES[0], asset="DOGE")
    state = survey(book(rich, TERMS), NOW, RULES, LIMITS)
    found = joint(state, LIMITS, (), (way, *ROUTES), TERMS, RULES)
    assert isinstance(found, Joint)
    assert {each.route.asset for each in found.moves} == {"USDC"}
    assert any("DOGE" in each.subject for each in found.refused)
    costs = MoveCosts((), (way,), NOW, JointTerms(), lambda _: 0.0)
    with pytest.raises(AssertionError, match="no price"):
        costs.move(0, D(1))


@pytest.mark.parametrize(
    "wrong",
    [
        {"horizon_days": -1.0},
        {"ticket_usd": math.inf},
        {"capital_frac_per_year": -0.1},
        {"slippage_frac": math.nan},
        {"slippage_frac": 1.0},
    ],
)
def test_terms_that_cannot_be_are_refused_by_name(wrong: dict[str, Any]) -> None:
    (name,) = wrong
    with pytest.raises(OutOfDomain, match=name):
        JointTerms(**wrong)
