"""Refuses numbers that cannot be, by the name a caller knows them by."""

from math import isfinite

from hedgerow.errors import OutOfDomain

__all__ = ["check_finite", "check_not_negative", "check_positive"]


def check_positive(**named_figure: float) -> None:
    """Refuse what is not above zero and finite, by name; OutOfDomain."""
    for name, value in named_figure.items():
        if not 0.0 < value < float("inf"):
            raise OutOfDomain(f"{name} must be positive and finite, was {value}")


def check_not_negative(**named_figure: float) -> None:
    """Refuse what is below zero or not finite, by name; OutOfDomain."""
    for name, value in named_figure.items():
        if not 0.0 <= value < float("inf"):
            raise OutOfDomain(f"{name} must be finite and not negative, was {value}")


def check_finite(**named_figure: float) -> None:
    """Refuse what is not finite, by name; OutOfDomain."""
    for name, value in named_figure.items():
        if not isfinite(value):
            raise OutOfDomain(f"{name} must be finite, was {value}")
