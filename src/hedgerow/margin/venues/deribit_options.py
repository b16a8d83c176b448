"""Options in Deribit's scan: all of an account at once, written one cell at a time.

What an account holds is gathered into columns and revalued in every cell, which says about where
it loses most. Exact amounts, and the expressions a calculator repeats them by, are made of the
cells that are asked for.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, NamedTuple, TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray

from hedgerow.errors import Failure, Outcome
from hedgerow.instruments import Option
from hedgerow.margin.records import Evidence
from hedgerow.margin.rules import deribit as rules
from hedgerow.margin.rules.deribit import Cell, VolShock
from hedgerow.margin.venues.deribit_rulebook import ScanRulebook
from hedgerow.market import OptionMark, Snapshot
from hedgerow.portfolio import Position
from hedgerow.pricing import (
    Floats,
    OptionColumns,
    are_in_domain,
    delta_forward_frac,
    value_usd,
)
from hedgerow.units import digits_of, to_exact, to_model

__all__ = ["MODEL_STEP", "Held", "HeldOptions", "held_options", "shocked_vol_frac"]

MODEL_STEP: Final = Decimal("1e-12")
_SHOCKS: Final[tuple[VolShock, ...]] = ("up", "same", "down")

_Shocks: TypeAlias = Mapping[VolShock, Mapping[str, float]]  # what the rule takes for each shock


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """One position outside the scan: what it is worth and its coins of delta, both in the coin.

    `how` says how a calculator gets to both. `evidence` is of its profits in the scan. `is_heard`
    unless a part of its settlement average is not known, nor then anything of it.
    """

    subject: str
    expiry_ns: int | None
    worth_ccy: Decimal
    delta_coin: Decimal
    how: str
    evidence: Evidence
    is_heard: bool = True


class _Marked(NamedTuple):
    """Options as they are held and marked; item i is one position, as they came.

    Inside a settlement window all is of the average, which moves by what of it is open.
    """

    positions: Sequence[tuple[Position, Option]]
    marks: Sequence[OptionMark]
    sizes_coin: Sequence[Decimal]
    sizes_model_coin: Sequence[float]
    forward_usd: Floats
    strike_usd: Floats
    vol_frac: Floats
    expiry_years: Floats
    is_call: NDArray[np.bool_]


class _Revalued(NamedTuple):
    """What the options are worth now, item i of option i, and in every cell: (cells, options)."""

    values_usd: Sequence[float]  # now, as their deltas
    deltas_frac: Sequence[float]
    forwards_usd: Floats  # in the cells, as the vols, of what the options settle at
    vols_frac: Floats
    profits_frac: Floats  # coins per coin of notional


class _Written(NamedTuple):
    """What a line says of the options whichever the cell; item i is of option i."""

    kinds: Sequence[tuple[str, str]]  # right and strike
    years: Sequence[str]
    values: Sequence[str]  # now, of one coin, in dollars
    worths: Sequence[str]  # now, of one coin of notional, in the coin


@dataclass(frozen=True, slots=True, eq=False)
class HeldOptions:
    """Options of one account, one or more; column i or item i is one position, as they came.

    Attributes
    ----------
    held
        What counts outside the scan.
    """

    held: list[Held]
    _grid: Sequence[Cell]
    _shocks_frac: _Shocks
    _marked: _Marked
    _revalued: _Revalued
    _written: _Written

    def profits_model_ccy(self) -> Floats:
        """Give what all of them gain in every cell, close: shape (cells,)."""
        profits: Floats = self._revalued.profits_frac @ np.array(self._marked.sizes_model_coin)
        return profits

    def profits_ccy(self, at: int) -> list[Decimal]:
        """Give what each gains in one cell, rounded against the holder."""
        profits = self._revalued.profits_frac[at].tolist()
        return [
            to_exact(size * profit, MODEL_STEP, "down")
            for size, profit in zip(self._marked.sizes_model_coin, profits, strict=True)
        ]

    def losses_how(self, at: int) -> list[str]:
        """Write how each loses in one cell what it does."""
        marked, written, shock = self._marked, self._written, self._grid[at].vol_shock
        forwards = _texts(self._revalued.forwards_usd[at].tolist())
        vols = _texts(self._revalued.vols_frac[at].tolist())
        thens = _values(written.kinds, forwards, vols, written.years)
        shocks = rules.shocks_written(
            [mark.vol_frac for mark in marked.marks],
            rules.days_of(marked.expiry_years).tolist(),
            shock,
            **self._shocks_frac[shock],
        )
        columns = zip(marked.sizes_coin, thens, forwards, written.worths, shocks, strict=True)
        return [
            f"{-size:f} x ({then} / {forward} - {now})" + (shocked and f"; {shocked}")
            for size, then, forward, now, shocked in columns
        ]


def held_options(
    positions: Sequence[tuple[Position, Option]],
    snapshot: Snapshot,
    rulebook: ScanRulebook,
    currency: str,
    grid: Sequence[Cell],
    moves_frac: Floats,
) -> Outcome[HeldOptions]:
    """Gather options, one or more, and revalue them in all cells.

    Parameters
    ----------
    moves_frac
        Shape (cells,): those of the grid.

    Raises
    ------
    OutOfDomain
        As `OptionColumns` does.
    """
    marked = _gathered(positions, snapshot)
    if isinstance(marked, Failure):
        return marked
    shocks_frac = {shock: _shock_figures(rulebook, currency, shock) for shock in _SHOCKS}
    revalued = _revalued(marked, shocks_frac, grid, moves_frac)
    written = _written(marked)
    held = _held(marked, revalued, written, rulebook.known("options_scan"))
    return HeldOptions(held, grid, shocks_frac, marked, revalued, written)


# --- gather ---------------------------------------------------------------------------------------


def _gathered(positions: Sequence[tuple[Position, Option]], snapshot: Snapshot) -> Outcome[_Marked]:
    """Mark every option, and refuse columns that no formula may see."""
    marks: list[OptionMark] = []
    for _, option in positions:
        mark = snapshot.option(option)
        if isinstance(mark, Failure):
            return mark
        marks.append(mark)
    now = np.array(
        [
            [mark.average_usd for mark in marks],
            [to_model(option.strike_usd) for _, option in positions],
            [mark.vol_average_frac for mark in marks],
            [mark.expiry_years for mark in marks],
        ]
    )
    is_call = np.array([option.right == "call" for _, option in positions])
    forward_usd, strike_usd, vol_frac, expiry_years = now
    if not are_in_domain(now):
        OptionColumns(forward_usd, strike_usd, vol_frac, expiry_years, is_call)  # raises, in words
    sizes_coin = [p.quantity_contracts * o.multiplier_coin_per_contract for p, o in positions]
    return _Marked(
        positions=positions,
        marks=marks,
        sizes_coin=sizes_coin,
        sizes_model_coin=[to_model(size) for size in sizes_coin],
        forward_usd=forward_usd,
        strike_usd=strike_usd,
        vol_frac=vol_frac,
        expiry_years=expiry_years,
        is_call=is_call,
    )


# --- revalue --------------------------------------------------------------------------------------


def _revalued(
    marked: _Marked, shocks_frac: _Shocks, grid: Sequence[Cell], moves_frac: Floats
) -> _Revalued:
    """Value the options now and in every cell at once."""
    strike_usd, years, is_call = marked.strike_usd, marked.expiry_years, marked.is_call
    forwards_usd = _moved_usd(marked.marks, marked.forward_usd, moves_frac)
    vols_frac = _moved_vols_frac(marked.marks, rules.days_of(years), shocks_frac, grid)
    values_usd = value_usd(forwards_usd, strike_usd, vols_frac, years, is_call)
    worths_frac = values_usd / forwards_usd
    deltas_frac = delta_forward_frac(
        marked.forward_usd, strike_usd, marked.vol_frac, years, is_call
    )
    return _Revalued(
        values_usd=values_usd[0].tolist(),
        deltas_frac=deltas_frac.tolist(),
        forwards_usd=forwards_usd[1:],
        vols_frac=vols_frac[1:],
        profits_frac=worths_frac[1:] - worths_frac[0],
    )


def _moved_usd(marks: Sequence[OptionMark], forward_usd: Floats, moves_frac: Floats) -> Floats:
    """Give forwards of what the options settle at: now, then in every cell."""
    moved_frac = np.array([mark.moved_frac for mark in marks])
    return forward_usd * (1.0 + moved_frac * np.concatenate(([0.0], moves_frac))[:, None])


def _moved_vols_frac(
    marks: Sequence[OptionMark], days: Floats, shocks_frac: _Shocks, grid: Sequence[Cell]
) -> Floats:
    """Give vols of what the options settle at: now, then in every cell."""
    vol_frac = np.array([mark.vol_frac for mark in marks])
    scale_frac = np.array([mark.vol_scale_frac for mark in marks])
    shocked = [
        rules.shocked_vol_frac(vol_frac, days, shock, **shocks_frac[shock]) for shock in _SHOCKS
    ]
    rows = [_SHOCKS.index(shock) for shock in ("same", *(cell.vol_shock for cell in grid))]
    moved: Floats = (scale_frac * np.array(shocked))[rows]
    return moved


# --- write ----------------------------------------------------------------------------------------


def _written(marked: _Marked) -> _Written:
    forwards, years = _texts(marked.forward_usd.tolist()), _texts(marked.expiry_years.tolist())
    kinds = [(option.right, f"{option.strike_usd}") for _, option in marked.positions]
    values = _values(kinds, forwards, _texts(marked.vol_frac.tolist()), years)
    worths = [f"{value} / {forward}" for value, forward in zip(values, forwards, strict=True)]
    return _Written(kinds, years, values, worths)


def _held(marked: _Marked, revalued: _Revalued, written: _Written, known: Evidence) -> list[Held]:
    """Say of each option what counts outside the scan."""
    columns = zip(
        marked.positions,
        marked.marks,
        marked.sizes_coin,
        marked.sizes_model_coin,
        marked.forward_usd.tolist(),
        revalued.values_usd,
        revalued.deltas_frac,
        written.values,
        written.worths,
        strict=True,
    )
    held = []
    for (position, option), mark, size_coin, size, forward, value, delta, one, worth in columns:
        # Every digit of the model's: what an expiry is charged for is rounded once, summed.
        delta_coin = digits_of(size * mark.open_frac * delta)
        delta_written, size_written = f"{delta_coin:.12f}", f"{size_coin:f}"
        window = rules.window_written(mark.forward_usd, mark.open_frac, mark.vol_scale_frac)
        held.append(
            Held(
                subject=position.instrument_id,
                expiry_ns=option.expiry_ns,
                worth_ccy=to_exact(size * value / forward, MODEL_STEP, "down"),
                delta_coin=delta_coin,
                how=f"{size_written} x {worth}; "
                f"delta {delta_written} = {size_written} x delta of {one}{window}",
                evidence=known if mark.is_heard else "U",
                is_heard=mark.is_heard,
            )
        )
    return held


def _texts(column: list[float]) -> list[str]:
    """Write figures, each of them once: options of one expiry share most."""
    written = {figure: f"{figure:.15g}" for figure in set(column)}
    return [written[figure] for figure in column]


def _values(
    kinds: Sequence[tuple[str, str]],
    forwards: Sequence[str],
    vols: Sequence[str],
    years: Sequence[str],
) -> list[str]:
    """Write values of options, in dollars a coin."""
    columns = zip(kinds, forwards, vols, years, strict=True)
    return [
        f"{right}(F {forward}, K {strike}, vol {vol}, years {year})"
        for (right, strike), forward, vol, year in columns
    ]


# --- figures of a rulebook ------------------------------------------------------------------------


def shocked_vol_frac(
    rulebook: ScanRulebook,
    currency: str,
    vol_frac: Floats,
    expiry_years: Floats,
    shock: VolShock,
) -> Floats:
    """Shock volatilities by a rulebook's figures."""
    figures = _shock_figures(rulebook, currency, shock)
    return rules.shocked_vol_frac(vol_frac, rules.days_of(expiry_years), shock, **figures)


def _shock_figures(rulebook: ScanRulebook, currency: str, shock: VolShock) -> dict[str, float]:
    ranges = rulebook.volatility_down_frac if shock == "down" else rulebook.volatility_up_frac
    return {
        "range_frac": to_model(ranges[currency]),
        "short_power": to_model(rulebook.short_term_vega_power),
        "long_power": to_model(rulebook.long_term_vega_power),
        "least_up_frac": to_model(rulebook.min_volatility_for_shock_up_frac),
    }
