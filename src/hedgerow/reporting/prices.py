"""Priced options for people and programs: Greeks raw and as traders read them, vols, grids.

Greeks are kept raw: per 1.00 of each input, per year, per coin. What a trader reads is a scaled
copy (methods.md, conventions): each scaled number is the raw one times a power of the underlying,
divided by 100 per per cent or vol point and by 365 per day, and its name says so. Names of numbers
are the fields of `EuropeanGreeks` and `CoinGreeks`; the first word is what a table calls them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from rich.console import Group, RenderableType
from rich.text import Text

from hedgerow.pricing import ImpliedReason, QuoteGate
from hedgerow.reporting.figures import percent, plain, significant
from hedgerow.reporting.grid import Column, grid

__all__ = [
    "GATE_WORDS",
    "REASON_WORDS",
    "PricedOption",
    "ScenarioTable",
    "VolAnswer",
    "VolQuote",
    "implied_builtins",
    "implied_tables",
    "option_builtins",
    "option_tables",
    "position_tables",
    "scaled",
    "scenario_builtins",
    "scenario_tables",
    "unit_words",
    "vol_words",
]


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
_UNITS: Final = {
    "usd": "USD", "usd2": "USD²", "usd3": "USD³", "frac": "fraction", "coin": "coin", 
    "pct": "1 %", "pct2": "1 % twice", "pct3": "1 % three times",
    "vol": "1.00 vol", "vol2": "1.00 vol twice",
    "vol3": "1.00 vol three times", "volpt": "vol point", "volpt2": "vol point twice",
    "volpt3": "vol point three times", "year": "year", "day": "day", "rate": "1.00 rate",
    "rate2": "1.00 rate twice", "bps": "bp", "interval": "interval",
    "variance": "1.00 variance",
}  # fmt: skip
_COIN_PER_COIN: Final = ("value_underlying_frac", "delta_underlying_frac", "delta_venue_frac")
_TITLES: Final = {
    "gamma_dollar_usd": "dollar gamma",
    "delta_underlying_frac": "delta",
    "delta_venue_frac": "delta of the venue's screen",
    "delta_adjusted_coin": "premium-adjusted delta",
    "slope_coin_per_usd": "slope of the coin value",
    "quote_usd": "dollars in it",
    "held_usd": "worth if held outside the pool",
    "loss_usd": "value less that",
    "loss_frac": "value less that, of it",
}

REASON_WORDS: Final[Mapping[ImpliedReason, str]] = {
    ImpliedReason.OK: "has a vol",
    ImpliedReason.NOT_FINITE: "an input is not a finite number",
    ImpliedReason.NOT_POSITIVE: "forward and strike must be positive",
    ImpliedReason.EXPIRED: "no time is left, so the price says nothing about volatility",
    ImpliedReason.BELOW_INTRINSIC: "cheaper than exercise, no volatility is low enough",
    ImpliedReason.NO_TIME_VALUE: "worth exercise and nothing more, any vol near zero gives it",
    ImpliedReason.ABOVE_MAXIMUM: (
        "at or above the most it can be worth: the forward for a call, the strike for a put"
    ),
    ImpliedReason.OUT_OF_RANGE: "the vol itself is too large or too small to be written",
}
GATE_WORDS: Final[Mapping[QuoteGate, str]] = {
    QuoteGate.OK: "passes every gate",
    QuoteGate.NOT_FINITE: "forward, strike, time or tick cannot be used",
    QuoteGate.NO_BID: "there is no bid",
    QuoteGate.NO_ASK: "there is no ask",
    QuoteGate.CROSSED: "the bid is above the ask",
    QuoteGate.BID_WITHIN_TICK: "the bid is not above intrinsic value and one tick",
    QuoteGate.NO_VOL: "bid, ask or their middle has no implied vol",
    QuoteGate.WIDE: "the spread is more vol than allowed",
    QuoteGate.COARSE: "one tick is more vol than allowed",
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
        first = (_title(name), significant(value), unit_words(name))
        copies = [to.name for to in _SCALINGS if to.raw == name]
        for n, copy in enumerate(copies or [""]):
            lead = first if n == 0 else (_TITLES.get(copy, ""), "", "")
            rows.append(
                (*lead, *((significant(told[copy]), unit_words(copy)) if copy else ("", "")))
            )
    return rows


def _title(name: str) -> str:
    """Read what a number is off its name: the words before its unit."""
    words = name.split("_")
    own = next((n for n, word in enumerate(words) if n and word in _UNITS), len(words))
    return _TITLES.get(name, " ".join(words[:own]))


def unit_words(name: str) -> str:
    """Read the unit off a name.

    >>> unit_words("gamma_coin_per_usd"), unit_words("veta_usd_per_vol_year")
    ('coin per USD', 'USD per 1.00 vol and year')
    """
    if name in _COIN_PER_COIN:
        return "coin per coin"
    words = name.split("_")
    own = next((n for n, word in enumerate(words) if n and word in _UNITS), len(words))
    unit, _, per = "_".join(words[own:]).partition("_per_")
    first = _UNITS.get(unit, unit)
    return f"{first} per {' and '.join(_UNITS.get(w, w) for w in per.split('_'))}" if per else first


def _said(remarks: Sequence[str]) -> list[RenderableType]:
    return [Text(), *(Text(remark, style="yellow") for remark in remarks)] if remarks else []


def position_tables(
    title: str, raw: Mapping[str, float], said: Sequence[str] = ()
) -> RenderableType:
    """Set up the numbers of anything else than an option, and what is said of them."""
    head: tuple[Column, ...] = (("Number", "", False), ("Value", "", True), ("Unit", "", False))
    rows = [(_title(name), significant(value), unit_words(name)) for name, value in raw.items()]
    return Group(grid(title, head, rows), *([Text()] if said else []), *map(Text, said))


@dataclass(frozen=True, slots=True, kw_only=True)
class VolAnswer:
    """What one price means: a vol, or the reason why it means none.

    The middle of a quote that has no middle has no price either, and the gate it fails for reason.
    """

    price_of: str
    price_usd: float | None
    price_coin: float | None
    vol_frac: float | None
    reason: ImpliedReason | QuoteGate

    @property
    def why(self) -> str | None:
        """In words, where there is no vol."""
        if self.vol_frac is not None:
            return None
        if isinstance(self.reason, QuoteGate):
            return GATE_WORDS[self.reason]
        return REASON_WORDS[self.reason]


@dataclass(frozen=True, slots=True, kw_only=True)
class VolQuote:
    """The quality of a quote; widths are known where the middle has a vol."""

    width_volpt: float | None
    tick_volpt: float | None
    gate: QuoteGate


def implied_builtins(
    given: Mapping[str, Any],
    answers: Sequence[VolAnswer],
    quote: VolQuote | None,
    hint: str | None = None,
) -> dict[str, Any]:
    """Give what `json.dumps` takes; a price without a vol has null and a reason."""
    return {
        "option": dict(given),
        "vols": {
            each.price_of: {
                "price_usd": each.price_usd,
                "price_coin": each.price_coin,
                "vol_frac": each.vol_frac,
                "reason": None if each.vol_frac is not None else each.reason.name.lower(),
                "message": each.why,
            }
            for each in answers
        },
        "quote": None
        if quote is None
        else {
            "width_volpt": quote.width_volpt,
            "tick_volpt": quote.tick_volpt,
            "gate": quote.gate.name.lower(),
            "message": GATE_WORDS[quote.gate],
        },
        "hint": hint,
    }


def implied_tables(
    title: str, answers: Sequence[VolAnswer], quote: VolQuote | None, hint: str | None = None
) -> RenderableType:
    """Set up one row a price, and what its spread and tick are in vol points."""
    head: tuple[Column, ...] = (
        ("Price", "", False), ("of it", "USD", True), ("in coin", "coin", True),
        ("Vol", "%", True), ("Why", "", False),
    )  # fmt: skip
    rows = [
        (
            each.price_of,
            "none" if each.price_usd is None else significant(each.price_usd),
            "" if each.price_coin is None else significant(each.price_coin),
            "none" if each.vol_frac is None else significant(100.0 * each.vol_frac),
            each.why or "",
        )
        for each in answers
    ]
    parts: list[RenderableType] = [grid(title, head, rows)]
    if quote is not None:
        width, tick = (
            "unknown" if each is None else f"{plain(each, 3)} vol points"
            for each in (quote.width_volpt, quote.tick_volpt)
        )
        gate = quote.gate.name.lower().replace("_", " ")
        parts += [
            Text(),
            Text(f"Spread {width}, one tick {tick}. Gate: {gate}, {GATE_WORDS[quote.gate]}."),
        ]
    if hint is not None:
        parts += [Text(), Text(f"Hint: {hint}.")]
    return Group(*parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScenarioTable:
    """One option repriced over a grid: cell c has the moves of item c and that profit.

    Profit is of the whole quantity, positive when gained, in dollars or for an option paid in coin
    in coin.
    """

    title: str
    given: Mapping[str, Any]
    price_moves_frac: tuple[float, ...]
    vol_moves_frac: tuple[float, ...]
    vol_shifts_volpt: tuple[float, ...]
    elapsed_days: tuple[float, ...]
    profits_ccy: tuple[float, ...]
    currency: str

    @property
    def worst_index(self) -> int:
        """The cell that loses most, the first of equals."""
        return min(range(len(self.profits_ccy)), key=self.profits_ccy.__getitem__)

    def cell(self, index: int) -> dict[str, float]:
        """Give one cell by name."""
        return {
            "price_move_frac": self.price_moves_frac[index],
            "vol_move_frac": self.vol_moves_frac[index],
            "vol_shift_volpt": self.vol_shifts_volpt[index],
            "elapsed_days": self.elapsed_days[index],
            f"profit_{self.currency.lower()}": self.profits_ccy[index],
        }


def scenario_builtins(table: ScenarioTable) -> dict[str, Any]:
    """Give what `json.dumps` takes: every cell, and the worst with its index."""
    return {
        "option": dict(table.given),
        "currency": table.currency,
        "cells": [table.cell(n) for n in range(len(table.profits_ccy))],
        "worst": {"cell_index": table.worst_index, **table.cell(table.worst_index)},
    }


def scenario_tables(table: ScenarioTable) -> RenderableType:
    """Set up one table a day: moves of the underlying down, moves of the vol across."""
    vols = list(dict.fromkeys(zip(table.vol_moves_frac, table.vol_shifts_volpt, strict=True)))
    cells = {
        (day, price, vol, shift): profit
        for day, price, vol, shift, profit in zip(
            table.elapsed_days, table.price_moves_frac, table.vol_moves_frac,
            table.vol_shifts_volpt, table.profits_ccy, strict=True,
        )
    }  # fmt: skip
    head: tuple[Column, ...] = (
        ("Underlying", "", True),
        *((vol_words(*each), table.currency, True) for each in vols),
    )
    largest = max(map(abs, table.profits_ccy))
    decimals = 0 if largest >= 1_000 else 2 if largest >= 1 else 6
    parts: list[RenderableType] = [Text(table.title, style="bold")]
    for day in dict.fromkeys(table.elapsed_days):
        rows = [
            (
                percent(price, 2, sign=True),
                *(plain(cells[day, price, *each], decimals, sign=True) for each in vols),
            )
            for price in dict.fromkeys(table.price_moves_frac)
        ]
        parts += [Text(), grid(f"Profit after {day:g} days", head, rows)]
    worst = table.cell(table.worst_index)
    parts += [
        Text(),
        Text(
            f"Worst: cell {table.worst_index}, underlying "
            f"{percent(worst['price_move_frac'], 2, sign=True)}, "
            f"{vol_words(worst['vol_move_frac'], worst['vol_shift_volpt'])}, after "
            f"{worst['elapsed_days']:g} days: "
            f"{plain(table.profits_ccy[table.worst_index], decimals, sign=True)} {table.currency}"
        ),
    ]
    return Group(*parts)


def vol_words(move_frac: float, shift_volpt: float) -> str:
    """Say what happens to the vol.

    >>> vol_words(0.0, 0.0), vol_words(-0.25, 0.0), vol_words(0.0, 10.0), vol_words(0.5, -5.0)
    ('vol unmoved', 'vol × 0.75', 'vol +10 pt', 'vol × 1.5 -5 pt')
    """
    words = [f"× {1.0 + move_frac:g}"] if move_frac else []
    words += [f"{shift_volpt:+g} pt"] if shift_volpt else []
    return f"vol {' '.join(words) or 'unmoved'}"
