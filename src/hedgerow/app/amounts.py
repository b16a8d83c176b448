"""Reads numbers as a person writes them on a command line, and refuses what cannot be meant.

A percent sign is taken where a fraction is wanted and nowhere else. A bare number that would be an
odd fraction (a vol of 65, a rate of 5) is refused: it is more likely a percentage without its sign,
and a number wrong by a hundred is worse than none. The same bounds hold for the columns of a table.
"""

import math
from collections.abc import Sequence
from typing import Final, NamedTuple

from cyclopts import Parameter, Token

__all__ = ["BOUNDS", "Bounds", "bounded", "number", "numbers", "read"]


class Bounds(NamedTuple):
    """What a quantity may be. `bare_max` is the largest fraction believed without a sign."""

    low: float
    high: float
    example: str
    bare_max: float | None = None

    @property
    def is_fraction(self) -> bool:
        """Whether a percent sign says what is meant."""
        return self.bare_max is not None


# Prices beyond these are faults of a feed, not prices; vols beyond a thousand per cent as well.
BOUNDS: Final = {
    "underlying_usd": Bounds(1e-12, 1e15, "60000"),
    "strike_usd": Bounds(0.0, 1e15, "65000"),
    "vol_frac": Bounds(0.0, 1_000.0, "0.65 or 65%", bare_max=10.0),
    "expiry_years": Bounds(0.0, 100.0, "0.2"),
    "rate_frac_per_year": Bounds(-10.0, 10.0, "0.05 or 5%", bare_max=1.0),
    "carry_frac_per_year": Bounds(-10.0, 10.0, "0.02 or 2%", bare_max=1.0),
    "price_usd": Bounds(0.0, 1e15, "4992.57"),
    "price_coin": Bounds(0.0, 1e15, "0.083"),
    "price_move_frac": Bounds(-0.999, 100.0, "-0.1 or -10%", bare_max=5.0),
    "vol_move_frac": Bounds(-1.0, 100.0, "0.25 for a quarter more vol", bare_max=None),
    "vol_shift_volpt": Bounds(-1_000.0, 1_000.0, "10 for ten vol points"),
    "elapsed_days": Bounds(0.0, 36_500.0, "7"),
    "amount": Bounds(-1e15, 1e15, "-5"),
    "positive": Bounds(1e-12, 1e15, "60000"),
    "funding_frac_per_interval": Bounds(-1.0, 1.0, "0.0001 or 0.01%", bare_max=0.1),
    "discount_frac": Bounds(-10.0, 0.999999, "0.002 or 0.2%", bare_max=0.999999),
    "correlation_frac": Bounds(-1.0, 1.0, "0.4"),
    "norm_factor_frac": Bounds(1e-12, 1.0, "0.62"),
    "exponent_power": Bounds(1.000001, 4.0, "2"),
}


def bounded(value: float, of: str) -> float:
    """Give a number back, or refuse it.

    Raises
    ------
    ValueError
        If it is not finite or not within the bounds of its quantity.
    """
    bounds = BOUNDS[of]
    if not math.isfinite(value):
        raise ValueError(f"must be finite, was {value}")
    if not bounds.low <= value <= bounds.high:
        raise ValueError(f"must be from {bounds.low:g} to {bounds.high:g}, was {value:g}")
    return value


def read(text: str, of: str) -> float:
    """Read one number of a quantity named in `BOUNDS`.

    >>> read("65%", "vol_frac"), read("0.65", "vol_frac"), read("-5 %", "rate_frac_per_year")
    (0.65, 0.65, -0.05)

    Raises
    ------
    ValueError
        If it is no number, carries a percent sign where that has no one meaning, is out of bounds,
        or is a fraction so large that its percent sign is probably missing.
    """
    bounds = BOUNDS[of]
    words = text.strip()
    if words.startswith("--"):
        raise ValueError(f"needs a value, and {words} is another flag")
    is_percent = words.endswith("%")
    try:
        if not words.isascii() or "_" in words:
            raise ValueError
        # Divided and not multiplied: 65 / 100 is the double nearest to 0.65.
        value = float(words.removesuffix("%")) / (100.0 if is_percent else 1.0)
    except ValueError:
        raise ValueError(
            f"write a number such as {bounds.example}, with a point for decimals and no separator "
            f"of thousands; was {text}"
        ) from None
    if is_percent and not bounds.is_fraction:
        raise ValueError(
            f"a percent sign says nothing certain here, write {bounds.example}; was {text}"
        )
    bounded(value, of)
    if bounds.bare_max is not None and not is_percent and abs(value) > bounds.bare_max:
        raise ValueError(
            f"{text} is {100 * value:g} %, probably a percentage without its sign: write "
            f"{value:g}% for {value / 100:g}, or {100 * value:g}% if you mean it"
        )
    return value


def number(flag: str, of: str, text: str) -> Parameter:
    """Describe a flag that takes one number."""

    def convert(_: object, tokens: Sequence[Token]) -> float:
        return read(tokens[0].value, of)

    return Parameter(name=flag, converter=convert, allow_leading_hyphen=True, help=text)


def numbers(flag: str, of: str, text: str) -> Parameter:
    """Describe a flag that takes several numbers with commas between them."""

    def convert(_: object, tokens: Sequence[Token]) -> tuple[float, ...]:
        return tuple(read(each, of) for each in tokens[0].value.split(","))

    return Parameter(
        name=flag, converter=convert, n_tokens=1, allow_leading_hyphen=True, negative="", help=text
    )
