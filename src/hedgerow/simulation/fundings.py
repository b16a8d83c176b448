"""Funding, paid on what was held when it fell due.

It is paid at the mark of its moment. Without a mark it waits for one, and trades in between change
nothing about whom it is owed by.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from hedgerow.errors import Failure
from hedgerow.instruments import EntryContract, Instrument, has_entry, settlement_of
from hedgerow.market import FundingSettlement, Snapshot
from hedgerow.simulation.futures import funded
from hedgerow.simulation.holdings import Holdings
from hedgerow.simulation.records import Settlement
from hedgerow.units import format_ns

__all__ = ["Fundings"]


@dataclass(frozen=True, slots=True)
class _Due:
    """One settlement, and who held how many contracts at its time."""

    event: FundingSettlement
    future: EntryContract
    held_contracts: Mapping[str, Decimal]


class Fundings:
    """Takes what is announced and pays it as soon as there is a mark."""

    def __init__(self, *, holdings: Holdings, instruments: Mapping[str, Instrument]) -> None:
        self._holdings = holdings
        self._instruments = instruments
        self._due: list[_Due] = []

    def announce(self, event: FundingSettlement) -> None:
        """Note who holds the instrument now."""
        future = self._instruments.get(event.instrument_id)
        if not has_entry(future):
            return
        held = {
            account_id: quantity
            for account_id in self._holdings.ids()
            if (quantity := self._holdings[account_id].quantity_contracts(event.instrument_id))
        }
        if held:
            self._due.append(_Due(event=event, future=future, held_contracts=held))

    def pay(self, snapshot: Snapshot) -> tuple[list[Settlement], list[str]]:
        """Pay what is due at the mark of now; and say what waits for a mark."""
        paid: list[Settlement] = []
        unpaid: list[str] = []
        waiting: list[_Due] = []
        for due in self._due:
            future, event = due.future, due.event
            mark = snapshot.mark_usd(future.instrument_id, future.underlying)
            if isinstance(mark, Failure):
                waiting.append(due)
                unpaid.append(f"funding of {future.instrument_id} waits ({mark.message})")
                continue
            for account_id, quantity in due.held_contracts.items():
                account = self._holdings[account_id]
                change = funded(account, future, quantity, event.rate_frac, mark)
                self._holdings.book(change, snapshot)
                paid.append(
                    Settlement(
                        account_id=account_id,
                        venue=account.venue,
                        time_ns=snapshot.time_ns,
                        kind="funding",
                        instrument_id=future.instrument_id,
                        amount_ccy=sum((f.quantity_coin for f in change.flows), Decimal(0)),
                        currency=settlement_of(future),
                        message=f"rate {event.rate_frac:f} of {format_ns(event.time_ns)} on "
                        f"{quantity} contracts at {mark:f}",
                    )
                )
        self._due = waiting
        return paid, unpaid
