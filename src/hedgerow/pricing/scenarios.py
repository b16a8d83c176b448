"""What would every instrument gain if price, vol, basis and time moved: revaluation over a grid.

Distinct instruments are priced once per cell and reduced at once to profit; accounts are a sparse
contraction of that (`pricing.accounts`), so there is never a cube of accounts, instruments and
cells.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from hedgerow.errors import OutOfDomain
from hedgerow.pricing.european import GROWTH_MAX, EuropeanColumns
from hedgerow.pricing.threads import shared_out, shares

__all__ = ["CELLS_COUNT_MIN", "ScenarioGrid", "cell_terms", "coin_flags", "scenario_profits"]

Floats: TypeAlias = NDArray[np.float64]

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
        length = len(self.price_move_frac)
        for name, low, high in (
            ("price_move_frac", -1.0 + 1e-12, 1e6),
            ("vol_move_frac", -1.0, 1e3),
            ("vol_shift_frac", -1e3, 1e3),
            ("elapsed_years", 0.0, 1e3),
            ("basis_shift_frac_per_year", -1e6, 1e6),
        ):
            column = np.array(getattr(self, name), dtype=np.float64)
            if column.shape == () and name == "basis_shift_frac_per_year":
                column = np.full(length, column)
            if column.shape != (length,):
                raise OutOfDomain(f"{name} has shape {column.shape}, expected ({length},)")
            bad = ~((column >= low) & (column <= high))
            if bad.any():
                at = int(np.argmax(bad))
                raise OutOfDomain(
                    f"{name} must be finite and from {low:g} to {high:g}, cell {at} was "
                    f"{column[at]}"
                )
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
            for axis in np.meshgrid(
                *(np.asarray(axis, dtype=np.float64) for axis in axes), indexing="ij"
            )
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
    is_coin_settled: NDArray[np.bool_] | None = None,
    threads_count: int = 1,
    out: Floats | None = None,
) -> Floats:
    """Give the profit of one unit of every option in every cell, against no move at all.

    Parameters
    ----------
    is_coin_settled
        Shape (n,); such options gain in coin, at the forward of the cell. None means no option.
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
        If `is_coin_settled` or `out` has another shape, or `out` another layout, a basis shift
        times the years left exceeds 100, or `threads_count` is not from 1 to 64.
    """
    from hedgerow.pricing.kernels import vanilla

    count = len(options)
    flags = coin_flags(is_coin_settled, count)
    cells = cell_terms(grid, options)
    room = np.empty((len(grid), count)) if out is None else out
    if room.shape != (len(grid), count) or room.dtype != np.float64:
        raise OutOfDomain(
            f"out must be float64 of shape {(len(grid), count)}, was {room.dtype} of {room.shape}"
        )
    if not (room.flags.c_contiguous and room.flags.writeable):
        raise OutOfDomain("out must be writable and in one piece, row after row")
    parts = shares(
        count,
        threads_count=threads_count,
        block_count=vanilla.BLOCK,
        share_count_min=-(-CELLS_COUNT_MIN // max(len(grid), 1)),
    )
    shared_out(
        lambda first, last: vanilla.profits(options.given, flags, cells, room, first, last), parts
    )
    return room


def coin_flags(is_coin_settled: NDArray[np.bool_] | None, count: int) -> NDArray[np.bool_]:
    """Give one flag per option, in one piece; OutOfDomain if there are more or fewer."""
    if is_coin_settled is None:
        return np.zeros(count, dtype=np.bool_)
    flags = np.ascontiguousarray(is_coin_settled, dtype=np.bool_)
    if flags.shape != (count,):
        raise OutOfDomain(f"is_coin_settled has shape {flags.shape}, expected ({count},)")
    return flags


def cell_terms(grid: ScenarioGrid, options: EuropeanColumns) -> Floats:
    """Give cells as the kernel wants them, shape (6, cells), if no forward of theirs overflows."""
    years_max = float(options.given[3].max(initial=0.0))
    shift = grid.basis_shift_frac_per_year
    growth = np.abs(shift) * np.maximum(years_max - grid.elapsed_years, 0.0)
    if (growth > GROWTH_MAX).any():
        at = int(np.argmax(growth))
        raise OutOfDomain(
            f"basis_shift_frac_per_year times the years left must be within ±{GROWTH_MAX:g}, "
            f"cell {at} was {shift[at]} over {years_max - grid.elapsed_years[at]}"
        )
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
