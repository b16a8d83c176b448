"""Numbers of coin-settled options in coin: the sheet, forty digits, dollars, and limits."""

from functools import partial
from itertools import product
from math import exp, sqrt
from typing import Any

import mpmath
import numpy as np
import pytest

from hedgerow.errors import OutOfDomain
from hedgerow.pricing.european import (
    coin_greeks,
    european_greeks,
)
from tests.golden.read import numbers
from tests.rooms.pricing.european_rows import columns, lattice
from tests.rooms.pricing.slopes import slope


def test_the_coin_settled_option_of_the_sheet() -> None:
    want = {k: float(x) for k, x in numbers("inverse_option").items() if k != "kind"}
    got = coin_greeks(columns([(60_000.0, 65_000.0, 0.65, 0.2, 0.0, 0.0, 1.0)]))
    assert got.value_coin[0] == pytest.approx(want["value_coin"], rel=1e-13)
    assert got.slope_coin_per_usd[0] == pytest.approx(want["dv_dF"], rel=1e-13)
    assert got.gamma_coin_per_usd2[0] == pytest.approx(want["d2v_dF2"], rel=1e-12)
    assert got.delta_adjusted_coin[0] == pytest.approx(want["delta_premium_adjusted"], rel=1e-13)
    assert got.vega_coin_per_vol[0] == pytest.approx(want["vega_coin"], rel=1e-13)
    assert got.theta_coin_per_year[0] / 365 == pytest.approx(want["theta_coin_per_day"], rel=1e-13)


# Derivatives of v(F, σ, t, r): by which, how often; time is calendar time, so years fall.
COIN_ORDERS = {
    "value_coin": (0, 0, 0, 0),
    "slope_coin_per_usd": (1, 0, 0, 0),
    "gamma_coin_per_usd2": (2, 0, 0, 0),
    "vega_coin_per_vol": (0, 1, 0, 0),
    "theta_coin_per_year": (0, 0, 1, 0),
    "rho_coin_per_rate": (0, 0, 0, 1),
    "vanna_coin_per_usd_vol": (1, 1, 0, 0),
    "volga_coin_per_vol2": (0, 2, 0, 0),
    "charm_coin_per_usd_year": (1, 0, 1, 0),
    "speed_coin_per_usd3": (3, 0, 0, 0),
    "zomma_coin_per_usd2_vol": (2, 1, 0, 0),
    "color_coin_per_usd2_year": (2, 0, 1, 0),
    "veta_coin_per_vol_year": (0, 1, 1, 0),
    "ultima_coin_per_vol3": (0, 3, 0, 0),
}


def coin_worth(strike: float, years: float, sign: int) -> Any:
    """What an option paid in coin is worth in coin, of forward, vol, time gone by and rate."""

    def worth(forward: Any, vol: Any, gone: Any, rate: Any) -> Any:
        left = mpmath.mpf(years) - gone
        st = vol * mpmath.sqrt(left)
        d1 = mpmath.log(forward / mpmath.mpf(strike)) / st + st / 2
        n1, n2 = (mpmath.erfc(-sign * d / mpmath.sqrt(2)) / 2 for d in (d1, d1 - st))
        return sign * mpmath.exp(-rate * left) * (n1 - mpmath.mpf(strike) / forward * n2)

    return worth


def coin_size(*given: Any) -> Any:
    """Sum of the absolute terms of each number of which terms may cancel."""
    forward, strike, vol, years, rate, sign = given
    st = vol * mpmath.sqrt(years)
    d1 = mpmath.log(forward / strike) / st + st / 2
    d2, w = d1 - st, mpmath.exp(-rate * years) * mpmath.npdf(d1)
    net = (
        strike / forward * mpmath.exp(-rate * years) * mpmath.erfc(-sign * d2 / mpmath.sqrt(2)) / 2
    )
    gamma, vega = w / (forward * st), w * mpmath.sqrt(years)
    h, r = abs(d1 - st / 2) + st / 2, abs(rate)
    bend = w / st + 2 * net
    return {
        "gamma_coin_per_usd2": bend / forward**2,
        "theta_coin_per_year": vega * vol / (2 * years) + r * (net + 1),
        "vanna_coin_per_usd_vol": w * h / (vol * forward),
        "volga_coin_per_vol2": vega * h * h / vol,
        "charm_coin_per_usd_year": (r * net + w * h / (2 * years)) / forward,
        "speed_coin_per_usd3": (6 * net / forward + gamma * (4 + h / st)) / forward**2,
        "zomma_coin_per_usd2_vol": gamma * (h * (h + st) + 1) / (vol * forward),
        "color_coin_per_usd2_year": r * bend / forward**2
        + gamma * (1 + h * (h + st)) / (2 * years * forward),
        "veta_coin_per_vol_year": vega * (r + (1 + h * h) / (2 * years)),
        "ultima_coin_per_vol3": vega / vol**2 * (h**4 + 3 * h * h),
    }


COIN_VOLS_YEARS_RATES_SIGNS = list(product((0.3, 1.2), (0.01, 0.7), (0.0, 0.08), (1, -1)))


@pytest.mark.parametrize(
    "terms",
    [
        pytest.param([(0.3, 0.01, 0.08, 1), (1.2, 0.7, 0.08, -1)], id="some"),
        pytest.param(COIN_VOLS_YEARS_RATES_SIGNS, id="all", marks=pytest.mark.slow),
    ],
)
def test_coin_numbers_are_derivatives_of_value_over_forward(
    terms: list[tuple[float, float, float, int]],
) -> None:
    rows = [
        (6e4, 6e4 * exp(z * v * sqrt(t)), v, t, r, sign)
        for z in (-6.0, -1.0, 0.0, 2.5, 7.0)
        for v, t, r, sign in terms
    ]
    got = coin_greeks(columns([(f, k, v, t, r, 0.0, cp) for f, k, v, t, r, cp in rows]))
    assert set(COIN_ORDERS) | {"delta_adjusted_coin"} == set(got.__struct_fields__)
    for i, (*given, sign) in enumerate(rows):
        F, K, v, t, r = given
        worth = coin_worth(K, t, sign)
        with mpmath.workdps(40):
            sizes = coin_size(*(mpmath.mpf(x) for x in (F, K, v, t, r)), sign)
        for name, orders in COIN_ORDERS.items():
            want = slope(worth, (F, v, 0.0, r), *orders)
            off = abs(getattr(got, name)[i] - want)
            assert off <= 1e-12 * float(sizes.get(name, abs(want))), (name, given)
        adjusted = F * slope(worth, (F, v, 0.0, r), 1, 0, 0, 0)
        assert got.delta_adjusted_coin[i] == pytest.approx(adjusted, rel=1e-12, abs=0.0)


def test_coin_numbers_follow_from_the_dollar_ones() -> None:
    """The quotient rule, term by term, on what `european_greeks` says: both numeraires are one."""
    rows = [row for row in lattice(300) if row[5] == 0.0]
    options = columns(rows)
    dollars, coins = european_greeks(options, with_third_vol=True), coin_greeks(options)
    F = options.given[0]
    value, delta = coins.value_coin, dollars.delta_underlying_frac
    pairs = {
        "delta_adjusted_coin": (delta, -value),
        "slope_coin_per_usd": (delta / F, -value / F),
        "gamma_coin_per_usd2": (
            dollars.gamma_coin_per_usd / F, -2.0 * coins.slope_coin_per_usd / F,
        ),
        "speed_coin_per_usd3": (
            dollars.speed_coin_per_usd2 / F, -3.0 * coins.gamma_coin_per_usd2 / F,
        ),
        "vanna_coin_per_usd_vol": (
            dollars.vanna_coin_per_vol / F, -coins.vega_coin_per_vol / F,
        ),
        "charm_coin_per_usd_year": (
            dollars.charm_coin_per_year / F, -coins.theta_coin_per_year / F,
        ),
        "zomma_coin_per_usd2_vol": (
            dollars.zomma_coin_per_usd_vol / F, -2.0 * coins.vanna_coin_per_usd_vol / F,
        ),
        "color_coin_per_usd2_year": (
            dollars.color_coin_per_usd_year / F, -2.0 * coins.charm_coin_per_usd_year / F,
        ),
    }  # fmt: skip
    assert dollars.veta_usd_per_vol_year is not None
    assert dollars.ultima_usd_per_vol3 is not None
    for name, dollar in {
        "vega_coin_per_vol": dollars.vega_usd_per_vol,
        "theta_coin_per_year": dollars.theta_usd_per_year,
        "rho_coin_per_rate": dollars.rho_usd_per_rate,
        "volga_coin_per_vol2": dollars.volga_usd_per_vol2,
        "veta_coin_per_vol_year": dollars.veta_usd_per_vol_year,
        "ultima_coin_per_vol3": dollars.ultima_usd_per_vol3,
    }.items():
        np.testing.assert_allclose(getattr(coins, name), dollar / F, rtol=1e-15, err_msg=name)
    for name, (first, second) in pairs.items():
        # The two terms cancel in the wings: that is why the kernel does not take them.
        size = np.abs(first) + np.abs(second)
        off = np.abs(getattr(coins, name) - (first + second))
        assert (off <= 2e-11 * size).all(), name


def test_coin_numbers_have_limits() -> None:
    got = coin_greeks(
        columns([(100.0, 80.0, 0.5, 0.0, 0.0, 0.0, 1.0), (100.0, 80.0, 0.5, 0.0, 0.0, 0.0, -1.0)])
    )
    assert got.value_coin.tolist() == pytest.approx([0.2, 0.0], rel=1e-15)
    assert got.delta_adjusted_coin == pytest.approx([0.8, 0.0], rel=1e-15)
    assert got.slope_coin_per_usd == pytest.approx([0.008, 0.0], rel=1e-15)
    assert got.gamma_coin_per_usd2 == pytest.approx([-1.6e-4, 0.0], rel=1e-15)
    assert got.speed_coin_per_usd3 == pytest.approx([4.8e-6, 0.0], rel=1e-15)
    assert not got.vega_coin_per_vol.any()


def test_coin_numbers_without_vol_are_slopes_of_what_is_in_the_money() -> None:
    """Call in the money, put in the money, at a rate: v = ±(1 - K/F) exp(-r t)."""
    rows = [(100.0, 80.0, 1), (100.0, 125.0, -1)]
    got = coin_greeks(columns([(F, K, 0.0, 0.5, 0.06, 0.0, cp) for F, K, cp in rows]))

    def worth(strike: float, sign: int, forward: Any, vol: Any, gone: Any, rate: Any) -> Any:
        return sign * (1 - strike / forward) * mpmath.exp(-rate * (mpmath.mpf(0.5) - gone))

    for i, (F, K, cp) in enumerate(rows):
        for name, orders in COIN_ORDERS.items():
            want = slope(partial(worth, K, cp), (F, 0.0, 0.0, 0.06), *orders)
            assert getattr(got, name)[i] == pytest.approx(want, rel=1e-13, abs=1e-60), name


def test_coin_numbers_want_the_forward() -> None:
    with pytest.raises(OutOfDomain, match=r"carry_frac_per_year must be zero .* row 0 was 0.01"):
        coin_greeks(columns([(1.0, 1.0, 0.5, 0.1, 0.0, 0.01, 1.0)]))


def test_the_adjusted_delta_at_a_strike_of_hardly_anything_keeps_its_digits() -> None:
    # ±K D / F with the vol gone: a difference of one and one less 1e-20 would be nothing.
    options = columns([(1.0, 1e-20, 0.0, 1.0, 0.0, 0.0, 1.0)])
    got = coin_greeks(options)
    assert got.delta_adjusted_coin.tolist() == [1e-20]
    assert got.slope_coin_per_usd.tolist() == [1e-20]
    assert got.gamma_coin_per_usd2.tolist() == [-2e-20]
