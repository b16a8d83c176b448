"""The crossing between the exact world and the model world.

`to_model` loses digits and is free to use. `to_exact` cannot be called without saying which way it
rounds; against ourselves is *up* for what we owe and *down* for what we hold.
"""

import math
from decimal import (
    MAX_EMAX,
    MAX_PREC,
    MIN_EMIN,
    ROUND_CEILING,
    ROUND_FLOOR,
    ROUND_HALF_UP,
    Context,
    Decimal,
    DecimalException,
    Inexact,
    InvalidOperation,
    Underflow,
)
from fractions import Fraction
from typing import Final, Literal, TypeAlias

from hedgerow.errors import OutOfDomain

__all__ = [
    "CENT_USD",
    "Rounding",
    "digits_of",
    "exact_lots",
    "is_multiple",
    "mul_div_down",
    "mul_div_up",
    "quantise",
    "quantise_fraction_up",
    "scaled",
    "to_exact",
    "to_model",
]

Rounding: TypeAlias = Literal["up", "down", "half_up"]

# To what budgets count a coin's price, by whoever plans for them and whoever guards them alike.
CENT_USD: Final = Decimal("0.01")

# "up" and "down" are towards plus and minus infinity, so that a signed amount rounds the way the
# number line says; venues that round towards zero say so in their own engine.
_MODES = {"up": ROUND_CEILING, "down": ROUND_FLOOR, "half_up": ROUND_HALF_UP}
_ZERO, _HALF = Decimal(0), Decimal("0.5")
# More digits than any number of steps that is meant; one that has more is refused.
_DIGITS_COUNT = 100
_COUNTING = Context(prec=_DIGITS_COUNT, traps=[InvalidOperation, Underflow])
_ALL_DIGITS = Context(prec=MAX_PREC, Emin=MIN_EMIN, Emax=MAX_EMAX, traps=[InvalidOperation])


def to_model(amount: Decimal | int) -> float:
    """Give the nearest float64. Lossy."""
    return float(amount)


def to_exact(value: float, step: Decimal, rounding: Rounding) -> Decimal:
    """Turn a model's number into a multiple of `step`, rounding as told.

    Raises
    ------
    OutOfDomain
        If `value` is not finite or `step` is not positive.
    """
    return quantise(digits_of(value), step, rounding)


def digits_of(value: float) -> Decimal:
    """Keep every digit of a model's number that is rounded later: those of its shortest `repr`.

    That is the shortest decimal that is this float: 0.1 stays 0.1 and does not round up. Whoever
    sums such numbers rounds the sum once, against ourselves.

    Raises
    ------
    OutOfDomain
        If `value` is not finite.
    """
    if not math.isfinite(value):
        raise OutOfDomain(f"cannot make {value} exact: it is not finite")
    return Decimal(repr(float(value)))


def quantise(amount: Decimal, step: Decimal, rounding: Rounding) -> Decimal:
    """Round an exact amount to a multiple of `step`, right to the last digit of both.

    Raises
    ------
    OutOfDomain
        If `amount` is not finite or `step` is not positive. Of an amount of more than 10^100 steps,
        which cannot be meant, where they are too many to be counted.
    """
    # The quick way, where it is surely right. A quotient cut to as many digits as the context has
    # may come to lie on a whole number or a half, but not beyond one: in reach of a quotient that
    # keeps a fraction, these have no more digits than it. A product that keeps its factor's
    # exponent keeps every digit.
    try:
        if step > _ZERO:
            steps = amount / step
            whole = steps.to_integral_value(_MODES[rounding])
            multiple = whole * step
            if whole == steps:
                if multiple == amount and not amount % step:
                    return multiple
            elif (
                rounding != "half_up" or (steps - whole).copy_abs() != _HALF
            ) and multiple.same_quantum(step):
                return multiple
    except DecimalException:
        pass
    return _quantise_slowly(amount, step, rounding)


def _quantise_slowly(amount: Decimal, step: Decimal, rounding: Rounding) -> Decimal:
    """Round as `quantise` does, in as many digits as that takes."""
    if not amount.is_finite():
        raise OutOfDomain(f"cannot round {amount}: it is not finite")
    if not (step.is_finite() and step > 0):
        raise OutOfDomain(f"step must be positive, was {step}")
    digits = _DIGITS_COUNT + sum(len(each.as_tuple().digits) for each in (amount, step))
    wide = Context(prec=digits, Emin=MIN_EMIN, Emax=MAX_EMAX, traps=[InvalidOperation, Inexact])
    try:
        whole, rest = wide.divmod(amount, step)  # towards zero; the rest has the amount's sign
        is_farther = {
            "up": rest > 0,
            "down": rest < 0,
            "half_up": wide.multiply(2, rest.copy_abs()) >= step,
        }[rounding]
        if is_farther:
            whole = wide.add(whole, Decimal(1).copy_sign(amount))
        return wide.multiply(whole, step)
    except DecimalException:
        raise OutOfDomain(f"cannot round {amount} to {step}: steps beyond counting") from None


def exact_lots(value: float, lot_amount: Decimal) -> Decimal:
    """Give an amount that a model chose in whole lots, exact: the nearest of them.

    It is whole but for the last bit of a float, so that neither way of rounding is against anybody.

    Raises
    ------
    OutOfDomain
        As `to_exact`.
    """
    return to_exact(value, lot_amount, "half_up")


def is_multiple(amount: Decimal, step: Decimal) -> bool:
    """Whether an exact amount is a whole number of steps, to the last digit.

    An amount of more than 10^100 steps is none: what lies beyond cannot be meant.
    """
    try:
        return _COUNTING.remainder(amount, step) == 0
    except (InvalidOperation, Underflow):
        return False


def scaled(amount: Decimal, factor: float) -> Decimal:
    """Multiply an exact amount by a model's factor, keeping every digit (shocked prices)."""
    return amount if factor == 1.0 else _ALL_DIGITS.multiply(amount, digits_of(factor))


def quantise_fraction_up(amount: Fraction, step: Fraction) -> Fraction:
    """Round an exact fraction up to a multiple of `step`, towards plus infinity.

    Raises
    ------
    OutOfDomain
        If `step` is not positive.
    """
    if step <= 0:
        raise OutOfDomain(f"step must be positive, was {float(step)}")
    return math.ceil(amount / step) * step


def mul_div_down(value_raw: int, numerator: int, denominator: int) -> int:
    """``floor(value · numerator / denominator)`` in integers, as EVM code does."""
    return value_raw * numerator // denominator


def mul_div_up(value_raw: int, numerator: int, denominator: int) -> int:
    """``ceil(value · numerator / denominator)`` in integers."""
    return -(-value_raw * numerator // denominator)
