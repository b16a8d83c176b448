"""The record of every leg that was sent: what became of it and what it cost."""

from collections.abc import Mapping
from decimal import Decimal

import msgspec

from hedgerow.errors import Failure
from hedgerow.execution import Receipt
from hedgerow.instruments import Instrument
from hedgerow.market import Snapshot
from hedgerow.planning import Leg, Order, Transfer
from hedgerow.pricing import unit_ccy
from hedgerow.simulation.futures import is_future
from hedgerow.simulation.records import Action
from hedgerow.units import to_model

__all__ = ["ActionLog", "cost_usd"]


def cost_usd(
    leg: Leg, receipt: Receipt, instruments: Mapping[str, Instrument], snapshot: Snapshot
) -> float:
    """Give what a leg cost: its fee, and for an order its fill against the mark.

    Falls back on what the plan expected where a price is unknown now.
    """
    if receipt.status == "rejected":
        return 0.0
    spent_ccy = receipt.fee_ccy
    if isinstance(leg, Order) and receipt.price_average_usd is not None:
        future = instruments.get(leg.instrument_id)
        if is_future(future):
            mark = snapshot.mark_usd(future.instrument_id, future.underlying)
            if isinstance(mark, Failure):
                return leg.cost_expected_usd
            worse = unit_ccy(future, receipt.price_average_usd) - unit_ccy(future, mark)
            spent_ccy += receipt.filled_contracts * worse
    if spent_ccy == 0:
        return 0.0
    asset = snapshot.asset(receipt.currency)
    if isinstance(asset, Failure):
        return leg.cost_expected_usd
    return to_model(spent_ccy) * asset.price_usd


class ActionLog:
    """Actions in the order in which their legs were first heard of."""

    def __init__(self, instruments: Mapping[str, Instrument]) -> None:
        self._instruments = instruments
        self._legs: dict[str, Leg] = {}
        self._actions: dict[str, Action] = {}

    def planned(self, leg: Leg) -> None:
        """Remember the leg behind a client id, so that its receipts can be told apart."""
        self._legs.setdefault(leg.client_id, leg)

    def told(self, receipt: Receipt, snapshot: Snapshot) -> None:
        """Take a receipt; a later one of the same leg updates its action, cost counted once."""
        leg = self._legs.get(receipt.client_id)
        if leg is None:
            return  # a leg of somebody else on the same account: not ours to report
        done = receipt.filled_contracts
        if isinstance(leg, Transfer):
            done = leg.quantity_coin if receipt.status == "credited" else Decimal(0)
        before = self._actions.get(receipt.client_id)
        if before is not None and before.status == receipt.status:
            return
        if before is not None:
            self._actions[receipt.client_id] = msgspec.structs.replace(
                before,
                status=receipt.status,
                message="; ".join(words for words in (before.message, receipt.message) if words),
                done_contracts_or_coin=done,
            )
            return
        self._actions[receipt.client_id] = Action(
            time_ns=receipt.time_ns,
            leg=leg,
            status=receipt.status,
            message=receipt.message,
            cost_usd=cost_usd(leg, receipt, self._instruments, snapshot),
            done_contracts_or_coin=done,
            price_average_usd=receipt.price_average_usd,
        )

    def actions(self) -> tuple[Action, ...]:
        """List what was done so far."""
        return tuple(self._actions.values())
