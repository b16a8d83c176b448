"""Close in on a root between two places, where what is asked is dear and may jump.

References
----------
I. Oliveira and R. Takahashi (2020), An enhancement of the bisection method average performance
preserving minmax optimality, ACM Transactions on Mathematical Software 47 (ITP).
"""

from collections.abc import Callable
from decimal import Decimal
from math import ceil, log2
from typing import NamedTuple

from hedgerow.errors import Failure, Outcome
from hedgerow.units import to_model

__all__ = ["Place", "closed_in", "root_of"]


class Place(NamedTuple):
    """A place on a line, and the headroom there."""

    at: float
    room_ccy: Decimal


def closed_in(
    headroom_ccy: Callable[[float], Outcome[Decimal]],
    near: Place,
    far: Place,
    *,
    tolerance_coordinate: float,
) -> Outcome[tuple[Place, Place]]:
    """Narrow two places on either side of a root down to a width of `tolerance_coordinate`.

    At most one question more than bisection to the same width takes, whatever jumps the headroom
    makes, and about half of them or fewer where it is smooth.

    Parameters
    ----------
    near, far
        In one of them there is headroom (none counts as some), in the other it is negative.

    Returns
    -------
    tuple or Failure
        What `near` and `far` have come to, in this order.
    """
    assert (near.room_ccy >= 0) is not (far.room_ccy >= 0), f"no root between {near} and {far}"
    # From here on a place is told by where it lies between the two, from 0 to 1.
    start, width = near.at, far.at - near.at
    share = tolerance_coordinate / abs(width)
    low, high = 0.0, 1.0
    low_room, high_room = to_model(near.room_ccy), to_model(far.room_ccy)
    is_safe_near = near.room_ccy >= 0
    left = ceil(log2(max(1.0, 1.0 / share))) + 1
    while high - low > share:
        middle = 0.5 * (low + high)
        secant = (low_room * high - high_room * low) / (low_room - high_room)
        side = 1.0 if middle >= secant else -1.0
        nudge = 0.2 * (high - low) ** 2
        place = secant + side * nudge if nudge <= abs(middle - secant) else middle
        # As far from the middle as bisection could still make good in what is left, less a hair
        # for rounding.
        slack = 0.4999 * share * 2.0**left - 0.5 * (high - low)
        if abs(place - middle) > slack:
            place = middle - side * slack
        room_ccy = headroom_ccy(start + place * width)
        if isinstance(room_ccy, Failure):
            return room_ccy
        if (room_ccy >= 0) is is_safe_near:
            low, low_room = place, to_model(room_ccy)
            near = Place(start + place * width, room_ccy)
        else:
            high, high_room = place, to_model(room_ccy)
            far = Place(start + place * width, room_ccy)
        left -= 1
    return near, far


def root_of(
    of: Callable[[float], float],
    low_coordinate: float,
    high_coordinate: float,
    *,
    tolerance_coordinate: float,
) -> float:
    """Give where a model's number passes zero; at one end it is negative, at the other not."""

    def room(at: float) -> Outcome[Decimal]:
        return Decimal(of(at))

    ends = (Place(at, Decimal(of(at))) for at in (low_coordinate, high_coordinate))
    closed = closed_in(room, *ends, tolerance_coordinate=tolerance_coordinate)
    assert not isinstance(closed, Failure)
    return 0.5 * (closed[0].at + closed[1].at)
