"""An agent that hedges and does nothing else: no distances, no requirements, no collateral.

A `View` enters and the orders that bring every hedged coin back into its band leave. It looks at
no more than that needs, so that a policy can be followed through months of a recording. Of the
limits a person set it keeps those on a coin's delta, which a band stays inside of.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from hedgerow.collateral import TransferPlan
from hedgerow.execution import Decision, View
from hedgerow.exposure import aggregate
from hedgerow.hedging import Caps, HedgePolicy, TradePlan
from hedgerow.hedging import plan as plan_trades
from hedgerow.instruments import Instrument, LinearPerpetual
from hedgerow.limits import METRICS, Limit, Seen, Survey, judge
from hedgerow.market import Snapshot
from hedgerow.planning import Plan, plan
from hedgerow.portfolio import Book
from hedgerow.pricing import value
from hedgerow.units import MINUTE_NS

__all__ = ["HedgeAgent", "deltas_of", "written"]

_PLAN_VALID_NS = 1 * MINUTE_NS


@dataclass(frozen=True, slots=True, eq=False)
class HedgeAgent:
    """Hedge policies a person set; everything else comes with the view."""

    hedges: tuple[HedgePolicy, ...]
    perpetuals: tuple[LinearPerpetual, ...]
    limits: tuple[Limit, ...] = ()

    def step(self, view: View, time_ns: int) -> Decision:
        """Decide what to trade; `plan` is None where nothing is to be and nothing was left undone.

        Hedges are filled or cancelled at once, so that no earlier order is still on its way.
        """
        state = deltas_of(view.book, view.snapshot, self.limits)
        caps = Caps(order_usd_max=view.allowance.order_usd_max, left_usd=view.allowance.orders_usd)
        trades = plan_trades(self.hedges, state, self.perpetuals, caps)
        made = None
        if trades.trades or trades.unmet:
            made = written(trades, state, view.book.terms, self.perpetuals)
        return Decision(time_ns=time_ns, limits=state.limits, plan=made, reasons=_reasons(made))


def deltas_of(book: Book, snapshot: Snapshot, limits: tuple[Limit, ...] = ()) -> Survey:
    """Survey a desk for its deltas alone: no requirement, no distance, limits on deltas."""
    exposures = aggregate(book, value(book, snapshot), snapshot)
    kept = tuple(each for each in limits if METRICS[each.metric].delta_in is not None)
    return Survey(
        book=book,
        snapshot=snapshot,
        exposures=exposures,
        reports={},
        distances={},
        limits=judge(kept, Seen(book, snapshot, exposures, {}, {})),
    )


def written(
    trades: TradePlan,
    state: Survey,
    held: Mapping[str, Instrument],
    perpetuals: tuple[LinearPerpetual, ...],
) -> Plan:
    """Write trades as a plan of orders."""
    return plan(
        trades=trades,
        transfers=TransferPlan(moves=(), unmet=()),
        before=state,
        instruments={**{each.instrument_id: each for each in perpetuals}, **held},
        rulebooks={},
        limits=(),
        assumptions=(),
        valid_ns=_PLAN_VALID_NS,
    )


def _reasons(made: Plan | None) -> tuple[str, ...]:
    if made is None:
        return ()
    undone = (f"{failure.subject}: {failure.message}" for failure in made.unmet)
    return (*undone, *(leg.reason for leg in made.legs))
