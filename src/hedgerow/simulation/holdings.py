"""Every account of the desk, and the books that say where everything else went.

Double entry: what an account receives, the outside gives. So for every asset the balances of all
accounts and its `outflows` add up to the balances at the start, to the last digit, whatever
happened.
"""

from collections.abc import Iterable
from decimal import Decimal

import msgspec

from hedgerow.errors import Failure
from hedgerow.market import Snapshot
from hedgerow.portfolio import Account
from hedgerow.risk import CashFlow, Fill
from hedgerow.simulation.ledger import Change, FlowReason
from hedgerow.simulation.records import Outflow
from hedgerow.units import to_model

__all__ = ["Holdings"]

_PRICED: tuple[FlowReason, ...] = ("fee", "funding")


class Holdings:
    """Accounts by id, in the order of the desk."""

    def __init__(self, accounts: Iterable[Account]) -> None:
        self._accounts = {account.account_id: account for account in accounts}
        self._outside: dict[tuple[str, FlowReason], Decimal] = {}
        self._paid_usd: dict[FlowReason, float] = dict.fromkeys(_PRICED, 0.0)
        self._unpriced: dict[tuple[str, FlowReason], Decimal] = {}
        self._flows: list[CashFlow] = []
        self._fills: list[Fill] = []

    def __getitem__(self, account_id: str) -> Account:
        return self._accounts[account_id]

    def get(self, account_id: str) -> Account | None:
        """Find an account; None where the desk has no such account."""
        return self._accounts.get(account_id)

    def ids(self) -> tuple[str, ...]:
        """List the accounts, in the order of the desk."""
        return tuple(self._accounts)

    def observed(self, time_ns: int) -> tuple[Account, ...]:
        """Give every account as its venue would report it now."""
        return tuple(
            msgspec.structs.replace(account, time_observed_ns=time_ns)
            for account in self._accounts.values()
        )

    @property
    def fees_usd(self) -> float:
        """Fees paid so far, at the prices of the time they were paid."""
        return self._paid_usd["fee"]

    @property
    def funding_usd(self) -> float:
        """Funding received so far, less funding paid."""
        return -self._paid_usd["funding"]

    def outflows(self) -> tuple[Outflow, ...]:
        """Give what is outside now, by asset and reason; what has come back is left out."""
        return tuple(
            Outflow(asset=asset, reason=reason, quantity_coin=quantity)
            for (asset, reason), quantity in sorted(self._outside.items())
            if quantity
        )

    def book(self, change: Change, snapshot: Snapshot) -> None:
        """Put an account in the place of the old one and its flows into the books."""
        account_id = change.account.account_id
        self._fills += (*change.fills, *_in_kind(self._accounts[account_id], change))
        self._flows += (
            CashFlow(
                account_id=account_id,
                asset=flow.asset,
                quantity_coin=flow.quantity_coin,
                kind=flow.reason,
                instrument_id=flow.instrument_id,
            )
            for flow in change.flows
        )
        self._accounts[account_id] = change.account
        for flow in change.flows:
            key = (flow.asset, flow.reason)
            self._outside[key] = self._outside.get(key, Decimal(0)) - flow.quantity_coin
            if flow.reason in _PRICED:
                self._unpriced[key] = self._unpriced.get(key, Decimal(0)) - flow.quantity_coin
        self.price(snapshot)

    def drain(self) -> tuple[tuple[CashFlow, ...], tuple[Fill, ...]]:
        """Give what was booked since the last call: flows, and changes of positions."""
        booked = tuple(self._flows), tuple(self._fills)
        self._flows.clear()
        self._fills.clear()
        return booked

    def price(self, snapshot: Snapshot) -> None:
        """Count in dollars what could not be priced when it was paid; the rest waits."""
        for key in tuple(self._unpriced):
            worth = snapshot.asset(key[0])
            if not isinstance(worth, Failure):
                self._paid_usd[key[1]] += to_model(self._unpriced.pop(key)) * worth.price_usd


def _in_kind(before: Account, change: Change) -> list[Fill]:
    """Give what of the positions changed without a price: repaid, seized, sent or expired."""
    moved: dict[str, Decimal] = {}
    for account, sign in ((before, -1), (change.account, 1)):
        for position in account.positions:
            quantity = sign * position.quantity_contracts
            moved[position.instrument_id] = moved.get(position.instrument_id, Decimal(0)) + quantity
    for fill in change.fills:
        moved[fill.instrument_id] = (
            moved.get(fill.instrument_id, Decimal(0)) - fill.quantity_contracts
        )
    return [
        Fill(
            account_id=before.account_id,
            instrument_id=name,
            quantity_contracts=quantity,
            price_ccy=None,
            kind="transfer",
        )
        for name, quantity in moved.items()
        if quantity
    ]
