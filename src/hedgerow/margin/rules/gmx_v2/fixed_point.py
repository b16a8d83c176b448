"""The contracts' arithmetic: factors scaled 1e30, and a power by binary logarithm, scaled 1e18.

The power is not the exact one: it loses some digits after the sixteenth, always the same ones. A
price impact is known to the last digit only with exactly this arithmetic.
"""

from math import isqrt
from typing import Final

from hedgerow.errors import OutOfDomain
from hedgerow.margin.rules.checks import not_negative, positive

__all__ = ["ONE_1E30", "power_1e18", "power_1e30", "ratio_1e30", "times_1e30"]

ONE_1E30: Final = 10**30
_ONE_1E18: Final = 10**18
_DOWN_TO_1E18: Final = 10**12


def times_1e30(value_1e30: int, factor_1e30: int) -> int:
    """Product of a value and a factor, neither negative, floored."""
    not_negative(value_1e30=value_1e30, factor_1e30=factor_1e30)
    return value_1e30 * factor_1e30 // ONE_1E30


def ratio_1e30(value_1e30: int, divisor_1e30: int) -> int:
    """Quotient of a value that is not negative, floored.

    Raises
    ------
    OutOfDomain
        If the divisor is not positive.
    """
    not_negative(value_1e30=value_1e30)
    positive(divisor_1e30=divisor_1e30)
    return value_1e30 * ONE_1E30 // divisor_1e30


def power_1e30(value_1e30: int, exponent_1e30: int) -> int:
    """Raise a value to a power: nought below one, unchanged to the power of one.

    Value and exponent are cut to 18 decimals first.
    """
    not_negative(value_1e30=value_1e30, exponent_1e30=exponent_1e30)
    if value_1e30 < ONE_1E30:
        return 0
    if exponent_1e30 == ONE_1E30:
        return value_1e30
    raised_1e18 = power_1e18(value_1e30 // _DOWN_TO_1E18, exponent_1e30 // _DOWN_TO_1E18)
    return raised_1e18 * _DOWN_TO_1E18


def power_1e18(value_1e18: int, exponent_1e18: int) -> int:
    """``2^(log2(value) · exponent)``, the product rounded half up.

    Raises
    ------
    OutOfDomain
        If the value is below one, or the power is 2^192 or more.
    """
    not_negative(exponent_1e18=exponent_1e18)
    product = _log2_1e18(value_1e18) * exponent_1e18
    return _exp2_1e18((product + _ONE_1E18 // 2) // _ONE_1E18)


def _log2_1e18(value_1e18: int) -> int:
    """Binary logarithm of one or more: its whole part from the top bit, then a square a bit."""
    if value_1e18 < _ONE_1E18:
        raise OutOfDomain(f"a logarithm needs at least 1e18, was {value_1e18}")
    whole = (value_1e18 // _ONE_1E18).bit_length() - 1
    result = whole * _ONE_1E18
    y = value_1e18 >> whole
    if y == _ONE_1E18:
        return result
    delta = _ONE_1E18 // 2
    while delta > 0:
        y = y * y // _ONE_1E18
        if y >= 2 * _ONE_1E18:
            result += delta
            y >>= 1
        delta >>= 1
    return result


def _roots_of_two() -> tuple[int, ...]:
    """Give ``2^(1/2), 2^(1/4), …, 2^(1/2^64)``, each scaled 2^64 and rounded to the nearest."""
    roots = []
    root = 2 << 512  # scaled 2^512, far more digits than are kept
    for _ in range(64):
        root = isqrt(root << 512)
        roots.append((root + (1 << 447)) >> 448)
    return tuple(roots)


_ROOTS: Final = _roots_of_two()


def _exp2_1e18(power_of_two_1e18: int) -> int:
    """Two to a power: for every bit of its fraction a root of two is multiplied in."""
    if power_of_two_1e18 >= 192 * _ONE_1E18:
        raise OutOfDomain(f"two to the power of {power_of_two_1e18} (1e18) exceeds 2^192")
    fixed = (power_of_two_1e18 << 64) // _ONE_1E18
    result = 1 << 191
    for at, root in enumerate(_ROOTS):
        if fixed & (1 << (63 - at)):
            result = result * root >> 64
    return result * _ONE_1E18 >> (191 - (fixed >> 64))
