"""GMX v2: the contracts' power to the last digit, and rules computed a second time in fractions.

Facts: gmx-io/gmx-synthetics, test/pricing/PricingUtils.ts @ 0dece46c00 (its factors are halved by
the contract of that day, so half of each stands here) and the worked figures in the comments of
contracts/order/BaseOrderUtils.sol and contracts/pricing/PricingUtils.sol.
"""

from fractions import Fraction
from pathlib import Path

import mpmath
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.errors import OutOfDomain
from hedgerow.margin.rules.gmx_v2 import borrowing, fixed_point, funding, impact, position

ONE = 10**30
DAY = Path(__file__).resolve().parents[5] / "shared/data/gmx_v2_arbitrum_eth"
RECORDED = DAY / "pool_minute_20251111.parquet"

dollars = st.integers(0, 10**40)
factors = st.integers(0, ONE)
rates = st.integers(0, 10**22)


def usd(value: str | int) -> int:
    whole = Fraction(value) * ONE
    assert whole.denominator == 1
    return whole.numerator


# --- the power ---------------------------------------------------------------------------------


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


# --- price impact ------------------------------------------------------------------------------


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


# --- execution price ---------------------------------------------------------------------------


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


# --- funding -----------------------------------------------------------------------------------

LEARNING = funding.Adaptation(
    increase_1e30=usd("0.001"),
    decrease_1e30=usd("0.00001"),
    stable_1e30=usd("0.3"),
    shrink_1e30=usd("0.1"),
    rate_1e30_max=usd("0.01"),
    rate_1e30_min=usd("0.0001"),
)


def moved(longs: int, shorts: int, saved: str, seconds: int = 10) -> tuple[Fraction, Fraction]:
    rate = funding.adapted_rate(
        usd(longs), usd(shorts), saved_1e30=usd(saved), adaptation=LEARNING, elapsed_s=seconds
    )
    return Fraction(rate.saved_1e30, ONE), Fraction(rate.paid_1e30, ONE)


@pytest.mark.parametrize(
    ("longs", "shorts", "saved", "expected"),
    [
        # Along the rate: skew 0.5 grows it by 0.5 · 0.001 · 10.
        (75, 25, "0.002", "0.007"),
        (25, 75, "-0.002", "-0.007"),
        # Skew 0.3 is not above the threshold, 0.1 not below it: unchanged.
        (65, 35, "0.002", "0.002"),
        (55, 45, "0.002", "0.002"),
        (35, 65, "-0.002", "-0.002"),
        (652, 348, "0.002", "0.00504"),
        # Below 0.1 it shrinks by 0.00001 · 10, whichever side.
        (54, 46, "0.002", "0.0019"),
        (46, 54, "-0.002", "-0.0019"),
        # Against the rate it always moves, however small the skew.
        (46, 54, "0.002", "0.0012"),
        (54, 46, "-0.002", "-0.0012"),
        (25, 75, "0.002", "-0.003"),
        (52, 48, "0", "0.0004"),
        (48, 52, "0", "-0.0004"),
        # Balanced: no direction and no step.
        (50, 50, "0.002", "0.002"),
        (50, 50, "-0.002", "-0.002"),
        # Bounds.
        (100, 0, "0.009", "0.01"),
        (0, 100, "-0.009", "-0.01"),
    ],
)
def test_a_learnt_rate_by_hand(longs: int, shorts: int, saved: str, expected: str) -> None:
    found, paid = moved(longs, shorts, saved)
    assert found == Fraction(expected)
    assert paid == Fraction(expected), "between the bounds what is saved is paid"


def test_what_is_paid_has_a_minimum_and_what_is_saved_has_none() -> None:
    assert moved(50, 50, "0") == (Fraction(0), Fraction("0.0001")), "nought counts as positive"
    assert moved(501, 499, "0") == (Fraction("0.00002"), Fraction("0.0001"))
    assert moved(499, 501, "0") == (Fraction("-0.00002"), Fraction("-0.0001"))
    assert moved(54, 46, "0.002", seconds=195) == (Fraction("0.00005"), Fraction("0.0001"))


def test_without_a_minimum_a_balanced_market_pays_nothing() -> None:
    free = funding.Adaptation(
        increase_1e30=ONE, decrease_1e30=ONE, stable_1e30=0, shrink_1e30=0, rate_1e30_max=ONE
    )
    rate = funding.adapted_rate(ONE, ONE, saved_1e30=0, adaptation=free, elapsed_s=1)
    assert (rate.paid_1e30, rate.saved_1e30) == (0, 0)


def test_a_rate_that_shrinks_away_keeps_its_direction() -> None:
    least = Fraction(1, ONE)
    # The least rate has a direction: a skew of 0.2 along it changes nothing.
    assert moved(60, 40, "1e-30")[0] == least
    assert moved(40, 60, "-1e-30")[0] == -least
    assert moved(54, 46, "1e-30")[0] == least, "shrunk, and kept"
    assert moved(54, 46, "0.002", seconds=200) == (least, Fraction("0.0001"))
    assert moved(46, 54, "-0.002", seconds=10**9) == (-least, Fraction("-0.0001"))


def test_a_rate_by_another_exponent_and_the_static_one() -> None:
    # (300 - 100)^2 / 400 = 100, up to the last digits of the power.
    assert Fraction(funding.skew_1e30(usd(300), usd(100), exponent_1e30=usd(2)), ONE) == (
        pytest.approx(100, rel=1e-15)
    )
    rate = funding.adapted_rate(
        usd(300),
        usd(100),
        saved_1e30=0,
        adaptation=LEARNING,
        elapsed_s=1,
        exponent_1e30=usd(2),
    )
    assert rate.saved_1e30 == usd("0.01"), "100 · 0.001 is bounded"

    def static(longs: int, shorts: int, factor: str, exponent: str = "1") -> Fraction:
        found = funding.static_rate_1e30(
            usd(longs),
            usd(shorts),
            factor_1e30=usd(factor),
            rate_1e30_max=usd("0.01"),
            exponent_1e30=usd(exponent),
        )
        return Fraction(found, ONE)

    assert static(75, 25, "0.002") == Fraction("0.001")
    assert static(25, 75, "0.002") == -Fraction("0.001")
    assert static(25, 75, "0.2") == -Fraction("0.01")
    assert static(50, 50, "0.2") == 0
    assert static(300, 100, "0.00001", exponent="2") == pytest.approx(0.001, rel=1e-15)


def test_markets_without_positions_and_impossible_parameters_are_refused() -> None:
    with pytest.raises(OutOfDomain, match="open_interest_1e30 must be positive, was 0"):
        moved(0, 0, "0")
    with pytest.raises(OutOfDomain, match="short_1e30 must not be negative"):
        moved(2, -1, "0")
    with pytest.raises(OutOfDomain, match="elapsed_s must not be negative, was -1"):
        moved(2, 1, "0", seconds=-1)
    with pytest.raises(OutOfDomain, match="rate_1e30_max must not be negative"):
        funding.Adaptation(
            increase_1e30=0, decrease_1e30=0, stable_1e30=0, shrink_1e30=0, rate_1e30_max=-1
        )
    with pytest.raises(OutOfDomain, match="rate_1e30_max must not be negative"):
        funding.static_rate_1e30(1, 0, factor_1e30=1, rate_1e30_max=-1)


@given(dollars, dollars, st.integers(-(10**28), 10**28), st.integers(0, 10**6))
def test_a_learnt_rate_mirrors_and_stays_within_bounds(
    longs: int, shorts: int, saved: int, seconds: int
) -> None:
    if longs + shorts == 0:
        return
    learning = funding.Adaptation(
        increase_1e30=10**21,
        decrease_1e30=10**20,
        stable_1e30=ONE // 20,
        shrink_1e30=ONE // 50,
        rate_1e30_max=10**28,
        rate_1e30_min=10**24,
    )

    def rate(one: int, other: int, start: int) -> funding.FundingRate:
        return funding.adapted_rate(
            one, other, saved_1e30=start, adaptation=learning, elapsed_s=seconds
        )

    here, there = rate(longs, shorts, saved), rate(shorts, longs, -saved)
    assert here.saved_1e30 == -there.saved_1e30
    assert abs(here.saved_1e30) <= 10**28
    assert 10**24 <= abs(here.paid_1e30) <= 10**28
    assert rate(longs, shorts, saved).paid_1e30 * here.saved_1e30 >= 0


# --- borrowing ---------------------------------------------------------------------------------


def test_borrowing_by_hand() -> None:
    def fee(reserved: str, exponent: str = "1") -> Fraction:
        rate = borrowing.rate_1e30(
            usd(reserved), usd(10_000), factor_1e30=usd("0.00000001"), exponent_1e30=usd(exponent)
        )
        return Fraction(borrowing.fee_1e30(usd(1000), rate_1e30=rate, elapsed_s=3600), ONE)

    # Half of the pool at 1e-8 a second: 5e-9 · 3600 · 1000.
    assert fee("5000") == Fraction("0.018")
    assert fee("5000", "2") == pytest.approx(90, rel=1e-15)
    assert fee("0") == 0
    assert fee("0.9") == 0, "less than a dollar has no power"
    assert borrowing.rate_1e30(0, 0, factor_1e30=1, exponent_1e30=ONE) == 0
    with pytest.raises(OutOfDomain, match="divisor_1e30 must be positive, was 0"):
        borrowing.rate_1e30(usd(1), 0, factor_1e30=1, exponent_1e30=ONE)
    with pytest.raises(OutOfDomain, match="pool_1e30 must not be negative"):
        borrowing.rate_1e30(0, -1, factor_1e30=1, exponent_1e30=ONE)
    with pytest.raises(OutOfDomain, match="elapsed_s must not be negative"):
        borrowing.fee_1e30(1, rate_1e30=1, elapsed_s=-1)


def test_a_kinked_rate_by_hand() -> None:
    def rate(usage: str, above: str = "1.5", optimal: str = "0.75") -> Fraction:
        found = borrowing.kinked_rate_1e30(
            usd(usage), base_1e30=usd("0.5"), above_1e30=usd(above), optimal_1e30=usd(optimal)
        )
        return Fraction(found, ONE)

    assert [rate("0"), rate("0.5"), rate("0.75")] == [0, Fraction("0.25"), Fraction("0.375")]
    # 0.9 · 0.5 + (1.5 - 0.5) · 0.15 / 0.25, and at full use 0.5 + 1.
    assert rate("0.9") == Fraction("1.05")
    assert rate("1") == Fraction("1.5")
    assert rate("0.9", above="0.4") == Fraction("0.45"), "never less steep"
    assert rate("1.2", optimal="1") == Fraction("0.6"), "no kink at full use"
    with pytest.raises(OutOfDomain, match="usage_1e30 must not be negative"):
        rate("-1")


@given(dollars, st.integers(1, 10**40), rates, st.integers(0, 10**7), dollars)
def test_a_borrowing_fee_is_floored_and_never_above_the_exact_one(
    reserved: int, pool: int, factor: int, seconds: int, size: int
) -> None:
    rate = borrowing.rate_1e30(reserved, pool, factor_1e30=factor, exponent_1e30=ONE)
    exact = Fraction(reserved if reserved >= ONE else 0, pool) * Fraction(factor, ONE)
    assert exact - Fraction(2, ONE) * (1 + Fraction(factor, ONE)) <= Fraction(rate, ONE) <= exact
    fee = borrowing.fee_1e30(size, rate_1e30=rate, elapsed_s=seconds)
    assert fee * ONE <= size * rate * seconds < (fee + 1) * ONE


# --- positions ---------------------------------------------------------------------------------


def test_a_profit_is_capped_as_a_part_of_its_sides_and_a_loss_is_not() -> None:
    def capped(pnl: str, side: str, pool: str = "1000", factor: str = "0.5") -> Fraction:
        found = position.capped_pnl_1e30(
            usd(pnl),
            side_pnl_1e30=usd(side),
            pool_1e30=usd(pool),
            factor_1e30_max=usd(factor),
        )
        return Fraction(found, ONE)

    assert capped("100", "500") == 100, "just the cap"
    assert capped("100", "1000") == 50
    assert capped("100", "501") == Fraction(usd(100) * 500 // 501, ONE), "floored"
    assert capped("-100", "1000") == -100
    assert capped("0", "1000") == 0
    assert capped("100", "-1") == 100, "the side loses: there is nothing to share out"
    assert capped("100", "0") == 100
    assert capped("100", "1000", factor="0") == 100, "a cap of nought caps nothing"
    with pytest.raises(OutOfDomain, match="pool_1e30 must not be negative"):
        capped("1", "1", pool="-1")


@given(st.lists(st.integers(1, 10**36), min_size=1, max_size=6), dollars, factors)
def test_a_capped_side_never_takes_more_than_its_cap(
    profits: list[int], pool: int, factor: int
) -> None:
    cap = pool * factor // ONE
    if cap == 0:
        return
    side = sum(profits)
    taken = sum(
        position.capped_pnl_1e30(each, side_pnl_1e30=side, pool_1e30=pool, factor_1e30_max=factor)
        for each in profits
    )
    assert taken == side if side <= cap else cap - len(profits) < taken <= cap


def left(**changed: str) -> int:
    values = {"collateral": "100", "pnl": "-20", "impact": "0", "fees": "5", "size": "1000"}
    given_usd = {name: usd(value) for name, value in {**values, **changed}.items()}
    cap = given_usd.pop("cap", None)
    return position.remaining_1e30(
        collateral_1e30=given_usd["collateral"],
        pnl_1e30=given_usd["pnl"],
        impact_1e30=given_usd["impact"],
        fees_1e30=given_usd["fees"],
        size_1e30=given_usd["size"],
        impact_factor_1e30_max=cap,
    )


def test_what_remains_by_hand() -> None:
    assert left() == usd(75)
    assert left(impact="30") == usd(75), "an impact in the trader's favour does not count"
    assert left(impact="-30") == usd(45)
    assert left(impact="-30", cap="0.005") == usd(70), "capped at a half per cent of the size"
    assert left(impact="-4", cap="0.005") == usd(71)
    assert left(impact="30", cap="0.005") == usd(75)
    assert left(impact="-30", cap="0") == usd(75)
    for name in ("collateral", "fees", "size"):
        with pytest.raises(OutOfDomain, match=f"{name}_1e30 must not be negative"):
            left(**{name: "-1"})
    with pytest.raises(OutOfDomain, match="impact_factor_1e30_max must not be negative"):
        left(cap="-1")


@pytest.mark.parametrize(
    ("remaining", "factor", "least", "expected"),
    [
        ("10", "0.01", "10", False),
        ("9.999999", "0.001", "10", True),  # below the minimum
        ("10", "0.010000001", "10", True),  # below a part of the size of 1,000
        ("0", "0", "0", True),  # nothing left
        ("-1", "0", "0", True),
        ("1e-30", "0", "0", False),
    ],
)
def test_a_position_is_liquidated_for_any_of_three_reasons(
    remaining: str, factor: str, least: str, *, expected: bool
) -> None:
    found = position.is_liquidatable(
        usd(remaining), size_1e30=usd(1000), factor_1e30_min=usd(factor), usd_1e30_min=usd(least)
    )
    assert found is expected


def test_impossible_minima_are_refused() -> None:
    for name in ("size_1e30", "factor_1e30_min", "usd_1e30_min"):
        values = {"size_1e30": 1, "factor_1e30_min": 1, "usd_1e30_min": 1, name: -1}
        with pytest.raises(OutOfDomain, match=f"{name} must not be negative, was -1"):
            position.is_liquidatable(1, **values)
    with pytest.raises(OutOfDomain, match="worth_1e30 must not be negative"):
        position.pnl_1e30(1, worth_1e30=-1, is_long=True)


@given(dollars, dollars)
def test_what_a_long_earns_a_short_loses(size: int, worth: int) -> None:
    earned = position.pnl_1e30(size, worth_1e30=worth, is_long=True)
    assert earned == worth - size
    assert position.pnl_1e30(size, worth_1e30=worth, is_long=False) == -earned


# --- a day of the real pool --------------------------------------------------------------------

needs_recording = pytest.mark.skipif(not RECORDED.is_file(), reason=f"no recording at {RECORDED}")


@needs_recording
def test_the_recorded_pool_owes_what_both_sides_have_earned() -> None:
    for row in pl.read_parquet(RECORDED).iter_rows(named=True):
        earned = sum(
            position.pnl_1e30(
                int(Fraction(row[f"openInterest{side}"]) * ONE),
                worth_1e30=int(
                    Fraction(row[f"openInterestInTokens{side}"]) * Fraction(row["indexPrice"]) * ONE
                ),
                is_long=side == "Long",
            )
            for side in ("Long", "Short")
        )
        assert Fraction(earned, ONE) == pytest.approx(row["pendingPnl"], rel=1e-12)


@needs_recording
@pytest.mark.parametrize("side", ["Long", "Short"])
def test_the_recorded_pool_charges_the_larger_side_for_what_it_uses(side: str) -> None:
    # A sixth a year at full use, below the kink. The recording has no parameters: this one was read
    # from one side and must hold for the other.
    rows = pl.read_parquet(RECORDED)
    other = "Short" if side == "Long" else "Long"
    reserved = "openInterestInTokensLong" if side == "Long" else "openInterestShort"
    pool = rows[f"{side.lower()}Amount"] * (1 if side == "Long" else rows["shortPrice"])
    usage = (rows[reserved] / pool).to_list()
    charged = (rows[f"openInterest{side}"] >= rows[f"openInterest{other}"]).to_list()
    accrued = sum(
        60
        * borrowing.kinked_rate_1e30(
            int(Fraction(used) * ONE),
            base_1e30=ONE // 6 // 31_536_000,
            above_1e30=ONE // 31_536_000,
            optimal_1e30=ONE * 3 // 4,
        )
        for used, is_charged in zip(usage[:-1], charged[:-1], strict=True)
        if is_charged
    )
    recorded = rows[f"cumulativeBorrowingFactor{side}"]
    # Accruals are booked at the next trade, so a day's ends are some minutes apart.
    assert accrued / ONE == pytest.approx(recorded[-1] - recorded[0], rel=0.02)
