"""Time is an integer; years have 365 days."""

import pytest

from hedgerow.units import (
    DAY_NS,
    SECOND_NS,
    YEAR_NS,
    date_utc,
    format_ns,
    parse_ns,
    years_between,
)


def test_a_year_has_31_536_000_seconds() -> None:
    assert YEAR_NS == 31_536_000 * SECOND_NS
    assert years_between(0, YEAR_NS) == 1.0
    assert years_between(73 * DAY_NS, 0) == -0.2


@pytest.mark.parametrize(
    ("text", "time_ns"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("1970-01-01T00:00:01+00:00", SECOND_NS),
        ("1970-01-01T02:00:00+02:00", 0),
        ("1970-01-01", 0),
        ("1969-12-31T23:59:59.5Z", -SECOND_NS // 2),
        ("2026-02-05T21:29:00.000001Z", 1_770_326_940 * SECOND_NS + 1_000),
    ],
)
def test_reading(text: str, time_ns: int) -> None:
    assert parse_ns(text) == time_ns


def test_writing_cuts_to_the_second() -> None:
    assert format_ns(1_770_326_940 * SECOND_NS + 999_999_999) == "2026-02-05T21:29:00Z"
    assert date_utc(1_770_326_940 * SECOND_NS) == "2026-02-05"
    assert format_ns(-1) == "1969-12-31T23:59:59Z"


def test_what_is_no_time_is_refused() -> None:
    with pytest.raises(ValueError, match="yesterday"):
        parse_ns("yesterday")
