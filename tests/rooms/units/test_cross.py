"""Rounding goes where it was told, and nothing that is not a number gets across."""

import math
from decimal import Context, Decimal, localcontext
from fractions import Fraction
from math import inf, nan

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hedgerow.errors import OutOfDomain
from hedgerow.units import (
    Rounding,
    digits_of,
    exact_lots,
    is_multiple,
    mul_div_down,
    mul_div_up,
    quantise,
    scaled,
    to_exact,
    to_model,
)

DIRECTIONS = """
    amount  step  up    down  half_up
    1.24    0.1   1.3   1.2   1.2
    1.25    0.1   1.3   1.2   1.3
    1.2     0.1   1.2   1.2   1.2
   -1.24    0.1  -1.2  -1.3  -1.2
   -1.25    0.1  -1.2  -1.3  -1.3
    7       5     10    5     5
    7.5     5     10    5     10
    0       0.1   0     0     0
"""


@pytest.mark.parametrize("row", DIRECTIONS.strip().splitlines()[1:])
def test_directions_are_those_of_the_number_line(row: str) -> None:
    amount, step, up, down, half_up = map(Decimal, row.split())
    wanted: dict[Rounding, Decimal] = {"up": up, "down": down, "half_up": half_up}
    for rounding, want in wanted.items():
        assert quantise(amount, step, rounding) == want
        assert to_exact(float(amount), step, rounding) == want


@pytest.mark.parametrize(
    ("amount", "step", "rounding", "exact"),
    [
        # A quotient of 29 digits, which 28 would round up, and down.
        ("12345678901.123456789012345679", "1e-18", "down", "12345678901.123456789012345679"),
        ("12345678901.123456789012345674", "1e-18", "up", "12345678901.123456789012345674"),
        # One that 28 digits put on a whole number, and on a half.
        ("29999.99999999999999999999999999", "0.1", "down", "29999.9"),
        ("0.1000000000000000000000000000001", "0.1", "up", "0.2"),
        ("0.2499999999999999999999999999999", "0.1", "half_up", "0.2"),
        ("-0.2500000000000000000000000000001", "0.1", "half_up", "-0.3"),
        # A multiple of 31 digits.
        ("1000.5", "1.000000000000000000000000001", "up", "1001.000000000000000000000001001"),
        ("1001.000000000000000000000001", "1.000000000000000000000000001", "down", "1000.000000"
         "000000000000000001"),
        # Far below a step, and so many steps that none is cut.
        ("1e-999999", "1e10", "up", "1e10"),
        ("-1e-2000000", "1", "down", "-1"),
        ("1e99", "3", "down", "9" * 99),
    ],
)  # fmt: skip
def test_no_digit_is_lost_on_the_way(
    amount: str, step: str, rounding: Rounding, exact: str
) -> None:
    assert quantise(Decimal(amount), Decimal(step), rounding) == Decimal(exact)


@pytest.mark.parametrize("amount", ["1e999999", "-1e300", "9e999999999999999999"])
def test_steps_beyond_counting_are_refused(amount: str) -> None:
    with pytest.raises(OutOfDomain, match="beyond counting"):
        quantise(Decimal(amount), Decimal("0.7"), "up")


_COEFFICIENTS = st.one_of(
    st.integers(0, 10**9),
    st.integers(0, 10**60),
    st.builds(lambda digits, by: 10**digits + by, st.integers(1, 60), st.integers(-2, 2)),
    st.builds(lambda digits, by: 5 * 10**digits + by, st.integers(1, 60), st.integers(-2, 2)),
)


@st.composite
def _near_a_multiple(draw: st.DrawFn) -> tuple[Decimal, Decimal]:
    """Draw a step, and an amount of many digits that is often next to a multiple or a half."""
    step = Decimal(f"{max(1, draw(_COEFFICIENTS))}E{draw(st.integers(-40, 20))}")
    wide = Context(prec=400)
    amount = Decimal(f"{draw(_COEFFICIENTS)}E{draw(st.integers(-60, 20))}")
    if draw(st.booleans()):
        halves = wide.multiply(Decimal("0.5"), draw(st.integers(0, 10**30)))
        by = Decimal(f"{draw(st.integers(-1, 1))}E{draw(st.integers(-90, 0))}")
        amount = wide.fma(halves, step, by)
    return (amount if draw(st.booleans()) else -amount.copy_abs()), step


@given(_near_a_multiple(), st.sampled_from(["up", "down", "half_up"]), st.sampled_from([28, 9, 60]))
@settings(max_examples=300)
def test_rounding_is_that_of_fractions(
    drawn: tuple[Decimal, Decimal], rounding: Rounding, digits: int
) -> None:
    amount, step = drawn
    steps = Fraction(amount) / Fraction(step)
    whole = {
        "up": math.ceil(steps),
        "down": math.floor(steps),
        "half_up": math.floor(abs(steps) + Fraction(1, 2)) * (-1 if steps < 0 else 1),
    }[rounding]
    with localcontext(Context(prec=digits)):
        assert Fraction(quantise(amount, step, rounding)) == whole * Fraction(step)


def test_a_float_is_taken_for_the_decimal_it_prints() -> None:
    assert to_exact(0.1, Decimal("0.1"), "up") == Decimal("0.1")
    assert to_exact(0.1 + 0.2, Decimal("0.1"), "down") == Decimal("0.3")
    assert to_exact(0.1 + 0.2, Decimal("0.1"), "up") == Decimal("0.4")


def test_digits_are_those_a_float_prints() -> None:
    assert digits_of(0.1) == Decimal("0.1")
    assert digits_of(0.1 + 0.2) == Decimal("0.30000000000000004")
    assert digits_of(np.float64(-2.5e-17)) == Decimal("-2.5e-17")


@pytest.mark.parametrize(
    ("value", "lot", "exact"),
    # Three tenths in floats, either side of it, and a coin's last digit.
    [
        (0.30000000000000004, "0.1", "0.3"),
        (-0.30000000000000004, "0.1", "-0.3"),
        (0.29999999999999993, "0.1", "0.3"),
        (12.3, "0.1", "12.3"),
        (1e-8, "1e-8", "1e-8"),
    ],
)
def test_whole_lots_of_a_model_are_whole(value: float, lot: str, exact: str) -> None:
    assert exact_lots(value, Decimal(lot)) == Decimal(exact)


@pytest.mark.parametrize("value", [nan, inf, -inf])
def test_no_number_no_crossing(value: float) -> None:
    with pytest.raises(OutOfDomain, match="it is not finite"):
        to_exact(value, Decimal(1), "up")
    with pytest.raises(OutOfDomain, match="it is not finite"):
        digits_of(value)
    with pytest.raises(OutOfDomain, match=r"cannot round .*: it is not finite"):
        quantise(Decimal(value), Decimal(1), "up")


@pytest.mark.parametrize("step", ["0", "-0.1", "NaN"])
def test_a_step_is_positive(step: str) -> None:
    with pytest.raises(OutOfDomain, match="step must be positive"):
        quantise(Decimal(1), Decimal(step), "up")


def test_scaling_by_one_changes_no_digit() -> None:
    amount = Decimal("61234.50")
    assert str(scaled(amount, 1.0)) == "61234.50"
    assert scaled(amount, 0.9) == Decimal("55111.050")
    assert to_model(Decimal("0.1")) == 0.1


def test_scaling_keeps_every_digit() -> None:
    amount, factor = Decimal("1234567890.123456789012"), 0.12345678901234566  # 39 digits
    assert Fraction(scaled(amount, factor)) == Fraction(amount) * Fraction("0.12345678901234566")


@given(st.integers(-(10**40), 10**40), st.integers(0, 10**30), st.integers(1, 10**30))
def test_integer_rounding_brackets_the_quotient(value: int, up: int, down: int) -> None:
    low, high = mul_div_down(value, up, down), mul_div_up(value, up, down)
    assert low * down <= value * up <= high * down
    assert high - low == (0 if (value * up) % down == 0 else 1)


@pytest.mark.parametrize(
    ("amount", "step", "is_one"),
    [
        ("0", "0.1", True),
        ("-1.3", "0.1", True),
        ("1.35", "0.1", False),
        ("1e17", "1e-18", True),  # 35 digits, beyond the 28 of the default context
        ("100000000000000000.0000000000000000005", "1e-18", False),
        ("1e999999", "0.1", False),
        ("1e-2000000", "1", False),
    ],
)
def test_a_multiple_is_one_to_the_last_digit(amount: str, step: str, is_one: bool) -> None:
    assert is_multiple(Decimal(amount), Decimal(step)) is is_one
