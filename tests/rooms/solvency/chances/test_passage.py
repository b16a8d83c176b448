"""First hits against published values, the integral of their density, and what must hold."""

from typing import Any

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad

from hedgerow.errors import OutOfDomain
from hedgerow.solvency import (
    bridge_hit_frac,
    cash_at_hit_usd,
    ever_frac,
    hit_density_per_year,
    hit_frac,
    mean_years,
    median_years,
    seen_barrier_usd,
)
from tests.golden.read import numbers

WEEK_YEARS = 7 / 365
PRICES = st.floats(0.2, 5.0)
GROWTHS = st.floats(-3.0, 3.0)
VOLS = st.floats(0.05, 2.5)
TIMES = st.floats(1e-4, 5.0)


def of(case: dict[str, Any], *names: str) -> list[float]:
    return [float(case[name]) for name in names]


@pytest.mark.parametrize("at", [0, 1])
def test_first_passage_of_the_sheet(at: int) -> None:
    case = numbers("first_passage")[at]
    got = hit_frac(*of(case, "S", "B", "mu", "sigma", "T"))
    assert got == pytest.approx(float(case["probability"]), rel=1e-13)


@pytest.mark.parametrize("at", [0, 1])
def test_cash_at_hit_of_the_sheet(at: int) -> None:
    case = numbers("cash_at_hit")[at]
    got = cash_at_hit_usd(*of(case, "cash", "r", "S", "B", "b", "sigma", "T"))
    assert got == pytest.approx(float(case["expect"]), abs=float(case["tol"]))


@pytest.mark.parametrize(("side", "sign"), [("long", -1.0), ("short", 1.0)])
def test_liquidation_within_a_week_of_the_sheet(side: str, sign: float) -> None:
    case = numbers("liquidation_probability_7d_sigma60")
    rate = float(case["mmr"])
    for leverage, want in case[side].items():
        barrier = (1.0 + sign / float(leverage)) / (1.0 + sign * rate)
        got = hit_frac(1.0, barrier, float(case["mu"]), 0.6, WEEK_YEARS)
        assert got == pytest.approx(float(want), rel=1e-13)


@given(PRICES, GROWTHS, VOLS, TIMES)
def test_the_probability_is_the_integral_of_the_density(
    barrier: float, growth: float, vol: float, time: float
) -> None:
    if abs(np.log(barrier)) < 1e-3:
        return
    # In the logarithm of time, where the density has one soft hump.
    found, off = quad(
        lambda z: np.exp(z) * hit_density_per_year(1.0, barrier, growth, vol, np.exp(z)),
        np.log(time) - 40.0,
        np.log(time),
        epsabs=1e-11,
        limit=400,
        points=[np.log(time) - 10.0, np.log(time) - 3.0],
    )
    assert hit_frac(1.0, barrier, growth, vol, time) == pytest.approx(found, abs=1e-9 + off)


@given(PRICES, GROWTHS, st.floats(0.01, 2.5), TIMES)
def test_every_digit_in_the_tails(barrier: float, growth: float, vol: float, time: float) -> None:
    """The sheet's formula in 60 digits, however small the probability or large the exponent."""
    with mpmath.workdps(60):
        S, B, mu, sigma, T = (mpmath.mpf(each) for each in (1.0, barrier, growth, vol, time))
        x, nu, root = mpmath.log(B / S), mu - sigma**2 / 2, sigma * mpmath.sqrt(T)
        side = -1 if x > 0 else 1

        def n(z: Any) -> Any:
            return mpmath.erfc(-z / mpmath.sqrt(2)) / 2

        want = n(side * (x - nu * T) / root)
        want += mpmath.exp(2 * nu * x / sigma**2) * n(side * (x + nu * T) / root)
        want = float(want)
    # A logarithm of the prices that is off by 1e-16 moves the exponent by that much times z²/d.
    z2 = 2.0 * abs(np.log(want)) + 1.0 if want > 1e-300 else np.inf
    rel = 1e-14 * (1.0 + z2 / max(abs(np.log(barrier)), 1e-12))
    if want > 1e-280:
        assert hit_frac(1.0, barrier, growth, vol, time) == pytest.approx(want, rel=rel)
    else:
        assert hit_frac(1.0, barrier, growth, vol, time) <= 1e-270


@given(PRICES, GROWTHS, VOLS, TIMES)
def test_more_time_is_never_less_likely(
    barrier: float, growth: float, vol: float, time: float
) -> None:
    got = hit_frac(1.0, barrier, growth, vol, time * np.array([0.0, 0.5, 1.0, 1.5, 10.0, np.inf]))
    assert (np.diff(got) >= -1e-15).all()
    assert ((got >= 0.0) & (got <= 1.0)).all()


@given(PRICES, VOLS, TIMES)
def test_more_vol_is_never_less_likely_without_a_drift(
    barrier: float, vol: float, time: float
) -> None:
    vols = vol * np.array([0.5, 1.0, 1.1, 2.0])
    got = hit_frac(1.0, barrier, 0.5 * vols**2, vols, time)  # the drift of the logarithm is zero
    assert (np.diff(got) >= -1e-15).all()


@given(PRICES, GROWTHS, VOLS, TIMES)
def test_a_mirror_changes_nothing(barrier: float, growth: float, vol: float, time: float) -> None:
    """A price and its inverse: the drift of the logarithm turns its sign."""
    mirrored = hit_frac(1.0, 1.0 / barrier, vol**2 - growth, vol, time)
    assert hit_frac(1.0, barrier, growth, vol, time) == pytest.approx(mirrored, rel=1e-9, abs=1e-15)


@given(PRICES, GROWTHS, VOLS, TIMES)
def test_cash_at_hit_is_the_integral_of_what_is_discounted(
    barrier: float, growth: float, vol: float, time: float
) -> None:
    if abs(np.log(barrier)) < 1e-3:
        return
    rate = 0.3
    found, off = quad(
        lambda z: (
            np.exp(z - rate * np.exp(z))
            * hit_density_per_year(1.0, barrier, growth, vol, np.exp(z))
        ),
        np.log(time) - 40.0,
        np.log(time),
        epsabs=1e-11,
        limit=400,
        points=[np.log(time) - 10.0, np.log(time) - 3.0],
    )
    got = cash_at_hit_usd(1.0, rate, 1.0, barrier, growth, vol, time)
    assert got == pytest.approx(found, abs=1e-9 + off)
    assert cash_at_hit_usd(1.0, 0.0, 1.0, barrier, growth, vol, time) == pytest.approx(
        hit_frac(1.0, barrier, growth, vol, time), rel=1e-12
    )


@given(PRICES, GROWTHS, VOLS)
def test_the_mean_is_what_the_discount_says_when_it_is_small(
    barrier: float, growth: float, vol: float
) -> None:
    """E exp(−rτ) falls by r E τ at first, where the mean is finite."""
    mean = float(mean_years(1.0, barrier, growth, vol))
    if not 1e-4 < mean < 50.0 or (growth - 0.5 * vol**2) ** 2 < 1e-2 * vol**2:
        return
    r = 1e-7 / mean
    lost = 1.0 - float(cash_at_hit_usd(1.0, r, 1.0, barrier, growth, vol, np.inf))
    assert lost / r == pytest.approx(mean, rel=1e-4)


def test_a_mean_is_infinite_where_the_drift_does_not_lead_there() -> None:
    assert np.isinf(mean_years(100.0, 90.0, [0.5, 0.18], 0.6)).all()  # away, and nowhere
    assert ever_frac(100.0, 90.0, 0.5, 0.6) == pytest.approx(0.9 ** (2 * 0.32 / 0.36))
    assert ever_frac(100.0, 90.0, [0.18, -1.0], 0.6).tolist() == [1.0, 1.0]


@given(PRICES, GROWTHS, VOLS)
def test_half_have_hit_by_the_median(barrier: float, growth: float, vol: float) -> None:
    median = median_years(1.0, barrier, growth, vol)
    ever = ever_frac(1.0, barrier, growth, vol)
    if ever <= 0.5:
        assert np.isinf(median)
    elif ever > 0.5 + 1e-6 and barrier != 1.0:
        assert hit_frac(1.0, barrier, growth, vol, median) == pytest.approx(0.5, abs=1e-12)


def test_limits() -> None:
    # No vol: the price is 1.1 after a year of growth ln 1.1.
    growth = np.log(1.1)
    assert hit_frac(1.0, [1.09, 1.11, 0.9], growth, 0.0, 1.0).tolist() == [1.0, 0.0, 0.0]
    assert hit_frac(1.0, [0.9, 1.0, 1.1], 0.0, 0.6, 0.0).tolist() == [0.0, 1.0, 0.0]
    assert hit_frac(1.0, 1.0, [-5.0, 0.0, 5.0], 0.0, 0.0).tolist() == [1.0, 1.0, 1.0]
    assert hit_frac(1.0, 0.5, 0.0, 1e-9, 1.0) == 0.0
    assert hit_frac(1.0, 0.5, -1.0, 1e-9, 1.0) == 1.0
    assert mean_years(1.0, 1.1, growth, 0.0) == pytest.approx(1.0)
    assert median_years(1.0, 1.1, growth, 0.0) == pytest.approx(1.0)
    assert cash_at_hit_usd(2.0, 0.5, 1.0, 1.1, growth, 0.0, 2.0) == pytest.approx(
        2.0 * np.exp(-0.5)
    )
    assert cash_at_hit_usd(2.0, 0.5, 1.0, 1.0, 0.0, 0.6, 0.0) == 2.0
    assert median_years(1.0, 1.0, 0.0, 0.6) == mean_years(1.0, 1.0, 0.0, 0.6) == 0.0


def test_a_barrier_seen_now_and_then_is_as_hard_to_hit_as_one_farther_off() -> None:
    """Against the exact chance of a walk: densities convolved over a grid, killed at each step."""
    steps, vol, time, barrier = 50, 0.6, 0.1, 0.85
    dt = time / steps
    h = vol * np.sqrt(dt) / 40
    x = np.arange(np.log(barrier), 1.5, h) + 0.5 * h
    moves = (np.arange(-600, 601) * h + 0.5 * vol**2 * dt) / (vol * np.sqrt(dt))
    kernel = np.exp(-0.5 * moves**2) / np.sqrt(2 * np.pi) * h / (vol * np.sqrt(dt))
    p = np.exp(-0.5 * ((x + 0.5 * vol**2 * dt) / (vol * np.sqrt(dt))) ** 2)
    p *= h / (vol * np.sqrt(2 * np.pi * dt))
    for _ in range(steps - 1):
        p = np.convolve(p, kernel, mode="same")
    seen = 1.0 - p.sum()
    moved = seen_barrier_usd(1.0, barrier, vol, dt)
    assert moved == pytest.approx(barrier * np.exp(-0.5825971579 * vol * np.sqrt(dt)))
    shifted = float(hit_frac(1.0, moved, 0.0, vol, time))
    plain = float(hit_frac(1.0, barrier, 0.0, vol, time))
    assert shifted == pytest.approx(seen, rel=4e-3)
    # What is left falls as one over the number of steps; unshifted, as one over its root.
    assert abs(plain - seen) > 10 * abs(shifted - seen)
    assert seen_barrier_usd(1.0, 1.0, vol, dt) == 1.0


def test_a_bridge_is_what_is_left_of_a_step() -> None:
    """Bridges weighed by where a step ends make up the probability of a hit within it."""
    barrier, growth, vol, time = 0.9, 0.2, 0.7, 0.05
    z = (np.arange(200_000) + 0.5) / 200_000 * 18.0 - 9.0
    ends = np.exp((growth - 0.5 * vol**2) * time + vol * np.sqrt(time) * z)
    weights = np.exp(-0.5 * z**2) / np.sqrt(2 * np.pi) * 18.0 / 200_000
    total = (weights * bridge_hit_frac(1.0, ends, barrier, vol, time)).sum()
    assert total == pytest.approx(hit_frac(1.0, barrier, growth, vol, time), rel=1e-6)
    assert bridge_hit_frac(1.0, [1.1, 0.8, 0.9], barrier, 0.0, time).tolist() == [0.0, 1.0, 1.0]


@pytest.mark.parametrize(
    ("spot", "barrier", "growth", "vol", "time"),
    [
        (0.0, 1.0, 0.0, 0.6, 1.0), (1.0, -1.0, 0.0, 0.6, 1.0), (np.nan, 1.0, 0.0, 0.6, 1.0),
        (1.0, np.inf, 0.0, 0.6, 1.0), (1.0, 1.0, np.nan, 0.6, 1.0), (1.0, 1.0, 0.0, -0.1, 1.0),
        (1.0, 1.0, 0.0, np.inf, 1.0), (1.0, 1.0, 0.0, 0.6, -1.0), (1.0, 1.0, 0.0, 0.6, np.nan),
    ],
)  # fmt: skip
def test_what_is_no_price_vol_or_time_is_refused(
    spot: float, barrier: float, growth: float, vol: float, time: float
) -> None:
    with pytest.raises(OutOfDomain):
        hit_frac(spot, barrier, growth, vol, time)


def test_what_else_is_refused() -> None:
    with pytest.raises(OutOfDomain, match="rate"):
        cash_at_hit_usd(1.0, -0.1, 1.0, 0.9, 0.0, 0.6, 1.0)
    with pytest.raises(OutOfDomain, match="density"):
        hit_density_per_year(1.0, 1.0, 0.0, 0.6, 1.0)
    with pytest.raises(OutOfDomain, match="density"):
        hit_density_per_year(1.0, 0.9, 0.0, 0.0, 1.0)
    with pytest.raises(OutOfDomain, match="finite"):
        seen_barrier_usd(1.0, 0.9, 0.6, np.inf)
