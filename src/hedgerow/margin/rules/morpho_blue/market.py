"""How used a market is, what would bring it to another use, and what a rate yields in a year."""

from math import expm1

from hedgerow.errors import OutOfDomain
from hedgerow.units import mul_div_down, mul_div_up

__all__ = [
    "supply_to_utilisation_raw",
    "utilisation_wad",
    "withdraw_to_utilisation_raw",
    "yield_continuous_frac",
]

_WAD = 10**18


def utilisation_wad(supply_raw: int, borrow_raw: int) -> int | None:
    """Give the part of the supply that is borrowed, rounded down; zero in an empty market.

    None (infinite) where something is borrowed from nothing.
    """
    if supply_raw == 0:
        return None if borrow_raw else 0
    return mul_div_down(borrow_raw, _WAD, supply_raw)


def supply_to_utilisation_raw(supply_raw: int, borrow_raw: int, target_wad: int) -> int | None:
    """Give the smallest supply to add so that the use falls to a target; zero if it is below.

    None (infinite) where no supply brings it there: a target of zero with something borrowed.
    """
    needed = _supply_needed_raw(borrow_raw, target_wad)
    return None if needed is None else max(needed - supply_raw, 0)


def withdraw_to_utilisation_raw(supply_raw: int, borrow_raw: int, target_wad: int) -> int:
    """Give what may be withdrawn until the use rises to a target; zero if it is above."""
    needed = _supply_needed_raw(borrow_raw, target_wad)
    return 0 if needed is None else max(supply_raw - needed, 0)


def yield_continuous_frac(rate_year_wad: int, year_s: int) -> float:
    """Give the yearly yield of a rate that compounds without pause.

    The rate is kept by the second, rounded down; ``exp(rate · year) - 1``.

    Raises
    ------
    OutOfDomain
        If the year has no seconds, or the yield is beyond any float.
    """
    if year_s <= 0:
        raise OutOfDomain(f"a year must have seconds, was {year_s}")
    try:
        return expm1(rate_year_wad // year_s * year_s / _WAD)
    except OverflowError as beyond:
        raise OutOfDomain(f"the yield of a rate of {rate_year_wad} has no number") from beyond


def _supply_needed_raw(borrow_raw: int, target_wad: int) -> int | None:
    """Give the supply at which so much borrowed is a target use; None if there is none."""
    if target_wad < 0:
        raise OutOfDomain(f"the use to reach must not be negative, was {target_wad}")
    if target_wad == 0:
        return None if borrow_raw else 0
    return mul_div_up(borrow_raw, _WAD, target_wad)
