"""Derivatives of one token by everything at once, against differences of its value."""

import math

import pytest

from hedgerow.pricing import power_perpetuals_at_premium
from hedgerow.pricing.power_orders import power_orders
from tests.rooms.exposure.stencil import derived

FUNDING_YEARS = 17.5 / 365
# Index 0.3 · 2000² / 10000 = 120: 1.375, 1.425 and 0.99 times it.
MARKS_USD = {"paid in full": 165.0, "beyond what is paid": 171.0, "no vol": 118.8}


def worth_usd(mark_usd: float, spot_frac: float, vol_frac: float, years: float) -> float:
    token = power_perpetuals_at_premium(
        quantity_contracts=1.0,
        price_usd=2200 * (1 + spot_frac),
        norm_factor_frac=0.3,
        price_recorded_usd=2000.0,
        price_mark_recorded_usd=mark_usd,
        vol_shift_frac=vol_frac,
        elapsed_years=years,
    )
    return float(token.value_usd[0])


@pytest.mark.parametrize("name", MARKS_USD)
def test_every_order_is_a_slope(name: str) -> None:
    mark = MARKS_USD[name]
    token = power_perpetuals_at_premium(
        quantity_contracts=1.0,
        price_usd=2200.0,
        norm_factor_frac=0.3,
        price_recorded_usd=2000.0,
        price_mark_recorded_usd=mark,
    )
    found = power_orders(token, price_usd=2200.0, exponent_power=2.0, funding_years=FUNDING_YEARS)
    assert {1, 2, 3} == {sum(orders) for orders in found}
    assert {(1, 0, 0), (0, 1, 1), (1, 1, 1), (1, 2, 0), (0, 3, 0), (2, 0, 1)} <= set(found)
    scale = abs(worth_usd(mark, 0, 0, 0))
    for orders, got in found.items():
        slope = derived(
            lambda s, v, t: worth_usd(mark, s, v, t),
            orders,
            (0.01, 0.015, 0.5 / 365),
            is_time_forward=True,
        )
        assert got * 2200 ** orders[0] == pytest.approx(slope, rel=1e-6, abs=1e-6 * scale), orders


def test_beyond_the_bound_vega_decays_at_the_bound() -> None:
    mark = MARKS_USD["beyond what is paid"]
    token = power_perpetuals_at_premium(
        quantity_contracts=1.0,
        price_usd=2000.0,
        norm_factor_frac=0.3,
        price_recorded_usd=2000.0,
        price_mark_recorded_usd=mark,
    )
    found = power_orders(token, price_usd=2000.0, exponent_power=2.0, funding_years=FUNDING_YEARS)
    # 2 σ f of a mark, with σ² = ln(mark / index) / f.
    vega = 2 * math.sqrt(math.log(mark / 120) * FUNDING_YEARS) * mark
    assert found[0, 1, 0] == pytest.approx(vega, rel=1e-12)
    assert found[0, 1, 1] == pytest.approx(-vega * math.log(1.4) / FUNDING_YEARS, rel=1e-12)
    assert found[1, 1, 1] == pytest.approx(2 * found[0, 1, 1] / 2000, rel=1e-12)
