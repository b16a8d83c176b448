"""Which trades, over every instrument of every venue, bring several figures back at least cost?

Asks enter: figures of the desk (a Greek of a node, a loss under a shock, a shortfall), each with
the range it is wanted in; and offers with what one contract of each does to every ask. A
`HedgeChoice` leaves: contracts in whole lots, what they cost and of what that is made, every ask
before and after, the price of every range that binds. Ranges that cannot all hold are broken as
little as can be, each over its own scale, and named.

The cost is that of books taken level by level, of carry over the horizon, of tickets; on top of it
a hedge may be asked to leave little variance (a square of what is left, by the covariance of what
moves it) or little shortfall over full revaluations (Rockafellar and Uryasev): methods.md section
7.
"""

import math
from collections.abc import Sequence
from itertools import zip_longest

import msgspec
import numpy as np
from numpy.typing import NDArray

from hedgerow.errors import Failure, Outcome, OutOfDomain
from hedgerow.hedging.offers import Offer
from hedgerow.solving import (
    EXCESS_FRAC_MAX,
    Answer,
    Band,
    Decisions,
    Ladders,
    Part,
    Programme,
    Shadow,
    Tickets,
    least,
)
from hedgerow.solving.part import USED_AMOUNT

__all__ = [
    "Ask",
    "AskState",
    "ChosenTrade",
    "HedgeChoice",
    "asks_band",
    "choose",
    "crossing_and_fee_usd",
    "decisions_on",
    "trade_costs",
]

Floats = NDArray[np.float64]
_INF = float("inf")
# What is left of a level's price, however much funding its trade receives.
_LEFT_FRAC = 0.01
_NODES_COUNT_MAX = 200


class Ask(msgspec.Struct, frozen=True, kw_only=True):
    """A figure of the desk, and the range it shall be in.

    Left at a price per unit outside where `penalty_usd_per_figure` is finite. `scale_figure` is
    what one unit outside is compared with where ranges conflict: a tolerance is a good one.
    """

    name: str
    now_figure: float
    low_figure: float = -_INF
    high_figure: float = _INF
    penalty_usd_per_figure: float = _INF
    scale_figure: float = 1.0

    @property
    def is_met(self) -> bool:
        """Whether it is in its range as things stand."""
        return self.low_figure <= self.now_figure <= self.high_figure


class AskState(msgspec.Struct, frozen=True, kw_only=True):
    """One ask before and after the trades, by the model they were chosen with."""

    name: str
    before_figure: float
    after_figure: float
    low_figure: float
    high_figure: float


class ChosenTrade(msgspec.Struct, frozen=True, kw_only=True):
    """So many contracts of one offer, bought where positive, and what they are expected to cost.

    `carry_usd` is funding over the horizon, paid where positive; None where nobody knows its rate.
    """

    instrument_id: str
    account_id: str
    quantity_contracts: float
    crossing_usd: float
    fee_usd: float
    carry_usd: float | None
    ticket_usd: float

    @property
    def known_usd(self) -> float:
        """All that is known of it: without a funding that nobody knows."""
        return self.crossing_usd + self.fee_usd + (self.carry_usd or 0.0) + self.ticket_usd

    @property
    def cost_usd(self) -> float | None:
        """All of it; None where its funding is unknown."""
        return None if self.carry_usd is None else self.known_usd


class HedgeChoice(msgspec.Struct, frozen=True, kw_only=True):
    """Trades, and how good they are: no others cost less than `bound_usd`, funding counted.

    `cost_usd` is None where the funding of a trade is unknown; `bound_usd` and `objective_usd`
    count such funding as none, as does the choice.
    `objective_usd` is the cost of the trades and of what else was priced (penalties, variance,
    shortfall), but for funding received, which is no reason to trade and lowers `cost_usd` and
    `bound_usd` alone. `conflicts` names ranges that cannot hold together.
    """

    trades: tuple[ChosenTrade, ...]
    cost_usd: float | None
    objective_usd: float
    bound_usd: float
    asks: tuple[AskState, ...]
    shadows: tuple[Shadow, ...]
    conflicts: tuple[str, ...]
    method: str
    remark: str

    @property
    def known_usd(self) -> float:
        """What is known of the cost: without a funding that nobody knows."""
        return sum(each.known_usd for each in self.trades)


def choose(
    asks: Sequence[Ask],
    offers: Sequence[Offer],
    figure_per_contract: Floats,
    *,
    parts: Sequence[Part] = (),
    horizon_days: float = 1.0,
    ticket_usd: float = 0.0,
    legs_count_max: int | None = None,
    is_whole: bool = True,
) -> Outcome[HedgeChoice]:
    """Choose trades.

    Parameters
    ----------
    figure_per_contract
        Shape (asks, offers): what one contract bought adds to each ask.
    parts
        What else is priced or bounded, over the offers in their order: a residual's variance, a
        shortfall, margin used up at a venue (`Uses`, with a row for each cell where it is scanned).
    horizon_days
        How long the hedge is meant to stand: funding is counted for so long.
    ticket_usd, legs_count_max
        What each leg costs beside its size, and how many there may be.
    is_whole
        Whether only whole lots are traded; else the relaxation is the answer.

    Returns
    -------
    HedgeChoice or Failure
        The failure of a solver that came to no end, or of a search that found no trades so few
        that do all that is asked: nothing is to be traded on it.

    Raises
    ------
    OutOfDomain
        If shapes do not fit or a number is no number.
    """
    wide = np.asarray(figure_per_contract, dtype=np.float64)
    if wide.shape != (len(asks), len(offers)):
        raise OutOfDomain(
            f"figure_per_contract must be asks by offers, {len(asks)} by {len(offers)}, "
            f"was {wide.shape}"
        )
    ladders = trade_costs(offers, horizon_days)
    made: list[Part] = [ladders, asks_band(asks, wide), *parts]
    if ticket_usd > 0.0 or legs_count_max is not None:
        made.append(Tickets(np.full(len(offers), ticket_usd), legs_count_max))
    answer = least(
        Programme(decisions_on(offers, is_whole=is_whole), made), nodes_count_max=_NODES_COUNT_MAX
    )
    if isinstance(answer, Failure):
        return answer
    choice = _told(answer, asks, offers, wide, horizon_days, ticket_usd)
    if legs_count_max is None:
        return choice
    if len(choice.trades) <= legs_count_max and answer.excess_frac <= EXCESS_FRAC_MAX:
        return choice
    # A leg too many weighs no more than what it would mend, so that a miss says nothing of so few:
    # any number of them tells what can be done at all.
    freely = choose(
        asks, offers, wide, parts=parts, horizon_days=horizon_days, ticket_usd=ticket_usd,
        is_whole=is_whole,
    )  # fmt: skip
    missed = () if isinstance(freely, Failure) else _missed(freely, asks)
    if isinstance(freely, Failure) or not missed:
        message = f"of {legs_count_max} or fewer none were found that do all that is asked"
    elif len(freely.trades) <= legs_count_max:
        return freely
    else:
        message = f"whatever their number, these cannot all hold: {', '.join(missed)}"
    return Failure(subject="hedge", reason="unsupported", message=message)


def _missed(choice: HedgeChoice, asks: Sequence[Ask]) -> tuple[str, ...]:
    """Name the asks that a choice leaves outside their ranges, for want of trades or of lots."""
    return tuple(
        ask.name
        for ask, state in zip(asks, choice.asks, strict=True)
        if math.isinf(ask.penalty_usd_per_figure)
        and not (
            ask.low_figure - EXCESS_FRAC_MAX * ask.scale_figure
            <= state.after_figure
            <= ask.high_figure + EXCESS_FRAC_MAX * ask.scale_figure
        )
    )


def decisions_on(offers: Sequence[Offer], *, is_whole: bool = True) -> Decisions:
    """Give one decision an offer, in contracts, as far as its book goes."""
    return Decisions(
        tuple(each.name for each in offers),
        np.array([-each.most_contracts(is_up=False) for each in offers]),
        np.array([each.most_contracts(is_up=True) for each in offers]),
        np.array([each.lot_contracts if is_whole else 0.0 for each in offers]),
    )


def trade_costs(offers: Sequence[Offer], horizon_days: float) -> Ladders:
    """Give what trading costs by the books and what holding it does; unknown funding is none.

    Funding received makes a trade's best level as cheap as a hundredth of itself, and no trade
    cheaper: it helps to choose between hedges and is no reason to trade. Were it free, one that
    mends nothing would do as well as none. One instrument has one book, whichever
    accounts trade it: they share its levels at the least of their fees, and what an account pays
    beyond them (where it is least) and its funding are its own, so that one more offer makes no
    other dearer. All of the funding received stands beside, for a bound that holds of what is paid.
    """
    books = list(dict.fromkeys(each.instrument_id for each in offers))
    book_of = np.array([books.index(each.instrument_id) for each in offers], dtype=np.int64)
    index, ups, widths, prices = [], [], [], []
    own, least_own = np.zeros((2, len(offers))), np.zeros((2, len(offers)))
    for book in range(len(books)):
        members = np.flatnonzero(book_of == book).tolist()
        for k, is_up in enumerate((True, False)):
            sides = [offers[at].buys if is_up else offers[at].sells for at in members]
            more = [np.inf] * len(members)
            level_usd: list[float] = []
            for level, rungs in enumerate(zip_longest(*sides)):
                there = [rung for rung in rungs if rung is not None]
                # The least fee goes on where the offer that has it ends: else what others pay
                # beyond it would be told from where they alone are left, which is nothing.
                fee = min(
                    side[min(level, len(side) - 1)].fee_usd_per_contract for side in sides if side
                )
                price = fee + min(
                    rung.cost_usd_per_contract - rung.fee_usd_per_contract for rung in there
                )
                level_usd.append(max([price, *level_usd[-1:]]))
                index.append(book)
                ups.append(is_up)
                widths.append(max(rung.width_contracts for rung in there))
                for n, rung in enumerate(rungs):
                    if rung is not None:
                        more[n] = min(more[n], rung.fee_usd_per_contract - fee)
            prices.extend(level_usd)
            for at, fee_more in zip(members, more, strict=True):
                if np.isfinite(fee_more):
                    carry = (offers[at].carry_usd_per_day or 0.0) * horizon_days
                    least_own[k, at] = fee_more - (carry if is_up else -carry)
                    own[k, at] = max(least_own[k, at], -(1.0 - _LEFT_FRAC) * level_usd[0])
    return Ladders(
        book_index=np.array(index, dtype=np.int64),
        is_up=np.array(ups, dtype=np.bool_),
        width_amount=np.array(widths, dtype=np.float64),
        price_usd_per_amount=np.array(prices, dtype=np.float64),
        decision_book_index=book_of,
        own_usd_per_amount=own,
        least_own_usd_per_amount=least_own,
    )


def asks_band(asks: Sequence[Ask], figure_per_amount: Floats) -> Band:
    """Write asks as rows."""
    return Band(
        names=tuple(each.name for each in asks),
        at_figure=np.array([each.now_figure for each in asks]),
        figure_per_amount=figure_per_amount,
        low_figure=np.array([each.low_figure for each in asks]),
        high_figure=np.array([each.high_figure for each in asks]),
        penalty_usd_per_figure=np.array([each.penalty_usd_per_figure for each in asks]),
        scale_figure=np.array([each.scale_figure for each in asks]),
    )


def _told(
    answer: Answer,
    asks: Sequence[Ask],
    offers: Sequence[Offer],
    figure_per_contract: Floats,
    horizon_days: float,
    ticket_usd: float,
) -> HedgeChoice:
    amounts = np.array(answer.chosen_amount)
    trades = []
    taken: dict[tuple[str, bool], float] = {}
    for each, quantity in zip(offers, answer.chosen_amount, strict=True):
        # What a solver leaves of nought is no leg, as `Tickets` counts them.
        if abs(quantity) <= USED_AMOUNT:
            continue
        side = each.instrument_id, quantity > 0
        crossing, fee = crossing_and_fee_usd(each, quantity, taken.get(side, 0.0))
        taken[side] = taken.get(side, 0.0) + abs(quantity)
        trades.append(
            ChosenTrade(
                instrument_id=each.instrument_id,
                account_id=each.account_id,
                quantity_contracts=quantity,
                crossing_usd=crossing,
                fee_usd=fee,
                carry_usd=each.carry_paid_usd(quantity, horizon_days),
                ticket_usd=ticket_usd,
            )
        )
    after = [each.now_figure for each in asks] + figure_per_contract @ amounts
    costs_usd = [each.cost_usd for each in trades]
    known_usd = [each for each in costs_usd if each is not None]
    return HedgeChoice(
        trades=tuple(trades),
        cost_usd=sum(known_usd) if len(known_usd) == len(trades) else None,
        objective_usd=answer.objective_usd,
        bound_usd=answer.bound_usd,
        asks=tuple(
            AskState(
                name=each.name,
                before_figure=each.now_figure,
                after_figure=float(then),
                low_figure=each.low_figure,
                high_figure=each.high_figure,
            )
            for each, then in zip(asks, after, strict=True)
        ),
        shadows=answer.shadows,
        conflicts=answer.conflicts,
        method=answer.method,
        remark=answer.remark,
    )


def crossing_and_fee_usd(
    each: Offer, quantity_contracts: float, taken_contracts: float = 0.0
) -> tuple[float, float]:
    """Give what so many contracts cost by the book beyond the mark, and in fees.

    `taken_contracts` of that side of the book are gone already.
    """
    left, cost, fee, gone = abs(quantity_contracts), 0.0, 0.0, taken_contracts
    for rung in each.buys if quantity_contracts > 0 else each.sells:
        there = max(rung.width_contracts - gone, 0.0)
        gone = max(gone - rung.width_contracts, 0.0)
        taken = min(left, there)
        cost += taken * rung.cost_usd_per_contract
        fee += taken * rung.fee_usd_per_contract
        left -= taken
    return cost - fee, fee
