"""Option chains of a recording, one snapshot of one coin at a time."""

from collections.abc import Collection, Iterable, Iterator
from functools import lru_cache
from itertools import groupby
from operator import attrgetter
from pathlib import Path

from hedgerow.errors import RecordingRejected
from hedgerow.instruments import InverseFuture, Option
from hedgerow.market import ChainColumns, MarketEvent, OptionQuote, Quote, chain_columns
from hedgerow.units import to_model
from hedgerow.venues.recordings import (
    future_from_name,
    merge,
    option_from_name,
    read_chains,
    read_dated_futures,
)

__all__ = ["chains_of", "read_columns"]

_option = lru_cache(maxsize=65_536)(option_from_name)


@lru_cache(maxsize=65_536)
def _future(instrument_id: str) -> InverseFuture | None:
    """Read a dated future's terms out of its name; None for anything else that is quoted."""
    try:
        return future_from_name(instrument_id)
    except RecordingRejected:
        return None


def chains_of(events: Iterable[MarketEvent]) -> Iterator[ChainColumns]:
    """Gather the option quotes of a market, coin by coin, snapshot by snapshot.

    Quotes of one time and one coin are one chain, with the marks of the dated futures of that time
    and coin beside it; everything else in the market is passed over.
    """
    quotes = (event for event in events if isinstance(event, OptionQuote | Quote))
    for time_ns, moment in groupby(quotes, key=attrgetter("time_ns")):
        by_coin: dict[str, list[tuple[Option, OptionQuote]]] = {}
        futures_usd: dict[str, dict[int, float]] = {}
        for quote in moment:
            if isinstance(quote, OptionQuote):
                row = (_option(quote.instrument_id), quote)
                by_coin.setdefault(quote.underlying, []).append(row)
            elif (terms := _future(quote.instrument_id)) is not None:
                mark_usd = to_model(quote.price_mark_usd)
                futures_usd.setdefault(terms.underlying, {})[terms.expiry_ns] = mark_usd
        for coin, rows in sorted(by_coin.items()):
            yield chain_columns(coin, time_ns, rows, futures_usd=futures_usd.get(coin))


def read_columns(
    folder: Path,
    *,
    start_ns: int,
    end_ns: int,
    underlyings: Collection[str],
    with_futures: bool = False,
) -> Iterator[ChainColumns]:
    """Read the chains of a folder in [start_ns, end_ns), and its dated futures if asked to.

    Raises
    ------
    RecordingRejected
        If a file lacks a column, holds an impossible value or runs backwards, or there is no file
        of futures to read.
    """
    streams = [read_chains(folder, start_ns=start_ns, end_ns=end_ns, underlyings=underlyings)]
    if with_futures:
        streams.append(
            read_dated_futures(folder, start_ns=start_ns, end_ns=end_ns, underlyings=underlyings)
        )
    return chains_of(merge(*streams))
