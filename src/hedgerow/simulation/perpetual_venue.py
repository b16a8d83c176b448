"""A venue of perpetuals and futures: fills with fees, and liquidation into the book.

Liquidation follows the rule of a cross-margined perpetual venue (Binance USD-M) in its simple form:
while equity is below the maintenance requirement the position with the largest notional is sold
into the book as a whole, at no worse than its bankruptcy price (where equity would be gone, fees
included). What the book does not take there, or all of it when there is no book, passes to the
insurance fund at the bankruptcy price. The venue charges its taker and liquidation fee on what it
closes. A balance that is negative once nothing is held is made good by the fund. Not modelled:
partial closing by tier, and auto-deleveraging when the fund runs dry.
"""

from collections.abc import Iterable, Mapping
from decimal import Decimal

import msgspec

from hedgerow.errors import Failure
from hedgerow.instruments import (
    EntryContract,
    Instrument,
    has_entry,
    is_inverse,
    settlement_of,
    slope_ccy_per_usd,
)
from hedgerow.margin import Rulebook, require, terms_of
from hedgerow.market import Level, Snapshot
from hedgerow.portfolio import Account
from hedgerow.pricing import unit_ccy
from hedgerow.risk import Fill, FillKind
from hedgerow.simulation.futures import filled, notional_ccy
from hedgerow.simulation.ledger import Change, Flow, FlowReason, received, with_flows
from hedgerow.simulation.matching import Match, OpenBooks

__all__ = ["Liquidated", "booked", "insured", "liquidate", "price_bankruptcy_usd", "sold_out"]


class Liquidated(msgspec.Struct, frozen=True, kw_only=True):
    """What a venue did to an account. `loss_ccy` is fees and slippage, in `currency`."""

    change: Change
    loss_ccy: Decimal
    currency: str
    message: str


def booked(
    account: Account,
    future: EntryContract,
    takes: Iterable[Level],
    *,
    is_buy: bool,
    fee_frac: Decimal,
    fee_reason: FlowReason = "fee",
) -> Change:
    """Book the fills of one order, each with its fee as a fraction of notional."""
    flows: list[Flow] = []
    fills: list[Fill] = []
    kind: FillKind = "liquidation" if fee_reason == "liquidation_fee" else "trade"
    for take in takes:
        quantity = take.quantity_contracts if is_buy else -take.quantity_contracts
        change = filled(account, future, quantity, take.price_usd, kind)
        fee = notional_ccy(future, quantity, take.price_usd) * fee_frac
        charged = received(settlement_of(future), -fee, fee_reason, future.instrument_id)
        account = with_flows(change.account, charged)
        flows += [*change.flows, *charged]
        fills += change.fills
    return Change(account=account, flows=tuple(flows), fills=tuple(fills))


def price_bankruptcy_usd(
    future: EntryContract,
    quantity_contracts: Decimal,
    price_mark_usd: Decimal,
    equity_ccy: Decimal,
    fee_frac: Decimal,
) -> Decimal | None:
    """Give the price at which closing a position, fee included, leaves the account with nothing.

    The root P of ``equity + q · (u(P) - u(mark)) = |q| · |u(P)| · fee`` with u from
    `pricing.unit_ccy`; None where no positive price does it.
    """
    q = quantity_contracts
    target = q * unit_ccy(future, price_mark_usd) - equity_ccy
    if is_inverse(future):
        slope = -future.multiplier_usd_per_contract * (q + abs(q) * fee_frac)
        return slope / target if slope * target > 0 else None
    price = target / (slope_ccy_per_usd(future) * (q - abs(q) * fee_frac))
    return price if price > 0 else None


def liquidate(
    account: Account,
    instruments: Mapping[str, Instrument],
    snapshot: Snapshot,
    rulebook: Rulebook,
    books: OpenBooks,
) -> tuple[Liquidated, OpenBooks]:
    """Close positions, largest first, until the requirement is met or nothing is left.

    The rulebook is that of an exchange: it says what is charged (`VenueTerms.charges`).
    """
    charges = terms_of(rulebook).charges
    assert charges is not None, f"{rulebook.name} is no exchange's; the world must not take it"
    fee_frac = charges.fee_taker_frac + charges.fee_liquidation_frac
    flows: list[Flow] = []
    fills: list[Fill] = []
    loss = Decimal(0)
    done: list[str] = []
    while True:
        report = require(account, instruments, snapshot, rulebook)
        if isinstance(report, Failure) or not report.is_liquidatable:
            break
        largest = _largest(account, instruments, snapshot)
        if largest is None:
            break
        future, mark = largest
        closed, books = sold_out(
            account, future, mark, report.equity_ccy, fee_frac, snapshot, books
        )
        done.append(closed.message)
        if closed.change.account == account:
            break
        account = closed.change.account
        flows += closed.change.flows
        fills += closed.change.fills
        loss += closed.loss_ccy
    rest = insured(account, account.currency)
    return (
        Liquidated(
            change=Change(account=rest.account, flows=(*flows, *rest.flows), fills=tuple(fills)),
            loss_ccy=max(loss, Decimal(0)),
            currency=account.currency,
            message="; ".join((*done, *_shortfall(rest))),
        ),
        books,
    )


def sold_out(
    account: Account,
    future: EntryContract,
    price_mark_usd: Decimal,
    equity_ccy: Decimal,
    fee_frac: Decimal,
    snapshot: Snapshot,
    books: OpenBooks,
) -> tuple[Liquidated, OpenBooks]:
    """Close one whole position: into the book down to bankruptcy, the rest to the fund."""
    held = account.quantity_contracts(future.instrument_id)
    limit = price_bankruptcy_usd(future, held, price_mark_usd, equity_ccy, fee_frac)
    taken = books.take(snapshot, future.instrument_id, -held, limit)
    matched = Match(takes=(), left=(), message="")
    if isinstance(taken, Failure):
        why = f"no order book ({taken.message})"
    else:
        matched, books = taken
        why = "the book held no more at or above bankruptcy"
    takes = list(matched.takes)
    rest = abs(held) - matched.quantity_contracts
    message = f"closed {matched.quantity_contracts} of {held} {future.instrument_id}"
    if matched.price_average_usd is not None:
        message += f" at {matched.price_average_usd:.6g}"
    if rest and limit is not None:
        takes.append(Level(price_usd=limit, quantity_contracts=rest))
        message += f", {rest} passed to the insurance fund at {limit:.6g}: {why}"
    elif rest:
        message += f", {rest} left open: {why}"
    change = booked(
        account,
        future,
        takes,
        is_buy=held < 0,
        fee_frac=fee_frac,
        fee_reason="liquidation_fee",
    )
    unit_mark = unit_ccy(future, price_mark_usd)
    loss = Decimal(0)
    for take in takes:
        sold = take.quantity_contracts if held > 0 else -take.quantity_contracts
        loss += sold * (unit_mark - unit_ccy(future, take.price_usd))
        loss += notional_ccy(future, sold, take.price_usd) * fee_frac
    return (
        Liquidated(change=change, loss_ccy=loss, currency=settlement_of(future), message=message),
        books,
    )


def insured(account: Account, currency: str) -> Change:
    """Let the fund make good a negative balance of an account that holds nothing any more."""
    balance = account.balance_coin(currency)
    if account.positions or balance >= 0:
        return Change(account=account, flows=())
    flows = (Flow(asset=currency, quantity_coin=-balance, reason="insurance"),)
    return Change(account=with_flows(account, flows), flows=flows)


def _shortfall(rest: Change) -> tuple[str, ...]:
    return tuple(
        f"the insurance fund paid {flow.quantity_coin} {flow.asset}" for flow in rest.flows
    )


def _largest(
    account: Account, instruments: Mapping[str, Instrument], snapshot: Snapshot
) -> tuple[EntryContract, Decimal] | None:
    """Find the future with the largest notional at the mark; the first of equals."""
    found: tuple[Decimal, EntryContract, Decimal] | None = None
    for position in account.positions:
        future = instruments[position.instrument_id]
        if not has_entry(future):
            continue
        mark = snapshot.mark_usd(future.instrument_id, future.underlying)
        if isinstance(mark, Failure):
            continue
        size = notional_ccy(future, position.quantity_contracts, mark)
        if found is None or size > found[0]:
            found = (size, future, mark)
    return None if found is None else (found[1], found[2])
