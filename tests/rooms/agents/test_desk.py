"""The agent does what a view asks for, nothing where it asks for nothing, and never twice."""

from collections.abc import Sequence
from decimal import Decimal

import msgspec

from hedgerow.execution import Decision, View, in_transit
from hedgerow.market import MarketEvent
from hedgerow.planning import Leg, Order, Transfer
from hedgerow.portfolio import Account, book
from tests.builders import (
    T0_NS,
    Number,
    account,
    by_id,
    desk_agent,
    index,
    ladder,
    perpetual,
    quote,
    resting,
    snapshot,
    tiered_rulebook,
)

D = Decimal
AGENT = desk_agent()
MARKET: tuple[MarketEvent, ...] = (
    index("BTC", 60000),
    quote("BTC-PERP", 60000),
    ladder("BTC-PERP", 60000, half_spread=3),
)


def desk(coins: Number, perp_usdc: Number = 100_000, contracts: Number = 0) -> tuple[Account, ...]:
    return (
        account(
            "perp",
            venue="binance",
            rulebook="rules",
            positions={"BTC-PERP": (contracts, 60000)} if D(str(contracts)) else {},
            balances={"USDC": perp_usdc},
        ),
        account("cold", venue="treasury", balances={"BTC": coins, "USDC": 50_000}),
    )


def step(
    accounts: Sequence[Account],
    events: Sequence[MarketEvent] = MARKET,
    pending: tuple[Leg, ...] = (),
    time_ns: int = T0_NS,
) -> Decision:
    view = View(
        time_ns=time_ns,
        book=book((*accounts, *in_transit(pending, time_ns)), by_id(perpetual())),
        snapshot=snapshot(*events, time_ns=time_ns),
        rulebooks={"rules": tiered_rulebook([(0, "0.05")])},
        pending=pending,
    )
    return AGENT.step(view, time_ns)


def orders(decision: Decision) -> list[Decimal]:
    legs = () if decision.plan is None else decision.plan.legs
    return [leg.quantity_contracts for leg in legs if isinstance(leg, Order)]


def transfers(decision: Decision) -> list[Decimal]:
    legs = () if decision.plan is None else decision.plan.legs
    return [leg.quantity_coin for leg in legs if isinstance(leg, Transfer)]


def test_nothing_to_do_is_no_plan() -> None:
    decision = step(desk("0.2"))
    assert decision.plan is None
    assert decision.reasons == ()
    assert [state.rung for state in decision.limits] == ["calm"]


def test_an_order_in_what_nobody_holds_stops_no_agent() -> None:
    """An engine without a rule for orders cannot judge the account; the hedges are still made."""
    (perp, *others) = desk(3)
    ordered = msgspec.structs.replace(perp, orders=(resting("ETH-PERP", 1, 2000),))
    view = View(
        time_ns=T0_NS,
        book=book((ordered, *others), by_id(perpetual(), perpetual("ETH"))),
        snapshot=snapshot(*MARKET),
        rulebooks={"rules": tiered_rulebook([(0, "0.05")])},
        pending=(),
    )
    assert orders(AGENT.step(view, T0_NS)) == orders(step(desk(3))) != []


def test_a_delta_outside_its_band_is_hedged() -> None:
    decision = step(desk("1.25"))
    assert orders(decision) == [D(-1)]
    assert decision.plan is not None
    assert [state.rung for state in decision.plan.limits_before] == ["soft"]
    assert [state.rung for state in decision.plan.limits_after] == ["calm"]
    assert decision.reasons[0] == "coin/BTC delta_spot_usd: delta_spot_usd is 75,000"
    assert decision.plan.assumptions == ("a model",)
    assert decision.plan.expires_ns > decision.time_ns


def test_a_low_buffer_is_refilled_and_transfers_come_first() -> None:
    decision = step(desk("-1.25", perp_usdc=6000, contracts=2))  # requires 6000 of 6000
    assert decision.plan is not None
    assert [type(leg) for leg in decision.plan.legs] == [Transfer, Order]
    assert transfers(decision) == [D(18_000)]
    assert orders(decision) == [D("-0.5")]


def test_the_same_view_gives_the_same_bytes() -> None:
    accounts = desk("-1.25", perp_usdc=6000, contracts=2)
    assert msgspec.json.encode(step(accounts)) == msgspec.json.encode(step(accounts))


def test_on_incomplete_data_it_does_not_hedge_and_says_so() -> None:
    decision = step(desk("1.25"), events=MARKET[1:])
    assert orders(decision) == []
    assert decision.plan is not None
    assert decision.plan.legs == ()
    assert decision.plan.unmet[0].message.startswith("delta is incomplete, not traded on")
    assert [state.rung for state in decision.limits] == ["unknown"]
    assert decision.reasons[0].startswith("coin/BTC delta_spot_usd: incomplete, missing: ")


def test_on_stale_positions_it_does_not_hedge() -> None:
    decision = step(desk("1.25"), [*MARKET], time_ns=T0_NS)
    assert orders(decision) == [D(-1)]
    late_ns = T0_NS + 16 * 10**9
    events = [msgspec.structs.replace(event, time_ns=late_ns) for event in MARKET]
    stale = step(desk("1.25"), events, time_ns=late_ns)
    assert orders(stale) == []
    assert transfers(stale) == []


# --- what was sent and is not final yet ----------------------------------------------------------


def sent_order(quantity: str) -> Order:
    return Order(
        client_id="x-0",
        account_id="perp",
        venue="binance",
        instrument_id="BTC-PERP",
        quantity_contracts=D(quantity),
        price_limit_usd=D(59000),
        cost_expected_usd=0.0,
        reason="",
    )


def sent_transfer(asset: str, quantity: str) -> Transfer:
    return Transfer(
        client_id="x-1",
        source_account_id="cold",
        target_account_id="perp",
        asset=asset,
        quantity_coin=D(quantity),
        use="balance",
        cost_expected_usd=0.0,
        reason="",
    )


def test_an_order_whose_outcome_is_unknown_is_not_sent_again() -> None:
    assert orders(step(desk("1.25"), pending=(sent_order("-1"),))) == []
    assert orders(step(desk("1.25"), pending=(sent_order("-0.4"),))) == [D("-0.6")]


def test_coins_on_their_way_are_still_ours() -> None:
    """The source has been debited, the target not yet credited."""
    assert orders(step(desk("0.2"), pending=(sent_transfer("BTC", "1"),))) == [D("-0.95")]
    assert orders(step(desk("-1"), pending=(sent_transfer("BTC", "1"),))) == []


def test_a_buffer_on_its_way_is_not_filled_again() -> None:
    accounts = desk("0", perp_usdc=6000, contracts=2)
    assert transfers(step(accounts)) == [D(18_000)]
    assert transfers(step(accounts, pending=(sent_transfer("USDC", "18000"),))) == []


def test_a_pending_order_without_a_mark_stops_nothing_and_trades_nothing() -> None:
    events = (MARKET[0], MARKET[2])
    decision = step(desk("1.25"), events, pending=(sent_order("-1"),))
    assert orders(decision) == []
