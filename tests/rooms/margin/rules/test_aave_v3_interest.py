"""Interest in the protocol's integers: growth, indices, and which way balances round."""

from decimal import Decimal
from typing import Any

import mpmath
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.errors import OutOfDomain
from hedgerow.margin.rules.aave_v3 import (
    balance_raw,
    balance_shown_raw,
    compounded_interest_ray,
    debt_raw,
    linear_interest_ray,
    normalised_income_ray,
    percent_mul,
    ray_mul,
)

D = Decimal
RAY = 10**27
YEAR_S = 31_536_000
amounts = st.integers(0, 10**30)
rates_ray = st.integers(0, 5 * RAY)
indices_ray = st.integers(RAY, 5 * RAY)
seconds = st.integers(0, 10 * YEAR_S)


def test_products_round_half_up() -> None:
    """Two and a half times a half (WadRayMath.t.sol), then a half either side of the edge."""
    assert ray_mul(5 * RAY // 2, RAY // 2) == 5 * RAY // 4
    assert ray_mul(1, RAY // 2) == 1
    assert ray_mul(1, RAY // 2 - 1) == 0
    assert percent_mul(1, 5_000) == 1
    assert percent_mul(1, 4_999) == 0
    assert percent_mul(10**18, 10_000) == 10**18


def test_a_year_of_simple_interest_is_the_rate() -> None:
    assert linear_interest_ray(RAY // 20, YEAR_S) == RAY + RAY // 20
    assert linear_interest_ray(RAY // 20, YEAR_S // 2) == RAY + RAY // 40
    assert linear_interest_ray(RAY // 20, 0) == RAY
    # Seconds are 31709791983764586504.31 parts of a ray each, rounded half up before they multiply.
    assert linear_interest_ray(RAY, 1) == RAY + 31709791983764586504
    assert linear_interest_ray(RAY, 2) == RAY + 63419583967529173009


@pytest.mark.parametrize("rate", ["0.01", "0.1", "1.5"])
def test_a_debt_compounds_by_the_second_to_the_third_order(rate: str) -> None:
    """Four terms of (1 + x)^t at 60 digits; what x2 and x3 lose to half a ray grows with t."""
    t = YEAR_S
    with mpmath.workdps(60):
        x = mpmath.mpf(rate) / YEAR_S
        terms = sum(mpmath.binomial(t, k) * x**k for k in range(4))
        got = mpmath.mpf(compounded_interest_ray(int(D(rate) * RAY), t)) / RAY
        assert abs(got - terms) < (mpmath.mpf(t) ** 3 / 12 + t**2 / 4 + t) / RAY * 1.01
        assert got < (1 + x) ** t


@pytest.mark.parametrize(("elapsed_s", "powers"), [(0, 0), (1, 1), (2, 2), (3, 3)])
def test_the_first_seconds_are_exact_powers(elapsed_s: int, powers: int) -> None:
    """To the third order nothing is left out in three seconds: x is a tenth here."""
    rate_ray = YEAR_S * RAY // 10
    assert compounded_interest_ray(rate_ray, elapsed_s) == RAY * 11**powers // 10**powers


def test_a_rate_is_floored_by_the_second() -> None:
    assert compounded_interest_ray(2 * YEAR_S - 1, 10) == RAY + 10


@given(rates_ray, seconds)
def test_debt_never_grows_less_than_simple_interest(rate_ray: int, elapsed_s: int) -> None:
    simple = RAY + rate_ray // YEAR_S * elapsed_s
    assert compounded_interest_ray(rate_ray, elapsed_s) >= simple


@given(indices_ray, rates_ray, seconds, seconds)
def test_indices_never_fall(index_ray: int, rate_ray: int, first_s: int, more_s: int) -> None:
    before = normalised_income_ray(index_ray, rate_ray, first_s)
    assert index_ray <= before <= normalised_income_ray(index_ray, rate_ray, first_s + more_s)


def test_a_supply_index_is_the_old_one_times_its_growth() -> None:
    assert normalised_income_ray(2 * RAY, RAY // 20, YEAR_S) == 2 * RAY + RAY // 10


@pytest.mark.parametrize("growth", [linear_interest_ray, compounded_interest_ray])
def test_interest_does_not_run_backwards(growth: Any) -> None:
    with pytest.raises(OutOfDomain, match="was -1"):
        growth(RAY, -1)


@given(amounts, indices_ray)
def test_supply_rounds_down_debt_up_and_the_screen_between(scaled: int, index_ray: int) -> None:
    down, up = balance_raw(scaled, index_ray), debt_raw(scaled, index_ray)
    shown = balance_shown_raw(scaled, index_ray)
    assert down * RAY <= scaled * index_ray <= up * RAY
    assert up - down <= 1
    assert down <= shown <= up


def test_what_a_client_shows_is_half_up() -> None:
    assert balance_shown_raw(1, RAY + RAY // 2) == 2
    assert balance_shown_raw(1, RAY + RAY // 2 - RAY // 10**9) == 1
    assert balance_raw(1, RAY + RAY // 2) == 1


def test_what_a_client_shows_is_rounded_twice() -> None:
    """1.4999999996 is 1.500000000 to nine places, and that is two."""
    assert balance_shown_raw(1, RAY + RAY * 4_999_999_996 // 10**10) == 2
    assert balance_shown_raw(1, RAY + RAY * 4_999_999_994 // 10**10) == 1
