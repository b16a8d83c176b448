"""Options in Deribit's scan: all of an account at once, written one cell at a time.

What an account holds is gathered into columns and revalued in every cell, which says about where
it loses most. Exact amounts, and the expressions a calculator repeats them by, are made of the
cells that are asked for.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

import msgspec
import numpy as np

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


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """One position outside the scan: what it is worth and its coins of delta, both in the coin.

    `how` says how a calculator gets to both. `evidence` is of its profits in the scan. `is_heard`
    unless a part of its settlement average is not known, nor then anything of it.
    """

    subject: str
    expiry_ns: int | None
    worth_ccy: Decimal
    delta_coin: Decimal
    delta_written: str
    how: str
    evidence: Evidence
    is_heard: bool = True


@dataclass(frozen=True, slots=True, eq=False)
class HeldOptions:
    """Options of one account, one or more; column i or item i is one position, as they came.

    Attributes
    ----------
    held
        What counts outside the scan.
    profits_frac
        Shape (cells, options), coins per coin of notional.
    """

    held: list[Held]
    profits_frac: Floats
    _grid: Sequence[Cell]
    _rulebook: ScanRulebook
    _currency: str
    _kinds_written: Sequence[tuple[str, str]]  # right and strike
    _marks: list[OptionMark]
    _sizes_coin: list[Decimal]
    _sizes_model_coin: list[float]
    _forwards_usd: Floats  # (cells, options), as the vols of what the option settles at
    _vols_frac: Floats
    _days: list[float]
    _years_written: list[str]
    _present: list[str]  # the worth now of one coin of notional

    def profits_model_ccy(self) -> Floats:
        """Give what all of them gain in every cell, close: shape (cells,)."""
        profits: Floats = self.profits_frac @ np.array(self._sizes_model_coin)
        return profits

    def profits_ccy(self, at: int) -> list[Decimal]:
        """Give what each gains in one cell, rounded against the holder."""
        profits = self.profits_frac[at].tolist()
        return [
            to_exact(size * profit, MODEL_STEP, "down")
            for size, profit in zip(self._sizes_model_coin, profits, strict=True)
        ]

    def losses_how(self, at: int) -> list[str]:
        """Write how each loses in one cell what it does."""
        forwards = _texts(self._forwards_usd[at].tolist())
        thens = _values(
            self._kinds_written, forwards, _texts(self._vols_frac[at].tolist()), self._years_written
        )
        shock = self._grid[at].vol_shock
        shocks = rules.shocks_written(
            [mark.vol_frac for mark in self._marks],
            self._days,
            shock,
            **_shock_figures(self._rulebook, self._currency, shock),
        )
        columns = zip(self._sizes_coin, thens, forwards, self._present, shocks, strict=True)
        return [
            f"{-size:f} x ({then} / {forward} - {present})" + (shocked and f"; {shocked}")
            for size, then, forward, present, shocked in columns
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
    options = [option for _, option in positions]
    marks: list[OptionMark] = []
    for option in options:
        mark = snapshot.option(option)
        if isinstance(mark, Failure):
            return mark
        marks.append(mark)
    # Inside a settlement window all is of the average, which moves by what of it is open.
    forwards, vols = [m.average_usd for m in marks], [m.vol_average_frac for m in marks]
    years, strikes = [m.expiry_years for m in marks], [to_model(o.strike_usd) for o in options]
    now = np.array([forwards, strikes, vols, years])
    is_call = np.array([option.right == "call" for option in options])
    forward_usd, strike_usd, vol_frac, expiry_years = now
    if not are_in_domain(now):
        OptionColumns(forward_usd, strike_usd, vol_frac, expiry_years, is_call)  # raises, in words
    days = rules.days_of(expiry_years)
    forwards_usd = _moved_usd(marks, forward_usd, moves_frac)
    vols_frac = _moved_vols_frac(marks, days, rulebook, currency, grid)
    values_usd = value_usd(forwards_usd, strike_usd, vols_frac, expiry_years, is_call)
    worths_frac, values = values_usd / forwards_usd, values_usd[0].tolist()
    deltas_frac = delta_forward_frac(forward_usd, strike_usd, vol_frac, expiry_years, is_call)
    deltas = deltas_frac.tolist()
    sizes_coin = [p.quantity_contracts * o.multiplier_coin_per_contract for p, o in positions]
    sizes = [to_model(size) for size in sizes_coin]
    forwards_written, years_written = _texts(forwards), _texts(years)
    kinds = [(option.right, f"{option.strike_usd}") for option in options]
    ones = _values(kinds, forwards_written, _texts(vols), years_written)
    present = [f"{one} / {forward}" for one, forward in zip(ones, forwards_written, strict=True)]
    known = rulebook.known("options_scan")
    held = []
    for i, ((position, option), mark) in enumerate(zip(positions, marks, strict=True)):
        size, written = sizes[i], f"{sizes_coin[i]:f}"
        worth_ccy = to_exact(size * values[i] / forwards[i], MODEL_STEP, "down")
        # Every digit of the model's: what an expiry is charged for is rounded once, summed.
        delta_coin = digits_of(size * mark.open_frac * deltas[i])
        delta_written = f"{delta_coin:.12f}"
        window = rules.window_written(mark.forward_usd, mark.open_frac, mark.vol_scale_frac)
        held.append(
            Held(
                subject=position.instrument_id,
                expiry_ns=option.expiry_ns,
                worth_ccy=worth_ccy,
                delta_coin=delta_coin,
                delta_written=delta_written,
                how=f"{written} x {present[i]}; "
                f"delta {delta_written} = {written} x delta of {ones[i]}{window}",
                evidence=known if mark.is_heard else "U",
                is_heard=mark.is_heard,
            )
        )
    return HeldOptions(
        held=held,
        profits_frac=worths_frac[1:] - worths_frac[0],
        _grid=grid,
        _rulebook=rulebook,
        _currency=currency,
        _kinds_written=kinds,
        _marks=marks,
        _sizes_coin=sizes_coin,
        _sizes_model_coin=sizes,
        _forwards_usd=forwards_usd[1:],
        _vols_frac=vols_frac[1:],
        _days=days.tolist(),
        _years_written=years_written,
        _present=present,
    )


def _moved_usd(marks: Sequence[OptionMark], forward_usd: Floats, moves_frac: Floats) -> Floats:
    """Give forwards of what the options settle at: now, then in every cell."""
    moved_frac = np.array([mark.moved_frac for mark in marks])
    return forward_usd * (1.0 + moved_frac * np.concatenate(([0.0], moves_frac))[:, None])


def _moved_vols_frac(
    marks: Sequence[OptionMark],
    days: Floats,
    rulebook: ScanRulebook,
    currency: str,
    grid: Sequence[Cell],
) -> Floats:
    """Give vols of what the options settle at: now, then in every cell."""
    vol_frac = np.array([mark.vol_frac for mark in marks])
    scale_frac = np.array([mark.vol_scale_frac for mark in marks])
    shocked = [
        rules.shocked_vol_frac(vol_frac, days, shock, **_shock_figures(rulebook, currency, shock))
        for shock in _SHOCKS
    ]
    rows = [_SHOCKS.index(shock) for shock in ("same", *(cell.vol_shock for cell in grid))]
    moved: Floats = (scale_frac * np.array(shocked))[rows]
    return moved


def _texts(column: list[float]) -> list[str]:
    """Write figures, each of them once: options of one expiry share most."""
    written = {figure: f"{figure:.15g}" for figure in set(column)}
    return [written[figure] for figure in column]


def _values(
    kinds: Sequence[tuple[str, str]], forwards: list[str], vols: list[str], years: list[str]
) -> list[str]:
    """Write values of options, in dollars a coin."""
    columns = zip(kinds, forwards, vols, years, strict=True)
    return [
        f"{right}(F {forward}, K {strike}, vol {vol}, years {year})"
        for (right, strike), forward, vol, year in columns
    ]


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
