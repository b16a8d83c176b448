"""Option chains: every row an `OptionQuote`, before each snapshot of a coin its index.

The file stamps a snapshot with one time although its rows were asked for one after the other, for
up to a few minutes. The index therefore differs a little from row to row (median 0.1 %, at most
1.1 %). The median of the snapshot stands for it, the lower of the two in the middle, so that it is
a price the venue printed; of first, median and last it lies nearest to the perpetual.
"""

from collections.abc import Collection, Iterator
from pathlib import Path

import polars as pl

from hedgerow.errors import BoundaryError
from hedgerow.instruments import Option
from hedgerow.market import IndexPrice, MarketEvent, OptionQuote
from hedgerow.units import format_ns
from hedgerow.venues.recordings.columns import Rule, label, moment, price, real, vol
from hedgerow.venues.recordings.exact import Exact
from hedgerow.venues.recordings.merge import merge
from hedgerow.venues.recordings.names import option_from_name
from hedgerow.venues.recordings.tables import Sheet, find_files, whole_moments

__all__ = ["read_chains"]

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
    folder: Path, *, start_ns: int, end_ns: int, underlyings: Collection[str]
) -> Iterator[MarketEvent]:
    """Give the chains of these coins in [start_ns, end_ns), from ``chain_*.parquet``.

    Per snapshot: the index of every coin, then the options, coin by coin in order of name and each
    in the order of the file. Prices are in coin, vols are fractions, delta and vega the venue's.

    Raises
    ------
    RecordingRejected
        If a file lacks a column, holds an impossible value or runs backwards.
    """
    paths = find_files(folder, "chain_*.parquet")
    return merge(*(_of_one_coin(paths, start_ns, end_ns, coin) for coin in sorted(underlyings)))


def _of_one_coin(
    paths: tuple[Path, ...], start_ns: int, end_ns: int, coin: str
) -> Iterator[MarketEvent]:
    exact = Exact()
    known: dict[str, Option] = {}
    for path, table in whole_moments(
        _SHEET.slices(paths, start_ns=start_ns, end_ns=end_ns, where={"currency": coin})
    ):
        for snapshot in table.partition_by("time_ns", maintain_order=True):
            index = snapshot["index_price"].quantile(0.5, interpolation="lower")
            assert index is not None
            yield IndexPrice(
                time_ns=snapshot["time_ns"][0], underlying=coin, price_usd=exact.one(index)
            )
            yield from _quotes(path, snapshot, coin, exact, known)


def _quotes(
    path: Path, table: pl.DataFrame, coin: str, exact: Exact, known: dict[str, Option]
) -> Iterator[OptionQuote]:
    """Build the rows of one snapshot; this loop is the hot path of a replay."""
    names = table["instrument_name"].to_list()
    _learn(path, table, coin, names, known)
    rows = zip(
        names,
        table["time_ns"].to_list(),
        exact.column(table["underlying_price"]),
        table["mark_iv"].to_list(),
        exact.column(table["mark_price"]),
        exact.column_or_none(table["bid_price"]),
        exact.column_or_none(table["ask_price"]),
        table["delta"].to_list(),
        table["vega"].to_list(),
        strict=True,
    )
    for name, time_ns, forward, vol_frac, mark, bid, ask, delta, vega in rows:
        yield OptionQuote(
            time_ns=time_ns,
            instrument_id=known[name].instrument_id,  # one string per instrument, not one per row
            underlying=coin,
            price_underlying_usd=forward,
            vol_mark_frac=vol_frac,
            price_mark_ccy=mark,
            price_bid_ccy=bid,
            price_ask_ccy=ask,
            delta_forward_frac=delta,
            vega_usd_per_volpt=vega,
        )


def _learn(
    path: Path, table: pl.DataFrame, coin: str, names: list[str], known: dict[str, Option]
) -> None:
    """Read each new name once, and refuse it where the row's own terms say something else."""
    for at, name in enumerate(names):
        if name in known:
            continue
        try:
            option = option_from_name(name)
        except BoundaryError as error:
            raise _SHEET.reject(path, table, at, f"instrument_name: {error}") from error
        expiry_ns = table["expiry"].dt.epoch("ns")[at]
        seen = (coin, expiry_ns, table["strike"][at], table["cp"][at])
        right = "C" if option.right == "call" else "P"
        if seen != (option.underlying, option.expiry_ns, float(option.strike_usd), right):
            raise _SHEET.reject(
                path,
                table,
                at,
                "instrument_name disagrees with currency, expiry, strike, cp, which were "
                f"{coin}, {format_ns(expiry_ns)}, {seen[2]}, {seen[3]}",
            )
        known[name] = option
