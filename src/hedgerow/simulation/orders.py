"""One order at a simulated exchange: checked, matched, charged, or refused with a sentence."""

from collections.abc import Mapping
from decimal import Decimal

import msgspec

from hedgerow.errors import Failure
from hedgerow.instruments import Instrument, expiry_of, has_entry
from hedgerow.margin import Rulebook, require, terms_of
from hedgerow.market import Snapshot
from hedgerow.planning import Order
from hedgerow.portfolio import Account
from hedgerow.simulation.futures import price_average_usd
from hedgerow.simulation.ledger import Change
from hedgerow.simulation.matching import OpenBooks
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
) -> Done | str:
    """Fill an immediate-or-cancel order against what is left of the book.

    Returns
    -------
    Done or str
        A sentence where the venue refuses: unknown terms, a broken lot, no order book, nothing
        inside the limit, or an account that would not cover its initial requirement afterwards. An
        order that only reduces a position is never refused for lack of margin.
    """
    future = instruments.get(order.instrument_id)
    if not has_entry(future):
        return f"{order.instrument_id} cannot be traded by an order here"
    rulebook = None if account.rulebook is None else rulebooks[account.rulebook]
    charges = None if rulebook is None else terms_of(rulebook).charges
    if rulebook is None or charges is None:
        return f"{account.account_id} is not an account of an exchange"
    if order.quantity_contracts == 0 or order.quantity_contracts % future.lot_contracts != 0:
        return f"{order.quantity_contracts} is not a multiple of the lot {future.lot_contracts}"
    expiry_ns = expiry_of(future)
    if expiry_ns is not None and expiry_ns <= snapshot.time_ns:
        return f"{order.instrument_id} has expired"
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
    held = account.quantity_contracts(order.instrument_id)
    after = change.account.quantity_contracts(order.instrument_id)
    is_reducing = abs(after) < abs(held) and after * held >= 0
    if not is_reducing:
        report = require(change.account, instruments, snapshot, rulebook)
        if isinstance(report, Failure):
            return f"requirement unknown, no new risk: {report.message}"
        if report.equity_ccy < report.requirement_initial_ccy:
            return (
                f"insufficient margin: equity {report.equity_ccy} {report.currency} would be below "
                f"the initial requirement {report.requirement_initial_ccy}"
            )
    done = matched.quantity_contracts
    rest = abs(order.quantity_contracts) - done
    return Done(
        change=change,
        books=books_after,
        filled_contracts=done if is_buy else -done,
        price_average_usd=average,
        fee_ccy=-sum((f.quantity_coin for f in change.flows if f.reason == "fee"), Decimal(0)),
        message=f"{rest} cancelled: {matched.message}" if rest else "",
    )
