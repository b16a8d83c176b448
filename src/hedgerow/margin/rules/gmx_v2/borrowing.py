"""What a position pays the pool for what is reserved for it; the smaller side may be exempt."""

from hedgerow.margin.rules.checks import not_negative
from hedgerow.margin.rules.gmx_v2.fixed_point import power_1e30, ratio_1e30, times_1e30

__all__ = ["fee_1e30", "rate_1e30"]


def rate_1e30(reserved_1e30: int, pool_1e30: int, *, factor_1e30: int, exponent_1e30: int) -> int:
    """Rate per second: ``reserved^exponent / pool · factor``; nought where nothing is reserved.

    Parameters
    ----------
    reserved_1e30
        Dollars reserved for a side: tokens held at the price for longs, open interest for shorts.
    pool_1e30
        Dollars of the side's token in the pool.

    Raises
    ------
    OutOfDomain
        If something is reserved in an empty pool.
    """
    not_negative(reserved_1e30=reserved_1e30, pool_1e30=pool_1e30, factor_1e30=factor_1e30)
    if reserved_1e30 == 0:
        return 0
    used_1e30 = ratio_1e30(power_1e30(reserved_1e30, exponent_1e30), pool_1e30)
    return times_1e30(used_1e30, factor_1e30)


def fee_1e30(size_1e30: int, *, rate_1e30: int, elapsed_s: int) -> int:
    """Dollars that a position of a size pays at a rate per second for a number of seconds."""
    not_negative(size_1e30=size_1e30, rate_1e30=rate_1e30, elapsed_s=elapsed_s)
    return times_1e30(size_1e30, rate_1e30 * elapsed_s)
