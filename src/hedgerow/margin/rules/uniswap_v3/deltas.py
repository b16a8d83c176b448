"""What a move of the price takes from the pool and gives to it, and how far an amount moves it."""

from hedgerow.errors import OutOfDomain
from hedgerow.units import mul_div_down, mul_div_up

__all__ = [
    "amount0_delta_raw",
    "amount1_delta_raw",
    "next_price_from_input_x96",
    "next_price_from_output_x96",
]

_X96 = 2**96
_UINT160_MAX = 2**160 - 1
_UINT256_MAX = 2**256 - 1


def amount0_delta_raw(
    one_x96: int, other_x96: int, liquidity_raw: int, *, is_rounded_up: bool
) -> int:
    """Give the token0 between two prices, in either order; both divisions round the same way.

    Raises
    ------
    OutOfDomain
        If the lower price is not positive, or the liquidity is negative.
    """
    low, high = _ordered(one_x96, other_x96, liquidity_raw)
    if low == 0:
        raise OutOfDomain(f"no token0 is enough down to zero, from {high}")
    divided = mul_div_up if is_rounded_up else mul_div_down
    return divided(divided(liquidity_raw * _X96, high - low, high), 1, low)


def amount1_delta_raw(
    one_x96: int, other_x96: int, liquidity_raw: int, *, is_rounded_up: bool
) -> int:
    """Give the token1 between two prices, in either order.

    Raises
    ------
    OutOfDomain
        If a price or the liquidity is negative.
    """
    low, high = _ordered(one_x96, other_x96, liquidity_raw)
    divided = mul_div_up if is_rounded_up else mul_div_down
    return divided(liquidity_raw, high - low, _X96)


def next_price_from_input_x96(
    price_x96: int, liquidity_raw: int, amount_raw: int, *, is_zero_for_one: bool
) -> int:
    """Give the price after an amount has been paid in, never further than it pays for.

    Parameters
    ----------
    is_zero_for_one
        Whether token0 goes in, and the price falls.

    Raises
    ------
    OutOfDomain
        If price or liquidity are not positive, the amount is negative, or the price would be too
        high for the pool.
    """
    _refuse_empty(price_x96, liquidity_raw, amount_raw)
    if not is_zero_for_one:
        return _fitting(price_x96 + mul_div_down(amount_raw, _X96, liquidity_raw))
    if amount_raw == 0:
        return price_x96
    held = liquidity_raw * _X96
    whole = held + amount_raw * price_x96
    if whole <= _UINT256_MAX:
        return mul_div_up(held, price_x96, whole)
    # Where the product does not fit its 256 bits, the pool divides first.
    return mul_div_up(held, 1, held // price_x96 + amount_raw)


def next_price_from_output_x96(
    price_x96: int, liquidity_raw: int, amount_raw: int, *, is_zero_for_one: bool
) -> int:
    """Give the price after an amount has been paid out, at least as far as that takes.

    Parameters
    ----------
    is_zero_for_one
        Whether token0 goes in: then token1 comes out, and the price falls.

    Raises
    ------
    OutOfDomain
        If price or liquidity are not positive, the amount is negative, or the pool has no more.
    """
    _refuse_empty(price_x96, liquidity_raw, amount_raw)
    if is_zero_for_one:
        after = price_x96 - mul_div_up(amount_raw, _X96, liquidity_raw)
        if after <= 0:
            raise OutOfDomain(f"the pool has less than {amount_raw} of token1 down to zero")
        return after
    held, gone = liquidity_raw * _X96, amount_raw * price_x96
    if gone >= held:
        raise OutOfDomain(f"the pool has less than {amount_raw} of token0 at any price")
    return _fitting(mul_div_up(held, price_x96, held - gone))


def _fitting(after_x96: int) -> int:
    if after_x96 > _UINT160_MAX:
        raise OutOfDomain(f"the price would not fit its 160 bits: {after_x96}")
    return after_x96


def _ordered(one_x96: int, other_x96: int, liquidity_raw: int) -> tuple[int, int]:
    low, high = sorted((one_x96, other_x96))
    if low < 0 or liquidity_raw < 0:
        raise OutOfDomain(
            "roots of prices and liquidity must not be negative, were "
            f"{one_x96}, {other_x96}, {liquidity_raw}"
        )
    return low, high


def _refuse_empty(price_x96: int, liquidity_raw: int, amount_raw: int) -> None:
    if price_x96 <= 0 or liquidity_raw <= 0:
        raise OutOfDomain(
            f"price and liquidity must be positive, were {price_x96}, {liquidity_raw}"
        )
    if amount_raw < 0:
        raise OutOfDomain(f"an amount must not be negative, was {amount_raw}")
