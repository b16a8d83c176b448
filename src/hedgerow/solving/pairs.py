"""Which changes of one lot in two decisions may be the best one, foretold without their plans.

Of n decisions there are 2 n^2 such changes: two million plans of a thousand. Bounds and costs are
bends over sums of what each decision does, `weight * max(0, worst row)`, so a change of two differs
from both alone only in bends that both of them move, and those are few. What may be the best by
these sums, give or take their last bits, is then judged as a plan by the programme's own parts.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from hedgerow.solving.band import Band, Uses
from hedgerow.solving.costs import Ladders, Tickets
from hedgerow.solving.part import USED_AMOUNT
from hedgerow.solving.programme import Programme, Tiers
from hedgerow.solving.records import Floats

__all__ = ["Foreteller", "Promising"]

Places = NDArray[np.int64]

# Pairs looked at in one go: 8 bytes each, in a few arrays.
_PAIRS_COUNT = 2_000_000
# Sums of the same in another order differ by some 1e-16 of what is added, times a few.
_LAST_BITS_FRAC = 1e-13


class _Bends(NamedTuple):
    """Rows that decisions move, (decisions, rows) by the way each goes, and what they weigh.

    A bend is `weight * max(0, worst of its rows)`; rows of a bend follow each other.
    """

    at_figure: Floats
    up: sparse.csr_array
    down: sparse.csr_array
    used: sparse.csr_array
    of_index: Places
    weight: Floats


class _Active(NamedTuple):
    """A bend that changes may bring to its edge: who moves it, and what it is after each alone."""

    weight: float
    move_index: Places
    at_figure: Floats
    change_figure: Floats
    now: float
    alone: Floats


class _Sum(NamedTuple):
    """A sum of bends about one plan: its value, what each change alone adds, and which interact."""

    now: float
    alone: Floats
    active: Sequence[_Active]
    slack: float

    def of_pairs(self, first: int, last: int) -> Floats:
        """Foretell changes `first` to `last` each with every change from `first` on."""
        total = self.now + self.alone[first:last, np.newaxis] + self.alone[np.newaxis, first:]
        for each in self.active:
            start, end = np.searchsorted(each.move_index, (first, last))
            if start == end:
                continue
            left, right = each.change_figure[start:end], each.change_figure[start:]
            top = np.full((len(left), len(right)), 0.0)
            for k, at in enumerate(each.at_figure.tolist()):
                np.maximum(top, (at + left[:, k, np.newaxis]) + right[np.newaxis, :, k], out=top)
            top -= each.alone[start:end, np.newaxis]
            top -= each.alone[np.newaxis, start:]
            top += each.now
            top *= each.weight
            rows, columns = each.move_index[start:end] - first, each.move_index[start:] - first
            total[np.ix_(rows, columns)] += top
        return np.asarray(total)


class Promising(NamedTuple):
    """Changes of two decisions: which two, and by how many lots each; in the order of `lots`."""

    left_index: Places
    right_index: Places
    left_count: Floats
    right_count: Floats


class Foreteller:
    """The bends of a programme, written once; None of a programme with parts that have others."""

    def __init__(self, excess: _Bends, cost: _Bends, own_usd: Sequence[Floats]) -> None:
        """Take bends, and what decisions cost in proportion: bought, sold, and used at all."""
        self._excess, self._cost, self._own = excess, cost, own_usd

    @classmethod
    def of(cls, programme: Programme) -> "Foreteller | None":
        """Write the parts of a programme as bends, where all of them can be."""
        count = len(programme.decisions)
        excess, cost = [_none(count)], [_none(count)]
        own = [np.zeros(count), np.zeros(count), np.zeros(count)]
        for part in programme.parts:
            if isinstance(part, Band):
                excess.append(_of_band(part, np.isinf(part.penalty_usd_per_figure)))
                cost.append(_of_band(part, np.isfinite(part.penalty_usd_per_figure)))
            elif isinstance(part, Uses):
                excess.append(_of_uses(part))
            elif isinstance(part, Tickets):
                own[2] += part.ticket_usd
                if part.used_count_max is not None:
                    excess.append(_of_legs(count, part.used_count_max))
            elif isinstance(part, Ladders):
                if part.own_usd_per_amount is not None:
                    for k in (0, 1):
                        own[k][: part.own_usd_per_amount.shape[1]] += part.own_usd_per_amount[k]
                bends = _of_ladders(part, count)
                cost.append(bends[0])
                excess.extend(bends[1:])
            else:
                return None
        return cls(_joined(excess), _joined(cost), own)

    def promising(
        self,
        plan_amount: Floats,
        move_index: Places,
        is_up: NDArray[np.bool_],
        lot_amount: Floats,
        tiers: Tiers,
    ) -> Promising:
        """Give the changes of two that may be the best of all, and better than the plan itself.

        Parameters
        ----------
        move_index, is_up
            Changes of one decision by a lot that its bounds allow, by decision.
        lot_amount
            Of each decision.
        """
        was = plan_amount[move_index]
        then = was + np.where(is_up, 1.0, -1.0) * lot_amount[move_index]
        ways = [now - before for now, before in zip(_ways(then), _ways(was), strict=True)]
        excess = _about(self._excess, plan_amount, move_index, ways)
        cost = _about(self._cost, plan_amount, move_index, ways)
        own = sum((way * usd[move_index] for way, usd in zip(ways, self._own, strict=True)), 0.0)
        now = sum(way @ usd for way, usd in zip(_ways(plan_amount), self._own, strict=True))
        held = sum(
            way @ np.abs(usd) for way, usd in zip(_ways(plan_amount), self._own, strict=True)
        )
        cost = cost._replace(
            now=cost.now + float(now),
            alone=cost.alone + own,
            slack=cost.slack
            + _LAST_BITS_FRAC * float(held + 2.0 * np.max(np.abs(own), initial=0.0)),
        )
        # What is as good as the plan itself is no better: the first to be beaten.
        best = _Best(tiers, excess.slack, cost.slack)
        best.see(np.array([excess.now]), np.array([cost.now]))
        found: list[tuple[Places, Places, Floats, Floats]] = []
        count = len(move_index)
        step = max(1, _PAIRS_COUNT // max(1, count))
        for first in range(0, count, step):
            last = min(first + step, count)
            by_excess, by_usd = excess.of_pairs(first, last), cost.of_pairs(first, last)
            of_two = move_index[first:last, np.newaxis] < move_index[np.newaxis, first:]
            left, right = np.nonzero(of_two & best.may_be_least(by_excess, by_usd))
            pair_excess, pair_usd = by_excess[left, right], by_usd[left, right]
            best.see(pair_excess, pair_usd)
            kept = best.may_be_least(pair_excess, pair_usd)
            found.append(
                (left[kept] + first, right[kept] + first, pair_excess[kept], pair_usd[kept])
            )
        if not found:
            return Promising(*(np.zeros(0, np.int64),) * 2, *(np.zeros(0),) * 2)
        left, right, pair_excess, pair_usd = (
            np.concatenate([each[k] for each in found]) for k in range(4)
        )
        kept = best.may_be_least(pair_excess, pair_usd)
        left, right = left[kept], right[kept]
        order = np.lexsort((move_index[right], move_index[left], ~is_up[right], ~is_up[left]))
        left, right = left[order], right[order]
        return Promising(
            left_index=move_index[left],
            right_index=move_index[right],
            left_count=np.where(is_up[left], 1.0, -1.0),
            right_count=np.where(is_up[right], 1.0, -1.0),
        )


class _Best:
    """The best that was surely seen: what surely is worse need not be judged."""

    def __init__(self, tiers: Tiers, slack_frac: float, slack_usd: float) -> None:
        self._tiers, self._slack_frac, self._slack_usd = tiers, slack_frac, slack_usd
        self._tier, self._usd = np.inf, np.inf

    def see(self, excess_frac: Floats, usd: Floats) -> None:
        """Take what was foretold of plans."""
        if not len(usd):
            return
        at_most = self._tiers.of(excess_frac + self._slack_frac)
        tier = float(at_most.min())
        cheapest = float(usd[at_most == tier].min())
        if (tier, cheapest) < (self._tier, self._usd):
            self._tier, self._usd = tier, cheapest

    def may_be_least(self, excess_frac: Floats, usd: Floats) -> NDArray[np.bool_]:
        """Say which are not surely worse than the best seen."""
        at_least = self._tiers.of(excess_frac - self._slack_frac)
        is_as_cheap = usd <= self._usd + 2.0 * self._slack_usd
        return np.asarray((at_least < self._tier) | ((at_least == self._tier) & is_as_cheap))


def _ways(amounts: Floats) -> list[Floats]:
    """Split amounts: what is bought, what is sold, and one where anything is done at all."""
    used = (np.abs(amounts) > USED_AMOUNT).astype(np.float64)
    return [np.maximum(amounts, 0.0), np.maximum(-amounts, 0.0), used]


def _about(
    bends: _Bends, plan_amount: Floats, move_index: Places, ways_amount: list[Floats]
) -> _Sum:
    """Write a sum of bends about a plan: those that no two changes bring to an edge are lines."""
    at, size = bends.at_figure.copy(), np.abs(bends.at_figure)
    change = sparse.csr_array((len(move_index), len(at)))
    sides = (bends.up, bends.down, bends.used)
    for side, done, way in zip(sides, _ways(plan_amount), ways_amount, strict=True):
        at += side.T @ done
        size += abs(side).T @ done
        change = change + sparse.diags_array(way) @ side[move_index]
    by_row = sparse.csc_array(change)
    if not len(at) or not len(move_index):
        now = _worst(at, bends.of_index, len(bends.weight)) @ bends.weight
        return _Sum(float(now), np.zeros(len(move_index)), [], 0.0)
    most = np.maximum(by_row.max(axis=0).toarray().ravel(), 0.0)
    least = np.minimum(by_row.min(axis=0).toarray().ravel(), 0.0)
    size += 2.0 * (most - least)
    nothing = _LAST_BITS_FRAC * size
    first = np.searchsorted(bends.of_index, np.arange(len(bends.weight)))
    rows_count = np.diff(np.append(first, len(at)))
    is_above = np.maximum.reduceat(at + 2.0 * most + nothing, first) > 0.0
    is_line = (rows_count == 1) & ((at + 2.0 * least)[first] >= 0.0)
    lines = np.where(is_line & is_above, bends.weight, 0.0)
    row_weight = np.zeros(len(at))
    row_weight[first] = lines
    worst = _worst(at, bends.of_index, len(bends.weight))
    alone = np.asarray(change @ row_weight)
    active = []
    for bend in np.flatnonzero(is_above & ~is_line).tolist():
        start, end = int(first[bend]), int(first[bend] + rows_count[bend])
        moved = by_row[:, start:end]
        who = np.unique(moved.indices).astype(np.int64)
        if not len(who):
            continue
        dense = sparse.csr_array(moved)[who].toarray()
        after = np.maximum((at[start:end] + dense).max(axis=1), 0.0)
        weight, before = float(bends.weight[bend]), float(worst[bend])
        alone[who] += weight * (after - before)
        active.append(_Active(weight, who, at[start:end], dense, before, after))
    counts = np.where(is_above, np.abs(bends.weight), 0.0)
    slack = _LAST_BITS_FRAC * float(counts @ np.maximum.reduceat(size, first))
    return _Sum(float(worst @ bends.weight), alone, active, slack)


def _worst(at_figure: Floats, of_index: Places, count: int) -> Floats:
    """Give the worst row of each bend, nought where none lies above it."""
    worst = np.zeros(count)
    np.maximum.at(worst, of_index, at_figure)
    return worst


def _bends(
    at_figure: Floats,
    up_figure_per_amount: Floats | sparse.csr_array,
    down_figure_per_amount: Floats | sparse.csr_array,
    weight_per_figure: Floats,
    *,
    used_figure: Floats | None = None,
    of_index: Places | None = None,
) -> _Bends:
    up, down = sparse.csr_array(up_figure_per_amount), sparse.csr_array(down_figure_per_amount)
    return _Bends(
        at_figure=at_figure,
        up=up,
        down=down,
        used=sparse.csr_array(up.shape if used_figure is None else used_figure),
        of_index=np.arange(len(at_figure)) if of_index is None else of_index,
        weight=weight_per_figure,
    )


def _none(count: int) -> _Bends:
    return _bends(np.zeros(0), np.zeros((count, 0)), np.zeros((count, 0)), np.zeros(0))


def _joined(pieces: Sequence[_Bends]) -> _Bends:
    """Put bends beside each other."""
    before = np.cumsum([0, *(len(each.weight) for each in pieces)])
    return _Bends(
        at_figure=np.concatenate([each.at_figure for each in pieces]),
        up=sparse.csr_array(sparse.hstack([each.up for each in pieces])),
        down=sparse.csr_array(sparse.hstack([each.down for each in pieces])),
        used=sparse.csr_array(sparse.hstack([each.used for each in pieces])),
        of_index=np.concatenate(
            [each.of_index + k for each, k in zip(pieces, before[:-1], strict=True)]
        ),
        weight=np.concatenate([each.weight for each in pieces]),
    )


def _of_band(band: Band, is_taken: NDArray[np.bool_]) -> _Bends:
    """Two bends a row, one beyond each bound: a level is never beyond both."""
    weight = np.where(
        np.isinf(band.penalty_usd_per_figure), 1.0 / band.scale_figure, band.penalty_usd_per_figure
    )
    above = np.flatnonzero(is_taken & np.isfinite(band.high_figure))
    below = np.flatnonzero(is_taken & np.isfinite(band.low_figure))
    at = np.concatenate(
        [
            band.at_figure[above] - band.high_figure[above],
            band.low_figure[below] - band.at_figure[below],
        ]
    )
    slope = np.vstack([band.figure_per_amount[above], -band.figure_per_amount[below]]).T
    return _bends(at, slope, -slope, np.concatenate([weight[above], weight[below]]))


def _of_uses(uses: Uses) -> _Bends:
    return _bends(
        -uses.figure_max,
        uses.up_figure_per_amount.T,
        uses.down_figure_per_amount.T,
        1.0 / uses.scale_figure,
        used_figure=None if uses.used_figure is None else uses.used_figure.T,
        of_index=uses.of_index,
    )


def _of_legs(count: int, used_count_max: int) -> _Bends:
    none = np.zeros((count, 1))
    return _bends(
        np.array([-float(used_count_max)]), none, none, np.ones(1), used_figure=none + 1.0
    )


def _of_ladders(ladders: Ladders, count: int) -> list[_Bends]:
    """A bend where a level begins and one where it ends; a shared book's end is a bound too."""
    up, down, start, end, is_bound = ladders.levels_of(count)
    is_ended = np.isfinite(end)
    price = ladders.price_usd_per_amount
    every = np.concatenate([np.arange(len(start)), np.flatnonzero(is_ended)])
    cost = _bends(
        np.concatenate([-start, -end[is_ended]]),
        up[:, every],
        down[:, every],
        np.concatenate([price, -price[is_ended]]),
    )
    bound = np.flatnonzero(is_bound)
    weight = 1.0 / np.maximum(end[bound], 1.0)
    return [cost, _bends(-end[bound], up[:, bound], down[:, bound], weight)]
