"""Pool shares against the closed forms of the methods sheet, section 3."""

from typing import Any

import numpy as np
import pytest
from mpmath import sqrt

from hedgerow.errors import OutOfDomain
from hedgerow.pricing import (
    concentrated_shares,
    constant_product_shares,
    losses_versus_holding,
    losses_versus_rebalancing_usd_per_year,
)
from tests.golden.read import numbers
from tests.rooms.pricing.slopes import slope

LOW, HIGH, SIZE = 1_600.0, 2_500.0, 1_000.0


def share(price_usd: Any) -> Any:
    return concentrated_shares(
        liquidity_contracts=SIZE,
        price_usd=price_usd,
        price_lower_usd=LOW,
        price_upper_usd=HIGH,
    )


def test_loss_against_holding_of_the_sheet() -> None:
    cases = {float(ratio): float(loss) for ratio, loss in numbers("lp")["loss_vs_hold"].items()}
    prices = 2_000.0 * np.array(list(cases))
    start = constant_product_shares(liquidity_contracts=5.0, price_usd=np.full(len(prices), 2e3))
    now = constant_product_shares(liquidity_contracts=5.0, price_usd=prices)
    got = losses_versus_holding(start, now, price_usd=prices)
    assert got.loss_frac == pytest.approx(list(cases.values()), abs=1e-15)
    assert got.held_usd == pytest.approx(5 * (prices / 2e3**0.5 + 2e3**0.5), rel=1e-15)
    assert got.loss_usd == pytest.approx(got.loss_frac * got.held_usd, rel=1e-12)


def test_concentrated_share_of_the_sheet() -> None:
    want = {name: float(number) for name, number in numbers("lp")["concentrated"].items()}
    got = concentrated_shares(
        liquidity_contracts=want["L"],
        price_usd=want["P"],
        price_lower_usd=want["Pa"],
        price_upper_usd=want["Pb"],
    )
    assert got.delta_coin[0] == pytest.approx(want["x"], rel=1e-14)
    assert got.quote_usd[0] == pytest.approx(want["y"], rel=1e-14)
    assert got.value_usd[0] == pytest.approx(want["value"], rel=1e-14)
    assert got.gamma_coin_per_usd[0] == pytest.approx(want["gamma"], rel=1e-14)


def test_outside_its_range_a_share_is_one_asset() -> None:
    got = share(np.array([1_500.0, 3_000.0]))
    assert got.value_usd == pytest.approx([7_500.0, 10_000.0], rel=1e-14)
    assert got.quote_usd.tolist() == [0.0, pytest.approx(10_000.0, rel=1e-14)]
    assert got.delta_coin.tolist() == [pytest.approx(5.0, rel=1e-14), 0.0]
    assert got.gamma_coin_per_usd.tolist() == [0.0, 0.0]


def test_the_lower_edge_belongs_to_the_range_and_the_upper_does_not() -> None:
    edges = np.array([LOW, HIGH])
    below, above = np.nextafter(edges, 0.0), np.nextafter(edges, 1e9)
    inside = -SIZE / (2 * edges**1.5)
    assert share(edges).gamma_coin_per_usd == pytest.approx([inside[0], 0.0], rel=1e-14)
    assert share(below).gamma_coin_per_usd == pytest.approx([0.0, inside[1]], rel=1e-12)
    assert share(above).gamma_coin_per_usd == pytest.approx([inside[0], 0.0], rel=1e-12)
    for name in ("value_usd", "delta_coin", "quote_usd"):
        at = getattr(share(edges), name)
        assert getattr(share(below), name) == pytest.approx(at, rel=1e-12, abs=1e-10)
        assert getattr(share(above), name) == pytest.approx(at, rel=1e-12, abs=1e-10)


def test_just_below_the_upper_edge_the_coins_keep_their_digits() -> None:
    price = HIGH * (1 - 1e-13)

    def coins(price: Any) -> Any:
        return SIZE * (1 / sqrt(price) - 1 / sqrt(HIGH))

    # The root of the price itself is known to half a unit of its last place, 1e-16 of 1e-13.
    assert share(price).delta_coin[0] == pytest.approx(slope(coins, (price,), 0), rel=5e-3)


@pytest.mark.parametrize("price", [1_500.0, 1_700.0, 2_400.0, 2_600.0])
def test_delta_and_gamma_are_slopes(price: float) -> None:
    def worth(price: Any) -> Any:
        root = min(max(sqrt(price), sqrt(LOW)), sqrt(HIGH))
        return SIZE * ((1 / root - 1 / sqrt(HIGH)) * price + root - sqrt(LOW))

    def whole(price: Any) -> Any:
        return 2 * SIZE * sqrt(price)

    got = share(price)
    assert got.value_usd[0] == pytest.approx(slope(worth, (price,), 0), rel=1e-14)
    assert got.delta_coin[0] == pytest.approx(slope(worth, (price,), 1), rel=1e-13, abs=1e-15)
    assert got.gamma_coin_per_usd[0] == pytest.approx(
        slope(worth, (price,), 2), rel=1e-12, abs=1e-18
    )
    full = constant_product_shares(liquidity_contracts=SIZE, price_usd=price)
    assert full.value_usd[0] == pytest.approx(slope(whole, (price,), 0), rel=1e-15)
    assert full.delta_coin[0] == pytest.approx(slope(whole, (price,), 1), rel=1e-14)
    assert full.gamma_coin_per_usd[0] == pytest.approx(slope(whole, (price,), 2), rel=1e-14)
    assert full.quote_usd[0] == pytest.approx(float(full.value_usd[0]) / 2, rel=1e-15)


def test_fees_must_earn_the_loss_versus_rebalancing() -> None:
    prices, vol = np.array([1_500.0, 1_700.0, 2_400.0, 2_600.0]), 0.7
    got = losses_versus_rebalancing_usd_per_year(
        price_usd=prices, gamma_coin_per_usd=share(prices).gamma_coin_per_usd, vol_frac=vol
    )
    inside = vol**2 * SIZE * np.sqrt(prices) / 4
    assert got == pytest.approx([0.0, inside[1], inside[2], 0.0], rel=1e-14)
    full = constant_product_shares(liquidity_contracts=SIZE, price_usd=prices)
    got = losses_versus_rebalancing_usd_per_year(
        price_usd=prices, gamma_coin_per_usd=full.gamma_coin_per_usd, vol_frac=vol
    )
    assert got == pytest.approx(vol**2 * full.value_usd / 8, rel=1e-14)


def test_a_simulated_share_loses_that_much_to_who_rebalances() -> None:
    """LVR by its definition: the share against a holder of its own delta, over many short steps."""
    rng = np.random.Generator(np.random.Philox(5))
    vol, years, steps, paths = 0.6, 0.02, 400, 4_000
    dt = years / steps
    moves = vol * np.sqrt(dt) * rng.standard_normal((steps, paths)) - 0.5 * vol**2 * dt
    price = np.full(paths, 2_000.0)
    lost, running = np.zeros(paths), np.zeros(paths)
    for move in moves:
        before = constant_product_shares(liquidity_contracts=SIZE, price_usd=price)
        running += dt * losses_versus_rebalancing_usd_per_year(
            price_usd=price, gamma_coin_per_usd=before.gamma_coin_per_usd, vol_frac=vol
        )
        after_usd = price * np.exp(move)
        after = constant_product_shares(liquidity_contracts=SIZE, price_usd=after_usd)
        lost += before.delta_coin * (after_usd - price) - (after.value_usd - before.value_usd)
        price = after_usd
    error = (lost - running).std() / np.sqrt(paths)
    assert error < 0.01 * running.mean()
    assert abs((lost - running).mean()) < 3 * error


@pytest.mark.parametrize(("low", "high"), [(2_000.0, 2_000.0), (2_500.0, 1_600.0)])
def test_an_empty_range_is_refused(low: float, high: float) -> None:
    with pytest.raises(OutOfDomain, match=r"price_lower_usd must lie below .*, row 1 was"):
        concentrated_shares(
            liquidity_contracts=1.0,
            price_usd=2_000.0,
            price_lower_usd=np.array([1.0, low]),
            price_upper_usd=np.array([2.0, high]),
        )


def test_who_held_nothing_lost_no_fraction() -> None:
    start = constant_product_shares(liquidity_contracts=np.array([1.0, 0.0]), price_usd=1.0)
    with pytest.raises(OutOfDomain, match="row 1 held nothing"):
        losses_versus_holding(start, start, price_usd=1.0)


@pytest.mark.parametrize("name", ["liquidity_contracts", "price_usd", "price_lower_usd"])
def test_a_number_that_is_none_is_refused(name: str) -> None:
    given: dict[str, Any] = {
        "liquidity_contracts": 1.0,
        "price_usd": 2.0,
        "price_lower_usd": 1.0,
        "price_upper_usd": 3.0,
    }
    with pytest.raises(OutOfDomain, match=f"^{name} must be finite"):
        concentrated_shares(**{**given, name: float("nan")})
