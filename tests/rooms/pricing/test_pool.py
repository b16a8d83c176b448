"""Pool shares against the closed forms of methods.md section 3."""

from math import sqrt

import pytest

from hedgerow.pricing.pool import concentrated, constant_product
from tests.golden.read import numbers


def test_loss_against_holding() -> None:
    start = constant_product(2000.0)
    coins, dollars = start.delta_coin, start.value_usd - start.delta_coin * 2000.0
    for ratio, loss in numbers("lp")["loss_vs_hold"].items():
        price = 2000.0 * float(ratio)
        held = coins * price + dollars
        assert constant_product(price).value_usd / held - 1.0 == pytest.approx(
            float(loss), abs=1e-12
        )


def test_concentrated_share_of_the_sheet() -> None:
    want = {name: float(number) for name, number in numbers("lp")["concentrated"].items()}
    share = concentrated(want["P"], want["Pa"], want["Pb"])
    size = want["L"]
    assert size * share.delta_coin == pytest.approx(want["x"], rel=1e-12)
    assert size * (share.value_usd - share.delta_coin * want["P"]) == pytest.approx(
        want["y"], rel=1e-12
    )
    assert size * share.value_usd == pytest.approx(want["value"], rel=1e-12)
    assert size * share.gamma_coin_per_usd == pytest.approx(want["gamma"], rel=1e-12)


def test_outside_its_range_a_share_is_one_asset() -> None:
    below, above = concentrated(1500.0, 1600.0, 2500.0), concentrated(3000.0, 1600.0, 2500.0)
    assert 1000 * below.value_usd == pytest.approx(7500.0, rel=1e-12)  # all coin
    assert 1000 * above.value_usd == pytest.approx(10_000.0, rel=1e-12)  # all quote
    assert above.delta_coin == 0.0
    assert below.delta_coin * 1500.0 == pytest.approx(below.value_usd, rel=1e-14)
    assert below.gamma_coin_per_usd == above.gamma_coin_per_usd == 0.0


def test_at_the_edges_of_the_range_gamma_has_ended() -> None:
    assert concentrated(1600.0, 1600.0, 2500.0).gamma_coin_per_usd == 0.0
    assert concentrated(2500.0, 1600.0, 2500.0).gamma_coin_per_usd == 0.0


@pytest.mark.parametrize("price", [1500.0, 1700.0, 2400.0, 2600.0])
def test_delta_and_gamma_are_slopes(price: float) -> None:
    step = price * 1e-5
    shares = [concentrated(price + k * step, 1600.0, 2500.0) for k in (-1, 0, 1)]
    low, here, high = (share.value_usd for share in shares)
    assert shares[1].delta_coin == pytest.approx((high - low) / (2 * step), rel=1e-8, abs=1e-12)
    assert shares[1].gamma_coin_per_usd == pytest.approx(
        (shares[2].delta_coin - shares[0].delta_coin) / (2 * step), rel=1e-6, abs=1e-15
    )
    del here
    assert constant_product(price).value_usd == 2 * sqrt(price)
