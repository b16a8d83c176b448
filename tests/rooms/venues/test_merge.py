from collections.abc import Callable, Iterator
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.errors import RecordingRejected
from hedgerow.market import (
    Candle,
    FundingSettlement,
    IndexPrice,
    MarketEvent,
    OptionQuote,
    OracleAnswer,
    PowerState,
    Quote,
    ShareRate,
)
from hedgerow.venues.recordings import merge

ONE = Decimal(1)


def quote(time_ns: int, name: str = "A") -> Quote:
    return Quote(time_ns=time_ns, instrument_id=name, price_mark_usd=ONE)


def option(time_ns: int) -> OptionQuote:
    return OptionQuote(
        time_ns=time_ns,
        instrument_id="O",
        underlying="BTC",
        price_underlying_usd=ONE,
        vol_mark_frac=0.5,
    )


def candle(time_ns: int) -> Candle:
    return Candle(
        time_ns=time_ns,
        time_open_ns=time_ns - 1,
        instrument_id="C",
        price_open_usd=ONE,
        price_high_usd=ONE,
        price_low_usd=ONE,
        price_close_usd=ONE,
        volume_coin=ONE,
    )


def index(time_ns: int) -> IndexPrice:
    return IndexPrice(time_ns=time_ns, underlying="BTC", price_usd=ONE)


def funding(time_ns: int) -> FundingSettlement:
    return FundingSettlement(time_ns=time_ns, instrument_id="C", rate_frac=ONE / 100)


def oracle(time_ns: int) -> OracleAnswer:
    return OracleAnswer(time_ns=time_ns, asset="ETH", price_usd=ONE, heartbeat_ns=1)


def share(time_ns: int) -> ShareRate:
    return ShareRate(time_ns=time_ns, vault="V", rate_coin_per_share=ONE)


def power(time_ns: int) -> PowerState:
    return PowerState(
        time_ns=time_ns,
        instrument_id="Q",
        norm_factor_frac=ONE,
        price_underlying_usd=ONE,
        price_mark_usd=ONE,
    )


def test_nothing_merges_to_nothing() -> None:
    assert list(merge()) == []
    assert list(merge([], [])) == []


def test_equal_times_come_perpetual_then_funding_then_index_then_chain() -> None:
    merged = list(
        merge([index(5), option(5)], [oracle(5)], [funding(5)], [candle(5)], [share(5), power(5)])
    )
    assert [type(e) for e in merged] == [
        Candle,
        OracleAnswer,  # of one rank: in order of the arguments
        FundingSettlement,
        ShareRate,
        PowerState,
        IndexPrice,
        OptionQuote,
    ]


def test_the_order_of_arguments_decides_between_equals() -> None:
    one, two = [quote(1, "A"), quote(2, "A")], [quote(1, "B"), quote(2, "B")]
    names = [e.instrument_id for e in merge(one, two) if isinstance(e, Quote)]
    assert names == ["A", "B", "A", "B"]
    names = [e.instrument_id for e in merge(two, one) if isinstance(e, Quote)]
    assert names == ["B", "A", "B", "A"]


def test_a_stream_that_runs_backwards_is_refused() -> None:
    with pytest.raises(RecordingRejected, match="stream 1 of the merge runs backwards: Quote"):
        list(merge([quote(1)], [quote(3), quote(2)]))


def test_one_event_per_stream_is_held() -> None:
    taken: list[int] = []

    def endless() -> Iterator[MarketEvent]:
        for time_ns in range(10**9):
            taken.append(time_ns)
            yield quote(time_ns)

    merged = merge(endless(), endless())
    for _ in range(10):
        next(merged)
    assert len(taken) <= 12


MAKERS: list[Callable[[int], MarketEvent]] = [
    quote, option, candle, index, funding, oracle, share, power
]  # fmt: skip
MAKE = st.sampled_from(MAKERS)
STREAM = st.lists(st.tuples(st.integers(0, 20), MAKE), max_size=30).map(
    lambda events: [make(time_ns) for time_ns, make in sorted(events, key=lambda e: e[0])]
)


@given(st.lists(STREAM, max_size=5))
def test_nothing_is_lost_and_time_never_runs_back(streams: list[list[MarketEvent]]) -> None:
    merged = list(merge(*streams))
    assert len(merged) == sum(len(stream) for stream in streams)
    assert [e.time_ns for e in merged] == sorted(e.time_ns for s in streams for e in s)
    for stream in streams:
        own = {id(event) for event in stream}
        assert [e for e in merged if id(e) in own] == stream  # each stream keeps its own order
