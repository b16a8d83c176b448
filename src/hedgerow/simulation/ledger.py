"""How an account changes: by flows of assets and by positions, and in no other way.

Every flow has a reason, and the world books its opposite under that reason. So what all accounts
hold, what is in transit and what left for each reason always add up to what there was at the start.
Flows say what they were paid for and fills at what price, so that a profit can be explained.
"""

from collections.abc import Iterable
from decimal import Decimal
from typing import Literal, TypeAlias

import msgspec

from hedgerow.portfolio import Account, Balance, Position
from hedgerow.risk import Fill
from hedgerow.units import quantise

__all__ = ["STEP_CASH", "Change", "Flow", "FlowReason", "received", "with_flows", "with_position"]

# Exchanges keep balances to eight decimals.
STEP_CASH = Decimal("1e-8")

FlowReason: TypeAlias = Literal[
    "trade",  # realised profit, or the premium of an option
    "fee",  # taker, delivery and transfer fees
    "liquidation_fee",
    "funding",
    "delivery",  # payoff of what expired
    "insurance",  # a negative balance made good by the venue's fund
    "transit",  # sent to, or come from, another account of the desk
    "pool",  # supplied to, repaid to or withdrawn from a lending reserve
    "seized",  # taken and paid by a liquidator of a loan
]


class Flow(msgspec.Struct, frozen=True, kw_only=True):
    """An amount of an asset, positive when the account received it.

    `instrument_id` is what it was paid for; None where that is nothing the account holds.
    """

    asset: str
    quantity_coin: Decimal
    reason: FlowReason
    instrument_id: str | None = None


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """An account after something happened to it, the flows that did it, and at what prices.

    A position that changes without a fill was moved in kind, or expired.
    """

    account: Account
    flows: tuple[Flow, ...]
    fills: tuple[Fill, ...] = ()


def received(
    asset: str, amount_coin: Decimal, reason: FlowReason, instrument_id: str | None = None
) -> tuple[Flow, ...]:
    """Make a flow rounded against the account to the venue's cash step; none where it is zero."""
    rounded = quantise(amount_coin, STEP_CASH, "down")
    if not rounded:
        return ()
    flow = Flow(asset=asset, quantity_coin=rounded, reason=reason, instrument_id=instrument_id)
    return (flow,)


def with_flows(account: Account, flows: Iterable[Flow]) -> Account:
    """Add flows to the balances. An asset not held before is appended."""
    held: dict[str, Decimal] = {}
    for balance in account.balances:
        held[balance.asset] = held.get(balance.asset, Decimal(0)) + balance.quantity_coin
    for flow in flows:
        held[flow.asset] = held.get(flow.asset, Decimal(0)) + flow.quantity_coin
    balances = tuple(Balance(asset=asset, quantity_coin=amount) for asset, amount in held.items())
    return msgspec.structs.replace(account, balances=balances)


def with_position(
    account: Account,
    instrument_id: str,
    quantity_contracts: Decimal,
    price_entry_ccy: Decimal | None = None,
) -> Account:
    """Set one position, keeping its place in the list; a quantity of zero removes it."""
    new = Position(
        instrument_id=instrument_id,
        quantity_contracts=quantity_contracts,
        price_entry_ccy=price_entry_ccy,
    )
    positions: list[Position] = []
    is_placed = False
    for position in account.positions:
        if position.instrument_id != instrument_id:
            positions.append(position)
        elif not is_placed:
            is_placed = True
            positions.append(new)
    if not is_placed:
        positions.append(new)
    kept = tuple(
        p for p in positions if p.quantity_contracts != 0 or p.instrument_id != instrument_id
    )
    return msgspec.structs.replace(account, positions=kept)
