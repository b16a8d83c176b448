"""GMX v2: the contracts' power to the last digit, price impact, and the price it leaves.

Facts: gmx-io/gmx-synthetics, test/pricing/PricingUtils.ts @ 0dece46c00 (its factors are halved by
the contract of that day, so half of each stands here) and the worked figures in the comments of
contracts/order/BaseOrderUtils.sol and contracts/pricing/PricingUtils.sol.
"""

from fractions import Fraction

import mpmath
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.errors import OutOfDomain
from hedgerow.margin.rules.gmx_v2 import fixed_point, impact

ONE = 10**30


def usd(value: str | int) -> int:
    whole = Fraction(value) * ONE
    assert whole.denominator == 1
    return whole.numerator


@pytest.mark.parametrize(
    ("apart", "exponent", "factor", "expected"),
    [
        ("10000", "3", "0.000000000001", 999999999999999971996569854874),
        ("100000", "3", "0.000000000001", 999999999999999972158527355760923),
        ("1000000", "3", "0.000000000001", 999999999999999974481076694795741150),
        ("10000000", "3", "0.000000000001", 999999999999999977004203243086721668335),
        ("1000000000", "3", "0.000000000001", 999999999999999964992485098699963454527292263),
        ("10000", "2", "0.00000001", 999999999999999981235216490000),
        ("100000", "2", "0.00000001", 99999999999999998147004678330000),
        ("1000000", "2", "0.00000001", 9999999999999999830554320142260000),
        ("10000000", "2", "0.00000001", 999999999999999984577907497082540000),
        ("10000", "1.75", "0.0000001", 999999999999999983993282600000),
        ("100000", "1.75", "0.0000001", 56234132519034907150467965500000),
        ("1000000", "1.75", "0.0000001", 3162277660168379284617577705300000),
        ("10000000", "1.75", "0.0000001", 177827941003892277732818564790100000),
        ("0.0000000000001", "1.5", "0.000001", 0),
        ("0.001", "1.5", "0.000001", 0),
        ("1", "1.5", "0.000001", 1000000000000000000000000),
        ("1000", "1.5", "0.000001", 31622776601683792872691000000),
        ("10000", "1.5", "0.000001", 999999999999999985875227000000),
        ("100000", "1.5", "0.000001", 31622776601683792881032921000000),
        ("1000000", "1.5", "0.000001", 999999999999999987642846054000000),
        ("10000000", "1.5", "0.000001", 31622776601683792957603597100000000),
    ],
)
def test_the_weight_of_an_imbalance_as_the_peer_asserts(
    apart: str, exponent: str, factor: str, expected: int
) -> None:
    found = impact.applied_1e30(usd(apart), factor_1e30=usd(factor), exponent_1e30=usd(exponent))
    assert found == expected


def test_below_a_dollar_nothing_counts_and_the_power_of_one_is_exact() -> None:
    assert fixed_point.power_1e30(ONE - 1, usd(2)) == 0
    assert fixed_point.power_1e30(ONE - 1, ONE) == 0, "whatever the exponent"
    assert fixed_point.power_1e30(ONE, usd(2)) == ONE
    assert fixed_point.power_1e30(usd("12345.678901234567890123456789"), ONE) == (
        usd("12345.678901234567890123456789")
    )
    # Just beside the power of one the digits after the eighteenth are cut, then more are lost.
    assert fixed_point.power_1e30(usd(10000), ONE + 10**12 - 1) == 9999999999999999905953 * 10**12
    assert fixed_point.power_1e30(usd("2.0000000000000000009"), usd(2)) == (
        fixed_point.power_1e30(usd(2), usd(2))
    )
    assert fixed_point.power_1e30(usd(5), 0) == ONE
    # The root of two, rounded up, squares to two exactly: its logarithm is just a half.
    assert fixed_point.power_1e18(1_414_213_562_373_095_049, 2 * 10**18) == 2 * 10**18


@given(st.integers(10**18, 10**30), st.integers(0, 3 * 10**18))
def test_the_power_is_right_to_sixteen_digits(value: int, exponent: int) -> None:
    with mpmath.workdps(60):
        exact = mpmath.mpf(value) / 10**18
        exact = exact ** (mpmath.mpf(exponent) / 10**18)
        found = mpmath.mpf(fixed_point.power_1e18(value, exponent)) / 10**18
        # Eighteen decimals of the logarithm, times the exponent; one unit of the last decimal.
        assert abs(found - exact) <= exact * mpmath.mpf("3e-16") + mpmath.mpf("2e-18")


@given(st.integers(10**18, 10**30), st.integers(0, 10**30), st.integers(10**17, 3 * 10**18))
def test_more_to_the_same_power_is_not_less(value: int, more: int, exponent: int) -> None:
    assert fixed_point.power_1e18(value, exponent) <= fixed_point.power_1e18(value + more, exponent)


def test_powers_beyond_the_contract_are_refused() -> None:
    assert fixed_point.power_1e18(2 * 10**18, 191 * 10**18) == 2**191 * 10**18
    with pytest.raises(OutOfDomain, match="exceeds 2\\^192"):
        fixed_point.power_1e18(2 * 10**18, 192 * 10**18)
    with pytest.raises(OutOfDomain, match="a logarithm needs at least 1e18, was 999"):
        fixed_point.power_1e18(10**18 - 1, 10**18)
    with pytest.raises(OutOfDomain, match="exponent_1e18 must not be negative"):
        fixed_point.power_1e18(10**18, -1)
    with pytest.raises(OutOfDomain, match="exponent_1e30 must not be negative"):
        fixed_point.power_1e30(0, -1)
    with pytest.raises(OutOfDomain, match="factor_1e30 must not be negative"):
        fixed_point.times_1e30(1, -1)
    with pytest.raises(OutOfDomain, match="divisor_1e30 must be positive, was 0"):
        fixed_point.ratio_1e30(1, 0)
    with pytest.raises(OutOfDomain, match="value_1e30 must not be negative"):
        fixed_point.ratio_1e30(-1, 1)


def traded(
    longs: int, shorts: int, more_long: int = 0, more_short: int = 0, *, exponent: str = "1"
) -> int:
    """Impact in millionths of a dollar, at factors of 1 % for and 2 % against."""
    found = impact.position_impact_1e30(
        usd(longs),
        usd(shorts),
        delta_long_1e30=usd(more_long),
        delta_short_1e30=usd(more_short),
        positive_factor_1e30=usd("0.01"),
        negative_factor_1e30=usd("0.02"),
        exponent_1e30=usd(exponent),
    )
    return round(Fraction(found, 10**24))


def test_impact_by_hand() -> None:
    million = 10**6
    assert traded(300, 100, more_short=100) == 100 * million // 100, "closer: 1 % of 100"
    assert traded(300, 100, more_long=-100) == 1 * million
    assert traded(300, 100, more_long=100) == -2 * million, "apart: 2 % of 100"
    assert traded(300, 100, more_short=-100) == -2 * million
    # Crossover: 1 % of the old gap of 200 less 2 % of the new one.
    assert traded(300, 100, more_short=250) == (2 - 1) * million
    assert traded(300, 100, more_short=350) == (2 - 3) * million
    assert traded(100, 300, more_long=250) == (2 - 1) * million
    # Balanced counts as shorts the larger: ending balanced crosses from longs, not from shorts.
    assert traded(300, 100, more_short=200) == 2 * million
    assert traded(100, 300, more_long=200) == 2 * million
    assert traded(100, 100, more_long=50) == -1 * million
    assert traded(100, 100, more_short=50) == -1 * million
    assert traded(300, 100, more_long=70, more_short=70) == 0
    # Squares: 0.01 · (200² - 100²), then 0.01 · 200² - 0.02 · 50².
    assert traded(300, 100, more_short=100, exponent="2") == 300 * million
    assert traded(300, 100, more_short=250, exponent="2") == (400 - 50) * million


def test_the_contracts_own_figure() -> None:
    # A gap of 50,000 at exponent 2 and a factor of 0.01 / 50,000 costs 500 dollars; closing half of
    # it earns 375.
    def trade(longs: int, more: int) -> Fraction:
        found = impact.position_impact_1e30(
            usd(longs),
            usd(50_000),
            delta_long_1e30=usd(more),
            delta_short_1e30=0,
            positive_factor_1e30=usd("0.0000002"),
            negative_factor_1e30=usd("0.0000002"),
            exponent_1e30=usd(2),
        )
        return Fraction(found, ONE)

    assert trade(50_000, 50_000) == pytest.approx(-500, rel=1e-15)
    assert trade(100_000, -25_000) == pytest.approx(375, rel=1e-15)


interests = st.integers(0, 10**9)
steps = st.integers(-(10**9), 10**9)


@given(interests, interests, steps, steps, st.sampled_from(["1", "1.5", "2", "2.2"]))
def test_there_and_back_never_earns(
    longs: int, shorts: int, more_long: int, more_short: int, exponent: str
) -> None:
    if longs + more_long < 0 or shorts + more_short < 0:
        with pytest.raises(OutOfDomain, match="must not be negative"):
            traded(longs, shorts, more_long, more_short, exponent=exponent)
        return
    there = traded(longs, shorts, more_long, more_short, exponent=exponent)
    back = traded(
        longs + more_long, shorts + more_short, -more_long, -more_short, exponent=exponent
    )
    assert there + back <= 0
    if (longs - shorts) * (longs + more_long - shorts - more_short) != 0:
        mirrored = traded(shorts, longs, more_short, more_long, exponent=exponent)
        assert mirrored == there, "the sides are alike"


def entered(size: str, price: str, change: str, *, is_long: bool) -> Fraction:
    found = impact.execution_price_increase_1e30(
        usd(size), price_1e30=usd(price), impact_1e30=usd(change), is_long=is_long
    )
    return Fraction(found, ONE)


def test_an_impact_against_the_trader_worsens_the_price() -> None:
    assert entered("5000", "2000", "-1000", is_long=True) == 2500, "the contract's own figure"
    assert entered("5000", "2000", "1250", is_long=True) == 1600
    assert entered("5000", "2000", "-1250", is_long=False) == 1600
    assert entered("5000", "2000", "1000", is_long=False) == 2500
    assert entered("5000", "2000", "0", is_long=False) == 2000
    assert entered("0", "2000", "-1", is_long=True) == 2000
    third = impact.execution_price_increase_1e30(
        usd(1), price_1e30=usd(1), impact_1e30=usd(2), is_long=True
    )
    assert third == 333333333333333333333333333333, "floored"


def test_an_impact_as_large_as_the_order_is_refused() -> None:
    assert entered("5000", "2000", "-4999", is_long=True) == 10**7
    for change, is_long in (("-5000", True), ("5000", False), ("5001", False)):
        with pytest.raises(OutOfDomain, match="as large as the order"):
            entered("5000", "2000", change, is_long=is_long)
    with pytest.raises(OutOfDomain, match="price_1e30 must be positive, was 0"):
        entered("5000", "0", "1", is_long=True)
    with pytest.raises(OutOfDomain, match="size_1e30 must not be negative"):
        entered("-1", "2000", "1", is_long=True)


@given(st.integers(1, 10**40), st.integers(1, 10**36), st.integers(-(10**40), 10**40))
def test_the_tokens_bought_are_those_of_size_and_impact(size: int, price: int, change: int) -> None:
    if size + change <= 0:
        return
    found = impact.execution_price_increase_1e30(
        size, price_1e30=price, impact_1e30=change, is_long=True
    )
    assert found == impact.execution_price_increase_1e30(
        size, price_1e30=price, impact_1e30=-change, is_long=False
    )
    exact = size / (Fraction(size, price) + Fraction(change, price))
    assert exact - 1 < found <= exact
