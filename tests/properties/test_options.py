"""Identities that hold for every option."""

import numpy as np
from hypothesis import assume, given
from hypothesis import strategies as st

from hedgerow.pricing import OptionColumns, OptionGreeks, greeks

FORWARDS = st.floats(1.0, 1e6)
DEVIATIONS = st.floats(-5.0, 5.0)
VOLS = st.floats(0.05, 3.0)
YEARS = st.floats(1e-4, 3.0)


def both(forward: float, strike: float, vol: float, years: float) -> OptionGreeks:
    """A call and a put with the same terms."""
    return greeks(
        OptionColumns(
            forward_usd=np.full(2, forward),
            strike_usd=np.full(2, strike),
            vol_frac=np.full(2, vol),
            expiry_years=np.full(2, years),
            is_call=np.array([True, False]),
        )
    )


def strike_at(forward: float, deviations: float, vol: float, years: float) -> float:
    return float(forward * np.exp(deviations * vol * np.sqrt(years)))


@given(FORWARDS, DEVIATIONS, VOLS, YEARS)
def test_calls_meet_puts_by_parity(
    forward: float, deviations: float, vol: float, years: float
) -> None:
    strike = strike_at(forward, deviations, vol, years)
    got = both(forward, strike, vol, years)
    scale = forward + strike
    assert abs(got.value_usd[0] - got.value_usd[1] - (forward - strike)) <= 1e-14 * scale
    assert abs(got.delta_forward_frac[0] - got.delta_forward_frac[1] - 1.0) <= 1e-14
    assert got.gamma_coin_per_usd[0] == got.gamma_coin_per_usd[1]
    assert got.vega_usd_per_vol[0] == got.vega_usd_per_vol[1]
    assert got.theta_usd_per_year[0] == got.theta_usd_per_year[1]


@given(FORWARDS, DEVIATIONS, VOLS, YEARS)
def test_bounds(forward: float, deviations: float, vol: float, years: float) -> None:
    strike = strike_at(forward, deviations, vol, years)
    got = both(forward, strike, vol, years)
    slack = 1e-14 * (forward + strike)
    assert max(forward - strike, 0.0) - slack <= got.value_usd[0] <= forward + slack
    assert max(strike - forward, 0.0) - slack <= got.value_usd[1] <= strike + slack
    assert 0.0 <= got.delta_forward_frac[0] <= 1.0
    assert -1.0 <= got.delta_forward_frac[1] <= 0.0
    assert (got.gamma_coin_per_usd >= 0.0).all()
    assert (got.vega_usd_per_vol >= 0.0).all()
    assert (got.theta_usd_per_year <= 0.0).all()


@given(FORWARDS, DEVIATIONS, VOLS, YEARS)
def test_the_equation_of_black_and_scholes(
    forward: float, deviations: float, vol: float, years: float
) -> None:
    """With no rate and no carry: theta + ½ σ² F² gamma = 0."""
    got = both(forward, strike_at(forward, deviations, vol, years), vol, years)
    decay = 0.5 * vol**2 * forward**2 * got.gamma_coin_per_usd
    np.testing.assert_allclose(got.theta_usd_per_year, -decay, rtol=1e-12)
    # And vega = F² gamma σ T.
    np.testing.assert_allclose(
        got.vega_usd_per_vol, forward**2 * got.gamma_coin_per_usd * vol * years, rtol=1e-12
    )


@given(FORWARDS, st.floats(-3.0, 3.0), VOLS, YEARS)
def test_greeks_are_slopes_of_the_value(
    forward: float, deviations: float, vol: float, years: float
) -> None:
    strike = strike_at(forward, deviations, vol, years)
    got = both(forward, strike, vol, years)
    # A thousandth of a standard deviation: truncation 1e-6, rounding 1e-10 of the slope's scale.
    step = 1e-3 * forward * vol * np.sqrt(years)
    assume(step > 1e-7 * forward)
    high, low = (both(forward + s, strike, vol, years).value_usd for s in (step, -step))
    deltas = [both(forward + s, strike, vol, years).delta_forward_frac for s in (step, -step)]
    np.testing.assert_allclose((high - low) / (2 * step), got.delta_forward_frac, atol=1e-5)
    np.testing.assert_allclose(
        (deltas[0] - deltas[1]) / (2 * step),
        got.gamma_coin_per_usd,
        atol=1e-4 / (forward * vol * np.sqrt(years)),
    )
    dv = 1e-4 * vol
    high, low = (both(forward, strike, vol + s, years).value_usd for s in (dv, -dv))
    np.testing.assert_allclose(
        (high - low) / (2 * dv), got.vega_usd_per_vol, atol=1e-5 * forward * np.sqrt(years)
    )
    dt = 1e-4 * years
    high, low = (both(forward, strike, vol, years + s).value_usd for s in (-dt, dt))
    np.testing.assert_allclose(
        (high - low) / (2 * dt),
        got.theta_usd_per_year,
        atol=1e-5 * forward * vol / np.sqrt(years),
    )


@given(FORWARDS, DEVIATIONS, VOLS, YEARS, st.floats(1e-3, 1e3))
def test_value_is_homogeneous_in_money(
    forward: float, deviations: float, vol: float, years: float, scale: float
) -> None:
    strike = strike_at(forward, deviations, vol, years)
    one, many = both(forward, strike, vol, years), both(scale * forward, scale * strike, vol, years)
    np.testing.assert_allclose(
        many.value_usd, scale * one.value_usd, rtol=1e-9, atol=1e-13 * scale * (forward + strike)
    )
    np.testing.assert_allclose(many.delta_forward_frac, one.delta_forward_frac, atol=1e-12)


@given(FORWARDS, DEVIATIONS, VOLS, YEARS, st.floats(1.01, 3.0))
def test_more_time_or_more_vol_is_worth_more(
    forward: float, deviations: float, vol: float, years: float, more: float
) -> None:
    strike = strike_at(forward, deviations, vol, years)
    now = both(forward, strike, vol, years).value_usd
    slack = 1e-13 * (forward + strike)
    assert (both(forward, strike, more * vol, years).value_usd >= now - slack).all()
    assert (both(forward, strike, vol, more * years).value_usd >= now - slack).all()
