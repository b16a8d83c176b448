"""Lines of the methods sheet, sections 1 to 5, that the machine-readable collection lacks.

The sheet prints them in words; what `tests/golden/methods/numbers.json` holds is asserted where it
is used (`test_european`, `test_implied`, `test_svi`, `test_scenarios`, `test_pool`).
"""

from math import exp, sqrt
from typing import Any

import mpmath
import numpy as np
import pytest

from hedgerow.market.svi import (
    Svi,
    density_g,
    from_jump_wings,
    slopes,
    to_jump_wings,
    total_variance,
)
from hedgerow.pricing import (
    EuropeanColumns,
    ImpliedReason,
    MinimumVariance,
    OptionColumns,
    coin_greeks,
    european_greeks,
    implied_vols,
    minimum_variance_deltas,
    pin_risk,
    quote_vols,
)
from tests.golden.read import numbers
from tests.rooms.pricing.forty_digits import forty_digits

ONE_YEAR = np.array([1.0])


def sheet_option(is_call: bool) -> EuropeanColumns:
    one = np.ones(1)
    return EuropeanColumns(
        underlying_usd=60_000.0 * one,
        strike_usd=65_000.0 * one,
        vol_frac=0.65 * one,
        expiry_years=0.2 * one,
        is_call=np.array([is_call]),
        rate_frac_per_year=0.05,
        carry_frac_per_year=0.02,
        carry_follows_rate=True,
    )


# Section 1, the two rows marked [calc], as printed.
CALL = {
    "delta_underlying_frac": 0.45101281643741,
    "gamma_coin_per_usd": 2.2583441764964e-5,
    "vega_usd_per_vol": 10569.050746003,
    "theta_usd_per_year": -17463.409377243,
    "vanna_coin_per_vol": 0.24659598230448,
    "volga_usd_per_vol2": 769.21347170621,
    "charm_coin_per_year": -0.41428821686962,
    "speed_coin_per_usd2": -2.2586690006187e-10,
    "zomma_coin_per_usd_vol": -3.3100138032196e-5,
    "color_coin_per_usd_year": 5.4284599000043e-5,
    "veta_usd_per_vol_year": -27440.061397996,
    "ultima_usd_per_vol3": -5608.0429645756,
}
PUT = {
    "delta_underlying_frac": -0.54300514761652,
    "theta_usd_per_year": -16034.979752855,
    "charm_coin_per_year": -0.44410875579123,
}


@pytest.mark.parametrize(("is_call", "want"), [(True, CALL), (False, PUT)])
def test_the_option_of_section_1(is_call: bool, want: dict[str, float]) -> None:
    got = european_greeks(sheet_option(is_call), with_third_vol=True)
    for name, value in want.items():
        # Fourteen digits are printed.
        assert getattr(got, name)[0] == pytest.approx(value, rel=1e-13, abs=0.0), name


def test_the_coin_option_of_section_2_has_its_value_in_quote() -> None:
    want = numbers("inverse_option")
    one = np.ones(1)
    options = EuropeanColumns(
        underlying_usd=60_000.0 * one, strike_usd=65_000.0 * one, vol_frac=0.65 * one,
        expiry_years=0.2 * one, is_call=np.array([True]),
    )  # fmt: skip
    got, coin = european_greeks(options), coin_greeks(options)
    assert got.value_usd[0] == pytest.approx(float(want["value_quote"]), rel=1e-13)
    assert got.delta_underlying_frac[0] == pytest.approx(float(want["delta"]), rel=1e-13)
    # delta_PA = delta - v = F dv/dF.
    adjusted = got.delta_underlying_frac[0] - coin.value_coin[0]
    assert coin.delta_adjusted_coin[0] == pytest.approx(adjusted, rel=1e-13)
    assert coin.delta_adjusted_coin[0] == pytest.approx(60_000 * coin.slope_coin_per_usd[0])


def test_tails_keep_their_digits_beyond_eight_deviations() -> None:
    """Section 1, pitfall 2: 1 - N(x) would lose everything there."""
    for z in (8.5, 12.0, 20.0, 30.0):
        for cp in (1.0, -1.0):
            row = (100.0, 100.0 * exp(cp * z * 0.3), 0.3, 1.0, 0.0, 0.0, cp)
            S, K, v, T, r, b, _ = (np.array([x]) for x in row)
            got = european_greeks(
                EuropeanColumns(
                    underlying_usd=S, strike_usd=K, vol_frac=v, expiry_years=T,
                    is_call=np.array([cp > 0]), rate_frac_per_year=r, carry_frac_per_year=b,
                )
            )  # fmt: skip
            forty = forty_digits(*row, follows=False)
            assert got.value_usd[0] == pytest.approx(float(forty["value"][0]), rel=1e-11, abs=0.0)
            assert got.delta_underlying_frac[0] == pytest.approx(
                float(forty["delta"][0]), rel=1e-11, abs=0.0
            )


def test_pin_risk_ends_at_one_hour_s_deviation() -> None:
    """Section 1, pitfall 3: |S - K| / S < σ √(1 h)."""
    width = 60_000 * 0.65 * sqrt(3_600 / 31_536_000)
    strikes = np.array([60_000 - 0.999 * width, 60_000 - 1.001 * width, 60_000 + 0.999 * width])
    assert pin_risk(60_000.0, strikes, 0.65, 0.0).tolist() == [True, False, True]
    assert pin_risk(60_000.0, strikes, 0.65, 1.01 / 365).tolist() == [False] * 3
    assert pin_risk(60_000.0, [60_000.0, 60_001.0], 0.0, 0.0).tolist() == [True, False]
    assert pin_risk(np.nan, 1.0, 0.5, 0.0).tolist() is False


def test_twenty_thousand_vols_come_back_as_section_4_asks() -> None:
    """T .003-2 y, σ .1-2.5, |ln(K/F)| ≤ 4 σ√T, out of the money: within 1e-12, no exceptions."""
    rng = np.random.default_rng(20260302)
    n = 20_000
    years, vol = rng.uniform(0.003, 2.0, n), rng.uniform(0.1, 2.5, n)
    forward = 10.0 ** rng.uniform(0.0, 5.0, n)
    strike = forward * np.exp(rng.uniform(-4.0, 4.0, n) * vol * np.sqrt(years))
    call = strike >= forward
    price = european_greeks(
        EuropeanColumns(
            underlying_usd=forward, strike_usd=strike, vol_frac=vol, expiry_years=years,
            is_call=call,
        )
    ).value_usd  # fmt: skip
    found = implied_vols(price, forward, strike, years, call)
    assert (found.reason_code == ImpliedReason.OK).all()
    assert np.abs(found.vol_frac / vol - 1.0).max() < 1e-12


def test_width_and_tick_are_prices_over_vega() -> None:
    """Section 4: width in vol = (ask - bid) / vega, tick in vol = tick / vega; at the mid's vol."""
    forty = forty_digits(60_000.0, 65_000.0, 0.65, 0.2, 0.0, 0.0, 1.0, follows=False)
    mid, vega = float(forty["value"][0]), float(forty["vega"][0])
    got = quote_vols(mid - 40.0, mid + 40.0, 60_000.0, 65_000.0, 0.2, True, tick_usd=30.0)
    assert float(got.width_volpt) == pytest.approx(100 * 80.0 / vega, rel=1e-11)
    assert float(got.tick_volpt) == pytest.approx(100 * 30.0 / vega, rel=1e-11)


def vogt() -> Svi:
    raw = numbers("svi_vogt")["raw"]
    return Svi(*(np.array([float(raw[name])]) for name in ("a", "b", "rho", "m", "s")))


def test_the_wings_of_the_paper_as_printed() -> None:
    """Section 5.1, Gatheral and Jacquier (2014): six to seven digits of the jump wings."""
    printed = {"v": 0.01742625, "psi": -0.1752111, "p": 0.6997381, "c": 1.316798,
               "v_tilde": 0.0116249}  # fmt: skip
    wings = to_jump_wings(vogt(), ONE_YEAR)
    for name, value in printed.items():
        assert getattr(wings, name)[0] == pytest.approx(value, rel=4e-6), name


def test_the_best_repair_of_the_paper_has_no_butterfly() -> None:
    """Section 5.1: c* = 0.8564763, ṽ* = 0.0116249, where g falls to 0.00812."""
    wings = to_jump_wings(vogt(), ONE_YEAR)._replace(
        c=np.array([0.8564763]), v_tilde=np.array([0.0116249])
    )
    g = density_g(from_jump_wings(wings, ONE_YEAR), np.linspace(-1.5, 1.5, 6001)[None])
    assert g.min() == pytest.approx(0.00812, abs=6e-6)


def test_slopes_of_a_slice_are_those_of_section_5() -> None:
    """w' = b (ρ + (k-m)/√·), w'' = b s² / ((k-m)² + s²)^{3/2}, in forty digits."""

    def w(k: Any) -> Any:
        a, b, rho, m, s = (mpmath.mpf(float(each[0])) for each in vogt())
        return a + b * (rho * (k - m) + mpmath.sqrt((k - m) ** 2 + s**2))

    points = np.linspace(-2.0, 2.0, 9)
    got = slopes(vogt(), points[None])
    with mpmath.workdps(40):
        for i, k in enumerate(points):
            for order in range(3):
                want = float(mpmath.diff(w, mpmath.mpf(float(k)), order))
                assert got[order][0, i] == pytest.approx(want, rel=1e-13, abs=1e-15)


def test_the_point_of_a_library_s_own_test_in_full() -> None:
    """Section 5.1 [lib]: F = 123.45, T = 11/365, and w(m) = a + b s to the last digit."""
    slice_ = Svi(*(np.array([x]) for x in (-0.0666, 0.229, 0.439, 0.193, 0.337)))
    assert total_variance(slice_, np.array([[0.193]]))[0, 0] == pytest.approx(
        -0.0666 + 0.229 * 0.337, rel=1e-15
    )


def test_the_minimum_variance_delta_of_section_5() -> None:
    """δ + vega / (S √T) · (a + b δ + c δ²), with forty digits of delta and vega."""
    forty = forty_digits(60_000.0, 65_000.0, 0.65, 0.2, 0.0, 0.0, 1.0, follows=False)
    delta, vega = float(forty["delta"][0]), float(forty["vega"][0])
    one = np.ones(1)
    got = minimum_variance_deltas(
        OptionColumns(60_000 * one, 65_000 * one, 0.65 * one, 0.2 * one, np.array([True])),
        MinimumVariance(a_frac=-0.25, b_frac=0.4, c_frac=-0.1, explained_frac=1.0, rows_count=3),
    )
    want = delta + vega / (60_000 * sqrt(0.2)) * (-0.25 + 0.4 * delta - 0.1 * delta**2)
    assert got.delta_forward_frac[0] == pytest.approx(want, rel=1e-13)
