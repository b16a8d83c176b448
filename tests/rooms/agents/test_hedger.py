"""Who only hedges does what the desk's agent does of that, and who only closes closes once."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import pytest
from msgspec import structs

from hedgerow.agents import HedgeAgent, StopLossAgent
from hedgerow.errors import Failure
from hedgerow.execution import Decision, View
from hedgerow.exposure import aggregate
from hedgerow.margin import mark_ccy
from hedgerow.market import MarketEvent
from hedgerow.planning import Order
from hedgerow.portfolio import Account, book
from hedgerow.pricing import value
from tests.builders import (
    T0_NS,
    account,
    by_id,
    desk_agent,
    hedge_policy,
    index,
    ladder,
    option,
    option_quote,
    perpetual,
    quote,
    snapshot,
)

D = Decimal
PUT = option(60000, "put")
DESK = desk_agent()
MARKET: tuple[MarketEvent, ...] = (
    index("BTC", 60000),
    quote("BTC-PERP", 60000),
    ladder("BTC-PERP", 60000, half_spread=3),
    option_quote(PUT, 60000, 0.6),
)


def view(*accounts: Account, events: Sequence[MarketEvent] = MARKET) -> View:
    return View(
        time_ns=T0_NS,
        book=book(accounts, by_id(perpetual(), PUT)),
        snapshot=snapshot(*events),
        rulebooks={},
        pending=(),
    )


def desk(coins: str, puts: str = "0", contracts: str = "0") -> tuple[Account, ...]:
    return (
        account("perp", balances={"USDC": 100_000},
                positions={"BTC-PERP": (contracts, 60000)} if D(contracts) else {}),
        account("options", currency="BTC", balances={"BTC": coins},
                positions={PUT.instrument_id: puts} if D(puts) else {}),
    )  # fmt: skip


def orders(decision: Decision) -> dict[str, Decimal]:
    legs = () if decision.plan is None else decision.plan.legs
    assert all(isinstance(leg, Order) for leg in legs)
    return {leg.instrument_id: leg.quantity_contracts for leg in legs if isinstance(leg, Order)}


@pytest.mark.parametrize("coins", ["0.2", "1.25", "3", "-2"])
def test_who_only_hedges_hedges_as_the_desks_agent_does(coins: str) -> None:
    seen = view(*desk(coins))
    alone = HedgeAgent(DESK.hedges, DESK.perpetuals, DESK.limits)
    assert orders(alone.step(seen, T0_NS)) == orders(DESK.step(seen, T0_NS))
    if coins != "0.2":
        assert orders(alone.step(seen, T0_NS))


def test_what_cannot_be_hedged_is_said_and_not_traded() -> None:
    without = [each for each in MARKET if each is not MARKET[2]]
    decision = HedgeAgent(DESK.hedges, DESK.perpetuals).step(
        view(*desk("3"), events=without), T0_NS
    )
    assert decision.plan is not None
    assert decision.plan.legs == ()
    assert "order book" in decision.plan.unmet[0].message


def stop(equity_start_usd: float, loss_usd: float) -> StopLossAgent:
    policy = hedge_policy(band_min_coin=0.01, vol_frac=0.6)
    return StopLossAgent((policy,), (perpetual(),), equity_start_usd, loss_usd)


def test_a_stop_waits_and_then_closes_every_option_and_the_delta_that_is_left() -> None:
    held = desk("12", puts="-10", contracts="-5")
    seen = view(*held)
    row = stop(0.0, 1.0)  # only to value the desk
    worth_usd = _worth_usd(seen)
    assert row.step(seen, T0_NS).plan is None  # worth more than nothing
    calm = stop(worth_usd + 999.0, 1000.0).step(seen, T0_NS)
    assert calm.plan is None
    assert calm.reasons == ()
    closed = stop(worth_usd + 1000.0, 1000.0).step(seen, T0_NS)
    sent = orders(closed)
    assert list(sent) == [PUT.instrument_id, "BTC-PERP"]
    assert sent[PUT.instrument_id] == 10
    # What the puts cost is paid in coins: the rest of twelve is to be sold, five are already.
    assert closed.plan is not None
    put = closed.plan.legs[0]
    assert isinstance(put, Order)
    assert put.price_limit_ccy is not None
    unit = (put.price_limit_ccy - 10 * PUT.tick_ccy) / D("1.5")
    left = 12 - 10 * float(unit) - 5
    assert float(sent["BTC-PERP"]) == pytest.approx(-left, abs=0.02)
    assert "the desk lost 1,000 USD, the stop is at 1,000" in closed.reasons[0]


@pytest.mark.parametrize("puts", ["-10", "10"])
@pytest.mark.parametrize("spot", [60000, 60001, 60003, 90000, 400000])
def test_a_stop_accepts_half_of_the_mark_and_ten_ticks_and_no_more(puts: str, spot: int) -> None:
    """To whole ticks of 0.0001 coins: who buys pays no more than that, who sells takes no less."""
    events = (
        index("BTC", spot),
        quote("BTC-PERP", spot),
        ladder("BTC-PERP", spot, half_spread=3),
        option_quote(PUT, spot, 0.6),
    )
    seen = view(*desk("12", puts=puts), events=events)
    decision = stop(_worth_usd(seen) + 5000.0, 1000.0).step(seen, T0_NS)
    assert decision.plan is not None
    put = decision.plan.legs[0]
    assert isinstance(put, Order)
    assert put.price_limit_ccy is not None
    mark_coin = mark_ccy(PUT, seen.snapshot)
    assert isinstance(mark_coin, float)
    told, mark, tick = put.price_limit_ccy, Fraction(mark_coin), Fraction("0.0001")
    assert told % PUT.tick_ccy == 0
    if puts == "-10":
        worst = mark * Fraction("1.5") + 10 * tick
        assert worst - tick < told <= worst
    else:
        worst = max(mark * Fraction("0.5") - 10 * tick, tick)
        assert worst <= told < worst + tick


def test_once_closed_there_is_nothing_left_to_do() -> None:
    seen = view(*desk("3", contracts="-3"))
    assert stop(_worth_usd(seen) + 5000.0, 1000.0).step(seen, T0_NS).plan is None


@pytest.mark.parametrize("parts", [("-10",), ("-4", "-6")])
def test_an_option_held_in_parts_is_closed_part_by_part_and_paid_for_in_full(
    parts: tuple[str, ...],
) -> None:
    seen = view(*_in_parts(*parts))
    sent = stop(_worth_usd(seen) + 5000.0, 1000.0).step(seen, T0_NS).plan
    assert sent is not None
    puts, hedge = sent.legs[:-1], sent.legs[-1]
    bought = [leg.quantity_contracts for leg in puts if isinstance(leg, Order)]
    assert bought == [-D(part) for part in parts]
    # What is left are the coins less what ten puts cost.
    unit = mark_ccy(PUT, seen.snapshot)
    assert isinstance(unit, float)
    assert isinstance(hedge, Order)
    assert float(hedge.quantity_contracts) == pytest.approx(10 * unit - 12, abs=0.02)


def test_an_option_held_both_ways_stays_open_is_said_and_its_delta_is_hedged() -> None:
    """Which side an order joins nobody knows; another option is closed all the same."""
    call = option(60000, "call")
    perp, options = _in_parts("-10", "6")
    (held,) = account("options", positions={call.instrument_id: "-3"}).positions
    options = structs.replace(options, positions=(*options.positions, held))
    seen = replace(
        view(events=(*MARKET, option_quote(call, 60000, 0.6))),
        book=book((perp, options), by_id(perpetual(), PUT, call)),
    )
    decision = stop(_worth_usd(seen) + 5000.0, 1000.0).step(seen, T0_NS)
    assert decision.plan is not None
    (closed, hedge) = decision.plan.legs
    assert isinstance(closed, Order)
    assert (closed.instrument_id, closed.quantity_contracts) == (call.instrument_id, D(3))
    (unmet,) = decision.plan.unmet
    assert unmet.subject == PUT.instrument_id
    assert any("not closed: options holds both sides of it" in each for each in decision.reasons)
    # Four puts short are long a delta, which is sold with the coins less what the calls cost.
    unit = mark_ccy(call, seen.snapshot)
    assert isinstance(unit, float)
    assert isinstance(hedge, Order)
    kept = structs.replace(options, positions=options.positions[:2])
    left = _delta_coin(replace(seen, book=book((perp, kept), seen.book.terms))) - 3 * unit
    assert float(hedge.quantity_contracts) == pytest.approx(-left, abs=0.02)


def test_a_desk_of_unknown_value_is_not_closed() -> None:
    seen = view(*desk("3", puts="-10"), events=MARKET[:3])
    decision = stop(1e9, 1000.0).step(seen, T0_NS)
    assert decision.plan is None
    assert f"unknown, not closed; missing: {PUT.instrument_id}" in decision.reasons[0]


def _in_parts(*parts: str) -> tuple[Account, ...]:
    perp, options = desk("12", puts="-10")
    (put,) = options.positions
    positions = tuple(structs.replace(put, quantity_contracts=D(part)) for part in parts)
    return perp, structs.replace(options, positions=positions)


def _delta_coin(seen: View) -> float:
    table = aggregate(seen.book, value(seen.book, seen.snapshot), seen.snapshot)
    row = table.row("coin/BTC")
    assert not isinstance(row, Failure)
    assert row.delta_spot_coin is not None
    return row.delta_spot_coin


def _worth_usd(seen: View) -> float:
    row = aggregate(seen.book, value(seen.book, seen.snapshot), seen.snapshot).row("desk")
    return row.value_usd  # type: ignore[union-attr]
