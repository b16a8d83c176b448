"""One part of a programme: what transfers cost, what they may not touch, and what they cover.

Two things hang on whether a link is used at all: its fee and its smallest transfer. What a pile
counts for is the least of several straight lines in what flows into it, which is how a discount by
tiers reads to a solver: a column below all of them. As every part this one judges plans by its own
arithmetic (`usd`, `excess`) and only describes itself to a solver (`assemble`).
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from hedgerow.solving import Decisions
from hedgerow.solving.assembly import Assembly
from hedgerow.solving.part import INF, dense
from hedgerow.solving.records import Floats

__all__ = ["USED_COIN", "Flows", "Levels", "Posting", "Rows"]

# Coins are a transfer from here on: less is what a solver leaves of zero (1e-10, its tolerance).
USED_COIN = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class Flows:
    """What plans bring into piles: so much of each transfer, less a fee where it is sent at all."""

    coin_per_amount: Floats
    fee_coin: Floats
    shift_coin: Floats

    def coin(self, plans_amount: Floats) -> Floats:
        """Give what flows into each pile; `plans_amount` is (plans, links)."""
        used = (plans_amount > USED_COIN).astype(np.float64)
        return np.asarray(
            plans_amount @ self.coin_per_amount.T - used @ self.fee_coin.T + self.shift_coin
        )


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Straight rows over flows, none of which gives way."""

    names: tuple[str, ...]
    figure_per_coin: Floats
    low_figure: Floats
    high_figure: Floats
    scale_figure: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Levels:
    """Rows that must be covered: each the sum of what piles count for, from a level on.

    Line j says that its term counts for no more than `slope_ccy_per_coin[j]` a coin of flow
    `flow_index[j]` and `from_ccy[j]`; terms are runs of lines, from `first_index` on, and belong to
    row `term_row_index`. A row with a price may be left short at it; of the others those that may
    not give way hold in every plan.
    """

    names: tuple[str, ...]
    needed_ccy: Floats
    scale_ccy: Floats
    may_give: NDArray[np.bool_]
    penalty_usd_per_ccy: Floats
    flow_index: NDArray[np.int64]
    slope_ccy_per_coin: Floats
    from_ccy: Floats
    first_index: NDArray[np.int64]
    term_row_index: NDArray[np.int64]

    def gained_ccy(self, flow_coin: Floats) -> Floats:
        """Give what each plan adds to each row; `flow_coin` is (plans, flows)."""
        gained = np.zeros((len(flow_coin), len(self.names)))
        if not len(self.first_index):
            return gained
        lines = flow_coin[:, self.flow_index] * self.slope_ccy_per_coin + self.from_ccy
        terms = np.minimum.reduceat(lines, self.first_index, axis=1)
        place = np.zeros((len(self.first_index), len(self.names)))
        place[np.arange(len(self.first_index)), self.term_row_index] = 1.0
        return np.asarray(terms @ place)

    def short_ccy(self, flow_coin: Floats) -> Floats:
        """Give by how much each row is left short."""
        return np.maximum(self.needed_ccy - self.gained_ccy(flow_coin), 0.0)


@dataclass(frozen=True, slots=True, eq=False)
class Posting:
    """Transfers: their cost, the rows they must keep to, and the levels they must reach.

    `is_sent` says of each link that it is used or is not, where that is settled; None leaves it to
    be decided.
    """

    cost_usd_per_amount: Floats
    ticket_usd: Floats
    minimum_amount: Floats
    flows: Flows
    rows: Rows
    levels: Levels
    is_sent: NDArray[np.bool_] | None = None
    _fixed_index: NDArray[np.int64] = field(init=False)

    def __post_init__(self) -> None:
        is_fixed = (self.ticket_usd > 0) | (self.minimum_amount > 0)
        is_fixed |= np.any(self.flows.fee_coin != 0, axis=0)
        object.__setattr__(self, "_fixed_index", np.flatnonzero(is_fixed))

    @property
    def is_linear(self) -> bool:
        """Whether it is written without squares and powers."""
        return True

    def paid_usd(self, plans_amount: Floats) -> Floats:
        """Give what transfers cost, without what is left short."""
        used = plans_amount > USED_COIN
        return np.asarray(plans_amount @ self.cost_usd_per_amount + used @ self.ticket_usd)

    def usd(self, plans_amount: Floats) -> Floats:
        """Add what rows with a price are left short."""
        price = self.levels.penalty_usd_per_ccy
        soft = np.where(np.isfinite(price), price, 0.0)
        short = self.levels.short_ccy(self.flows.coin(plans_amount))
        return np.asarray(self.paid_usd(plans_amount) + short @ soft)

    def excess(self, plans_amount: Floats) -> Floats:
        """Add up what is broken: rows, levels without a price, and transfers that are too small."""
        coin = self.flows.coin(plans_amount)
        at = coin @ self.rows.figure_per_coin.T
        outside = np.maximum(self.rows.low_figure - at, at - self.rows.high_figure)
        total = np.maximum(outside, 0.0) @ (1.0 / self.rows.scale_figure)
        hard = ~np.isfinite(self.levels.penalty_usd_per_ccy)
        total += self.levels.short_ccy(coin) @ np.where(hard, 1.0 / self.levels.scale_ccy, 0.0)
        small = np.where(plans_amount > USED_COIN, self.minimum_amount - plans_amount, 0.0)
        least = np.maximum(self.minimum_amount, USED_COIN)
        return np.asarray(total + np.maximum(small, 0.0) @ (1.0 / least))

    def assemble(self, into: Assembly, at: NDArray[np.int64], decisions: Decisions) -> None:
        """Columns say whether links are used, and what each term counts for."""
        paid = into.columns(
            np.zeros(len(at)), np.asarray(decisions.high_amount), self.cost_usd_per_amount
        )
        links = np.arange(len(at))
        nought, one = np.zeros(len(at)), np.ones(len(at))
        into.rows([(links, at, one), (links, paid, -one)], nought, nought, ["amount"] * len(at))
        used_index = self._use(into, at, decisions)
        self._straight(into, at, used_index)
        self._covered(into, at, used_index)

    def _use(
        self, into: Assembly, at: NDArray[np.int64], decisions: Decisions
    ) -> NDArray[np.int64]:
        count = len(self._fixed_index)
        low, high = np.zeros(count), np.ones(count)
        if self.is_sent is not None:
            low = high = self.is_sent[self._fixed_index].astype(np.float64)
        used_index = into.columns(
            low,
            high,
            self.ticket_usd[self._fixed_index],
            is_whole=np.ones(count, dtype=np.bool_),
        )
        rows, ones = np.arange(count), np.ones(count)
        free, none = np.full(count, INF), np.zeros(count)
        own = at[self._fixed_index]
        most, least = (
            decisions.high_amount[self._fixed_index],
            self.minimum_amount[self._fixed_index],
        )
        into.rows([(rows, own, ones), (rows, used_index, -most)], -free, none, ["use"] * count)
        into.rows([(rows, own, ones), (rows, used_index, -least)], none, free, ["least"] * count)
        return used_index

    def _straight(
        self, into: Assembly, at: NDArray[np.int64], used_index: NDArray[np.int64]
    ) -> None:
        rows = self.rows
        into.rows(
            [
                dense(rows.figure_per_coin @ self.flows.coin_per_amount, at),
                dense(
                    -(rows.figure_per_coin @ self.flows.fee_coin[:, self._fixed_index]), used_index
                ),
            ],
            rows.low_figure - rows.figure_per_coin @ self.flows.shift_coin,
            rows.high_figure - rows.figure_per_coin @ self.flows.shift_coin,
            rows.names,
        )

    def _covered(
        self, into: Assembly, at: NDArray[np.int64], used_index: NDArray[np.int64]
    ) -> None:
        levels = self.levels
        terms = len(levels.first_index)
        free = np.full(terms, INF)
        counted = into.columns(-free, free, np.zeros(terms))
        lines = np.arange(len(levels.slope_ccy_per_coin))
        term_of = np.searchsorted(levels.first_index, lines, side="right") - 1
        slope = levels.slope_ccy_per_coin[:, np.newaxis]
        into.rows(
            [
                (lines, counted[term_of], np.ones(len(lines))),
                dense(-slope * self.flows.coin_per_amount[levels.flow_index], at),
                dense(
                    slope * self.flows.fee_coin[levels.flow_index][:, self._fixed_index], used_index
                ),
            ],
            np.full(len(lines), -INF),
            levels.from_ccy + levels.slope_ccy_per_coin * self.flows.shift_coin[levels.flow_index],
            ["worth"] * len(lines),
        )
        entries = [(levels.term_row_index, counted, np.ones(terms))]
        soft = np.flatnonzero(np.isfinite(levels.penalty_usd_per_ccy))
        if len(soft):
            short = into.columns(
                np.zeros(len(soft)), np.full(len(soft), INF), levels.penalty_usd_per_ccy[soft]
            )
            entries.append((soft, short, np.ones(len(soft))))
        scale = np.where(levels.may_give, levels.scale_ccy, 0.0)
        scale = np.where(np.isfinite(levels.penalty_usd_per_ccy), INF, scale)
        into.rows(
            entries,
            levels.needed_ccy,
            np.full(len(levels.names), INF),
            levels.names,
            scale,
        )
