"""How balances grow: linear interest for supply, a third-order binomial for debt.

A balance is kept divided by an index (scaled); the index grows instead. A year has 31,536,000
seconds.
"""

from hedgerow.market.interest import compounded_interest_ray, linear_interest_ray, ray_mul
from hedgerow.units import mul_div_down, mul_div_up

__all__ = [
    "balance_raw",
    "balance_shown_raw",
    "compounded_interest_ray",
    "debt_raw",
    "linear_interest_ray",
    "normalised_income_ray",
    "percent_mul",
    "ray_mul",
]

_RAY = 10**27
_BPS = 10_000
_RAY_PER_WAD = 10**9


def percent_mul(value_raw: int, part_bps: int) -> int:
    """Give so many basis points of a value that is not negative, rounded half up."""
    return (value_raw * part_bps + _BPS // 2) // _BPS


def normalised_income_ray(index_ray: int, rate_ray: int, elapsed_s: int) -> int:
    """Give the supply index now, from the one last written and the seconds since."""
    return ray_mul(linear_interest_ray(rate_ray, elapsed_s), index_ray)


def balance_raw(scaled_raw: int, liquidity_index_ray: int) -> int:
    """Give the present balance of a supply, rounded down (v3.5 on)."""
    return mul_div_down(scaled_raw, liquidity_index_ray, _RAY)


def debt_raw(scaled_raw: int, borrow_index_ray: int) -> int:
    """Give the present debt of a borrow, rounded up (v3.5 on)."""
    return mul_div_up(scaled_raw, borrow_index_ray, _RAY)


def balance_shown_raw(scaled_raw: int, liquidity_index_ray: int) -> int:
    """Give a supply as the protocol's client library shows it: half up, by way of ray."""
    shown_ray = ray_mul(scaled_raw * _RAY_PER_WAD, liquidity_index_ray)
    return (shown_ray + _RAY_PER_WAD // 2) // _RAY_PER_WAD
