"""Power perpetuals: derivatives, the fairness of the mark by simulation, and what is backed out."""

from math import log
from typing import Any

import numpy as np
import pytest
from mpmath import exp

from hedgerow.errors import OutOfDomain
from hedgerow.pricing import (
    SQUEETH_FUNDING_YEARS,
    SQUEETH_SCALE_USD,
    power_implied,
    power_perpetuals,
    power_perpetuals_at_premium,
)
from tests.rooms.pricing.slopes import slope

TERMS: dict[str, Any] = {
    "quantity_contracts": 3.0,
    "price_usd": 1_800.0,
    "norm_factor_frac": 0.29,
    "vol_frac": 0.6,
    "rate_frac_per_year": 0.03,
}


def test_the_index_of_a_squeeth_by_hand() -> None:
    got = power_perpetuals(
        quantity_contracts=np.array([1.0, -2.0]),
        price_usd=3_000.0,
        norm_factor_frac=0.5,
        vol_frac=0.0,
    )
    # 0.5 · 3000² / 10000, and no vol adds nothing.
    assert got.index_usd.tolist() == [450.0, -900.0]
    assert got.value_usd.tolist() == [450.0, -900.0]
    assert got.funding_frac_per_year.tolist() == [0.0, 0.0]


def test_squeeth_is_the_default() -> None:
    named = power_perpetuals(
        **TERMS, exponent_power=2.0, scale_usd=10_000.0, funding_years=17.5 / 365
    )
    plain = power_perpetuals(**TERMS)
    assert plain.value_usd.tolist() == named.value_usd.tolist()
    assert SQUEETH_SCALE_USD == 10_000.0
    hours = SQUEETH_FUNDING_YEARS * 365 * 24
    assert hours == pytest.approx(420.0, rel=1e-15)


@pytest.mark.parametrize("p", [1.5, 2.0, 3.0])
@pytest.mark.parametrize("rate", [0.0, 0.03, -0.5])
def test_greeks_against_forty_digits(p: float, rate: float) -> None:
    q, n, f, year = 3.0, 0.29, 0.05, 365.0
    at = (1_800.0, 0.36, 0.0)

    def funding(variance: Any) -> Any:
        return (p - 1) * (rate + p * variance / 2)

    def worth(price: Any, variance: Any, years: Any) -> Any:
        factor = n * exp(-funding(0.36) * years)
        return q * factor * price**p / 10_000 * exp(funding(variance) * f)

    got = power_perpetuals(
        quantity_contracts=q,
        price_usd=at[0],
        norm_factor_frac=n,
        vol_frac=0.6,
        rate_frac_per_year=rate,
        exponent_power=p,
        funding_years=f,
    )
    for name, orders, scale in (
        ("value_usd", (0, 0, 0), 1.0),
        ("delta_coin", (1, 0, 0), 1.0),
        ("gamma_coin_per_usd", (2, 0, 0), 1.0),
        ("variance_usd_per_variance", (0, 1, 0), 1.0),
        ("vega_usd_per_vol", (0, 1, 0), 2 * 0.6),
        ("theta_usd_per_day", (0, 0, 1), 1 / year),
    ):
        want = scale * slope(worth, at, *orders)
        assert getattr(got, name)[0] == pytest.approx(want, rel=1e-13), name
    assert got.funding_frac_per_year[0] == pytest.approx(float(funding(0.36)), rel=1e-14)


@pytest.mark.parametrize("p", [2.0, 3.0])
def test_a_token_held_at_its_mark_costs_nothing_to_carry(p: float) -> None:
    """With this premium and no other, a token grows at the rate: funding pays for convexity."""
    vol, rate, years = 0.7, 0.04, 0.25
    start = power_perpetuals(
        quantity_contracts=1.0,
        price_usd=2_000.0,
        norm_factor_frac=0.3,
        vol_frac=vol,
        rate_frac_per_year=rate,
        exponent_power=p,
    )
    rng = np.random.Generator(np.random.Philox(3))
    half = rng.standard_normal(250_000)
    z = np.concatenate([half, -half])
    price = 2_000.0 * np.exp((rate - vol**2 / 2) * years + vol * np.sqrt(years) * z)
    end = power_perpetuals(
        quantity_contracts=1.0,
        price_usd=price,
        norm_factor_frac=0.3 * np.exp(-start.funding_frac_per_year[0] * years),
        vol_frac=vol,
        rate_frac_per_year=rate,
        exponent_power=p,
    )
    present = np.exp(-rate * years) * end.value_usd
    pairs = (present[: len(half)] + present[len(half) :]) / 2
    error = pairs.std() / np.sqrt(len(pairs))
    assert error < 0.003 * start.value_usd[0]
    assert abs(pairs.mean() - start.value_usd[0]) < 3 * error


def test_what_is_put_in_is_backed_out() -> None:
    vols = np.array([0.0, 0.1, 0.6, 2.0])
    for p in (1.5, 2.0, 3.0):
        marks = power_perpetuals(
            quantity_contracts=1.0,
            price_usd=1_800.0,
            norm_factor_frac=0.29,
            vol_frac=vols,
            rate_frac_per_year=0.05,
            exponent_power=p,
        )
        got = power_implied(
            price_mark_usd=marks.value_usd,
            price_usd=1_800.0,
            norm_factor_frac=0.29,
            rate_frac_per_year=0.05,
            exponent_power=p,
        )
        assert got.variance_frac_per_year == pytest.approx(vols**2, abs=1e-13)
        most = log(1.4) / (17.5 / 365)
        paid = np.minimum(got.funding_frac_per_year, most)
        assert marks.funding_frac_per_year == pytest.approx(paid, abs=1e-13)


def test_a_mark_far_from_its_index_is_priced_whole_and_paid_within_bounds() -> None:
    """Controller: LOWER_MARK_RATIO 0.8, UPPER_MARK_RATIO 1.4; index 400, one day of 17.5."""
    for mark, ratio in ((800.0, 1.4), (520.0, 1.3), (340.0, 0.85), (200.0, 0.8)):
        got = power_perpetuals_at_premium(
            quantity_contracts=1.0,
            price_usd=2_000.0,
            norm_factor_frac=1.0,
            price_recorded_usd=2_000.0,
            price_mark_recorded_usd=mark,
            elapsed_years=1 / 365,
        )
        assert got.value_usd[0] == pytest.approx(mark * ratio ** (-1 / 17.5), rel=1e-12)
        assert got.theta_usd_per_day[0] == pytest.approx(
            -got.value_usd[0] * log(ratio) / 17.5, rel=1e-12
        )


def test_a_mark_below_its_index_has_a_negative_variance() -> None:
    got = power_implied(price_mark_usd=99.0, price_usd=1_000.0, norm_factor_frac=1.0)
    assert got.variance_frac_per_year[0] == pytest.approx(
        np.log(0.99) / SQUEETH_FUNDING_YEARS, rel=1e-13
    )


@pytest.mark.parametrize(
    ("name", "bad"),
    [
        ("norm_factor_frac", 0.0),
        ("norm_factor_frac", 1e4),
        ("vol_frac", -0.1),
        ("price_usd", 0.0),
        ("exponent_power", 1.0),
        ("exponent_power", 5.0),
        ("funding_years", 0.0),
        ("scale_usd", 0.0),
        ("rate_frac_per_year", float("nan")),
    ],
)
def test_what_cannot_be_is_refused(name: str, bad: float) -> None:
    with pytest.raises(OutOfDomain, match=f"^{name} must be finite .* row 1 was"):
        power_perpetuals(**{**TERMS, name: np.array([TERMS.get(name, 2.0), bad])})


def test_at_the_bounds_there_are_numbers() -> None:
    for price in (1e-30, 1e30):
        for p in (1.5, 4.0):
            given: dict[str, Any] = {
                "price_usd": price,
                "norm_factor_frac": 1e-30,
                "exponent_power": p,
            }
            got = power_perpetuals(quantity_contracts=1e30, vol_frac=1.0, scale_usd=1e-30, **given)
            assert np.isfinite([getattr(got, name) for name in got.__slots__]).all()
            back = power_implied(price_mark_usd=1e-30, scale_usd=1e30, **given)
            assert np.isfinite(back.variance_frac_per_year).all()


def at_premium(**changes: Any) -> Any:
    given: dict[str, Any] = {
        "quantity_contracts": 2.0,
        "price_usd": 2_200.0,
        "norm_factor_frac": 0.3,
        "price_recorded_usd": 2_000.0,
        "price_mark_recorded_usd": np.array([122.4, 119.4]),  # of an index of 120
    }
    return power_perpetuals_at_premium(**{**given, **changes})


@pytest.mark.parametrize("p", [2.0, 3.0])
def test_a_recorded_premium_is_carried_to_another_price(p: float) -> None:
    index = 0.3 * 2_000.0**p / 10_000
    got = at_premium(exponent_power=p, price_mark_recorded_usd=index * np.array([1.02, 1.0, 0.995]))
    premium = np.array([1.02, 1.0, 0.995])
    assert got.value_usd == pytest.approx(2 * premium * index * 1.1**p, rel=1e-14)
    assert got.delta_coin == pytest.approx(p * got.value_usd / 2_200, rel=1e-14)
    assert got.funding_frac_per_year == pytest.approx(
        np.log(premium) / SQUEETH_FUNDING_YEARS, abs=1e-13
    )
    # Only what lies above the index is variance.
    assert got.vega_usd_per_vol[0] > 1.0
    assert got.vega_usd_per_vol[2] == 0.0


def test_a_vol_twice_as_high_has_four_times_the_premium_and_leaves_a_discount() -> None:
    plain, moved = at_premium(), at_premium(vol_factor_frac=2.0)
    assert moved.value_usd[0] / plain.index_usd[0] == pytest.approx(1.02**4, rel=1e-13)
    assert moved.value_usd[1] == plain.value_usd[1]


def test_a_factor_falls_by_the_funding_of_the_vol_that_was_moved_to() -> None:
    year = SQUEETH_FUNDING_YEARS / 2
    got = at_premium(elapsed_years=year, vol_factor_frac=2.0)
    index = at_premium().index_usd
    assert got.index_usd == pytest.approx(index * np.array([1.02**-2.0, 0.995**-0.5]), rel=1e-13)


@pytest.mark.parametrize("name", ["vol_factor_frac", "elapsed_years", "price_recorded_usd"])
def test_what_cannot_be_carried_is_refused(name: str) -> None:
    with pytest.raises(OutOfDomain, match=r"must be finite .* row 0 was -1\.0"):
        at_premium(**{name: -1.0})
