"""What a recording says of a perpetual's carry: rates, the marks of their intervals, the basis."""

from pathlib import Path
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from hedgerow.app.structure_request import CarryAsked
from hedgerow.app.terms import time_ns
from hedgerow.errors import OutOfDomain, RecordingRejected, RequestRejected
from hedgerow.hedging.structures import CarryPast
from hedgerow.market import FundingSettlement, HourBars
from hedgerow.units import HOUR_NS, format_ns, parse_ns, to_model
from hedgerow.venues.recordings import read_funding, read_spot_hours

__all__ = ["Rates", "basis_of", "marked_past_of", "past_of", "read_rates"]

Floats: TypeAlias = NDArray[np.float64]
Integers: TypeAlias = NDArray[np.int64]

_FAR_NS = parse_ns("2200-01-01")


class Rates(NamedTuple):
    """Settlements of one perpetual, evenly apart."""

    time_ns: Integers
    funding_frac: Floats
    interval_ns: int


def read_rates(folder: Path, asked: CarryAsked) -> Rates:
    """Read the settlements of a venue and coin.

    Raises
    ------
    RequestRejected
        If the times asked for are none, or hold fewer than two settlements.
    RecordingRejected
        As `read_funding`, and where settlements are not evenly apart.
    """
    start_ns = 0 if asked.from_time is None else time_ns(asked.from_time, "--from-time")
    end_ns = _FAR_NS if asked.to_time is None else time_ns(asked.to_time, "--to-time")
    events = [
        event
        for event in read_funding(
            folder, start_ns=start_ns, end_ns=end_ns, underlyings=[asked.coin], venue=asked.venue
        )
        if isinstance(event, FundingSettlement)
    ]
    if len(events) < 2:
        raise RequestRejected(
            f"{len(events)} settlements of {asked.venue} {asked.coin} in the time asked for; a "
            "longer one is needed"
        )
    times = np.array([event.time_ns for event in events], dtype=np.int64)
    steps = np.diff(times)
    step = int(np.median(steps))
    if (steps != step).any():
        at = int(np.argmax(steps != step))
        raise RecordingRejected(
            f"settlements are not evenly apart: {format_ns(int(times[at]))} is followed by "
            f"{format_ns(int(times[at + 1]))}; leave that out with --from-time or --to-time"
        )
    return Rates(times, np.array([to_model(event.rate_frac) for event in events]), step)


def past_of(rates: Rates, asked: CarryAsked) -> CarryPast:
    """Give the past of all rates, marks left aside.

    Raises
    ------
    RequestRejected
        If it is too short.
    """
    try:
        return CarryPast(rates.funding_frac, rates.interval_ns / HOUR_NS)
    except OutOfDomain as bad:
        raise RequestRejected(f"the past of {asked.venue} {asked.coin}: {bad}") from bad


def marked_past_of(rates: Rates, bars: HourBars, asked: CarryAsked) -> tuple[CarryPast, int]:
    """Give the past whose marks are known, from their last hole on, and when that begins.

    Raises
    ------
    RequestRejected
        If it is too short, or no interval has all of its hours.
    """
    known, close, high = _intervals(rates, bars)
    # A step over a hole would be the move of more than one interval.
    last = len(known) - 1 - int(np.argmax(known[::-1]))
    holes = np.flatnonzero(~known[: last + 1])
    first = int(holes[-1]) + 1 if len(holes) else 0
    since_ns = int(rates.time_ns[first]) - rates.interval_ns
    kept = slice(int(np.count_nonzero(known[:first])), None)
    try:
        past = CarryPast(
            rates.funding_frac[first : last + 1],
            rates.interval_ns / HOUR_NS,
            close[kept],
            high[kept],
        )
        return past, since_ns
    except OutOfDomain as bad:
        raise RequestRejected(f"the past of {asked.venue} {asked.coin}: {bad}") from bad


def basis_of(bars: HourBars, asked: CarryAsked, interval_ns: int) -> Floats:
    """Give ln(mark/spot) at the ends of intervals for which both are known without a hole.

    Raises
    ------
    RequestRejected
        If the two have no hour in common.
    RecordingRejected
        As `read_spot_hours`.
    """
    assert asked.spots is not None
    spot = read_spot_hours(asked.spots, f"{asked.coin}USDT")
    _, ours, theirs = np.intersect1d(bars.open_ns, spot.open_ns, return_indices=True)
    ends = bars.open_ns[ours] + HOUR_NS
    kept = ends % interval_ns == 0
    if not kept.any():
        raise RequestRejected(f"--spots {asked.spots}: no hour in common with --marks")
    b = np.log(bars.price_close_usd[ours] / spot.price_close_usd[theirs])[kept]
    at = ends[kept]
    # From the last hole on: a step over a hole would be the move of more than one interval.
    holes = np.flatnonzero(np.diff(at) != interval_ns)
    return np.asarray(b[int(holes[-1]) + 1 :] if len(holes) else b)


def _intervals(rates: Rates, bars: HourBars) -> tuple[NDArray[np.bool_], Floats, Floats]:
    """Give which settlements end an interval with all of its hours, and its close and high."""
    count = rates.interval_ns // HOUR_NS
    # The hour that ends at a settlement, and the one that ends at the settlement before it.
    last = np.searchsorted(bars.open_ns, rates.time_ns - HOUR_NS)
    before = last - count
    safe = np.minimum(last, len(bars.open_ns) - 1)
    known = (before >= 0) & (bars.open_ns[safe] == rates.time_ns - HOUR_NS)
    start = bars.open_ns[np.maximum(before, 0)]
    known &= start == rates.time_ns - HOUR_NS - rates.interval_ns
    if not known.any():
        raise RequestRejected("--marks: no interval of these rates has all of its hours")
    base = bars.price_close_usd[before[known]]
    close = np.log(bars.price_close_usd[last[known]] / base)
    tops = np.stack([bars.price_high_usd[last[known] - k] for k in range(count)])
    return known, close, np.maximum(np.log(np.max(tops, axis=0) / base), np.maximum(close, 0.0))
