"""Transfers between accounts of the desk: along allowed routes only, debited now, credited later.

In between an amount is in transit: it belongs to no account and is counted once. Congestion
stretches the latency of what is sent while it lasts.
"""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

import msgspec

from hedgerow.collateral import Route
from hedgerow.errors import Failure
from hedgerow.instruments import Instrument, LoanDebt, LoanSupply
from hedgerow.margin import Rulebook, require, terms_of
from hedgerow.margin.loans import loan_of
from hedgerow.market import Snapshot
from hedgerow.planning import Transfer
from hedgerow.portfolio import Account
from hedgerow.simulation.holdings import Holdings
from hedgerow.simulation.ledger import Change, with_flows
from hedgerow.simulation.lending_venue import repaid, supplied, withdrawn
from hedgerow.simulation.wallet import arrived, sent

__all__ = ["Congestion", "Due", "Transfers"]


class Congestion(msgspec.Struct, frozen=True, kw_only=True):
    """While it lasts, every transfer takes `latency_factor_frac` times as long."""

    start_ns: int
    end_ns: int
    latency_factor_frac: Decimal

    def __post_init__(self) -> None:
        if self.end_ns <= self.start_ns or self.latency_factor_frac < 1:
            raise ValueError(
                f"congestion must end after it starts and not speed anything up, was "
                f"{self.start_ns} to {self.end_ns}, x{self.latency_factor_frac}"
            )


class Due(msgspec.Struct, frozen=True, kw_only=True):
    """A transfer on its way, when it arrives, and what it cost."""

    transfer: Transfer
    arrives_ns: int
    fee_coin: Decimal


class Transfers:
    """Sends and credits; the accounts themselves are in `Holdings`."""

    def __init__(
        self,
        *,
        holdings: Holdings,
        instruments: Mapping[str, Instrument],
        rulebooks: Mapping[str, Rulebook],
        routes: Iterable[Route],
        congestion: Sequence[Congestion],
    ) -> None:
        self._holdings = holdings
        self._instruments = instruments
        self._rulebooks = rulebooks
        self._routes = tuple(routes)
        self._congestion = congestion
        self._in_transit: list[Due] = []

    def pending(self) -> tuple[Transfer, ...]:
        """List what is in transit, in the order of arrival."""
        return tuple(due.transfer for due in self._in_transit)

    def send(self, transfer: Transfer, snapshot: Snapshot, time_ns: int) -> Due | str:
        """Debit the source and put the amount in transit; a sentence where it is refused.

        An account under a rulebook must still cover its initial requirement afterwards. For a loan
        that is a health factor of at least one.
        """
        route = self._route(transfer)
        if isinstance(route, str):
            return route
        source = self._holdings[route.source_account_id]
        left = self._leave(source, transfer, route.fee_coin, snapshot)
        if isinstance(left, str):
            return left
        refusal = self._uncovered(left.account, snapshot)
        if refusal is not None:
            return refusal
        self._holdings.book(left, snapshot)
        latency = Decimal(route.latency_ns)
        for window in self._congestion:
            if window.start_ns <= time_ns < window.end_ns:
                latency *= window.latency_factor_frac
        due = Due(transfer=transfer, arrives_ns=time_ns + int(latency), fee_coin=route.fee_coin)
        self._in_transit.append(due)
        self._in_transit.sort(key=lambda each: each.arrives_ns)  # stable: equal times keep order
        return due

    def credit(self, snapshot: Snapshot) -> tuple[list[tuple[Due, str]], list[str]]:
        """Credit what has arrived, each with a note; and say what could not be credited, and why.

        What cannot be credited (its lending index is unknown) stays in transit.
        """
        credited: list[tuple[Due, str]] = []
        stuck: list[str] = []
        waiting: list[Due] = []
        for due in self._in_transit:
            if due.arrives_ns > snapshot.time_ns:
                waiting.append(due)
                continue
            note = self._arrive(due.transfer, snapshot)
            if isinstance(note, Failure):
                waiting.append(due)
                stuck.append(f"{due.transfer.client_id} stays in transit ({note.message})")
            else:
                credited.append((due, note))
        self._in_transit = waiting
        return credited, stuck

    def _route(self, transfer: Transfer) -> Route | str:
        for route in self._routes:
            if (
                route.source_account_id == transfer.source_account_id
                and route.target_account_id == transfer.target_account_id
                and route.asset == transfer.asset
                and route.use == transfer.use
            ):
                break
        else:
            return (
                f"no route takes {transfer.asset} from {transfer.source_account_id} to "
                f"{transfer.target_account_id} for {transfer.use}"
            )
        amount = transfer.quantity_coin
        if not amount.is_finite() or amount <= 0 or amount % route.step_coin != 0:
            return f"{amount} {route.asset} is not a positive multiple of {route.step_coin}"
        if transfer.use != "balance" and self._loan(transfer) is None:
            return f"{transfer.target_account_id} has no loan in {transfer.asset} to {transfer.use}"
        if transfer.use == "balance" and self._market(transfer.target_account_id) is not None:
            return f"{transfer.target_account_id} is a loan: supply to it or repay it"
        return route

    def _leave(
        self, source: Account, transfer: Transfer, fee_coin: Decimal, snapshot: Snapshot
    ) -> Change | str:
        """Debit the source; out of a loan, from what is supplied there."""
        asset, amount = transfer.asset, transfer.quantity_coin
        market = self._market(source.account_id)
        if market is None:
            return sent(source, asset, amount, fee_coin)
        terms = loan_of(self._instruments, market, asset, is_debt=False)
        index = snapshot.lending(market, asset)
        if not isinstance(terms, LoanSupply):
            return f"{source.account_id} supplies no {asset}"
        if isinstance(index, Failure):
            return index.message
        out = withdrawn(source, terms, amount + fee_coin, index.liquidity_index_ray)
        if out is None:
            return f"{source.account_id} supplies less than {amount} {asset} and the fee"
        landed = with_flows(out.account, out.flows)
        left = sent(landed, asset, amount, fee_coin)
        assert isinstance(left, Change), "what was just withdrawn covers amount and fee"
        return Change(account=left.account, flows=(*out.flows, *left.flows))

    def _uncovered(self, account: Account, snapshot: Snapshot) -> str | None:
        if account.rulebook is None:
            return None
        report = require(account, self._instruments, snapshot, self._rulebooks[account.rulebook])
        if isinstance(report, Failure):
            return f"{account.account_id}: requirement unknown, nothing may leave: {report.message}"
        if report.equity_ccy < report.requirement_initial_ccy:
            return (
                f"{account.account_id} would hold {report.equity_ccy} {report.currency} against an "
                f"initial requirement of {report.requirement_initial_ccy}"
            )
        return None

    def _arrive(self, transfer: Transfer, snapshot: Snapshot) -> str | Failure:
        """Book an arrival, by its use."""
        target = self._holdings[transfer.target_account_id]
        if transfer.use == "balance":
            self._holdings.book(arrived(target, transfer.asset, transfer.quantity_coin), snapshot)
            return ""
        terms = self._loan(transfer)
        assert terms is not None, "checked when it was sent"
        index = snapshot.lending(terms.market, terms.asset)
        if isinstance(index, Failure):
            return index
        if isinstance(terms, LoanSupply):
            change = supplied(target, terms, transfer.quantity_coin, index.liquidity_index_ray)
            self._holdings.book(change, snapshot)
            return ""
        change, rest = repaid(target, terms, transfer.quantity_coin, index.borrow_index_ray)
        self._holdings.book(change, snapshot)
        if rest == 0:
            return ""
        # The protocol takes no more than is owed: the rest never left the payer's wallet.
        source = self._holdings[transfer.source_account_id]
        self._holdings.book(arrived(source, transfer.asset, rest), snapshot)
        return f"{rest} {transfer.asset} more than was owed went back to {source.account_id}"

    def _market(self, account_id: str) -> str | None:
        """Name the lending market an account is a position of."""
        name = self._holdings[account_id].rulebook
        return None if name is None else terms_of(self._rulebooks[name]).market

    def _loan(self, transfer: Transfer) -> LoanSupply | LoanDebt | None:
        market = self._market(transfer.target_account_id)
        if market is None:
            return None
        is_debt = transfer.use == "repay"
        return loan_of(self._instruments, market, transfer.asset, is_debt=is_debt)
