"""Identities that hold for every European option, with rates and carry."""

from itertools import pairwise
from typing import TypeAlias

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.pricing import CoinGreeks, EuropeanColumns, EuropeanGreeks, coin_greeks
from hedgerow.pricing import european_greeks as greeks

# Spot, deviations of the strike, σ√T, years, rate, carry.
Terms: TypeAlias = tuple[float, float, float, float, float, float]
TERMS = st.tuples(
    st.floats(1.0, 1e6),
    st.floats(-6.0, 6.0),
    st.floats(0.01, 2.0),
    st.floats(1 / 365, 3.0),
    st.floats(-0.05, 0.3),
    st.floats(-0.1, 0.3),
)


def columns(
    terms: Terms, *, spot: float = 0.0, vol: float = 0.0, years: float = 0.0, rate: float = 0.0
) -> EuropeanColumns:
    """A call and a put; what is named moves them, with the strike held."""
    S, z, s, T, r, b = terms
    strike = S * np.exp(b * T + z * s)
    return EuropeanColumns(
        underlying_usd=np.full(2, S + spot),
        strike_usd=np.full(2, strike),
        vol_frac=np.full(2, s / np.sqrt(T) + vol),
        expiry_years=np.full(2, T + years),
        is_call=np.array([True, False]),
        rate_frac_per_year=r + rate,
        carry_frac_per_year=b + rate,
        carry_follows_rate=True,
    )


def of(terms: Terms) -> EuropeanGreeks:
    return greeks(columns(terms), with_third_vol=True)


@given(TERMS)
def test_parity(terms: Terms) -> None:
    S, z, s, T, r, b = terms
    got = of(terms)
    forward, strike = S * np.exp((b - r) * T), S * np.exp(b * T + z * s) * np.exp(-r * T)
    scale = forward + strike
    assert abs(got.value_usd[0] - got.value_usd[1] - (forward - strike)) <= 2e-15 * scale
    one = np.exp((b - r) * T)
    assert abs(got.delta_underlying_frac[0] - got.delta_underlying_frac[1] - one) <= 2e-15 * one
    gap = got.rho_usd_per_rate[0] - got.rho_usd_per_rate[1]
    assert abs(gap - T * strike) <= 2e-15 * T * strike
    gap = got.theta_usd_per_year[0] - got.theta_usd_per_year[1]
    want = (r - b) * forward - r * strike
    decay = abs(got.theta_usd_per_year[1]) + abs(r) * scale + abs(r - b) * scale
    assert abs(gap - want) <= 1e-14 * decay


@given(TERMS)
def test_calls_and_puts_share_what_is_curved(terms: Terms) -> None:
    got = of(terms)
    assert got.veta_usd_per_vol_year is not None
    assert got.ultima_usd_per_vol3 is not None
    for pair in (
        got.gamma_coin_per_usd, got.vega_usd_per_vol, got.vanna_coin_per_vol,
        got.volga_usd_per_vol2, got.speed_coin_per_usd2, got.zomma_coin_per_usd_vol,
        got.color_coin_per_usd_year, got.veta_usd_per_vol_year, got.ultima_usd_per_vol3,
    ):  # fmt: skip
        assert pair[0] == pair[1]


@given(TERMS)
def test_the_equation_of_black_and_scholes(terms: Terms) -> None:
    S, _, s, T, r, b = terms
    got = of(terms)
    curved = 0.5 * s**2 / T * S**2 * got.gamma_coin_per_usd
    slope = b * S * got.delta_underlying_frac
    kept = r * got.value_usd
    terms_size = np.abs(got.theta_usd_per_year) + curved + np.abs(slope) + np.abs(kept)
    off = got.theta_usd_per_year + slope + curved - kept
    # theta is put together from the legs, each as large as r times spot or strike.
    legs = (abs(r) + abs(b)) * (S * np.abs(got.delta_underlying_frac) + got.value_usd)
    assert (np.abs(off) <= 1e-13 * (terms_size + legs)).all()


@given(TERMS)
def test_vega_and_gamma_are_one(terms: Terms) -> None:
    S, _, s, T, _, _ = terms
    got = of(terms)
    np.testing.assert_allclose(
        got.vega_usd_per_vol, S**2 * got.gamma_coin_per_usd * s * np.sqrt(T), rtol=1e-14
    )


@given(TERMS)
def test_bounds(terms: Terms) -> None:
    S, z, s, T, r, b = terms
    got = of(terms)
    legs = np.array([S * np.exp((b - r) * T), S * np.exp(b * T + z * s - r * T)])
    inside = np.maximum([legs[0] - legs[1], legs[1] - legs[0]], 0.0)
    assert (got.value_usd >= inside - 1e-15 * legs.sum()).all()
    assert (got.value_usd <= legs * (1.0 + 1e-15)).all()
    assert (got.gamma_coin_per_usd >= 0.0).all()
    assert got.delta_underlying_frac[0] >= 0.0 >= got.delta_underlying_frac[1]


def meets(high: object, low: object, step: float, want: object, size: object) -> None:
    """Compare a symmetric difference with a derivative, to a part in 10,000 of some size."""
    slope = (np.asarray(high) - np.asarray(low)) / (2.0 * step)
    assert (np.abs(slope - np.asarray(want)) <= 1e-4 * np.asarray(size)).all(), (slope, want)


@given(TERMS)
def test_greeks_are_slopes_of_each_other(terms: Terms) -> None:
    """In spot, vol, time and rate; sizes are those of a Greek at the money."""
    S, _, s, T, r, b = terms
    vol = s / np.sqrt(T)
    got = of(terms)
    E, M = np.exp((b - r) * T), S * np.exp((b - r) * T)
    time_size = 1.0 + abs(b) * T / s + (abs(r) + abs(b)) * T
    step = 1e-3 * S * s
    up, down = (greeks(columns(terms, spot=by)) for by in (step, -step))
    meets(up.value_usd, down.value_usd, step, got.delta_underlying_frac, E)
    gamma_size = E / (S * s)
    meets(
        up.delta_underlying_frac, down.delta_underlying_frac, step, got.gamma_coin_per_usd,
        gamma_size,
    )  # fmt: skip
    meets(
        up.gamma_coin_per_usd, down.gamma_coin_per_usd, step, got.speed_coin_per_usd2,
        gamma_size / (S * s) * (1 + s),
    )  # fmt: skip
    meets(up.vega_usd_per_vol, down.vega_usd_per_vol, step, got.vanna_coin_per_vol, E / vol)

    step = 1e-3 * vol
    up, down = (greeks(columns(terms, vol=by), with_third_vol=True) for by in (step, -step))
    root = np.sqrt(T)
    meets(up.value_usd, down.value_usd, step, got.vega_usd_per_vol, M * root)
    meets(up.vega_usd_per_vol, down.vega_usd_per_vol, step, got.volga_usd_per_vol2, M * root / vol)
    meets(
        up.volga_usd_per_vol2, down.volga_usd_per_vol2, step, got.ultima_usd_per_vol3,
        M * root / vol**2,
    )  # fmt: skip
    meets(
        up.gamma_coin_per_usd, down.gamma_coin_per_usd, step, got.zomma_coin_per_usd_vol,
        gamma_size / vol,
    )  # fmt: skip

    step = 1e-3 * T
    up, down = (greeks(columns(terms, years=by)) for by in (-step, step))
    meets(up.value_usd, down.value_usd, step, got.theta_usd_per_year, M * s / T * time_size + M)
    meets(
        up.delta_underlying_frac, down.delta_underlying_frac, step, got.charm_coin_per_year,
        E / T * time_size,
    )  # fmt: skip
    meets(
        up.gamma_coin_per_usd, down.gamma_coin_per_usd, step, got.color_coin_per_usd_year,
        gamma_size / T * time_size,
    )  # fmt: skip
    meets(
        up.vega_usd_per_vol, down.vega_usd_per_vol, step, got.veta_usd_per_vol_year,
        M * root / T * time_size,
    )  # fmt: skip

    step = 1e-3 * min(s / T, 0.1)
    up, down = (greeks(columns(terms, rate=by)) for by in (step, -step))
    meets(up.value_usd, down.value_usd, step, got.rho_usd_per_rate, T * (M + S * np.exp(-r * T)))


def in_coin(
    terms: Terms, *, spot: float = 0.0, vol: float = 0.0, years: float = 0.0, rate: float = 0.0
) -> CoinGreeks:
    """A call and a put on a forward, paid in coin; what is named moves them."""
    S, z, s, T, r, _ = terms
    return coin_greeks(
        EuropeanColumns(
            underlying_usd=np.full(2, S + spot),
            strike_usd=np.full(2, S * np.exp(z * s)),
            vol_frac=np.full(2, s / np.sqrt(T) + vol),
            expiry_years=np.full(2, T + years),
            is_call=np.array([True, False]),
            rate_frac_per_year=r + rate,
        )
    )


@given(TERMS)
def test_coin_greeks_are_slopes_of_each_other(terms: Terms) -> None:
    """In forward, vol, time and rate; sizes are those of a Greek at the money."""
    S, z, s, T, r, _ = terms
    got, vol = in_coin(terms), s / np.sqrt(T)
    size = (1.0 + np.exp(z * s)) * np.exp(-r * T)
    bend = (1.0 + s) / s  # what a further derivative by the logarithm of the forward adds
    chain = ("value_coin", "slope_coin_per_usd", "gamma_coin_per_usd2", "speed_coin_per_usd3")
    step = 1e-3 * S * s
    up, down = (in_coin(terms, spot=by) for by in (step, -step))
    for order, (of, to) in enumerate(pairwise(chain)):
        scale = size / S * (bend / S) ** order
        meets(getattr(up, of), getattr(down, of), step, getattr(got, to), scale)

    step = 1e-3 * vol
    up, down = (in_coin(terms, vol=by) for by in (step, -step))
    for of, to, scale in (
        ("value_coin", "vega_coin_per_vol", s / vol),
        ("vega_coin_per_vol", "volga_coin_per_vol2", s * bend / vol**2),
        ("volga_coin_per_vol2", "ultima_coin_per_vol3", s * bend**2 / vol**3),
        ("slope_coin_per_usd", "vanna_coin_per_usd_vol", s * bend / vol / S),
        ("gamma_coin_per_usd2", "zomma_coin_per_usd2_vol", s * bend**2 / vol / S**2),
    ):
        meets(getattr(up, of), getattr(down, of), step, getattr(got, to), size * scale)

    step = 1e-3 * T
    up, down = (in_coin(terms, years=by) for by in (-step, step))
    time = (1.0 + abs(r) * T / s) / T
    for of, to, scale in (
        ("value_coin", "theta_coin_per_year", s),
        ("vega_coin_per_vol", "veta_coin_per_vol_year", s * bend / vol),
        ("slope_coin_per_usd", "charm_coin_per_usd_year", s * bend / S),
        ("gamma_coin_per_usd2", "color_coin_per_usd2_year", s * bend**2 / S**2),
    ):
        meets(getattr(up, of), getattr(down, of), step, getattr(got, to), size * time * scale)

    step = 1e-3 * min(s / T, 0.1)
    up, down = (in_coin(terms, rate=by) for by in (step, -step))
    meets(up.value_coin, down.value_coin, step, got.rho_coin_per_rate, T * size)


@given(TERMS)
def test_a_coin_call_less_a_put_is_what_parity_says(terms: Terms) -> None:
    S, z, s, T, r, _ = terms
    got = in_coin(terms)
    strike, discount = np.exp(z * s), np.exp(-r * T)
    gap = got.value_coin[0] - got.value_coin[1]
    np.testing.assert_allclose(
        gap, (1.0 - strike) * discount, rtol=0, atol=5e-15 * (1.0 + strike) * discount
    )
    # K D / F of slope in F, then twice and three times: nothing of it depends on the vol.
    leg = strike * discount
    for name, want in (
        ("delta_adjusted_coin", leg), ("slope_coin_per_usd", leg / S),
        ("gamma_coin_per_usd2", -2.0 * leg / S**2), ("speed_coin_per_usd3", 6.0 * leg / S**3),
        ("charm_coin_per_usd_year", r * leg / S), ("color_coin_per_usd2_year", -2 * r * leg / S**2),
    ):  # fmt: skip
        call, put = getattr(got, name)
        size = abs(want) + abs(call) + abs(put)
        assert abs(call - put - want) <= 1e-13 * size, name
    for name in (
        "vega_coin_per_vol", "volga_coin_per_vol2", "ultima_coin_per_vol3",
        "vanna_coin_per_usd_vol", "zomma_coin_per_usd2_vol", "veta_coin_per_vol_year",
    ):  # fmt: skip
        call, put = getattr(got, name)
        assert call == put, name
