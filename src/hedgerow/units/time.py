"""UTC nanoseconds since 1970 as integers; years are ACT/365 fixed (31 536 000 s)."""

from datetime import UTC, datetime

__all__ = [
    "DAY_NS",
    "HOUR_NS",
    "MINUTE_NS",
    "SECOND_NS",
    "YEAR_HOURS",
    "YEAR_NS",
    "YEAR_S",
    "date_utc",
    "format_ns",
    "parse_ns",
    "years_between",
]

SECOND_NS = 1_000_000_000
MINUTE_NS = 60 * SECOND_NS
HOUR_NS = 60 * MINUTE_NS
DAY_NS = 24 * HOUR_NS
YEAR_NS = 365 * DAY_NS
YEAR_S = YEAR_NS // SECOND_NS
YEAR_HOURS = YEAR_NS / HOUR_NS


def years_between(start_ns: int, end_ns: int) -> float:
    """Give ACT/365 years from start to end; negative when the end lies before the start."""
    return (end_ns - start_ns) / YEAR_NS


def format_ns(time_ns: int) -> str:
    """Write ISO 8601 to the second, such as ``2026-02-05T21:29:00Z``."""
    return datetime.fromtimestamp(time_ns // SECOND_NS, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def date_utc(time_ns: int) -> str:
    """Write the UTC calendar day, such as ``2026-02-05``."""
    return datetime.fromtimestamp(time_ns // SECOND_NS, UTC).date().isoformat()


def parse_ns(text: str) -> int:
    """Read ISO 8601; a time without an offset is UTC.

    Raises
    ------
    ValueError
        If the text is not ISO 8601.
    """
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    whole = int(moment.replace(microsecond=0).timestamp())
    return whole * SECOND_NS + moment.microsecond * 1_000
