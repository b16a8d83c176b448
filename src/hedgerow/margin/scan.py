"""The scenario grid of a portfolio-margin scan, and the worst of its cells.

A grid is a list of cells (price move, vol shock); profits are one row per cell and one column per
holding. The scan is the largest loss over the cells; which cell it was matters as much.
"""

from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Literal, TypeAlias

import numpy as np

from hedgerow.margin.rulebook import ScanRulebook
from hedgerow.pricing import Floats
from hedgerow.units import to_model

__all__ = ["Cell", "cells", "shocked_vol_frac"]


VolShock: TypeAlias = Literal["up", "same", "down"]


@dataclass(frozen=True, slots=True)
class Cell:
    """One scenario. `multiplier_frac` scales the profit; `is_extended` marks the far tail."""

    price_move_frac: Decimal
    vol_shock: VolShock
    multiplier_frac: Decimal
    is_extended: bool


def cells(rulebook: ScanRulebook, currency: str) -> tuple[Cell, ...]:
    """List the cells: every price bucket with vol up, same and down, then the tail with vol up."""
    return _cells(
        rulebook.price_range_frac[currency],
        rulebook.buckets_count,
        tuple(rulebook.extended_moves_frac),
        rulebook.extended_table_factor_frac,
    )


@cache
def _cells(
    reach: Decimal, steps: int, tail: tuple[Decimal, ...], tail_factor: Decimal
) -> tuple[Cell, ...]:
    shocks: tuple[VolShock, ...] = ("up", "same", "down")
    near = tuple(
        Cell(reach * i / steps, shock, Decimal(1), is_extended=False)
        for i in range(-steps, steps + 1)
        for shock in shocks
    )
    far = tuple(
        Cell(move, "up", tail_factor * reach / abs(move), is_extended=True) for move in tail
    )
    return near + far


def shocked_vol_frac(
    rulebook: ScanRulebook,
    currency: str,
    vol_frac: Floats,
    expiry_years: Floats,
    shock: VolShock,
) -> Floats:
    """Shock volatilities by tenor: ``vol · (1 ± range · (30 / days)^power)``.

    The power is the short-term one below 30 days. The upward shock never leaves a vol below the
    rulebook's minimum. Days are floored at one: the venue does not publish what it does below, and
    without a floor the shock would grow without bound on the last day ([U]).
    """
    if shock == "same":
        return vol_frac
    days = np.maximum(expiry_years * 365.0, 1.0)
    power = np.where(
        days < 30.0,
        to_model(rulebook.short_term_vega_power),
        to_model(rulebook.long_term_vega_power),
    )
    tenor = (30.0 / days) ** power
    if shock == "up":
        up = vol_frac * (1.0 + to_model(rulebook.volatility_up_frac[currency]) * tenor)
        return np.maximum(up, to_model(rulebook.min_volatility_for_shock_up_frac))
    return vol_frac * np.maximum(
        1.0 - to_model(rulebook.volatility_down_frac[currency]) * tenor, 0.0
    )
