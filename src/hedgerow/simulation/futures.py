"""What happens to a holding of a perpetual or dated future: fills, funding, delivery.

Profit of any kind is quantity · (unit at exit - unit at entry) with `pricing.unit_ccy`, so linear
and inverse contracts share every line. The entry is the average *unit*: arithmetic for linear
contracts, harmonic for inverse ones. Quanto contracts are linear in another coin.
"""

from collections.abc import Iterable
from decimal import Decimal
from typing import TypeAlias

from hedgerow.errors import DeskRejected
from hedgerow.instruments import (
    EntryContract,
    InverseFuture,
    InversePerpetual,
    LinearFuture,
    LinearPerpetual,
    is_inverse,
    settlement_of,
    slope_ccy_per_usd,
)
from hedgerow.market import Level
from hedgerow.portfolio import Account
from hedgerow.pricing import unit_ccy
from hedgerow.risk import Fill, FillKind
from hedgerow.simulation.ledger import Change, Flow, received, with_flows, with_position

__all__ = [
    "DollarFuture",
    "entry_ccy",
    "filled",
    "funded",
    "notional_ccy",
    "notional_unit_usd",
    "price_average_usd",
    "price_of_unit",
]

# What stands for dollars by itself; the dollars of a quanto depend on its settlement coin.
DollarFuture: TypeAlias = LinearPerpetual | InversePerpetual | LinearFuture | InverseFuture


def price_of_unit(future: EntryContract, worth_ccy: Decimal) -> Decimal:
    """Undo `unit_ccy`: the price at which one contract is worth `worth_ccy`."""
    if is_inverse(future):
        return -future.multiplier_usd_per_contract / worth_ccy
    return worth_ccy / slope_ccy_per_usd(future)


def notional_unit_usd(future: DollarFuture, price_usd: Decimal) -> Decimal:
    """Give the dollars one contract stands for."""
    if isinstance(future, LinearPerpetual | LinearFuture):
        return future.multiplier_coin_per_contract * price_usd
    return future.multiplier_usd_per_contract


def notional_ccy(future: EntryContract, quantity_contracts: Decimal, price_usd: Decimal) -> Decimal:
    """Give the size of a holding in its settlement asset, never negative."""
    return abs(quantity_contracts * unit_ccy(future, price_usd))


def price_average_usd(future: EntryContract, takes: Iterable[Level]) -> Decimal | None:
    """Average the prices of fills in units; None where nothing was filled."""
    total, units = Decimal(0), Decimal(0)
    for take in takes:
        total += take.quantity_contracts
        units += take.quantity_contracts * unit_ccy(future, take.price_usd)
    return price_of_unit(future, units / total) if total else None


def entry_ccy(account: Account, instrument_id: str) -> Decimal:
    """Find the entry price of a held future.

    Raises
    ------
    DeskRejected
        If the position has no entry price: its profit would be unknown.
    """
    for position in account.positions:
        if position.instrument_id == instrument_id and position.price_entry_ccy is not None:
            return position.price_entry_ccy
    raise DeskRejected(
        f"account {account.account_id} holds {instrument_id} without an entry price; "
        "give price_entry_ccy"
    )


def filled(
    account: Account,
    future: EntryContract,
    quantity_contracts: Decimal,
    price_usd: Decimal,
    kind: FillKind = "trade",
) -> Change:
    """Book one fill at one price; buying is positive. Fees are booked apart.

    Opening or adding moves the entry; reducing realises profit and leaves the entry; crossing zero
    realises all of the old and enters the rest at the price of the fill.
    """
    held = account.quantity_contracts(future.instrument_id)
    after = held + quantity_contracts
    fills = (
        Fill(
            account_id=account.account_id,
            instrument_id=future.instrument_id,
            quantity_contracts=quantity_contracts,
            price_ccy=price_usd,
            kind=kind,
        ),
    )
    unit_fill = unit_ccy(future, price_usd)
    if held == 0 or (held > 0) == (quantity_contracts > 0):
        entry = price_usd
        if held != 0:
            unit_held = unit_ccy(future, entry_ccy(account, future.instrument_id))
            entry = price_of_unit(
                future, (held * unit_held + quantity_contracts * unit_fill) / after
            )
        opened = with_position(account, future.instrument_id, after, entry)
        return Change(account=opened, flows=(), fills=fills)
    entry = entry_ccy(account, future.instrument_id)
    closed = held if abs(quantity_contracts) >= abs(held) else -quantity_contracts
    profit = closed * (unit_fill - unit_ccy(future, entry))
    flows = received(settlement_of(future), profit, "trade", future.instrument_id)
    is_crossed = after != 0 and (after > 0) != (held > 0)
    account = with_position(
        account, future.instrument_id, after, price_usd if is_crossed else entry
    )
    return Change(account=with_flows(account, flows), flows=flows, fills=fills)


def funded(
    account: Account,
    future: EntryContract,
    quantity_contracts: Decimal,
    rate_frac: Decimal,
    price_mark_usd: Decimal,
) -> Change:
    """Settle funding once: with a positive rate longs pay rate · notional at the mark.

    The quantity is what was held when funding fell due, which may be less or more than now.
    """
    size = notional_ccy(future, quantity_contracts, price_mark_usd)
    paid = size * rate_frac if quantity_contracts > 0 else -size * rate_frac
    settled_in, name = settlement_of(future), future.instrument_id
    flows: tuple[Flow, ...] = received(settled_in, -paid, "funding", name)
    return Change(account=with_flows(account, flows), flows=flows)
