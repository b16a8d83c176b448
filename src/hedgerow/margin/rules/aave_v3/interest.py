"""How balances grow: linear interest for supply, a third-order binomial for debt.

A balance is kept divided by an index (scaled); the index grows instead. A year has 31,536,000
seconds.
"""

from hedgerow.errors import OutOfDomain
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
_YEAR_S = 31_536_000
_BPS = 10_000
_RAY_PER_WAD = 10**9


def ray_mul(a_ray: int, b_ray: int) -> int:
    """Give the product of two rays, or of an amount and a ray, rounded half up."""
    return (a_ray * b_ray + _RAY // 2) // _RAY


def percent_mul(value_raw: int, part_bps: int) -> int:
    """Give so many basis points of a value that is not negative, rounded half up."""
    return (value_raw * part_bps + _BPS // 2) // _BPS


def linear_interest_ray(rate_ray: int, elapsed_s: int) -> int:
    """Give the factor by which a supply grows at a yearly rate, simple interest.

    Raises
    ------
    OutOfDomain
        If the time runs backwards.
    """
    _refuse_past(elapsed_s)
    years_ray = (elapsed_s * _RAY + _YEAR_S // 2) // _YEAR_S
    return _RAY + ray_mul(rate_ray, years_ray)


def compounded_interest_ray(rate_ray: int, elapsed_s: int) -> int:
    """Give the factor by which a debt grows: ``(1 + x)^t`` by the second, to the third order.

    The second and third powers of x are rays too, so that for a long time their rounding shows: at
    10 % a year they give 0.6 parts in a million too much.

    Raises
    ------
    OutOfDomain
        If the time runs backwards.
    """
    _refuse_past(elapsed_s)
    t = elapsed_s
    x = rate_ray // _YEAR_S
    x2 = ray_mul(x, x)
    x3 = ray_mul(x2, x)
    return _RAY + x * t + t * (t - 1) * x2 // 2 + t * (t - 1) * (t - 2) * x3 // 6


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


def _refuse_past(elapsed_s: int) -> None:
    if elapsed_s < 0:
        raise OutOfDomain(f"interest needs seconds that have passed, was {elapsed_s}")
