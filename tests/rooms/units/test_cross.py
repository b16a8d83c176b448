"""Rounding goes where it was told, and nothing that is not a number gets across."""

from decimal import Decimal
from math import inf, nan

import numpy as np
import pytest
from hypothesis import given
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
    ],
)
def test_a_multiple_is_one_to_the_last_digit(amount: str, step: str, is_one: bool) -> None:
    assert is_multiple(Decimal(amount), Decimal(step)) is is_one
