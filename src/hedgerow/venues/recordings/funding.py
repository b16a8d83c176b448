"""Funding as it was settled.

The rate is a fraction of notional per interval of the venue (8 hours here), positive when longs pay
shorts. A settlement is known at its stamp: the event books the payment, it does not foretell it.
"""

from collections.abc import Collection, Iterator
from pathlib import Path

from hedgerow.market import FundingSettlement, MarketEvent
from hedgerow.units import Printed
from hedgerow.venues.recordings.merge import merge
from hedgerow.venues.recordings.tables import Sheet, find_one, label, moment, real

__all__ = ["read_funding"]

_SHEET = Sheet(
    columns=(moment("ts"), label("venue"), label("asset"), real("rate", limit=1)),
    subject="asset",
)


def read_funding(
    folder: Path,
    *,
    start_ns: int,
    end_ns: int,
    underlyings: Collection[str],
    venue: str = "binance",
) -> Iterator[MarketEvent]:
    """Give the settlements of one venue in [start_ns, end_ns), from ``funding_history.parquet``.

    Binance settles ``BTCUSDT-PERP``, the instrument of `read_perpetuals`; other venues carry their
    name in front (``bybit:BTCUSDT-PERP``), so that two of them can be merged.

    Raises
    ------
    RecordingRejected
        If the venue or a coin is not in the file, or the file lacks a column, holds an impossible
        value or runs backwards.
    """
    path = find_one(folder, "funding_history.parquet")
    return merge(*(_of_one(path, start_ns, end_ns, coin, venue) for coin in sorted(underlyings)))


def _of_one(path: Path, start_ns: int, end_ns: int, coin: str, venue: str) -> Iterator[MarketEvent]:
    printed = Printed()
    instrument_id = f"{coin}USDT-PERP" if venue == "binance" else f"{venue}:{coin}USDT-PERP"
    wanted = {"venue": venue, "asset": coin}
    for _, table in _SHEET.slices([path], start_ns=start_ns, end_ns=end_ns, where=wanted):
        for time_ns, rate in zip(
            table["time_ns"].to_list(), printed.column(table["rate"].to_list()), strict=True
        ):
            yield FundingSettlement(time_ns=time_ns, instrument_id=instrument_id, rate_frac=rate)
