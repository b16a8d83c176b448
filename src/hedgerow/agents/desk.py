"""The desk's agent: survey the view, refill buffers, bring deltas back into their bands.

It plans at all only when a buffer is low or a delta is outside its band; limits that a person set
are judged at every step and travel with the decision, so that a breach nothing can mend is still
seen.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from hedgerow.collateral import BufferPolicy, Route
from hedgerow.collateral import plan as plan_transfers
from hedgerow.errors import Failure, Outcome
from hedgerow.execution import Decision, View
from hedgerow.hedging import Caps, HedgePolicy, TradePlan
from hedgerow.hedging import plan as plan_trades
from hedgerow.instruments import Instrument, LinearPerpetual
from hedgerow.limits import Limit, Survey, account_node, breaches, survey
from hedgerow.margin import MarginReport, Rulebook, require
from hedgerow.planning import Order, Transfer, plan, projected, traded
from hedgerow.portfolio import Book, book
from hedgerow.units import MINUTE_NS

__all__ = ["DeskAgent"]

_PLAN_VALID_NS = 1 * MINUTE_NS


@dataclass(frozen=True, slots=True, eq=False)
class DeskAgent:
    """Policies a person set; everything else comes with the view."""

    limits: tuple[Limit, ...]
    hedges: tuple[HedgePolicy, ...]
    buffers: tuple[BufferPolicy, ...]
    routes: tuple[Route, ...]
    perpetuals: tuple[LinearPerpetual, ...]
    assumptions: tuple[str, ...]

    def step(self, view: View, time_ns: int) -> Decision:
        """Decide what to do about a view.

        Returns
        -------
        Decision
            `plan` is None where nothing needs doing and nothing is left undone.
        """
        instruments: dict[str, Instrument] = {p.instrument_id: p for p in self.perpetuals}
        instruments |= view.book.terms
        held = _as_if_done(view, instruments)
        state = survey(held, view.snapshot, view.rulebooks, self.limits)
        rulebooks = dict(view.rulebooks)
        # Hedges first: what a hedge needs of margin, the transfers are to bring.
        trades = plan_trades(self.hedges, state, self.perpetuals, _caps(view))
        transfers = plan_transfers(
            self.buffers,
            self.routes,
            state,
            rulebooks,
            in_transit_coin=_on_the_way(view),
            hedged=_hedged(state, trades, rulebooks, instruments),
            left_usd=view.allowance.transfers_usd,
        )
        reasons = [
            f"{b.state.node} {b.state.metric}: {b.state.message}" for b in breaches(state.limits)
        ]
        if not (transfers.moves or trades.trades or transfers.unmet or trades.unmet):
            return Decision(time_ns=time_ns, limits=state.limits, plan=None, reasons=tuple(reasons))
        made = plan(
            trades=trades,
            transfers=transfers,
            before=state,
            instruments=instruments,
            rulebooks=rulebooks,
            limits=self.limits,
            assumptions=self.assumptions,
            valid_ns=_PLAN_VALID_NS,
        )
        reasons.extend(f"{failure.subject}: {failure.message}" for failure in made.unmet)
        reasons.extend(leg.reason for leg in made.legs)
        return Decision(time_ns=time_ns, limits=state.limits, plan=made, reasons=tuple(reasons))


def _as_if_done(view: View, instruments: Mapping[str, Instrument]) -> Book:
    """Give the book with every order sent as filled, lest it be sent again.

    What is in transit between accounts is in the view's book already.
    """
    if not any(isinstance(leg, Order) for leg in view.pending):
        return view.book
    orders = []
    for leg in view.pending:
        if isinstance(leg, Order):
            terms = instruments.get(leg.instrument_id)
            # Without a mark nothing is hedged with it, so nothing is sent twice.
            if isinstance(terms, LinearPerpetual) and not isinstance(
                view.snapshot.mark_usd(terms.instrument_id, terms.underlying), Failure
            ):
                orders.append(leg)
    accounts = projected(view.book.accounts, orders, view.snapshot, instruments, view.rulebooks)
    return book(accounts, instruments)


def _caps(view: View) -> Caps:
    return Caps(order_usd_max=view.allowance.order_usd_max, left_usd=view.allowance.orders_usd)


def _hedged(
    state: Survey,
    trades: TradePlan,
    rulebooks: Mapping[str, Rulebook],
    instruments: Mapping[str, Instrument],
) -> dict[str, Outcome[MarginReport]]:
    """Give the requirements of the accounts that trade, as they would be after it."""
    reports: dict[str, Outcome[MarginReport]] = {}
    for account in traded(state.book.accounts, trades.trades, state.snapshot, instruments):
        rulebook = rulebooks.get(account.rulebook or "")
        if rulebook is not None:
            report = require(account, instruments, state.snapshot, rulebook)
            reports[account_node(account)] = report
    return reports


def _on_the_way(view: View) -> tuple[tuple[str, str, Decimal, str], ...]:
    return tuple(
        (leg.target_account_id, leg.asset, leg.quantity_coin, leg.use)
        for leg in view.pending
        if isinstance(leg, Transfer)
    )
