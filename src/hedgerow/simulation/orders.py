"""One order at a simulated exchange: checked, matched, charged, or refused with a sentence."""

from collections.abc import Mapping
from decimal import Decimal

import msgspec

from hedgerow.errors import Failure
from hedgerow.instruments import EntryContract, Instrument, Option, expiry_of, has_entry
from hedgerow.margin import Rulebook, ScanRulebook, require, terms_of
from hedgerow.market import Snapshot
from hedgerow.planning import Order
from hedgerow.portfolio import Account
from hedgerow.simulation.futures import price_average_usd
from hedgerow.simulation.ledger import Change
from hedgerow.simulation.matching import OpenBooks
from hedgerow.simulation.options_venue import OptionSpread, ordered
from hedgerow.simulation.perpetual_venue import booked

__all__ = ["Done", "execute"]


class Done(msgspec.Struct, frozen=True, kw_only=True):
    """An order filled at least in part. The filled quantity is signed like the order's.

    The price is that of a future; an option's is in the fills of the change.
    """

    change: Change
    books: OpenBooks
    filled_contracts: Decimal
    price_average_usd: Decimal | None
    fee_ccy: Decimal
    message: str


def execute(
    order: Order,
    account: Account,
    instruments: Mapping[str, Instrument],
    rulebooks: Mapping[str, Rulebook],
    snapshot: Snapshot,
    books: OpenBooks,
    spread: OptionSpread,
) -> Done | str:
    """Fill an immediate-or-cancel order against what is left of the book.

    Options have no book here: an order is filled whole, a half spread worse than the mark.

    Returns
    -------
    Done or str
        A sentence where the venue refuses: unknown terms, a broken lot, no order book, nothing
        inside the limit, or an account that would not cover its initial requirement afterwards. An
        order that only reduces a position is never refused for lack of margin.
    """
    terms = instruments.get(order.instrument_id)
    rulebook = None if account.rulebook is None else rulebooks[account.rulebook]
    is_scanned = isinstance(rulebook, ScanRulebook)
    if not (has_entry(terms) or (isinstance(terms, Option) and is_scanned)):
        return f"{order.instrument_id} cannot be traded by an order here"
    charges = None if rulebook is None else terms_of(rulebook).charges
    if rulebook is None or charges is None:
        return f"{account.account_id} is not an account of an exchange"
    if order.quantity_contracts == 0 or order.quantity_contracts % terms.lot_contracts != 0:
        return f"{order.quantity_contracts} is not a multiple of the lot {terms.lot_contracts}"
    expiry_ns = expiry_of(terms)
    if expiry_ns is not None and expiry_ns <= snapshot.time_ns:
        return f"{order.instrument_id} has expired"
    if isinstance(terms, Option):
        assert isinstance(rulebook, ScanRulebook), "options are traded where they are scanned"
        done = _priced(order, account, terms, rulebook, snapshot, books, spread)
    else:
        done = _matched(order, account, terms, charges.fee_taker_frac, snapshot, books)
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


def _matched(
    order: Order,
    account: Account,
    future: EntryContract,
    fee_frac: Decimal,
    snapshot: Snapshot,
    books: OpenBooks,
) -> Done | str:
    """Fill an order of a future out of the book."""
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
    change = booked(account, future, matched.takes, is_buy=is_buy, fee_frac=fee_frac)
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


def _priced(
    order: Order,
    account: Account,
    option: Option,
    rulebook: ScanRulebook,
    snapshot: Snapshot,
    books: OpenBooks,
    spread: OptionSpread,
) -> Done | str:
    """Fill an order of an option at the price there is for any size."""
    change = ordered(
        account,
        option,
        order.quantity_contracts,
        order.price_limit_ccy,
        snapshot,
        rulebook,
        spread,
    )
    if isinstance(change, str):
        return change
    return Done(
        change=change,
        books=books,
        filled_contracts=order.quantity_contracts,
        price_average_usd=None,
        fee_ccy=_fee_ccy(change),
        message="",
    )


def _fee_ccy(change: Change) -> Decimal:
    return -sum((f.quantity_coin for f in change.flows if f.reason == "fee"), Decimal(0))
