"""What every move does to every demand of an account: the rows that a programme stands on.

Each move is done alone, at a size of its own, to the account it touches (`Touch`), and what the
account then has to spare for each demand is asked for (`planning.spare`). The difference, over the
size, is a slope, one for each way a move may go. Demands with their slopes are a `Footing`.

In numbers: an account of 1,000 that requires 600 shall require at most half of what it has. It has
0.5 * 1,000 - 600 = -100 to spare. With 40 more it would have -80: a slope of 20 / 40 = 0.5. So the
row is -100 + 0.5 x >= 0, and 200 will do.

Where a requirement is the worst cell of a venue's scan and its model tells every cell, a demand has
a row for each cell, and holds where the worst of its rows does. So moves that only help together
are found in one go. A strangle sold lacks 40 in the cell of a fall, and 40 in that of a rise. A put
bought gives 50 in the first and takes 2 in the second, a call the other way round: with either the
account lacks 42, and by the requirement neither helps; row by row both leave it 8 to spare.

A solver is not handed all cells (`_in_programme`), and those that were the worst after a plan it
found are added. Where there is no scan, and in what is not linear in a cell, moves that offset each
other in one account spare more than their slopes say; so a plan is done exactly afterwards, and
what it was out by is put into the rows (`Footing.corrected`) before it is solved again.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hedgerow.collateral import Route
from hedgerow.errors import Failure
from hedgerow.hedging import Offer
from hedgerow.instruments import Instrument
from hedgerow.limits import account_node
from hedgerow.margin import Rulebook
from hedgerow.market import Snapshot
from hedgerow.planning.costs import route_name
from hedgerow.planning.spare import Spare, by_node, spare_by_cell
from hedgerow.planning.wants import KEPT_FRAC, Demand
from hedgerow.portfolio import Account
from hedgerow.solving import Shadow, Uses

__all__ = ["Footing", "Touch", "footing"]

Floats = NDArray[np.float64]

# So much of what it is compared with is nothing: whole lots shall not turn on a last bit.
_LEFT_OF_ZERO_FRAC = 1e-8
# A programme lets rows go as far as that, so a plan at its very bound has used it up when it is
# done exactly. What it then lacks is judged by ten times as much, or it would be mended for ever.
_LACKING_FRAC = 10.0 * _LEFT_OF_ZERO_FRAC
# What is only on the way gives way a tenth as much as what holds today does (`KEPT_FRAC`).
_ON_THE_WAY_FRAC = 1e-3
# How many times the size at which moves are tried the worst cells are looked for: at that size, and
# as far as a move may go, for none is tried with more than a quarter of that (`_OF_MOST_FRAC` of
# `means` for trades, `Desk.touches` for transfers).
_TIMES = (1.0, 4.0)
# Figures of two moves together that are held at once, of 8 bytes each, in a few arrays.
_FIGURES_COUNT = 200_000


@dataclass(frozen=True, slots=True, eq=False)
class Touch:
    """An account after one move was tried alone, `amount` of it: bought or moved where positive.

    `decision_index` is the place of the move among all, offers first and then routes. A transfer
    touches two accounts: `is_arrival` marks the one it goes to, where it is not yet.
    """

    decision_index: int
    account: Account
    amount: float
    is_arrival: bool = False

    @property
    def way(self) -> tuple[int, bool]:
        """Which decision it is of, and whether it goes up."""
        return self.decision_index, self.amount > 0


@dataclass(frozen=True, slots=True, eq=False)
class Footing:
    """Demands that could be judged, as rows of what moves use up; and those that could not.

    Row i belongs to the demand `of_index[i]`, rows in the order of demands: `spare_ccy` is what it
    has to spare as things stand, and the least of its rows is what a demand has. `is_in_programme`
    are the rows that a solver is handed. What an account already lacks of its initial requirement,
    or of what it keeps today, is allowed it (`allowed_ccy`): one that lacks 100 may trade as long
    as it then lacks no more than 100. `barred` are moves whose effect on some account is not known,
    by the way they go, up where True, each with why.
    """

    demands: tuple[Demand, ...]
    of_index: NDArray[np.int64]
    is_in_programme: NDArray[np.bool_]
    spare_ccy: Floats
    up_ccy_per_amount: Floats
    down_ccy_per_amount: Floats
    scale_ccy: Floats
    allowed_ccy: Floats
    barred: Mapping[tuple[int, bool], Failure]
    unknown: tuple[Failure, ...]

    def part(self) -> Uses:
        """Write it as a part of a programme."""
        rows = np.flatnonzero(self.is_in_programme)
        up, down = self.up_ccy_per_amount[rows].copy(), self.down_ccy_per_amount[rows]
        # What must not be bought has no slope that its sale could be held to.
        only_down = [at for at, is_up in self.barred if is_up]
        up[:, only_down] = -down[:, only_down]
        of_index = self.of_index[rows]
        most = self.allowed_ccy + _LEFT_OF_ZERO_FRAC * self.scale_ccy
        return Uses(
            names=tuple(each.name for each in self.demands),
            up_figure_per_amount=-up,
            down_figure_per_amount=np.maximum(-down, up),
            figure_max=self.spare_ccy[rows] + most[of_index],
            scale_figure=self.scale_ccy * np.array([_gives_frac(each) for each in self.demands]),
            of_index=of_index if len(rows) > len(self.demands) else None,
        )

    def refused(self, offers: Sequence[Offer], routes: Sequence[Route]) -> tuple[Failure, ...]:
        """Name each move that was barred, once, and what nobody knows as things stand.

        Of an offer that is barred one way only it is said which: the other may still be traded.
        """
        names = (*(each.name for each in offers), *(route_name(each) for each in routes))
        told: dict[str, Failure] = {}
        for (at, is_up), why in sorted(self.barred.items()):
            is_both = at >= len(offers) or (at, not is_up) in self.barred
            when = "" if is_both else f"if {'bought' if is_up else 'sold'}, "
            told.setdefault(
                names[at],
                Failure(subject=names[at], reason=why.reason, message=when + why.message),
            )
        return (*told.values(), *self.unknown)

    def after_ccy(self, plan_amount: Floats) -> Floats:
        """Foretell what each demand has to spare after a plan."""
        rows = self._rows_after_ccy(plan_amount)
        return _least(rows, self.of_index, len(self.demands))

    def _rows_after_ccy(self, plan_amount: Floats) -> Floats:
        up, down = np.maximum(plan_amount, 0.0), np.maximum(-plan_amount, 0.0)
        return np.asarray(
            self.spare_ccy + self.up_ccy_per_amount @ up + self.down_ccy_per_amount @ down
        )

    def binds(self, shadows: Sequence[Shadow]) -> NDArray[np.bool_]:
        """Say which demands had a price in an answer."""
        priced = {each.name for each in shadows}
        return np.array([each.name in priced for each in self.demands], dtype=np.bool_)

    def lacks(self, exact_ccy: Floats) -> NDArray[np.bool_]:
        """Say which demands a plan leaves unmet, done exactly; what is not known is unmet too."""
        held = exact_ccy + self.allowed_ccy >= -_LACKING_FRAC * self.scale_ccy
        return np.asarray(~held)

    def corrected(
        self, plan_amount: Floats, exact_ccy: Floats, *, may_loosen: bool = True
    ) -> "Footing":
        """Shift each demand's rows by what a plan was out by when it was done exactly.

        The rows that were its worst are handed over too.
        """
        rows = self._rows_after_ccy(plan_amount)
        foretold = _least(rows, self.of_index, len(self.demands))
        out_by = exact_ccy - foretold
        known = np.isfinite(out_by) & (may_loosen | (out_by < 0.0))
        shift = np.where(known, out_by, 0.0)[self.of_index]
        return replace(
            self,
            spare_ccy=self.spare_ccy + shift,
            is_in_programme=self.is_in_programme | (rows == foretold[self.of_index]),
        )

    def seen_from(
        self, there: "Footing", plan_amount: Floats, touched_index: Collection[tuple[int, bool]]
    ) -> "Footing":
        """Take the rows found where a plan led, for the same demands, as rows of moves from here.

        What a plan moves has one slope there, the mean of those of its ways in `touched_index`.
        Ways that were not, as of what has used up its book, keep the slopes of the worst rows here.
        """
        here = self._worst_row_index(plan_amount)[there.of_index]
        is_up, is_down = (
            np.array([(at, way) in touched_index for at in range(len(plan_amount))], dtype=np.bool_)
            for way in (True, False)
        )
        up = np.where(is_up, there.up_ccy_per_amount, self.up_ccy_per_amount[here])
        down = np.where(is_down, there.down_ccy_per_amount, self.down_ccy_per_amount[here])
        # The slope of a planned move is that of the way which was touched, half of each where both
        # were, and where none was that of the way which the plan goes.
        goes_up = np.where(is_up | is_down, is_up, plan_amount > 0.0)
        share_up = np.where(is_up & is_down, 0.5, goes_up)
        slope = share_up * up - (1.0 - share_up) * down
        is_planned = plan_amount != 0.0
        is_alike = np.array_equal(there.of_index, self.of_index)
        return replace(
            self,
            of_index=there.of_index,
            is_in_programme=there.is_in_programme | (self.is_in_programme if is_alike else False),
            spare_ccy=there.spare_ccy - np.where(is_planned, slope, 0.0) @ plan_amount,
            up_ccy_per_amount=np.where(is_planned, slope, up),
            down_ccy_per_amount=np.where(is_planned, -slope, down),
        )

    def _worst_row_index(self, plan_amount: Floats) -> NDArray[np.int64]:
        """Give for each demand the first of those of its rows that are the worst after a plan."""
        rows = self._rows_after_ccy(plan_amount)
        least = _least(rows, self.of_index, len(self.demands))
        worst = np.flatnonzero(rows == least[self.of_index])
        _, first = np.unique(self.of_index[worst], return_index=True)
        return worst[first]


def footing(
    demands: Sequence[Demand],
    accounts: Mapping[str, Account],
    touches: Sequence[Touch],
    moves_count: int,
    snapshot: Snapshot,
    instruments: Mapping[str, Instrument],
    rulebooks: Mapping[str, Rulebook],
) -> Footing:
    """Ask every account what every move does to it.

    Parameters
    ----------
    accounts
        By node, as they stand.
    """
    gathered: list[_Rows] = []
    barred: dict[tuple[int, bool], Failure] = {}
    unknown: list[Failure] = []
    by_account: dict[str, list[Touch]] = {}
    for each in touches:
        by_account.setdefault(account_node(each.account), []).append(each)
    for node, own in by_node(demands).items():
        touched = by_account.get(node, [])
        asked = [accounts[node], *(each.account for each in touched)]
        spares, cells_ccy = spare_by_cell(
            asked,
            [demands[at] for at in own],
            snapshot,
            instruments,
            rulebooks,
            is_by_cell=True,
        )
        for k, at in enumerate(own):
            now, *moved = (row[k] for row in spares)
            if isinstance(now, Failure):
                unknown.append(now)
                # Nobody knows what the account can bear, so nothing is done to it.
                for each in touched:
                    barred.setdefault(each.way, _barring(each, "", now))
                continue
            known: list[_Moved] = []
            for each, spare, by_cell_ccy in zip(touched, moved, cells_ccy[1:, k], strict=True):
                if isinstance(spare, Failure):
                    barred.setdefault(each.way, _barring(each, " after it", spare))
                elif not (each.is_arrival and demands[at].is_on_the_way):
                    known.append(_Moved(each, spare, by_cell_ccy))
            gathered.append(_rows_of(at, now, cells_ccy[0, k], known, moves_count))
    gathered.sort(key=lambda rows: rows.demand_index)
    return _stacked(demands, gathered, moves_count, barred, unknown)


def _barring(touch: Touch, when: str, why: Failure) -> Failure:
    name = touch.account.account_id
    return Failure(
        subject=name,
        reason=why.reason,
        message=f"nobody knows what {name} has to spare{when}: {why.message}",
    )


class _Rows(NamedTuple):
    """The rows of a demand as they are gathered: what they have to spare, what moves change."""

    demand_index: int
    scale_ccy: float
    spare_ccy: Floats
    up: Floats
    down: Floats
    is_in_programme: NDArray[np.bool_]

    def add(self, each: Touch, change_ccy: Floats) -> None:
        """Take what a move alone changed as slopes."""
        side = self.up if each.amount > 0 else self.down
        side[:, each.decision_index] += change_ccy / abs(each.amount)


class _Moved(NamedTuple):
    """What a demand has to spare after one move alone: in all, and by cell of a scan."""

    touch: Touch
    spare: Spare
    by_cell_ccy: Floats


def _rows_of(
    at: int, now: Spare, by_cell_ccy: Floats, known: Sequence[_Moved], moves_count: int
) -> _Rows:
    """Write the rows of the demand at a place: one for each cell, or one where there is no scan."""
    # A column for each row to be written: first as things stand, then after each move alone.
    tried_ccy = np.array([by_cell_ccy, *(each.by_cell_ccy for each in known)])
    tried_ccy = tried_ccy[:, np.isfinite(by_cell_ccy)]
    if not tried_ccy.shape[1]:
        # No scan: the requirement as it is.
        tried_ccy = np.array([[now.spare_ccy], *([each.spare.spare_ccy] for each in known)])
    now_ccy, shape = tried_ccy[0], (tried_ccy.shape[1], moves_count)
    rows = _Rows(
        at, now.scale_ccy, now_ccy, np.zeros(shape), np.zeros(shape), _in_programme(tried_ccy)
    )
    for each, after_ccy in zip(known, tried_ccy[1:], strict=True):
        # Of a cell that is none after the move, what the move changes in all.
        in_all_ccy = each.spare.spare_ccy - now.spare_ccy
        change_ccy = np.where(np.isfinite(after_ccy), after_ccy - now_ccy, in_all_ccy)
        rows.add(each.touch, change_ccy)
    return rows


def _stacked(
    demands: Sequence[Demand],
    gathered: Sequence[_Rows],
    moves_count: int,
    barred: Mapping[tuple[int, bool], Failure],
    unknown: Sequence[Failure],
) -> Footing:
    """Put the rows of all demands, which stand in their order, below each other."""
    kept = [rows.demand_index for rows in gathered]
    spare_ccy = _joined([rows.spare_ccy for rows in gathered], (0,))
    of_index = np.repeat(np.arange(len(kept)), [len(rows.spare_ccy) for rows in gathered])
    least_ccy = _least(spare_ccy, of_index, len(kept))
    is_kept = np.array([demands[at].is_kept for at in kept], dtype=np.bool_)
    return Footing(
        demands=tuple(demands[at] for at in kept),
        of_index=of_index,
        is_in_programme=_joined([rows.is_in_programme for rows in gathered], (0,)).astype(np.bool_),
        spare_ccy=spare_ccy,
        up_ccy_per_amount=_joined([rows.up for rows in gathered], (0, moves_count)),
        down_ccy_per_amount=_joined([rows.down for rows in gathered], (0, moves_count)),
        scale_ccy=np.array([rows.scale_ccy for rows in gathered], dtype=np.float64),
        allowed_ccy=np.where(is_kept, np.maximum(0.0, -least_ccy), 0.0),
        barred=barred,
        unknown=tuple(dict.fromkeys(unknown)),
    )


def _joined(pieces: Sequence[NDArray[Any]], shape: tuple[int, ...]) -> NDArray[Any]:
    """Join pieces; `shape` is that of none."""
    return np.concatenate(pieces) if pieces else np.zeros(shape)


def _least(rows_ccy: Floats, of_index: NDArray[np.int64], count: int) -> Floats:
    """Give the least of each demand's rows."""
    least = np.full(count, np.inf)
    np.minimum.at(least, of_index, rows_ccy)
    return least


def _in_programme(tried_ccy: Floats) -> NDArray[np.bool_]:
    """Say which cells a solver is handed: the worst now, and those that moves make the worst.

    Of `tried_ccy`, what is to spare by cell, the first row is as things stand and each other one
    after a move alone. A move is taken as far as it was tried, and four times as far. A cell that
    then is the worst and lacks something is handed over; where one move leaves something lacking,
    so is the worst cell after any two. Here a put turns -40 in the first cell to 10 and the second
    to -42, a call the other way round, and the third is never the worst:

    >>> _in_programme(np.array([[-40.0, -40.0, 50.0], [10.0, -42.0, 49.0], [-42.0, 10.0, 49.0]]))
    array([ True,  True, False])
    """
    now, moved = tried_ccy[0], tried_ccy[1:]
    is_in_programme = np.zeros(len(now), dtype=np.bool_)
    is_in_programme[now.argmin()] = True
    if len(now) == 1:
        return is_in_programme
    changes = moved[np.all(np.isfinite(moved), axis=1)] - now
    for times in _TIMES:
        alone = now + times * changes
        worst = alone.argmin(axis=1)
        lacks = alone[np.arange(len(alone)), worst] < 0.0
        is_in_programme[worst[lacks]] = True
        if np.any(lacks):
            for change in _of_two(changes):
                both = now + times * change
                worst = both.argmin(axis=1)
                is_in_programme[worst[both[np.arange(len(both)), worst] < 0.0]] = True
    return is_in_programme


def _of_two(changes_ccy: Floats) -> Iterator[Floats]:
    """Give what any two moves change together, so many at once as memory bears."""
    count, cells_count = changes_ccy.shape
    step = max(1, _FIGURES_COUNT // max(1, count * cells_count))
    for first in range(0, count - 1, step):
        # Each move of some, with each that comes after the first of them.
        some = changes_ccy[first : first + step]
        left, right = np.triu_indices(len(some), 1, m=count - first)
        yield some[left] + changes_ccy[first + right]


def _gives_frac(demand: Demand) -> float:
    """Say how readily a demand gives way where not all can hold: first what is broken anyway.

    Nothing done keeps the others; a venue refuses the order of who lacks an initial requirement.
    """
    return _ON_THE_WAY_FRAC if demand.is_on_the_way else KEPT_FRAC if demand.is_kept else 1.0
