"""Averages of an index over time, which is what options settle against.

Deribit and Derive settle an option at the mean of the index over its last 30 minutes. Of a window
that has begun, the part gone by is known as far as the index was heard: each price holds until the
next one, and none for longer than a minute. A price that moves at a vol of 100 % strays by 0.14 %
in a minute, which is a thirtieth of the window: half a ten-thousandth of the average, and half a
tick of an option. Over a longer silence nothing is said of the average.

References
----------
Deribit, Knowledge Base, "Settlement": the delivery price is the time-weighted average of the index
from 07:30 to 08:00 UTC. derivexyz/v2-core, src/feeds/LyraForwardFeed.sol @ 7736900d39: the settled
part of a forward is fixed, and only the rest moves with spot.
"""

from collections.abc import Sequence
from decimal import Decimal
from itertools import pairwise
from typing import Final

from hedgerow.errors import Failure, Outcome
from hedgerow.market.records import IndexPrice
from hedgerow.units import HOUR_NS, MINUTE_NS, SECOND_NS, format_ns

__all__ = ["HEARD_NS", "HOLE_NS_MAX", "average_observed_usd", "time_weighted_usd"]

HOLE_NS_MAX: Final = MINUTE_NS
"""For how long a price may hold."""

HEARD_NS: Final = 2 * HOUR_NS
"""How far back an index is kept: longer than any averaging window of a listed contract."""


def time_weighted_usd(
    steps: Sequence[tuple[int, Decimal]], *, start_ns: int, end_ns: int
) -> Decimal | None:
    """Average over a window, each price holding until the next one.

    Parameters
    ----------
    steps
        Times and prices in order of time.

    Returns
    -------
    Decimal or None
        A window that begins before the first price is averaged from that price on; one of no length
        has the price that held. None where there was no price by its end.
    """
    known = [(at, price) for at, price in steps if at <= end_ns]
    if not known:
        return None
    total, weight_ns = Decimal(0), 0
    ends = [at for at, _ in known[1:]] + [end_ns]
    for (at, price), until in zip(known, ends, strict=True):
        held_ns = max(0, until - max(at, start_ns))
        total += price * held_ns
        weight_ns += held_ns
    return total / weight_ns if weight_ns else known[-1][1]


def average_observed_usd(
    coin: str, heard: Sequence[IndexPrice], *, start_ns: int, now_ns: int
) -> Outcome[Decimal]:
    """Average an index from the beginning of a window until now.

    Parameters
    ----------
    heard
        The coin's index, in order of time, none of it after now.
    start_ns
        Before `now_ns`.

    Returns
    -------
    Decimal or Failure
        A failure where the index was silent for longer than `HOLE_NS_MAX`; it says when.
    """
    before = [index.time_ns for index in heard if index.time_ns <= start_ns]
    within = [index.time_ns for index in heard if index.time_ns > start_ns]
    for since_ns, until_ns in pairwise((*(before[-1:] or [start_ns]), *within, now_ns)):
        if until_ns - since_ns > HOLE_NS_MAX:
            return Failure(
                subject=coin,
                reason="missing_data",
                message=f"index of {coin} was not heard from {format_ns(since_ns)} to "
                f"{format_ns(until_ns)}, inside a settlement window, and a price holds for "
                f"{HOLE_NS_MAX / SECOND_NS:.0f} s",
            )
    steps = [(index.time_ns, index.price_usd) for index in heard]
    average = time_weighted_usd(steps, start_ns=start_ns, end_ns=now_ns)
    if average is None:
        return Failure(
            subject=coin,
            reason="missing_data",
            message=f"no index of {coin} since {format_ns(start_ns)}, inside a settlement window",
        )
    return average
