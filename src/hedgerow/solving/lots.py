"""From amounts of any size to whole lots: round in a few ways, then change one or two at a time.

The end of the search is a plan that no change of one lot in one or in two decisions betters, by the
programme's own arithmetic.
"""

import numpy as np
from numpy.typing import NDArray

from hedgerow.solving.programme import Programme
from hedgerow.solving.records import Floats

__all__ = ["in_lots"]

# Plans judged at once: enough to be quick, few enough to stay in the cache.
_BATCH = 4_096
_BETTER_USD = 1e-9
_HELD_FRAC = 1e-9
_EXCESS_DECIMALS = 10


def in_lots(programme: Programme, start_amount: Floats) -> Floats:
    """Give whole lots near amounts that need not be: within bounds, and mended lot by lot."""
    decisions = programme.decisions
    lot = np.where(decisions.lot_amount > 0, decisions.lot_amount, 1.0)
    is_counted = decisions.lot_amount > 0
    low = np.where(is_counted, np.ceil(decisions.low_amount / lot - 1e-9), decisions.low_amount)
    high = np.where(is_counted, np.floor(decisions.high_amount / lot + 1e-9), decisions.high_amount)
    counts = start_amount / lot
    ways = [
        np.round(counts),
        np.trunc(counts),
        np.where(counts > 0, np.ceil(counts), np.floor(counts)),
    ]
    plans = np.array([np.clip(np.where(is_counted, way, counts), low, high) for way in ways])
    excess, usd = _judged(programme, plans * lot)
    best = plans[np.lexsort((usd, excess))[0]]
    return _mended(programme, best, lot, low, high, np.flatnonzero(is_counted))


def _judged(programme: Programme, amounts: Floats) -> tuple[Floats, Floats]:
    return _excess_frac(programme, amounts), programme.usd(amounts)


def _excess_frac(programme: Programme, amounts: Floats) -> Floats:
    """Give the excess of each plan, without the last bits that would hide a cheaper change."""
    excess = programme.excess_frac(amounts)
    return np.where(excess <= _HELD_FRAC, 0.0, np.round(excess, _EXCESS_DECIMALS))


def _mended(
    programme: Programme,
    counts: Floats,
    lot: Floats,
    low: Floats,
    high: Floats,
    movable: NDArray[np.int64],
) -> Floats:
    """Take the best change of one lot in one or two decisions until there is none."""
    (excess,), (usd,) = _judged(programme, counts[np.newaxis, :] * lot)
    singles, pairs = _moves(len(counts), movable)
    while True:
        for moves in (singles, pairs):
            found = _best(programme, counts, moves, lot, low, high)
            if found is None:
                continue
            better, better_excess, better_usd = found
            is_nearer = better_excess < excess - 1e-12
            if is_nearer or (better_excess <= excess and better_usd < usd - _BETTER_USD):
                move = better - counts
                counts, excess, usd = better, better_excess, better_usd
                # What helps once may help a hundred times: twice as far each time, while it does.
                while True:
                    move = 2.0 * move
                    further = counts + move
                    if np.any((further < low) | (further > high)):
                        break
                    (then_excess,), (then_usd,) = _judged(programme, further[np.newaxis, :] * lot)
                    if (then_excess, then_usd) >= (excess, usd - _BETTER_USD):
                        break
                    counts, excess, usd = further, then_excess, then_usd
                break
        else:
            return np.asarray(counts * lot)


def _best(
    programme: Programme, counts: Floats, moves: Floats, lot: Floats, low: Floats, high: Floats
) -> tuple[Floats, float, float] | None:
    best: tuple[Floats, float, float] | None = None
    for first in range(0, len(moves), _BATCH):
        plans = counts + moves[first : first + _BATCH]
        plans = plans[np.all((plans >= low) & (plans <= high), axis=1)]
        if not len(plans):
            continue
        excess = _excess_frac(programme, plans * lot)
        # Cost tells only between plans that keep their bounds equally well.
        nearest = plans[excess == excess.min()]
        usd = programme.usd(nearest * lot)
        at = int(np.argmin(usd))
        found = nearest[at], float(excess.min()), float(usd[at])
        if best is None or found[1:] < best[1:]:
            best = found
    return best


def _moves(count: int, movable: NDArray[np.int64]) -> tuple[Floats, Floats]:
    """Give every change of one lot in one decision, and in two."""
    one = np.zeros((2 * len(movable), count))
    one[np.arange(len(movable)), movable] = 1.0
    one[len(movable) + np.arange(len(movable)), movable] = -1.0
    left, right = np.triu_indices(len(movable), 1)
    two = np.zeros((4 * len(left), count))
    rows = np.arange(len(left))
    for k, (a, b) in enumerate(((1.0, 1.0), (1.0, -1.0), (-1.0, 1.0), (-1.0, -1.0))):
        two[k * len(left) + rows, movable[left]] = a
        two[k * len(left) + rows, movable[right]] = b
    return one, two
