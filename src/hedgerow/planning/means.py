"""What may be done to a desk: its offers and routes, how far each may go and how much to try of it.

Means ask the rest of the room about themselves: what the limits want of them (`wants`), what each
does to what accounts have to spare (`footing`), and whether anything is wanted at all. The search
among them is `joint`'s.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hedgerow.collateral import Route
from hedgerow.errors import Failure
from hedgerow.exposure import Place
from hedgerow.hedging import Effects, Offer
from hedgerow.limits import METRICS, LimitState, Survey
from hedgerow.planning.costs import route_name
from hedgerow.planning.done import Desk
from hedgerow.planning.footing import Footing, Touch, footing
from hedgerow.planning.spare import spare_ccy
from hedgerow.planning.wants import Demand, Wants, wants
from hedgerow.solving import Decisions
from hedgerow.units import to_model

__all__ = ["Means", "decisions", "sizes_contracts"]

Floats = NDArray[np.float64]

# Of a contract, in dollars of delta: one with less has none, and no number of it mends a delta.
_TINY_USD = 1e-9
# No offer is tried with more than a quarter of its book: slopes are those of small moves.
_OF_MOST_FRAC = 0.25
# Dollars of delta, or a share of the gap, at which a move is tried where nothing else says a size.
_SIZE_USD = 10_000.0


@dataclass(frozen=True, slots=True, eq=False)
class Means:
    """What may be done to a desk, and what each of it does to what its limits are about."""

    desk: Desk
    effect: Effects
    routes: Sequence[Route]
    coins: Sequence[str]

    @property
    def offers(self) -> tuple[Offer, ...]:
        """What may be traded, of what was offered."""
        return self.effect.offers

    @property
    def count(self) -> int:
        """How many decisions there are: offers, then routes."""
        return len(self.offers) + len(self.routes)

    def wanted(self, tighter_frac: Mapping[tuple[str, str], float] | None = None) -> Wants:
        """Say what the limits want, some distances by so much more than they say."""
        return wants(
            self.desk.now,
            self.desk.limits,
            self.effect,
            self.coins,
            tighter_frac=tighter_frac,
            filled=self.desk.filled(self.offers, self.routes),
        )

    def demands(self, wanted: Wants) -> tuple[Demand, ...]:
        """Give what is wanted of accounts, and what whoever trades or gives must hold."""
        return self.desk.demands(wanted, self.offers, self.routes)

    def are_met(self, wanted: Wants) -> bool:
        """Whether the desk has all that is wanted as it stands."""
        desk, demands = self.desk, self.demands(wanted)
        spare = spare_ccy(
            demands, desk.accounts, desk.now.snapshot, desk.instruments, desk.rulebooks
        )
        # What is unknown is no number, and so not held.
        is_held = [each.is_kept or ccy >= 0.0 for each, ccy in zip(demands, spare, strict=True)]
        return all(each.is_met for each in wanted.asks) and all(is_held)

    def footing(self, wanted: Wants, touches: Sequence[Touch]) -> Footing:
        """Say what each move does to what is wanted of accounts."""
        desk = self.desk
        return footing(
            self.demands(wanted),
            desk.accounts,
            touches,
            self.count,
            desk.now.snapshot,
            desk.instruments,
            desk.rulebooks,
        )


def decisions(means: Means, touches: Sequence[Touch], foot: Footing) -> Decisions:
    """Say how far each move may go, in its lots; one that nobody could try stays at nothing."""
    offers, routes = means.offers, means.routes
    tried = {each.way for each in touches} - foot.barred.keys()
    low_amount, high_amount, lot_amount = [], [], []
    for at, each in enumerate(offers):
        low_amount.append(-each.most_contracts(is_up=False) if (at, False) in tried else 0.0)
        high_amount.append(each.most_contracts(is_up=True) if (at, True) in tried else 0.0)
        lot_amount.append(each.lot_contracts)
    for at, route in enumerate(routes, start=len(offers)):
        most = means.desk.most_coin(route)
        most_coin = 0.0 if isinstance(most, Failure) else to_model(most)
        low_amount.append(0.0)
        high_amount.append(most_coin if (at, True) in tried else 0.0)
        lot_amount.append(to_model(route.step_coin))
    names = tuple(each.name for each in offers) + tuple(route_name(each) for each in routes)
    return Decisions(names, np.array(low_amount), np.array(high_amount), np.array(lot_amount))


def sizes_contracts(
    delta_usd: Floats, offers: Sequence[Offer], wanted: Wants, now: Survey
) -> Floats:
    """Say how much of each offer to try: what would close the widest gap, as its account can bear.

    An account is taken to bear a delta as large as its equity; the least is one lot.
    """
    gap_usd = _SIZE_USD
    for ask, state in zip(wanted.asks, wanted.states, strict=True):
        outside = max(ask.low_figure - ask.now_figure, ask.now_figure - ask.high_figure)
        gap_usd = max(gap_usd, outside * _delta_usd(state, now))
    worth_usd = {
        place.account_id: abs(row.value_usd)
        for row in now.exposures.rows
        if (place := Place.of(row.node)) is not None and place.is_account
    }
    sizes = []
    for each, one in zip(offers, np.abs(delta_usd), strict=True):
        most_contracts = max(each.most_contracts(is_up=True), each.most_contracts(is_up=False))
        borne_usd = min(gap_usd, worth_usd.get(each.account_id, 0.0))
        size_contracts = borne_usd / one if one > _TINY_USD else most_contracts
        sizes.append(max(min(size_contracts, _OF_MOST_FRAC * most_contracts), each.lot_contracts))
    return np.array(sizes)


def _delta_usd(state: LimitState, now: Survey) -> float:
    """Say what one of a limit's figure is in dollars of delta; zero where it is about no delta."""
    counted_in = METRICS[state.metric].delta_in
    if counted_in == "usd":
        return 1.0
    row = now.exposures.row(state.node)
    if counted_in is None or isinstance(row, Failure):
        return 0.0
    # Nothing of a coin is nothing in dollars, and no gap.
    return row.delta_spot_usd / row.delta_spot_coin if row.delta_spot_coin else 0.0
