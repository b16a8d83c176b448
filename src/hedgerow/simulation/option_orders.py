"""An order for an option at a simulated exchange, filled at prices that are assumed.

Nobody records how much of an option stands at its best bid and ask, so the book is that of
`hedging.offer`: blocks of the assumed `Depth`, each a half spread dearer. Every price is rounded to
the tick against whoever trades. What an order takes stays taken until the option is quoted anew.
The premium and the fee, capped by a share of the premium, are paid out of the balance.
"""

from collections.abc import Sequence
from decimal import Decimal

import msgspec

from hedgerow.errors import Failure, Outcome
from hedgerow.hedging import Depth, Offer, offer
from hedgerow.instruments import Option
from hedgerow.margin import Charges
from hedgerow.market import Snapshot
from hedgerow.planning import Order
from hedgerow.portfolio import Account
from hedgerow.risk import Fill
from hedgerow.simulation.ledger import Change, received, with_flows, with_position
from hedgerow.simulation.matching import OpenBooks
from hedgerow.units import digits_of, quantise, to_exact, to_model

__all__ = ["OptionFill", "fill_option"]

_STEP_USD = Decimal("1e-8")
_WHOLE = Decimal(1)


class OptionFill(msgspec.Struct, frozen=True, kw_only=True):
    """An account after an order for an option, and what was done: a signed quantity at a price."""

    change: Change
    books: OpenBooks
    filled_contracts: Decimal
    price_average_usd: Decimal
    message: str


class _Block(msgspec.Struct, frozen=True, kw_only=True):
    price_ccy: Decimal
    quantity_contracts: Decimal


def fill_option(
    order: Order,
    option: Option,
    account: Account,
    snapshot: Snapshot,
    charges: Charges,
    depth: Depth,
    books: OpenBooks,
) -> OptionFill | str:
    """Take blocks, best first, up to the quantity and the limit of an order.

    Returns
    -------
    OptionFill or str
        A sentence where nothing is filled: no mark, no limit in what the option is quoted in, no
        block left or none inside the limit. Margin is the caller's to check.
    """
    limit = order.price_limit_ccy
    if limit is None or not (limit.is_finite() and limit > 0):
        return f"an order for {order.instrument_id} needs a positive price_limit_ccy"
    quoted = offer(option, account, snapshot, charges, depth)
    if isinstance(quoted, Failure):
        return f"no price: {quoted.message}"
    quote = snapshot.options.get(order.instrument_id)
    paid = snapshot.asset(option.settlement)
    notional_ccy = _notional_ccy(option, snapshot)
    if quote is None or isinstance(paid, Failure) or isinstance(notional_ccy, Failure):
        return f"no price: {order.instrument_id} has none"
    is_buy = order.quantity_contracts > 0
    gone = books.taken_contracts(quote, is_buy=is_buy)
    wanted = abs(order.quantity_contracts)
    blocks = _blocks(quoted, option, paid.price_usd, is_buy=is_buy)
    taken, why = _taken(blocks, gone, wanted, limit, is_buy=is_buy)
    done = sum((each.quantity_contracts for each in taken), Decimal(0))
    if done == 0:
        return f"nothing filled: {why}"
    coins = option.multiplier_coin_per_contract
    premium = sum((coins * each.quantity_contracts * each.price_ccy for each in taken), Decimal(0))
    fee = sum(
        (
            coins
            * each.quantity_contracts
            * charges.fee_of_option_ccy(notional_ccy, each.price_ccy)
            for each in taken
        ),
        Decimal(0),
    )
    name = order.instrument_id
    flows = (
        *received(option.settlement, -premium if is_buy else premium, "trade", name),
        *received(option.settlement, -fee, "fee", name),
    )
    signed = done if is_buy else -done
    fills = tuple(
        Fill(
            account_id=account.account_id,
            instrument_id=name,
            quantity_contracts=each.quantity_contracts if is_buy else -each.quantity_contracts,
            price_ccy=each.price_ccy,
            kind="trade",
        )
        for each in taken
    )
    held = account.quantity_contracts(name)
    after = with_position(account, name, held + signed)
    average_ccy = premium / (coins * done)
    return OptionFill(
        change=Change(account=with_flows(after, flows), flows=flows, fills=fills),
        books=books.with_taken(quote, gone + done, is_buy=is_buy),
        filled_contracts=signed,
        price_average_usd=quantise(average_ccy * digits_of(paid.price_usd), _STEP_USD, "half_up"),
        message=f"{wanted - done} cancelled: {why}" if done < wanted else "",
    )


def _blocks(quoted: Offer, option: Option, paid_usd: float, *, is_buy: bool) -> list[_Block]:
    """Write an offer's rungs as prices that a venue would show."""
    coins = to_model(option.multiplier_coin_per_contract)
    sign = 1 if is_buy else -1
    blocks = []
    for rung in quoted.buys if is_buy else quoted.sells:
        beyond = (rung.cost_usd_per_contract - rung.fee_usd_per_contract) / paid_usd / coins
        worth = quoted.price_mark_ccy + sign * beyond
        # What is on a tick but for its last bits is on it.
        ticks = round(worth / to_model(option.tick_ccy), 6)
        price = option.tick_ccy * to_exact(ticks, _WHOLE, "up" if is_buy else "down")
        quantity = to_exact(rung.width_contracts, option.lot_contracts, "down")
        if price > 0 and quantity > 0:
            blocks.append(_Block(price_ccy=price, quantity_contracts=quantity))
    return blocks


def _taken(
    blocks: Sequence[_Block],
    gone_contracts: Decimal,
    wanted_contracts: Decimal,
    limit_ccy: Decimal,
    *,
    is_buy: bool,
) -> tuple[list[_Block], str]:
    """Take what is wanted of what earlier orders left; say why no more."""
    taken: list[_Block] = []
    gone, wanted = gone_contracts, wanted_contracts
    for block in blocks:
        left = max(block.quantity_contracts - gone, Decimal(0))
        gone = max(gone - block.quantity_contracts, Decimal(0))
        size = min(left, wanted)
        if size == 0:
            continue
        if block.price_ccy > limit_ccy if is_buy else block.price_ccy < limit_ccy:
            return taken, f"the next price, {block.price_ccy}, is beyond the limit {limit_ccy}"
        taken.append(_Block(price_ccy=block.price_ccy, quantity_contracts=size))
        wanted -= size
    return taken, "the assumed book is empty"


def _notional_ccy(option: Option, snapshot: Snapshot) -> Outcome[Decimal]:
    """Give what fees are a fraction of, for one coin: itself, or its forward in dollars."""
    if option.is_coin_settled:
        return Decimal(1)
    mark = snapshot.option(option)
    return mark if isinstance(mark, Failure) else digits_of(mark.forward_usd)
