"""One option repriced over a grid of moves, for people and programs."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from hedgerow.reporting.figures import percent, plain
from hedgerow.reporting.grid import Column, grid

__all__ = ["ScenarioTable", "scenario_builtins", "scenario_tables", "vol_words"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScenarioTable:
    """One option repriced over a grid: cell c has the moves of item c and that profit.

    Profit is of the whole quantity, positive when gained, in dollars or for an option paid in coin
    in coin. `remarks` are what has to be said beside the numbers.
    """

    title: str
    given: Mapping[str, Any]
    price_moves_frac: tuple[float, ...]
    vol_moves_frac: tuple[float, ...]
    vol_shifts_volpt: tuple[float, ...]
    elapsed_days: tuple[float, ...]
    profits_ccy: tuple[float, ...]
    currency: str
    remarks: tuple[str, ...] = ()

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
        "remarks": list(table.remarks),
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
    if table.remarks:
        parts += [Text(), *(Text(remark, style="yellow") for remark in table.remarks)]
    return Group(*parts)


def vol_words(move_frac: float, shift_volpt: float) -> str:
    """Say what happens to the vol.

    >>> vol_words(0.0, 0.0), vol_words(-0.25, 0.0), vol_words(0.0, 10.0), vol_words(0.5, -5.0)
    ('vol unmoved', 'vol × 0.75', 'vol +10 pt', 'vol × 1.5 -5 pt')
    """
    words = [f"× {1.0 + move_frac:g}"] if move_frac else []
    words += [f"{shift_volpt:+g} pt"] if shift_volpt else []
    return f"vol {' '.join(words) or 'unmoved'}"
