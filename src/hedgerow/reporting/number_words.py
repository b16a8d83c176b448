"""What a number is and in which unit, read off its name: words for a table."""

from collections.abc import Mapping, Sequence
from typing import Final

from rich.console import Group, RenderableType
from rich.text import Text

from hedgerow.reporting.figures import significant
from hedgerow.reporting.grid import Column, grid

__all__ = ["TITLES", "position_tables", "title_words", "unit_of", "unit_words"]

_UNITS: Final = {
    "usd": "USD", "frac": "fraction", "coin": "coin", "pct": "1 %", "vol": "1.00 vol",
    "volpt": "vol point", "year": "year", "day": "day", "rate": "1.00 rate", "bps": "bp",
    "interval": "interval", "variance": "1.00 variance",
}  # fmt: skip
_TIMES: Final = {1: "", 2: " twice", 3: " three times"}
_POWERS: Final = {1: "", 2: "²", 3: "³"}
_COIN_PER_COIN: Final = ("value_underlying_frac", "delta_underlying_frac", "delta_venue_frac")
TITLES: Final = {
    "gamma_dollar_usd": "dollar gamma",
    "delta_underlying_frac": "delta",
    "delta_venue_frac": "delta of the venue's screen",
    "delta_adjusted_coin": "premium-adjusted delta",
    "slope_coin_per_usd": "slope of the coin value",
    "interest_usd_per_day": "interest of a day",
    "interest_usd": "interest of the horizon",
    "rate_usd_per_rate": "that interest by the rate",
    "yield_usd_per_rate": "value by the yield",
    "yield_usd_per_rate2": "value by the yield, second order",
    "delta_coin_per_rate": "delta by the yield",
    "liquidity_contracts": "liquidity",
    "quote_usd": "dollars in it",
    "held_usd": "worth if held outside the pool",
    "loss_usd": "value less that",
    "loss_frac": "value less that, of it",
}


def unit_of(word: str) -> tuple[str, int]:
    """Take the power off a unit.

    >>> unit_of("usd2"), unit_of("vol")
    (('usd', 2), ('vol', 1))
    """
    unit = word.rstrip("0123456789")
    return unit, int(word.removeprefix(unit) or 1)


def _own(name: str) -> tuple[str, str]:
    """Part a name into its words and its unit."""
    words = name.split("_")
    at = next((n for n, w in enumerate(words) if n and unit_of(w)[0] in _UNITS), len(words))
    return " ".join(words[:at]), "_".join(words[at:])


def title_words(name: str) -> str:
    """Read what a number is off its name: the words before its unit."""
    return TITLES.get(name, _own(name)[0])


def unit_words(name: str) -> str:
    """Read the unit off a name.

    >>> unit_words("gamma_coin_per_usd"), unit_words("twist_usd_per_vol2_year")
    ('coin per USD', 'USD per 1.00 vol twice and year')
    """
    if name in _COIN_PER_COIN:
        return "coin per coin"
    if name == "liquidity_contracts":  # a pool's L, whose square is a product of both sides
        return "root of coin times USD"
    unit, _, per = _own(name)[1].partition("_per_")
    first = _UNITS.get(unit, unit)
    return f"{first} per {' and '.join(map(_said, per.split('_')))}" if per else first


def _said(word: str) -> str:
    unit, power = unit_of(word)
    return f"{_UNITS.get(unit, unit)}{(_POWERS if unit == 'usd' else _TIMES)[power]}"


def position_tables(
    title: str, raw: Mapping[str, float], said: Sequence[str] = ()
) -> RenderableType:
    """Set up the numbers of anything else than an option, and what is said of them."""
    head: tuple[Column, ...] = (("Number", "", False), ("Value", "", True), ("Unit", "", False))
    rows = [
        (title_words(name), significant(value), unit_words(name)) for name, value in raw.items()
    ]
    return Group(grid(title, head, rows), *([Text()] if said else []), *map(Text, said))
