"""What would every instrument gain if price, vol, basis and time moved: revaluation over a grid.

Distinct instruments are priced once per cell and reduced at once to profit; accounts are a sparse
contraction of that (`pricing.accounts`), so there is never a cube of accounts, instruments and
cells.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from hedgerow.errors import OutOfDomain
from hedgerow.pricing.european import EuropeanColumns
from hedgerow.pricing.gate import (
    RATE,
    VOL,
    YEARS,
    Bools,
    Bounds,
    Floats,
    check,
    flags,
    floats,
    room_of,
    steep,
)
from hedgerow.pricing.threads import shared_out, shares
from hedgerow.pricing.windows import AveragingWindows, reached

__all__ = ["CELLS_COUNT_MIN", "ScenarioGrid", "cell_terms", "coin_flags", "scenario_profits"]

_MOVE: Final[Bounds] = (-1.0 + 1e-12, 1e6)
_VOL_MOVE: Final[Bounds] = (-1.0, 1e3)
_VOL_SHIFT: Final[Bounds] = (-VOL[1], VOL[1])

CELLS_COUNT_MIN: Final = 25_000
"""Revaluations in a share of a thread at least. Measured (`benchmarks/bench_threads.py`, two cores,
4 ns a cell): two threads are even with one at 25,000 in all and bring 1.3 at about 50,000."""


@dataclass(frozen=True, slots=True, eq=False)
class ScenarioGrid:
    """Item c of every column is one cell. Columns are copied and locked.

    Attributes
    ----------
    price_move_frac
        Of the underlying: 0.1 is ten per cent up. Above -1.
    vol_move_frac, vol_shift_frac
        A vol becomes ``vol · (1 + move) + shift``, and never less than zero. The move is at least
        -1.
    elapsed_years
        Time gone by; an option past its expiry is worth what is in the money. Not negative.
    basis_shift_frac_per_year
        Added to the annualised carry, continuously compounded: 0.05 is a basis wider by five per
        cent a year. One for all cells will do; left out, it is zero.

    Notes
    -----
    In a cell, an option with time t left at its end, ``t = max(years - elapsed, 0)``, has the
    forward ``underlying · (1 + price move) · exp((carry + basis shift) · t)``:

    - an option on spot has its carry raised by the shift;
    - an option on a forward (carry zero) has that forward multiplied by ``exp(shift · t)`` on top
      of the price move, which is then the move of spot;
    - an option paid in coin is paid at the forward of the cell, shift included.

    Discounting stays what it was: ``exp(-rate · t)`` in every cell. At expiry the forward is spot,
    so an option without time left does not feel the shift.

    Raises
    ------
    OutOfDomain
        If lengths differ or anything is not finite or out of bounds.
    """

    price_move_frac: Floats
    vol_move_frac: Floats
    vol_shift_frac: Floats
    elapsed_years: Floats
    basis_shift_frac_per_year: Floats = field(default_factory=lambda: np.zeros(()))

    def __post_init__(self) -> None:
        moves = floats("price_move_frac", self.price_move_frac)
        if moves.ndim != 1:
            raise OutOfDomain(f"price_move_frac has shape {moves.shape}, expected one of cells")
        for name, bounds in (
            ("price_move_frac", _MOVE),
            ("vol_move_frac", _VOL_MOVE),
            ("vol_shift_frac", _VOL_SHIFT),
            ("elapsed_years", YEARS),
            ("basis_shift_frac_per_year", RATE),
        ):
            column = floats(name, getattr(self, name)).copy()
            if column.shape == () and name == "basis_shift_frac_per_year":
                column = np.full(moves.shape, column)
            if column.shape != moves.shape:
                raise OutOfDomain(f"{name} has shape {column.shape}, expected {moves.shape}")
            check(name, column, bounds, item="cell")
            column.setflags(write=False)
            object.__setattr__(self, name, column)

    def __len__(self) -> int:
        return len(self.price_move_frac)

    @classmethod
    def product(
        cls,
        *,
        price_moves_frac: Sequence[float] | Floats,
        vol_moves_frac: Sequence[float] | Floats = (0.0,),
        vol_shifts_frac: Sequence[float] | Floats = (0.0,),
        elapsed_years: Sequence[float] | Floats = (0.0,),
        basis_shifts_frac_per_year: Sequence[float] | Floats = (0.0,),
    ) -> "ScenarioGrid":
        """Cross moves: time outermost, then basis, price, and the two of vol.

        That order is the quick one: neighbours of one time and basis share their forwards.
        """
        axes = (
            elapsed_years, basis_shifts_frac_per_year, price_moves_frac, vol_moves_frac,
            vol_shifts_frac,
        )  # fmt: skip
        time, basis, price, vol, shift = (
            axis.ravel()
            for axis in np.meshgrid(*(floats("a move", axis) for axis in axes), indexing="ij")
        )
        return cls(
            price_move_frac=price,
            vol_move_frac=vol,
            vol_shift_frac=shift,
            elapsed_years=time,
            basis_shift_frac_per_year=basis,
        )


def scenario_profits(
    options: EuropeanColumns,
    grid: ScenarioGrid,
    *,
    is_coin_settled: Bools | None = None,
    windows: AveragingWindows | None = None,
    threads_count: int = 1,
    out: Floats | None = None,
) -> Floats:
    """Give the profit of one unit of every option in every cell, against no move at all.

    Parameters
    ----------
    is_coin_settled
        Shape (n,), True or False; such options gain in their coin, at the forward of the cell. None
        means no option. Nothing is added up here; who does needs to know which coin.
    windows
        One per option, over which it settles on an average (`AveragingWindows`); None means that
        all are plain to the end. An option whose window no cell reaches is the same to the last bit
        with and without.
    threads_count
        How many threads at most; the result is the same to the last bit whatever it is.
    out
        Where to write, shape (cells, n): float64, in one piece row after row.

    Returns
    -------
    ndarray, shape (cells, n), USD or coin per coin of notional
        Exactly zero in a cell that changes nothing.

    Raises
    ------
    OutOfDomain
        If `is_coin_settled`, `windows` or `out` has another shape or type, or `out` another layout,
        a basis shift times the years left exceeds 100, or `threads_count` is not from 1 to 64.
    """
    from hedgerow.pricing.kernels import vanilla

    count = len(options)
    is_coin = coin_flags(is_coin_settled, count)
    cells = cell_terms(grid, options.years_max)
    room = room_of(out, (len(grid), count), is_coin)
    parts = shares(
        count,
        threads_count=threads_count,
        block_count=vanilla.BLOCK,
        share_count_min=-(-CELLS_COUNT_MIN // max(len(grid), 1)),
    )
    averaged = reached(windows, options, is_coin, float(grid.elapsed_years.max(initial=0.0)))

    def work(first: int, last: int) -> None:
        vanilla.profits(options.given, is_coin, cells, room, first, last)
        if averaged is not None:
            averaged.write_over(cells, first, last, room[:, first:last])

    shared_out(work, parts)
    return room


def coin_flags(is_coin_settled: Bools | None, count: int) -> Bools:
    """Give one flag per option, in one piece; OutOfDomain if there are more or fewer."""
    if is_coin_settled is None:
        return np.zeros(count, dtype=np.bool_)
    return np.ascontiguousarray(flags("is_coin_settled", is_coin_settled, (count,)))


def cell_terms(grid: ScenarioGrid, years_max: float) -> Floats:
    """Give cells as kernels want them, shape (6, cells), if no forward of theirs overflows.

    Parameters
    ----------
    years_max
        The longest time that anything revalued in them has left.
    """
    shift = grid.basis_shift_frac_per_year
    left = np.maximum(years_max - grid.elapsed_years, 0.0)
    steep("basis_shift_frac_per_year", shift, left, over="the years left", item="cell")
    factor = 1.0 + grid.price_move_frac
    return np.array(
        [
            factor,
            np.log(factor),
            1.0 + grid.vol_move_frac,
            grid.vol_shift_frac,
            grid.elapsed_years,
            shift,
        ]
    )
