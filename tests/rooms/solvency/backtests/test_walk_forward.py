"""Chances as they would have been given: with nothing of the future, and the closed form beside."""

from dataclasses import replace

import numpy as np
import pytest

from hedgerow.errors import Failure
from hedgerow.market import HourBars, filtered_pasts
from hedgerow.solvency import Isolated, Side, Walked, closed_form, walked_forward
from hedgerow.units import DAY_NS, HOUR_NS, parse_ns
from tests.rooms.market.walks import walk

START_NS = parse_ns("2021-01-01")
SIDES: tuple[Side, Side] = ("fall", "rise")
POSITIONS = [
    Isolated(side=side, leverage_frac=leverage, maintenance_frac=0.005)
    for side in SIDES
    for leverage in (5.0, 10.0, 20.0)
]


def walks(days: int = 500) -> list[HourBars]:
    return [walk("A", START_NS, days, seed=21, vol_hour=0.01), walk("B", START_NS, days, seed=22)]


def since(day: int) -> dict[str, int]:
    return {"A": START_NS + day * DAY_NS, "B": START_NS + (day + 10) * DAY_NS}


def given(bars: list[HourBars], *, day: int = 400, is_shared: bool = True) -> tuple[Walked, ...]:
    found = walked_forward(
        filtered_pasts(bars, 8), POSITIONS, since_ns=since(day), is_shared=is_shared
    )
    assert not isinstance(found, Failure)
    return found


def test_every_hour_that_is_over_is_there() -> None:
    a, b = given(walks())
    hours = (a.start_ns - START_NS) // HOUR_NS
    assert (hours[0], hours[-1]) == (400 * 24, 500 * 24 - 8)
    assert np.unique(np.diff(hours)).tolist() == [1]
    assert (b.start_ns[0] - START_NS) // HOUR_NS == 410 * 24
    assert a.probability_frac.shape == a.happened.shape == (hours.size, 6)
    # Higher leverage is liquidated by whatever liquidates lower, and was said to be likelier.
    for first in (0, 3):
        for n in (first, first + 1):
            assert (a.happened[:, n] <= a.happened[:, n + 1]).all()
            assert (a.probability_frac[:, n] <= a.probability_frac[:, n + 1]).all()
    assert a.happened.any()


def test_what_came_is_what_the_price_did() -> None:
    bars = walks()
    a = given(bars)[0]
    row = int(np.argmax(a.happened[:, 2]))
    first = int(np.searchsorted(bars[0].open_ns, a.start_ns[row]))
    entry = bars[0].price_open_usd[first]
    liquidated_at = entry * (1.0 - 1.0 / 20.0) / 0.995
    assert bars[0].price_low_usd[first : first + 8].min() <= liquidated_at


@pytest.mark.parametrize("is_shared", [True, False])
def test_a_change_in_the_future_changes_no_chance(is_shared: bool) -> None:
    bars = walks()
    changed_ns = START_NS + 440 * DAY_NS
    late = bars[0].open_ns >= changed_ns
    wild = replace(
        bars[0],
        **{
            name: np.where(late, 1e4 * (getattr(bars[0], name) / 1e4) ** 4, getattr(bars[0], name))
            for name in ("price_open_usd", "price_high_usd", "price_low_usd", "price_close_usd")
        },
    )
    before, after = given(bars, is_shared=is_shared), given([wild, bars[1]], is_shared=is_shared)
    for one, other in zip(before, after, strict=True):
        known = one.start_ns <= changed_ns
        assert known.sum() > 500
        np.testing.assert_array_equal(one.probability_frac[known], other.probability_frac[known])
    late_a = before[0].start_ns > changed_ns
    assert (
        (before[0].probability_frac[late_a] != after[0].probability_frac[late_a]).all(axis=1).any()
    )


def test_too_little_history_is_no_forecast() -> None:
    found = walked_forward(filtered_pasts(walks(), 168), POSITIONS, since_ns=since(300))
    assert isinstance(found, Failure)
    assert found.reason == "missing_data"
    assert "periods of 168 h" in found.message
    none = walked_forward(filtered_pasts(walks(), 8), POSITIONS, since_ns=since(600))
    assert isinstance(none, Failure)
    assert "no hour" in none.message


def test_rows_are_hours_times_positions() -> None:
    a = given(walks(), day=480)[0]
    all_of_it = a.columns()
    assert all_of_it.happened.size == a.start_ns.size * 6
    assert all_of_it.start_ns[:7].tolist() == [*[a.start_ns[0]] * 6, a.start_ns[1]]
    some = a.columns(
        a.start_ns == a.start_ns[3], np.array([each.side == "rise" for each in POSITIONS])
    )
    assert some.probability_frac.tolist() == a.probability_frac[3, 3:].tolist()


def test_the_closed_form_is_that_of_the_methods_sheet() -> None:
    """Section 16.2: a vol of 0.6, no growth, seven days, a maintenance rate of 0.005."""
    close = 100.0 * np.exp(0.6 / np.sqrt(8_760.0) * (np.arange(500) % 2))
    times = START_NS + np.arange(500) * HOUR_NS
    bars = HourBars("A", times, close, close, close, close)
    asked = Walked("A", 168, times[-1:], np.zeros((1, 6)), np.zeros((1, 6), dtype=np.bool_))
    found = closed_form(asked, bars, POSITIONS).probability_frac[0]
    expected = [0.0096507, 0.2387349, 0.5908774, 0.0300201, 0.2646636, 0.5849542]
    np.testing.assert_allclose(found, expected, atol=5e-8)
