"""Join trades and transfers into one ordered plan, and say what it will have changed.

Transfers come first: collateral takes time to arrive, a hedge does not, and a hedge may need the
margin. A transfer waits for those that bring its source what it sends. No order waits: a band is
left at once, and a hedge that lacks the margin its venue refuses, as it does until the transfer has
arrived; the next plan asks again. The state after is a survey of the same market with every leg
done as written.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from hedgerow.collateral import Move, TransferPlan
from hedgerow.hedging import Trade, TradePlan
from hedgerow.instruments import Instrument
from hedgerow.limits import Limit, Survey, survey
from hedgerow.margin import Rulebook
from hedgerow.planning.project import projected
from hedgerow.planning.records import CostKind, CostName, Leg, Order, Plan, Transfer, stamp
from hedgerow.portfolio import book
from hedgerow.units import percent

__all__ = ["cost_kinds", "plan"]


def plan(
    *,
    trades: TradePlan,
    transfers: TransferPlan,
    before: Survey,
    instruments: Mapping[str, Instrument],
    rulebooks: Mapping[str, Rulebook],
    limits: Sequence[Limit],
    assumptions: tuple[str, ...],
    valid_ns: int,
) -> Plan:
    """Order the legs and price the whole.

    Parameters
    ----------
    valid_ns
        How long the plan may still be executed; the market moves on.

    Returns
    -------
    Plan
        With client ids derived from the time, so that the same view gives the same plan.
    """
    time_ns = before.snapshot.time_ns
    venue_of = {account.account_id: account.venue for account in before.book.accounts}
    legs: list[Leg] = []
    for move in transfers.moves:
        waits_for = tuple(legs[at].client_id for at in move.waits_for_index)
        legs.append(_transfer(move, f"{stamp(time_ns)}-{len(legs)}", waits_for))
    for trade in trades.trades:
        client_id = f"{stamp(time_ns)}-{len(legs)}"
        legs.append(_order(trade, venue_of[trade.account_id], client_id))
    after = before
    if legs:
        accounts = projected(before.book.accounts, legs, before.snapshot, instruments, rulebooks)
        after = survey(book(accounts, instruments), before.snapshot, rulebooks, limits)
    return Plan(
        plan_id=stamp(time_ns),
        time_ns=time_ns,
        expires_ns=time_ns + valid_ns,
        legs=tuple(legs),
        cost_expected_usd=sum(leg.cost_expected_usd for leg in legs),
        limits_before=before.limits,
        limits_after=after.limits,
        assumptions=assumptions,
        unmet=(*transfers.unmet, *trades.unmet),
    )


def cost_kinds(trades: TradePlan, transfers: TransferPlan) -> tuple[CostKind, ...]:
    """Split what such a plan costs by its kinds, as a plan of both together has it.

    Neither funding while a hedge is held nor money tied up is in the cost of its legs.
    """
    kinds: dict[CostName, float] = {
        "crossing": sum(each.crossing_usd for each in trades.trades),
        "fee": sum(each.fee_usd for each in trades.trades)
        + sum(each.cost_expected_usd for each in transfers.moves),
    }
    return tuple(
        CostKind(kind=kind, cost_expected_usd=cost) for kind, cost in kinds.items() if cost
    )


def _transfer(move: Move, client_id: str, waits_for: tuple[str, ...]) -> Transfer:
    return Transfer(
        client_id=client_id,
        source_account_id=move.route.source_account_id,
        target_account_id=move.route.target_account_id,
        asset=move.route.asset,
        quantity_coin=move.quantity_coin,
        use=move.route.use,
        cost_expected_usd=move.cost_expected_usd,
        fee_coin=move.route.fee_coin,
        reason=f"{move.route.target_account_id} uses {_percent(move.use_before_frac)} of its "
        f"equity; {move.route.use} brings it to {_percent(move.use_after_frac)}",
        waits_for=waits_for,
    )


def _order(trade: Trade, venue: str, client_id: str) -> Order:
    return Order(
        client_id=client_id,
        account_id=trade.account_id,
        venue=venue,
        instrument_id=trade.instrument_id,
        quantity_contracts=trade.quantity_contracts,
        price_limit_usd=trade.price_limit_usd,
        cost_expected_usd=trade.cost_expected_usd,
        reason=f"{trade.underlying} delta {trade.delta_before_coin:+.3f} coin is outside "
        f"{trade.target_delta_coin:+.3f} ± {trade.band_halfwidth_coin:.3f}; "
        f"to the edge at {trade.delta_after_coin:+.3f}",
    )


def _percent(use_frac: Decimal | None) -> str:
    return "more than all" if use_frac is None else percent(use_frac)
