from decimal import Decimal
from math import fsum
from typing import Literal

import msgspec
import numpy as np
import pytest

from hedgerow.errors import Failure, OutOfDomain
from hedgerow.exposure import aggregate
from hedgerow.instruments import Spot
from hedgerow.market import Shock, Snapshot
from hedgerow.portfolio import IN_TRANSIT, Book
from hedgerow.pricing import value, value_usd
from hedgerow.risk import FULL_LINES, TAYLOR_LINES, explain
from hedgerow.units import HOUR_NS, MINUTE_NS
from tests.builders import (
    T0_NS,
    account,
    by_id,
    index,
    inverse,
    linear_future,
    option,
    option_quote,
    perpetual,
    quote,
    snapshot,
    state,
)
from tests.rooms.exposure import desk
from tests.rooms.risk.steps import T1_NS, bitcoin, everything, fill, flow, held, later, lines, row

Method = Literal["taylor", "full"]
METHODS: tuple[Method, ...] = ("taylor", "full")
PERP = by_id(perpetual(), inverse())


def worth_usd(of: Book, at: Snapshot) -> float:
    table = aggregate(of, value(of, at), at)
    found = table.row("desk")
    assert not isinstance(found, Failure)
    return found.value_usd


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("moves", [(0.03, 2.0, 0.001), (-0.04, 5.0, -0.002), (0.0, 0.0, 0.0)])
def test_lines_of_a_desk_of_everything_add_up(
    method: Method, moves: tuple[float, float, float]
) -> None:
    start, end = desk.now(), everything(*moves)
    before, after = desk.held(), held(*desk.ACCOUNTS, terms=by_id(*desk.TERMS), time_ns=T1_NS)
    found = explain(before, after, start, end, method=method)

    whole = row(found)
    assert whole.missing == ()
    assert whole.actual_usd == pytest.approx(worth_usd(after, end) - worth_usd(before, start))
    assert whole.unexplained_usd is not None
    assert tuple(whole.lines_usd) == (TAYLOR_LINES if method == "taylor" else FULL_LINES)
    bound_frac = 0.01 if method == "taylor" else 1e-9
    assert abs(whole.unexplained_usd) <= bound_frac * whole.gross_usd
    for parents in (
        [each for each in found.rows if each.node.startswith("coin/")],
        [each for each in found.rows if each.node.count("/") == 1 and each.node[:4] == "desk"],
        [each for each in found.rows if each.node.count("/") == 3],
    ):
        assert fsum(each.actual_usd or 0.0 for each in parents) == pytest.approx(whole.actual_usd)
        assert fsum(each.unexplained_usd or 0.0 for each in parents) == pytest.approx(
            whole.unexplained_usd, abs=1e-6
        )


@pytest.mark.parametrize("method", METHODS)
def test_a_perpetual_moves_with_spot_and_with_its_basis(method: Method) -> None:
    long = account("a", positions={"BTC-PERP": ("2.5", 58_000)})
    found = explain(
        held(long, terms=PERP),
        held(long, terms=PERP, time_ns=T1_NS),
        snapshot(*bitcoin(60_000, 60_000)),
        later(*bitcoin(60_600, 61_000)),
        method=method,
    )
    spot = {"taylor": "delta", "full": "spot"}[method]
    told = lines(found, "desk/venue/a/BTC-PERP")
    assert set(told) == {spot, "basis"}
    # 2.5 · 600 and 2.5 · 400; in the mean of both orders spot has half of what they do together.
    both = 60_000 * 0.01 * (61_000 / 60_600 - 1) * 2.5
    assert told[spot] == pytest.approx(1_500 + (both / 2 if method == "full" else 0), abs=1e-3)
    assert fsum(told.values()) == pytest.approx(2_500, abs=1e-3)
    assert row(found).unexplained_usd == pytest.approx(0.0, abs=1e-6)


@pytest.mark.parametrize("method", METHODS)
def test_a_synthetic_dollar_gains_nothing(method: Method) -> None:
    # Methods sheet, 2.2: a short of c · E dollars on c coins stands still in dollars.
    short = account("a", positions={"BTC-PERPETUAL": (-60_000, 60_000)}, balances={"BTC": 1})
    found = explain(
        held(short, terms=PERP),
        held(short, terms=PERP, time_ns=T1_NS),
        snapshot(*bitcoin(60_000, 60_000)),
        later(*bitcoin(66_000, 66_000)),
        method=method,
    )
    spot = {"taylor": "delta", "full": "spot"}[method]
    assert row(found).actual_usd == pytest.approx(0.0, abs=1e-6)
    assert lines(found)[spot] == pytest.approx(-6_000)
    assert lines(found)["numeraire"] == pytest.approx(6_000)
    assert row(found).gross_usd == pytest.approx(0.0, abs=1e-6)


def test_a_fill_is_counted_from_its_price_to_the_close() -> None:
    before = account("a", positions={"BTC-PERP": (2, 58_000)}, balances={"USDC": 1_000})
    # Sold one of two at 60,500: realised 2,500, and a fee of 12.1.
    after = account("a", positions={"BTC-PERP": (1, 58_000)}, balances={"USDC": "3487.9"})
    found = explain(
        held(before, terms=PERP),
        held(after, terms=PERP, time_ns=T1_NS),
        snapshot(*bitcoin(60_000, 60_000)),
        later(*bitcoin(61_000, 61_000)),
        fills=[fill("BTC-PERP", -1, 60_500)],
        flows=[flow("USDC", 2_500, "trade"), flow("USDC", "-12.1", "fee")],
    )
    assert lines(found) == {"delta": 2_000.0, "trades": -500.0, "fees": -12.1}
    assert row(found).unexplained_usd == pytest.approx(0.0, abs=1e-6)
    assert row(found, "desk/venue/a/spot:USDC").actual_usd == 0.0


@pytest.mark.parametrize("method", METHODS)
def test_an_option_sold_needs_no_quote_of_the_start(method: Method) -> None:
    call = option(66_000, "call")
    terms = by_id(call, perpetual())
    before = account("a", balances={"BTC": 1})
    after = account("a", positions={call.instrument_id: -2}, balances={"BTC": "1.0994"})
    found = explain(
        held(before, terms=terms),
        held(after, terms=terms, time_ns=T1_NS),
        snapshot(*bitcoin(60_000, 60_000)),
        later(*bitcoin(61_000, 61_000, option_quote(call, 61_500, 0.6))),
        fills=[fill(call.instrument_id, -2, "0.05")],
        flows=[
            flow("BTC", "0.1", "trade", call.instrument_id),
            flow("BTC", "-0.0006", "fee", call.instrument_id),
        ],
        method=method,
    )
    years = (call.expiry_ns - T1_NS) / (365 * 24 * HOUR_NS)
    worth = one_value_usd(61_500, 66_000, 0.6, years) / 61_500
    assert lines(found)["trades"] == pytest.approx(-2 * (worth - 0.05) * 61_000, abs=1e-3)
    assert lines(found)["fees"] == pytest.approx(-0.0006 * 61_000)
    assert lines(found)["numeraire"] == pytest.approx(1_000)
    assert row(found).unexplained_usd == pytest.approx(0.0, abs=1e-6)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("is_lacking_at_start", [True, False])
def test_without_a_quote_at_either_end_a_position_is_unknown(
    method: Method, is_lacking_at_start: bool
) -> None:
    call = option(66_000, "call")
    terms = by_id(call, perpetual())
    both = account("a", positions={call.instrument_id: -2, "BTC-PERP": (1, 60_000)})
    quoted = (option_quote(call, 60_500, 0.6),)
    start = snapshot(*bitcoin(60_000, 60_000, *(() if is_lacking_at_start else quoted)))
    end = later(*bitcoin(61_000, 61_000, *(quoted if is_lacking_at_start else ())))
    found = explain(
        held(both, terms=terms), held(both, terms=terms, time_ns=T1_NS), start, end, method=method
    )
    lacking = row(found, f"desk/venue/a/{call.instrument_id}")
    assert (lacking.actual_usd, lacking.unexplained_usd, lacking.lines_usd) == (None, None, {})
    assert lacking.verdict == "unknown"
    for node in ("desk", "desk/venue", "desk/venue/a", "coin/BTC"):
        above = row(found, node)
        assert [each.subject for each in above.missing] == [call.instrument_id]
        assert above.verdict == "unknown"
        assert above.actual_usd == pytest.approx(1_000)  # of the rest, and no total


def test_what_expires_on_the_way_has_a_line_of_its_own() -> None:
    put, call = (option(62_000, right, expiry_ns=T0_NS + 4 * HOUR_NS) for right in ("put", "call"))
    future = linear_future("LF", T0_NS + 4 * HOUR_NS)
    terms = by_id(put, call, future)
    before = account(
        "a",
        positions={put.instrument_id: 3, call.instrument_id: -1, "LF": (1, 60_000)},
        balances={"BTC": 1, "USDC": 0},
    )
    # Delivered at 61,000: three puts pay 3,000/61,000 coins, the future 1,000, the call nothing.
    paid = Decimal(3_000) / 61_000
    after = account("a", balances={"BTC": 1 + paid, "USDC": 1_000})
    start = snapshot(
        index("BTC", 60_000), quote("LF", 60_100),
        option_quote(put, 60_000, 0.6), option_quote(call, 60_000, 0.6),
    )  # fmt: skip
    end = later(index("BTC", 61_500))
    opening = held(before, terms=terms)
    found = explain(
        opening,
        held(after, terms=terms, time_ns=T1_NS),
        start,
        end,
        flows=[
            flow("BTC", paid, "delivery", put.instrument_id),
            flow("USDC", 1_000, "trade", "LF"),
        ],
    )
    worth = worth_usd(opening, start) - 60_000
    told = lines(found)
    assert set(told) == {"expiries", "numeraire"}
    assert told["expiries"] == pytest.approx(float(paid) * 61_500 + 1_000 - worth, abs=1e-3)
    assert told["numeraire"] == pytest.approx(1_500)
    assert row(found).unexplained_usd == pytest.approx(0.0, abs=1e-6)


def test_what_expired_and_is_still_held_is_unknown() -> None:
    put = option(62_000, "put", expiry_ns=T0_NS + 4 * HOUR_NS)
    both = account("a", positions={put.instrument_id: 3})
    found = explain(
        held(both, terms=by_id(put)),
        held(both, terms=by_id(put), time_ns=T1_NS),
        snapshot(index("BTC", 60_000), option_quote(put, 60_000, 0.6)),
        later(index("BTC", 61_500)),
    )
    assert row(found).verdict == "unknown"


def test_transfers_are_nothing_inside_the_desk() -> None:
    before = (account("a", balances={"BTC": 3}), account("b", balances={"BTC": 1, "USDC": 5}))
    after = (account("a", balances={"BTC": 1}), account("b", balances={"BTC": "2.999", "USDC": 55}))
    found = explain(
        held(*before, terms={}),
        held(*after, terms={}, time_ns=T1_NS),
        snapshot(index("BTC", 60_000)),
        later(index("BTC", 60_000)),
        flows=[
            flow("BTC", -2, "transit", None),
            flow("BTC", 2, "transit", None, "b"),
            flow("BTC", "-0.001", "fee", None, "b"),
            flow("USDC", 50, "capital", None, "b"),
        ],
    )
    assert lines(found) == {"fees": -60.0, "transfers": 50.0}
    assert lines(found, "desk/venue/a") == {"transfers": -120_000.0}
    assert lines(found, "coin/BTC") == {"fees": -60.0}
    assert row(found, "desk/venue/a").gross_usd == 0.0


@pytest.mark.parametrize("told", ["nothing", "all"])
@pytest.mark.parametrize("method", METHODS)
def test_money_on_its_way_is_a_transfer_whoever_tells_it(method: Method, told: str) -> None:
    """Two bitcoins leave and one of three arrives, while the price rises by 1,000."""
    before = (
        account("a", balances={"BTC": 3}),
        account("b"),
        account(IN_TRANSIT, balances={"BTC": 3}),
    )
    after = (
        account("a", balances={"BTC": 1}),
        account("b", balances={"BTC": 1}),
        account(IN_TRANSIT, balances={"BTC": 4}),
    )
    flows = [flow("BTC", -2, "transit", None), flow("BTC", 1, "transit", None, "b")]
    if told == "all":
        flows.append(flow("BTC", 1, "transit", None, IN_TRANSIT))
    found = explain(
        held(*before, terms={}),
        held(*after, terms={}, time_ns=T1_NS),
        snapshot(index("BTC", 60_000)),
        later(index("BTC", 61_000)),
        flows=flows,
        method=method,
    )
    assert lines(found) == {"numeraire": 6_000.0}
    assert row(found).unexplained_usd == pytest.approx(0.0, abs=1e-6)
    assert lines(found, f"desk/venue/{IN_TRANSIT}") == {"numeraire": 3_000.0, "transfers": 61_000.0}


@pytest.mark.parametrize("method", METHODS)
def test_without_an_index_a_mark_is_its_own_spot(method: Method) -> None:
    long = account("a", positions={"BTC-PERP": (2, 58_000)})
    found = explain(
        held(long, terms=PERP),
        held(long, terms=PERP, time_ns=T1_NS),
        snapshot(quote("BTC-PERP", 60_000)),
        later(quote("BTC-PERP", 63_000)),
        method=method,
    )
    assert lines(found) == {{"taylor": "delta", "full": "spot"}[method]: 6_000.0}
    assert row(found).move_frac == pytest.approx(0.05)


def test_the_coin_of_a_move_is_the_one_that_moved_most() -> None:
    """Up by a twentieth and down by a tenth: the size counts, and each coin has its own."""
    pair = account("a", positions={"BTC-PERP": (2, 58_000), "ETH-PERP": (-1, 3_000)})
    terms = {**PERP, **by_id(perpetual("ETH"))}
    found = explain(
        held(pair, terms=terms),
        held(pair, terms=terms, time_ns=T1_NS),
        snapshot(quote("BTC-PERP", 60_000), quote("ETH-PERP", 3_000)),
        later(quote("BTC-PERP", 63_000), quote("ETH-PERP", 2_700)),
    )
    for node, coin, move_frac in (
        ("desk", "ETH", -0.1),
        ("desk/venue/a", "ETH", -0.1),
        ("desk/venue/a/BTC-PERP", "BTC", 0.05),
        ("desk/venue/a/ETH-PERP", "ETH", -0.1),
        ("coin/BTC", "BTC", 0.05),
        ("coin/ETH", "ETH", -0.1),
    ):
        assert row(found, node).move_coin == coin
        assert row(found, node).move_frac == pytest.approx(move_frac)


@pytest.mark.parametrize("method", METHODS)
def test_a_step_into_the_settlement_window_is_explained(method: Method) -> None:
    """Twenty minutes before expiry ten of the average are heard; only revaluation knows."""
    call = option(60_000, "call", expiry_ns=T1_NS + 20 * MINUTE_NS)
    short = account("a", positions={call.instrument_id: -10})
    start = snapshot(index("BTC", 60_000), option_quote(call, 60_000, 0.6))
    heard = [index("BTC", 60_100, T1_NS - minute * MINUTE_NS) for minute in (15, 10, 5)]
    kept = state(*heard, index("BTC", 60_200, T1_NS))
    kept.apply(option_quote(call, 60_200, 0.6, T1_NS))
    found = explain(
        held(short, terms=by_id(call)),
        held(short, terms=by_id(call), time_ns=T1_NS),
        start,
        kept.freeze(T1_NS),
        method=method,
    )
    whole = row(found)
    assert whole.unexplained_usd is not None
    if method == "full":
        assert whole.unexplained_usd == pytest.approx(0.0, abs=1e-6)
    else:
        assert whole.verdict == "alert"


def test_liquidations_stand_apart_from_trades() -> None:
    before = account("a", positions={"BTC-PERP": (2, 58_000)}, balances={"USDC": 1_000})
    after = account("a", positions={}, balances={"USDC": "4900"})
    found = explain(
        held(before, terms=PERP),
        held(after, terms=PERP, time_ns=T1_NS),
        snapshot(*bitcoin(60_000, 60_000)),
        later(*bitcoin(61_000, 61_000)),
        fills=[
            fill("BTC-PERP", -1, 60_500, "liquidation"),
            fill("BTC-PERP", -1, 59_500, "adl"),
        ],
        flows=[flow("USDC", 4_000, "trade"), flow("USDC", -100, "liquidation_fee")],
    )
    assert lines(found) == {"delta": 2_000.0, "liquidations": -2_100.0}
    assert row(found).unexplained_usd == pytest.approx(0.0, abs=1e-6)


def test_what_was_not_told_stays_unexplained_and_alarms() -> None:
    before = account("a", balances={"USDC": 1_000})
    after = account("a", balances={"USDC": 900})
    found = explain(
        held(before, terms={}),
        held(after, terms={}, time_ns=T1_NS),
        snapshot(),
        later(index("BTC", 1)),
    )
    assert row(found).unexplained_usd == pytest.approx(-100)
    assert row(found).verdict == "alert"


def test_bought_and_sold_again_needs_no_position() -> None:
    call = option(66_000, "call")
    before = account("a", balances={"BTC": 1})
    after = account("a", balances={"BTC": "1.01"})
    fills = [fill(call.instrument_id, 1, "0.05"), fill(call.instrument_id, -1, "0.06")]
    flows = [
        flow("BTC", "-0.05", "trade", call.instrument_id),
        flow("BTC", "0.06", "trade", call.instrument_id),
    ]
    books = held(before, terms={}), held(after, terms={}, time_ns=T1_NS)
    ends = snapshot(index("BTC", 60_000)), later(index("BTC", 60_000))
    found = explain(*books, *ends, fills=fills, flows=flows, instruments=by_id(call))
    assert lines(found) == {"trades": 600.0}
    with pytest.raises(OutOfDomain, match="its terms are not among"):
        explain(*books, *ends, fills=fills, flows=flows)


def test_the_marks_of_a_venue_leave_unexplained_what_they_say_beyond_ours() -> None:
    call = option(66_000, "call")
    terms = by_id(call)
    short = account("a", positions={call.instrument_id: -10})
    marked = msgspec.structs.replace(
        option_quote(call, 60_500, 0.6), price_mark_ccy=Decimal("0.07")
    )
    start = snapshot(index("BTC", 60_000), option_quote(call, 60_500, 0.6))
    end = later(index("BTC", 60_000), marked)
    books = held(short, terms=terms), held(short, terms=terms, time_ns=T1_NS)
    by_us = row(explain(*books, start, end, method="full"))
    by_venue = row(explain(*books, start, end, method="full", marks="venue"))
    assert by_us.unexplained_usd == pytest.approx(0.0, abs=1e-6)
    gap = 0.07 - float(value(books[1], end).unit_ccy[0])
    assert by_venue.unexplained_usd == pytest.approx(-10 * gap * 60_000)
    assert by_venue.lines_usd == by_us.lines_usd


def test_positions_seen_too_long_ago_leave_a_total_incomplete() -> None:
    old = account("a", balances={"BTC": 1})
    found = explain(
        held(old, terms={}),
        held(old, terms={}, time_ns=T0_NS),
        snapshot(index("BTC", 60_000)),
        later(index("BTC", 61_000)),
    )
    assert row(found).verdict == "unknown"
    assert lines(found) == {"numeraire": 1_000.0}


def test_what_cannot_be_explained_is_refused() -> None:
    some = held(account("a", balances={"BTC": 1}), terms={})
    start, end = snapshot(index("BTC", 1)), later(index("BTC", 1))
    with pytest.raises(OutOfDomain, match="from a time to a later one"):
        explain(some, some, end, start)
    with pytest.raises(OutOfDomain, match="shocked"):
        explain(some, some, start, end.shocked(Shock(vol_shift_frac=0.1)))
    with pytest.raises(OutOfDomain, match="account b has a flow or a fill"):
        explain(some, some, start, end, flows=[flow("BTC", 1, "capital", None, "b")])
    with pytest.raises(OutOfDomain, match="not a fill"):
        explain(some, some, start, end, fills=[fill("spot:BTC", 1, 60_000)])
    with pytest.raises(OutOfDomain, match="not moved in kind"):
        explain(
            some, some, start, end,
            fills=[fill("BTC-PERP", 1, None, "transfer")], instruments=PERP,
        )  # fmt: skip
    with pytest.raises(ValueError, match="must be positive, and None for a transfer alone"):
        fill("BTC-PERP", 1, None)
    assert isinstance(some.instruments[0], Spot)


def one_value_usd(forward: float, strike: float, vol: float, years: float) -> float:
    """What a call is worth, undiscounted."""
    columns = np.array([[forward], [strike], [vol], [years]], dtype=np.float64)
    return float(value_usd(columns[0], columns[1], columns[2], columns[3], np.array([True]))[0])
