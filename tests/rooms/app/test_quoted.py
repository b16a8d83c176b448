"""Prices of a chain become vols of mids, and every row has a gate."""

from dataclasses import replace

import numpy as np
import pytest

from hedgerow.app.quoted import with_quote_vols
from hedgerow.errors import OutOfDomain
from hedgerow.market import ChainColumns
from hedgerow.pricing import value_usd
from hedgerow.units import DAY_NS

NOW_NS = 1_770_000_000_000_000_000
STRIKES = np.array([60.0, 90.0, 100.0, 110.0, 120.0])
YEARS = 73 / 365
N = len(STRIKES)


def chain(forward: np.ndarray) -> ChainColumns:
    """Quotes a tenth of a dollar around a vol of 60 %, each row at its own forward."""
    strike, is_call = np.tile(STRIKES, 2), np.repeat([True, False], N)
    mid = value_usd(forward, strike, np.full(2 * N, 0.6), np.full(2 * N, YEARS), is_call)
    return ChainColumns(
        underlying="X",
        time_ns=NOW_NS,
        expiry_ns=np.full(2 * N, NOW_NS + 73 * DAY_NS, dtype=np.int64),
        strike_usd=strike,
        is_call=is_call,
        forward_usd=forward,
        vol_mark_frac=np.full(2 * N, 0.6),
        price_bid_usd=mid - 0.05,
        price_ask_usd=mid + 0.05,
        price_tick_usd=np.full(2 * N, 0.01),
    )


FORWARD = np.linspace(99.8, 100.2, 2 * N)


def test_a_row_is_inverted_at_its_own_forward() -> None:
    (out,) = with_quote_vols([chain(FORWARD)], "venue")
    assert out.quotes is not None
    passed = out.quotes.gate == "ok"
    assert passed.sum() >= 2 * N - 1
    np.testing.assert_allclose(out.quotes.vol_mid_frac[passed], 0.6, rtol=1e-12)


def test_a_row_without_a_forward_is_inverted_at_that_of_calls_and_puts() -> None:
    known = chain(np.full(2 * N, 100.0))
    (out,) = with_quote_vols([replace(known, forward_usd=np.full(2 * N, np.nan))], "venue")
    assert out.quotes is not None
    passed = out.quotes.gate == "ok"
    assert passed.sum() >= 2 * N - 1
    np.testing.assert_allclose(out.quotes.vol_mid_frac[passed], 0.6, rtol=1e-9)


def test_a_row_is_inverted_at_the_future_that_is_wanted() -> None:
    listed = replace(chain(np.full(2 * N, 100.0)), futures_usd={NOW_NS + 73 * DAY_NS: 101.0})
    (venue,), (future,) = (list(with_quote_vols([listed], one)) for one in ("venue", "future"))
    assert venue.quotes is not None
    assert future.quotes is not None
    calls = future.is_call & (future.quotes.gate == "ok")
    # The same price at a higher forward is a lower vol for a call.
    assert (future.quotes.vol_mid_frac[calls] < venue.quotes.vol_mid_frac[calls]).all()


def test_gates_are_named() -> None:
    known = chain(np.full(2 * N, 100.0))
    bid, ask = known.price_bid_usd.copy(), known.price_ask_usd.copy()
    bid[2], ask[3] = np.nan, np.nan
    ask[4] += 8.0
    (out,) = with_quote_vols([replace(known, price_bid_usd=bid, price_ask_usd=ask)], "venue")
    assert out.quotes is not None
    assert out.quotes.gate[2:5].tolist() == ["no_bid", "no_ask", "wide"]
    assert out.quotes.gate[7] == "ok"


def test_no_forward_leaves_no_vol() -> None:
    lone = replace(
        chain(np.full(2 * N, 100.0)),
        forward_usd=np.full(2 * N, np.nan),
        price_bid_usd=np.full(2 * N, np.nan),
    )
    (out,) = with_quote_vols([lone], "venue")
    assert out.quotes is not None
    assert set(out.quotes.gate.tolist()) == {"not_finite"}


def test_a_chain_without_ticks_is_refused() -> None:
    with pytest.raises(OutOfDomain, match="price_tick_usd"):
        list(with_quote_vols([replace(chain(FORWARD), price_tick_usd=None)], "venue"))
