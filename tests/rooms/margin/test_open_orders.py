"""Orders that rest: what the venue asks for them, and the worst that they may lead to."""

from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.errors import Failure, MarketRejected
from hedgerow.instruments import Instrument
from hedgerow.margin import (
    Leg,
    MarginLine,
    MarginReport,
    WorstFills,
    require,
    with_legs,
    worst_fills,
)
from hedgerow.portfolio import OpenOrder, book
from hedgerow.units import DAY_NS
from tests.builders import (
    T0_NS,
    Positions,
    account,
    by_id,
    debt,
    index,
    inverse,
    inverse_future,
    lending,
    lending_rulebook,
    option,
    option_quote,
    oracle,
    perpetual,
    quote,
    resting,
    scan_rulebook,
    snapshot,
    tiered_rulebook,
)
from tests.draws import draws

D = Decimal
NOW = snapshot(quote("BTC-PERP", 1000), quote("ETH-PERP", 100))
TERMS = by_id(perpetual("BTC"), perpetual("ETH"))
RULES = tiered_rulebook([(0, "0.01"), (5000, "0.02")], ("BTC", "ETH"))


def with_orders(*orders: OpenOrder, **positions: tuple[int, int]) -> MarginReport:
    held: Positions = {f"{coin}-PERP": much for coin, much in positions.items()}
    asked = account(positions=held, balances={"USDC": 5000}, orders=orders)
    report = require(asked, TERMS, NOW, RULES)
    assert isinstance(report, MarginReport), report
    return report


def order_line(report: MarginReport) -> MarginLine:
    (line,) = [line for line in report.lines if line.rule == "open orders"]
    return line


def test_maintenance_does_not_know_orders() -> None:
    bare, ordered = with_orders(BTC=(2, 900)), with_orders(resting("BTC-PERP", 9, 1), BTC=(2, 900))
    assert ordered.requirement_maintenance_ccy == bare.requirement_maintenance_ccy == 20
    assert ordered.equity_ccy == bare.equity_ccy
    assert order_line(ordered).amount_ccy == 0


@pytest.mark.parametrize(
    ("held", "orders", "added"),
    [
        # Long 2 at 1000 needs 40. One more bought at 900: 2900 x 0.02 = 58.
        (2, [(1, 900)], 18),
        # Sold one: the exposure is not larger than it was.
        (2, [(-1, 1100)], 0),
        # Sold five at 1000: short 3 of them, 60.
        (2, [(-5, 1000)], 20),
        # The worse side counts, not both: 2900 against |2000 - 5000|.
        (2, [(1, 900), (-5, 1000)], 20),
        # Short 2: the sides are mirrored.
        (-2, [(-1, 1100)], 22),
        (-2, [(5, 1000)], 20),
        # Two buys are one side; 2000 + 900 + 1600 = 4500, still the first tier.
        (2, [(1, 900), (2, 800)], 50),
        # 6000 of exposure lies in the second tier: 6000 x 0.04 less 40.
        (2, [(4, 1000)], 200),
    ],
)
def test_the_worse_side_filled_makes_the_initial_requirement(
    held: int, orders: list[tuple[int, int]], added: int
) -> None:
    rest = [resting("BTC-PERP", *each) for each in orders]
    line = order_line(with_orders(*rest, BTC=(held, 1000)))
    assert line.amount_initial_ccy == added
    assert line.evidence == "S"


def test_what_an_order_would_lose_at_once_is_asked_for_too() -> None:
    """Bought at 1100 with the mark at 1000: 22 and a loss of 100; sold at 900: 18 and 100."""
    for quantity, price, initial in ((1, 1100, 22), (-1, 900, 18)):
        line = order_line(with_orders(resting("BTC-PERP", quantity, price)))
        assert line.amount_initial_ccy == initial + 100
        assert line.detail.endswith("open loss 100")


def test_an_order_that_only_reduces_is_free() -> None:
    order = resting("BTC-PERP", -9, 900, is_reduce_only=True)
    assert order_line(with_orders(order, BTC=(2, 1000))).amount_initial_ccy == 0


def test_an_order_where_nothing_is_held_has_its_own_line() -> None:
    report = with_orders(resting("ETH-PERP", 10, 90), BTC=(2, 1000))
    assert order_line(report).subject == "ETH-PERP"
    assert report.requirement_initial_ccy == 40 + 18


def test_which_side_of_both_an_order_joins_is_not_known() -> None:
    long = account(positions={"BTC-PERP": (1, 1000)}, orders=(resting("BTC-PERP", 1, 1000),))
    short = account(positions={"BTC-PERP": (-3, 1000)})
    both = msgspec.structs.replace(long, positions=long.positions + short.positions)
    outcome = require(both, TERMS, NOW, RULES)
    assert isinstance(outcome, Failure)
    assert outcome.message == "both sides of BTC-PERP are held, and orders rest in it"


@pytest.mark.parametrize("mark", ["missing", "unlisted"])
def test_an_order_without_price_or_terms_has_no_requirement(mark: str) -> None:
    asked = account(orders=(resting("ETH-PERP", 1, 90),))
    terms = TERMS if mark == "missing" else by_id(perpetual("BTC"))
    outcome = require(asked, terms, snapshot(quote("BTC-PERP", 1000)), RULES)
    assert isinstance(outcome, Failure)
    assert "ETH-PERP" in outcome.message


def test_deribit_refuses_an_order_in_what_it_does_not_scan() -> None:
    held = account(currency="BTC", orders=(resting("BTC-PERP", 1, 1),))
    outcome = require(held, by_id(perpetual()), snapshot(index("BTC", 1)), scan_rulebook())
    assert isinstance(outcome, Failure)
    assert outcome.message == "BTC-PERP is neither option nor inverse"


def test_a_rulebook_without_a_rule_for_orders_refuses_them() -> None:
    loan = account(positions={"debt:USDC": -5}, orders=(resting("debt:USDC", 1, 1),))
    now = snapshot(oracle("USDC", 1), lending("USDC"))
    outcome = require(loan, by_id(debt("USDC")), now, lending_rulebook(USDC=8500))
    assert isinstance(outcome, Failure)
    assert outcome.reason == "unsupported"
    assert outcome.message == (
        "aave/2023-06-20 has no rule for open orders, and one rests in debt:USDC; in Python, "
        "hedgerow.margin.worst_fills says what they may lead to"
    )


def test_the_book_refuses_an_order_nobody_described() -> None:
    with pytest.raises(MarketRejected, match="has an order in ETH-PERP, whose terms nobody"):
        book([account(orders=(resting("ETH-PERP", 1, 90),))], by_id(perpetual("BTC")))


@pytest.mark.parametrize(("quantity", "price"), [("0", "1"), ("NaN", "1"), ("1", "0"), ("1", "-1")])
def test_an_order_of_nothing_or_at_no_price_is_none(quantity: str, price: str) -> None:
    with pytest.raises(ValueError, match=r"BTC-PERP: the (quantity|price) of an order must be"):
        resting("BTC-PERP", quantity, price)


# --- the worst fills -----------------------------------------------------------------------------


def worst(
    *orders: OpenOrder, terms: dict[str, Instrument] = TERMS, most: int = 1024, **held: int
) -> WorstFills:
    asked = account(
        positions={f"{coin}-PERP": (much, 1000) for coin, much in held.items()},
        balances={"USDC": 5000},
        orders=orders,
    )
    found = worst_fills(asked, terms, NOW, RULES, combinations_count_max=most)
    assert isinstance(found, WorstFills), found
    return found


def test_the_worse_side_of_every_instrument_is_found_and_named() -> None:
    buy, sell, eth = (
        resting("BTC-PERP", 2, 1000),
        resting("BTC-PERP", -5, 1000),
        resting("ETH-PERP", -10, 99),
    )
    found = worst(buy, sell, eth, BTC=2)
    # Long 2: bought 2 it is 4000, sold 5 it is 3000; and 1000 of ETH. One per cent of each.
    assert set(found.filled) == {buy, eth}
    assert found.report.requirement_maintenance_ccy == 50
    assert found.is_exhaustive
    # A short of ten coins at 99 under a mark of 100 has lost 10.
    assert found.report.equity_ccy == 5000 - 10


def test_no_fill_is_the_worst_where_orders_only_close() -> None:
    found = worst(resting("BTC-PERP", -2, 1100), BTC=2)
    assert found.filled == ()
    assert found.report.requirement_maintenance_ccy == 20


def test_what_only_reduces_never_turns_a_position() -> None:
    order = resting("BTC-PERP", -9, 1000, is_reduce_only=True)
    assert worst(order, BTC=2).filled == ()
    # Without the flag seven would be left short.
    assert worst(resting("BTC-PERP", -9, 1000), BTC=2).report.requirement_maintenance_ccy == 90


def test_what_only_reduces_may_undo_a_hedge() -> None:
    """Short a future against a perpetual: bought back, the perpetual stands alone."""
    future = inverse_future("BTC-DATED", T0_NS + 10 * DAY_NS)
    now = snapshot(index("BTC", 80_000), quote("BTC-PERPETUAL", 80_000), quote("BTC-DATED", 80_000))

    def filled(*orders: OpenOrder) -> tuple[MarginReport, tuple[OpenOrder, ...]]:
        held = account(
            currency="BTC",
            positions={"BTC-PERPETUAL": (80_000, 80_000), "BTC-DATED": (-80_000, 80_000)},
            balances={"BTC": 10},
            orders=orders,
        )
        found = worst_fills(held, by_id(inverse(), future), now, scan_rulebook())
        assert isinstance(found, WorstFills), found
        return found.report, found.filled

    alone = require(
        account(currency="BTC", positions={"BTC-PERPETUAL": (80_000, 80_000)}),
        by_id(inverse(), future),
        now,
        scan_rulebook(),
    )
    assert isinstance(alone, MarginReport)
    back = resting("BTC-DATED", 200_000, 80_000, is_reduce_only=True)
    report, orders = filled(back)
    assert orders == (back,)
    # It stops at nothing, though more was ordered, and so does a second one behind it.
    assert report.requirement_maintenance_ccy == alone.requirement_maintenance_ccy
    report, _ = filled(back, resting("BTC-DATED", 50_000, 80_000, is_reduce_only=True))
    assert report.requirement_maintenance_ccy == alone.requirement_maintenance_ccy
    # One that is on the position's own side reduces nothing.
    assert filled(resting("BTC-DATED", -1, 80_000, is_reduce_only=True))[1] == ()


def test_what_only_reduces_goes_first_and_leaves_the_rest_to_open() -> None:
    """Long 2: one sell closes it, then nine are left short; the other way round seven were."""
    free = resting("BTC-PERP", -9, 1000)
    reducing = resting("BTC-PERP", -3, 1000, is_reduce_only=True)
    found = worst(free, reducing, BTC=2)
    assert set(found.filled) == {free, reducing}
    # 9000 x 0.02 less 50.
    assert found.report.requirement_maintenance_ccy == 130


def test_of_ways_to_the_same_requirement_the_one_with_fewer_orders_is_told() -> None:
    """Sold four of two, it is two again."""
    assert worst(resting("BTC-PERP", -4, 1000), BTC=2).filled == ()


def test_too_many_instruments_are_asked_in_turn() -> None:
    orders = (resting("BTC-PERP", 2, 1000), resting("ETH-PERP", -10, 100))
    in_turn, all_of_them = worst(*orders, most=2, BTC=2), worst(*orders, BTC=2)
    assert not in_turn.is_exhaustive
    assert in_turn.report == all_of_them.report
    assert set(in_turn.filled) == set(orders)


def test_it_knows_what_the_venue_has_no_rule_for() -> None:
    """A scan has offsets: the sell that hedges is not the one that hurts."""
    future = inverse_future("BTC-DATED", T0_NS + 10 * DAY_NS)
    held = account(
        currency="BTC",
        positions={"BTC-PERPETUAL": (80_000, 80_000)},
        balances={"BTC": 10},
        orders=(resting("BTC-DATED", -80_000, 80_000), resting("BTC-DATED", 80_000, 80_000)),
    )
    now = snapshot(index("BTC", 80_000), quote("BTC-PERPETUAL", 80_000), quote("BTC-DATED", 80_000))
    found = worst_fills(held, by_id(inverse(), future), now, scan_rulebook())
    assert isinstance(found, WorstFills)
    assert found.filled == (held.orders[1],)


def test_a_scan_asks_initially_for_the_fills_that_cost_most() -> None:
    """Long 1 BTC of perpetual: the same sold as a future offsets it, bought it is twice."""
    future = inverse_future("BTC-DATED", T0_NS + 10 * DAY_NS)
    now = snapshot(index("BTC", 80_000), quote("BTC-PERPETUAL", 80_000), quote("BTC-DATED", 80_000))

    def asked(*orders: OpenOrder, positions: Positions | None = None) -> MarginReport:
        perpetual_held: Positions = {"BTC-PERPETUAL": (80_000, 80_000)}
        held = account(
            currency="BTC",
            positions=positions or perpetual_held,
            balances={"BTC": 10},
            orders=orders,
        )
        report = require(held, by_id(inverse(), future), now, scan_rulebook())
        assert isinstance(report, MarginReport), report
        return report

    buy, sell = (resting("BTC-DATED", each, 80_000) for each in (80_000, -80_000))
    bare, ordered = asked(), asked(buy, sell)
    both = asked(positions={"BTC-PERPETUAL": (80_000, 80_000), "BTC-DATED": (80_000, 80_000)})
    assert ordered.requirement_maintenance_ccy == bare.requirement_maintenance_ccy
    assert ordered.requirement_initial_ccy == both.requirement_initial_ccy
    line = order_line(ordered)
    assert line.amount_initial_ccy == both.requirement_initial_ccy - bare.requirement_initial_ccy
    assert line.detail.endswith("with filled: 80000 BTC-DATED")
    assert (bare.confidence, ordered.confidence, line.evidence) == ("exact", "estimate", "U")
    assert order_line(asked(sell)).amount_initial_ccy == 0


def test_a_scan_asks_initially_for_what_a_fill_loses_at_once() -> None:
    """Bought at 0.9 BTC where it is worth a tenth of that: the order alone needs the difference."""
    call = option(60_000, "call")
    now = snapshot(index("BTC", 60_000), option_quote(call, 60_000, 0.5))
    order = resting(call.instrument_id, 1, "0.9")
    bare = account(currency="BTC", balances={"BTC": 1})
    held = account(
        currency="BTC", balances={"BTC": D(1) - D("0.9")}, positions={call.instrument_id: 1}
    )
    before, ordered, after = (
        require(each, by_id(call), now, scan_rulebook())
        for each in (bare, msgspec.structs.replace(bare, orders=(order,)), held)
    )
    assert isinstance(before, MarginReport)
    assert isinstance(ordered, MarginReport)
    assert isinstance(after, MarginReport)
    lost = before.equity_ccy - after.equity_ccy
    assert lost > D("0.8")
    assert order_line(ordered).amount_initial_ccy == after.requirement_initial_ccy + lost
    # What is left for new positions is what is left once it is filled.
    assert (
        ordered.equity_ccy - ordered.requirement_initial_ccy
        == after.equity_ccy - after.requirement_initial_ccy
    )
    first = order_line(ordered).detail.partition("; ")[0].removeprefix("initial ")
    assert eval(first, {"__builtins__": {}}) == pytest.approx(
        float(order_line(ordered).amount_initial_ccy or 0), rel=1e-12
    )


def test_a_fill_that_loses_at_once_is_worse_than_none_though_it_needs_less() -> None:
    """Long 10 at a mark of 1000, one sold at 100: 900 are gone, and the 9 left need 130."""
    order = resting("BTC-PERP", -1, 100)
    held = account(positions={"BTC-PERP": (10, 1000)}, balances={"USDC": 900}, orders=(order,))
    found = worst_fills(held, TERMS, NOW, RULES)
    assert isinstance(found, WorstFills)
    assert found.filled == (order,)
    assert found.report.equity_ccy == 0
    assert found.report.requirement_maintenance_ccy == 130
    assert found.report.is_liquidatable


def test_orders_far_from_the_mark_do_not_hide_those_near_it() -> None:
    """Bought at 1 under a mark of 1000 a coin is a gift; the one at 1000 fills before."""
    near, gift = resting("BTC-PERP", 1, 1000), resting("BTC-PERP", 1, 1)
    assert worst(gift, near).filled == (near,)
    near, gift = resting("BTC-PERP", -1, 1000), resting("BTC-PERP", -1, 1999)
    assert worst(gift, near).filled == (near,)


PRICES = st.integers(900, 1100)
LOTS = st.integers(1, 4)


@draws(60)
@given(
    held=st.integers(-6, 6),
    middle=PRICES,
    buys=st.lists(st.tuples(LOTS, st.integers(0, 120)), max_size=3),
    sells=st.lists(st.tuples(LOTS, st.integers(0, 120)), max_size=3),
    bought=st.decimals(0, 12, places=1),
    sold=st.decimals(0, 12, places=1),
)
def test_no_fills_in_the_order_of_price_leave_less(
    held: int,
    middle: int,
    buys: list[tuple[int, int]],
    sells: list[tuple[int, int]],
    bought: Decimal,
    sold: Decimal,
) -> None:
    """Parts of fills and fills of both sides too, where requirements are convex in size."""
    orders = [resting("BTC-PERP", size, middle - away) for size, away in buys]
    orders += [resting("BTC-PERP", -size, middle + away) for size, away in sells]
    left = {1: bought, -1: sold}
    legs = []
    for order in sorted(orders, key=lambda each: abs(each.price_ccy - middle)):
        sign = 1 if order.quantity_contracts > 0 else -1
        size = min(left[sign], abs(order.quantity_contracts))
        left[sign] -= size
        if size > 0:
            legs.append(
                Leg(
                    instrument_id="BTC-PERP",
                    quantity_contracts=sign * size,
                    price_ccy=order.price_ccy,
                )
            )
    bare = account(positions={"BTC-PERP": (held, 1000)} if held else {}, balances={"USDC": 5000})
    some = require(with_legs(bare, legs, TERMS), TERMS, NOW, RULES)
    assert isinstance(some, MarginReport)
    found = worst_fills(msgspec.structs.replace(bare, orders=tuple(orders)), TERMS, NOW, RULES)
    assert isinstance(found, WorstFills)
    assert found.report.headroom_ccy <= some.headroom_ccy


def test_what_an_order_in_both_sides_held_leads_to_is_not_known() -> None:
    order = resting("BTC-PERP", -10, 1000, is_reduce_only=True)
    long, short = (account(positions={"BTC-PERP": (side * 10, 1000)}) for side in (1, -1))
    both = msgspec.structs.replace(
        long, positions=long.positions + short.positions, orders=(order,)
    )
    found = worst_fills(both, TERMS, NOW, RULES)
    assert isinstance(found, Failure)
    assert found.message == "both sides of BTC-PERP are held, and orders rest in it"


def test_a_fill_that_cannot_be_judged_is_a_failure() -> None:
    found = worst_fills(account(orders=(resting("ETH-PERP", 1, 90),)), TERMS, snapshot(), RULES)
    assert isinstance(found, Failure)
    assert found.subject == "ETH-PERP"
