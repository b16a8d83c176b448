"""Averages of an index over time, which is what options settle against.

Deribit and Derive settle an option at the mean of the index over its last 30 minutes. Of a window
that has begun, the part gone by is known as far as the index was heard: each price holds until the
next one, and none for longer than a minute. A price that moves at a vol of 100 % strays by 0.14 %
in a minute, which is a thirtieth of the window: half a ten-thousandth of the average, and half a
tick of an option. Over a longer silence nothing is said of the average.

Inside the window the average A is ``(1 - f) A_obs + f F``, f the fraction of the window that is
left, and only the part still to come moves: a shock of spot comes now, so it does not move what is
observed by now. Its deviation is ``f F σ √(T/3)`` dollars, which is so much of A; that the ratio of
F to A changes with a shock is of second order in what is a third of a per cent, and left out. Where
the index was not heard, the observed part is taken at the forward before the shock.

References
----------
Deribit, Knowledge Base, "Settlement": the delivery price is the time-weighted average of the index
from 07:30 to 08:00 UTC. derivexyz/v2-core, src/feeds/LyraForwardFeed.sol @ 7736900d39: the settled
part of a forward is fixed, and only the rest moves with spot.
"""

import math
from collections.abc import Sequence
from decimal import Decimal
from itertools import pairwise
from typing import Final, NamedTuple

from hedgerow.errors import Failure, Outcome
from hedgerow.market.records import IndexPrice
from hedgerow.units import HOUR_NS, MINUTE_NS, SECOND_NS, format_ns

__all__ = [
    "HEARD_NS",
    "HOLE_NS_MAX",
    "AverageForward",
    "average_forward",
    "average_observed_usd",
    "time_weighted_usd",
]

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


class AverageForward(NamedTuple):
    """The forward of an average, and its vol in plain time over that of the price averaged."""

    average_usd: float
    vol_scale_frac: float


def average_forward(
    forward_usd: float,
    *,
    shock_factor_frac: float,
    open_now_frac: float,
    open_frac: float,
    observed_usd: float | None,
) -> AverageForward:
    """Give the forward and the vol of a settlement average inside its window.

    Parameters
    ----------
    forward_usd
        Of the expiry, after a shock of `shock_factor_frac`.
    open_now_frac, open_frac
        What is left of the window now, and at the time the option is valued at; at most one.
    observed_usd
        The average so far; None where the window has not begun or was not heard.
    """
    before_usd = forward_usd / shock_factor_frac
    if observed_usd is None:
        average_usd = before_usd * (1.0 + open_now_frac * (shock_factor_frac - 1.0))
        ratio = 1.0
    else:
        average_usd = open_now_frac * forward_usd + (1.0 - open_now_frac) * observed_usd
        whole_usd = open_now_frac * before_usd + (1.0 - open_now_frac) * observed_usd
        ratio = before_usd / whole_usd if whole_usd else 1.0
    # Never more than one, as A is never less than what is open of F.
    return AverageForward(average_usd, open_frac * ratio / math.sqrt(3.0))
