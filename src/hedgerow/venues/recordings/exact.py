"""Floats of a file as the decimals the venue printed.

A float64 that was read from a printed decimal of up to 15 digits has that decimal as its shortest
representation, so ``Decimal(repr(x))`` gives the printed number back.
"""

from decimal import Decimal

import polars as pl

__all__ = ["Exact"]

_KEEP_COUNT = 100_000


class Exact:
    """Turns columns into decimals, and remembers: option prices are multiples of a tick and repeat.

    One instance per reader; it forgets everything once it knows too much.
    """

    def __init__(self) -> None:
        self._known: dict[float, Decimal] = {}

    def column(self, series: pl.Series) -> list[Decimal]:
        """Give a column without nulls as decimals."""
        return [self.one(value) for value in series.to_list()]

    def column_or_none(self, series: pl.Series) -> list[Decimal | None]:
        """Give a column as decimals, None where it is null."""
        return [None if value is None else self.one(value) for value in series.to_list()]

    def one(self, value: float) -> Decimal:
        """Give one number as a decimal."""
        exact = self._known.get(value)
        if exact is None:
            if len(self._known) >= _KEEP_COUNT:
                self._known.clear()
            exact = self._known[value] = Decimal(repr(value))
        return exact
