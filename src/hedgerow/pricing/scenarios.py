"""What would every instrument gain if price, vol and time moved: full revaluation over a grid.

Distinct instruments are priced once per cell and reduced at once to profit; accounts are a sparse
contraction of that, so there is never a cube of accounts, instruments and cells.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from hedgerow.errors import OutOfDomain
from hedgerow.pricing.european import EuropeanColumns

__all__ = ["ScenarioGrid", "account_profits", "scenario_profits"]

Floats: TypeAlias = NDArray[np.float64]


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

    Raises
    ------
    OutOfDomain
        If lengths differ or anything is not finite or out of bounds.
    """

    price_move_frac: Floats
    vol_move_frac: Floats
    vol_shift_frac: Floats
    elapsed_years: Floats

    def __post_init__(self) -> None:
        length = len(self.price_move_frac)
        for name, low, high in (
            ("price_move_frac", -1.0 + 1e-12, 1e6),
            ("vol_move_frac", -1.0, 1e3),
            ("vol_shift_frac", -1e3, 1e3),
            ("elapsed_years", 0.0, 1e3),
        ):
            column = np.array(getattr(self, name), dtype=np.float64)
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
    ) -> "ScenarioGrid":
        """Cross moves: time outermost, then price, then the two of vol."""
        time, price, vol, shift = (
            axis.ravel()
            for axis in np.meshgrid(
                np.asarray(elapsed_years, dtype=np.float64),
                np.asarray(price_moves_frac, dtype=np.float64),
                np.asarray(vol_moves_frac, dtype=np.float64),
                np.asarray(vol_shifts_frac, dtype=np.float64),
                indexing="ij",
            )
        )
        return cls(
            price_move_frac=price, vol_move_frac=vol, vol_shift_frac=shift, elapsed_years=time
        )


def scenario_profits(
    options: EuropeanColumns,
    grid: ScenarioGrid,
    *,
    is_coin_settled: NDArray[np.bool_] | None = None,
    out: Floats | None = None,
) -> Floats:
    """Give the profit of one unit of every option in every cell, against no move at all.

    Parameters
    ----------
    is_coin_settled
        Shape (n,); such options gain in coin, at the forward of the cell. None means no option.
    out
        Where to write, shape (cells, n): float64, in one piece row after row.

    Returns
    -------
    ndarray, shape (cells, n), USD or coin per coin of notional
        Exactly zero in a cell that changes nothing.

    Raises
    ------
    OutOfDomain
        If `is_coin_settled` or `out` has another shape, or `out` another layout.
    """
    from hedgerow.pricing.kernels import vanilla

    count = len(options)
    flags = np.zeros(count, dtype=np.bool_) if is_coin_settled is None else is_coin_settled
    flags = np.ascontiguousarray(flags, dtype=np.bool_)
    if flags.shape != (count,):
        raise OutOfDomain(f"is_coin_settled has shape {flags.shape}, expected ({count},)")
    room = np.empty((len(grid), count)) if out is None else out
    if room.shape != (len(grid), count) or room.dtype != np.float64:
        raise OutOfDomain(
            f"out must be float64 of shape {(len(grid), count)}, was {room.dtype} of {room.shape}"
        )
    if not (room.flags.c_contiguous and room.flags.writeable):
        raise OutOfDomain("out must be writable and in one piece, row after row")
    factor = 1.0 + grid.price_move_frac
    cells = np.array(
        [
            factor,
            np.log(factor),
            1.0 + grid.vol_move_frac,
            grid.vol_shift_frac,
            grid.elapsed_years,
        ]
    )
    vanilla.profits(options.given, flags, cells, room)
    return room


def account_profits(quantities_coin: sparse.csr_array, profits: Floats) -> Floats:
    """Contract profits of instruments to profits of accounts.

    Parameters
    ----------
    quantities_coin
        Shape (accounts, n): how much of each instrument each account holds, long positive.
    profits
        Shape (cells, n), all in one currency, from `scenario_profits`.

    Returns
    -------
    ndarray, shape (accounts, cells), in the currency of the profits

    Raises
    ------
    OutOfDomain
        If the two do not know the same number of instruments.
    """
    if quantities_coin.shape[1] != profits.shape[1]:
        raise OutOfDomain(
            f"quantities know {quantities_coin.shape[1]} instruments, profits {profits.shape[1]}"
        )
    return np.asarray(quantities_coin @ profits.T, dtype=np.float64)
