"""Value every distinct instrument of a book once.

One contract of every kind is reduced to the same few numbers (`pricing.rows`,
`pricing.held_options`): what it is worth in its settlement asset, what that asset is worth in
dollars and which coin moves it, and how the worth moves with the instrument's own underlying. Here
they become columns. An instrument without an answer, or with a number beyond any market, is named,
and the others are what they would be without it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from hedgerow.errors import Failure, Outcome, OutOfDomain
from hedgerow.instruments import Instrument, Option, expiry_of, settlement_of, underlying_of
from hedgerow.market import Snapshot
from hedgerow.portfolio import Book
from hedgerow.pricing.chain_rule import derivative
from hedgerow.pricing.domain import outside, refused
from hedgerow.pricing.gate import AMOUNT, Bounds, Floats
from hedgerow.pricing.held_options import HeldOption, PricedOptions, fill_options
from hedgerow.pricing.prices import Prices
from hedgerow.pricing.rows import Row, fill
from hedgerow.pricing.sensitivities import GREEKS, GreekColumns
from hedgerow.units import years_between

__all__ = ["Values", "Worths", "value", "worths"]

# Options of no time at all have Greeks beyond 1e20; times any quantity these stay in a double.
_GREEK: Bounds = (-1e100, 1e100)
# How far what leaves this room may go.
_DOMAIN: Final = (
    ("unit_ccy", AMOUNT),
    ("delta_own_coin", AMOUNT),
    ("settlement_delta_coin_per_unit", AMOUNT),
    *((name, _GREEK) for name in GREEKS),
)


@dataclass(frozen=True, slots=True, eq=False)
class Values:
    """Row i of every column is one priced instrument; `missing` names the others.

    Attributes
    ----------
    instrument_index
        Which instrument of the book the row belongs to.
    unit_ccy
        Worth of one contract in its settlement asset (futures: before their entry).
    settlement_price_usd, settlement_delta_coin_per_unit, settlement_coins
        Dollar price of one settlement unit, how many coins it moves like, and which coin.
    delta_own_coin, underlyings
        Coins of the underlying one contract moves like with the settlement price held still
        (coin-settled options: the premium-adjusted delta).
    greeks
        Of the dollar value of one contract, settlement included: every field of `DollarGreeks`.
        Those of spot are by the underlying alone.
    settlement_greeks
        The same by the settlement coin alone: gamma and speed of pool shares, zero elsewhere.
    is_estimate, age_ns
        Whether an input was carried or modelled, and its age.
    """

    instrument_index: NDArray[np.int64]
    unit_ccy: Floats
    settlement_price_usd: Floats
    settlement_delta_coin_per_unit: Floats
    settlement_coins: tuple[str, ...]
    delta_own_coin: Floats
    underlyings: tuple[str, ...]
    greeks: GreekColumns
    settlement_greeks: GreekColumns
    is_estimate: NDArray[np.bool_]
    age_ns: NDArray[np.int64]
    missing: tuple[Failure, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Worths:
    """The columns of `Values` that a profit needs, and nothing that bends."""

    instrument_index: NDArray[np.int64]
    unit_ccy: Floats
    settlement_price_usd: Floats
    missing: tuple[Failure, ...]


def value(book: Book, snapshot: Snapshot) -> Values:
    """Value every distinct instrument of the book under one snapshot.

    Returns
    -------
    Values
        In the order of ``book.instruments``, less those without an answer, which are in `missing`
        in the same order.
    """
    rows, missing, priced, prices = _filled(book, snapshot)
    table = _greeks(rows, priced, prices, book, snapshot)
    units, deltas = _column(rows, "unit_ccy"), _column(rows, "delta_own_coin")
    beyond = outside(_DOMAIN, np.vstack((units, deltas, _settlement_deltas(rows), table)))
    if beyond:
        missing |= {
            rows[at].index: refused(book.instruments[rows[at].index], said)
            for at, said in beyond.items()
        }
        kept = [at for at in range(len(rows)) if at not in beyond]
        rows, units, deltas = [rows[at] for at in kept], units[kept], deltas[kept]
        table = table[:, kept]
    greeks = GreekColumns(table)
    return Values(
        instrument_index=np.array([r.index for r in rows], dtype=np.int64),
        unit_ccy=units,
        settlement_price_usd=np.array([r.settlement.price_usd for r in rows], dtype=np.float64),
        settlement_delta_coin_per_unit=_settlement_deltas(rows),
        settlement_coins=tuple(r.settlement.underlying for r in rows),
        delta_own_coin=deltas,
        underlyings=tuple(r.underlying for r in rows),
        greeks=greeks,
        settlement_greeks=_settlement_greeks(rows, greeks),
        is_estimate=np.array([r.is_estimate for r in rows], dtype=np.bool_),
        age_ns=np.array([r.age_ns for r in rows], dtype=np.int64),
        missing=tuple(missing[index] for index in sorted(missing)),
    )


def worths(book: Book, snapshot: Snapshot) -> Worths:
    """Value every distinct instrument as `value` does, and work out no Greek.

    Returns
    -------
    Worths
        In the order of ``book.instruments``, less those without an answer.
    """
    rows, missing, _, _ = _filled(book, snapshot)
    units = _column(rows, "unit_ccy")
    for at, said in outside((("unit_ccy", AMOUNT),), units[np.newaxis, :]).items():
        missing[rows[at].index] = refused(book.instruments[rows[at].index], said)
    kept = [row for row in rows if row.index not in missing]
    return Worths(
        instrument_index=np.array([row.index for row in kept], dtype=np.int64),
        unit_ccy=_column(kept, "unit_ccy"),
        settlement_price_usd=np.array([row.settlement.price_usd for row in kept], dtype=np.float64),
        missing=tuple(missing[index] for index in sorted(missing)),
    )


def _filled(
    book: Book, snapshot: Snapshot
) -> tuple[list[Row], dict[int, Failure], PricedOptions, Prices]:
    """Fill a row for every instrument that has an answer."""
    rows: list[Row] = []
    missing: dict[int, Failure] = {}
    options: list[HeldOption] = []
    prices = Prices(snapshot)
    for index, instrument in enumerate(book.instruments):
        try:
            found = _row(index, instrument, snapshot, prices)
        except OutOfDomain as trouble:
            found = refused(instrument, str(trouble))
        if isinstance(found, Failure):
            missing[index] = _about(instrument, found)
        elif isinstance(found, HeldOption):
            options.append(found)
            rows.append(found.row)
        else:
            rows.append(found)

    priced = fill_options(options)
    for held, said in priced.refused:
        missing[held.row.index] = refused(held.terms, said)
    rows = [row for row in rows if row.index not in missing] if priced.refused else rows
    return rows, missing, priced, prices


def _row(
    index: int, instrument: Instrument, snapshot: Snapshot, prices: Prices
) -> Outcome[Row | HeldOption]:
    """Give a filled row; of an option what it will be filled from, together with the others.

    Raises
    ------
    OutOfDomain
        If a number is beyond what the formula of its kind may see.
    """
    settlement = prices.asset(settlement_of(instrument))
    if isinstance(settlement, Failure):
        return settlement
    row = Row(index, settlement, snapshot.coin_of(underlying_of(instrument)))
    prices.spot_usd(row.underlying)  # unknown is for whoever adds up; absurd is refused here
    if not isinstance(instrument, Option):
        return fill(row, instrument, snapshot, prices) or row
    mark = snapshot.option(instrument)
    if isinstance(mark, Failure):
        return mark
    spot = prices.spot_usd(instrument.underlying)
    if isinstance(spot, Failure):
        return spot
    return HeldOption(row, instrument, mark, spot)


def _greeks(
    rows: Sequence[Row], priced: PricedOptions, prices: Prices, book: Book, snapshot: Snapshot
) -> Floats:
    """Scale what every row is derived by to what its name says, per contract."""
    table = np.zeros((len(GREEKS), len(rows)))
    now_ns = snapshot.time_ns + snapshot.shock.time_forward_ns
    spots = np.ones(len(rows))
    carried = np.zeros(len(rows))
    for i, row in enumerate(rows):
        spot = prices.spot_usd(row.underlying)
        if isinstance(spot, Failure):
            continue  # whoever adds up will miss the coin's spot, and say so
        spots[i] = spot
        expiry_ns = expiry_of(book.instruments[row.index])
        if expiry_ns is not None:
            # F = S exp(b T): what moves with spot through the forward moves T times as much with b.
            carried[i] = row.delta_own_coin * spot * max(0.0, years_between(now_ns, expiry_ns))
    at = {row.index: i for i, row in enumerate(rows)}
    columns = [at[held.row.index] for held in priced.held]
    bent = [i for i, row in enumerate(rows) if row.raw]
    for g, greek in enumerate(GREEKS.values()):
        raw = carried
        if not greek.carry:
            raw = np.zeros(len(rows))
            for i in bent:
                raw[i] = rows[i].raw.get(greek.orders, 0.0)
            if priced.contracts is not None:
                raw[columns] = priced.sizes_coin * derivative(priced.contracts, greek.orders)
        table[g] = raw * greek.scale(spots)
    return table


def _settlement_greeks(rows: Sequence[Row], greeks: GreekColumns) -> GreekColumns:
    """Give Greeks by the settlement coin alone; displayed ones count per cents of either price."""
    table = np.zeros_like(greeks.table)
    bends = np.array([row.bends_with_settlement for row in rows], dtype=np.bool_)
    for g, (name, greek) in enumerate(GREEKS.items()):
        if greek.orders in ((2, 0, 0), (3, 0, 0)):
            table[g] = np.where(bends, greeks[name], 0.0)
    return GreekColumns(table)


def _settlement_deltas(rows: Sequence[Row]) -> Floats:
    return np.array([row.settlement.delta_coin_per_unit for row in rows], dtype=np.float64)


def _column(rows: Sequence[Row], name: str) -> Floats:
    return np.array([getattr(row, name) for row in rows], dtype=np.float64)


def _about(instrument: Instrument, trouble: Outcome[object]) -> Failure:
    """Say which instrument has no answer, keeping the cause."""
    assert isinstance(trouble, Failure)
    return Failure(subject=instrument.instrument_id, reason=trouble.reason, message=trouble.message)
