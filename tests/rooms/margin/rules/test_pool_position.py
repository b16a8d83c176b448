"""Positions in pools against closed forms at other precisions, at and beyond their edges."""

from decimal import Decimal

import mpmath
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.errors import OutOfDomain
from hedgerow.margin.rules.pool_position import (
    PoolPosition,
    concentrated,
    constant_product,
    versus_holding,
)
from hedgerow.pricing import pool

D = Decimal

prices = st.decimals("0.01", "100000", places=4)
ratios = st.decimals("1.001", "10", places=4)


def loss(entry: str, now: str, *bounds: str) -> Decimal:
    def at(price: str) -> PoolPosition:
        if bounds:
            lower, upper = (D(each) for each in bounds)
            return concentrated(D(1), D(price), lower, upper)
        return constant_product(D(1), D(price))

    return versus_holding(at(entry), at(now), D(now))[1]


@pytest.mark.parametrize(
    ("ratio", "frac"),
    [
        ("2", "-0.0571909584179366"),
        ("0.5", "-0.0571909584179366"),
        ("4", "-0.2"),
        ("1.25", "-0.0061920100000934656"),
        ("1", "0"),
    ],
)
def test_loss_of_a_constant_product(ratio: str, frac: str) -> None:
    """2 sqrt(r) / (1 + r) - 1 (methods.md section 3: -0.0571909584 at 2, -0.2 at 4)."""
    assert abs(loss("2000", str(D(2000) * D(ratio))) - D(frac)) < D("1e-15")


def test_a_small_loss_keeps_its_digits() -> None:
    """r is one part in 1e9 above one: the loss is (sqrt(r) - 1)^2 / (1 + r), about -1.25e-19."""
    with mpmath.workdps(60):
        root = mpmath.sqrt(mpmath.mpf("1.000000001"))
        want = -((root - 1) ** 2) / (1 + mpmath.mpf("1.000000001"))
        got = mpmath.mpf(str(loss("1", "1.000000001")))
        assert abs(got / want - 1) < mpmath.mpf("1e-30")


def test_a_concentrated_position_of_the_sheet() -> None:
    """L = 1000 from 1600 to 2500 at 2000 (methods.md section 3), 7500 at 1500, 10000 at 3000."""
    found = concentrated(D(1000), D(2000), D(1600), D(2500))
    assert abs(found.amount0_coin - D("2.3606797750")) < D("1e-9")
    assert abs(found.amount1_ccy - D("4721.3595500")) < D("1e-7")
    assert abs(found.value_ccy - D("9442.7190999916")) < D("1e-9")
    assert abs(found.gamma_coin_per_ccy - D("-0.005590169944")) < D("1e-12")
    assert found.delta_coin == found.amount0_coin
    assert concentrated(D(1000), D(1500), D(1600), D(2500)) == PoolPosition(
        amount0_coin=D(5),
        amount1_ccy=D(0),
        value_ccy=D(7500),
        delta_coin=D(5),
        gamma_coin_per_ccy=D(0),
    )
    assert concentrated(D(1000), D(3000), D(1600), D(2500)) == PoolPosition(
        amount0_coin=D(0),
        amount1_ccy=D(10_000),
        value_ccy=D(10_000),
        delta_coin=D(0),
        gamma_coin_per_ccy=D(0),
    )


def test_gamma_ends_at_the_bounds_and_the_value_does_not_jump() -> None:
    tiny = D("1e-20")
    for bound in (D(1600), D(2500)):
        at = concentrated(D(1000), bound, D(1600), D(2500))
        # The lower bound belongs to the range, the upper does not, as in Uniswap v3.
        assert (at.gamma_coin_per_ccy == 0) == (bound == 2500)
        inward = tiny if bound == 1600 else -tiny
        inside = concentrated(D(1000), bound + inward, D(1600), D(2500))
        assert inside.gamma_coin_per_ccy < D("-0.003")
        assert abs(inside.value_ccy - at.value_ccy) < D("1e-18")
        assert abs(inside.delta_coin - at.delta_coin) < D("1e-20")


def test_near_a_bound_what_is_left_keeps_its_digits() -> None:
    """1/sqrt(P) - 1/sqrt(b) cancels in float64: b - P over the product of all is what it is."""
    found = concentrated(D(500), D("69999.9999999"), D(55_000), D(70_000))
    with mpmath.workdps(60):
        P, b = mpmath.mpf("69999.9999999"), mpmath.mpf(70_000)
        want = 500 * (b - P) / (mpmath.sqrt(P * b) * (mpmath.sqrt(P) + mpmath.sqrt(b)))
        assert abs(mpmath.mpf(str(found.amount0_coin)) / want - 1) < mpmath.mpf("1e-40")


@given(prices, prices, ratios)
def test_the_books_closed_forms_agree(price: Decimal, lower: Decimal, ratio: Decimal) -> None:
    upper = lower * ratio
    exact = concentrated(D(1), price, lower, upper)
    quick = pool.concentrated_shares(
        liquidity_contracts=1.0,
        price_usd=float(price),
        price_lower_usd=float(lower),
        price_upper_usd=float(upper),
    )
    assert float(exact.value_ccy) == pytest.approx(quick.value_usd[0], rel=1e-11, abs=1e-11)
    assert float(exact.delta_coin) == pytest.approx(quick.delta_coin[0], rel=1e-9, abs=1e-12)
    assert float(exact.gamma_coin_per_ccy) == pytest.approx(quick.gamma_coin_per_usd[0], rel=1e-11)
    whole = pool.constant_product_shares(liquidity_contracts=1.0, price_usd=float(price))
    assert float(constant_product(D(1), price).value_ccy) == pytest.approx(
        whole.value_usd[0], rel=1e-14
    )
    assert float(constant_product(D(1), price).gamma_coin_per_ccy) == pytest.approx(
        whole.gamma_coin_per_usd[0], rel=1e-14
    )


@given(prices, prices, prices, ratios)
def test_holding_is_never_worse(
    entry: Decimal, now: Decimal, lower: Decimal, ratio: Decimal
) -> None:
    """A pool buys on the way down and sells on the way up, so it never beats holding."""
    narrow = loss(str(entry), str(now), str(lower), str(lower * ratio))
    assert narrow <= D("1e-50")
    assert loss(str(entry), str(now)) <= D("1e-50")


@given(prices, prices)
def test_a_range_without_bounds_is_a_constant_product(entry: Decimal, now: Decimal) -> None:
    unbounded, whole = concentrated(D(3), now, D(0), D("Infinity")), constant_product(D(3), now)
    assert abs(unbounded.value_ccy / whole.value_ccy - 1) < D("1e-26")
    assert unbounded.gamma_coin_per_ccy == whole.gamma_coin_per_ccy
    wide = loss(str(entry), str(now), "0", "1e40")
    assert abs(wide - loss(str(entry), str(now))) < D("1e-15")


@given(prices, st.decimals("0", "1000000", places=6))
def test_everything_grows_with_the_liquidity(price: Decimal, size: Decimal) -> None:
    one, many = constant_product(D(1), price), constant_product(size, price)
    for name in PoolPosition.__struct_fields__:
        assert abs(getattr(many, name) - size * getattr(one, name)) <= abs(getattr(many, name)) * D(
            "1e-26"
        )


@pytest.mark.parametrize(
    ("liquidity", "price", "lower", "upper"),
    [
        ("-1", "1", "1", "2"),
        ("NaN", "1", "1", "2"),
        ("1", "0", "1", "2"),
        ("1", "-1", "1", "2"),
        ("1", "NaN", "1", "2"),
        ("1", "Infinity", "1", "2"),
        ("1", "1", "2", "2"),
        ("1", "1", "3", "2"),
        ("1", "1", "-1", "2"),
        ("1", "1", "NaN", "2"),
        ("1", "1", "1", "NaN"),
    ],
)
def test_impossible_positions_are_refused(
    liquidity: str, price: str, lower: str, upper: str
) -> None:
    with pytest.raises(OutOfDomain, match=r"was|were"):
        concentrated(D(liquidity), D(price), D(lower), D(upper))


def test_nothing_held_has_nothing_to_lose() -> None:
    nothing = constant_product(D(0), D(1))
    with pytest.raises(OutOfDomain, match="nothing was held"):
        versus_holding(nothing, nothing, D(1))
