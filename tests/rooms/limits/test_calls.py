"""The ladder of calls: sizes that are just enough, deadlines, and that only sight closes a call."""

import sys
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.errors import Failure
from hedgerow.limits import (
    LADDER,
    USE,
    CallRoute,
    FirstPassage,
    Look,
    OnLadder,
    Triggers,
    horizon_at,
    on_ladder,
    open_calls,
    survey,
)
from hedgerow.margin import require
from hedgerow.portfolio import book, with_balance
from hedgerow.solvency import Distance, distance
from hedgerow.units import MINUTE_NS, SECOND_NS
from tests.builders import (
    T0_NS,
    account,
    by_id,
    debt,
    lending,
    lending_rulebook,
    oracle,
    snapshot,
    supply,
)
from tests.draws import draws
from tests.rooms.limits.ladder import POLICY, VOLS, WIRE, asking, look_of, stands
from tests.rooms.limits.worlds import RULES, desk, perp

D = Decimal


@pytest.mark.parametrize(
    ("balance", "rung", "size"),
    [
        ("3000", "calm", None),
        ("2000", "watch", None),
        ("1504", "watch", None),
        ("1500", "call", "1500.00"),
        ("1000", "inject", "2000.00"),
        ("750", "reduce", "2250.00"),
        ("600", "reduce", "2400.00"),  # all of its equity, which is not yet less
        ("599.99", "liquidated", "2400.01"),
        ("-50", "liquidated", "3050.00"),
    ],
)
def test_the_rungs_and_what_they_ask_for(balance: str, rung: str, size: str | None) -> None:
    """600 is a fifth of 3,000."""
    found = stands(balance)
    assert found.rung == rung
    assert found.level_index == LADDER.index("reduce" if rung == "liquidated" else rung)
    if size is None:
        assert found.call is None
        return
    call = found.call
    assert call is not None
    assert (call.size_ccy, call.currency, call.owner) == (D(size), "USDC", "Ada")
    (way,) = call.ways
    assert way.quantity_coin == D(size).to_integral_value(rounding="ROUND_CEILING")


@draws(40)
@given(
    st.decimals("-2000", "1500", places=2),
    st.decimals("0.05", "0.37", places=3),
    st.decimals("0.1", "3", places=3),
)
def test_a_size_is_enough_and_one_step_less_is_not(
    balance: Decimal, target: Decimal, quantity: Decimal
) -> None:
    policy = msgspec.structs.replace(POLICY, target_use_frac=target)
    held = perp(quantity, balance)
    state = desk(held)
    call = on_ladder(policy, None, look_of(state, held), [WIRE]).call
    if call is None:
        return
    for size, step in ((call.size_ccy, D("0.01")), (call.ways[0].quantity_coin, D(1))):
        assert size is not None
        assert size % step == 0

        def use(more: Decimal) -> Decimal | None:
            filled = with_balance(held, "USDC", more)
            report = require(filled, state.book.terms, state.snapshot, RULES["rules"])
            assert not isinstance(report, Failure)
            return report.use_frac

        reached = use(size)
        assert reached is not None
        assert reached <= target
        short = use(size - step)
        assert short is None or short > target


def test_a_deadline_is_the_wait_less_what_the_route_takes() -> None:
    found = stands("1500")
    assert found.call is not None
    state = desk(perp(1, 1500))
    far = state.distances["desk/binance/perp"]
    assert not isinstance(far, Failure)
    wait_ns = horizon_at(VOLS, ["BTC"], far, 0.01)
    assert isinstance(wait_ns, int)
    assert wait_ns > 0
    (way,) = found.call.ways
    assert way.deadline_ns == T0_NS + wait_ns - 600 * SECOND_NS == found.call.deadline_ns
    late = stands("601").call
    assert late is not None
    assert late.deadline_ns is not None
    assert late.deadline_ns < T0_NS, "what is sent now arrives later than it should"


def test_without_a_vol_nobody_says_how_long_it_may_wait() -> None:
    for chance in (None, FirstPassage(vol_frac={})):
        call = stands("1500", chance=chance).call
        assert call is not None
        assert (call.deadline_ns, call.ways[0].deadline_ns) == (None, None)
        assert "vol" in call.missing[0].message
        assert call.size_ccy == 1500


def test_nothing_but_a_later_sight_of_the_account_closes_a_call() -> None:
    opened = stands("1500")
    assert opened.call is not None
    # Prices and balance as they were: renewed, under its own name.
    again = stands("1500", opened, minutes=5)
    assert again.call is not None
    assert (again.call.call_id, again.call.opened_ns) == (opened.call.call_id, T0_NS)
    # The account was last seen before the call was opened, whatever it would say now.
    unseen = stands("3000", opened, minutes=0.2, observed_ns=T0_NS)
    assert unseen.rung == "calm"
    assert unseen.call == opened.call
    assert unseen.receipt is None
    # Half came: inside the band of the call it stays open, and asks for the rest.
    half = stands("1550", opened, minutes=5)
    assert half.rung == "call"
    assert half.call is not None
    assert half.call.size_ccy == 1450
    paid = stands("3000", half, minutes=10)
    assert paid.call is None
    assert paid.receipt is not None
    assert paid.receipt.call_id == opened.call.call_id
    assert paid.receipt.seen_in == "balance"
    assert (paid.receipt.balance_coin, paid.receipt.requirement_ccy) == (D(3000), D(600))


def test_a_call_that_prices_closed_says_so() -> None:
    opened = stands("1500")
    later_ns = T0_NS + 5 * MINUTE_NS
    held = perp(1, 1500, time_ns=later_ns)
    risen = desk(held, spot=61_000, time_ns=later_ns)
    found = on_ladder(POLICY, opened, look_of(risen, held), [WIRE])
    assert found.call is None
    assert found.receipt is not None
    assert found.receipt.seen_in == "requirement"


def test_what_is_unknown_neither_opens_nor_closes_nor_lets_down() -> None:
    opened = stands("750")
    stale = stands("3000", opened, minutes=1, observed_ns=T0_NS - 3600 * SECOND_NS)
    assert (stale.rung, stale.level_index) == ("unknown", LADDER.index("reduce"))
    assert stale.call == opened.call
    assert stands("3000", None, observed_ns=T0_NS - 3600 * SECOND_NS).rung == "unknown"
    back = stands("3000", stale, minutes=2)
    assert (back.rung, back.call) == ("calm", None)


def test_distance_and_probability_raise_a_rung_too_and_a_call_brings_both_back() -> None:
    """Use of 20 % is calm; a fall of 4.04 % away it is not."""
    far = Triggers(watch_frac=0.2, call_frac=0.1, inject_frac=0.05, reduce_frac=0.02)
    policy = asking(distance=far)
    found = stands("3000", policy=policy)
    assert found.rung == "inject"
    assert found.reasons == ("breaks after a fall of 4.0 %",)
    call = found.call
    assert call is not None
    assert call.size_ccy is not None

    def left(size: Decimal) -> Distance:
        held = perp(1, 3000 + size)
        state = desk(held)
        there = distance(held, state.book.terms, state.snapshot, RULES["rules"])
        assert not isinstance(there, Failure)
        return there

    assert left(call.size_ccy).nearest_frac == pytest.approx(0.105, abs=2e-4)
    likely = Triggers(watch_frac=0.01, call_frac=0.05, inject_frac=0.5, reduce_frac=0.9)
    policy = asking(probability=likely)
    found = stands("3000", policy=policy)
    assert found.rung == "call"
    assert found.measured_frac["liquidation_probability_frac"] is not None
    assert found.call is not None
    assert found.call.size_ccy is not None
    then = VOLS(["BTC"], left(found.call.size_ccy), policy.horizon_ns)
    assert isinstance(then, float)
    assert then < 0.05
    unknown = stands("3000", policy=policy, chance=None)
    assert unknown.rung == "unknown"


def test_a_call_stays_open_while_one_of_its_measures_is_not_far_enough_inside() -> None:
    """Use clears at once; a distance of 10.2 % lies in the band of a bound of 10 %."""
    far = Triggers(watch_frac=0.5, call_frac=0.1, inject_frac=0.01, reduce_frac=0.005)
    policy = asking(distance=far)
    opened = stands("1500", policy=policy)
    assert opened.rung == "call"
    near = stands("6660", opened, policy=policy, minutes=5)
    assert near.measured_frac["distance_spot_frac"] == pytest.approx(0.102, abs=1e-3)
    assert near.rung == "call"
    assert stands("6660", policy=policy).rung == "watch", "by itself it would be none"
    assert stands("7000", opened, policy=policy, minutes=5).rung == "watch"


@pytest.mark.slow
@draws(30)
@given(st.lists(st.decimals("300", "4000", places=0), min_size=1, max_size=8), st.integers(0, 3))
def test_a_rung_never_lies_below_what_is_seen(balances: list[Decimal], dwell: int) -> None:
    policy = msgspec.structs.replace(POLICY, dwell_ns=dwell * MINUTE_NS)
    before: OnLadder | None = None
    for minutes, balance in enumerate(balances):
        alone = stands(balance, policy=policy, minutes=minutes)
        before = stands(balance, before, policy=policy, minutes=minutes)
        assert before.level_index >= alone.level_index
        kept = msgspec.json.decode(msgspec.json.encode(before), type=OnLadder)
        assert kept == before, "a file remembers it"


def test_a_rung_is_held_for_its_dwell() -> None:
    policy = msgspec.structs.replace(POLICY, dwell_ns=10 * MINUTE_NS)
    opened = stands("1500", policy=policy)
    held = stands("3000", opened, policy=policy, minutes=9)
    assert (held.rung, held.receipt) == ("call", None)
    assert held.call is not None
    assert held.call.size_ccy == 0
    assert stands("3000", held, policy=policy, minutes=10).receipt is not None


def test_the_call_that_may_wait_least_comes_first() -> None:
    found = {"a": stands("1500"), "b": stands("601"), "c": stands("3000")}
    assert [each.size_ccy for each in open_calls(found)] == [2399, 1500]


def test_a_loan_is_called_for_in_what_it_owes() -> None:
    """10 ETH at 2,000 count for 16,000; 14,000 owed is 87.5 %, and 11,200 would be 70 %."""
    rules = lending_rulebook(ETH=8000, USDC=7800)
    held = account(
        "perp",
        venue="aave",
        currency="USD",
        rulebook="rules",
        positions={supply("ETH").instrument_id: 10, debt("USDC").instrument_id: -14_000},
    )
    market = snapshot(oracle("ETH", 2_000), oracle("USDC", 1), lending("ETH"), lending("USDC"))
    state = survey(book([held], by_id(supply("ETH"), debt("USDC"))), market, {"rules": rules}, [])
    use = Triggers(watch_frac=0.75, call_frac=0.8, inject_frac=0.9, reduce_frac=0.95)
    policy = msgspec.structs.replace(POLICY, target_use_frac=D("0.7"), triggers={USE: use})
    look = Look(
        seen=state.seen,
        account=held,
        rulebook=rules,
        chance=FirstPassage(vol_frac={"ETH": 0.8}),
        step_ccy=D("0.01"),
        debt_asset="USDC",
    )
    more = CallRoute(
        name="s",
        asset="ETH",
        use="supply",
        step_coin=D("0.1"),
        latency_p99_s=60.0,
        spare_coin=D(10_000_000),
    )
    gone = CallRoute(
        name="g",
        asset="DAI",
        use="supply",
        step_coin=D(1),
        latency_p99_s=1.0,
        spare_coin=D(10_000_000),
    )
    slow = msgspec.structs.replace(more, name="slow", latency_p99_s=3600.0)
    found = on_ladder(policy, None, look, [more, gone, slow])
    assert found.rung == "call"
    call = found.call
    assert call is not None
    assert (call.size_ccy, call.currency) == (D(2_800), "USDC")
    # 14,000 is 70 % of 20,000, for which 12.5 ETH are needed.
    assert [way.quantity_coin for way in call.ways] == [D("2.5"), None, D("2.5")]
    assert call.deadline_ns == call.ways[0].deadline_ns, "until when the last way is open"
    assert call.ways[1].missing[0].message == "DAI cannot be used to supply"


def test_where_no_amount_is_enough_the_call_says_so() -> None:
    """Coins that do not count as collateral change nothing, however many come."""
    held = perp(1, 750)
    route = CallRoute(
        name="x",
        asset="BTC",
        use="balance",
        step_coin=D(1),
        latency_p99_s=1.0,
        spare_coin=D(10_000_000),
    )
    call = on_ladder(POLICY, None, look_of(desk(held), held), [route]).call
    assert call is not None
    (way,) = call.ways
    assert way.quantity_coin is None
    assert any("no amount of BTC" in each.message for each in way.missing)


def test_a_call_goes_as_far_as_the_trigger_that_asks_for_more() -> None:
    """A distance of 30 % asks for more than a probability of 5 %, whichever is looked at first."""
    far = Triggers(watch_frac=0.5, call_frac=0.3, inject_frac=0.01, reduce_frac=0.005)
    likely = Triggers(watch_frac=0.01, call_frac=0.05, inject_frac=0.5, reduce_frac=0.9)
    alone = stands("3000", policy=asking(distance=far))
    both = stands("3000", policy=asking(distance=far, probability=likely))
    assert alone.call is not None
    assert both.call is not None
    assert both.call.size_ccy == alone.call.size_ccy


def test_a_calm_account_has_no_reason_to_be_told() -> None:
    calm = stands("30000")
    assert (calm.rung, calm.reasons) == ("calm", ())


@pytest.mark.parametrize(
    ("word", "bounds"),
    [("distance", (0.5, 0.3, 0.01, 0.005)), ("probability", (0.01, 0.05, 0.5, 0.9))],
)
def test_a_call_that_is_paid_in_full_closes(word: str, bounds: tuple[float, ...]) -> None:
    """Whatever opened it: distances are found from the near side, to a part of a per mille."""
    watch, call, inject, reduce = bounds
    each = Triggers(watch_frac=watch, call_frac=call, inject_frac=inject, reduce_frac=reduce)
    policy = asking(**{word: each})
    opened = stands("3000", policy=policy)
    assert opened.call is not None
    assert opened.call.size_ccy is not None
    short = stands(3000 + opened.call.size_ccy - D("0.01"), opened, policy=policy, minutes=5)
    assert short.call is not None
    assert short.call.size_ccy == D("0.01")
    paid = stands(3000 + opened.call.size_ccy, opened, policy=policy, minutes=5)
    assert (paid.call, paid.rung) == (None, "watch")
    assert paid.receipt is not None
    assert paid.receipt.seen_in == "balance"


def test_a_probability_that_no_amount_brings_down_has_no_size() -> None:
    """At a vol of 900 % a month moves prices further than any distance is looked for."""
    likely = Triggers(watch_frac=0.01, call_frac=0.05, inject_frac=0.5, reduce_frac=0.9)
    policy = msgspec.structs.replace(
        asking(probability=likely), horizon_ns=30 * 24 * 60 * MINUTE_NS
    )
    call = stands("3000", policy=policy, chance=FirstPassage(vol_frac={"BTC": 9.0})).call
    assert call is not None
    assert call.size_ccy is None
    assert "no amount of USDC" in call.missing[0].message
    assert call.ways[0].quantity_coin is None


def test_a_policy_that_asks_what_nobody_knows_has_no_size() -> None:
    likely = Triggers(watch_frac=0.01, call_frac=0.05, inject_frac=0.5, reduce_frac=0.9)
    found = stands("1000", policy=asking(probability=likely), chance=None)
    assert found.rung == "unknown"
    assert found.call is not None
    assert found.call.size_ccy is None
    assert "vol" in found.call.missing[0].message


def test_what_came_before_the_size_was_found_does_not_pay_it() -> None:
    """1,500 of 2,950 came, 1,450 are still asked for, and then prices rise."""
    opened = stands("50")
    half = stands("1550", opened, minutes=5)
    assert half.call is not None
    assert half.call.size_ccy == 1450
    later_ns = T0_NS + 10 * MINUTE_NS
    held = perp(1, 1550, time_ns=later_ns)
    risen = on_ladder(POLICY, half, look_of(desk(held, spot=61_000, time_ns=later_ns), held), [])
    assert risen.receipt is not None
    assert risen.receipt.seen_in == "requirement"


def test_a_call_that_only_its_dwell_holds_open_comes_last() -> None:
    policy = msgspec.structs.replace(POLICY, dwell_ns=10 * MINUTE_NS)
    dwells = stands("3000", stands("1500", policy=policy), policy=policy, minutes=9)
    calls = open_calls({"dwells": dwells, "asks": stands("1500")})
    assert [each.size_ccy for each in calls] == [1500, 0]


def test_a_way_whose_source_cannot_send_enough_is_no_way_to_wait_for() -> None:
    """The near source is empty, of another nobody knows; the far one sets the deadline."""
    held = perp(1, 1500)
    near = msgspec.structs.replace(WIRE, name="near", latency_p99_s=1.0, spare_coin=D("1499.5"))
    dark = msgspec.structs.replace(WIRE, name="dark", latency_p99_s=2.0, spare_coin=None)
    just = msgspec.structs.replace(WIRE, name="just", spare_coin=D(1500))
    call = on_ladder(POLICY, None, look_of(desk(held), held), [near, dark, just]).call
    assert call is not None
    assert [each.quantity_coin for each in call.ways] == [1500, 1500, 1500]
    assert call.deadline_ns == call.ways[2].deadline_ns
    told = [each.message for way in call.ways for each in way.missing]
    assert told == [
        "its source can spare 1499.5 USDC at most",
        "what the source of dark can spare is unknown",
    ]
    alone = on_ladder(POLICY, None, look_of(desk(held), held), [near]).call
    assert alone is not None
    assert alone.deadline_ns is None


def test_a_size_that_nobody_can_find_is_unknown_for_the_reason_that_its_measure_gives(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The distance of the account as it would be is not found; a use and a distance are asked."""
    held = perp(1, 1000)
    policy = asking(
        distance=Triggers(watch_frac=0.2, call_frac=0.1, inject_frac=0.05, reduce_frac=0.02)
    )
    look = look_of(desk(held), held)
    gone = Failure(subject="perp", reason="not_converged", message="no root was found")
    monkeypatch.setattr(sys.modules["hedgerow.limits.calls"], "distance", lambda *_: gone)
    call = on_ladder(policy, None, look, [WIRE]).call
    assert call is not None
    assert call.size_ccy is None
    assert gone in call.missing
    assert gone in call.ways[0].missing
