"""One priced option for people and programs: Greeks raw, and as traders read them.

Greeks are kept raw: per 1.00 of each input, per year, per coin. What a trader reads is a scaled
copy (methods.md, conventions): each scaled number is the raw one times a power of the underlying,
divided by 100 per per cent or vol point and by 365 per day, and its name says so. Names of numbers
are the fields of `EuropeanGreeks` and `CoinGreeks`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from rich.console import Group, RenderableType
from rich.text import Text

from hedgerow.reporting.figures import significant
from hedgerow.reporting.grid import Column, grid
from hedgerow.reporting.number_words import TITLES, title_words, unit_words

__all__ = ["PricedOption", "option_builtins", "option_tables", "scaled"]


class _Scaling(NamedTuple):
    """A scaled number is ``raw · underlying^power / divisor``."""

    raw: str
    name: str
    power: int
    divisor: float


_SCALINGS: Final = tuple(
    _Scaling(*row)
    for row in (
        ("value_usd", "value_underlying_frac", -1, 1.0),
        ("delta_underlying_frac", "delta_usd_per_pct", 1, 100.0),
        ("gamma_coin_per_usd", "gamma_coin_per_pct", 1, 100.0),
        ("gamma_coin_per_usd", "gamma_usd_per_pct", 2, 100.0),
        ("gamma_coin_per_usd", "gamma_dollar_usd", 2, 1.0),
        ("vega_usd_per_vol", "vega_usd_per_volpt", 0, 100.0),
        ("theta_usd_per_year", "theta_usd_per_day", 0, 365.0),
        ("rho_usd_per_rate", "rho_usd_per_bps", 0, 1e4),
        ("vanna_coin_per_vol", "vanna_coin_per_volpt", 0, 100.0),
        ("volga_usd_per_vol2", "volga_usd_per_volpt2", 0, 1e4),
        ("charm_coin_per_year", "charm_coin_per_day", 0, 365.0),
        ("speed_coin_per_usd2", "speed_coin_per_pct2", 2, 1e4),
        ("zomma_coin_per_usd_vol", "zomma_coin_per_pct_volpt", 1, 1e4),
        ("color_coin_per_usd_year", "color_coin_per_pct_day", 1, 36_500.0),
        ("veta_usd_per_vol_year", "veta_usd_per_volpt_day", 0, 36_500.0),
        ("ultima_usd_per_vol3", "ultima_usd_per_volpt3", 0, 1e6),
        ("slope_coin_per_usd", "slope_coin_per_pct", 1, 100.0),
        ("gamma_coin_per_usd2", "gamma_coin_per_pct2", 2, 1e4),
        ("vega_coin_per_vol", "vega_coin_per_volpt", 0, 100.0),
        ("theta_coin_per_year", "theta_coin_per_day", 0, 365.0),
        ("rho_coin_per_rate", "rho_coin_per_bps", 0, 1e4),
        ("vanna_coin_per_usd_vol", "vanna_coin_per_pct_volpt", 1, 1e4),
        ("volga_coin_per_vol2", "volga_coin_per_volpt2", 0, 1e4),
        ("charm_coin_per_usd_year", "charm_coin_per_pct_day", 1, 36_500.0),
        ("speed_coin_per_usd3", "speed_coin_per_pct3", 3, 1e6),
        ("zomma_coin_per_usd2_vol", "zomma_coin_per_pct2_volpt", 2, 1e6),
        ("color_coin_per_usd2_year", "color_coin_per_pct2_day", 2, 3_650_000.0),
        ("veta_coin_per_vol_year", "veta_coin_per_volpt_day", 0, 36_500.0),
        ("ultima_coin_per_vol3", "ultima_coin_per_volpt3", 0, 1e6),
    )
)


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
    """Scale raw Greeks to what traders read; every name says its unit."""
    return {
        to.name: raw[to.raw] * underlying_usd**to.power / to.divisor
        for to in _SCALINGS
        if to.raw in raw
    }


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
        copies = [to.name for to in _SCALINGS if to.raw == name]
        for n, copy in enumerate(copies or [""]):
            lead = first if n == 0 else (TITLES.get(copy, ""), "", "")
            rows.append(
                (*lead, *((significant(told[copy]), unit_words(copy)) if copy else ("", "")))
            )
    return rows


def _said(remarks: Sequence[str]) -> list[RenderableType]:
    return [Text(), *(Text(remark, style="yellow") for remark in remarks)] if remarks else []
