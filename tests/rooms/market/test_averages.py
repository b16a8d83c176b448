"""What is known of a settlement average: the index as it was heard, and nothing over a silence."""

from decimal import Decimal

import pytest

from hedgerow.errors import Failure
from hedgerow.market import HEARD_NS, HOLE_NS_MAX, IndexPrice, Shock, Snapshot, time_weighted_usd
from hedgerow.market.averages import average_observed_usd
from hedgerow.units import MINUTE_NS, SECOND_NS
from tests.builders import T0_NS, index, snapshot, state

D = Decimal
START_NS = T0_NS


def heard(*rows: tuple[float, int]) -> tuple[IndexPrice, ...]:
    """Seconds after the window's beginning, and prices."""
    return tuple(index("BTC", price, START_NS + round(at * SECOND_NS)) for at, price in rows)


def average(seconds: float, *rows: tuple[float, int]) -> object:
    now_ns = START_NS + round(seconds * SECOND_NS)
    return average_observed_usd("BTC", heard(*rows), start_ns=START_NS, now_ns=now_ns)


def why(outcome: object) -> str:
    assert isinstance(outcome, Failure)
    assert (outcome.subject, outcome.reason) == ("BTC", "missing_data")
    return outcome.message


def test_each_price_holds_until_the_next_one() -> None:
    # 10 s of 100, 20 s of 130; the price of now weighs nothing.
    assert average(30, (0, 100), (10, 130), (30, 999)) == D(120)
    # The price before the window holds at its beginning: 20 s of 90, 20 s of 110.
    assert average(40, (-5, 90), (20, 110)) == D(100)
    # Of two at one time the last counts.
    assert average(20, (0, 500), (0, 100), (10, 120)) == D(110)


def test_a_window_that_nobody_heard_begin_is_averaged_from_the_first_price_on() -> None:
    assert average(50, (30, 100), (40, 120)) == D(110)
    assert average(30, (30, 100)) == D(100)


def test_a_price_holds_for_a_minute_and_not_a_nanosecond_longer() -> None:
    assert HOLE_NS_MAX == 60 * SECOND_NS
    assert average(60, (0, 100)) == D(100)
    for rows, seconds in (
        (((0, 100),), 60.000000001),  # silent until now
        (((0, 100), (60.000000001, 100)), 61),  # between two prices
        (((60.000000001, 100),), 61),  # from the beginning on
        (((-30, 100), (30.000000001, 100)), 31),  # across the beginning
    ):
        said = why(average(seconds, *rows))
        assert "was not heard from 2026-0" in said
        assert said.endswith("inside a settlement window, and a price holds for 60 s")


def test_a_silence_says_when_it_was() -> None:
    said = why(average(400, *((at, 100) for at in range(0, 401, 20) if not 100 < at < 200)))
    assert said.startswith(
        "index of BTC was not heard from 2026-02-01T00:01:40Z to 2026-02-01T00:03:20Z, inside"
    )


def test_nothing_heard_is_no_average() -> None:
    assert why(average(30)) == (
        "no index of BTC since 2026-02-01T00:00:00Z, inside a settlement window"
    )
    assert "was not heard from" in why(average(61))


@pytest.mark.parametrize(("start", "end", "want"), [(0, 10, 100), (5, 15, 110), (15, 15, 120)])
def test_a_mean_over_time(start: int, end: int, want: int) -> None:
    steps = [(0, D(100)), (10, D(120))]
    assert time_weighted_usd(steps, start_ns=start, end_ns=end) == want
    assert time_weighted_usd(steps, start_ns=-9, end_ns=-1) is None


# --- in a snapshot --------------------------------------------------------------------------------


def observed(of: Snapshot, minutes_ago: int) -> object:
    return of.average_observed_usd("BTC", of.time_ns - minutes_ago * MINUTE_NS)


def test_a_snapshot_knows_the_index_of_the_last_two_hours_and_no_shock_moves_it() -> None:
    kept = state()
    minutes = range(0, 301)
    for minute in minutes:
        kept.apply(index("BTC", 1000 + minute, T0_NS + minute * MINUTE_NS))
        kept.apply(index("ETH", 7, T0_NS + minute * MINUTE_NS))
    now = kept.freeze(T0_NS + 300 * MINUTE_NS)
    # 270 to 299 hold a minute each.
    assert observed(now, 30) == D(1000) + D(270 + 299) / 2
    assert observed(now, 120) == D(1000) + D(180 + 299) / 2
    assert "was not heard" in why(observed(now, 122))
    assert len(now.heard["BTC"]) == HEARD_NS // MINUTE_NS + 1
    shocked = now.shocked(Shock(spot_factor_frac={"BTC": 0.5}, time_forward_ns=MINUTE_NS))
    assert observed(shocked, 30) == observed(now, 30)
    kept.apply(index("BTC", 10**6, T0_NS + 300 * MINUTE_NS + 1))
    kept.apply(index("BTC", 10**6, T0_NS + 600 * MINUTE_NS))
    assert observed(now, 30) == D(1000) + D(270 + 299) / 2, "what is frozen stays"


def test_of_a_coin_nobody_heard_nothing_is_known() -> None:
    assert why(snapshot().average_observed_usd("BTC", T0_NS - 1)).startswith("no index of BTC")
