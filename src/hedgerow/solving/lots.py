"""From amounts of any size to whole lots: round in a few ways, then change one or two at a time.

The end of the search is a plan that no change of one lot in one or in two decisions betters, by the
programme's own arithmetic.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hedgerow.solving.pairs import Foreteller
from hedgerow.solving.programme import Programme, Tiers
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
# Figures in the plans of every change of two decisions, up to which all of them are judged: some
# hundred decisions. Beyond, only those are that may be the best (`pairs`).
_FIGURES_COUNT_MAX = 2_000_000
# What a change must save to be one: above the last bits of sums of millions of dollars (1e-10),
# below anything that is paid. With nothing here, equal plans would be taken in turn for ever.
BETTER_USD = 1e-9
# An excess, over its scale, that is what summing leaves of zero: some 1e-15 a term. Far above that,
# lest a plan be kept for a bit that a cheaper one lacks; a hundredth of `EXCESS_FRAC_MAX`, lest
# what is held here be broken there. Between, anything does: tests pass from 1e-13 to 1e-6.
HELD_FRAC = 1e-9
# Excesses to a tenth of that: those that differ by less are compared by their cost, lest last bits
# hide a cheaper change.
_TIERS = Tiers(HELD_FRAC, decimals=10)
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

    def are_inside(self, plans_count: Floats) -> NDArray[np.bool_]:
        """Say which plans, along the last axis, lie within the ends."""
        return np.asarray(np.all((plans_count >= self.low) & (plans_count <= self.high), axis=-1))

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
        for first in range(0, len(gone), _BATCH):
            some = slice(first, first + _BATCH)
            plans = _joined(counts, gone[some], into[some], steps)
            excess, usd = judged(programme, np.vstack([counts, plans]), steps)
            as_good = (excess[1:] <= excess[0]) & (usd[1:] <= usd[0] + BETTER_USD)
            if np.any(as_good):
                counts = mended(programme, plans[int(np.argmax(as_good))], steps)
                break
        else:
            return np.asarray(counts * steps.lot)


def _joined(
    plan_count: Floats, gone_index: NDArray[np.int64], into_index: NDArray[np.int64], steps: Steps
) -> Floats:
    """Give the plans in which one decision is gone and another does as much more, if it may."""
    plans = np.tile(plan_count, (len(gone_index), 1))
    each = np.arange(len(gone_index))
    plans[each, into_index] += np.round(
        plan_count[gone_index] * steps.lot[gone_index] / steps.lot[into_index]
    )
    plans[each, gone_index] = 0.0
    return plans[steps.are_inside(plans)]


def judged(programme: Programme, plans_count: Floats, steps: Steps) -> tuple[Floats, Floats]:
    """Give the excess of each plan, without its last bits, and what it costs."""
    amounts = plans_count * steps.lot
    return _TIERS.of(programme.excess_frac(amounts)), programme.usd(amounts)


def mended(programme: Programme, start_count: Floats, steps: Steps) -> Floats:
    """Take the best change of one lot in one or two decisions until there is none."""
    plan = _Plan.judged(programme, start_count, steps)
    changes = _Changes(programme, steps)
    while (better := _bettered(programme, plan, changes, steps)) is not None:
        plan = _as_far_as_it_helps(programme, plan, better, steps)
    return plan.lots_count


class _Plan(NamedTuple):
    """A plan counted in lots, by how much it breaks its bounds, and what it costs."""

    lots_count: Floats
    excess_frac: float
    usd: float

    @classmethod
    def judged(cls, programme: Programme, lots_count: Floats, steps: Steps) -> "_Plan":
        """Judge it."""
        (excess,), (usd,) = judged(programme, lots_count[np.newaxis, :], steps)
        return cls(lots_count, float(excess), float(usd))


def _bettered(programme: Programme, plan: _Plan, changes: "_Changes", steps: Steps) -> _Plan | None:
    """Give what the best change of one decision leads to, or of two where none of one betters."""
    for moves in changes.of(plan.lots_count):
        found = _best(programme, plan.lots_count, moves, steps)
        if found is None:
            continue
        is_nearer = found.excess_frac < plan.excess_frac - _NEARER_FRAC
        is_as_near = found.excess_frac <= plan.excess_frac
        if is_nearer or (is_as_near and found.usd < plan.usd - BETTER_USD):
            return found
    return None


def _as_far_as_it_helps(programme: Programme, was: _Plan, plan: _Plan, steps: Steps) -> _Plan:
    """Go on with a change: what helps once may help a hundred times.

    Twice as far each time, while it does and bounds allow it.
    """
    move = 2.0 * (plan.lots_count - was.lots_count)
    while steps.are_inside(plan.lots_count + move):
        further = _Plan.judged(programme, plan.lots_count + move, steps)
        if (further.excess_frac, further.usd) >= (plan.excess_frac, plan.usd - BETTER_USD):
            break
        plan, move = further, 2.0 * move
    return plan


def _best(programme: Programme, plan_count: Floats, moves: "_Moves", steps: Steps) -> _Plan | None:
    best: _Plan | None = None
    for first in range(0, len(moves.at_index), _BATCH):
        plans = moves.done(plan_count, first, first + _BATCH)
        plans = plans[steps.are_inside(plans)]
        if not len(plans):
            continue
        excess = _TIERS.of(programme.excess_frac(plans * steps.lot))
        # Cost tells only between plans that keep their bounds equally well.
        nearest = plans[excess == excess.min()]
        usd = programme.usd(nearest * steps.lot)
        at = int(np.argmin(usd))
        found = _Plan(nearest[at], float(excess.min()), float(usd[at]))
        if best is None or (found.excess_frac, found.usd) < (best.excess_frac, best.usd):
            best = found
    return best


class _Moves(NamedTuple):
    """Changes of lots in one decision, or in two: which (moves, one or two), and by how many."""

    at_index: NDArray[np.int64]
    change_count: Floats

    def done(self, plan_count: Floats, first: int, last: int) -> Floats:
        """Give the plans that some of them lead to."""
        at, change = self.at_index[first:last], self.change_count[first:last]
        plans = np.tile(plan_count + 0.0, (len(at), 1))  # a zero with a sign loses it
        plans[np.arange(len(at))[:, np.newaxis], at] += change
        return plans


class _Changes:
    """Every change of one lot in one decision and in two, that a programme's bounds may allow."""

    def __init__(self, programme: Programme, steps: Steps) -> None:
        # What its bounds fix is not tried, in no pair either.
        movable = np.flatnonzero(steps.is_counted & (steps.low < steps.high))
        self._steps, self._movable = steps, movable
        self._singles = _Moves(
            np.tile(movable, 2)[:, np.newaxis],
            np.repeat([1.0, -1.0], len(movable))[:, np.newaxis],
        )
        figures_count = 2 * len(movable) ** 2 * len(steps.lot)
        is_large = figures_count > _FIGURES_COUNT_MAX
        self._foreteller = Foreteller.of(programme) if is_large else None
        self._pairs: _Moves | None = None

    def of(self, plan_count: Floats) -> Iterator[_Moves]:
        """Give changes of one, and then of two, which are not written down before they are due."""
        yield self._singles
        yield self._of_two(plan_count)

    def _of_two(self, plan_count: Floats) -> _Moves:
        """Give changes of two: all, or of a large programme those that may be the best."""
        if self._foreteller is not None:
            return self._promising(self._foreteller, plan_count)
        if self._pairs is None:
            left, right = np.triu_indices(len(self._movable), 1)
            signs = np.array([(1.0, 1.0), (1.0, -1.0), (-1.0, 1.0), (-1.0, -1.0)])
            self._pairs = _Moves(
                np.tile(np.stack([self._movable[left], self._movable[right]], axis=1), (4, 1)),
                np.repeat(signs, len(left), axis=0),
            )
        return self._pairs

    def _promising(self, foreteller: Foreteller, plan_count: Floats) -> _Moves:
        steps = self._steps
        at, is_up = np.repeat(self._movable, 2), np.tile([True, False], len(self._movable))
        then = plan_count[at] + np.where(is_up, 1.0, -1.0)
        is_inside = (then >= steps.low[at]) & (then <= steps.high[at])
        found = foreteller.promising(
            plan_count * steps.lot,
            at[is_inside],
            is_up[is_inside],
            steps.lot,
            _TIERS,
        )
        return _Moves(
            np.stack([found.left_index, found.right_index], axis=1),
            np.stack([found.left_count, found.right_count], axis=1),
        )
