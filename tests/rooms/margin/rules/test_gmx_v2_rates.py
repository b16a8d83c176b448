"""GMX v2: funding and borrowing rates by hand, and a second time in fractions."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.errors import OutOfDomain
from hedgerow.margin.rules.gmx_v2 import borrowing, funding

ONE = 10**30
dollars = st.integers(0, 10**40)
rates = st.integers(0, 10**22)


def usd(value: str | int) -> int:
    whole = Fraction(value) * ONE
    assert whole.denominator == 1
    return whole.numerator


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


@given(dollars, st.integers(1, 10**40), rates, st.integers(0, 10**7), dollars)
def test_a_borrowing_fee_is_floored_and_never_above_the_exact_one(
    reserved: int, pool: int, factor: int, seconds: int, size: int
) -> None:
    rate = borrowing.rate_1e30(reserved, pool, factor_1e30=factor, exponent_1e30=ONE)
    exact = Fraction(reserved if reserved >= ONE else 0, pool) * Fraction(factor, ONE)
    assert exact - Fraction(2, ONE) * (1 + Fraction(factor, ONE)) <= Fraction(rate, ONE) <= exact
    fee = borrowing.fee_1e30(size, rate_1e30=rate, elapsed_s=seconds)
    assert fee * ONE <= size * rate * seconds < (fee + 1) * ONE
