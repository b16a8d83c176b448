"""Staked coins, loans and fixed yields: by hand and against forty digits."""

from typing import Any

import numpy as np
import pytest
from mpmath import exp

from hedgerow.errors import OutOfDomain
from hedgerow.pricing import fixed_yield_tokens, loans, staked_coins
from tests.rooms.pricing.slopes import slope


def test_staked_coin_against_forty_digits() -> None:
    q, growth, year = 10.0, 0.032, 365.0
    at = (2_000.0, 0.015, 0.0)

    def worth(base: Any, discount: Any, days: Any) -> Any:
        return q * 1.2 * (1 + growth * days / year) * base * (1 - discount)

    got = staked_coins(
        quantity_coin=np.array([q, -q]),
        rate_coin_per_coin=1.2,
        price_base_usd=at[0],
        discount_frac=at[1],
        growth_frac_per_year=growth,
    )
    for name, orders in (
        ("value_usd", (0, 0, 0)),
        ("delta_base_coin", (1, 0, 0)),
        ("gamma_coin_per_usd", (2, 0, 0)),
        ("discount_usd_per_frac", (0, 1, 0)),
        ("accrual_usd_per_day", (0, 0, 1)),
    ):
        want = slope(worth, at, *orders)
        assert getattr(got, name) == pytest.approx([want, -want], rel=1e-14), name
    assert got.discount_usd_per_frac[0] < 0.0  # a wider discount costs who holds


def test_a_premium_is_a_negative_discount() -> None:
    got = staked_coins(
        quantity_coin=1.0, rate_coin_per_coin=1.0, price_base_usd=100.0, discount_frac=-0.01
    )
    assert got.value_usd[0] == pytest.approx(101.0, rel=1e-15)


@pytest.mark.parametrize("bad", [1.0, 1.5, float("nan")])
def test_a_discount_of_all_is_refused(bad: float) -> None:
    with pytest.raises(OutOfDomain, match=r"^discount_frac must be finite .* row 0 was"):
        staked_coins(
            quantity_coin=1.0, rate_coin_per_coin=1.0, price_base_usd=1.0, discount_frac=bad
        )


def test_a_debt_pays_and_a_supply_earns() -> None:
    got = loans(
        quantity_coin=np.array([100.0, -100.0]),
        index_coin_per_coin=np.array([1.1, 1.25]),
        price_usd=2_000.0,
        rate_frac_per_year=0.0365,
    )
    assert got.delta_coin == pytest.approx([110.0, -125.0], rel=1e-15)
    assert got.value_usd == pytest.approx([220_000.0, -250_000.0], rel=1e-15)
    # A ten-thousandth a day, compounded.
    per_day = np.expm1(1e-4)
    assert got.interest_usd_per_day == pytest.approx([220_000 * per_day, -250_000 * per_day])
    assert got.interest_usd == pytest.approx(got.interest_usd_per_day)  # the horizon is a day
    assert got.gamma_coin_per_usd.tolist() == [0.0, 0.0]


def test_interest_over_a_horizon_moves_with_the_rate() -> None:
    def interest(rate: Any) -> Any:
        return 3 * 1.5 * 2_000 * (exp(rate * 0.25) - 1)

    got = loans(
        quantity_coin=3.0,
        index_coin_per_coin=1.5,
        price_usd=2_000.0,
        rate_frac_per_year=0.08,
        horizon_years=0.25,
    )
    assert got.interest_usd[0] == pytest.approx(slope(interest, (0.08,), 0), rel=1e-14)
    assert got.rate_usd_per_rate[0] == pytest.approx(slope(interest, (0.08,), 1), rel=1e-14)
    # A small rate keeps its digits.
    tiny = loans(
        quantity_coin=1.0, index_coin_per_coin=1.0, price_usd=1.0, rate_frac_per_year=1e-13
    )
    assert tiny.interest_usd_per_day[0] == pytest.approx(1e-13 / 365, rel=1e-12)


def test_fixed_yield_against_forty_digits() -> None:
    q, year = -4.0, 365.0
    at = (2_000.0, 0.11, 0.4)

    def worth(price: Any, rate: Any, years: Any) -> Any:
        return q * price * exp(-rate * years)

    got = fixed_yield_tokens(
        quantity_coin=q, price_usd=at[0], yield_frac_per_year=at[1], expiry_years=at[2]
    )
    for name, orders, scale in (
        ("value_usd", (0, 0, 0), 1.0),
        ("delta_coin", (1, 0, 0), 1.0),
        ("gamma_coin_per_usd", (2, 0, 0), 1.0),
        ("yield_usd_per_rate", (0, 1, 0), 1.0),
        ("yield_usd_per_rate2", (0, 2, 0), 1.0),
        ("delta_coin_per_rate", (1, 1, 0), 1.0),
        ("theta_usd_per_day", (0, 0, 1), -1.0 / year),  # time passes, expiry comes nearer
    ):
        want = scale * slope(worth, at, *orders)
        assert getattr(got, name)[0] == pytest.approx(want, rel=1e-14), name


def test_at_expiry_a_fixed_yield_is_the_asset() -> None:
    got = fixed_yield_tokens(
        quantity_coin=2.0, price_usd=50.0, yield_frac_per_year=0.3, expiry_years=0.0
    )
    assert got.value_usd[0] == 100.0
    assert got.yield_usd_per_rate[0] == 0.0


def test_growth_beyond_measure_is_refused() -> None:
    with pytest.raises(OutOfDomain, match=r"^yield_frac_per_year times years .* row 0 was"):
        fixed_yield_tokens(
            quantity_coin=1.0, price_usd=1.0, yield_frac_per_year=-101.0, expiry_years=1.0
        )
    with pytest.raises(OutOfDomain, match=r"^rate_frac_per_year times years"):
        loans(
            quantity_coin=1.0,
            index_coin_per_coin=1.0,
            price_usd=1.0,
            rate_frac_per_year=101.0,
            horizon_years=1.0,
        )


def test_buffers_are_used() -> None:
    for call, given, rows in (
        (
            staked_coins,
            {"quantity_coin": 1.0, "rate_coin_per_coin": 1.0, "price_base_usd": 1.0},
            5,
        ),
        (
            loans,
            {
                "quantity_coin": 1.0,
                "index_coin_per_coin": 1.0,
                "price_usd": 1.0,
                "rate_frac_per_year": 0.1,
            },
            6,
        ),
        (
            fixed_yield_tokens,
            {
                "quantity_coin": 1.0,
                "price_usd": 1.0,
                "yield_frac_per_year": 0.1,
                "expiry_years": 1.0,
            },
            7,
        ),
    ):
        out = np.full((rows, 1), np.nan)
        got = call(**given, out=out)
        assert all(np.shares_memory(getattr(got, name), out) for name in got.__slots__)
        assert np.isfinite(out).all()
