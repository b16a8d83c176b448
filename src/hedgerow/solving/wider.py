"""Changes of up to four decisions at once that undo most of what each other does.

Lots of fifty legs make a lattice in which a cheaper plan may lie behind changes that each make
things worse, out of the reach of one lot more or less in two legs, and branch and bound opens
nodes by the ten thousand before it is there. So every change of one or two decisions is written
down with what it moves in rows that have a price, and is paired with those that bring the rows
back nearest to where the relaxation has them (a tree of nearest neighbours, distances added up at
the rows' prices: what splitting a closest-vector search in two halves gives). Rows only foretell;
the best of what they foretell is judged by the programme's own arithmetic.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree

from hedgerow.solving.assembly import Matrix
from hedgerow.solving.lots import BETTER_USD, HELD_FRAC, Steps, judged, mended
from hedgerow.solving.programme import Programme
from hedgerow.solving.records import Floats
from hedgerow.solving.relaxed import PRICE_LEFT_USD, Relaxed

__all__ = ["wider"]

Places = NDArray[np.int64]

# How many lots a used decision is changed by at most; one that is not is tried with one lot.
_REACH_COUNT = 6
# Changes of one decision that are paired: 180 make some 16,000 changes of two. The cheapest ones.
_SINGLES_COUNT = 180
# Prices of so many rows guide the search: in more dimensions all neighbours are equally far.
_ROWS_COUNT = 8
_NEIGHBOURS_COUNT = 8
# So many are judged by the programme, in order of what was foretold.
_JUDGED_COUNT = 2_000
_ALONE_COUNT = 500
_ROUNDS_COUNT = 25


class _Rows(NamedTuple):
    """Rows that guide: what a lot moves in each, their ends, and what leaving them costs.

    Without a penalty of its own (infinite) a row is weighed by its price in the relaxation, which
    is what being further inside than need be costs.
    """

    figure_per_lot: Floats
    low_figure: Floats
    high_figure: Floats
    target_figure: Floats
    penalty_usd_per_figure: Floats
    dual_usd_per_figure: Floats

    @property
    def weight_usd_per_figure(self) -> Floats:
        """What a unit away from where the relaxation has it counts."""
        is_soft = np.isfinite(self.penalty_usd_per_figure)
        return np.where(is_soft, self.penalty_usd_per_figure, np.abs(self.dual_usd_per_figure))

    def outside(self, at_figure: Floats) -> Floats:
        """Give how far each level lies outside."""
        return np.maximum(np.maximum(self.low_figure - at_figure, at_figure - self.high_figure), 0)

    def penalty_usd(self, at_figure: Floats) -> Floats:
        """Price what is outside rows that may be left."""
        is_soft = np.isfinite(self.penalty_usd_per_figure)
        prices = np.where(is_soft, self.penalty_usd_per_figure, 0.0)
        return np.asarray(self.outside(at_figure) @ prices)

    def is_broken(self, at_figure: Floats) -> NDArray[np.bool_]:
        """Say where a row that may not be left is."""
        is_hard = np.isinf(self.penalty_usd_per_figure)
        span = np.max(np.abs(self.figure_per_lot), axis=1)
        return np.asarray(np.any((self.outside(at_figure) > HELD_FRAC * span) & is_hard, axis=-1))


def wider(programme: Programme, matrix: Matrix, free: Relaxed, start_amount: Floats) -> Floats:
    """Look for a cheaper plan in whole lots, from one that no change of a lot in two betters.

    Parameters
    ----------
    matrix, free
        The programme as rows, and its relaxation, whose prices guide the search.
    start_amount
        Where to begin: whole lots.

    Returns
    -------
    Floats
        A plan that is no worse, and that again no change of one lot in one or two betters.
    """
    steps = Steps.of(programme.decisions)
    rows = _guiding(matrix, free, steps)
    if rows is None or len(steps.movable_index) < 3:
        return start_amount
    counts = steps.counted(start_amount)
    for _ in range(_ROUNDS_COUNT):
        further = _round(programme, rows, counts, steps)
        if further is None:
            break
        counts = mended(programme, further, steps)
    return np.asarray(counts * steps.lot)


def _guiding(matrix: Matrix, free: Relaxed, steps: Steps) -> _Rows | None:
    """Take the rows over decisions that have a price in the relaxation, the dearest of them."""
    count = len(steps.lot)
    own = matrix.rows_figure_per_amount[:, :count].toarray() * steps.lot
    reach = np.max(np.abs(own), axis=1, initial=0.0)
    price = np.abs(free.row_price_usd_per_figure)
    at = np.flatnonzero((matrix.row_scale_figure > 0) & (reach > 0) & (price > PRICE_LEFT_USD))
    if not len(at):
        return None
    dearest = np.argsort(-price[at] * reach[at], kind="stable")[:_ROWS_COUNT]
    at = at[np.sort(dearest)]
    penalty = np.full(len(at), np.inf)
    # The slack of a row that may be left has the price of doing so.
    for k in np.flatnonzero(np.isinf(matrix.row_scale_figure[at])):
        slack = matrix.rows_figure_per_amount[[at[k]], count:].tocoo().coords[1]
        penalty[k] = np.max(matrix.cost_usd_per_amount[count:][slack], initial=0.0)
    low, high = matrix.row_low_figure[at], matrix.row_high_figure[at]
    level = own[at] @ (free.column_amount[:count] / steps.lot)
    return _Rows(
        figure_per_lot=own[at],
        low_figure=low,
        high_figure=high,
        target_figure=np.clip(level, low, high),
        penalty_usd_per_figure=penalty,
        dual_usd_per_figure=free.row_price_usd_per_figure[at],
    )


def _round(programme: Programme, rows: _Rows, lots_count: Floats, steps: Steps) -> Floats | None:
    """Give the best plan that a change of up to four decisions leads to, where it is better."""
    (was,), (was_usd,) = judged(programme, lots_count[np.newaxis, :], steps)
    at_figure = rows.figure_per_lot @ lots_count
    decision, change, usd = _singles(programme, rows, lots_count, steps)
    if not len(decision):
        return None
    # A change of nothing comes last, so that pairs stand for one change as well, and for none.
    moved = np.vstack(
        [rows.figure_per_lot[:, decision].T * change[:, np.newaxis], np.zeros(len(at_figure))]
    )
    usd = np.append(usd, 0.0)
    first, second = np.triu_indices(len(moved), 1)
    own = np.append(decision, -1)
    is_of_two = own[first] != own[second]
    first, second = first[is_of_two], second[is_of_two]
    by_two, usd_two = moved[first] + moved[second], usd[first] + usd[second]
    near_count = min(_NEIGHBOURS_COUNT, len(by_two))
    tree = KDTree(by_two * rows.weight_usd_per_figure)
    wanted = (rows.target_figure - at_figure - by_two) * rows.weight_usd_per_figure
    other = tree.query(wanted, k=near_count, p=1)[1].reshape(-1)
    one = np.repeat(np.arange(len(by_two)), near_count)
    then = at_figure + by_two[one] + by_two[other]
    foretold = usd_two[one] + usd_two[other] + rows.penalty_usd(then)
    order = np.lexsort((foretold, rows.is_broken(then)))[:_JUDGED_COUNT]
    halves = [first[one[order]], second[one[order]], first[other[order]], second[other[order]]]
    if not programme.is_linear:
        # Changes of two decisions stand for themselves too: what is best of squares and powers need
        # not be where the relaxation has rows.
        then = at_figure + by_two
        alone = np.lexsort((usd_two + rows.penalty_usd(then), rows.is_broken(then)))[:_ALONE_COUNT]
        none = np.full(len(alone), len(moved) - 1)
        more = (first[alone], second[alone], none, none)
        halves = [np.append(half, each) for half, each in zip(halves, more, strict=True)]
    plans = np.tile(lots_count, (len(halves[0]), 1))
    each = np.arange(len(plans))
    lots = np.append(change, 0.0)
    for half in halves:
        np.add.at(plans, (each, own[half]), lots[half])
    plans = plans[np.all((plans >= steps.low) & (plans <= steps.high), axis=1)]
    if not len(plans):
        return None
    excess, cost = judged(programme, plans, steps)
    at = int(np.lexsort((cost, excess))[0])
    is_better = excess[at] < was or (excess[at] == was and cost[at] < was_usd - BETTER_USD)
    return np.asarray(plans[at]) if is_better else None


def _singles(
    programme: Programme, rows: _Rows, lots_count: Floats, steps: Steps
) -> tuple[Places, Floats, Floats]:
    """List changes of one decision: which, by how many lots, and what it costs beside the rows.

    The ones kept are those that the prices of rows make cheapest.
    """
    decisions, changes = [], []
    for at in steps.movable_index.tolist():
        here = lots_count[at]
        reach = _REACH_COUNT if here else 1
        wanted = {float(here + k) for k in range(-reach, reach + 1)} | {0.0}
        for count in sorted(wanted - {float(here)}):
            if steps.low[at] <= count <= steps.high[at]:
                decisions.append(at)
                changes.append(count - here)
    decision, change = np.array(decisions, dtype=np.int64), np.array(changes)
    alone = np.tile(lots_count, (len(decision), 1))
    alone[np.arange(len(decision)), decision] += change
    usd = programme.usd(alone * steps.lot) - programme.usd(lots_count[np.newaxis, :] * steps.lot)
    at_figure = rows.figure_per_lot @ lots_count
    moved = rows.figure_per_lot[:, decision].T * change[:, np.newaxis]
    usd -= rows.penalty_usd(at_figure + moved) - rows.penalty_usd(at_figure[np.newaxis, :])
    dear = usd - moved @ rows.dual_usd_per_figure
    kept = np.sort(np.argsort(dear, kind="stable")[:_SINGLES_COUNT])
    return decision[kept], change[kept], usd[kept]
