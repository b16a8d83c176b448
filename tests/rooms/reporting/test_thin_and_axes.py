"""Fewer rows lose no extreme and no gap; ticks are those a person would choose."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hedgerow.reporting.axes import scale_for, time_ticks
from hedgerow.reporting.shapes import spans_where
from hedgerow.reporting.thin import thin
from hedgerow.units import DAY_NS, HOUR_NS, parse_ns

START_NS = parse_ns("2026-01-29T00:00:00Z")
Column = list[float | None]


def test_extremes_ends_and_gaps_stay() -> None:
    rng = np.random.default_rng(3)
    column: Column = [float(v) for v in rng.normal(size=5_000)]
    column[1234], column[4321] = 50.0, -50.0
    column[2000:2003] = [None, None, None]
    kept = thin([column], 50)
    assert len(kept) <= 2 * 50 + 2 + 4
    assert {0, 1234, 4321, 1999, 2000, 2002, 2003, 4999} <= set(kept)


def test_a_flicker_keeps_a_gap_in_every_stretch() -> None:
    column: Column = [None if n % 2 else float(n) for n in range(4_000)]
    kept = thin([column], 100)
    assert len(kept) <= 3 * 100 + 2
    gaps = [at for at in kept if column[at] is None]
    assert max(b - a for a, b in pairwise([0, *gaps, 4_000])) <= 80


def test_short_series_stay_whole() -> None:
    assert thin([[1.0, 2.0, 3.0]], 40) == (0, 1, 2)
    assert thin([], 40) == ()


def test_columns_share_their_rows() -> None:
    flat: Column = [0.0] * 1_000
    peak: Column = [*flat[:500], 9.0, *flat[501:]]
    assert 500 in thin([flat, peak], 10)


@given(
    st.lists(st.none() | st.floats(-1e9, 1e9), min_size=1, max_size=300),
    st.integers(1, 20),
)
def test_thinning_keeps_range_and_order(column: Column, buckets_count: int) -> None:
    kept = thin([column], buckets_count)
    assert list(kept) == sorted(set(kept))
    known = [v for v in column if v is not None]
    shown = [v for at in kept if (v := column[at]) is not None]
    assert (min(known), max(known)) == (min(shown), max(shown)) if known else not shown


@given(st.lists(st.floats(-1e12, 1e12), min_size=1, max_size=20), st.booleans())
@example([1.1], False)
def test_a_scale_holds_every_value(values: list[float], with_zero: bool) -> None:
    scale = scale_for(values, with_zero=with_zero)
    # What is below a billionth of a dollar may be drawn as zero.
    assert scale.low - 1e-9 <= min(values) <= max(values) <= scale.high + 1e-9
    assert len(scale.ticks) >= 2
    assert scale.low <= scale.ticks[0] < scale.ticks[-1] <= scale.high


@pytest.mark.parametrize(
    ("values", "with_zero", "ticks"),
    [
        ([3.0, 97.0], True, (0.0, 20.0, 40.0, 60.0, 80.0, 100.0)),
        ([-1.0, 1.0], False, (-1.0, -0.5, 0.0, 0.5, 1.0)),
        ([], True, (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)),
    ],
)
def test_ticks(values: list[float], with_zero: bool, ticks: tuple[float, ...]) -> None:
    assert scale_for(values, with_zero=with_zero).ticks == ticks


@pytest.mark.parametrize(
    ("hours", "labels"),
    [
        (6, ["29 Jan", "01:00", "02:00", "03:00", "04:00", "05:00", "06:00"]),
        (48, ["29 Jan", "06:00", "12:00", "18:00", "30 Jan", "06:00", "12:00", "18:00", "31 Jan"]),
        (96, ["29 Jan", "12:00", "30 Jan", "12:00", "31 Jan", "12:00", "1 Feb", "12:00", "2 Feb"]),
    ],
)
def test_times_are_whole_in_utc(hours: int, labels: list[str]) -> None:
    ticks = time_ticks(START_NS, START_NS + hours * HOUR_NS)
    assert [tick.label for tick in ticks] == labels


def test_a_year_has_few_ticks() -> None:
    assert 2 <= len(time_ticks(START_NS, START_NS + 365 * DAY_NS)) <= 10


def test_a_span_reaches_to_the_rows_beside_it() -> None:
    flags = [False, True, True, False, False, False, True]
    spans = spans_where(range(7), flags, "unknown", "unknown")
    assert [(span.start_ns, span.end_ns) for span in spans] == [(0, 3), (5, 6)]
