"""The joint agent plans when a limit or a buffer asks for it, in budget, and never twice."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from hedgerow.agents import JointAgent, Means
from hedgerow.collateral import BufferPolicy, Route
from hedgerow.execution import Allowance, Decision, View, in_transit
from hedgerow.hedging import Depth
from hedgerow.limits import Chance, FirstPassage, Limit
from hedgerow.market import Ladder, Level, MarketEvent
from hedgerow.planning import JointTerms, Leg, Order, Transfer
from hedgerow.portfolio import Account, book
from hedgerow.units import SECOND_NS
from tests.builders import (
    T0_NS,
    Number,
    account,
    by_id,
    index,
    linear_future,
    perpetual,
    quote,
    snapshot,
    tiered_rulebook,
)

D = Decimal


def rungs(mid: int = 1000) -> Ladder:
    def side(sign: int) -> tuple[Level, ...]:
        return (Level(price_usd=D(mid + sign), quantity_contracts=D(1000)),)

    return Ladder(time_ns=T0_NS, instrument_id="BTC-PERP", bids=side(-1), asks=side(1))


MARKET: tuple[MarketEvent, ...] = (index("BTC", 1000), quote("BTC-PERP", 1000), rungs())
ROUTE = Route(
    source_account_id="cold",
    target_account_id="perp",
    asset="USDC",
    use="balance",
    latency_ns=60 * SECOND_NS,
    fee_coin=D(1),
    step_coin=D(1),
)


def agent(means: Means = "joint") -> JointAgent:
    """At most 2,000 USD of delta; from half of the equity in use back to a quarter."""
    return JointAgent(
        limits=(
            Limit(
                scope="coin/BTC",
                metric="delta_spot_usd",
                soft_frac_usd_or_coin=2_000,
                hard_frac_usd_or_coin=50_000,
            ),
        ),
        buffers=(
            BufferPolicy(account_id="perp", trigger_use_frac=D("0.5"), target_use_frac=D("0.25")),
        ),
        routes=(ROUTE,),
        pairs=(("BTC-PERP", "perp"),),
        instruments=by_id(perpetual()),
        depth=Depth(),
        terms=JointTerms(),
        chance=FirstPassage(vol_frac={"BTC": 0.5}),
        means=means,
        assumptions=("a model",),
    )


def desk(coins: Number, usdc: Number = 100_000, contracts: Number = 0) -> tuple[Account, ...]:
    return (
        account(
            "perp",
            venue="binance",
            rulebook="rules",
            positions={"BTC-PERP": (contracts, 1000)} if D(str(contracts)) else {},
            balances={"USDC": usdc},
        ),
        account("cold", venue="treasury", balances={"BTC": coins, "USDC": 50_000}),
    )


def step(
    accounts: Sequence[Account],
    *,
    means: Means = "joint",
    pending: tuple[Leg, ...] = (),
    events: Sequence[MarketEvent] = MARKET,
    chance: Chance | None = None,
    **allowed: Any,
) -> Decision:
    view = View(
        time_ns=T0_NS,
        book=book((*accounts, *in_transit(pending, T0_NS)), by_id(perpetual())),
        snapshot=snapshot(*events),
        rulebooks={"rules": tiered_rulebook([(0, "0.05")])},
        pending=pending,
        allowance=Allowance(**allowed),
    )
    own = agent(means)
    return (own if chance is None else replace(own, chance=chance)).step(view, T0_NS)


def orders(decision: Decision) -> list[Decimal]:
    legs = () if decision.plan is None else decision.plan.legs
    return [leg.quantity_contracts for leg in legs if isinstance(leg, Order)]


def transfers(decision: Decision) -> list[Decimal]:
    legs = () if decision.plan is None else decision.plan.legs
    return [leg.quantity_coin for leg in legs if isinstance(leg, Transfer)]


def sent(decision: Decision) -> tuple[Leg, ...]:
    assert decision.plan is not None
    return decision.plan.legs


def test_nothing_to_do_is_no_plan() -> None:
    decision = step(desk(1))
    assert decision.plan is None
    assert decision.reasons == ()
    assert [state.rung for state in decision.limits] == ["calm"]


def test_a_buffer_is_low_beyond_its_trigger_and_not_at_it() -> None:
    """A contract at 1,000 requires 50 USD: half of 100, and more than half of 99.99."""
    said = "desk/binance/perp uses more than its buffer allows"
    assert step(desk(0, usdc=100, contracts=1)).reasons == ()
    assert said in step(desk(0, usdc="99.99", contracts=1)).reasons


def test_a_delta_beyond_its_limit_is_traded_to_a_twentieth_inside() -> None:
    decision = step(desk(10))
    assert orders(decision) == [D("-8.1")]
    assert decision.plan is not None
    assert [state.rung for state in decision.plan.limits_after] == ["watch"]
    assert decision.reasons[0] == "coin/BTC delta_spot_usd: delta_spot_usd is 10,000"
    told = "The funding of BTC-PERP is unknown and not in the cost."
    assert decision.plan.assumptions == ("a model", Depth().statement(), told)


def test_a_low_buffer_is_refilled_to_its_target_and_is_no_limit_of_a_person() -> None:
    """Twenty contracts need 1,000; of 1,500 that is two thirds, of 4,210.5 95 % of a quarter."""
    decision = step(desk(-20, usdc=1_500, contracts=20))
    assert transfers(decision) == [D(2_711)]
    assert orders(decision) == []
    assert decision.plan is not None
    assert [state.metric for state in decision.plan.limits_before] == ["delta_spot_usd"]
    assert "desk/binance/perp uses more than its buffer allows" in decision.reasons


@pytest.mark.parametrize(("means", "kinds"), [("hedges", [Order]), ("collateral", [Transfer])])
def test_with_one_kind_of_means_only_that_kind_is_used(means: Means, kinds: list[type]) -> None:
    decision = step(desk(-19, usdc=1_500, contracts=20), means=means)
    assert [type(leg) for leg in sent(decision)] == kinds


def test_what_is_on_its_way_or_ordered_is_not_sent_again() -> None:
    accounts = desk(10)
    first = step(accounts)
    assert orders(step(accounts, pending=sent(first))) == []
    low = desk(-20, usdc=1_500, contracts=20)
    (moved,) = sent(step(low))
    assert isinstance(moved, Transfer)
    left = (low[0], account("cold", venue="treasury", balances={"BTC": -20, "USDC": 47_288}))
    again = step(left, pending=(moved,))
    assert again.plan is None


def test_no_trade_leans_on_money_that_is_still_on_its_way() -> None:
    """The account holds ten dollars; what is coming cannot carry a hedge yet."""
    coming = Transfer(
        client_id="before",
        source_account_id="cold",
        target_account_id="perp",
        asset="USDC",
        quantity_coin=D(20_000),
        use="balance",
        cost_expected_usd=0.0,
        reason="earlier",
    )
    decision = step(desk(10, usdc=10), pending=(coming,))
    assert orders(decision) == []
    assert any("lacks margin before anything arrives" in each for each in decision.reasons)
    assert orders(step(desk(10, usdc=20_010))) == [D("-8.1")]


def test_legs_are_cut_to_the_budget_and_that_is_said() -> None:
    """A contract counts at its mark and one per cent: 1,010 USD."""
    decision = step(desk(10), order_usd_max=D(5_000), orders_usd=D(3_030))
    assert orders(decision) == [D(-3)]
    assert any("budget for orders allows no more" in each for each in decision.reasons)
    assert decision.plan is not None
    assert [each.rung for each in decision.plan.limits_after] == ["soft"]
    nothing = step(desk(10), orders_usd=D(0))
    assert orders(nothing) == []
    low = step(desk(-20, usdc=1_500, contracts=20), means="collateral", transfers_usd=D(100))
    assert transfers(low) == [D(100)]
    assert any("cut from 2711 to 100" in each for each in low.reasons)


def test_the_same_view_gives_the_same_bytes() -> None:
    accounts = desk(10, usdc=3_000)
    assert msgspec.json.encode(step(accounts)) == msgspec.json.encode(step(accounts))


def test_what_is_not_known_is_not_planned_for_and_is_said() -> None:
    decision = step(desk(10), events=(quote("BTC-PERP", 1000), rungs()))
    assert orders(decision) == []
    assert decision.reasons


def test_what_being_late_costs_is_said_where_nobody_knows_it() -> None:
    """Without a vol no chance of a liquidation before the arrival is known: none is charged."""
    low = desk(-20, usdc=1_500, contracts=20)
    known = step(low).plan
    assert known is not None
    assert not any("being late" in each for each in known.assumptions)
    blind = step(low, chance=FirstPassage(vol_frac={})).plan
    assert blind is not None
    words = "What being late at perp costs is unknown and not in the cost: "
    assert any(each.startswith(words) for each in blind.assumptions)
    assert blind.is_cost_partial
    assert not known.is_cost_partial


def test_without_a_book_nothing_is_traded_and_that_is_said() -> None:
    decision = step(desk(10), events=MARKET[:2])
    assert orders(decision) == []
    assert any("BTC-PERP" in each for each in decision.reasons)


@pytest.mark.parametrize(("left_ns", "offered"), [(1, 1), (0, 0), (-1, 0)])
def test_nothing_is_offered_that_has_expired(left_ns: int, offered: int) -> None:
    """A future whose last price still stands in the market, up to its last nanosecond."""
    future = linear_future("BTC-FUT", T0_NS + left_ns)
    own = replace(agent(), pairs=(("BTC-FUT", "perp"),), instruments=by_id(perpetual(), future))
    held = book(desk(10), by_id(perpetual()))
    ladder = msgspec.structs.replace(rungs(), instrument_id="BTC-FUT")
    view = View(
        time_ns=T0_NS,
        book=held,
        snapshot=snapshot(*MARKET, quote("BTC-FUT", 1000), ladder),
        rulebooks={"rules": tiered_rulebook([(0, "0.05")])},
        pending=(),
    )
    offers, unpriced = own._offers(view, held, own.instruments)
    assert [each.instrument_id for each in offers] == ["BTC-FUT"] * offered
    assert unpriced == ()
