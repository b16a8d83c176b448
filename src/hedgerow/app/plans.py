"""What ``hedgerow hedge plan`` and ``collateral plan`` do: plan one half, print, send nothing."""

from hedgerow import collateral, hedging
from hedgerow.app.asked import heading_of, looked_at, opened, show, status_of
from hedgerow.app.desk import Desk
from hedgerow.app.feed import Market
from hedgerow.app.options import Source
from hedgerow.collateral import TransferPlan
from hedgerow.hedging import TradePlan
from hedgerow.limits import Survey
from hedgerow.margin import rulebooks_at
from hedgerow.planning import plan
from hedgerow.reporting import builtins_of, plan_tables
from hedgerow.units import MINUTE_NS

__all__ = ["show_hedges", "show_transfers"]


def show_hedges(source: Source, *, as_json: bool) -> int:
    """Print the trades that bring each coin's delta back into its band."""
    desk, market, at_ns = opened(source)
    state = looked_at(desk, market, at_ns)
    trades = hedging.plan(desk.hedges, state, desk.perpetuals, is_once=True)
    nothing = TransferPlan(moves=(), unmet=())
    named = ", ".join(each.underlying for each in desk.hedges) or "no coin"
    asked_of = f"The [[hedges]] of the desk file are for {named}."
    acts_when = (
        f"Hedges bring a coin's delta back into its band by whole lots; none of {named} is a lot "
        "outside of its own, and other limits are not theirs."
        if desk.hedges
        else "The desk file has no [[hedges]]."
    )
    return _show(desk, market, state, trades, nothing, asked_of, acts_when, as_json=as_json)


def show_transfers(source: Source, *, as_json: bool) -> int:
    """Print the transfers that refill each account's buffer."""
    desk, market, at_ns = opened(source)
    state = looked_at(desk, market, at_ns)
    rulebooks = rulebooks_at(desk.rulebooks, at_ns)
    transfers = collateral.plan(desk.buffers, desk.routes, state, rulebooks)
    nothing = TradePlan(trades=(), unmet=())
    named = ", ".join(each.account_id for each in desk.buffers) or "no account"
    asked_of = f"The [[buffers]] of the desk file are for {named}."
    acts_when = (
        "Transfers refill an account that is past its trigger_use or breaks a hard limit of "
        f"distance; none of {named} is or does, and other limits are not theirs."
        if desk.buffers
        else "The desk file has no [[buffers]]."
    )
    return _show(desk, market, state, nothing, transfers, asked_of, acts_when, as_json=as_json)


def _show(
    desk: Desk,
    market: Market,
    state: Survey,
    trades: TradePlan,
    transfers: TransferPlan,
    asked_of: str,
    acts_when: str,
    *,
    as_json: bool,
) -> int:
    made = plan(
        trades=trades,
        transfers=transfers,
        before=state,
        instruments=desk.instruments,
        rulebooks=rulebooks_at(desk.rulebooks, state.snapshot.time_ns),
        limits=desk.limits,
        assumptions=market.statements,
        valid_ns=MINUTE_NS,
    )
    shown = plan_tables(made, heading=heading_of(state), asked_of=asked_of, acts_when=acts_when)
    show(builtins_of(made), shown, as_json=as_json)
    return status_of(state, as_json=as_json)
