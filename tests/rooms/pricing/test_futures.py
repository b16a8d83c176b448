"""Linear and inverse contracts: by hand, against forty digits, and at their edges."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from mpmath import exp

from hedgerow.errors import OutOfDomain
from hedgerow.pricing import (
    inverse_futures,
    inverse_perpetuals,
    linear_futures,
    linear_perpetuals,
)
from tests.rooms.pricing.slopes import slope


def test_linear_perpetual_by_hand() -> None:
    got = linear_perpetuals(
        quantity_coin=np.array([2.0, -2.0]),
        price_entry_usd=60_000.0,
        price_mark_usd=61_000.0,
        funding_frac_per_interval=1e-4,
    )
    assert got.value_usd.tolist() == [2_000.0, -2_000.0]
    assert got.delta_coin.tolist() == [2.0, -2.0]
    assert got.gamma_coin_per_usd.tolist() == [0.0, 0.0]
    # Longs pay when funding is positive.
    assert got.funding_usd_per_interval == pytest.approx([-12.2, 12.2], rel=1e-15)


def test_linear_future_moves_with_spot_and_basis() -> None:
    x, entry, spot, basis, years = -3.0, 58_000.0, 60_000.0, 0.08, 0.25
    at = (spot, basis)

    def value(spot: Any, basis: Any) -> Any:
        return x * (spot * exp(basis * years) - entry)

    mark = spot * np.exp(basis * years)
    got = linear_futures(
        quantity_coin=np.array([x]),
        price_entry_usd=entry,
        price_mark_usd=mark,
        price_spot_usd=spot,
        expiry_years=years,
    )
    assert got.value_usd[0] == pytest.approx(slope(value, at, 0, 0), rel=1e-13)
    assert got.delta_mark_coin[0] == x
    assert got.delta_spot_coin[0] == pytest.approx(slope(value, at, 1, 0), rel=1e-14)
    assert got.gamma_coin_per_usd[0] == slope(value, at, 2, 0) == 0.0
    assert got.basis_usd_per_rate[0] == pytest.approx(slope(value, at, 0, 1), rel=1e-14)


def test_at_expiry_a_basis_moves_nothing() -> None:
    got = linear_futures(
        quantity_coin=1.0,
        price_entry_usd=100.0,
        price_mark_usd=100.0,
        price_spot_usd=100.0,
        expiry_years=0.0,
    )
    assert got.basis_usd_per_rate[0] == 0.0
    assert got.delta_spot_coin[0] == 1.0


@pytest.mark.parametrize("quantity", [1_000_000.0, -250_000.0])
def test_inverse_contracts_against_forty_digits(quantity: float) -> None:
    entry, mark, coins, years, basis = 52_000.0, 60_000.0, 4.0, 0.5, 0.1

    def profit(mark: Any) -> Any:
        return quantity * (1 / entry - 1 / mark)

    def by_basis(basis: Any) -> Any:
        return profit(mark * exp((basis - 0.1) * years))

    got = inverse_futures(
        quantity_usd=np.array([quantity]),
        price_entry_usd=entry,
        price_mark_usd=mark,
        expiry_years=years,
        collateral_coin=coins,
    )
    at = (mark,)
    assert got.value_coin[0] == pytest.approx(slope(profit, at, 0), rel=1e-14)
    assert got.slope_coin_per_usd[0] == pytest.approx(slope(profit, at, 1), rel=1e-14)
    assert got.gamma_coin_per_usd2[0] == pytest.approx(slope(profit, at, 2), rel=1e-14)
    assert got.delta_coin[0] == pytest.approx(mark * slope(profit, at, 1), rel=1e-14)
    assert got.basis_coin_per_rate[0] == pytest.approx(slope(by_basis, (basis,), 1), rel=1e-14)

    def equity(mark: Any) -> Any:
        return mark * (coins + profit(mark))

    assert got.equity_usd[0] == pytest.approx(slope(equity, at, 0), rel=1e-13)
    assert got.delta_equity_coin[0] == pytest.approx(slope(equity, at, 1), rel=1e-13)


def test_a_long_is_short_gamma_in_coin() -> None:
    got = inverse_perpetuals(
        quantity_usd=np.array([1e6, -1e6]), price_entry_usd=5e4, price_mark_usd=5e4
    )
    assert got.gamma_coin_per_usd2[0] < 0.0 < got.gamma_coin_per_usd2[1]
    assert got.value_coin.tolist() == [0.0, 0.0]


def test_funding_of_an_inverse_perpetual_is_paid_in_coin() -> None:
    got = inverse_perpetuals(
        quantity_usd=np.array([50_000.0, -50_000.0]),
        price_entry_usd=40_000.0,
        price_mark_usd=50_000.0,
        funding_frac_per_interval=1e-3,
    )
    # Notional is one coin.
    assert got.funding_coin_per_interval == pytest.approx([-0.001, 0.001], rel=1e-15)


def test_a_small_move_keeps_its_digits() -> None:
    mark = np.nextafter(60_000.0, 61_000.0)
    got = inverse_perpetuals(quantity_usd=1e6, price_entry_usd=60_000.0, price_mark_usd=mark)
    assert got.value_coin[0] == pytest.approx(1e6 * (mark - 60_000.0) / 60_000.0**2, rel=1e-12)


def test_prices_at_the_bounds_give_numbers() -> None:
    far = np.array([1e-30, 1e30])
    for entry in far:
        for quantity in (-1e30, 1e30):
            linear = linear_futures(
                quantity_coin=quantity,
                price_entry_usd=entry,
                price_mark_usd=far,
                price_spot_usd=far[::-1].copy(),
                expiry_years=1e3,
            )
            inverse = inverse_futures(
                quantity_usd=quantity,
                price_entry_usd=entry,
                price_mark_usd=far,
                expiry_years=1e3,
                collateral_coin=1e30,
            )
            for row in (linear, inverse):
                columns = [getattr(row, name) for name in row.__slots__]
                assert np.isfinite(columns).all()


Call = Callable[[dict[str, Any]], Any]
CALLS: list[tuple[Call, dict[str, Any]]] = [
    (
        lambda given: linear_futures(**given),
        {
            "quantity_coin": 1.0,
            "price_entry_usd": 2.0,
            "price_mark_usd": 3.0,
            "price_spot_usd": 4.0,
            "expiry_years": 1.0,
        },
    ),
    (
        lambda given: linear_perpetuals(**given),
        {
            "quantity_coin": 1.0,
            "price_entry_usd": 2.0,
            "price_mark_usd": 3.0,
            "funding_frac_per_interval": 0.1,
        },
    ),
    (
        lambda given: inverse_futures(**given),
        {
            "quantity_usd": 1.0,
            "price_entry_usd": 2.0,
            "price_mark_usd": 3.0,
            "expiry_years": 1.0,
            "collateral_coin": 1.0,
        },
    ),
    (
        lambda given: inverse_perpetuals(**given),
        {
            "quantity_usd": 1.0,
            "price_entry_usd": 2.0,
            "price_mark_usd": 3.0,
            "collateral_coin": 1.0,
            "funding_frac_per_interval": 0.1,
        },
    ),
]


@pytest.mark.parametrize(("call", "given"), CALLS)
def test_every_column_is_checked(call: Call, given: dict[str, Any]) -> None:
    for name, fine in given.items():
        with pytest.raises(OutOfDomain, match=f"^{name} must be finite .* row 1 was nan"):
            call({**given, name: np.array([fine, np.nan])})
        if name.startswith("price"):
            with pytest.raises(OutOfDomain, match=f"^{name} must be"):
                call({**given, name: np.array([0.0])})
    if "expiry_years" in given:
        with pytest.raises(OutOfDomain, match=r"^expiry_years"):
            call({**given, "expiry_years": -1e-9})


@pytest.mark.parametrize(("call", "given"), CALLS)
def test_results_lie_in_the_buffer_that_was_given(call: Call, given: dict[str, Any]) -> None:
    columns = {name: np.full(3, fine) for name, fine in given.items()}
    plain = call(columns)
    out = np.full((len(plain.__slots__), 3), np.nan)
    into = call({**columns, "out": out})
    for row, name in enumerate(plain.__slots__):
        assert np.shares_memory(getattr(into, name), out)
        assert out[row].tolist() == getattr(plain, name).tolist()
