"""Deribit's futures and perpetuals as they stood when a chain was taken.

Both files carry the chain's `ts`, so that a chain and the futures it belongs to arrive together. No
bid or ask was recorded: the quotes have a mark only.
"""

from collections.abc import Callable, Collection, Iterator
from pathlib import Path

from hedgerow.errors import BoundaryError
from hedgerow.instruments import InverseFuture, InversePerpetual, expiry_of
from hedgerow.market import MarketEvent, Quote
from hedgerow.units import Printed, format_ns
from hedgerow.venues.recordings.merge import merge
from hedgerow.venues.recordings.names import future_from_name, perpetual_from_name
from hedgerow.venues.recordings.tables import Sheet, find_one, label, moment, price

__all__ = ["read_dated_futures", "read_perpetual_quotes"]


def _sheet(mark: str) -> Sheet:
    return Sheet(
        columns=(moment("ts"), label("currency"), label("instrument_name"), price(mark)),
        subject="instrument_name",
    )


# What the venue's option tickers gave as the price of that future at that moment; the file's candle
# columns are trades of the minute and stand still for hours in thin expiries.
_DATED_MARK = "price_from_option_ticker"
# The minute's open is known by `ts`; its close may lie up to a minute ahead.
_PERPETUAL_MARK = "candle_open"


def read_dated_futures(
    folder: Path, *, start_ns: int, end_ns: int, underlyings: Collection[str]
) -> Iterator[MarketEvent]:
    """Give the mark of every dated future in [start_ns, end_ns), from ``dated_futures.parquet``.

    Raises
    ------
    RecordingRejected
        If a row holds an impossible price, an unknown name or a future past its expiry, a column is
        missing, or time runs backwards.
    """
    path = find_one(folder, "dated_futures.parquet")
    return merge(
        *(
            _of_one(path, start_ns, end_ns, coin, _DATED_MARK, future_from_name)
            for coin in sorted(underlyings)
        )
    )


def read_perpetual_quotes(
    folder: Path, *, start_ns: int, end_ns: int, underlyings: Collection[str]
) -> Iterator[MarketEvent]:
    """Give ``BTC-PERPETUAL`` at every chain, from ``perpetual_1m_at_snapshot.parquet``.

    Raises
    ------
    RecordingRejected
        If a row holds an impossible price or an unknown name, a column is missing, or time runs
        backwards.
    """
    path = find_one(folder, "perpetual_1m_at_snapshot.parquet")
    return merge(
        *(
            _of_one(path, start_ns, end_ns, coin, _PERPETUAL_MARK, perpetual_from_name)
            for coin in sorted(underlyings)
        )
    )


def _of_one(
    path: Path,
    start_ns: int,
    end_ns: int,
    coin: str,
    mark: str,
    from_name: Callable[[str], InverseFuture | InversePerpetual],
) -> Iterator[MarketEvent]:
    printed = Printed()
    sheet = _sheet(mark)
    known: dict[str, InverseFuture | InversePerpetual] = {}
    for _, table in sheet.slices(
        [path], start_ns=start_ns, end_ns=end_ns, where={"currency": coin}
    ):
        rows = zip(
            table["time_ns"].to_list(),
            table["instrument_name"].to_list(),
            printed.column(table[mark].to_list()),
            strict=True,
        )
        for at, (time_ns, name, price_usd) in enumerate(rows):
            if name not in known:
                try:
                    known[name] = from_name(name)
                except BoundaryError as error:
                    raise sheet.reject(path, table, at, f"instrument_name: {error}") from error
            expiry_ns = expiry_of(known[name])
            if expiry_ns is not None and expiry_ns <= time_ns:
                message = f"instrument_name expired {format_ns(expiry_ns)}, before ts"
                raise sheet.reject(path, table, at, message)
            yield Quote(
                time_ns=time_ns,
                instrument_id=known[name].instrument_id,
                price_mark_usd=price_usd,
            )
