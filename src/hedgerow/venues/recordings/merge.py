"""Several recordings on one clock.

Events at one and the same time come in this order, and within it in the order of the arguments:

1. what trades without pause: candles, quotes of futures and perpetuals, ladders, trades;
2. what is paid or written on chain: funding, oracle answers, staking rates, lending indices,
   share rates, states of power perpetuals;
3. index prices;
4. option quotes.

So a chain always meets the freshest perpetual, from which later forwards are carried.
"""

from collections.abc import Iterable, Iterator
from heapq import heapify, heappop, heapreplace

from hedgerow.errors import RecordingRejected
from hedgerow.market import (
    Candle,
    FundingSettlement,
    IndexPrice,
    Ladder,
    LendingIndex,
    MarketEvent,
    OptionQuote,
    OracleAnswer,
    PowerState,
    Quote,
    ShareRate,
    StakingRate,
    TradePrint,
)
from hedgerow.units import format_ns

__all__ = ["merge"]

_RANK: dict[type, int] = {
    Candle: 0,
    Quote: 0,
    Ladder: 0,
    TradePrint: 0,
    FundingSettlement: 1,
    OracleAnswer: 1,
    StakingRate: 1,
    LendingIndex: 1,
    ShareRate: 1,
    PowerState: 1,
    IndexPrice: 2,
    OptionQuote: 3,
}


def merge(*streams: Iterable[MarketEvent]) -> Iterator[MarketEvent]:
    """Join streams, each in order of time, into one in order of time.

    Holds one event per stream. At equal times the order is the one above; it depends on the streams
    alone, so the same recordings always give the same sequence.

    Raises
    ------
    RecordingRejected
        If a stream runs backwards.
    """
    # A heap of (time, rank, which stream): no two entries are equal, so events are never compared.
    heap: list[tuple[int, int, int, MarketEvent, Iterator[MarketEvent]]] = []
    for order, stream in enumerate(streams):
        events = iter(stream)
        first = next(events, None)
        if first is not None:
            heap.append((first.time_ns, _RANK[type(first)], order, first, events))
    heapify(heap)
    while heap:
        time_ns, _, order, event, events = heap[0]
        yield event
        after = next(events, None)
        if after is None:
            heappop(heap)
            continue
        if after.time_ns < time_ns:
            raise RecordingRejected(
                f"stream {order} of the merge runs backwards: {type(after).__name__} at "
                f"{format_ns(after.time_ns)} after {format_ns(time_ns)}; sort the recording"
            )
        heapreplace(heap, (after.time_ns, _RANK[type(after)], order, after, events))
