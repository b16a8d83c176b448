"""The book: accounts, distinct instruments, and sparse quantities between them.

Prices are made once per distinct instrument and then contracted with the holdings, so a million
positions on a thousand series cost a thousand pricings. A balance is a holding of `Spot`.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from hedgerow.errors import MarketRejected
from hedgerow.instruments import Instrument, Spot
from hedgerow.portfolio.records import Account
from hedgerow.units import to_model

__all__ = ["Book", "book"]


Column = TypeVar("Column", NDArray[np.int64], NDArray[np.float64])


@dataclass(frozen=True, slots=True, eq=False)
class Book:
    """Every account of a desk over one list of distinct instruments.

    `holding_*` arrays have one row per (account, instrument) pair that is held: the sparse matrix
    of positions in coordinate form. `entry_ccy` is NaN-free: 0.0 means the holding has no entry
    price. `instruments_ordered` are those in which orders rest and nothing is held: no exposure,
    but a venue asks margin for them.
    """

    accounts: tuple[Account, ...]
    instruments: tuple[Instrument, ...]
    holding_account_index: NDArray[np.int64]
    holding_instrument_index: NDArray[np.int64]
    holding_quantity_contracts: NDArray[np.float64]
    holding_entry_ccy: NDArray[np.float64]
    instruments_ordered: tuple[Instrument, ...] = ()

    @property
    def terms(self) -> dict[str, Instrument]:
        """Terms by id, of all that is held and of all in which an order rests."""
        return {each.instrument_id: each for each in (*self.instruments, *self.instruments_ordered)}

    def account(self, account_id: str) -> Account:
        """Find an account by its id.

        Raises
        ------
        KeyError
            If the book holds no such account.
        """
        for account in self.accounts:
            if account.account_id == account_id:
                return account
        raise KeyError(f"no account {account_id!r} in the book")

    def instrument(self, instrument_id: str) -> Instrument:
        """Find an instrument by its id.

        Raises
        ------
        KeyError
            If the book holds no such instrument.
        """
        for instrument in self.instruments:
            if instrument.instrument_id == instrument_id:
                return instrument
        raise KeyError(f"no instrument {instrument_id!r} in the book")


def book(accounts: Iterable[Account], instruments: Mapping[str, Instrument]) -> Book:
    """Gather accounts into one book.

    Parameters
    ----------
    accounts
        In the order the desk lists them; the order is kept.
    instruments
        Terms by id, at least of every position held and of every order that rests. Balances need
        none: they become `Spot`.

    Raises
    ------
    MarketRejected
        If a position or an order names an instrument whose terms are not given, or two accounts
        carry one id: plans, routes and buffers name an account by its id alone. If the name of an
        account or a venue holds a slash: the nodes of a desk are told apart by it.
    """
    accounts = tuple(accounts)
    ids = Counter(account.account_id for account in accounts)
    for account_id, times_count in ids.items():
        if times_count > 1:
            raise MarketRejected(
                f"two accounts are called {account_id}; give every account of the desk its own id"
            )
        if "/" in account_id:
            raise MarketRejected(
                f"account {account_id}: a slash parts nodes, and no name holds one"
            )
    for venue in sorted({account.venue for account in accounts if "/" in account.venue}):
        raise MarketRejected(f"venue {venue}: a slash parts nodes, and no name holds one")
    index_by_id: dict[str, int] = {}
    distinct: list[Instrument] = []
    ordered: dict[str, Instrument] = {}
    rows: list[tuple[int, int, float, float]] = []

    def index_of(instrument: Instrument) -> int:
        at = index_by_id.setdefault(instrument.instrument_id, len(distinct))
        if at == len(distinct):
            distinct.append(instrument)
        return at

    for account_index, account in enumerate(accounts):
        for position in account.positions:
            terms = instruments.get(position.instrument_id)
            if terms is None:
                raise MarketRejected(
                    f"account {account.account_id} holds {position.instrument_id}, whose terms "
                    "nobody described; list the instrument or drop the position"
                )
            entry = 0.0 if position.price_entry_ccy is None else to_model(position.price_entry_ccy)
            rows.append(
                (account_index, index_of(terms), to_model(position.quantity_contracts), entry)
            )
        for order in account.orders:
            if order.instrument_id not in instruments:
                raise MarketRejected(
                    f"account {account.account_id} has an order in {order.instrument_id}, whose "
                    "terms nobody described; list the instrument or drop the order"
                )
            ordered[order.instrument_id] = instruments[order.instrument_id]
        for balance in account.balances:
            spot = Spot(instrument_id=f"spot:{balance.asset}", asset=balance.asset)
            rows.append((account_index, index_of(spot), to_model(balance.quantity_coin), 0.0))

    return Book(
        accounts=accounts,
        instruments=tuple(distinct),
        holding_account_index=_locked(np.array([r[0] for r in rows], dtype=np.int64)),
        holding_instrument_index=_locked(np.array([r[1] for r in rows], dtype=np.int64)),
        holding_quantity_contracts=_locked(np.array([r[2] for r in rows], dtype=np.float64)),
        holding_entry_ccy=_locked(np.array([r[3] for r in rows], dtype=np.float64)),
        instruments_ordered=tuple(
            each for name, each in ordered.items() if name not in index_by_id
        ),
    )


def _locked(column: Column) -> Column:
    column.setflags(write=False)
    return column
