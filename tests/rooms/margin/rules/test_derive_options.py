"""Derive's option values, forwards and vol shocks: identities, edges, the contract's own bounds."""

from math import exp, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import ndtr

from hedgerow.errors import OutOfDomain
from hedgerow.margin.rules.derive.book import split_forward_usd, vol_multiplier_frac
from hedgerow.margin.rules.derive.options import YEAR_S, black76, svi_vol_frac
from tests.rooms.margin.rules.derive_accounts import DAY_S


@given(
    st.floats(0.0, 1e5), st.floats(0.0, 1e5), st.floats(0.0, 30.0), st.floats(0.0, 5e7),
    st.floats(0.5, 1.0),
)  # fmt: skip
def test_parity_and_bounds_hold_at_every_edge(
    forward: float, strike: float, vol: float, seconds: float, discount: float
) -> None:
    got = black76(forward, strike, vol, seconds, discount)
    call, put = float(got.call_usd), float(got.put_usd)
    assert 0.0 <= call <= discount * forward
    assert 0.0 <= put <= discount * strike
    assert call - put == pytest.approx(
        discount * (forward - strike), abs=1e-9 * (1 + forward + strike)
    )
    assert 0.0 <= float(got.call_delta_frac) <= 1.0


def test_edges_of_black_are_those_of_the_contract() -> None:
    def both(*terms: float) -> tuple[float, float]:
        got = black76(*terms)
        return float(got.call_usd), float(got.put_usd)

    assert both(1_000.0, 0.0, 0.8, DAY_S, 0.9) == (900.0, 0.0)
    assert both(0.0, 1_000.0, 0.8, DAY_S, 0.9) == (0.0, 900.0)
    assert both(1_200.0, 1_000.0, 0.8, 0.0) == (200.0, 0.0)
    assert both(1_000.0, 1_200.0, 0.0, DAY_S) == (0.0, 200.0)
    # From a total deviation of 24: a vol of 24 for a year.
    assert both(1_000.0, 700.0, 24.0, YEAR_S, 0.98) == (980.0, 0.98 * 700.0)
    assert both(1_000.0, 700.0, 5.0, YEAR_S)[0] < 1_000.0


def test_black_at_the_money_is_twice_a_tail() -> None:
    s = 0.8 * sqrt(20 / 365)
    want = 2_000.0 * (2.0 * float(ndtr(0.5 * s)) - 1.0)
    assert float(black76(2_000.0, 2_000.0, 0.8, 20 * DAY_S).call_usd) == pytest.approx(
        want, rel=1e-13
    )


def test_wings_of_svi_are_flat_beyond_four_deviations() -> None:
    slice_ = {"a": 0.01, "b": 0.02, "rho": -0.1, "m": 0.0, "sigma": 0.1, "tau_years": 0.1}
    reach = 4.0 * sqrt(0.01 + 0.02 * 0.1)
    edge, far = 2_000.0 * exp(reach), 2_000.0 * exp(2.0 * reach)
    assert svi_vol_frac(far, 2_000.0, **slice_) == svi_vol_frac(edge * 1.0000001, 2_000.0, **slice_)
    assert svi_vol_frac(edge * 0.99, 2_000.0, **slice_) < svi_vol_frac(far, 2_000.0, **slice_)
    assert svi_vol_frac(0.0, 2_000.0, **slice_) == 0.0
    with pytest.raises(OutOfDomain, match="negative"):
        svi_vol_frac(2_000.0, 2_000.0, **(slice_ | {"a": -0.0019, "rho": 0.999, "m": 1.0}))


def test_the_forward_is_fixed_second_by_second_in_the_last_half_hour() -> None:
    assert split_forward_usd(2_000.0, 1_800.0) == (0.0, 2_000.0)
    assert split_forward_usd(2_000.0, 1_801.0) == (0.0, 2_000.0)
    assert split_forward_usd(2_000.0, 450.0) == (1_500.0, 500.0)
    assert split_forward_usd(2_000.0, 0.0) == (2_000.0, 0.0)
    with pytest.raises(OutOfDomain):
        split_forward_usd(2_000.0, -1.0)


def test_vol_shocks_turn_at_thirty_days_and_rest_below_their_floor() -> None:
    seconds = np.array([0.5, 1.0, 30.0, 60.0]) * DAY_S
    got = vol_multiplier_frac(seconds, 0.45, short_power=0.3, long_power=0.13, floor_s=DAY_S)
    assert got.tolist() == pytest.approx(
        [1 + 0.45 * 30**0.3, 1 + 0.45 * 30**0.3, 1.45, 1 + 0.45 * 0.5**0.13], rel=1e-14
    )
    down = vol_multiplier_frac(seconds, -0.5, short_power=0.3, long_power=0.13, floor_s=DAY_S)
    assert down[0] == 0.0  # 1 - 0.5 · 30^0.3 is below it
