"""What quotes and marks allow before a fit, on chains small enough to be read."""

from dataclasses import replace

import numpy as np

from hedgerow.market import ChainColumns, QuotedArbitrage, quoted_arbitrage
from hedgerow.units import DAY_NS, parse_ns

NOW_NS = parse_ns("2026-02-01")
SOON_NS, LATER_NS = NOW_NS + 30 * DAY_NS, NOW_NS + 60 * DAY_NS


def calls(bids: list[float], asks: list[float], *, is_call: bool = True) -> ChainColumns:
    """Three strikes, 90, 100 and 120, of one expiry."""
    count = len(bids)
    return ChainColumns(
        underlying="BTC",
        time_ns=NOW_NS,
        expiry_ns=np.full(count, SOON_NS),
        strike_usd=np.array([90.0, 100.0, 120.0])[:count],
        is_call=np.full(count, is_call),
        forward_usd=np.full(count, 100.0),
        vol_mark_frac=np.full(count, 0.5),
        price_bid_usd=np.array(bids),
        price_ask_usd=np.array(asks),
    )


def test_wings_for_less_than_their_body_are_a_butterfly() -> None:
    # Two thirds of 12 and a third of 3 cost 9, the body sells for 9.5 or for 8.9.
    found = quoted_arbitrage(calls([11.0, 9.5, 2.0], [12.0, 10.0, 3.0]))
    (said,) = found.butterflies
    assert "BTC 2026-03-03 calls 90, 100 and 120" in said
    assert "0.50 USD" in said
    assert quoted_arbitrage(calls([11.0, 8.9, 2.0], [12.0, 10.0, 3.0])) == QuotedArbitrage()
    # A price step of half a dollar explains it.
    stepped = replace(calls([11.0, 9.5, 2.0], [12.0, 10.0, 3.0]), price_tick_usd=np.full(3, 0.5))
    assert quoted_arbitrage(stepped).butterflies == ()


def test_what_pays_more_must_not_cost_less() -> None:
    (said,) = quoted_arbitrage(calls([8.0, 9.5], [9.0, 10.0])).butterflies
    assert "calls 90 and 100" in said
    assert quoted_arbitrage(calls([8.0, 9.5], [9.0, 10.0], is_call=False)) == QuotedArbitrage()
    (said,) = quoted_arbitrage(calls([9.5, 8.0], [10.0, 9.0], is_call=False)).butterflies
    assert "puts 90 and 100" in said


def test_without_both_sides_nothing_is_traded() -> None:
    assert quoted_arbitrage(calls([8.0, np.nan], [9.0, 10.0])) == QuotedArbitrage()


def test_marks_whose_total_variance_falls_cross() -> None:
    def marks(later: float) -> ChainColumns:
        K = np.array([80.0, 90.0, 100.0, 110.0, 120.0])
        nothing = np.full(10, np.nan)
        return ChainColumns(
            underlying="BTC",
            time_ns=NOW_NS,
            expiry_ns=np.repeat([SOON_NS, LATER_NS], 5),
            strike_usd=np.tile(K, 2),
            is_call=np.tile(K >= 100.0, 2),
            forward_usd=np.full(10, 100.0),
            vol_mark_frac=np.repeat([0.5, later], 5),
            price_bid_usd=nothing,
            price_ask_usd=nothing,
        )

    # Over twice the time the same variance is a vol smaller by the root of two: 0.3536.
    assert quoted_arbitrage(marks(0.354)) == QuotedArbitrage()
    (said,) = quoted_arbitrage(marks(0.34)).calendars
    assert "BTC 2026-04-02: its marks" in said
    assert "at 5 of 5 strikes" in said
    # 100 (0.5 - 0.34 root 2)
    assert "by 1.92 vol points" in said
