"""A market whose books hold a share of what they show: for the day on which everybody is gone."""

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal

import msgspec

from hedgerow.instruments import Instrument, lot_of
from hedgerow.market import Ladder, Level, MarketEvent
from hedgerow.units import quantise

__all__ = ["thinned"]


def thinned(
    events: Iterable[MarketEvent], factor_frac: Decimal, instruments: Mapping[str, Instrument]
) -> Iterator[MarketEvent]:
    """Scale every level of every order book, rounded down to whole lots.

    A level of less than a lot is gone; of a side with no level left the best keeps one lot, since a
    book without a side is none. A book of an instrument without known terms is scaled as it is.
    """
    for event in events:
        if not isinstance(event, Ladder):
            yield event
            continue
        terms = instruments.get(event.instrument_id)
        lot = None if terms is None else lot_of(terms)
        yield msgspec.structs.replace(
            event,
            bids=_side(event.bids, factor_frac, lot),
            asks=_side(event.asks, factor_frac, lot),
        )


def _side(
    levels: tuple[Level, ...], factor_frac: Decimal, lot_contracts: Decimal | None
) -> tuple[Level, ...]:
    kept = []
    for level in levels:
        quantity = level.quantity_contracts * factor_frac
        if lot_contracts is not None:
            quantity = quantise(quantity, lot_contracts, "down")
        if quantity > 0:
            kept.append(msgspec.structs.replace(level, quantity_contracts=quantity))
    if kept or lot_contracts is None:
        return tuple(kept)
    return (msgspec.structs.replace(levels[0], quantity_contracts=lot_contracts),)
