"""Where along a direction an account is asked for first: a grid, and what a grid would step over.

A grid that is fine near the present market serves whatever bends slowly. Two things do not: moments
at which something expires or begins to settle, and prices at which an option is near its strike on
its last days, where its value bends within a deviation of what time is left to it. A venue that
scans prices sees a strike from as far off as it scans.
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Final, NamedTuple

from hedgerow.errors import Failure
from hedgerow.instruments import Instrument, Option, expiry_of
from hedgerow.market import Snapshot
from hedgerow.portfolio import Account
from hedgerow.solvency.records import Direction
from hedgerow.units import DAY_NS, SECOND_NS, to_model

__all__ = ["places_of"]

_CROWDING: Final = 3.0  # how much finer the grid is near home: the sinh of this over itself
_ASIDE_NS: Final = SECOND_NS
_SCANNED_LOG: Final = 0.3  # how far off a strike is felt: venues scan a third up and down at most
_STEP_LOG_MIN: Final = 0.02  # strikes, and the prices of a scan, hardly lie nearer to each other
_FINE_COUNT: Final = 14  # of places on a side, in a grid that steps as finely as strikes ask


class _Zone(NamedTuple):
    """From where to where a strike is felt, and a step that does not pass over it.

    Logs of a price, roots of days: those of `Direction.coordinate`.
    """

    low_coordinate: float
    high_coordinate: float
    step_coordinate: float


def places_of(
    direction: Direction,
    account: Account,
    instruments: Mapping[str, Instrument],
    snapshot: Snapshot,
    *,
    side_count: int,
) -> list[float]:
    """Give coordinates on both sides of the present market, which is not among them, in order.

    Parameters
    ----------
    instruments
        Terms by id, of every position held and every order that rests.
    side_count
        How many places the grid has on each side; with fewer, strikes are looked at less closely.
    """
    names = {each.instrument_id for each in account.positions}
    names |= {each.instrument_id for each in account.orders}
    held = [instruments[name] for name in sorted(names)]
    places = set(_grid(direction, side_count))
    if direction.kind == "time":
        places.update(_moments(direction, held, snapshot))
    if direction.kind in ("spot", "basis"):
        zones = [zone for terms in held for zone in _felt(direction, terms, snapshot)]
        places.update(_parted(sorted({*places, 0.0}), zones, _FINE_COUNT / side_count))
    return sorted(places)


def _grid(direction: Direction, side_count: int) -> Iterator[float]:
    for edge in (direction.coordinate(move) for move in direction.span):
        if edge != 0.0:
            steps = (n / side_count for n in range(1, side_count + 1))
            yield from (edge * math.sinh(_CROWDING * n) / math.sinh(_CROWDING) for n in steps)


def _moments(
    direction: Direction, held: Iterable[Instrument], snapshot: Snapshot
) -> Iterator[float]:
    """Give both sides of every moment at which something expires, or begins to settle."""
    latest = direction.coordinate(direction.span[1])
    now_ns = snapshot.time_ns + snapshot.shock.time_forward_ns
    for terms in held:
        expiry_ns = expiry_of(terms)
        if expiry_ns is None:
            continue
        settles_ns = expiry_ns - (terms.averaging_ns if isinstance(terms, Option) else 0)
        for ahead_ns in (settles_ns - now_ns, expiry_ns - now_ns):
            if ahead_ns <= _ASIDE_NS:
                continue
            for side_ns in (ahead_ns - _ASIDE_NS, ahead_ns + _ASIDE_NS):
                at = direction.coordinate(side_ns / DAY_NS)
                if at < latest:
                    yield at


def _felt(direction: Direction, terms: Instrument, snapshot: Snapshot) -> Iterator[_Zone]:
    """Give the zone of an option's strike, where the direction moves its forward."""
    if not isinstance(terms, Option):
        return
    beta, mark = direction.beta_frac.get(terms.underlying, 0.0), snapshot.option(terms)
    if beta == 0.0 or isinstance(mark, Failure):
        return
    strike_log = math.log(to_model(terms.strike_usd) / mark.forward_usd)
    low, high = sorted((strike_log + side * _SCANNED_LOG) / beta for side in (-1.0, 1.0))
    deviation_log = mark.vol_frac * math.sqrt(mark.expiry_years)
    yield _Zone(low, high, max(deviation_log, _STEP_LOG_MIN) / abs(beta))


def _parted(
    places_coordinate: Sequence[float], zones: Sequence[_Zone], scale_frac: float
) -> Iterator[float]:
    """Give what parts the gaps within a zone that are wider than its step."""
    for left, right in pairwise(places_coordinate):
        steps = [step for low, high, step in zones if low < right and left < high]
        count = round((right - left) / (scale_frac * min(steps))) if steps else 1
        yield from (left + (right - left) * n / count for n in range(1, count))
