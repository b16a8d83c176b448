"""What a reader needs of a column, and what no value in it may be.

A `Rule` is an expression that is true where a row is fine, with the same said in words; a null
makes it neither true nor false and is judged by `Column.nullable` alone.
"""

from dataclasses import dataclass
from typing import Literal, TypeAlias

import polars as pl

__all__ = [
    "Column",
    "Kind",
    "Rule",
    "amount",
    "count",
    "fits",
    "flag",
    "label",
    "moment",
    "price",
    "prices",
    "real",
    "vol",
]

Kind: TypeAlias = Literal["number", "text", "moment", "integer", "flag", "numbers"]


@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    """What must hold between the `fields` of one row; `says` completes "<fields> must be"."""

    fields: tuple[str, ...]
    holds: pl.Expr
    says: str


@dataclass(frozen=True, slots=True, eq=False)
class Column:
    """A column that must be there, its kind, and the rule its values obey."""

    name: str
    kind: Kind
    rule: Rule | None = None
    nullable: bool = False


def label(name: str) -> Column:
    """Text: a symbol, an instrument, a venue."""
    return Column(name, "text")


def moment(name: str) -> Column:
    """A time in UTC."""
    return Column(name, "moment")


def count(name: str) -> Column:
    """An integer: nanoseconds, decimals of a token."""
    return Column(name, "integer")


def flag(name: str) -> Column:
    """A boolean."""
    return Column(name, "flag")


def price(name: str, *, nullable: bool = False, zero_is_fine: bool = False) -> Column:
    """A price: finite and positive (a mark far from the money may be printed as zero)."""
    value = pl.col(name)
    sign, says = (value >= 0, "not negative") if zero_is_fine else (value > 0, "positive")
    rule = Rule((name,), value.is_finite() & sign, f"finite and {says}")
    return Column(name, "number", rule, nullable)


def amount(name: str) -> Column:
    """A volume or a size: finite and not negative."""
    return price(name, zero_is_fine=True)


def real(name: str, *, limit: float | None = None, nullable: bool = False) -> Column:
    """A number of either sign: finite, and inside ±limit where one is given."""
    value = pl.col(name)
    if limit is None:
        rule = Rule((name,), value.is_finite(), "finite")
    else:
        rule = Rule(
            (name,), value.is_finite() & (value.abs() < limit), f"finite and inside ±{limit:g}"
        )
    return Column(name, "number", rule, nullable)


def vol(name: str) -> Column:
    """An annualised vol as a fraction; above 10 it is percent taken for a fraction."""
    value = pl.col(name)
    return Column(name, "number", Rule((name,), (value > 0) & (value <= 10), "in (0, 10]"))


def prices(name: str) -> Column:
    """A list of positive numbers: one side of a ladder."""
    value = pl.col(name)
    every = value.list.eval(pl.element().is_finite() & (pl.element() > 0)).list.all()
    return Column(name, "numbers", Rule((name,), every, "a list of finite, positive numbers"))


def fits(dtype: pl.DataType, kind: Kind) -> bool:
    """Whether a column of this type can be read as this kind.

    Float32 is refused: its shortest decimal is not what the venue printed.
    """
    match kind:
        case "number":
            return dtype == pl.Float64 or dtype.is_integer()
        case "text":
            return isinstance(dtype, pl.String | pl.Categorical | pl.Enum)
        case "moment":
            return isinstance(dtype, pl.Datetime) and dtype.time_zone == "UTC"
        case "integer":
            return dtype.is_integer()
        case "flag":
            return dtype == pl.Boolean
        case "numbers":
            return dtype == pl.List(pl.Float64)


# What a message tells the person who made the file.
NEEDED: dict[Kind, str] = {
    "number": "Float64",
    "text": "String or Categorical",
    "moment": "Datetime in UTC",
    "integer": "an integer",
    "flag": "Boolean",
    "numbers": "List(Float64)",
}
