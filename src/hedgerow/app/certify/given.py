"""The inputs of one case, read as the kind of number its computation works in.

A vector writes a number as a JSON number or as a string: a decimal, or a fraction ``a/b``. Integers
beyond 2^53 come as strings. Nothing is rounded on the way in.
"""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final, final

from hedgerow.errors import VectorsRejected

__all__ = ["Given", "fraction_of"]

_NOTHING: Final = object()


@final
class Given:
    """One table of named inputs; every question names what is missing or is no such number.

    Parameters
    ----------
    table
        What the vector file holds, numbers as int, Decimal or str.
    defaults
        What the suite shares between its cases, such as scenario sets; looked up with `default`.
    path
        How to name this table in errors.
    """

    __slots__ = ("_defaults", "_path", "_table")

    def __init__(
        self, table: Mapping[str, Any], defaults: Mapping[str, Any] | None = None, path: str = ""
    ) -> None:
        self._table = table
        self._defaults = defaults or {}
        self._path = path

    def __contains__(self, name: str) -> bool:
        return name in self._table

    def __iter__(self) -> Iterator[str]:
        return iter(self._table)

    def raw(self, name: str) -> Any:
        """Give an input as it stands in the file."""
        if name not in self._table:
            known = ", ".join(self._table) or "nothing"
            raise VectorsRejected(f"no input {self._path}{name}; there is {known}")
        return self._table[name]

    def integer(self, name: str, otherwise: int | object = _NOTHING) -> int:
        """Give a whole number; anything else is refused, never cut off."""
        value = self.fraction(name, otherwise)
        if value.denominator != 1:
            raise VectorsRejected(f"{self._path}{name} must be a whole number, was {value}")
        return value.numerator

    def fraction(self, name: str, otherwise: Any = _NOTHING) -> Fraction:
        """Give an exact number."""
        if otherwise is not _NOTHING and name not in self._table:
            return Fraction(otherwise)
        value = fraction_of(self.raw(name))
        if value is None:
            raise VectorsRejected(f"{self._path}{name} must be a number, was {self.raw(name)!r}")
        return value

    def number(self, name: str, otherwise: Any = _NOTHING) -> float:
        """Give the nearest float64."""
        return float(self.fraction(name, otherwise))

    def flag(self, name: str, otherwise: bool | object = _NOTHING) -> bool:
        """Give a truth."""
        if isinstance(otherwise, bool) and name not in self._table:
            return otherwise
        value = self.raw(name)
        if not isinstance(value, bool):
            raise VectorsRejected(f"{self._path}{name} must be true or false, was {value!r}")
        return value

    def text(self, name: str, otherwise: str | object = _NOTHING) -> str:
        """Give a word."""
        if isinstance(otherwise, str) and name not in self._table:
            return otherwise
        value = self.raw(name)
        if not isinstance(value, str):
            raise VectorsRejected(f"{self._path}{name} must be text, was {value!r}")
        return value

    def table(self, name: str) -> "Given":
        """Give a table within this one."""
        value = self.raw(name)
        if not isinstance(value, Mapping):
            raise VectorsRejected(f"{self._path}{name} must be a table, was {value!r}")
        return Given(value, self._defaults, f"{self._path}{name}.")

    def tables(self, name: str) -> "tuple[Given, ...]":
        """Give the tables of a list; none where the list is not there."""
        value = self._table.get(name, ())
        if not isinstance(value, Sequence) or not all(isinstance(each, Mapping) for each in value):
            raise VectorsRejected(f"{self._path}{name} must be a list of tables, was {value!r}")
        return tuple(
            Given(each, self._defaults, f"{self._path}{name}[{at}].")
            for at, each in enumerate(value)
        )

    def fractions(self, name: str) -> tuple[Fraction, ...]:
        """Give the numbers of a list."""
        values = [fraction_of(each) for each in self._list(name)]
        if None in values:
            raise VectorsRejected(f"{self._path}{name} must be numbers, was {self.raw(name)!r}")
        return tuple(each for each in values if each is not None)

    def numbers(self, name: str) -> tuple[float, ...]:
        """Give the numbers of a list as float64."""
        return tuple(float(each) for each in self.fractions(name))

    def default(self, name: str) -> "Given":
        """Give a table that the suite shares between its cases."""
        return Given(self._defaults, self._defaults, "defaults.").table(name)

    def default_raw(self, name: str) -> Any:
        """Give what the suite shares between its cases, as it stands in the file."""
        return Given(self._defaults, self._defaults, "defaults.").raw(name)

    def _list(self, name: str) -> Sequence[Any]:
        value = self.raw(name)
        if not isinstance(value, Sequence) or isinstance(value, str):
            raise VectorsRejected(f"{self._path}{name} must be a list, was {value!r}")
        return value


def fraction_of(value: object) -> Fraction | None:
    """Give the exact number that a value of a vector, or of a result, stands for; None if none."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | Fraction):
        return Fraction(value)
    if isinstance(value, float | Decimal):
        try:
            return Fraction(value)
        except (ValueError, OverflowError):  # not finite
            return None
    if isinstance(value, str):
        try:
            return Fraction(value)
        except (ValueError, ZeroDivisionError):
            return None
    return None
