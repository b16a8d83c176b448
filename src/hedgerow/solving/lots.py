"""From amounts of any size to whole lots: round in a few ways, then change one or two at a time.

The end of the search is a plan that no change of one lot in one or in two decisions betters, by the
programme's own arithmetic.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hedgerow.solving.programme import Programme
from hedgerow.solving.records import Decisions, Floats

__all__ = [
    "BETTER_USD",
    "EXCESS_FRAC_MAX",
    "HELD_FRAC",
    "WHOLE_COUNT",
    "Steps",
    "in_fewer",
    "in_lots",
    "judged",
    "mended",
    "merit",
]

# What a bound may be broken by, over its scale, and still count as held: what is left of zero.
EXCESS_FRAC_MAX = 1e-7

# Plans judged at once: enough to be quick, few enough to stay in the cache.
_BATCH = 4_096
# What a change must save to be one: above the last bits of sums of millions of dollars (1e-10),
# below anything that is paid. With nothing here, equal plans would be taken in turn for ever.
BETTER_USD = 1e-9
# An excess, over its scale, that is what summing leaves of zero: some 1e-15 a term. Far above that,
# lest a plan be kept for a bit that a cheaper one lacks; a hundredth of `EXCESS_FRAC_MAX`, lest
# what is held here be broken there. Between, anything does: tests pass from 1e-13 to 1e-6.
HELD_FRAC = 1e-9
# A tenth of that: excesses that differ by less are compared by their cost.
_EXCESS_DECIMALS = 10
# Two excesses are told to those decimals; a float's last bits are no difference between them.
_NEARER_FRAC = 1e-12
# Of a lot: an end so near to a whole one is that, and does not lose it to its last bits.
WHOLE_COUNT = 1e-9


class Steps(NamedTuple):
    """Decisions counted in lots: the lot, the ends in whole lots, and which are counted at all."""

    lot: Floats
    low: Floats
    high: Floats
    is_counted: NDArray[np.bool_]

    @classmethod
    def of(cls, decisions: Decisions) -> "Steps":
        """Count; what may be any amount is counted in units of one."""
        is_counted = decisions.lot_amount > 0
        lot = np.where(is_counted, decisions.lot_amount, 1.0)
        low, high = decisions.low_amount, decisions.high_amount
        return cls(
            lot=lot,
            low=np.where(is_counted, np.ceil(low / lot - WHOLE_COUNT), low),
            high=np.where(is_counted, np.floor(high / lot + WHOLE_COUNT), high),
            is_counted=is_counted,
        )

    @property
    def movable_index(self) -> NDArray[np.int64]:
        """The decisions that are counted."""
        return np.flatnonzero(self.is_counted)

    def counted(self, amounts: Floats) -> Floats:
        """Give amounts as counts, whole where they are of lots."""
        return np.where(self.is_counted, np.round(amounts / self.lot), amounts / self.lot)


def in_lots(programme: Programme, start_amount: Floats) -> Floats:
    """Give whole lots near amounts that need not be: within bounds, and mended lot by lot."""
    steps = Steps.of(programme.decisions)
    counts = start_amount / steps.lot
    ways = [
        np.round(counts),
        np.trunc(counts),
        np.where(counts > 0, np.ceil(counts), np.floor(counts)),
    ]
    plans = np.array(
        [np.clip(np.where(steps.is_counted, way, counts), steps.low, steps.high) for way in ways]
    )
    excess, usd = judged(programme, plans, steps)
    best = plans[np.lexsort((usd, excess))[0]]
    return np.asarray(mended(programme, best, steps) * steps.lot)


def merit(programme: Programme, plan_amount: Floats) -> tuple[float, float]:
    """Give what plans are compared by: the excess, none where bounds count as held; the cost."""
    plan = plan_amount[np.newaxis, :]
    excess = float(programme.excess_frac(plan)[0])
    return (0.0 if excess <= EXCESS_FRAC_MAX else excess, float(programme.usd(plan)[0]))


def in_fewer(programme: Programme, start_amount: Floats) -> Floats:
    """Join decisions where one does as well as two, at the same cost: a leg less to be done.

    Two accounts that trade one book at one price are the example: a solver's corner may be at both.
    """
    steps = Steps.of(programme.decisions)
    counts = steps.counted(start_amount)
    while True:
        used = np.flatnonzero(steps.is_counted & (counts != 0.0))
        gone, into = (each.ravel() for each in np.meshgrid(used, used, indexing="ij"))
        gone, into = gone[gone != into], into[gone != into]
        plans = np.tile(counts, (len(gone), 1))
        each = np.arange(len(gone))
        plans[each, into] += np.round(counts[gone] * steps.lot[gone] / steps.lot[into])
        plans[each, gone] = 0.0
        plans = plans[np.all((plans >= steps.low) & (plans <= steps.high), axis=1)]
        excess, usd = judged(programme, np.vstack([counts, plans]), steps)
        as_good = (excess[1:] <= excess[0]) & (usd[1:] <= usd[0] + BETTER_USD)
        if not np.any(as_good):
            return np.asarray(counts * steps.lot)
        counts = mended(programme, plans[int(np.argmax(as_good))], steps)


def judged(programme: Programme, plans_count: Floats, steps: Steps) -> tuple[Floats, Floats]:
    """Give the excess of each plan, without its last bits, and what it costs."""
    amounts = plans_count * steps.lot
    return _excess_frac(programme, amounts), programme.usd(amounts)


def _excess_frac(programme: Programme, amounts: Floats) -> Floats:
    """Give the excess of each plan, without the last bits that would hide a cheaper change."""
    excess = programme.excess_frac(amounts)
    return np.where(excess <= HELD_FRAC, 0.0, np.round(excess, _EXCESS_DECIMALS))


def mended(programme: Programme, start_count: Floats, steps: Steps) -> Floats:
    """Take the best change of one lot in one or two decisions until there is none."""
    counts = start_count
    (excess,), (usd,) = judged(programme, counts[np.newaxis, :], steps)
    singles, pairs = _moves(len(counts), steps.movable_index)
    while True:
        for moves in (singles, pairs):
            found = _best(programme, counts, moves, steps)
            if found is None:
                continue
            better, better_excess, better_usd = found
            is_nearer = better_excess < excess - _NEARER_FRAC
            if is_nearer or (better_excess <= excess and better_usd < usd - BETTER_USD):
                move = better - counts
                counts, excess, usd = better, better_excess, better_usd
                # What helps once may help a hundred times: twice as far each time, while it does.
                while True:
                    move = 2.0 * move
                    further = counts + move
                    if np.any((further < steps.low) | (further > steps.high)):
                        break
                    (then_excess,), (then_usd,) = judged(programme, further[np.newaxis, :], steps)
                    if (then_excess, then_usd) >= (excess, usd - BETTER_USD):
                        break
                    counts, excess, usd = further, then_excess, then_usd
                break
        else:
            return counts


def _best(
    programme: Programme, plan_count: Floats, moves_count: Floats, steps: Steps
) -> tuple[Floats, float, float] | None:
    best: tuple[Floats, float, float] | None = None
    for first in range(0, len(moves_count), _BATCH):
        plans = plan_count + moves_count[first : first + _BATCH]
        plans = plans[np.all((plans >= steps.low) & (plans <= steps.high), axis=1)]
        if not len(plans):
            continue
        excess = _excess_frac(programme, plans * steps.lot)
        # Cost tells only between plans that keep their bounds equally well.
        nearest = plans[excess == excess.min()]
        usd = programme.usd(nearest * steps.lot)
        at = int(np.argmin(usd))
        found = nearest[at], float(excess.min()), float(usd[at])
        if best is None or found[1:] < best[1:]:
            best = found
    return best


def _moves(count: int, movable_index: NDArray[np.int64]) -> tuple[Floats, Floats]:
    """Give every change of one lot in one decision, and in two."""
    one = np.zeros((2 * len(movable_index), count))
    one[np.arange(len(movable_index)), movable_index] = 1.0
    one[len(movable_index) + np.arange(len(movable_index)), movable_index] = -1.0
    left, right = np.triu_indices(len(movable_index), 1)
    two = np.zeros((4 * len(left), count))
    rows = np.arange(len(left))
    for k, (a, b) in enumerate(((1.0, 1.0), (1.0, -1.0), (-1.0, 1.0), (-1.0, -1.0))):
        two[k * len(left) + rows, movable_index[left]] = a
        two[k * len(left) + rows, movable_index[right]] = b
    return one, two
