"""Which fills of resting orders are worst for an account, by whatever judges it.

Fills are booked at the orders' own prices with the mark where it is, so that what one gains or
loses at once changes equity. Per instrument one side is asked at a time, from the best price on,
one price after the other: no fill, the first buys, and so on to every buy; likewise sells. Orders
that only reduce go first and stop at a position of nothing; they count, as one may undo a hedge.
Instruments are taken together, since what hedges one may be an order in another.

What is guaranteed is that nothing asked is worse. Where the requirement is convex in the size of
each position and no buy is dearer than a sell of the same instrument, no other fills in the order
of price are worse either: between two prices the worst is at an end, and a buy and a sell that
undo each other only earn. Tiers whose rates rise are convex, and so is the worst cell of a scan.
Derive's standard margin is not: an expiry needs the smaller of what its options need each alone and
of what they can lose together, and so a part of a fill may leave less than either end.
"""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from itertools import groupby, product
from math import prod

import msgspec

from hedgerow.errors import Failure, Outcome
from hedgerow.instruments import Instrument
from hedgerow.margin.legs import Leg, are_both_sides_held, with_legs
from hedgerow.margin.records import MarginReport, unsupported
from hedgerow.portfolio import Account, OpenOrder

__all__ = ["COMBINATIONS_COUNT_MAX", "WorstFills", "search"]

COMBINATIONS_COUNT_MAX = 1024


class WorstFills(msgspec.Struct, frozen=True, kw_only=True):
    """The account after the worst of the fills asked, and which orders those are.

    `is_exhaustive` is False where there were too many instruments to ask every combination: then
    the worst is one that no change in a single instrument makes worse.
    """

    report: MarginReport
    filled: tuple[OpenOrder, ...]
    is_exhaustive: bool


def search(
    account: Account,
    instruments: Mapping[str, Instrument],
    judge: Callable[[Account], Outcome[MarginReport]],
    weight: Callable[[MarginReport], tuple[Decimal, ...]],
    *,
    combinations_count_max: int,
) -> Outcome[WorstFills]:
    """Find the fills after which a report weighs most; of equals, the fewest orders.

    Parameters
    ----------
    judge
        Gives the report of an account without orders.
    weight
        Compared from its first item on.

    Returns
    -------
    WorstFills or Failure
        A Failure of `judge`, or where both sides of an order's instrument are held: which of them
        it joins is not known.
    """
    for order in account.orders:
        if are_both_sides_held(account, order.instrument_id):
            return unsupported(
                account, f"both sides of {order.instrument_id} are held, and orders rest in it"
            )
    choices = [_ends(orders) for orders in _by_instrument(account.orders).values()]
    is_exhaustive = prod(map(len, choices)) <= combinations_count_max

    def judged(chosen: Sequence[tuple[OpenOrder, ...]]) -> Outcome[WorstFills]:
        filled = tuple(order for orders in chosen for order in orders)
        bare = msgspec.structs.replace(account, orders=())
        report = judge(with_legs(bare, _legs(account, filled), instruments))
        if isinstance(report, Failure):
            return report
        return WorstFills(report=report, filled=filled, is_exhaustive=is_exhaustive)

    def worst_of(outcomes: Sequence[Outcome[WorstFills]]) -> Outcome[WorstFills]:
        sound = [each for each in outcomes if isinstance(each, WorstFills)]
        for each in outcomes:
            if isinstance(each, Failure):
                return each
        return max(sound, key=lambda each: (*weight(each.report), -len(each.filled)))

    if is_exhaustive:
        return worst_of([judged(chosen) for chosen in product(*choices)])
    # One instrument after the other, until a whole round changes nothing.
    chosen: list[tuple[OpenOrder, ...]] = [ends[0] for ends in choices]
    found = judged(chosen)
    while True:
        before = found
        for at, ends in enumerate(choices):
            tried = [[*chosen[:at], end, *chosen[at + 1 :]] for end in ends]
            outcomes = [judged(each) for each in tried]
            found = worst_of(outcomes)
            if isinstance(found, Failure):
                return found
            chosen = tried[outcomes.index(found)]
        if found == before:
            return found


def _by_instrument(orders: Sequence[OpenOrder]) -> dict[str, list[OpenOrder]]:
    found: dict[str, list[OpenOrder]] = {}
    for order in orders:
        found.setdefault(order.instrument_id, []).append(order)
    return found


def _ends(orders: Sequence[OpenOrder]) -> list[tuple[OpenOrder, ...]]:
    """List what may have been filled: nothing, or of one side all up to some price.

    What only reduces goes first: once the position is closed, the rest opens in full.
    """
    ends: list[tuple[OpenOrder, ...]] = [()]
    for sign in (1, -1):

        def turn(order: OpenOrder, sign: int = sign) -> tuple[bool, Decimal]:
            return not order.is_reduce_only, -sign * order.price_ccy

        filled: tuple[OpenOrder, ...] = ()
        side = [order for order in orders if order.quantity_contracts * sign > 0]
        for _, together in groupby(sorted(side, key=turn), key=turn):
            filled = (*filled, *together)
            ends.append(filled)
    return ends


def _legs(account: Account, filled: Sequence[OpenOrder]) -> list[Leg]:
    """Turn orders into legs; one that only reduces is cut off at a position of nothing."""
    legs: list[Leg] = []
    held: dict[str, Decimal] = {}
    for order in filled:
        name, quantity = order.instrument_id, order.quantity_contracts
        now = held.setdefault(name, account.quantity_contracts(name))
        if order.is_reduce_only:
            if now * quantity >= 0:
                continue
            quantity = min(abs(quantity), abs(now)).copy_sign(quantity)
        held[name] = now + quantity
        legs.append(Leg(instrument_id=name, quantity_contracts=quantity, price_ccy=order.price_ccy))
    return legs
