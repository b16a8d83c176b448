"""Chainlink rounds: what a lending protocol was told, and when.

A feed against USD becomes an `OracleAnswer`. The feed stETH/ETH is a ratio: a stETH redeems for one
ETH (it grows in number, not in rate), so that ratio is one minus the discount at which it trades,
and the round becomes a `StakingRate` with rate 1. A premium is a negative discount. Answers are
integers of the chain divided by a power of ten, and stay exact.
"""

from collections.abc import Collection, Iterator
from decimal import Decimal
from pathlib import Path

import polars as pl

from hedgerow.errors import MarketRejected, RecordingRejected
from hedgerow.market import MarketEvent, OracleAnswer, StakingRate
from hedgerow.units import HOUR_NS
from hedgerow.venues.recordings.merge import merge
from hedgerow.venues.recordings.tables import Column, Rule, Sheet, count, find_one, label, moment

__all__ = ["read_oracle_rounds"]

_RAW = Column(
    "answer_raw",
    "text",
    Rule(("answer_raw",), pl.col("answer_raw").str.contains(r"^[0-9]{1,27}$"), "a whole number"),
)
_DECIMALS = Rule(("decimals",), pl.col("decimals").is_between(0, 27), "from 0 to 27")
_SHEET = Sheet(
    columns=(label("feed"), moment("updated_at"), _RAW, count("decimals")),
    rules=(_DECIMALS,),
    clock="updated_at",
    subject="feed",
)

# Heartbeats seen in the rounds: longest gap 3,720 s and 86,608 s.
_DOLLAR_HEARTBEATS_NS = {"ETH/USD": ("ETH", HOUR_NS)}
_PEGS = {"stETH/ETH": ("stETH", "ETH")}


def read_oracle_rounds(
    folder: Path,
    *,
    start_ns: int,
    end_ns: int,
    feeds: Collection[str] = ("ETH/USD", "stETH/ETH"),
) -> Iterator[MarketEvent]:
    """Give the rounds written in [start_ns, end_ns), from ``rounds.parquet``.

    The peg's heartbeat is 24 h; `StakingRate` carries none, its age limit is the desk's.

    Raises
    ------
    RecordingRejected
        If a feed's heartbeat is not known here, the file lacks the feed or a column, an answer is
        not a positive whole number, or time runs backwards.
    """
    path = find_one(folder, "rounds.parquet")
    unknown = sorted(set(feeds) - set(_DOLLAR_HEARTBEATS_NS) - set(_PEGS))
    if unknown:
        raise RecordingRejected(
            f"{path}: no heartbeat known for feed {', '.join(unknown)}; "
            f"known are {', '.join([*_DOLLAR_HEARTBEATS_NS, *_PEGS])}"
        )
    return merge(*(_of_one(path, start_ns, end_ns, feed) for feed in sorted(feeds)))


def _of_one(path: Path, start_ns: int, end_ns: int, feed: str) -> Iterator[MarketEvent]:
    for _, table in _SHEET.slices([path], start_ns=start_ns, end_ns=end_ns, where={"feed": feed}):
        rows = zip(
            table["time_ns"].to_list(),
            table["answer_raw"].to_list(),
            table["decimals"].to_list(),
            strict=True,
        )
        for at, (time_ns, answer_raw, decimals) in enumerate(rows):
            # Up to 27 digits fit the 28 of the default context, so that the division is exact.
            answer_usd_or_frac = Decimal(answer_raw).scaleb(-decimals)
            try:
                yield _event(feed, time_ns, answer_usd_or_frac)
            except MarketRejected as error:
                raise _SHEET.reject(path, table, at, f"answer_raw: {error}") from error


def _event(feed: str, time_ns: int, answer_usd_or_frac: Decimal) -> OracleAnswer | StakingRate:
    if feed in _PEGS:
        asset, base = _PEGS[feed]
        return StakingRate(
            time_ns=time_ns,
            asset=asset,
            base=base,
            rate_coin_per_coin=Decimal(1),
            discount_frac=1 - answer_usd_or_frac,
        )
    asset, heartbeat_ns = _DOLLAR_HEARTBEATS_NS[feed]
    return OracleAnswer(
        time_ns=time_ns, asset=asset, price_usd=answer_usd_or_frac, heartbeat_ns=heartbeat_ns
    )
