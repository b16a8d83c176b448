"""Which chains ``hedgerow surface`` looks at: where they come from, and of what time."""

from collections.abc import Iterable, Iterator
from itertools import takewhile
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hedgerow.app.chain_request import ChainSource, Span
from hedgerow.app.chains import chains_of, read_columns
from hedgerow.app.feed import open_market
from hedgerow.app.past_changes import DAYS_COUNT
from hedgerow.app.terms import time_ns
from hedgerow.errors import DeskRejected, RecordingRejected, RequestRejected
from hedgerow.market import ChainColumns
from hedgerow.units import DAY_NS, HOUR_NS, MINUTE_NS, format_ns, parse_ns, percent
from hedgerow.venues.recordings import chain_underlyings, last_chains_ns

__all__ = ["Chains", "age_words", "chains_in", "read_chains", "refuse_far", "some", "standing"]

Floats = NDArray[np.float64]

_FAR_NS = parse_ns("2200-01-01")
# How far a price that was told and the forwards of a chain may lie from each other.
_FAR_FRAC = 0.1
_AGE_NS_MAX = DAY_NS  # a chain is recorded every few hours; beyond a day it shows another market


class Chains(NamedTuple):
    """Chains in order of time, and the window of the desk they are of; a folder has none."""

    every: Iterator[ChainColumns]
    window_ns: tuple[int, int] | None


def read_chains(
    source: ChainSource, *, with_futures: bool = False, start_ns: int = 0, end_ns: int = _FAR_NS
) -> Chains:
    """Open a source and give its chains in [start_ns, end_ns).

    Raises
    ------
    DeskRejected, RecordingRejected
        If both a desk and a folder are named, or neither can be read.
    """
    _check(source)
    window_ns: tuple[int, int] | None = None
    if source.chains is None:
        desk, market = open_market(source.desk, source.data, source.seed)
        window_ns = (desk.start_ns, desk.end_ns)
        every: Iterable[ChainColumns] = chains_of(market.events())
    else:
        known = chain_underlyings(source.chains)
        coins = [coin for coin in known if source.coin in (None, coin)]
        if not coins:
            raise RecordingRejected(
                f"{source.chains}: no chain of {source.coin}; there are {', '.join(known)}"
            )
        every = read_columns(
            source.chains,
            start_ns=start_ns,
            end_ns=end_ns,
            underlyings=coins,
            with_futures=with_futures,
        )
    kept = (
        each
        for each in takewhile(lambda chain: chain.time_ns < end_ns, every)
        if each.time_ns >= start_ns and source.coin in (None, each.underlying)
    )
    return Chains(kept, window_ns)


def _check(source: ChainSource) -> None:
    """Refuse both a desk and a folder, and a folder that is none."""
    if source.chains is None:
        return
    if source.desk is not None or source.data is not None or source.seed is not None:
        raise DeskRejected("--chains stands alone: leave out the desk file, --data and --seed")
    if not source.chains.is_dir():
        raise RecordingRejected(f"no folder {source.chains}; --chains needs chain_*.parquet in it")


def chains_in(span: Span, source: ChainSource, *, with_futures: bool) -> Iterator[ChainColumns]:
    """Give the chains that are meant.

    Raises
    ------
    DeskRejected
        If --at goes with another time, or the times are not in order.
    RecordingRejected
        If there is none.
    """
    if span.at is None and span.from_time is None and span.to_time is None:
        yield from some(read_chains(source, with_futures=with_futures).every, "", coin=source.coin)
        return
    if span.at is not None and (span.from_time is not None or span.to_time is not None):
        raise DeskRejected(
            "--at is one day or one chain; leave it out beside --from-time and --to-time"
        )
    if span.at is not None and not _is_day(span.at):
        _, found = standing(source, span.at, with_futures=with_futures)
        yield from (each[-1] for each in found)
        return
    if span.at is not None:
        start_ns = time_ns(span.at, "--at")
        end_ns, when = start_ns + DAY_NS, f" on {span.at}"
    else:
        start_ns = 0 if span.from_time is None else time_ns(span.from_time, "--from-time")
        end_ns = _FAR_NS if span.to_time is None else time_ns(span.to_time, "--to-time")
        when = f" from {span.from_time or 'the start'} to {span.to_time or 'the end'}"
    if end_ns <= start_ns:
        raise DeskRejected(f"no time lies{when}: --to-time must be later than --from-time")
    read = read_chains(source, with_futures=with_futures, start_ns=start_ns, end_ns=end_ns)
    yield from some(read.every, when, coin=source.coin)


def standing(
    source: ChainSource, at: str | None, *, with_futures: bool
) -> tuple[int, list[list[ChainColumns]]]:
    """Give a time, and the last chain of each coin at or before it after those of the days before.

    Without a time it is the start of the desk; of a folder, that of its last chain.

    Raises
    ------
    DeskRejected, RecordingRejected
        If the time lies outside the desk's window, or no chain of the day before it is there.
    """
    asked_ns = None if at is None else time_ns(at, "--at")
    begin_ns = 0
    _check(source)
    if asked_ns is None and source.chains is not None:
        asked_ns, begin_ns = _newest_ns(source.chains, source.coin)
    chains, window_ns = read_chains(source, with_futures=with_futures, start_ns=begin_ns)
    if window_ns is not None:
        start_ns, end_ns = window_ns
        if asked_ns is not None and not start_ns <= asked_ns <= end_ns:
            raise DeskRejected(
                f"--at {format_ns(asked_ns)} lies outside the desk's window, "
                f"{format_ns(start_ns)} to {format_ns(end_ns)}"
            )
        asked_ns = start_ns if asked_ns is None else asked_ns
    last: dict[str, list[ChainColumns]] = {}
    later: ChainColumns | None = None
    for chain in some(chains, "", coin=source.coin):
        asked_ns = chain.time_ns if asked_ns is None else asked_ns
        if chain.time_ns > asked_ns:
            later = chain
            break
        if chain.time_ns >= asked_ns - DAYS_COUNT * DAY_NS or chain.underlying not in last:
            last.setdefault(chain.underlying, []).append(chain)
        else:
            last[chain.underlying] = [chain]
    assert asked_ns is not None
    if not last:
        assert later is not None
        raise RecordingRejected(
            f"no option chain at or before {format_ns(asked_ns)}; the first is of "
            f"{format_ns(later.time_ns)}"
        )
    for coin, past in last.items():
        age_ns = asked_ns - past[-1].time_ns
        if age_ns > _AGE_NS_MAX:
            after = (
                "none follows" if later is None else f"the next is of {format_ns(later.time_ns)}"
            )
            raise RecordingRejected(
                f"the last chain of {coin} at or before {format_ns(asked_ns)} is of "
                f"{format_ns(past[-1].time_ns)}, {age_words(age_ns)} older, and {after}; a chain "
                "stands for a day at most: choose another --at"
            )
    return asked_ns, list(last.values())


def _newest_ns(folder: Path, coin: str | None) -> tuple[int | None, int]:
    """Give the time of the last chain of a folder, and from when on to read; None where none is."""
    found = last_chains_ns(folder)
    last_ns = [each for name, each in found.items() if coin in (None, name)]
    return (max(last_ns), min(last_ns) - DAYS_COUNT * DAY_NS) if last_ns else (None, 0)


def some(chains: Iterable[ChainColumns], when: str, *, coin: str | None) -> Iterator[ChainColumns]:
    """Pass chains on, and refuse none at all."""
    is_empty = True
    for chain in chains:
        is_empty = False
        yield chain
    if is_empty:
        of, way = (f" of {coin}", "leave out --coin, or name another") if coin else ("", "")
        way = way or "name another time, or a desk or folder that has some"
        raise RecordingRejected(f"no option chain{of} here{when}: nothing to fit; {way}")


def refuse_far(flag: str, price_usd: float, forward_usd: Floats, *, time_ns: int) -> None:
    """Refuse a price that a chain's quotes are not of; RequestRejected.

    Forwards that are not known (NaN) are passed over.
    """
    known = forward_usd[np.isfinite(forward_usd)]
    if np.any(np.abs(known / price_usd - 1.0) > _FAR_FRAC):
        raise RequestRejected(
            f"{flag} {price_usd:g} lies more than {percent(_FAR_FRAC, 0)} from the forwards of "
            f"the chain of {format_ns(time_ns)}, {known.min():g} to {known.max():g}"
        )


def age_words(age_ns: int) -> str:
    """Say how old something is, in the unit a person would choose.

    >>> age_words(90 * MINUTE_NS), age_words(3 * DAY_NS)
    ('1.5 hours', '3 days')
    """
    for unit_ns, word in ((DAY_NS, "day"), (HOUR_NS, "hour"), (MINUTE_NS, "minute")):
        if age_ns >= unit_ns:
            count = f"{age_ns / unit_ns:,.1f}".removesuffix(".0")
            return f"{count} {word}{'' if count == '1' else 's'}"
    return "less than a minute"


def _is_day(text: str) -> bool:
    return len(text.strip()) == 10
