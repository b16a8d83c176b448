"""Of which UTC day a moment of a run is."""

from hedgerow.units import date_utc

__all__ = ["day_of"]


def day_of(time_ns: int, *, start_ns: int) -> str:
    """Give the day of a moment, such as ``2026-02-05``: midnight is of the day that ends there.

    A run that starts at midnight starts the day that begins there.

    >>> midnight_ns = 1_770_249_600 * 10**9
    >>> day_of(midnight_ns, start_ns=midnight_ns - 1), day_of(midnight_ns, start_ns=midnight_ns)
    ('2026-02-04', '2026-02-05')
    """
    return date_utc(time_ns - 1 if time_ns > start_ns else time_ns)
