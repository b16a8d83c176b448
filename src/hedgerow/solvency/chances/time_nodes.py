"""At which times to ask where accounts break: where what they hold ages, and around its jumps.

An option that expires takes its requirement with it, or that of what it covered comes to bear, at
once or over the settlement window before. A boundary is straight between its times, so both sides
of each such moment are asked for; between them time is asked more seldom the farther it is, as
decay slows.
"""

from collections.abc import Iterable
from typing import Final

from hedgerow.errors import OutOfDomain
from hedgerow.instruments import Instrument, LoanDebt, LoanSupply, Option
from hedgerow.units import DAY_NS, HOUR_NS, SECOND_NS

__all__ = ["time_nodes_ns"]

_FROM_NOW_NS: Final = (HOUR_NS, 8 * HOUR_NS, DAY_NS, 3 * DAY_NS, 7 * DAY_NS, 14 * DAY_NS)
_BEFORE_NS: Final = SECOND_NS  # the near side of a jump


def time_nodes_ns(held: Iterable[Instrument], now_ns: int, horizon_ns: int) -> tuple[int, ...]:
    """Give times from now on, rising from 0 to the horizon; 0 alone where nothing ages.

    Raises
    ------
    OutOfDomain
        If the horizon is not ahead.
    """
    if horizon_ns <= 0:
        raise OutOfDomain(f"horizon_ns must be positive, was {horizon_ns}")
    kept = list(held)
    if not any(isinstance(each, Option | LoanDebt | LoanSupply) for each in kept):
        return (0,)
    moments = {0, horizon_ns, *_FROM_NOW_NS}
    for each in kept:
        if isinstance(each, Option):
            left_ns = each.expiry_ns - now_ns
            moments |= {
                left_ns - DAY_NS,
                left_ns - each.averaging_ns,
                left_ns - _BEFORE_NS,
                left_ns,
            }
    return tuple(sorted(each for each in moments if 0 <= each <= horizon_ns))
