"""A programme as one matrix: columns and rows are added by its parts, then read by a solver.

Minimise ``cost'x + ½ x'Qx`` with ``low ≤ x ≤ high`` and ``row_low ≤ Ax ≤ row_high``, and with
``x[of] ** exponent ≤ x[above]`` for powers between one and two.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from hedgerow.solving.records import Floats

__all__ = ["Assembly", "Matrix", "Power"]

Places = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Power:
    """One column is at least the size of another to a power between one and two."""

    above_index: int
    of_index: int
    exponent_power: float


@dataclass(frozen=True, slots=True, eq=False)
class Matrix:
    """A programme as solvers read it.

    `whole` are the columns that must be integers. `row_scale_figure` is what a unit of a bound's
    excess is compared with where it cannot hold; infinite where the bound has a price of its own,
    and zero in rows that only define a column. `least_cost_usd_per_amount` is what columns cost at
    least, where some are priced above that: then it is what a bound of all costs rests on.
    """

    cost_usd_per_amount: Floats
    low_amount: Floats
    high_amount: Floats
    rows_figure_per_amount: sparse.csc_array
    row_low_figure: Floats
    row_high_figure: Floats
    row_names: tuple[str, ...]
    row_scale_figure: Floats
    quadratic_usd_per_amount2: sparse.csc_array | None
    powers: tuple[Power, ...]
    whole: NDArray[np.bool_]
    least_cost_usd_per_amount: Floats | None = None


class Assembly:
    """Collects columns and rows; the first columns are the decisions themselves."""

    def __init__(self) -> None:
        self._low: list[Floats] = []
        self._high: list[Floats] = []
        self._cost: list[Floats] = []
        self._whole: list[NDArray[np.bool_]] = []
        self._at_rows: list[Places] = []
        self._at_columns: list[Places] = []
        self._values: list[Floats] = []
        self._row_low: list[Floats] = []
        self._row_high: list[Floats] = []
        self._names: list[str] = []
        self._scale: list[Floats] = []
        self._quadratic: list[tuple[Places, Floats]] = []
        self._powers: list[Power] = []
        self._charges: list[tuple[Places, Floats, Floats]] = []
        self._sides: tuple[Places, Places] | None = None
        self._columns_count = 0
        self._rows_count = 0

    def columns(
        self,
        low_amount: Floats,
        high_amount: Floats,
        cost_usd_per_amount: Floats,
        *,
        is_whole: NDArray[np.bool_] | None = None,
    ) -> Places:
        """Add columns and give their places."""
        count = len(low_amount)
        self._low.append(low_amount)
        self._high.append(high_amount)
        self._cost.append(cost_usd_per_amount)
        self._whole.append(np.zeros(count, dtype=np.bool_) if is_whole is None else is_whole)
        places = np.arange(self._columns_count, self._columns_count + count, dtype=np.int64)
        self._columns_count += count
        return places

    def rows(
        self,
        entries_figure_per_amount: Sequence[tuple[Places, Places, Floats]],
        low_figure: Floats,
        high_figure: Floats,
        names: Sequence[str],
        scale_figure: Floats | None = None,
    ) -> None:
        """Add rows, whose entries say which of these rows, which column, and what."""
        for at_rows, at_columns, values in entries_figure_per_amount:
            self._at_rows.append(at_rows + self._rows_count)
            self._at_columns.append(at_columns)
            self._values.append(values)
        self._row_low.append(low_figure)
        self._row_high.append(high_figure)
        self._names.extend(names)
        self._scale.append(np.zeros(len(low_figure)) if scale_figure is None else scale_figure)
        self._rows_count += len(low_figure)

    def quadratic(self, column_index: Places, weights_usd_per_amount2: Floats) -> None:
        """Add half of weights times squares of columns to the cost."""
        self._quadratic.append((column_index, weights_usd_per_amount2))

    def charge(
        self, column_index: Places, cost_usd_per_amount: Floats, least_cost_usd_per_amount: Floats
    ) -> None:
        """Add to the cost of columns that are there already; in truth it may be less."""
        self._charges.append((column_index, cost_usd_per_amount, least_cost_usd_per_amount))

    def power(self, above_index: int, of_index: int, exponent_power: float) -> None:
        """Hold a column above the size of another to a power."""
        self._powers.append(Power(above_index, of_index, exponent_power))

    def sides(
        self, at: NDArray[np.int64], low_amount: Floats, high_amount: Floats
    ) -> tuple[Places, Places]:
        """Split columns into what is bought and what is sold, once for all parts that ask."""
        if self._sides is None:
            count = len(at)
            nought = np.zeros(count)
            up = self.columns(nought, high_amount, nought)
            down = self.columns(nought, -low_amount, nought)
            rows, one = np.arange(count), np.ones(count)
            self.rows(
                [(rows, at, one), (rows, up, -one), (rows, down, one)],
                nought,
                nought,
                ["sides"] * count,
            )
            self._sides = up, down
        return self._sides

    def matrix(self) -> Matrix:
        """Join what was added."""
        shape = (self._rows_count, self._columns_count)
        rows = sparse.coo_array(
            (
                _joined(self._values),
                (_joined_places(self._at_rows), _joined_places(self._at_columns)),
            ),
            shape=shape,
        ).tocsc()
        quadratic = None
        if self._quadratic:
            diagonal = np.zeros(self._columns_count)
            for places, weights in self._quadratic:
                diagonal[places] += weights
            quadratic = sparse.csc_array(sparse.diags_array(diagonal))
        cost = _joined(self._cost)
        least_cost = cost.copy()
        for places, more, least_more in self._charges:
            np.add.at(cost, places, more)
            np.add.at(least_cost, places, least_more)
        return Matrix(
            cost_usd_per_amount=cost,
            low_amount=_joined(self._low),
            high_amount=_joined(self._high),
            rows_figure_per_amount=rows,
            row_low_figure=_joined(self._row_low),
            row_high_figure=_joined(self._row_high),
            row_names=tuple(self._names),
            row_scale_figure=_joined(self._scale),
            quadratic_usd_per_amount2=quadratic,
            powers=tuple(self._powers),
            whole=np.concatenate(self._whole),
            least_cost_usd_per_amount=least_cost if np.any(least_cost < cost) else None,
        )


def _joined(values: Sequence[Floats]) -> Floats:
    return np.concatenate(values) if values else np.zeros(0)


def _joined_places(places_index: Sequence[Places]) -> Places:
    return np.concatenate(places_index) if places_index else np.zeros(0, dtype=np.int64)
