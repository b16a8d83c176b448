"""Both ends of a step: what every instrument is worth there, by our marks or by the venue's."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import final

import numpy as np

from hedgerow.errors import Failure, Outcome
from hedgerow.exposure.aggregate import parts_of
from hedgerow.exposure.sums import Part
from hedgerow.instruments import (
    Instrument,
    Option,
    has_entry,
    is_inverse,
    settlement_of,
    slope_ccy_per_usd,
)
from hedgerow.market import Snapshot
from hedgerow.portfolio import Book
from hedgerow.pricing import unit_ccy, value
from hedgerow.risk.records import Fill, Marks
from hedgerow.units import to_model

__all__ = ["End", "Held", "fill_unit_ccy", "over", "ticks_usd"]

_TICKS_COUNT = 2


@dataclass(frozen=True, slots=True, eq=False)
class Held:
    """One holding of a book at one end, by the model."""

    quantity_contracts: float
    part: Part


@final
class End:
    """One snapshot, asked for the instruments of a step."""

    def __init__(self, instruments: Book, snapshot: Snapshot, marks: Marks) -> None:
        self.snapshot = snapshot
        self._instruments = instruments
        self._marks = marks
        self._values = value(instruments, snapshot)
        self._units = {
            instruments.instruments[at].instrument_id: float(unit)
            for at, unit in zip(self._values.instrument_index, self._values.unit_ccy, strict=True)
        }
        self._troubles = {each.subject: each for each in self._values.missing}

    def held(self, holdings: Book) -> dict[tuple[str, str], list[Held]]:
        """Value what a book holds, by account and instrument, in the order of the book."""
        found: dict[tuple[str, str], list[Held]] = {}
        parts = parts_of(holdings, self._values, self.snapshot)
        for part, quantity in zip(parts, holdings.holding_quantity_contracts, strict=True):
            key = part.account.account_id, part.instrument.instrument_id
            found.setdefault(key, []).append(Held(float(quantity), part))
        return found

    def worth_usd(self, held: Held) -> Outcome[float]:
        """Give what a holding is worth by the marks asked for."""
        part = held.part
        if not part.is_known:
            return part.troubles[0]
        gap_ccy = self.gap_ccy(part.instrument)
        if gap_ccy == 0.0:
            return part.value_usd
        price_usd = self.price_usd(settlement_of(part.instrument))
        if isinstance(price_usd, Failure):
            return price_usd
        return part.value_usd + held.quantity_contracts * gap_ccy * price_usd

    def unit_ccy(self, instrument_id: str) -> Outcome[float]:
        """Give what one contract is worth by our marks, in its settlement asset."""
        unit = self._units.get(instrument_id)
        return self._troubles[instrument_id] if unit is None else unit

    def gap_ccy(self, terms: Instrument) -> float:
        """Give what the venue's own mark of this moment says beyond ours, per contract.

        Zero where our marks are asked for, or the venue printed none now.
        """
        if self._marks == "model" or not isinstance(terms, Option):
            return 0.0
        quote = self.snapshot.options.get(terms.instrument_id)
        unit = self._units.get(terms.instrument_id)
        if (
            quote is None
            or unit is None
            or quote.price_mark_ccy is None
            or quote.time_ns != self.snapshot.time_ns
        ):
            return 0.0
        return to_model(quote.price_mark_ccy * terms.multiplier_coin_per_contract) - unit

    def price_usd(self, asset: str) -> Outcome[float]:
        """Give the dollars of one unit of an asset."""
        found = self.snapshot.asset(asset)
        return found if isinstance(found, Failure) else found.price_usd


def over(book: Book, instruments: Iterable[Instrument]) -> Book:
    """Give the same holdings over a longer list of instruments."""
    listed = tuple(instruments)
    at: Mapping[str, int] = {each.instrument_id: i for i, each in enumerate(listed)}
    return replace(
        book,
        instruments=listed,
        holding_instrument_index=np.array(
            [at[book.instruments[i].instrument_id] for i in book.holding_instrument_index],
            dtype=np.int64,
        ),
    )


def fill_unit_ccy(terms: Instrument, fill: Fill) -> float:
    """Give what one contract was worth at the price of a fill, in its settlement asset."""
    assert fill.price_ccy is not None
    if has_entry(terms):
        return to_model(unit_ccy(terms, fill.price_ccy))
    if isinstance(terms, Option):
        return to_model(fill.price_ccy * terms.multiplier_coin_per_contract)
    return to_model(fill.price_ccy)


def ticks_usd(terms: Instrument, quantity_contracts: float, end: End) -> float:
    """Give what two ticks of a position are worth; nothing where its price has no tick."""
    price_usd = end.price_usd(settlement_of(terms))
    if isinstance(price_usd, Failure):
        return 0.0
    if isinstance(terms, Option):
        tick_ccy = to_model(terms.tick_ccy * terms.multiplier_coin_per_contract)
    elif has_entry(terms):
        unit = end.unit_ccy(terms.instrument_id)
        if isinstance(unit, Failure):
            return 0.0
        tick_ccy = to_model(terms.tick_usd)
        if is_inverse(terms):  # d(-N/M) = N/M² dM, and the unit is -N/M
            tick_ccy *= unit * unit / to_model(terms.multiplier_usd_per_contract)
        else:
            tick_ccy *= to_model(slope_ccy_per_usd(terms))
    else:
        return 0.0
    return _TICKS_COUNT * tick_ccy * abs(quantity_contracts) * price_usd
