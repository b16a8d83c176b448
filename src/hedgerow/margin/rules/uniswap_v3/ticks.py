"""Ticks and prices: tick i stands for a price of 1.0001^i, exact to the pool's last digit."""

from bisect import bisect_right
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Final

from hedgerow.errors import OutOfDomain

__all__ = [
    "SQRT_PRICE_X96_MAX",
    "SQRT_PRICE_X96_MIN",
    "TICK_MAX",
    "sqrt_price_x96_at_tick",
    "tick_at_sqrt_price_x96",
]

TICK_MAX: Final = 887_272

_X128 = 2**128
_UINT256_MAX = 2**256 - 1


def _factors_x128() -> tuple[int, ...]:
    """Give 1.0001^(-2^i / 2) for each bit i of a tick, to the nearest integer scaled by 2^128."""
    exact = Context(prec=120, rounding=ROUND_HALF_EVEN)
    factor = exact.divide(Decimal(1), exact.sqrt(Decimal("1.0001")))
    found = []
    for _ in range(TICK_MAX.bit_length()):
        found.append(int(exact.multiply(factor, Decimal(_X128)).to_integral_value()))
        factor = exact.multiply(factor, factor)
    return tuple(found)


_FACTORS_X128: Final = _factors_x128()


def sqrt_price_x96_at_tick(tick: int) -> int:
    """Give the root of a tick's price: products are floored, the last division is rounded up.

    Raises
    ------
    OutOfDomain
        If the tick is beyond plus or minus `TICK_MAX`.
    """
    if abs(tick) > TICK_MAX:
        raise OutOfDomain(f"tick must be within {-TICK_MAX} and {TICK_MAX}, was {tick}")
    ratio = _X128
    for bit, factor in enumerate(_FACTORS_X128):
        if abs(tick) >> bit & 1:
            ratio = ratio * factor // _X128
    if tick > 0:
        ratio = _UINT256_MAX // ratio
    return -(-ratio // 2**32)


SQRT_PRICE_X96_MIN: Final = sqrt_price_x96_at_tick(-TICK_MAX)
SQRT_PRICE_X96_MAX: Final = sqrt_price_x96_at_tick(TICK_MAX)


def tick_at_sqrt_price_x96(sqrt_price_x96: int) -> int:
    """Give the largest tick whose price is not above this one.

    A pool's price always stays below the last tick's; here that tick has its price too.

    Raises
    ------
    OutOfDomain
        If the price is beyond those of the first and the last tick.
    """
    if not SQRT_PRICE_X96_MIN <= sqrt_price_x96 <= SQRT_PRICE_X96_MAX:
        raise OutOfDomain(
            f"root of the price must be within {SQRT_PRICE_X96_MIN} and {SQRT_PRICE_X96_MAX}, "
            f"was {sqrt_price_x96}"
        )
    ticks = range(-TICK_MAX, TICK_MAX + 1)
    return ticks[bisect_right(ticks, sqrt_price_x96, key=sqrt_price_x96_at_tick) - 1]
