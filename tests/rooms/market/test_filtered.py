"""A forecast knows nothing of what comes later, and is right where the truth is known."""

from dataclasses import fields

import numpy as np
import pytest

from hedgerow.errors import OutOfDomain
from hedgerow.market import FilteredPast, HourBars, filtered_pasts
from hedgerow.market.filtered import ewma_variance, month_starts
from hedgerow.units import DAY_NS, HOUR_NS, format_ns, parse_ns
from tests.rooms.market.walks import walk

START_NS = parse_ns("2021-01-01")


def cut(bars: HourBars, kept: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> HourBars:
    columns = (getattr(bars, each.name)[kept] for each in fields(bars)[1:])
    return HourBars(bars.subject, *columns)


def crashed(bars: HourBars, from_ns: int) -> HourBars:
    """Make the price ten times as wild from a time on."""
    late = bars.open_ns >= from_ns
    columns = {
        each.name: np.where(late, getattr(bars, each.name) ** 3 / 1e4**2, getattr(bars, each.name))
        for each in fields(bars)[2:]
    }
    return HourBars(bars.subject, bars.open_ns, **columns)


# A month begins at the last of these times: what is estimated then must not know its first hours.
@pytest.mark.parametrize("changed", ["2021-10-28T05:00:00", "2021-12-01T02:00:00"])
@pytest.mark.parametrize("horizon_hours", [1, 24])
def test_a_change_in_the_future_changes_no_forecast(horizon_hours: int, changed: str) -> None:
    bars = [walk("A", START_NS, 400, seed=1), walk("B", START_NS, 380, seed=2)]
    changed_ns = parse_ns(changed)
    before = filtered_pasts(bars, horizon_hours)
    after = filtered_pasts([crashed(bars[0], changed_ns), bars[1]], horizon_hours)
    for one, other in zip(before, after, strict=True):
        known = one.time_ns <= changed_ns
        assert known.sum() > 2_000
        np.testing.assert_array_equal(one.time_ns, other.time_ns)
        np.testing.assert_array_equal(one.range_log[known], other.range_log[known])
        # And later it does change, of the other price too: they share a regression.
        assert (one.range_log[~known] != other.range_log[~known]).any()
        over = one.time_ns[one.outcome_index] + horizon_hours * HOUR_NS <= changed_ns
        np.testing.assert_array_equal(one.fall_log[over], other.fall_log[over])


def test_a_history_cut_short_gives_the_same_forecasts() -> None:
    bars = walk("A", START_NS, 300, seed=3)
    whole = filtered_pasts([bars], 8)[0]
    part = filtered_pasts([cut(bars, bars.open_ns < START_NS + 250 * DAY_NS)], 8)[0]
    count = part.time_ns.size
    np.testing.assert_array_equal(part.time_ns, whole.time_ns[:count])
    np.testing.assert_array_equal(part.range_log, whole.range_log[:count])
    # The last forecast is of the moment at which the last bar closes, its outcome still to come.
    assert part.time_ns[-1] == START_NS + 250 * DAY_NS
    assert part.outcome_index[-1] == count - 1 - 8


def test_the_range_of_a_random_walk_is_known() -> None:
    """Log range of a Brownian motion over σ√T: mean 0.43 (Alizadeh, Brandt and Diebold 2002).

    Looked at 60 times an hour rather than always, it is a little less.
    """
    vol_hour = 0.006
    past = filtered_pasts([walk("A", START_NS, 500, seed=4, vol_hour=vol_hour)], 24)[0]
    expected = np.log(past.range_log).mean() - np.log(vol_hour * np.sqrt(24.0))
    assert expected == pytest.approx(0.43, abs=0.05)
    # Nothing can be foreseen of it, so hardly anything is.
    assert np.log(past.range_log).std() < 0.06


def test_falls_and_rises_are_those_of_the_window() -> None:
    bars = walk("A", START_NS, 250, seed=5)
    past = filtered_pasts([bars], 8)[0]
    for row in (0, 100, past.outcome_index.size - 1):
        start_ns = past.time_ns[past.outcome_index[row]]
        first = int(np.searchsorted(bars.open_ns, start_ns))
        window = slice(first, first + 8)
        entry = bars.price_open_usd[first]
        assert past.fall_log[row] == pytest.approx(
            -np.log(bars.price_low_usd[window].min() / entry)
        )
        assert past.rise_log[row] == pytest.approx(
            np.log(bars.price_high_usd[window].max() / entry)
        )


def test_a_hole_is_no_outcome_and_a_long_one_no_forecast() -> None:
    bars = walk("A", START_NS, 300, seed=6)
    hour = (bars.open_ns - START_NS) // HOUR_NS
    short, long = 250 * 24, 270 * 24
    past = filtered_pasts([cut(bars, (hour != short) & ~((hour >= long) & (hour < long + 30)))], 8)[
        0
    ]
    at = (past.time_ns - START_NS) // HOUR_NS
    known = at[past.outcome_index]
    # Windows of eight hours that hold the missing one; before and after are there.
    assert set(range(short - 8, short + 2)) & set(known) == {short - 8, short + 1}
    assert {short - 1, short + 1} <= set(at)
    assert short not in at  # nobody knows the price there
    # Thirty hours are missing; the next 48 bars are seen before anything is said.
    assert set(range(long - 1, long + 90)) & set(at) == {long - 1, *range(long + 78, long + 90)}


def test_hours_that_are_busy_every_day_are_expected_to_be() -> None:
    bars = walk("A", START_NS, 300, seed=7, busy_hour=14)
    past = filtered_pasts([bars], 1)[0]
    of_day = (past.time_ns // HOUR_NS) % 24
    ratio = np.exp(
        np.log(past.range_log[of_day == 14]).mean() - np.log(past.range_log[of_day != 14]).mean()
    )
    assert ratio == pytest.approx(3.0, rel=0.1)  # vol is thrice the usual in that hour


def test_too_short_a_history_has_no_forecast() -> None:
    past = filtered_pasts([walk("A", START_NS, 150, seed=8)], 1)[0]
    assert past.time_ns.size == past.outcome_index.size == 0


def test_a_price_that_never_moves_has_no_forecast() -> None:
    flat = np.full(300 * 24, 100.0)
    times = START_NS + np.arange(flat.size) * HOUR_NS
    assert filtered_pasts([HourBars("A", times, flat, flat, flat, flat)], 1)[0].time_ns.size == 0


def test_what_is_not_asked_well_is_refused() -> None:
    with pytest.raises(OutOfDomain, match="at least one price"):
        filtered_pasts([], 1)
    with pytest.raises(OutOfDomain, match="horizon_hours"):
        filtered_pasts([walk("A", START_NS, 10, seed=9)], 0)


def test_an_average_of_squares_weighs_each_by_its_age() -> None:
    close = np.exp(np.array([0.0, 0.01, 0.03, 0.03]))
    times = START_NS + np.array([0, 1, 2, 5]) * HOUR_NS  # the last stands after a hole
    bars = HourBars("A", times, close, close, close, close)
    asked = START_NS + np.array([1, 2, 3, 9]) * HOUR_NS
    variance, is_known = ewma_variance(bars, asked, 1.0)
    assert is_known.tolist() == [False, True, True, True]
    # One half life apart: (0.02² + 0.01² / 2) / 1.5; the hole adds nothing.
    np.testing.assert_allclose(variance[1:], [1e-4, 3e-4, 3e-4], rtol=1e-12)


def test_months_cover_a_span_of_time() -> None:
    found = list(month_starts(parse_ns("2023-12-31T23:00:00"), parse_ns("2024-03-01")))
    assert [format_ns(start)[:10] for start, _ in found] == [
        "2023-12-01",
        "2024-01-01",
        "2024-02-01",
    ]
    assert format_ns(found[-1][1])[:10] == "2024-03-01"


def test_columns_are_locked() -> None:
    past = FilteredPast(
        "A", 1, *(np.zeros(1, dtype=kind) for kind in (int, float, int, float, float))
    )
    with pytest.raises(ValueError, match="read-only"):
        past.range_log[0] = 1.0
