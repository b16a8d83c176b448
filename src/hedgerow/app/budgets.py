"""What the `[budget]` of a desk lets pass: guards for what is sent, and words for what is planned.

A plan that a person makes keeps to no cap, as it is not sent; an agent of the same desk would cut
it, or have it refused. So that nobody takes the one for the other, every leg is held against the
same guards, one bound at a time.
"""

from collections.abc import Mapping
from decimal import Decimal

import msgspec

from hedgerow.app.desk import Desk
from hedgerow.errors import ExecutionError
from hedgerow.execution import AllowedSwap, AllowedSwitch, Guards, Spent, check
from hedgerow.execution import Route as AllowedRoute
from hedgerow.instruments import Instrument
from hedgerow.market import Snapshot
from hedgerow.planning import Leg, Order, Plan, Switch

__all__ = ["beyond_budget", "guards_of"]

# More than anybody trades: what one bound alone refuses is looked for with the others this wide.
_WIDE_USD = Decimal("1e30")
_WIDE_FRAC = Decimal("0.999999999")


def guards_of(desk: Desk) -> Guards:
    """Give the guards that a desk's legs must pass."""
    return Guards(
        order_usd_max=desk.order_usd_max,
        orders_usd_per_day=desk.orders_usd_per_day,
        transfers_usd_per_day=desk.transfers_usd_per_day,
        price_collar_frac=desk.price_collar_frac,
        routes=tuple(
            AllowedRoute(
                source_account_id=route.source_account_id,
                target_account_id=route.target_account_id,
                asset=route.asset,
                use=route.use,
            )
            for route in desk.routes
        ),
        switches=tuple(
            AllowedSwitch(account_id=each.account_id, rulebook=each.rulebook)
            for each in desk.switches
        ),
        swaps=tuple(
            AllowedSwap(account_id=each.account_id, asset=each.asset, asset_take=each.asset_take)
            for each in desk.swaps
        ),
    )


def beyond_budget(
    plan: Plan, desk: Desk, instruments: Mapping[str, Instrument], snapshot: Snapshot
) -> tuple[str, ...]:
    """Name the legs of a plan that go beyond a cap or the collar of the desk's `[budget]`.

    Each is judged alone for its size and price, and with all before it for the day's budgets, of
    which nothing is taken to be spent. Without a `[budget]`, and where every leg passes, nothing is
    said.
    """
    if not desk.has_budget:
        return ()
    guards, spent = guards_of(desk), Spent()
    told = []
    for leg in plan.legs:
        why = dict.fromkeys(
            said
            for each in _one_by_one(guards)
            if (said := _refusal(leg, each, instruments, snapshot, spent, plan.time_ns))
        )
        if why:
            name = next(iter(why)).partition(": ")[0]
            told.append(f"{name}: {'; '.join(each.partition(': ')[2] for each in why)}")
        spent = _spent(leg, _wide(guards), instruments, snapshot, spent, plan.time_ns)
    if not told:
        return ()
    return (
        "The plan was made without the caps and the collar of [budget]. An agent of this desk cuts "
        "what is beyond a cap, or sends none of it, and what is beyond the collar is refused; of "
        f"the day only legs of this plan are taken to be spent. Beyond: {'. '.join(told)}.",
    )


def _wide(guards: Guards) -> Guards:
    return msgspec.structs.replace(
        guards,
        order_usd_max=_WIDE_USD,
        orders_usd_per_day=_WIDE_USD,
        transfers_usd_per_day=_WIDE_USD,
        price_collar_frac=_WIDE_FRAC,
    )


def _one_by_one(guards: Guards) -> tuple[Guards, ...]:
    """Give guards with one bound each, as they refuse by the first that is broken."""
    wide = _wide(guards)
    return (
        msgspec.structs.replace(wide, price_collar_frac=guards.price_collar_frac),
        msgspec.structs.replace(wide, order_usd_max=guards.order_usd_max),
        msgspec.structs.replace(
            wide,
            orders_usd_per_day=guards.orders_usd_per_day,
            transfers_usd_per_day=guards.transfers_usd_per_day,
        ),
    )


def _refusal(
    leg: Leg,
    guards: Guards,
    instruments: Mapping[str, Instrument],
    snapshot: Snapshot,
    spent: Spent,
    time_ns: int,
) -> str:
    """Give why guards refuse a leg; empty where it passes."""
    try:
        check(
            leg,
            guards=guards,
            instruments=instruments,
            snapshot=snapshot,
            spent=spent,
            time_ns=time_ns,
        )
    except ExecutionError as refused:
        return str(refused)
    return ""


def _spent(
    leg: Leg,
    wide: Guards,
    instruments: Mapping[str, Instrument],
    snapshot: Snapshot,
    spent: Spent,
    time_ns: int,
) -> Spent:
    """Count a leg as spent in full; what cannot be valued was told as refused, and is nothing."""
    if isinstance(leg, Switch):
        return spent
    try:
        value_usd = check(
            leg,
            guards=wide,
            instruments=instruments,
            snapshot=snapshot,
            spent=Spent(),
            time_ns=time_ns,
        )
    except ExecutionError:
        return spent
    if isinstance(leg, Order):
        return msgspec.structs.replace(spent, orders_usd=spent.orders_usd + value_usd)
    return msgspec.structs.replace(spent, transfers_usd=spent.transfers_usd + value_usd)
