"""One priced option for people and programs: Greeks raw, and as traders read them.

Greeks are kept raw: per 1.00 of each input, per year, per coin. What a trader reads is a scaled
copy (methods.md, conventions): each scaled number is the raw one times a power of the underlying,
divided by 100 per per cent or vol point and by 365 per day, and its name says so. Names of numbers
are the fields of `EuropeanGreeks` and `CoinGreeks`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from rich.console import Group, RenderableType
from rich.text import Text

from hedgerow.reporting.figures import significant
from hedgerow.reporting.grid import Column, grid
from hedgerow.reporting.number_words import TITLES, title_words, unit_of, unit_words

__all__ = ["PricedOption", "option_builtins", "option_tables", "scaled"]


# What traders read in place of a raw unit, and how many make one of it. Dollars become per cents of
# the underlying, so a hundred of those make it whole.
_READ: Final = {
    "usd": ("pct", 100.0), "vol": ("volpt", 100.0), "year": ("day", 365.0), "rate": ("bps", 1e4),
}  # fmt: skip
# What is read besides: name, power of the underlying, divisor.
_ALSO: Final = {
    "value_usd": (("value_underlying_frac", -1, 1.0),),
    "delta_underlying_frac": (("delta_usd_per_pct", 1, 100.0),),
    "gamma_coin_per_usd": (("gamma_usd_per_pct", 2, 100.0), ("gamma_dollar_usd", 2, 1.0)),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PricedOption:
    """One option, its raw numbers by name, and what has to be said beside them.

    Attributes
    ----------
    given
        What was asked, name to value, in the order it is shown.
    raw, coin
        Value and Greeks by the names of `EuropeanGreeks`; for an option paid in coin those of
        `CoinGreeks` and `delta_venue_frac`, else none.
    is_limit
        No time, no vol or no strike is left, and the numbers are limits.
    is_pinned
        The last day, and less than an hour's deviation from the strike.
    """

    title: str
    given: Mapping[str, Any]
    underlying_usd: float
    raw: Mapping[str, float]
    coin: Mapping[str, float]
    is_limit: bool
    is_pinned: bool
    remarks: tuple[str, ...] = ()


def scaled(raw: Mapping[str, float], underlying_usd: float) -> dict[str, float]:
    """Scale raw Greeks to what traders read; every name says its unit.

    >>> scaled({"twist_coin_per_usd_vol": 1.0}, underlying_usd=300.0)
    {'twist_coin_per_pct_volpt': 0.03}
    """
    return {
        name: value * underlying_usd**power / divisor
        for of, value in raw.items()
        for name, power, divisor in _scalings(of)
    }


def _scalings(raw: str) -> list[tuple[str, int, float]]:
    """Give names of what traders read, the power of the underlying in each, and its divisor."""
    before, _, units = raw.partition("_per_")
    words, power, divisor = [], 0, 1.0
    for word in units.split("_") if units else ():
        unit, order = unit_of(word)
        name, parts = _READ[unit]
        words.append(f"{name}{order if order > 1 else ''}")
        power += order if unit == "usd" else 0
        divisor *= parts**order
    read = [(f"{before}_per_{'_'.join(words)}", power, divisor)] if words else []
    return [*read, *_ALSO.get(raw, ())]


def option_builtins(priced: PricedOption) -> dict[str, Any]:
    """Give what `json.dumps` takes; every number with all its digits."""
    return {
        "option": dict(priced.given),
        "raw": dict(priced.raw),
        "scaled": scaled(priced.raw, priced.underlying_usd),
        "coin": dict(priced.coin) or None,
        "coin_scaled": scaled(priced.coin, priced.underlying_usd) or None,
        "is_limit": priced.is_limit,
        "is_pinned": priced.is_pinned,
        "remarks": list(priced.remarks),
    }


def option_tables(priced: PricedOption) -> RenderableType:
    """Set up the raw numbers with what traders read beside each."""
    parts: list[RenderableType] = [
        grid(priced.title, _HEAD, _rows(priced.raw, priced.underlying_usd))
    ]
    if priced.coin:
        rows = _rows(priced.coin, priced.underlying_usd)
        parts += [Text(), grid("Counted in the coin it is paid in", _HEAD, rows)]
    return Group(*parts, *_said(priced.remarks))


_HEAD: Final[tuple[Column, ...]] = (
    ("Number", "", False), ("Raw", "", True), ("Unit", "", False), ("Traders read", "", True),
    ("Unit of that", "", False),
)  # fmt: skip


def _rows(raw: Mapping[str, float], underlying_usd: float) -> list[tuple[str, ...]]:
    told = scaled(raw, underlying_usd)
    rows: list[tuple[str, ...]] = []
    for name, value in raw.items():
        first = (title_words(name), significant(value), unit_words(name))
        copies = [copy for copy, _, _ in _scalings(name)]
        for n, copy in enumerate(copies or [""]):
            lead = first if n == 0 else (TITLES.get(copy, ""), "", "")
            rows.append(
                (*lead, *((significant(told[copy]), unit_words(copy)) if copy else ("", "")))
            )
    return rows


def _said(remarks: Sequence[str]) -> list[RenderableType]:
    return [Text(), *(Text(remark, style="yellow") for remark in remarks)] if remarks else []
