"""Option chains of a recording, one snapshot of one coin at a time."""

from collections.abc import Collection, Iterable, Iterator
from functools import lru_cache
from itertools import groupby
from operator import attrgetter
from pathlib import Path

from hedgerow.instruments import Option
from hedgerow.market import ChainColumns, MarketEvent, OptionQuote, chain_columns
from hedgerow.venues.recordings import option_from_name, read_chains

__all__ = ["chains_of", "read_columns"]

_option = lru_cache(maxsize=65_536)(option_from_name)


def chains_of(events: Iterable[MarketEvent]) -> Iterator[ChainColumns]:
    """Gather the option quotes of a market, coin by coin, snapshot by snapshot.

    Quotes of one time and one coin are one chain; everything else in the market is passed over.
    """
    quotes = (event for event in events if isinstance(event, OptionQuote))
    for time_ns, moment in groupby(quotes, key=attrgetter("time_ns")):
        by_coin: dict[str, list[tuple[Option, OptionQuote]]] = {}
        for quote in moment:
            by_coin.setdefault(quote.underlying, []).append((_option(quote.instrument_id), quote))
        for coin, rows in sorted(by_coin.items()):
            yield chain_columns(coin, time_ns, rows)


def read_columns(
    folder: Path, *, start_ns: int, end_ns: int, underlyings: Collection[str]
) -> Iterator[ChainColumns]:
    """Read the chains of a folder in [start_ns, end_ns).

    Raises
    ------
    RecordingRejected
        If a file lacks a column, holds an impossible value or runs backwards.
    """
    events = read_chains(folder, start_ns=start_ns, end_ns=end_ns, underlyings=underlyings)
    return chains_of(events)
