"""Squares and powers as straight lines below them, which branch and bound can take.

A line below a curve never prices a plan too high, so that what is proven of the lines is proven of
the curves. Where a column counts lots, a line goes through two neighbouring lots: between them it
lies above the curve, where no plan is, and at both it is exact. Elsewhere it touches the curve.

References
----------
M. A. Duran and I. E. Grossmann (1986), An outer-approximation algorithm for a class of
mixed-integer nonlinear programs, Mathematical Programming 36.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from hedgerow.solving.assembly import Matrix
from hedgerow.solving.records import Decisions, Floats

__all__ = ["Curves"]

Places = NDArray[np.int64]

# Lots to either side of the relaxation's amount that have their lines from the beginning.
_LOTS_COUNT = 5
# Where a column need not be whole: lines at these shares of the relaxation's amount.
_SHARES_FRAC = (0.0, 0.5, 1.0, 1.5, 2.0)


@dataclass(frozen=True, slots=True, eq=False)
class Curves:
    """Curves of a matrix, each ``weight * |x| ** exponent`` of the column `of_index`.

    `above_index` is the column held above it, or -1 where a square stands in the cost itself. A
    lot of zero is of a column that need not be whole.

    Where lines are is said by two rows: which curve, and where on it, in lots (the lower one of the
    two) or as an amount.
    """

    of_index: Places
    above_index: Places
    weight_figure: Floats
    exponent_power: Floats
    lot_amount: Floats

    @classmethod
    def of(cls, matrix: Matrix, decisions: Decisions) -> "Curves":
        """Read them off a matrix, whose first columns are the decisions."""
        square, weight = np.zeros(0, dtype=np.int64), np.zeros(0)
        if matrix.quadratic_usd_per_amount2 is not None:
            diagonal = matrix.quadratic_usd_per_amount2.diagonal()
            square = np.flatnonzero(diagonal)
            weight = 0.5 * diagonal[square]
        powers = matrix.powers
        of_index = np.append(square, [each.of_index for each in powers]).astype(np.int64)
        above = [each.above_index for each in powers]
        exponent = [each.exponent_power for each in powers]
        lot = np.zeros(len(matrix.cost_usd_per_amount))
        lot[: len(decisions)] = decisions.lot_amount
        return cls(
            of_index=of_index,
            above_index=np.append(np.full(len(square), -1), above).astype(np.int64),
            weight_figure=np.append(weight, np.ones(len(powers))),
            exponent_power=np.append(np.full(len(square), 2.0), exponent),
            lot_amount=lot[of_index],
        )

    def __len__(self) -> int:
        return len(self.of_index)

    def around(self, column_amount: Floats) -> Floats:
        """Say where lines are to begin with: about the relaxation's amounts, and about nought."""
        here = column_amount[self.of_index]
        is_whole = self.lot_amount > 0
        lots = np.floor(here / np.where(is_whole, self.lot_amount, 1.0))
        found = [np.where(is_whole, -1.0, 0.0), np.zeros(len(self))]
        for step in range(-_LOTS_COUNT, _LOTS_COUNT + 1):
            found.append(np.where(is_whole, lots + step, here))
        for share in _SHARES_FRAC:
            found.append(np.where(is_whole, lots, share * here))
        return self._places(found)

    def at(self, column_amount: Floats) -> Floats:
        """Say where lines are exact at these values of columns, as far as there are values."""
        known = self.of_index < len(column_amount)
        here = np.where(known, column_amount[np.where(known, self.of_index, 0)], np.nan)
        is_whole = self.lot_amount > 0
        lots = np.round(here / np.where(is_whole, self.lot_amount, 1.0))
        found = [np.where(is_whole, lots - step, here) for step in (1.0, 0.0)]
        places = self._places(found)
        return places[:, np.isfinite(places[1])]

    def joined(self, *places: Floats) -> Floats:
        """Join lines from several sources, each once."""
        return np.unique(np.hstack(places), axis=1)

    def _places(self, values: list[Floats]) -> Floats:
        which = np.tile(np.arange(len(self), dtype=np.float64), len(values))
        return np.array([which, np.concatenate(values)])

    def straightened(self, matrix: Matrix, places: Floats) -> Matrix:
        """Write the matrix with lines in place of its curves; its columns stay where they are."""
        which, slope, level = self._lines(places)
        rows_count, count = matrix.rows_figure_per_amount.shape
        # A square in the cost has a column of its own above it, as a power has already.
        square = np.flatnonzero(self.above_index < 0)
        more = len(square)
        above = self.above_index.copy()
        above[square] = count + np.arange(more)
        row = np.arange(len(which))
        lines = sparse.coo_array(
            (
                np.concatenate([np.ones(len(which)), -slope]),
                (np.tile(row, 2), np.concatenate([above[which], self.of_index[which]])),
            ),
            shape=(len(which), count + more),
        )
        wide = sparse.hstack([matrix.rows_figure_per_amount, sparse.coo_array((rows_count, more))])
        return replace(
            matrix,
            cost_usd_per_amount=np.append(matrix.cost_usd_per_amount, np.ones(more)),
            low_amount=np.append(matrix.low_amount, np.zeros(more)),
            high_amount=np.append(matrix.high_amount, np.full(more, np.inf)),
            rows_figure_per_amount=sparse.csc_array(sparse.vstack([wide, lines])),
            row_low_figure=np.append(matrix.row_low_figure, level),
            row_high_figure=np.append(matrix.row_high_figure, np.full(len(which), np.inf)),
            row_names=(*matrix.row_names, *["line below a curve"] * len(which)),
            row_scale_figure=np.append(matrix.row_scale_figure, np.zeros(len(which))),
            quadratic_usd_per_amount2=None,
            powers=(),
            whole=np.append(matrix.whole, np.zeros(more, dtype=np.bool_)),
        )

    def _lines(self, places: Floats) -> tuple[Places, Floats, Floats]:
        """Give of each line which curve it is below, its slope, and its level at nought."""
        which, at = places[0].astype(np.int64), places[1]
        lot, power = self.lot_amount[which], self.exponent_power[which]
        weight, is_whole = self.weight_figure[which], lot > 0
        unit = np.where(is_whole, lot, 1.0)
        low, high = at * unit, (at + 1.0) * unit
        height = weight * np.abs(low) ** power
        chord = (weight * np.abs(high) ** power - height) / unit
        touching = weight * power * np.sign(low) * np.abs(low) ** (power - 1.0)
        slope = np.where(is_whole, chord, touching)
        return which, slope, height - slope * low
