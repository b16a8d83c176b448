"""Order books as a recorder wrote them down.

A file is named ``<venue>_<market>_<symbol>.<kind>``, such as
``binance_usdm_btcusdt.book20_1s.parquet``; market ``usdm`` is the instrument ``BTCUSDT-PERP`` and
``spot`` is ``BTCUSDT-SPOT``. Times are those of receipt: what the venue's own clock says is kept by
the file and not used, since hedgerow could not have known a message before it came. Quantities are
coins, one contract being one coin on both markets.
"""

from collections.abc import Collection, Iterator
from pathlib import Path

import polars as pl

from hedgerow.errors import MarketRejected, RecordingRejected
from hedgerow.market import Ladder, Level, MarketEvent
from hedgerow.units import Printed
from hedgerow.venues.recordings.merge import merge
from hedgerow.venues.recordings.tables import Rule, Sheet, count, find_one, prices

__all__ = ["file_of", "read_books"]

_MARKETS = {"PERP": "usdm", "SPOT": "spot"}

_SIDES = tuple(
    Rule(
        (f"{side}_px", f"{side}_qty"),
        pl.col(f"{side}_px").list.len() == pl.col(f"{side}_qty").list.len(),
        "equally long",
    )
    for side in ("bid", "ask")
)
_BOOK = Sheet(
    columns=(
        count("recv_ns"),
        *(prices(f"{side}_{field}") for side in ("bid", "ask") for field in ("px", "qty")),
    ),
    rules=_SIDES,
    clock="recv_ns",
)


def file_of(folder: Path, instrument_id: str, kind: str) -> Path:
    """Find the file that recorded an instrument.

    Raises
    ------
    RecordingRejected
        If the name is not of that form or there is not exactly one such file.
    """
    symbol, _, market = instrument_id.rpartition("-")
    if not symbol or market not in _MARKETS:
        raise RecordingRejected(
            f"instrument_id must be a symbol with -PERP or -SPOT, was {instrument_id!r}"
        )
    return find_one(folder, f"*_{_MARKETS[market]}_{symbol.lower()}.{kind}")


def read_books(
    folder: Path, *, start_ns: int, end_ns: int, instrument_ids: Collection[str]
) -> Iterator[MarketEvent]:
    """Give one `Ladder` per row received in [start_ns, end_ns), from ``*.book20_1s.parquet``.

    Raises
    ------
    RecordingRejected
        If a book is crossed, empty, one-sided or out of order, a column is missing, or time runs
        backwards.
    """
    found = [(name, file_of(folder, name, "book20_1s.parquet")) for name in sorted(instrument_ids)]
    return merge(*(_ladders(path, start_ns, end_ns, name) for name, path in found))


def _ladders(path: Path, start_ns: int, end_ns: int, instrument_id: str) -> Iterator[MarketEvent]:
    printed = Printed()
    for _, table in _BOOK.slices([path], start_ns=start_ns, end_ns=end_ns):
        for at, row in enumerate(table.iter_rows(named=True)):
            try:
                yield Ladder(
                    time_ns=row["time_ns"],
                    instrument_id=instrument_id,
                    bids=_levels(printed, row["bid_px"], row["bid_qty"]),
                    asks=_levels(printed, row["ask_px"], row["ask_qty"]),
                )
            except MarketRejected as error:
                raise _BOOK.reject(path, table, at, str(error)) from error


def _levels(printed: Printed, px: list[float], qty: list[float]) -> tuple[Level, ...]:
    return tuple(
        Level(price_usd=printed.one(p), quantity_contracts=printed.one(q))
        for p, q in zip(px, qty, strict=True)
    )
