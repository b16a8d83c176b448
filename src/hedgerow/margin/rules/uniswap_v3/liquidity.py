"""A position between two prices: the liquidity that amounts buy, what it holds, what it earned."""

from hedgerow.errors import OutOfDomain
from hedgerow.margin.rules.uniswap_v3.deltas import amount0_delta_raw, amount1_delta_raw
from hedgerow.units import mul_div_down

__all__ = ["amounts_for_liquidity_raw", "liquidity_for_amounts_raw"]

_X96 = 2**96


def liquidity_for_amounts_raw(
    price_x96: int, one_x96: int, other_x96: int, *, amount0_raw: int, amount1_raw: int
) -> int:
    """Give the most liquidity between two prices that both amounts pay for, rounded down.

    Below the range only token0 counts, above it only token1; at a bound the range is left.

    Raises
    ------
    OutOfDomain
        If the two prices are the same or not positive, or an amount is negative.
    """
    low, high = sorted((one_x96, other_x96))
    if not 0 < low < high:
        raise OutOfDomain(f"a range lies between two positive prices, were {low} and {high}")
    if min(amount0_raw, amount1_raw) < 0:
        raise OutOfDomain(f"amounts must not be negative, were {amount0_raw}, {amount1_raw}")
    if price_x96 <= low:
        return _liquidity0_raw(low, high, amount0_raw)
    if price_x96 >= high:
        return _liquidity1_raw(low, high, amount1_raw)
    return min(
        _liquidity0_raw(price_x96, high, amount0_raw), _liquidity1_raw(low, price_x96, amount1_raw)
    )


def amounts_for_liquidity_raw(
    price_x96: int, one_x96: int, other_x96: int, liquidity_raw: int, *, is_rounded_up: bool
) -> tuple[int, int]:
    """Give the token0 and token1 of a position between two prices.

    Parameters
    ----------
    is_rounded_up
        Up for what a mint must pay, down for what a burn gives.

    Raises
    ------
    OutOfDomain
        If a price is not positive, or the liquidity is negative.
    """
    low, high = sorted((one_x96, other_x96))
    inside = min(max(price_x96, low), high)
    return (
        amount0_delta_raw(inside, high, liquidity_raw, is_rounded_up=is_rounded_up),
        amount1_delta_raw(low, inside, liquidity_raw, is_rounded_up=is_rounded_up),
    )


def _liquidity0_raw(low_x96: int, high_x96: int, amount_raw: int) -> int:
    between = mul_div_down(low_x96, high_x96, _X96)
    return mul_div_down(amount_raw, between, high_x96 - low_x96)


def _liquidity1_raw(low_x96: int, high_x96: int, amount_raw: int) -> int:
    return mul_div_down(amount_raw, _X96, high_x96 - low_x96)
