"""Sums of what accounts hold: rows of a sparse table times the profits of one block of instruments.

The inner loop runs along the cells of one account and one instrument, so it becomes packed
multiply-adds: a fifth of a nanosecond per holding and cell. Profits come cell after cell; `turn`
lays those of one instrument side by side, eight cells at a time because eight doubles are what the
memory moves at once: a third of a nanosecond each.
"""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from hedgerow.pricing.kernels.compiled import (
    BUFFER,
    COLUMN,
    COLUMNS,
    COUNT,
    INDICES,
    PLACES,
    compiled,
    inlined,
)

__all__ = ["contract", "turn"]

_Row: TypeAlias = NDArray[np.float64]
_Table: TypeAlias = NDArray[np.float64]
_Indices: TypeAlias = NDArray[np.int64]


@inlined
def _turn_eight(
    r0: _Row, r1: _Row, r2: _Row, r3: _Row, r4: _Row, r5: _Row, r6: _Row, r7: _Row, out: _Table,
    c: int,
) -> None:  # fmt: skip
    for i in range(r0.shape[0]):
        row = out[i]
        row[c] = r0[i]
        row[c + 1] = r1[i]
        row[c + 2] = r2[i]
        row[c + 3] = r3[i]
        row[c + 4] = r4[i]
        row[c + 5] = r5[i]
        row[c + 6] = r6[i]
        row[c + 7] = r7[i]


@compiled(COLUMNS, COUNT, COUNT, COUNT, COUNT, BUFFER, COUNT)
def turn(
    rows: _Table, cell_first: int, cell_last: int, first: int, last: int, out: _Table, at: int
) -> None:
    """Write a piece of a table the other way round.

    Parameters
    ----------
    rows
        Shape (cells, instruments).
    cell_first, cell_last, first, last
        The piece: which cells, which instruments; neither last is part of it.
    out
        Shape (block, cells of the piece); instrument `first` goes to row `at`, and so on.
    """
    room = out[at : at + last - first]
    count = cell_last - cell_first
    full = count - count % 8
    for c in range(0, full, 8):
        k = cell_first + c
        _turn_eight(
            rows[k, first:last], rows[k + 1, first:last], rows[k + 2, first:last],
            rows[k + 3, first:last], rows[k + 4, first:last], rows[k + 5, first:last],
            rows[k + 6, first:last], rows[k + 7, first:last], room, c,
        )  # fmt: skip
    for c in range(full, count):
        row = rows[cell_first + c, first:last]
        for i in range(row.shape[0]):
            room[i, c] = row[i]


@inlined
def _add(q: float, p: _Row, sums: _Row) -> None:
    for c in range(sums.shape[0]):
        sums[c] += q * p[c]


@inlined
def _add_four(
    q0: float, q1: float, q2: float, q3: float, p0: _Row, p1: _Row, p2: _Row, p3: _Row, sums: _Row
) -> None:
    """Four holdings with one look at the sums, added in their order: it rounds as four `_add`s."""
    # q0 to q3 are what is held of four instruments, p0 to p3 their profits per unit, cell by cell.
    for c in range(sums.shape[0]):
        sums[c] = (((sums[c] + q0 * p0[c]) + q1 * p1[c]) + q2 * p2[c]) + q3 * p3[c]


@compiled(
    PLACES, INDICES, INDICES, COLUMN, COLUMNS, COUNT, BUFFER, COUNT, COUNT, COUNT, COUNT
)  # fmt: skip
def contract(
    places: _Indices,
    ends: _Indices,
    instruments: _Indices,
    quantities: _Row,
    profits: _Table,
    begin: int,
    sums: _Table,
    cell_first: int,
    cell_last: int,
    first: int,
    last: int,
) -> None:
    """Add to every account what its holdings in one block of instruments gain.

    Blocks come in the order of the instruments, so each sum is taken in the order of the holdings,
    however they were cut into blocks.

    Parameters
    ----------
    places
        Shape (accounts,): the first holding of each account that has not been added; moved past
        those of this block.
    ends
        Shape (accounts,): one past the last holding of each.
    instruments, quantities
        Shape (holdings,), those of an account together and rising by instrument.
    profits
        Shape (block, cells from first to last), of instruments from `begin` on.
    sums
        Shape (accounts, cells), added to.
    cell_first, cell_last, first, last
        Which cells, which accounts; neither last is asked for.
    """
    end = begin + profits.shape[0]
    for a in range(first, last):
        row = sums[a, cell_first:cell_last]
        k = places[a]
        done = ends[a]
        while k + 3 < done and instruments[k + 3] < end:
            _add_four(
                quantities[k], quantities[k + 1], quantities[k + 2], quantities[k + 3],
                profits[instruments[k] - begin], profits[instruments[k + 1] - begin],
                profits[instruments[k + 2] - begin], profits[instruments[k + 3] - begin], row,
            )  # fmt: skip
            k += 4
        while k < done and instruments[k] < end:
            _add(quantities[k], profits[instruments[k] - begin], row)
            k += 1
        places[a] = k
