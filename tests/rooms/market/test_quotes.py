"""What a smile is fitted to, what is left out and by which gate, and under which forward."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from hedgerow.errors import Failure, OutOfDomain
from hedgerow.market import (
    ChainColumns,
    QuoteColumns,
    SmileQuotes,
    Surface,
    fit_surfaces,
    smile_quotes,
)
from hedgerow.units import DAY_NS

NOW_NS = 1_770_000_000_000_000_000
STRIKES = np.arange(70.0, 131.0, 5.0)
N = len(STRIKES)


def chain(vol: np.ndarray | None = None) -> ChainColumns:
    """One expiry of thirty days, calls after puts, forward 100, a flat smile unless told."""
    marks = np.full(N, 0.6) if vol is None else vol
    return ChainColumns(
        underlying="X",
        time_ns=NOW_NS,
        expiry_ns=np.full(2 * N, NOW_NS + 30 * DAY_NS, dtype=np.int64),
        strike_usd=np.tile(STRIKES, 2),
        is_call=np.repeat([True, False], N),
        forward_usd=np.full(2 * N, 100.0),
        vol_mark_frac=np.tile(marks, 2),
        price_bid_usd=np.full(2 * N, 1.0),
        price_ask_usd=np.full(2 * N, 1.1),
    )


def with_quotes(gates: dict[float, str], level: float = 0.5) -> ChainColumns:
    """Mids at another level than the marks, and some strikes gated."""
    gate = np.array([gates.get(strike, "ok") for strike in STRIKES])
    vol = np.where(gate == "ok", level, np.nan)
    quotes = QuoteColumns(
        vol_mid_frac=np.tile(vol, 2), width_volpt=np.full(2 * N, 2.0), gate=np.tile(gate, 2)
    )
    return replace(chain(), quotes=quotes)


def the(chain: ChainColumns, **how: Any) -> SmileQuotes:
    (found,) = smile_quotes(chain, **how)
    assert isinstance(found, SmileQuotes)
    return found


def fitted(chain: ChainColumns, **how: Any) -> Surface:
    (surface,) = fit_surfaces([chain], **how)
    return surface


def test_gates_take_strikes_and_are_counted() -> None:
    found = the(with_quotes({70.0: "no_bid", 75.0: "no_bid", 130.0: "wide"}), vols_from="mid")
    assert found.gated.counts() == {"no_bid": 2, "wide": 1}
    np.testing.assert_allclose(np.exp(found.gated.moneyness_log), [0.7, 0.75, 1.3])
    np.testing.assert_array_equal(found.gated.vol_mark_frac, 0.6)
    np.testing.assert_array_equal(found.strike_usd, STRIKES[2:-1])
    np.testing.assert_array_equal(found.vol_frac, 0.5)
    np.testing.assert_array_equal(found.vol_mark_frac, 0.6)
    np.testing.assert_array_equal(found.width_volpt, 2.0)


def test_the_same_chain_fitted_to_marks_knows_no_gate() -> None:
    found = the(with_quotes({70.0: "no_bid"}))
    assert found.gated.counts() == {}
    np.testing.assert_array_equal(found.vol_frac, 0.6)


def test_a_mid_without_a_vol_and_a_cliff_are_left_out_by_name() -> None:
    missing = with_quotes({100.0: "ok"})
    assert missing.quotes is not None
    vol = missing.quotes.vol_mid_frac.copy()
    vol[STRIKES.tolist().index(110.0)] = np.nan  # of the call, which is the side looked at
    vol[STRIKES.tolist().index(120.0)] = 1.5
    found = the(replace(missing, quotes=replace(missing.quotes, vol_mid_frac=vol)), vols_from="mid")
    assert found.gated.counts() == {"no_vol": 1, "cliff": 1}
    assert not set(found.strike_usd) & {110.0, 120.0}


def test_a_cliff_among_marks_is_named_too() -> None:
    vol = np.full(N, 0.6)
    vol[2] = 1.4
    assert the(chain(vol)).gated.counts() == {"cliff": 1}


def test_gates_that_leave_too_little_are_told() -> None:
    gates = dict.fromkeys(STRIKES, "wide") | {100.0: "ok", 105.0: "ok"}
    (few,) = fitted(with_quotes(gates), vols_from="mid").rejected
    assert few.reason == "too_few_quotes"
    assert "2 strikes" in few.message
    assert "gates took 11 wide" in few.message
    (none,) = fitted(with_quotes(dict.fromkeys(STRIKES, "wide")), vols_from="mid").rejected
    assert none.reason == "too_few_quotes"
    assert "13 wide" in none.message


def test_mids_need_quotes() -> None:
    with pytest.raises(OutOfDomain, match="needs the vols of bids and asks"):
        fitted(chain(), vols_from="mid")


def test_a_fit_to_mids_is_measured_against_the_marks_too() -> None:
    (smile,) = fitted(with_quotes({}), vols_from="mid").smiles
    assert smile.error_median_volpt < 1e-3
    assert smile.error_mark_volpt == pytest.approx(10.0, abs=1e-2)
    no_marks = replace(with_quotes({}), vol_mark_frac=np.full(2 * N, np.nan))
    (smile,) = fitted(no_marks, vols_from="mid").smiles
    assert smile.error_mark_volpt is None


def parity_chain(forward: float) -> ChainColumns:
    """Prices of both sides that agree on a forward, whatever the venue says."""
    time_value = 8.0 * np.exp(-(((STRIKES - forward) / 15.0) ** 2))
    call = time_value + np.maximum(forward - STRIKES, 0.0)
    put = time_value + np.maximum(STRIKES - forward, 0.0)
    mid = np.concatenate([call, put])
    return replace(chain(), price_bid_usd=mid - 0.01, price_ask_usd=mid + 0.01)


def test_parity_stands_in_for_a_venue_that_says_nothing() -> None:
    silent = replace(parity_chain(101.3), forward_usd=np.full(2 * N, np.nan))
    found = the(silent)
    assert (found.forward_source, found.forward_venue_usd) == ("parity", None)
    assert found.forward_usd == pytest.approx(101.3, abs=1e-9)
    (smile,) = fitted(silent).smiles
    assert (smile.forward_source, smile.forward_venue_usd) == ("parity", None)


def test_parity_on_demand_is_compared_with_the_venue() -> None:
    found = the(parity_chain(101.3), forwards="parity")
    assert found.forward_usd == pytest.approx(101.3, abs=1e-9)
    assert (found.forward_source, found.forward_venue_usd) == ("parity", 100.0)
    # Strikes change sides with the forward: 100 is now a put.
    assert (found.moneyness_log[found.strike_usd == 100.0] < 0).all()


def test_a_listed_future_is_taken_where_it_is_wanted() -> None:
    expiry_ns = NOW_NS + 30 * DAY_NS
    listed = replace(chain(), futures_usd={expiry_ns: 100.5, expiry_ns + DAY_NS: 90.0})
    assert the(listed).forward_source == "venue"
    found = the(listed, forwards="future")
    assert (found.forward_usd, found.forward_source) == (100.5, "future")


def test_no_forward_at_all_is_a_failure() -> None:
    silent = replace(
        chain(), forward_usd=np.full(2 * N, np.nan), price_bid_usd=np.full(2 * N, np.nan)
    )
    (found,) = smile_quotes(silent)
    assert isinstance(found, Failure)
    assert found.reason == "too_few_quotes"
    assert fitted(silent).rejected == (found,)
