"""Option chains: every row an `OptionQuote`, before each snapshot of a coin its index.

The file stamps a snapshot with one time although its rows were asked for one after the other, for
up to a few minutes. The index therefore differs a little from row to row (median 0.1 %, at most
1.1 %). The median of the snapshot stands for it, the lower of the two in the middle, so that it is
a price the venue printed; of first, median and last it lies nearest to the perpetual.
"""

from collections.abc import Collection, Iterable, Iterator
from heapq import merge
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import NamedTuple

import polars as pl

from hedgerow.errors import BoundaryError
from hedgerow.market import IndexPrice, MarketEvent, OptionQuote
from hedgerow.units import Printed, format_ns
from hedgerow.venues.recordings.names import option_from_name
from hedgerow.venues.recordings.tables import (
    Rule,
    Sheet,
    distinct,
    find_files,
    label,
    last_ns_of,
    moment,
    price,
    real,
    vol,
    whole_moments,
)

__all__ = ["chain_underlyings", "last_chains_ns", "read_chains"]

_SHEET = Sheet(
    columns=(
        moment("ts"),
        label("currency"),
        label("instrument_name"),
        moment("expiry"),
        price("strike"),
        label("cp"),
        price("bid_price", nullable=True),
        price("ask_price", nullable=True),
        # Far from the money the venue prints a mark of zero.
        price("mark_price", zero_is_fine=True),
        price("underlying_price"),
        price("index_price"),
        vol("mark_iv"),
        real("delta", nullable=True),
        real("vega", nullable=True),
    ),
    rules=(
        Rule(("expiry", "ts"), pl.col("expiry") > pl.col("ts"), "in this order: ts before expiry"),
        Rule(
            ("bid_price", "ask_price"),
            pl.col("bid_price") <= pl.col("ask_price"),
            "uncrossed: bid at or below ask",
        ),
    ),
    subject="instrument_name",
)


def read_chains(
    folder: Path,
    *,
    start_ns: int,
    end_ns: int,
    underlyings: Collection[str],
    names: Collection[str] | None = None,
) -> Iterator[MarketEvent]:
    """Give the chains of these coins in [start_ns, end_ns), from ``chain_*.parquet``.

    Per snapshot: the index of every coin, then the options, coin by coin in order of name and each
    in the order of the file. Prices are in coin, vols are fractions, delta and vega the venue's.

    Parameters
    ----------
    names
        Of the options to give; None for all. Every row is checked, and the index is that of all.

    Raises
    ------
    RecordingRejected
        If a file lacks a column, holds an impossible value or runs backwards.
    """
    paths = find_files(folder, "chain_*.parquet")
    # The file holds one coin after the other, so each coin is a stream of its own.
    coins = [_chains_of(paths, start_ns, end_ns, coin) for coin in sorted(underlyings)]
    time_ns = attrgetter("time_ns")
    return _events(groupby(merge(*coins, key=time_ns), key=time_ns), names)


def chain_underlyings(folder: Path) -> tuple[str, ...]:
    """Give the coins that the chains of a folder are of, in order of name.

    Raises
    ------
    RecordingRejected
        If there is no file, or one cannot be read or names no currency.
    """
    seen: set[str] = set()
    for path in find_files(folder, "chain_*.parquet"):
        seen |= set(distinct(path, "currency"))
    return tuple(sorted(seen))


def last_chains_ns(folder: Path) -> dict[str, int]:
    """Give the time of the last chain of each coin in a folder.

    Raises
    ------
    RecordingRejected
        As `chain_underlyings`.
    """
    last: dict[str, int] = {}
    for path in find_files(folder, "chain_*.parquet"):
        for coin, time_ns in last_ns_of(path, "currency", "ts").items():
            last[coin] = max(time_ns, last.get(coin, time_ns))
    return last


class _Chain(NamedTuple):
    """One coin's rows of one snapshot, checked."""

    time_ns: int
    coin: str
    rows: pl.DataFrame


def _events(
    snapshots: Iterable[tuple[int, Iterable[_Chain]]], names: Collection[str] | None
) -> Iterator[MarketEvent]:
    printed = Printed()
    wanted = None if names is None else pl.col("instrument_name").is_in(sorted(names))
    for time_ns, group in snapshots:
        chains = tuple(group)
        for chain in chains:
            index = chain.rows["index_price"].quantile(0.5, interpolation="lower")
            assert index is not None
            yield IndexPrice(time_ns=time_ns, underlying=chain.coin, price_usd=printed.one(index))
        for chain in chains:
            rows = chain.rows if wanted is None else chain.rows.filter(wanted)
            yield from _quotes(rows, chain.coin, printed)


def _chains_of(paths: tuple[Path, ...], start_ns: int, end_ns: int, coin: str) -> Iterator[_Chain]:
    known: dict[str, _Terms] = {}
    slices = _SHEET.slices(paths, start_ns=start_ns, end_ns=end_ns, where={"currency": coin})
    for path, table in whole_moments(slices):
        for rows in table.partition_by("time_ns", maintain_order=True):
            _check_terms(path, rows, coin, known)
            yield _Chain(rows["time_ns"][0], coin, rows)


def _quotes(table: pl.DataFrame, coin: str, printed: Printed) -> Iterator[OptionQuote]:
    """Build the rows of one snapshot; this loop is the hot path of a replay."""
    rows = zip(
        table["instrument_name"].to_list(),
        table["time_ns"].to_list(),
        printed.column(table["underlying_price"].to_list()),
        table["mark_iv"].to_list(),
        printed.column(table["mark_price"].to_list()),
        printed.column_or_none(table["bid_price"].to_list()),
        printed.column_or_none(table["ask_price"].to_list()),
        table["delta"].to_list(),
        table["vega"].to_list(),
        strict=True,
    )
    for name, time_ns, forward, vol_frac, mark, bid, ask, delta, vega in rows:
        yield OptionQuote(
            time_ns=time_ns,
            instrument_id=name,
            underlying=coin,
            price_underlying_usd=forward,
            vol_mark_frac=vol_frac,
            price_mark_ccy=mark,
            price_bid_ccy=bid,
            price_ask_ccy=ask,
            delta_forward_frac=delta,
            vega_usd_per_volpt=vega,
        )


class _Terms(NamedTuple):
    """What a row says of its option, in the file's types, next to what its name says."""

    coin: str
    expiry_ns: int
    strike_usd: float
    right: str


def _check_terms(path: Path, table: pl.DataFrame, coin: str, known: dict[str, _Terms]) -> None:
    """Refuse a row whose own terms differ from those in its name, by which it will be valued."""
    rows = zip(
        table["instrument_name"].to_list(),
        table["expiry"].dt.epoch("ns").to_list(),
        table["strike"].to_list(),
        table["cp"].to_list(),
        strict=True,
    )
    for at, (name, expiry_ns, strike_usd, right) in enumerate(rows):
        seen = (coin, expiry_ns, strike_usd, right)
        if known.get(name) == seen:
            continue
        try:
            known[name] = _terms(name)
        except BoundaryError as error:
            raise _SHEET.reject(path, table, at, f"instrument_name: {error}") from error
        if known[name] != seen:
            message = (
                "instrument_name disagrees with currency, expiry, strike, cp, which were "
                f"{coin}, {format_ns(expiry_ns)}, {strike_usd}, {right}"
            )
            raise _SHEET.reject(path, table, at, message)


def _terms(name: str) -> _Terms:
    option = option_from_name(name)
    return _Terms(
        coin=option.underlying,
        expiry_ns=option.expiry_ns,
        strike_usd=float(option.strike_usd),
        right="C" if option.right == "call" else "P",
    )
