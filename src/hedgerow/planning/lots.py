"""Amounts of a solver as the exact lots that they are."""

from decimal import Decimal

from hedgerow.units import to_exact

__all__ = ["exact_lots"]


def exact_lots(value: float, lot_amount: Decimal) -> Decimal:
    """Give an amount that was chosen in whole lots, exact: the nearest of them.

    It is whole but for the last bit of a float, so that neither way of rounding is against anybody.
    """
    return to_exact(value, lot_amount, "half_up")
