"""Guards: what no strategy can talk its way around, checked leg by leg before anything is written.

They know nothing of why a leg is wanted. Amounts are exact, every bound itself is still allowed,
and what cannot be valued is refused: a budget that cannot be counted is not a budget.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Literal

import msgspec

from hedgerow.errors import BudgetExceeded, Failure, OrderRefused, Outcome, TransferRefused
from hedgerow.execution.journal import Journal
from hedgerow.instruments import (
    Instrument,
    InverseFuture,
    InversePerpetual,
    LinearFuture,
    LinearPerpetual,
    Option,
    Spot,
)
from hedgerow.margin import mark_ccy
from hedgerow.market import NO_SHOCK, Snapshot
from hedgerow.planning import Leg, Order, Swap, Switch, Transfer
from hedgerow.units import CENT_USD, DAY_NS, SECOND_NS, date_utc, digits_of, format_ns, to_exact

__all__ = ["AllowedSwap", "AllowedSwitch", "Guards", "Route", "Spent", "check", "spent_on_day"]


class Route(msgspec.Struct, frozen=True, kw_only=True):
    """A way for money that a person has allowed: from where, to where, which asset, for what."""

    source_account_id: str
    target_account_id: str
    asset: str
    use: Literal["balance", "supply", "repay"]


class AllowedSwitch(msgspec.Struct, frozen=True, kw_only=True):
    """A category of its lending market that a person lets an account join, told by its rulebook."""

    account_id: str
    rulebook: str


class AllowedSwap(msgspec.Struct, frozen=True, kw_only=True):
    """A collateral that a person lets an account give for another."""

    account_id: str
    asset: str
    asset_take: str


class Guards(msgspec.Struct, frozen=True, kw_only=True):
    """What a person has set. Days are UTC days.

    `price_collar_frac` is how far a limit price may lie from the mark on either side, as a fraction
    of the mark, and of an option as a fraction of its forward: a spread wider than that share of a
    small premium is no mistake. An option counts as the coins it is written on, whatever it costs.
    `snapshot_ns_max` how old the market may be that a leg is judged by. `is_stopped` is the kill
    switch: no order passes and no account joins another category or swaps collateral; transfers of
    margin still do, because they only make accounts safer.
    """

    order_usd_max: Decimal
    orders_usd_per_day: Decimal
    transfers_usd_per_day: Decimal
    price_collar_frac: Decimal
    routes: tuple[Route, ...]
    snapshot_ns_max: int = 5 * SECOND_NS
    is_stopped: bool = False
    switches: tuple[AllowedSwitch, ...] = ()
    swaps: tuple[AllowedSwap, ...] = ()

    def __post_init__(self) -> None:
        for field in ("order_usd_max", "orders_usd_per_day", "transfers_usd_per_day"):
            amount = getattr(self, field)
            if not (amount.is_finite() and amount >= 0):
                raise ValueError(f"{field} must be finite and not negative, was {amount}")
        collar = self.price_collar_frac
        if not (collar.is_finite() and 0 < collar < 1):
            raise ValueError(f"price_collar_frac must lie inside (0, 1), was {collar}")
        if self.snapshot_ns_max < 0:
            raise ValueError(f"snapshot_ns_max must not be negative, was {self.snapshot_ns_max}")


class Spent(msgspec.Struct, frozen=True, kw_only=True):
    """What the intents of one UTC day add up to."""

    orders_usd: Decimal = Decimal(0)
    transfers_usd: Decimal = Decimal(0)


def spent_on_day(journal: Journal, time_ns: int) -> Spent:
    """Add up the intents of the UTC day of `time_ns`, out of the journal.

    An intent counts in full whether or not it filled; one that was rejected does not. Since it is
    read from the journal, a restart does not give the budget back.
    """
    start_ns = time_ns - time_ns % DAY_NS
    spent_usd = dict.fromkeys(("order", "transfer", "switch", "swap"), Decimal(0))
    for row in journal.intents(start_ns, start_ns + DAY_NS):
        spent_usd[row.payload["leg"]["type"]] += Decimal(row.payload["value_usd"])
    moved_usd = spent_usd["transfer"] + spent_usd["swap"]
    return Spent(orders_usd=spent_usd["order"], transfers_usd=moved_usd)


def check(
    leg: Leg,
    *,
    guards: Guards,
    instruments: Mapping[str, Instrument],
    snapshot: Snapshot,
    spent: Spent,
    time_ns: int,
) -> Decimal:
    """Let a leg pass and give its value in USD, or refuse it.

    Parameters
    ----------
    instruments
        Terms by id, of every instrument an order may name.
    snapshot
        The market as it is, not shocked.
    spent
        What today's intents add up to, this leg not among them.

    Returns
    -------
    Decimal, USD
        Never negative. An order is valued at its limit or its mark, whichever is more, and where
        its contract is paid in a coin, at the price of that. A switch moves nothing and counts for
        nothing; a swap counts as a transfer of what is given.

    Raises
    ------
    OrderRefused, TransferRefused
        If the kill switch is on (orders), the market is too old or has no price, the limit lies
        outside the collar, the order is too large, no route allows the transfer, or nobody allows
        the switch or swap (an `OrderRefused`).
    BudgetExceeded
        If the day's budget does not cover the leg.
    """
    assert snapshot.shock is NO_SHOCK, "orders are judged by the market, not by a scenario"
    if isinstance(leg, Order):
        return _check_order(leg, guards, instruments, snapshot, spent, time_ns)
    if isinstance(leg, Switch):
        return _check_switch(leg, guards, snapshot, time_ns)
    if isinstance(leg, Swap):
        return _check_swap(leg, guards, snapshot, spent, time_ns)
    return _check_transfer(leg, guards, snapshot, spent, time_ns)


def _check_order(
    order: Order,
    guards: Guards,
    instruments: Mapping[str, Instrument],
    snapshot: Snapshot,
    spent: Spent,
    time_ns: int,
) -> Decimal:
    name = f"order {order.client_id} in {order.instrument_id}"
    if guards.is_stopped:
        raise OrderRefused(f"{name}: the kill switch is on; only transfers of margin may pass")
    quantity, price_usd = order.quantity_contracts, order.price_limit_usd
    if not (quantity.is_finite() and quantity != 0):
        raise OrderRefused(f"{name}: quantity_contracts must be finite and not 0, was {quantity}")
    if not (price_usd.is_finite() and price_usd > 0):
        raise OrderRefused(f"{name}: price_limit_usd must be positive, was {price_usd}")
    if age := _too_old(snapshot, guards, time_ns):
        raise OrderRefused(f"{name}: {age}")
    terms = instruments.get(order.instrument_id)
    if terms is None:
        raise OrderRefused(f"{name}: nobody described this instrument; list its terms")
    if isinstance(terms, Option):
        return _check_option(order, terms, guards, snapshot, spent, time_ns)
    mark_usd = _mark_usd(terms, snapshot)
    if isinstance(mark_usd, Failure):
        raise OrderRefused(f"{name}: no price to judge it by: {mark_usd.message}")
    room_usd = guards.price_collar_frac * mark_usd
    if abs(price_usd - mark_usd) > room_usd:
        raise OrderRefused(
            f"{name}: limit {price_usd:f} USD lies outside the collar of "
            f"{guards.price_collar_frac:%} around the mark {mark_usd:f} USD"
        )
    paid_usd = _paid_usd(terms, snapshot)
    if isinstance(paid_usd, Failure):
        raise OrderRefused(f"{name}: no price to count it by: {paid_usd.message}")
    value_usd = abs(quantity) * _contract_usd(terms, max(price_usd, mark_usd)) * paid_usd
    if value_usd > guards.order_usd_max:
        raise OrderRefused(
            f"{name}: worth {value_usd:f} USD, above the {guards.order_usd_max:f} USD that one "
            "order may be"
        )
    _within("orders", name, value_usd, spent.orders_usd, guards.orders_usd_per_day, time_ns)
    return value_usd


def _check_option(
    order: Order,
    option: Option,
    guards: Guards,
    snapshot: Snapshot,
    spent: Spent,
    time_ns: int,
) -> Decimal:
    """Judge an option by the limit the venue will see, `price_limit_ccy`."""
    name = f"order {order.client_id} in {order.instrument_id}"
    limit = order.price_limit_ccy
    if limit is None or not (limit.is_finite() and limit > 0):
        raise OrderRefused(f"{name}: price_limit_ccy must be positive, was {limit}")
    mark, seen = mark_ccy(option, snapshot), snapshot.option(option)
    if isinstance(mark, Failure) or isinstance(seen, Failure):
        why = mark.message if isinstance(mark, Failure) else "no option quote"
        raise OrderRefused(f"{name}: no price to judge it by: {why}")
    forward_usd = digits_of(seen.forward_usd)
    room = guards.price_collar_frac * (Decimal(1) if option.is_coin_settled else forward_usd)
    if abs(limit - digits_of(mark)) > room:
        raise OrderRefused(
            f"{name}: limit {limit:f} lies outside the collar of {guards.price_collar_frac:%} of "
            f"the forward around the mark {mark:.8f}"
        )
    value_usd = abs(order.quantity_contracts) * option.multiplier_coin_per_contract * forward_usd
    if value_usd > guards.order_usd_max:
        raise OrderRefused(
            f"{name}: written on {value_usd:f} USD, above the {guards.order_usd_max:f} USD that "
            "one order may be"
        )
    _within("orders", name, value_usd, spent.orders_usd, guards.orders_usd_per_day, time_ns)
    return value_usd


def _check_transfer(
    transfer: Transfer, guards: Guards, snapshot: Snapshot, spent: Spent, time_ns: int
) -> Decimal:
    name = f"transfer {transfer.client_id} of {transfer.asset}"
    route = Route(
        source_account_id=transfer.source_account_id,
        target_account_id=transfer.target_account_id,
        asset=transfer.asset,
        use=transfer.use,
    )
    if route not in guards.routes:
        raise TransferRefused(
            f"{name}: {transfer.source_account_id} to {transfer.target_account_id} for "
            f"{transfer.use} is not on the list of allowed routes"
        )
    quantity = transfer.quantity_coin
    if not (quantity.is_finite() and quantity > 0):
        raise TransferRefused(f"{name}: quantity_coin must be positive, was {quantity}")
    if age := _too_old(snapshot, guards, time_ns):
        raise TransferRefused(f"{name}: {age}")
    price = snapshot.asset(transfer.asset)
    if isinstance(price, Failure):
        raise TransferRefused(f"{name}: no price to count it by: {price.message}")
    # Rounded against ourselves: a cent too much of the budget rather than too little.
    value_usd = quantity * to_exact(price.price_usd, CENT_USD, "up")
    _within(
        "transfers", name, value_usd, spent.transfers_usd, guards.transfers_usd_per_day, time_ns
    )
    return value_usd


def _check_switch(switch: Switch, guards: Guards, snapshot: Snapshot, time_ns: int) -> Decimal:
    name = f"switch {switch.client_id} of {switch.account_id}"
    if guards.is_stopped:
        raise OrderRefused(f"{name}: the kill switch is on; only transfers of margin may pass")
    wanted = AllowedSwitch(account_id=switch.account_id, rulebook=switch.rulebook)
    if wanted not in guards.switches:
        raise OrderRefused(f"{name}: {switch.rulebook} is not on the list of allowed switches")
    if age := _too_old(snapshot, guards, time_ns):
        raise OrderRefused(f"{name}: {age}")
    return Decimal(0)


def _check_swap(
    swap: Swap, guards: Guards, snapshot: Snapshot, spent: Spent, time_ns: int
) -> Decimal:
    name = f"swap {swap.client_id} of {swap.asset} for {swap.asset_take}"
    if guards.is_stopped:
        raise OrderRefused(f"{name}: the kill switch is on; only transfers of margin may pass")
    wanted = AllowedSwap(account_id=swap.account_id, asset=swap.asset, asset_take=swap.asset_take)
    if wanted not in guards.swaps:
        raise OrderRefused(f"{name}: it is not on the list of allowed swaps of {swap.account_id}")
    quantity = swap.quantity_coin
    if not (quantity.is_finite() and quantity > 0):
        raise OrderRefused(f"{name}: quantity_coin must be positive, was {quantity}")
    least = swap.quantity_take_coin_min
    if not (least.is_finite() and least > 0):
        raise OrderRefused(f"{name}: quantity_take_coin_min must be positive, was {least}")
    if age := _too_old(snapshot, guards, time_ns):
        raise OrderRefused(f"{name}: {age}")
    given, taken = snapshot.asset(swap.asset), snapshot.asset(swap.asset_take)
    if isinstance(given, Failure) or isinstance(taken, Failure):
        why = given.message if isinstance(given, Failure) else "none of what is taken"
        raise OrderRefused(f"{name}: no price to count it by: {why}")
    value_usd = quantity * to_exact(given.price_usd, CENT_USD, "up")
    least_usd = least * to_exact(taken.price_usd, CENT_USD, "down")
    if least_usd < value_usd * (1 - guards.price_collar_frac):
        raise OrderRefused(
            f"{name}: what comes for {value_usd:f} USD may be worth as little as "
            f"{least_usd:f} USD, outside the collar of {guards.price_collar_frac:%}"
        )
    _within(
        "transfers", name, value_usd, spent.transfers_usd, guards.transfers_usd_per_day, time_ns
    )
    return value_usd


def _too_old(snapshot: Snapshot, guards: Guards, time_ns: int) -> str:
    age_ns = time_ns - snapshot.time_ns
    if age_ns < 0:
        return f"the market is of {format_ns(snapshot.time_ns)}, later than now; check the clock"
    if age_ns > guards.snapshot_ns_max:
        return (
            f"the market is {age_ns / SECOND_NS:.0f} s old, the limit is "
            f"{guards.snapshot_ns_max / SECOND_NS:.0f} s"
        )
    return ""


def _mark_usd(terms: Instrument, snapshot: Snapshot) -> Outcome[Decimal]:
    match terms:
        case LinearPerpetual() | LinearFuture() | InversePerpetual() | InverseFuture():
            return snapshot.mark_usd(terms.instrument_id, terms.underlying)
        case Spot():
            return snapshot.spot_usd(terms.asset)
        case _:
            kind = type(terms).__name__
            return Failure(
                subject=terms.instrument_id,
                reason="unsupported",
                message=f"orders in {kind} cannot be judged yet",
            )


def _paid_usd(terms: Instrument, snapshot: Snapshot) -> Outcome[Decimal]:
    """Give what one unit of a contract's price is worth: a linear one is quoted in what it pays."""
    if isinstance(terms, LinearPerpetual | LinearFuture):
        return snapshot.spot_usd(terms.settlement)
    return Decimal(1)


def _contract_usd(terms: Instrument, price_usd: Decimal) -> Decimal:
    match terms:
        case LinearPerpetual() | LinearFuture():
            return terms.multiplier_coin_per_contract * price_usd
        case InversePerpetual() | InverseFuture():
            return terms.multiplier_usd_per_contract
        case _:
            return price_usd  # spot; what has no mark was refused before


def _within(
    what: str,
    name: str,
    value_usd: Decimal,
    spent_usd: Decimal,
    budget_usd: Decimal,
    time_ns: int,
) -> None:
    if spent_usd + value_usd > budget_usd:
        raise BudgetExceeded(
            f"{name}: worth {value_usd:f} USD, but {spent_usd:f} of the {budget_usd:f} USD for "
            f"{what} on {date_utc(time_ns)} are spent"
        )
