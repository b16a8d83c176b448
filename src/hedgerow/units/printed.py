"""Floats of a file as the decimals that were printed into it.

A float64 that was read from a printed decimal of up to 15 digits has that decimal as its shortest
representation, so ``repr`` gives the printed number back. Nothing is rounded here; a number that a
model made goes through `to_exact`, which asks for a direction.
"""

from collections.abc import Iterable
from decimal import Decimal

__all__ = ["Printed"]

_KEEP_COUNT = 100_000


class Printed:
    """Turns floats into decimals, and remembers: prices are multiples of a tick and repeat.

    One instance per reader; it forgets everything once it knows too much.
    """

    def __init__(self) -> None:
        self._known: dict[float, Decimal] = {}

    def column(self, values: Iterable[float]) -> list[Decimal]:
        """Give a column as decimals."""
        return [self.one(value) for value in values]

    def column_or_none(self, values: Iterable[float | None]) -> list[Decimal | None]:
        """Give a column as decimals, None where it is None."""
        return [None if value is None else self.one(value) for value in values]

    def one(self, value: float) -> Decimal:
        """Give one number as a decimal."""
        exact = self._known.get(value)
        if exact is None:
            if len(self._known) >= _KEEP_COUNT:
                self._known.clear()
            exact = self._known[value] = Decimal(repr(value))
        return exact
