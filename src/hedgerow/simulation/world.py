"""The simulated world: every account of a desk at its venue, reacting to the market.

`settle` runs once per moment, in this order: rulebooks whose day has come begin, spot is noted,
what has expired is delivered, funding is paid, transfers that have arrived are credited, then every
venue checks its accounts. A requirement that cannot be computed liquidates nothing and raises an
alert: unknown is not safe.

The world implements the port `execution.Exchange`, so that a plan is executed here by the same code
as at a real venue.
"""

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from hedgerow.collateral import Route
from hedgerow.errors import DeskRejected
from hedgerow.execution import Liquidation, Receipt
from hedgerow.hedging import Depth
from hedgerow.instruments import Instrument, has_entry, settlement_of
from hedgerow.margin import Rulebook, switch_refusal
from hedgerow.market import FundingSettlement, MarketEvent, Snapshot
from hedgerow.planning import Leg, Order, Swap, SwapWay, Switch, Transfer
from hedgerow.portfolio import Account
from hedgerow.simulation import swaps
from hedgerow.simulation.deliveries import Deliveries
from hedgerow.simulation.fundings import Fundings
from hedgerow.simulation.futures import entry_ccy
from hedgerow.simulation.holdings import Holdings
from hedgerow.simulation.ledger import Change
from hedgerow.simulation.liquidations import Liquidations, can_be_simulated
from hedgerow.simulation.matching import OpenBooks
from hedgerow.simulation.options_venue import OptionSpread
from hedgerow.simulation.orders import execute
from hedgerow.simulation.records import News, Outflow, Settlement
from hedgerow.simulation.rulebook_shelf import RulebookShelf
from hedgerow.simulation.transfers import Congestion, Transfers
from hedgerow.units import format_ns

__all__ = ["World"]


class World:
    """Holds the accounts exactly; nothing else in a run changes them."""

    def __init__(
        self,
        *,
        accounts: Iterable[Account],
        instruments: Mapping[str, Instrument],
        rulebooks: Mapping[str, Rulebook],
        routes: Iterable[Route] = (),
        congestion: Sequence[Congestion] = (),
        option_spread: OptionSpread | None = None,
        option_depth: Depth | None = None,
        swaps: Sequence[SwapWay] = (),
    ) -> None:
        """Open the world with a desk.

        Without an `option_depth` nobody's order for an option is filled; nothing is swapped but by
        `swaps`.

        An account that names a venue in place of a rulebook is judged by the one in force; when
        another one begins, it is told.

        Raises
        ------
        DeskRejected
            If an account names an unknown rulebook or one that no venue here acts by, holds an
            instrument nobody described, or holds a future without an entry price.
        """
        self.instruments = instruments
        opening = tuple(accounts)
        shelf = RulebookShelf(rulebooks, opening)
        self.rulebooks = shelf
        for account in opening:
            _check(account, instruments, shelf)
        self._holdings = Holdings(opening)
        self._transfers = Transfers(
            holdings=self._holdings,
            instruments=instruments,
            rulebooks=shelf,
            routes=routes,
            congestion=congestion,
        )
        self._deliveries = Deliveries(
            holdings=self._holdings, instruments=instruments, rulebooks=shelf
        )
        self._liquidations = Liquidations(
            holdings=self._holdings,
            instruments=instruments,
            rulebooks=shelf,
            spread=option_spread or OptionSpread(),
        )
        self._books = OpenBooks()
        self._option_depth = option_depth
        self._swaps = swaps
        self._snapshot: Snapshot | None = None
        self._fundings = Fundings(holdings=self._holdings, instruments=instruments)
        self._receipts: dict[str, Receipt] = {}
        self._told_receipts: list[Receipt] = []
        self._told_liquidations: list[Liquidation] = []
        self._told_settlements: list[Settlement] = []
        self._told_alerts: list[str] = []
        self._troubles: frozenset[str] = frozenset()

    # --- the market reaches the world -----------------------------------------------------------

    def on_event(self, event: MarketEvent) -> None:
        """Take one event; what it does to accounts happens at the next `settle`."""
        if isinstance(event, FundingSettlement):
            self._fundings.announce(event)

    def settle(self, snapshot: Snapshot) -> None:
        """Let everything happen that is due at this moment."""
        self._snapshot = snapshot
        self._told_alerts += self.rulebooks.turn(snapshot.time_ns)
        self._deliveries.watch(snapshot)
        delivered, undelivered = self._deliveries.deliver(snapshot)
        paid, unpaid = self._fundings.pay(snapshot)
        self._told_settlements += (*delivered, *paid)
        credited, stuck = self._transfers.credit(snapshot)
        self._told_alerts += self._news_of(snapshot, (*undelivered, *unpaid, *stuck))
        for due, note in credited:
            self._receive(
                Receipt(
                    client_id=due.transfer.client_id,
                    time_ns=snapshot.time_ns,
                    status="credited",
                    fee_ccy=due.fee_coin,
                    currency=due.transfer.asset,
                    message=note,
                )
            )
        taken, told, self._books = self._liquidations.check(snapshot, self._books)
        self._told_liquidations += taken
        self._told_alerts += told
        self._holdings.price(snapshot)

    # --- the port execution.Exchange -------------------------------------------------------------

    def place(self, order: Order, time_ns: int) -> Receipt:
        """Match an order now; what is not filled is cancelled."""
        if order.client_id in self._receipts:
            return self._receipts[order.client_id]
        if self._snapshot is None:
            return self._receive(_refused(order, time_ns, "the market has not opened"))
        account = self._holdings.get(order.account_id)
        if account is None:
            message = f"no account {order.account_id} here"
            return self._receive(_refused(order, time_ns, message))
        done = execute(
            order,
            account,
            self.instruments,
            self.rulebooks,
            self._snapshot,
            self._books,
            self._option_depth,
        )
        if isinstance(done, str):
            return self._receive(_refused(order, time_ns, done))
        self._books = done.books
        self._holdings.book(done.change, self._snapshot)
        return self._receive(
            Receipt(
                client_id=order.client_id,
                time_ns=time_ns,
                status="filled",
                filled_contracts=done.filled_contracts,
                price_average_usd=done.price_average_usd,
                fee_ccy=done.fee_ccy,
                currency=settlement_of(self.instruments[order.instrument_id]),
                message=done.message,
            )
        )

    def move(self, transfer: Transfer, time_ns: int) -> Receipt:
        """Start a transfer: debited now, credited after the latency of its route."""
        if transfer.client_id in self._receipts:
            return self._receipts[transfer.client_id]
        if self._snapshot is None:
            return self._receive(_refused(transfer, time_ns, "the market has not opened"))
        for account_id in (transfer.source_account_id, transfer.target_account_id):
            if self._holdings.get(account_id) is None:
                return self._receive(_refused(transfer, time_ns, f"no account {account_id} here"))
        due = self._transfers.send(transfer, self._snapshot, time_ns)
        if isinstance(due, str):
            return self._receive(_refused(transfer, time_ns, due))
        return self._receive(
            Receipt(
                client_id=transfer.client_id,
                time_ns=time_ns,
                status="acknowledged",
                fee_ccy=due.fee_coin,
                currency=transfer.asset,
                message=f"arrives {format_ns(due.arrives_ns)}",
            )
        )

    def switch(self, switch: Switch, time_ns: int) -> Receipt:
        """Let an account join another category, or leave one, where its protocol lets it.

        Nobody says which wallet pays the gas, so none is taken.
        """
        if switch.client_id in self._receipts:
            return self._receipts[switch.client_id]
        if self._snapshot is None:
            return self._receive(_refused(switch, time_ns, "the market has not opened"))
        account = self._holdings.get(switch.account_id)
        other = self.rulebooks.get(switch.rulebook)
        if account is None or account.rulebook is None or other is None:
            what = f"rulebook {switch.rulebook}" if account else f"account {switch.account_id}"
            return self._receive(_refused(switch, time_ns, f"no {what} here"))
        now = self.rulebooks[account.rulebook]
        refusal = switch_refusal(account, self.instruments, self._snapshot, now, other)
        if refusal is not None:
            return self._receive(_refused(switch, time_ns, refusal.message))
        joined = msgspec.structs.replace(account, rulebook=switch.rulebook)
        self._holdings.book(Change(account=joined, flows=()), self._snapshot)
        message = f"judged by {other.name} from now on, no longer by {now.name}"
        return self._receive(
            Receipt(client_id=switch.client_id, time_ns=time_ns, status="filled", message=message)
        )

    def swap(self, swap: Swap, time_ns: int) -> Receipt:
        """Give one collateral for another, all or nothing; gas is not taken, as of a switch."""
        if swap.client_id in self._receipts:
            return self._receipts[swap.client_id]
        if self._snapshot is None:
            return self._receive(_refused(swap, time_ns, "the market has not opened"))
        account = self._holdings.get(swap.account_id)
        if account is None:
            return self._receive(_refused(swap, time_ns, f"no account {swap.account_id} here"))
        done = swaps.swap(
            swap, account, self._swaps, self.instruments, self.rulebooks, self._snapshot
        )
        if isinstance(done, str):
            return self._receive(_refused(swap, time_ns, done))
        self._holdings.book(done.change, self._snapshot)
        return self._receive(
            Receipt(
                client_id=swap.client_id,
                time_ns=time_ns,
                status="filled",
                filled_contracts=swap.quantity_coin,
                currency=swap.asset,
                message=f"{done.taken_coin} {swap.asset_take} came for it",
            )
        )

    def query(self, client_id: str, time_ns: int) -> Receipt | None:
        """Say what became of a leg; None when the world has never seen it."""
        del time_ns  # the world forgets nothing, so it does not matter when it is asked
        return self._receipts.get(client_id)

    # --- what an observer may ask ----------------------------------------------------------------

    def accounts(self, time_ns: int) -> tuple[Account, ...]:
        """Give every account as its venue would report it at `time_ns`, in the desk's order."""
        return self._holdings.observed(time_ns)

    def pending(self) -> tuple[Leg, ...]:
        """List the legs sent and not yet final: transfers in transit."""
        return self._transfers.pending()

    def outflows(self) -> tuple[Outflow, ...]:
        """Give what left the accounts so far; with the balances it is always the same sum."""
        return self._holdings.outflows()

    def drain(self) -> News:
        """Give what happened since the last call."""
        flows, fills = self._holdings.drain()
        news = News(
            receipts=tuple(self._told_receipts),
            liquidations=tuple(self._told_liquidations),
            settlements=tuple(self._told_settlements),
            alerts=tuple(self._told_alerts),
            flows=flows,
            fills=fills,
        )
        self._told_receipts.clear()
        self._told_liquidations.clear()
        self._told_settlements.clear()
        self._told_alerts.clear()
        return news

    @property
    def fees_usd(self) -> float:
        """Fees paid so far, liquidation fees apart."""
        return self._holdings.fees_usd

    @property
    def funding_usd(self) -> float:
        """Funding received so far, less funding paid."""
        return self._holdings.funding_usd

    # --- inside ----------------------------------------------------------------------------------

    def _receive(self, receipt: Receipt) -> Receipt:
        self._receipts[receipt.client_id] = receipt
        self._told_receipts.append(receipt)
        return receipt

    def _news_of(self, snapshot: Snapshot, said: Iterable[str]) -> list[str]:
        """Stamp the troubles that did not stand a moment ago.

        What stands in parentheses (an age) may change. A trouble that has passed is forgotten, so
        that it is told again when it comes back.
        """
        troubles = {words.partition(" (")[0]: words for words in said}
        fresh = [words for key, words in troubles.items() if key not in self._troubles]
        self._troubles = frozenset(troubles)
        return [f"{format_ns(snapshot.time_ns)} {words}" for words in fresh]


def _refused(leg: Leg, time_ns: int, message: str) -> Receipt:
    return Receipt(client_id=leg.client_id, time_ns=time_ns, status="rejected", message=message)


def _check(
    account: Account, instruments: Mapping[str, Instrument], rulebooks: RulebookShelf
) -> None:
    named = account.rulebook
    for rulebook in () if named is None else rulebooks.candidates(named):
        if not can_be_simulated(rulebook):
            raise DeskRejected(
                f"account {account.account_id} is judged by {rulebook.name}, and no simulated "
                "venue acts by a rulebook of this kind"
            )
    for position in account.positions:
        terms = instruments.get(position.instrument_id)
        if terms is None:
            raise DeskRejected(
                f"account {account.account_id} holds {position.instrument_id}, whose terms nobody "
                "described"
            )
        if has_entry(terms):
            entry_ccy(account, position.instrument_id)
