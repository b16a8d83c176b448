"""What would every account gain in every cell: profits of instruments times what is held of them.

Holdings are a sparse table, and the sum runs over instruments in their order, a block of them at a
time: their profits in some cells are laid side by side in a work table, which is then added to the
accounts that hold any. So nobody needs room for a cube of accounts, instruments and cells, and
`account_scenario_profits` none for a table of cells and instruments either. Whether a table was
there, how it was cut and how many threads there were changes no bit of a sum.
"""

from collections.abc import Callable
from functools import partial
from itertools import pairwise
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from hedgerow.errors import OutOfDomain
from hedgerow.pricing.european import EuropeanColumns
from hedgerow.pricing.scenarios import CELLS_COUNT_MIN, ScenarioGrid, cell_terms, coin_flags
from hedgerow.pricing.threads import shared_out, shares

__all__ = ["account_profits", "account_scenario_profits"]

Floats: TypeAlias = NDArray[np.float64]
Indices: TypeAlias = NDArray[np.int64]
_Fill: TypeAlias = Callable[[int, int, int, int, Floats], None]

# A work table of 256 cells by 2,048 instruments has 4 MiB and stays in the last cache; what a
# thread prices at once, 256 cells by 512 instruments, has 1 MiB and stays in its own.
_CELLS_COUNT_MAX: Final = 256
_WORK_COUNT: Final = 2_048 * 256

_SUMS_COUNT_MIN: Final = 600_000
"""Holdings times cells in a share of a thread at least. Measured (`benchmarks/bench_threads.py`,
two cores, 0.2 ns each): two threads are even with one at 600,000 and bring 1.3 at 1,200,000."""


def account_profits(
    quantities_coin: sparse.csr_array, profits: Floats, *, threads_count: int = 1
) -> Floats:
    """Contract profits of instruments to profits of accounts.

    Parameters
    ----------
    quantities_coin
        Shape (accounts, n): how much of each instrument each account holds, long positive.
    profits
        Shape (cells, n), all in one currency, from `scenario_profits`.
    threads_count
        How many threads at most; the result is the same to the last bit whatever it is.

    Returns
    -------
    ndarray, shape (accounts, cells), in the currency of the profits

    Raises
    ------
    OutOfDomain
        If the two do not know the same number of instruments, a quantity is not finite, the table
        is not sound, or `threads_count` is not from 1 to 64.
    """
    from hedgerow.pricing.kernels import accounts, vanilla

    if quantities_coin.shape[1] != profits.shape[1]:
        raise OutOfDomain(
            f"quantities know {quantities_coin.shape[1]} instruments, profits {profits.shape[1]}"
        )
    table = np.ascontiguousarray(profits, dtype=np.float64)

    def fill(cell_first: int, cell_last: int, first: int, last: int, work: Floats) -> None:
        accounts.turn(table, cell_first, cell_last, first, last, work, 0)

    out = np.empty((quantities_coin.shape[0], table.shape[0]))
    _contract(
        _sound(quantities_coin),
        fill,
        out,
        block_count=vanilla.BLOCK,
        fill_count_min=_SUMS_COUNT_MIN,
        threads_count=threads_count,
    )
    return out


def account_scenario_profits(
    options: EuropeanColumns,
    grid: ScenarioGrid,
    quantities_coin: sparse.csr_array,
    *,
    is_coin_settled: NDArray[np.bool_] | None = None,
    threads_count: int = 1,
    out: Floats | None = None,
) -> Floats:
    """Give what every account gains in every cell, without a table of what every option gains.

    Equal to the last bit to ``account_profits(quantities_coin, scenario_profits(options, grid))``.

    Parameters
    ----------
    quantities_coin
        Shape (accounts, n): how much of each option each account holds, long positive.
    is_coin_settled
        Shape (n,); such options gain in coin, at the forward of the cell. None means no option.
    threads_count
        How many threads at most; the result is the same to the last bit whatever it is.
    out
        Where to write, shape (accounts, cells): float64, in one piece row after row.

    Returns
    -------
    ndarray, shape (accounts, cells), USD, or coin for an account of options paid in coin

    Raises
    ------
    OutOfDomain
        If shapes do not fit, a quantity is not finite, the table is not sound, an account holds
        options that gain in coin beside others that gain in USD (their sum would be neither), or
        for the reasons of `scenario_profits`.

    Notes
    -----
    Beside the result it needs a work table of 4 MiB, 1 MiB for each thread, and 24 bytes per
    holding, however many options and cells there are.
    """
    from hedgerow.pricing.kernels import accounts, vanilla

    count = len(options)
    if quantities_coin.shape[1] != count:
        raise OutOfDomain(f"quantities know {quantities_coin.shape[1]} instruments, not {count}")
    held = _sound(quantities_coin)
    flags = coin_flags(is_coin_settled, count)
    _check_one_currency(held, flags)
    cells = cell_terms(grid, options)
    shape = (quantities_coin.shape[0], len(grid))
    room = np.empty(shape) if out is None else out
    if room.shape != shape or room.dtype != np.float64:
        raise OutOfDomain(f"out must be float64 of shape {shape}, was {room.dtype} of {room.shape}")
    if not (room.flags.c_contiguous and room.flags.writeable):
        raise OutOfDomain("out must be writable and in one piece, row after row")

    def fill(cell_first: int, cell_last: int, first: int, last: int, work: Floats) -> None:
        some = np.ascontiguousarray(cells[:, cell_first:cell_last])
        width = cell_last - cell_first
        flat = np.empty(width * min(vanilla.BLOCK, last - first))
        for begin in range(first, last, vanilla.BLOCK):
            many = min(vanilla.BLOCK, last - begin)
            rows = flat[: width * many].reshape(width, many)
            terms = np.ascontiguousarray(options.given[:, begin : begin + many])
            vanilla.profits(terms, flags[begin : begin + many], some, rows, 0, many)
            accounts.turn(rows, 0, width, 0, many, work, begin - first)

    _contract(
        held,
        fill,
        room,
        block_count=vanilla.BLOCK,
        fill_count_min=CELLS_COUNT_MIN,
        threads_count=threads_count,
    )
    return room


def _contract(
    held: sparse.csr_array,
    fill: _Fill,
    sums: Floats,
    *,
    block_count: int,
    fill_count_min: int,
    threads_count: int,
) -> None:
    """Write quantities times profits to `sums`, block after block.

    `fill` writes the profits of some instruments in some cells to a table of shape (instruments,
    cells); `fill_count_min` says how many of them make a thread worth while.
    """
    from hedgerow.pricing.kernels import accounts

    quantities, instruments, begins, ends = _holdings(held)
    count = held.shape[1]
    cells_count = sums.shape[1]
    width_max = max(1, min(cells_count, _CELLS_COUNT_MAX))
    height_max = max(1, _WORK_COUNT // width_max // block_count) * block_count
    flat = np.empty(width_max * min(height_max, max(count, 1)))
    sums[:] = 0.0
    for cell_first in range(0, cells_count, width_max):
        cell_last = min(cell_first + width_max, cells_count)
        width = cell_last - cell_first
        places = begins.copy()
        for first in range(0, count, height_max):
            last = min(first + height_max, count)
            work = flat[: (last - first) * width].reshape(last - first, width)
            parts = shares(
                last - first,
                threads_count=threads_count,
                block_count=block_count,
                share_count_min=-(-fill_count_min // width),
            )
            cells = (cell_first, cell_last)
            shared_out(partial(_filled, fill, cells, first, work), parts)
            parts = _by_holdings(
                ends, threads_count, _SUMS_COUNT_MIN * count // (width * (last - first))
            )
            shared_out(
                partial(
                    accounts.contract, places, ends, instruments, quantities, work, first, sums,
                    *cells,
                ),
                parts,
            )  # fmt: skip


def _filled(
    fill: _Fill, cells: tuple[int, int], begin: int, work: Floats, first: int, last: int
) -> None:
    fill(*cells, begin + first, begin + last, work[first:last])


def _sound(quantities_coin: sparse.csr_array) -> sparse.csr_array:
    """Give the table by rows, whatever kind it came as, if nothing in it points outside."""
    held = sparse.csr_array(quantities_coin)
    try:
        held.check_format(full_check=True)  # kernels do not look where they read
    except ValueError as trouble:
        raise OutOfDomain(f"quantities_coin is not a sound sparse table: {trouble}") from trouble
    return held


def _holdings(held: sparse.csr_array) -> tuple[Floats, Indices, Indices, Indices]:
    """Give quantities, their instruments, and where those of each account begin and end."""
    if not held.has_sorted_indices:
        held = held.sorted_indices()
    quantities = np.ascontiguousarray(held.data, dtype=np.float64)
    finite = np.isfinite(quantities)
    if not finite.all():
        at = int(np.argmin(finite))
        account = int(np.searchsorted(held.indptr, at, side="right")) - 1
        raise OutOfDomain(
            f"quantities_coin must be finite, account {account} holds {quantities[at]} of "
            f"instrument {held.indices[at]}"
        )
    instruments = np.ascontiguousarray(held.indices, dtype=np.int64)
    bounds = held.indptr.astype(np.int64)
    return quantities, instruments, bounds[:-1].copy(), bounds[1:].copy()


def _by_holdings(ends: Indices, threads_count: int, share_count_min: int) -> list[tuple[int, int]]:
    """Cut accounts into shares of about as many holdings each."""
    holdings_count = int(ends[-1]) if len(ends) else 0
    parts = shares(
        holdings_count,
        threads_count=threads_count,
        block_count=1,
        share_count_min=share_count_min,
    )
    cuts = [0, *(int(np.searchsorted(ends, last)) + 1 for _, last in parts[:-1]), len(ends)]
    return [(first, last) for first, last in pairwise(cuts) if first < last]


def _check_one_currency(held: sparse.csr_array, flags: NDArray[np.bool_]) -> None:
    if flags.all() or not flags.any():
        return
    sizes = abs(held)
    mixed = ((sizes @ flags) > 0.0) & ((sizes @ ~flags) > 0.0)
    if mixed.any():
        raise OutOfDomain(
            f"account {int(np.argmax(mixed))} holds options that gain in coin beside others that "
            "gain in USD; contract the two kinds apart"
        )
