"""One order at a simulated exchange: checked, matched, charged, or refused with a sentence.

Futures and perpetuals are filled out of the order book. Options have none: where a `Depth` is
assumed they are filled by it (`option_orders`), else they cannot be traded by an order.
"""

from collections.abc import Mapping
from decimal import Decimal

import msgspec

from hedgerow.errors import Failure
from hedgerow.hedging import Depth
from hedgerow.instruments import EntryContract, Instrument, Option, expiry_of, has_entry
from hedgerow.margin import Charges, Rulebook, require, terms_of
from hedgerow.market import Snapshot
from hedgerow.planning import Order
from hedgerow.portfolio import Account
from hedgerow.simulation.futures import price_average_usd
from hedgerow.simulation.ledger import Change
from hedgerow.simulation.matching import OpenBooks
from hedgerow.simulation.option_orders import fill_option
from hedgerow.simulation.perpetual_venue import booked

__all__ = ["Done", "execute"]


class Done(msgspec.Struct, frozen=True, kw_only=True):
    """An order filled at least in part. The filled quantity is signed like the order's."""

    change: Change
    books: OpenBooks
    filled_contracts: Decimal
    price_average_usd: Decimal
    fee_ccy: Decimal
    message: str


def execute(
    order: Order,
    account: Account,
    instruments: Mapping[str, Instrument],
    rulebooks: Mapping[str, Rulebook],
    snapshot: Snapshot,
    books: OpenBooks,
    option_depth: Depth | None = None,
) -> Done | str:
    """Fill an immediate-or-cancel order against what is left of the book.

    Parameters
    ----------
    option_depth
        What is assumed of the books of options; None refuses orders for them.

    Returns
    -------
    Done or str
        A sentence where the venue refuses: unknown terms, a broken lot, no order book, nothing
        inside the limit, or an account that would not cover its initial requirement afterwards. An
        order that only reduces a position is never refused for lack of margin.
    """
    terms = instruments.get(order.instrument_id)
    is_option = isinstance(terms, Option) and option_depth is not None
    if not (is_option or has_entry(terms)):
        return f"{order.instrument_id} cannot be traded by an order here"
    assert isinstance(terms, EntryContract | Option)
    rulebook = None if account.rulebook is None else rulebooks[account.rulebook]
    venue = None if rulebook is None else terms_of(rulebook)
    if rulebook is None or venue is None or venue.charges is None:
        return f"{account.account_id} is not an account of an exchange"
    if isinstance(terms, Option) and not isinstance(terms, venue.instruments):
        return f"{account.account_id} cannot hold {order.instrument_id}"
    if order.quantity_contracts == 0 or order.quantity_contracts % terms.lot_contracts != 0:
        return f"{order.quantity_contracts} is not a multiple of the lot {terms.lot_contracts}"
    expiry_ns = expiry_of(terms)
    if expiry_ns is not None and expiry_ns <= snapshot.time_ns:
        return f"{order.instrument_id} has expired"
    if isinstance(terms, Option):
        assert option_depth is not None
        done = _filled_option(order, terms, account, snapshot, venue.charges, option_depth, books)
    else:
        done = _filled_future(order, terms, account, snapshot, venue.charges, books)
    if isinstance(done, str):
        return done
    held = account.quantity_contracts(order.instrument_id)
    after = done.change.account.quantity_contracts(order.instrument_id)
    is_reducing = abs(after) < abs(held) and after * held >= 0
    if not is_reducing:
        report = require(done.change.account, instruments, snapshot, rulebook)
        if isinstance(report, Failure):
            return f"requirement unknown, no new risk: {report.message}"
        if report.equity_ccy < report.requirement_initial_ccy:
            return (
                f"insufficient margin: equity {report.equity_ccy} {report.currency} would be below "
                f"the initial requirement {report.requirement_initial_ccy}"
            )
    return done


def _filled_future(
    order: Order,
    future: EntryContract,
    account: Account,
    snapshot: Snapshot,
    charges: Charges,
    books: OpenBooks,
) -> Done | str:
    taken = books.take(
        snapshot, order.instrument_id, order.quantity_contracts, order.price_limit_usd
    )
    if isinstance(taken, Failure):
        return f"no order book: {taken.message}"
    matched, books_after = taken
    average = price_average_usd(future, matched.takes)
    if average is None:
        return f"nothing filled: {matched.message}"
    is_buy = order.quantity_contracts > 0
    change = booked(account, future, matched.takes, is_buy=is_buy, fee_frac=charges.fee_taker_frac)
    done = matched.quantity_contracts
    rest = abs(order.quantity_contracts) - done
    return Done(
        change=change,
        books=books_after,
        filled_contracts=done if is_buy else -done,
        price_average_usd=average,
        fee_ccy=_fee_ccy(change),
        message=f"{rest} cancelled: {matched.message}" if rest else "",
    )


def _filled_option(
    order: Order,
    option: Option,
    account: Account,
    snapshot: Snapshot,
    charges: Charges,
    depth: Depth,
    books: OpenBooks,
) -> Done | str:
    filled = fill_option(order, option, account, snapshot, charges, depth, books)
    if isinstance(filled, str):
        return filled
    return Done(
        change=filled.change,
        books=filled.books,
        filled_contracts=filled.filled_contracts,
        price_average_usd=filled.price_average_usd,
        fee_ccy=_fee_ccy(filled.change),
        message=filled.message,
    )


def _fee_ccy(change: Change) -> Decimal:
    return -sum((f.quantity_coin for f in change.flows if f.reason == "fee"), Decimal(0))
