"""What expires is delivered at the average of the coin's spot over its last minutes.

An option names its own window. Dated futures settle like the options of the same venue, over half
an hour (Deribit delivery price, venue-margin.md section 1.3).
"""

from collections.abc import Mapping
from decimal import Decimal

from hedgerow.errors import Failure
from hedgerow.instruments import (
    Instrument,
    Option,
    expiry_of,
    has_entry,
    settlement_of,
    underlying_of,
)
from hedgerow.margin import Rulebook, ScanRulebook
from hedgerow.market import Snapshot
from hedgerow.portfolio import Account
from hedgerow.simulation.averages import SpotHistory
from hedgerow.simulation.futures import filled
from hedgerow.simulation.holdings import Holdings
from hedgerow.simulation.ledger import Change
from hedgerow.simulation.options_venue import delivered
from hedgerow.simulation.records import Settlement
from hedgerow.units import MINUTE_NS, format_ns

__all__ = ["Deliveries"]

_FUTURE_AVERAGING_NS = 30 * MINUTE_NS


class Deliveries:
    """Watches spot for what is held and settles it once it has expired."""

    def __init__(
        self,
        *,
        holdings: Holdings,
        instruments: Mapping[str, Instrument],
        rulebooks: Mapping[str, Rulebook],
    ) -> None:
        self._holdings = holdings
        self._instruments = instruments
        self._rulebooks = rulebooks
        self._history = SpotHistory()

    def watch(self, snapshot: Snapshot) -> None:
        """Note the spot of every coin on which something dated is held."""
        coins = {
            underlying_of(self._instruments[position.instrument_id]): None
            for account in self._accounts()
            for position in account.positions
            if expiry_of(self._instruments[position.instrument_id]) is not None
        }
        for coin in coins:
            spot = snapshot.spot_usd(coin)
            if not isinstance(spot, Failure):
                self._history.see(coin, snapshot.time_ns, spot)

    def deliver(self, snapshot: Snapshot) -> tuple[list[Settlement], list[str]]:
        """Settle every position that has expired; and say what could not be, and why."""
        done: list[Settlement] = []
        undelivered: list[str] = []
        for account in self._accounts():
            for position in account.positions:
                terms = self._instruments[position.instrument_id]
                expiry_ns = expiry_of(terms)
                if expiry_ns is None or expiry_ns > snapshot.time_ns:
                    continue
                current = self._holdings[account.account_id]
                settled = self._settle(current, terms, expiry_ns)
                if isinstance(settled, str):
                    undelivered.append(settled)
                    continue
                change, price = settled
                self._holdings.book(change, snapshot)
                paid = ", ".join(f"{f.quantity_coin:f} {f.asset} {f.reason}" for f in change.flows)
                done.append(
                    Settlement(
                        account_id=account.account_id,
                        venue=account.venue,
                        time_ns=snapshot.time_ns,
                        kind="delivery",
                        instrument_id=terms.instrument_id,
                        amount_ccy=sum((f.quantity_coin for f in change.flows), Decimal(0)),
                        currency=settlement_of(terms),
                        message=f"{position.quantity_contracts} {terms.instrument_id} delivered at "
                        f"{price}: {paid or 'worthless'}",
                    )
                )
        return done, undelivered

    def _settle(
        self, account: Account, terms: Instrument, expiry_ns: int
    ) -> tuple[Change, str] | str:
        window_ns = terms.averaging_ns if isinstance(terms, Option) else _FUTURE_AVERAGING_NS
        average = self._history.average_usd(underlying_of(terms), expiry_ns - window_ns, expiry_ns)
        name = f"{account.account_id}: {terms.instrument_id} expired {format_ns(expiry_ns)}"
        if average is None:
            return f"{name} but no spot of {underlying_of(terms)} was seen by then; not delivered"
        if has_entry(terms):
            held = account.quantity_contracts(terms.instrument_id)
            return filled(account, terms, -held, average), str(average)
        rulebook = self._rulebooks.get(account.rulebook or "")
        if not isinstance(terms, Option) or not isinstance(rulebook, ScanRulebook):
            return f"{name} but {account.rulebook} has no rule to deliver it"
        return delivered(account, terms, average, rulebook), str(average)

    def _accounts(self) -> tuple[Account, ...]:
        return tuple(self._holdings[account_id] for account_id in self._holdings.ids())
