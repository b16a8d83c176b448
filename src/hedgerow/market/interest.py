"""How loans grow while nobody touches them, in the integers of the protocols.

Supply grows linearly and debt by a third-order binomial of the per-second rate, exactly as an Aave
v3 reserve does (onchain-margin.md section 5; vectors `linear_interest`, `compounded_interest`). Of
another protocol it is an estimate.
"""

import msgspec

from hedgerow.errors import OutOfDomain
from hedgerow.market.records import LendingIndex
from hedgerow.units import SECOND_NS

__all__ = ["RAY", "compounded_interest_ray", "grown", "linear_interest_ray", "ray_mul"]

RAY = 10**27
_YEAR_S = 31_536_000
_VIRTUAL_SHARES_RAW = 10**6  # of Morpho Blue, beside one virtual unit of the asset


def ray_mul(left_ray: int, right_ray: int) -> int:
    """Give the product of two rays, or of an amount and a ray, rounded half up."""
    return (left_ray * right_ray + RAY // 2) // RAY


def linear_interest_ray(rate_ray: int, elapsed_s: int) -> int:
    """Give the factor by which a supply grows at a yearly rate, simple interest.

    Raises
    ------
    OutOfDomain
        If the time runs backwards.
    """
    _refuse_past(elapsed_s)
    return RAY + ray_mul(rate_ray, (elapsed_s * RAY + _YEAR_S // 2) // _YEAR_S)


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
    x = rate_ray // _YEAR_S
    x2 = ray_mul(x, x)
    x3 = ray_mul(x2, x)
    t = elapsed_s
    return RAY + x * t + t * (t - 1) * x2 // 2 + t * (t - 1) * (t - 2) * x3 // 6


def grown(index: LendingIndex, elapsed_ns: int) -> LendingIndex:
    """Give the indices after some time at the rates that came with them; a side without stays."""
    elapsed_s = elapsed_ns // SECOND_NS
    supply, borrow = index.supply_frac_per_year, index.borrow_frac_per_year
    liquidity_ray, borrow_ray = index.liquidity_index_ray, index.borrow_index_ray
    if supply is not None:
        liquidity_ray = ray_mul(linear_interest_ray(int(supply * RAY), elapsed_s), liquidity_ray)
    borrowed_raw = index.borrowed_raw
    if borrow is not None:
        factor_ray = compounded_interest_ray(int(borrow * RAY), elapsed_s)
        borrow_ray = ray_mul(factor_ray, borrow_ray)
        if borrowed_raw is not None and index.borrowed_shares_raw is not None:
            # Kept in shares (Morpho Blue): the index is what the totals say, rounded down.
            borrowed_raw = -(-borrowed_raw * factor_ray // RAY)
            owed, shares = borrowed_raw + 1, index.borrowed_shares_raw + _VIRTUAL_SHARES_RAW
            borrow_ray = owed * _VIRTUAL_SHARES_RAW * RAY // shares
    return msgspec.structs.replace(
        index,
        liquidity_index_ray=liquidity_ray,
        borrow_index_ray=borrow_ray,
        borrowed_raw=borrowed_raw,
    )


def _refuse_past(elapsed_s: int) -> None:
    if elapsed_s < 0:
        raise OutOfDomain(f"interest needs seconds that have passed, was {elapsed_s}")
