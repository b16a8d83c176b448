"""Refusing what a rule cannot mean: a missing price is not zero, a negative size is no size."""

from fractions import Fraction

from hedgerow.errors import OutOfDomain

__all__ = ["not_negative", "positive"]


def positive(**values: int | Fraction) -> None:
    """Refuse numbers that are zero or less, by the names they are given.

    Raises
    ------
    OutOfDomain
        Naming the first.
    """
    for name, value in values.items():
        if value <= 0:
            raise OutOfDomain(f"{name} must be positive, was {value}")


def not_negative(**values: int | Fraction) -> None:
    """Refuse numbers below zero, by the names they are given.

    Raises
    ------
    OutOfDomain
        Naming the first.
    """
    for name, value in values.items():
        if value < 0:
            raise OutOfDomain(f"{name} must not be negative, was {value}")
