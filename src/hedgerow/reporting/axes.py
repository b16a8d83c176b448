"""Ticks that a person would have chosen: 1, 2 or 5 of something, or hours and days of UTC."""

import math
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import NamedTuple

from hedgerow.units import DAY_NS, HOUR_NS, MINUTE_NS, SECOND_NS

__all__ = ["Scale", "TimeTick", "scale_for", "time_ticks"]

_TIME_STEPS_NS = (
    *(minutes * MINUTE_NS for minutes in (1, 5, 15, 30)),
    *(hours * HOUR_NS for hours in (1, 2, 3, 6, 12)),
    *(days * DAY_NS for days in (1, 2, 7, 14, 28, 91, 182, 364)),
)
_STEPS_COUNT_MAX = 9
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


# Drawing shapes are tuples, not records: their unit is that of whatever is drawn.
class Scale(NamedTuple):
    """The vertical axis: its ends, its ticks, and the decimals that tell them apart."""

    low: float
    high: float
    ticks: tuple[float, ...]
    decimals: int

    def down_frac(self, value: float) -> float:
        """Where a value lies, from 0 at the top to 1 at the bottom."""
        return (self.high - value) / (self.high - self.low)


class TimeTick(NamedTuple):
    """One tick of the time axis. Those that are not major may go where room is short."""

    time_ns: int
    label: str
    is_major: bool


def scale_for(values: Iterable[float | None], *, with_zero: bool, ticks_count: int = 5) -> Scale:
    """Choose the axis for some values.

    >>> scale_for([3.0, 97.0], with_zero=True).ticks
    (0.0, 20.0, 40.0, 60.0, 80.0, 100.0)
    """
    known = [value for value in values if value is not None and math.isfinite(value)]
    if with_zero or not known:
        known.append(0.0)
    low, high = min(known), max(known)
    if high - low <= max(1e-9, 1e-12 * max(abs(low), abs(high))):
        # A flat line gets an axis around it, else it would divide by nothing.
        pad = max(abs(high) * 0.05, 1.0)
        low, high = (0.0, 1.0) if with_zero else (low - pad, high + pad)
    rough = (high - low) / ticks_count
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(m * power for m in (1.0, 2.0, 2.5, 5.0, 10.0) if m * power >= rough * (1 - 1e-9))
    # Ticks are whole steps; the ends lie a little beyond the values, not at the next whole step,
    # which would squeeze the lines. An end at zero stays there.
    room = 0.05 * (high - low)
    low -= room if low != 0 else 0.0
    high += room if high != 0 else 0.0
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    decimals = max(0, -math.floor(math.log10(step) + 1e-9))
    if round(step, decimals) != step and step / power == 2.5:
        decimals += 1
    ticks = tuple(round(n * step, decimals + 2) for n in range(first, last + 1))
    # A tick may lie a last digit beyond the end that it stands on.
    return Scale(min(low, ticks[0]), max(high, ticks[-1]), ticks, decimals)


def _label(time_ns: int, step_ns: int) -> str:
    moment = datetime.fromtimestamp(time_ns // SECOND_NS, UTC)
    if step_ns < DAY_NS and time_ns % DAY_NS:
        return f"{moment.hour:02}:{moment.minute:02}"
    return f"{moment.day} {_MONTHS[moment.month - 1]}"


def time_ticks(start_ns: int, end_ns: int) -> tuple[TimeTick, ...]:
    """Choose about ten times at most, whole in UTC; midnights are labelled by date."""
    length_ns = max(end_ns - start_ns, 1)
    step_ns = next(
        (step for step in _TIME_STEPS_NS if length_ns / step <= _STEPS_COUNT_MAX),
        _TIME_STEPS_NS[-1],
    )
    first = -(-start_ns // step_ns)
    numbers = range(first, end_ns // step_ns + 1)
    return tuple(
        TimeTick(n * step_ns, _label(n * step_ns, step_ns), (n - first) % 2 == 0) for n in numbers
    )
