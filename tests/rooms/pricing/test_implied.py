"""Implied vols come back to the last digits, and every price without one says why."""

import math
from typing import Any

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from hedgerow.errors import OutOfDomain
from hedgerow.pricing import (
    ImpliedReason,
    ImpliedVols,
    implied_vols,
    implied_vols_coin,
    value_usd,
)
from tests.golden.read import numbers

ROUND_TRIP = 1e-12  # relative, times the condition of the problem where that is above one

any_number = st.floats(allow_nan=True, allow_infinity=True, width=64)


def exact(
    forward: float, strike: float, vol: float, years: float, *, is_call: bool
) -> tuple[float, float]:
    """The price to the last digit, and its condition price / (vol · vega)."""
    with mpmath.workdps(50):
        f, k, v, t = (mpmath.mpf(each) for each in (forward, strike, vol, years))
        s = v * mpmath.sqrt(t)
        d1 = mpmath.log(f / k) / s + s / 2
        up, down = _cdf(d1), _cdf(d1 - s)
        price = f * up - k * down if is_call else k * _cdf(s - d1) - f * _cdf(-d1)
        vega = f * mpmath.npdf(d1) * mpmath.sqrt(t)
        return float(price), float(price / (vega * v)) if vega else math.inf


def _cdf(z: mpmath.mpf) -> mpmath.mpf:
    return mpmath.erfc(-z / mpmath.sqrt(2)) / 2


def worst_of_round_trip(cases: NDArray[np.float64], call: NDArray[np.bool_]) -> float:
    """Rows of cases are forward, strike, vol, years; gives the worst conditioned error."""
    truth = [
        exact(*(float(each) for each in row), is_call=bool(right))
        for row, right in zip(cases.T, call, strict=True)
    ]
    price, condition = np.array(truth).T
    forward, strike, vol, years = cases
    found = implied_vols(price, forward, strike, years, call)
    time_value = price - np.maximum(np.where(call, forward - strike, strike - forward), 0.0)
    asked = time_value >= 1e-300 * forward
    assert asked.any()
    # The only refusal left where there is time value: a put or call rounded up to its maximum.
    top = price >= np.where(call, forward, strike)
    assert (found.reason_code[asked & ~top] == ImpliedReason.OK).all()
    error = np.abs(found.vol_frac / vol - 1.0) / np.maximum(condition, 1.0)
    return float(error[asked & ~top].max())


def test_vols_of_the_published_range_come_back_to_twelve_digits() -> None:
    """T .003-2 y, vol .1-2.5, strikes to four deviations, out of the money; prices by mpmath."""
    rng = np.random.default_rng(4)
    n = 1_000
    years, vol = rng.uniform(0.003, 2.0, n), rng.uniform(0.1, 2.5, n)
    forward = rng.uniform(10.0, 100_000.0, n)
    strike = forward * np.exp(rng.uniform(-4.0, 4.0, n) * vol * np.sqrt(years))
    cases = np.array([forward, strike, vol, years])
    assert worst_of_round_trip(cases, strike >= forward) < ROUND_TRIP


@pytest.mark.parametrize("where", ["far wings", "at the money", "tiny and huge vols", "in"])
def test_vols_come_back_at_the_edges(where: str) -> None:
    """Down to prices of 1e-300 of the forward, next to the strike, and in the money."""
    rng = np.random.default_rng(5)
    n = 300
    years, vol = rng.uniform(0.003, 2.0, n), rng.uniform(0.1, 2.5, n)
    deviations = rng.uniform(-2.0, 2.0, n)
    if where == "far wings":
        deviations = rng.uniform(-36.5, 36.5, n)
    elif where == "at the money":
        deviations = rng.choice([-1.0, 0.0, 1.0], n) * 10.0 ** rng.uniform(-14.0, 0.0, n)
    elif where == "tiny and huge vols":
        vol = 10.0 ** rng.uniform(-5.0, 1.3, n)
    forward = 10.0 ** rng.uniform(-4.0, 6.0, n)
    strike = forward * np.exp(deviations * vol * np.sqrt(years))
    call = strike >= forward if where != "in" else strike < forward
    assert worst_of_round_trip(np.array([forward, strike, vol, years]), call) < ROUND_TRIP


def test_twenty_thousand_random_prices_of_our_own_give_their_vol_back() -> None:
    rng = np.random.default_rng(6)
    n = 20_000
    years, vol = rng.uniform(0.003, 2.0, n), rng.uniform(0.1, 2.5, n)
    forward = np.full(n, 60_000.0)
    strike = forward * np.exp(rng.uniform(-4.0, 4.0, n) * vol * np.sqrt(years))
    call = strike >= forward
    price = value_usd(forward, strike, vol, years, call)
    found = implied_vols(price, forward, strike, years, call)
    assert (found.reason_code == ImpliedReason.OK).all()
    # The forward pricing in NumPy, not the inversion, is what rounds here.
    assert np.abs(found.vol_frac / vol - 1.0).max() < 1e-11


@given(
    st.floats(1e-3, 1e6),
    st.floats(-8.0, 8.0),
    st.floats(0.01, 3.0),
    st.floats(0.001, 3.0),
    st.booleans(),
)
def test_a_vol_prices_its_price(
    forward: float, deviations: float, vol: float, years: float, is_call: bool
) -> None:
    strike = forward * math.exp(deviations * vol * math.sqrt(years))
    price, condition = exact(forward, strike, vol, years, is_call=is_call)
    found = implied_vols(price, forward, strike, years, is_call)
    if found.reason_code == ImpliedReason.OK:
        assert abs(float(found.vol_frac) / vol - 1.0) <= ROUND_TRIP * max(1.0, condition)
    else:
        assert condition > 1e10, ImpliedReason(int(found.reason_code)).name


@given(any_number, any_number, any_number, any_number, st.booleans())
def test_no_number_raises_and_every_gap_has_its_reason(
    price: float, forward: float, strike: float, years: float, is_call: bool
) -> None:
    found = implied_vols(price, forward, strike, years, is_call)
    reason = ImpliedReason(int(found.reason_code))
    vol = float(found.vol_frac)
    assert (reason is ImpliedReason.OK) == (math.isfinite(vol) and vol > 0)
    assert math.isnan(vol) == (reason is not ImpliedReason.OK)


REFUSALS = """
    price_usd  forward_usd  strike_usd  expiry_years  right  reason
    nan        100          100         1             C      NOT_FINITE
    1          inf          100         1             C      NOT_FINITE
    1          100          100         -inf          P      NOT_FINITE
    1          0            100         1             C      NOT_POSITIVE
    1          100          -5          1             C      NOT_POSITIVE
    1          100          100         0             C      EXPIRED
    1          100          100         -1            P      EXPIRED
    9.99       110          100         1             C      BELOW_INTRINSIC
    -1         100          110         1             C      BELOW_INTRINSIC
    10         110          100         1             C      NO_TIME_VALUE
    0          100          110         1             C      NO_TIME_VALUE
    110        110          100         1             C      ABOVE_MAXIMUM
    100        110          100         1             P      ABOVE_MAXIMUM
    101        110          100         1             P      ABOVE_MAXIMUM
    109.99     110          100         1e-320        C      OK
    5          100          100         1             P      OK
"""


def test_every_refusal_is_named() -> None:
    rows = [line.split() for line in REFUSALS.strip().splitlines()[1:]]
    for *given_numbers, right, reason in rows:
        price, forward, strike, years = (float(each) for each in given_numbers)
        found = implied_vols(price, forward, strike, years, right == "C")
        assert ImpliedReason(int(found.reason_code)).name == reason, given_numbers


def test_one_bad_row_leaves_the_others_alone() -> None:
    found = implied_vols([5.0, math.nan, 7.0], 100.0, 100.0, 0.5, [True, True, False])
    assert found.reason_code.tolist() == [0, ImpliedReason.NOT_FINITE, 0]
    alone = implied_vols(5.0, 100.0, 100.0, 0.5, True)
    assert found.vol_frac[0] == alone.vol_frac


def test_shapes_are_those_of_the_broadcast() -> None:
    found = implied_vols(np.full((2, 1), 5.0), np.full(3, 100.0), 100.0, 0.5, True)
    assert found.vol_frac.shape == found.reason_code.shape == (2, 3)
    assert implied_vols([], 100.0, 100.0, 0.5, True).vol_frac.shape == (0,)


def test_a_coin_premium_is_a_price_over_the_forward() -> None:
    in_coin = implied_vols_coin(0.0832094602, 60_000.0, 65_000.0, 0.2, True)
    assert float(in_coin.vol_frac) == pytest.approx(0.65, abs=1e-9)


@pytest.mark.parametrize("case", numbers("implied_vol_regression"), ids=lambda case: case["cp"])
def test_the_published_regression(case: dict[str, str]) -> None:
    rate, years = float(case["r"]), float(case["T"])
    undiscounted = float(case["price"]) * math.exp(rate * years)
    found = implied_vols(
        undiscounted, float(case["F"]), float(case["K"]), years, float(case["cp"]) > 0
    )
    assert float(found.vol_frac) == pytest.approx(float(case["expect"]), rel=1e-13)


def test_premiums_beyond_all_numbers_are_above_the_maximum() -> None:
    for right in (True, False):
        found = implied_vols_coin(1e200, 1e200, 1e200, 1.0, right)
        assert int(found.reason_code) == ImpliedReason.ABOVE_MAXIMUM
        assert math.isnan(found.vol_frac)
    assert int(implied_vols_coin(-1e200, 1e200, 1.0, 1.0, True).reason_code) == (
        ImpliedReason.BELOW_INTRINSIC
    )
    for bad in (math.inf, math.nan):
        assert int(implied_vols_coin(bad, 1e200, 1.0, 1.0, True).reason_code) == (
            ImpliedReason.NOT_FINITE
        )


@pytest.mark.parametrize("bad", [10**400, "5", 1j, None, [5.0, [6.0]]])
def test_what_is_no_number_is_refused(bad: Any) -> None:
    with pytest.raises(OutOfDomain, match="price_usd"):
        implied_vols(bad, 100.0, 100.0, 1.0, True)
    with pytest.raises(OutOfDomain, match="strike_usd"):
        implied_vols_coin(0.1, 100.0, bad, 1.0, True)


def test_a_masked_price_is_no_price() -> None:
    masked = np.ma.masked_array([5.0, 5.0], mask=[False, True])
    with pytest.raises(OutOfDomain, match="price_usd is a masked array"):
        implied_vols(masked, 100.0, 100.0, 1.0, True)


def test_results_may_not_lie_on_the_prices() -> None:
    prices = np.array([5.0, 6.0])
    out = ImpliedVols(vol_frac=prices, reason_code=np.empty(2, dtype=np.int8))
    with pytest.raises(OutOfDomain, match=r"out.vol_frac lies in the memory of an input"):
        implied_vols(prices, 100.0, 100.0, 1.0, True, out=out)


def test_a_few_roundings_below_intrinsic_are_noise() -> None:
    # 4 roundings of 4.0: 2^-50. Three are noise of a computed price, six are not.
    for roundings, why in ((3, ImpliedReason.NO_TIME_VALUE), (6, ImpliedReason.BELOW_INTRINSIC)):
        price = 4.0 - roundings * 4.0 * 2.0**-52
        assert int(implied_vols(price, 8.0, 4.0, 1.0, True).reason_code) == why
