"""A problem as a programme: one decision a link, one flow a pile, one row a need.

What lies at a place now is where every row starts. A need that is met today is a row that never
gives way, so that no plan, however desperate, takes an account below what it keeps to; one that is
not met must be reached, gives way where it cannot, and never sinks below where it stands. Rows of
places in `alone` must hold without anything arriving, so that what leaves them may leave first.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hedgerow.collateral.bounds import bounds
from hedgerow.collateral.needs import Key, Row, counted_ccy, rows_of
from hedgerow.collateral.posting import Flows, Levels, Posting, Rows
from hedgerow.collateral.problem import Link, Pile, Problem, Venue, Worth
from hedgerow.solving import Decisions, Programme
from hedgerow.solving.part import INF
from hedgerow.solving.records import Floats

__all__ = ["Laid", "laid"]

# Falling a dollar short costs as if so many dollars were lost: no transfer is too dear for it.
_SHORT_USD_PER_USD = 10.0


@dataclass(frozen=True, slots=True, eq=False)
class Laid:
    """A problem laid out; columns stand in the order of its links.

    `fine_amount` are steps too small to branch upon, zero elsewhere.
    """

    problem: Problem
    keys: tuple[Key, ...]
    piles: tuple[Pile, ...]
    rows: tuple[Row, ...]
    decisions: Decisions
    posting: Posting
    fine_amount: Floats

    @property
    def programme(self) -> Programme:
        """What a solver is asked."""
        return Programme(self.decisions, [self.posting])


def laid(
    problem: Problem,
    *,
    alone: frozenset[str] = frozenset(),
    is_priced: bool = False,
    is_padded: bool = False,
    is_sent: NDArray[np.bool_] | None = None,
) -> Laid:
    """Lay a problem out.

    Parameters
    ----------
    alone
        Places that must keep to their rows before anything arrives.
    is_priced
        Whether needs that are not met have a price instead of being required.
    is_padded
        Whether a small step more than is sent leaves, and takes room: rounding up then holds.
    """
    piles = _piles(problem)
    keys = tuple(piles)
    waiting_coin, whole_coin = _on_the_way(problem, keys)
    needs = list(rows_of(problem, keys, piles, waiting_coin))
    links = problem.links
    cost_usd_per_amount, ticket_usd = _costs(problem, piles)
    high, lot, fine = bounds(problem, piles, [row for row, _ in needs])
    pad_amount = fine if is_padded else np.zeros_like(fine)
    decisions = Decisions(tuple(link.title for link in links), np.zeros(len(links)), high, lot)
    posting = Posting(
        cost_usd_per_amount=cost_usd_per_amount,
        ticket_usd=ticket_usd,
        minimum_amount=np.minimum(np.array([link.minimum_coin for link in links]), INF),
        flows=_flows(links, keys, pad_amount, waiting_coin, whole_coin),
        rows=_straight(problem, keys, piles, waiting_coin, whole_coin, alone),
        levels=_levels(needs, keys, piles, alone, is_priced=is_priced),
        is_sent=is_sent,
    )
    return Laid(
        problem=problem,
        keys=keys,
        piles=tuple(piles.values()),
        rows=tuple(row for row, _ in needs),
        decisions=decisions,
        posting=posting,
        fine_amount=fine,
    )


def _costs(problem: Problem, piles: Mapping[Key, Pile]) -> tuple[Floats, Floats]:
    """Give what a coin sent along each link costs, and what any transfer along it does."""
    cost_usd_per_amount, ticket_usd = np.zeros((2, len(problem.links)))
    for j, link in enumerate(problem.links):
        source = piles[link.source, link.asset, "balance"]
        target = piles[link.target, link.asset, link.use]
        lost_frac_per_year = source.earns_frac_per_year - target.earns_frac_per_year
        cost_usd_per_amount[j] = (
            link.dearer_usd_per_coin
            + link.fee_frac * source.price_usd
            + lost_frac_per_year * source.price_usd * problem.horizon_years
        )
        ticket_usd[j] = link.fee_usd + link.fee_coin * source.price_usd
    return cost_usd_per_amount, ticket_usd


def _flows(
    links: Sequence[Link],
    keys: tuple[Key, ...],
    pad_amount: Floats,
    waiting_coin: Floats,
    whole_coin: Floats,
) -> Flows:
    """Write three flows a pile: what leaves, what is left to count upon, what comes in whole.

    The second is what is there in the end, as it may be counted upon; the last is what a cap is
    about.
    """
    at = {key: i for i, key in enumerate(keys)}
    come, safe, leave, fee, room = np.zeros((5, len(keys), len(links)))
    for j, link in enumerate(links):
        target = at[link.target, link.asset, link.use]
        source = at[link.source, link.asset, "balance"]
        come[target, j] = 1.0
        safe[target, j] = 1.0 - link.transit_haircut_frac
        leave[source, j] = 1.0
        fee[source, j] = link.fee_coin + pad_amount[j]
        room[target, j] = -pad_amount[j]
    return Flows(
        coin_per_amount=np.vstack([-leave, safe - leave, come]),
        fee_coin=np.vstack([fee, fee, room]),
        shift_coin=np.concatenate([np.zeros(len(keys)), waiting_coin, whole_coin]),
    )


def _piles(problem: Problem) -> dict[Key, Pile]:
    """Give every pile there is or may come to be; one that is not yet has the asset's price."""
    piles: dict[Key, Pile] = {(pile.place, pile.asset, pile.use): pile for pile in problem.piles}
    price_usd = {pile.asset: pile.price_usd for pile in problem.piles}
    ends: list[Key] = []
    for link in problem.links:
        ends += [
            (link.source, link.asset, "balance"),
            (link.target, link.asset, link.use),
        ]
    ends += [(sent.target, sent.asset, sent.use) for sent in problem.on_the_way]
    for place, asset, use in ends:
        if (place, asset, use) not in piles:
            piles[place, asset, use] = Pile(
                place=place,
                asset=asset,
                use=use,
                price_usd=price_usd.get(asset, 0.0),
            )
    return piles


def _on_the_way(problem: Problem, keys: tuple[Key, ...]) -> tuple[Floats, Floats]:
    """Give what comes to each pile of what was sent earlier: as it may be counted upon, and all."""
    counted_coin, whole_coin = np.zeros(len(keys)), np.zeros(len(keys))
    deadline = {venue.name: venue.deadline_ns for venue in problem.venues}
    for sent in problem.on_the_way:
        place = keys.index((sent.target, sent.asset, sent.use))
        limit_ns = deadline.get(sent.target)
        whole_coin[place] += sent.quantity_coin
        if limit_ns is None or sent.latency_ns <= limit_ns:
            counted_coin[place] += sent.quantity_coin * (1.0 - sent.transit_haircut_frac)
    return counted_coin, whole_coin


class _Rows:
    """Collects straight rows."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.names: list[str] = []
        self.figure_per_coin: list[Floats] = []
        self.ends: list[tuple[float, float, float]] = []

    def add(
        self,
        name: str,
        figure_per_coin: Floats,
        low_figure: float,
        high_figure: float,
        scale_figure: float,
    ) -> None:
        """Add a row over flows, between two ends; what is broken of it is compared with a scale."""
        self.names.append(name)
        self.figure_per_coin.append(figure_per_coin)
        self.ends.append((low_figure, high_figure, max(scale_figure, 1.0)))

    def rows(self) -> Rows:
        """Join them as columns."""
        low, high, scale = np.array(self.ends).reshape(-1, 3).T
        return Rows(
            names=tuple(self.names),
            figure_per_coin=np.array(self.figure_per_coin).reshape(len(self.names), 3 * self.count),
            low_figure=low,
            high_figure=high,
            scale_figure=scale,
        )


def _straight(
    problem: Problem,
    keys: tuple[Key, ...],
    piles: dict[Key, Pile],
    waiting_coin: Floats,
    whole_coin: Floats,
    alone: frozenset[str],
) -> Rows:
    """Write what piles can give and take, and limits of value and of share."""
    count = len(keys)
    made = _Rows(count)
    for i, key in enumerate(keys):
        pile, name = piles[key], f"{key[1]} at {key[0]}"
        # What is on the way is not there to be sent on.
        spare = pile.may_leave_coin
        if pile.use == "balance":
            one = _unit(count, i if pile.place in alone else count + i)
            shift = 0.0 if pile.place in alone else waiting_coin[i]
            made.add(f"{name}: what there is", one, shift - spare, INF, spare)
        if pile.held_coin_max < INF:
            room = max(pile.held_coin_max - pile.held_coin, whole_coin[i])
            made.add(f"{name}: cap", _unit(count, 2 * count + i), -INF, room, room)
    for venue in problem.venues:
        _limit(made, venue, keys, piles, waiting_coin)
    return made.rows()


def _limit(
    made: _Rows,
    venue: Venue,
    keys: tuple[Key, ...],
    piles: Mapping[Key, Pile],
    waiting_coin: Floats,
) -> None:
    """Add what may lie at a venue at most, in all and of one asset; what is beyond that may stay.

    A repayment lies nowhere.
    """
    count = len(keys)
    is_pledged = np.array(
        [key[0] == venue.name and key[2] != "repay" for key in keys], dtype=np.bool_
    )
    price_usd = np.array([piles[key].price_usd for key in keys])
    held_coin = np.array([piles[key].held_coin for key in keys])
    pledged_usd_per_coin = np.where(is_pledged, price_usd, 0.0)
    value = np.concatenate([np.zeros(count), pledged_usd_per_coin, np.zeros(count)])
    now_usd = float(pledged_usd_per_coin @ held_coin)
    ahead_usd = float(pledged_usd_per_coin @ (held_coin + waiting_coin))
    if venue.value_usd_max < INF:
        most_usd = max(venue.value_usd_max, ahead_usd) - now_usd
        made.add(f"{venue.name}: value", value, -INF, most_usd, venue.value_usd_max)
    if venue.share_frac_max == 1.0:
        return
    for i in np.flatnonzero(is_pledged).tolist():
        own = _unit(count, count + i) * price_usd[i] - venue.share_frac_max * value
        # What is of the asset beyond its share, now and once what is on the way has come.
        over_usd = price_usd[i] * held_coin[i] - venue.share_frac_max * now_usd
        come_usd = (
            price_usd[i] * (held_coin[i] + waiting_coin[i]) - venue.share_frac_max * ahead_usd
        )
        most_usd = max(0.0, come_usd) - over_usd
        made.add(f"{venue.name}: share of {keys[i][1]}", own, -INF, most_usd, now_usd)


def _unit(count: int, index: int) -> Floats:
    one = np.zeros(3 * count)
    one[index] = 1.0
    return one


def _lines(worth: Worth, held_coin: float) -> list[tuple[float, float]]:
    """Write what a change of a pile counts for as the least of lines: slope, and where it starts.

    Nothing counts beyond the last tier, nor is there less than nothing.
    """
    lines: list[tuple[float, float]] = []
    start, below, now = 0.0, 0.0, counted_ccy(worth, held_coin)
    for tier in worth.tiers:
        if tier.width_coin > 0:
            slope = tier.worth_ccy_per_coin
            lines.append((slope, below + slope * (held_coin - start) - now))
        if tier.width_coin == INF:
            return lines
        start += tier.width_coin
        below += tier.width_coin * tier.worth_ccy_per_coin
    lines.append((0.0, below - now))
    return lines


class _End(NamedTuple):
    """What a level needs, what a shortfall is compared with, and what it does where it is short."""

    needed_ccy: float
    scale_ccy: float
    may_give: bool
    penalty_usd_per_ccy: float


class _Lines:
    """Collects levels: rows, and the lines that each of their terms lies below."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.ends: list[_End] = []
        self.lines: list[tuple[int, float, float]] = []
        self.first: list[int] = []
        self.row_of: list[int] = []

    def add(
        self,
        name: str,
        end: _End,
        terms: list[tuple[int, list[tuple[float, float]]]],
    ) -> None:
        """Add a row of terms, each a flow and its lines."""
        self.names.append(name)
        self.ends.append(end)
        for flow, lines in terms:
            self.first.append(len(self.lines))
            self.row_of.append(len(self.names) - 1)
            self.lines += [(flow, slope, start) for slope, start in lines]

    def levels(self) -> Levels:
        """Join them as columns."""
        table = np.array(self.lines).reshape(-1, 3)
        end = np.array(self.ends).reshape(-1, 4)
        return Levels(
            names=tuple(self.names),
            needed_ccy=end[:, 0],
            scale_ccy=end[:, 1],
            may_give=end[:, 2].astype(np.bool_),
            penalty_usd_per_ccy=end[:, 3],
            flow_index=table[:, 0].astype(np.int64),
            slope_ccy_per_coin=table[:, 1],
            from_ccy=table[:, 2],
            first_index=np.array(self.first, dtype=np.int64),
            term_row_index=np.array(self.row_of, dtype=np.int64),
        )


def _levels(
    needs: list[tuple[Row, dict[int, Worth]]],
    keys: tuple[Key, ...],
    piles: dict[Key, Pile],
    alone: frozenset[str],
    *,
    is_priced: bool,
) -> Levels:
    """Write every need as rows over what its venue's piles count for, and the reserve as one.

    Each stands twice where it is not met: as what is wanted, and as what it must not fall below.
    """
    made = _Lines()
    sizes_usd = (row.scale_ccy * row.venue.currency_usd for row, _ in needs)
    dearest_usd = max(sizes_usd, default=1.0)
    for row, worth_of in needs:
        lines = {i: _lines(worth, piles[keys[i]].held_coin) for i, worth in worth_of.items()}
        ahead = [(len(keys) + i, each) for i, each in lines.items()]
        scale = row.scale_ccy / row.venue.urgency_frac
        kept = min(row.need.needed_ccy, row.at_ccy) - row.now_ccy
        made.add(row.title, _End(kept, scale, False, INF), ahead)
        if not row.is_met:
            # A dollar short weighs as urgent as its venue is, and of equals more in a small one.
            price = _SHORT_USD_PER_USD * row.venue.currency_usd * row.venue.urgency_frac
            price *= 2.0 - row.scale_ccy * row.venue.currency_usd / dearest_usd
            lacking = row.need.needed_ccy - row.now_ccy
            end = _End(lacking, scale, not is_priced, price if is_priced else INF)
            made.add(row.title, end, ahead)
        if row.venue.name in alone:
            at_once = [(i, each) for i, each in lines.items()]
            made.add(row.title, _End(row.floor_ccy - row.now_ccy, scale, False, INF), at_once)
    return made.levels()
