"""Quotes give bid and ask vols, and the first gate they fail is named."""

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.pricing import QuoteGate, quote_vols, value_usd

GATES = """
    bid_usd  ask_usd  forward_usd  strike_usd  expiry_years  gate
    190      210      10000        10500       0.1           OK
    nan      210      10000        10500       0.1           NO_BID
    0        210      10000        10500       0.1           NO_BID
    190      nan      10000        10500       0.1           NO_ASK
    210      190      10000        10500       0.1           CROSSED
    200      200      10000        10500       0.1           OK
    1        2        10000        10500       0.1           BID_WITHIN_TICK
    490      600      10500        10000       0.1           BID_WITHIN_TICK
    600      10600    10500        10000       0.1           NO_VOL
    50       900      10000        10500       0.1           WIDE
    2        2.5      10000        20000       0.02          COARSE
    190      210      inf          10500       0.1           NOT_FINITE
    190      210      10000        10500       0             NOT_FINITE
    190      210      0            10500       0.1           NOT_FINITE
    190      210      10000        0           0.1           NOT_FINITE
    190      0        10000        10500       0.1           NO_ASK
"""


def test_every_gate_is_named() -> None:
    rows = [line.split() for line in GATES.strip().splitlines()[1:]]
    columns = np.array([[float(each) for each in row[:-1]] for row in rows]).T
    bid, ask, forward, strike, years = columns
    found = quote_vols(bid, ask, forward, strike, years, True, tick_usd=1.0)
    assert [QuoteGate(int(code)).name for code in found.gate_code] == [row[-1] for row in rows]


def test_a_venue_has_a_tick_and_one_as_coarse_as_allowed_is_not_too_coarse() -> None:
    terms = (190.0, 210.0, 10_000.0, 10_500.0, 0.1, True)
    assert QuoteGate(int(quote_vols(*terms, tick_usd=0.0).gate_code)) is QuoteGate.NOT_FINITE
    tick_volpt = float(quote_vols(*terms, tick_usd=1.0).tick_volpt)
    for most, gate in ((tick_volpt, QuoteGate.OK), (0.999 * tick_volpt, QuoteGate.COARSE)):
        found = quote_vols(*terms, tick_usd=1.0, tick_volpt_max=most)
        assert QuoteGate(int(found.gate_code)) is gate


def test_a_put_has_an_intrinsic_value_of_its_own() -> None:
    def gate(bid: float, ask: float) -> str:
        found = quote_vols(bid, ask, 10_000.0, 10_500.0, 0.1, False, tick_usd=1.0)
        return QuoteGate(int(found.gate_code)).name

    assert gate(500.0, 520.0) == "BID_WITHIN_TICK"
    assert gate(600.0, 620.0) == "OK"


def test_a_quote_without_width_has_one_vol() -> None:
    found = quote_vols(200.0, 200.0, 10_000.0, 10_500.0, 0.1, True, tick_usd=1.0, width_volpt_max=0)
    assert found.vol_mid_frac == found.vol_bid_frac == found.vol_ask_frac
    assert float(found.width_volpt) == 0.0
    assert int(found.gate_code) == QuoteGate.OK, "as wide as allowed is not too wide"


def test_vols_and_width_are_those_of_the_prices() -> None:
    bid, ask = (
        float(
            value_usd(
                np.array(100.0), np.array(105.0), np.array(vol), np.array(0.25), np.array(True)
            )
        )
        for vol in (0.60, 0.62)
    )
    found = quote_vols(bid, ask, 100.0, 105.0, 0.25, True, tick_usd=0.001)
    assert math.isclose(float(found.vol_bid_frac), 0.60, rel_tol=1e-12)
    assert math.isclose(float(found.vol_ask_frac), 0.62, rel_tol=1e-12)
    # Vega hardly changes over two points of vol.
    assert math.isclose(float(found.width_volpt), 2.0, rel_tol=1e-4)


any_number = st.floats(allow_nan=True, allow_infinity=True)


@given(any_number, any_number, any_number, any_number, any_number, any_number, st.booleans())
def test_no_number_raises(
    bid: float, ask: float, forward: float, strike: float, years: float, tick: float, call: bool
) -> None:
    found = quote_vols(bid, ask, forward, strike, years, call, tick_usd=tick)
    if found.gate_code == QuoteGate.OK:
        assert found.vol_bid_frac <= found.vol_mid_frac <= found.vol_ask_frac
