"""What would every account gain in every cell: profits of instruments times what is held of them.

Holdings are a sparse table, and the sum runs over instruments in their order, a block of them at a
time: their profits in some cells are laid side by side in a work table, which is then added to the
accounts that hold any. So nobody needs room for a cube of accounts, instruments and cells, and
`account_scenario_profits` none for a table of cells and instruments either. Whether a table was
there, how it was cut and how many threads there were changes no bit of a sum.

An account is one sum, so all that it holds must gain in one thing. Which thing is said by a
settlement code per instrument: 0 is dollars, every other number a coin of its own. That an option
is paid in coin does not say in which, and a bitcoin less an ether is no zero.
"""

from collections.abc import Callable, Sequence
from functools import partial
from itertools import accumulate, pairwise
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from hedgerow.errors import OutOfDomain
from hedgerow.pricing.european import EuropeanColumns
from hedgerow.pricing.gate import Bools, Floats, floats, room_of
from hedgerow.pricing.moved import MovedContracts
from hedgerow.pricing.scenarios import CELLS_COUNT_MIN, ScenarioGrid, cell_terms
from hedgerow.pricing.threads import shared_out, shares
from hedgerow.pricing.windows import AveragingWindows, reached

__all__ = ["Settlements", "account_profits", "account_scenario_profits", "settlements"]

Indices: TypeAlias = NDArray[np.int64]
Settlements: TypeAlias = NDArray[np.integer[Any]]
_Fill: TypeAlias = Callable[[int, int, int, int, Floats], None]

# A work table of 256 cells by 2,048 instruments has 4 MiB and stays in the last cache; what a
# thread prices at once, 256 cells by 512 instruments, has 1 MiB and stays in its own.
_CELLS_COUNT_MAX: Final = 256
_WORK_COUNT: Final = 2_048 * 256

_SUMS_COUNT_MIN: Final = 800_000
"""Holdings times cells in a share of a thread at least. Measured (`benchmarks/bench_threads.py`,
two cores, 0.2 ns each): two threads are even with one at 600,000 and bring 1.3 at 1,460,000."""


def account_profits(
    quantities_coin: sparse.csr_array,
    profits_ccy: Floats,
    *,
    settlement_code: Settlements | None = None,
    threads_count: int = 1,
    out: Floats | None = None,
) -> Floats:
    """Contract profits of instruments to profits of accounts.

    Parameters
    ----------
    quantities_coin
        Shape (accounts, n): how much of each instrument each account holds, long positive.
    profits_ccy
        Shape (cells, n), from `scenario_profits`.
    settlement_code
        Shape (n,), whole numbers: in what each instrument gains, 0 for dollars and another number
        for each coin. None means that all gain in the same.
    threads_count
        How many threads at most; the result is the same to the last bit whatever it is.
    out
        Where to write, shape (accounts, cells): float64, in one piece row after row.

    Returns
    -------
    ndarray, shape (accounts, cells)
        Each account in the currency in which all that it holds gains.

    Raises
    ------
    OutOfDomain
        If the two do not know the same number of instruments, a quantity is not finite, an account
        holds an instrument whose profit is not, the table is not sound, an account holds
        instruments that gain in different currencies, `out` has another shape, type or layout or
        lies where an input does, or `threads_count` is not from 1 to 64.
    """
    from hedgerow.pricing.kernels import accounts, vanilla

    table = np.require(floats("profits_ccy", profits_ccy), requirements=("C", "A"))
    if table.ndim != 2 or quantities_coin.shape[1] != table.shape[1]:
        raise OutOfDomain(
            f"quantities know {quantities_coin.shape[1]} instruments, profits have shape "
            f"{table.shape}, expected (cells, instruments)"
        )
    held_coin = _sound(quantities_coin)
    if settlement_code is not None:
        _check_one_currency(held_coin, settlements(settlement_code, table.shape[1]))

    def fill(cell_first: int, cell_last: int, first: int, last: int, work: Floats) -> None:
        accounts.turn(table, cell_first, cell_last, first, last, work, 0)

    shape = (quantities_coin.shape[0], table.shape[0])
    room = room_of(out, shape, table, held_coin.data, held_coin.indices, held_coin.indptr)
    _contract(
        held_coin,
        fill,
        room,
        block_count=vanilla.BLOCK,
        fill_count_min=_SUMS_COUNT_MIN,
        threads_count=threads_count,
    )
    return room


def account_scenario_profits(
    options: EuropeanColumns,
    grid: ScenarioGrid,
    quantities_coin: sparse.csr_array,
    *,
    others: Sequence[MovedContracts] = (),
    settlement_code: Settlements | None = None,
    windows: AveragingWindows | None = None,
    threads_count: int = 1,
    out: Floats | None = None,
) -> Floats:
    """Give what every account gains in every cell, without a table of what every option gains.

    Equal to the last bit to `account_profits` of a table of what all gain in every cell: columns of
    ``scenario_profits(options, grid, is_coin_settled=settlement_code != 0, windows=windows)``, and
    beside them those of `moved_profits` for the others.

    Parameters
    ----------
    quantities_coin
        Shape (accounts, n): how much of each instrument each account holds, long positive; options
        come first, then the others in their order.
    others
        What is held beside options: linear, inverse and quanto contracts, powers, shares of pools.
    settlement_code
        Shape (n,), whole numbers: in what each instrument gains. 0 is dollars; every other number
        is a coin of its own, and an option of that number gains in that coin, at the forward of the
        cell. None means that all gain in dollars.
    windows
        One per option, as for `scenario_profits`.
    threads_count
        How many threads at most; the result is the same to the last bit whatever it is.
    out
        Where to write, shape (accounts, cells): float64, in one piece row after row.

    Returns
    -------
    ndarray, shape (accounts, cells)
        Each account in the currency of all that it holds: USD, or the coin of its code.

    Raises
    ------
    OutOfDomain
        If shapes do not fit, a quantity is not finite, the table is not sound, an account holds
        instruments of more than one settlement code (their sum would be nothing that can be paid),
        a contract has a code in which it does not gain, or for the reasons of `scenario_profits`
        and `moved_profits`.

    Notes
    -----
    Beside the result it needs a work table of 4 MiB, 1 MiB for each thread, and 24 bytes per
    holding, however many instruments and cells there are. Accounts that could mix currencies are
    looked at before, with as much again.
    """
    from hedgerow.pricing.kernels import accounts, vanilla

    starts = list(accumulate((len(options), *map(len, others))))
    options_count, count = starts[0], starts[-1]
    if quantities_coin.shape[1] != count:
        raise OutOfDomain(f"quantities know {quantities_coin.shape[1]} instruments, not {count}")
    held_coin = _sound(quantities_coin)
    codes = settlements(settlement_code, count)
    for contracts, start in zip(others, starts, strict=False):
        _check_settled(contracts, codes[start : start + len(contracts)], start)
    _check_one_currency(held_coin, codes)
    flags = codes[:options_count] != 0
    cells = cell_terms(grid, max([options.years_max, *(each.years_max for each in others)]))
    averaged = reached(windows, options, flags, float(grid.elapsed_years.max(initial=0.0)))
    shape = (quantities_coin.shape[0], len(grid))
    room = room_of(out, shape, held_coin.data, held_coin.indices, held_coin.indptr)

    def fill(cell_first: int, cell_last: int, first: int, last: int, work: Floats) -> None:
        some = np.ascontiguousarray(cells[:, cell_first:cell_last])
        width = cell_last - cell_first
        options_last = min(last, options_count)
        flat = np.empty(width * max(0, min(vanilla.BLOCK, options_last - first)))
        for begin in range(first, options_last, vanilla.BLOCK):
            many = min(vanilla.BLOCK, options_last - begin)
            rows = flat[: width * many].reshape(width, many)
            terms = np.ascontiguousarray(options.given[:, begin : begin + many])
            vanilla.profits(terms, flags[begin : begin + many], some, rows, 0, many)
            if averaged is not None:
                averaged.write_over(some, begin, begin + many, rows)
            accounts.turn(rows, 0, width, 0, many, work, begin - first)
        for contracts, start in zip(others, starts, strict=False):
            end = min(last, start + len(contracts))
            for begin in range(max(first, start), end, vanilla.BLOCK):
                stop = min(begin + vanilla.BLOCK, end)
                gains = contracts.profits_ccy(some, begin - start, stop - start)
                work[begin - first : stop - first] = gains

    _contract(
        held_coin,
        fill,
        room,
        block_count=vanilla.BLOCK,
        fill_count_min=CELLS_COUNT_MIN,
        threads_count=threads_count,
    )
    return room


def _contract(
    held_coin: sparse.csr_array,
    fill: _Fill,
    sums_ccy: Floats,
    *,
    block_count: int,
    fill_count_min: int,
    threads_count: int,
) -> None:
    """Write quantities times profits to `sums_ccy`, block after block.

    `fill` writes the profits of some instruments in some cells to a table of shape (instruments,
    cells); `fill_count_min` says how many of them make a thread worth while.
    """
    from hedgerow.pricing.kernels import accounts

    quantities, instruments, begins, ends_index = _holdings(held_coin)
    count = held_coin.shape[1]
    cells_count = sums_ccy.shape[1]
    width_max = max(1, min(cells_count, _CELLS_COUNT_MAX))
    height_max = max(1, _WORK_COUNT // width_max // block_count) * block_count
    flat = np.empty(width_max * min(height_max, max(count, 1)))
    sums_ccy[:] = 0.0
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
                ends_index, threads_count, _SUMS_COUNT_MIN * count // (width * (last - first))
            )
            shared_out(
                partial(
                    accounts.contract, places, ends_index, instruments, quantities, work, first,
                    sums_ccy, *cells,
                ),
                parts,
            )  # fmt: skip
    # An unknown profit makes an unknown sum; an unknown that nobody holds makes none.
    if sums_ccy.size and not (sums_ccy.min() > -np.inf and sums_ccy.max() < np.inf):
        account, cell = np.unravel_index(int(np.argmin(np.isfinite(sums_ccy))), sums_ccy.shape)
        raise OutOfDomain(
            f"account {account} gains {sums_ccy[account, cell]} in cell {cell}: a profit of what "
            "it holds is not finite, or the sum is beyond all numbers"
        )


def _filled(
    fill: _Fill,
    cells_index: tuple[int, int],
    block_index: int,
    work_ccy: Floats,
    first: int,
    last: int,
) -> None:
    fill(*cells_index, block_index + first, block_index + last, work_ccy[first:last])


def _sound(quantities_coin: sparse.csr_array) -> sparse.csr_array:
    """Give the table by rows, whatever kind it came as, if nothing in it points outside."""
    held_coin = sparse.csr_array(quantities_coin)
    try:
        held_coin.check_format(full_check=True)  # kernels do not look where they read
    except ValueError as trouble:
        raise OutOfDomain(f"quantities_coin is not a sound sparse table: {trouble}") from trouble
    return held_coin


def _holdings(held_coin: sparse.csr_array) -> tuple[Floats, Indices, Indices, Indices]:
    """Give quantities, their instruments, and where those of each account begin and end."""
    if not held_coin.has_sorted_indices:
        held_coin = held_coin.sorted_indices()
    quantities = np.ascontiguousarray(held_coin.data, dtype=np.float64)
    finite = np.isfinite(quantities)
    if not finite.all():
        at = int(np.argmin(finite))
        account = int(np.searchsorted(held_coin.indptr, at, side="right")) - 1
        raise OutOfDomain(
            f"quantities_coin must be finite, account {account} holds {quantities[at]} of "
            f"instrument {held_coin.indices[at]}"
        )
    instruments = np.ascontiguousarray(held_coin.indices, dtype=np.int64)
    bounds = held_coin.indptr.astype(np.int64)
    return quantities, instruments, bounds[:-1].copy(), bounds[1:].copy()


def _by_holdings(
    ends_index: Indices, threads_count: int, share_count_min: int
) -> list[tuple[int, int]]:
    """Cut accounts into shares of about as many holdings each."""
    holdings_count = int(ends_index[-1]) if len(ends_index) else 0
    parts = shares(
        holdings_count,
        threads_count=threads_count,
        block_count=1,
        share_count_min=share_count_min,
    )
    inner = (int(np.searchsorted(ends_index, last)) + 1 for _, last in parts[:-1])
    cuts = [0, *inner, len(ends_index)]
    return [(first, last) for first, last in pairwise(cuts) if first < last]


def settlements(settlement_code: Settlements | None, count: int) -> Indices:
    """Give one code per instrument; dollars where none was given.

    Raises
    ------
    OutOfDomain
        If there are more or fewer, or they are no whole numbers. Flags are refused: two coins would
        be one to them.
    """
    if settlement_code is None:
        return np.zeros(count, dtype=np.int64)
    codes = np.asarray(settlement_code)
    if isinstance(settlement_code, np.ma.MaskedArray) or codes.dtype.kind not in "iu":
        raise OutOfDomain(
            "settlement_code must be a whole number for each currency, 0 for dollars, was of type "
            f"{type(settlement_code).__name__} of {codes.dtype}"
        )
    if codes.shape != (count,):
        raise OutOfDomain(f"settlement_code has shape {codes.shape}, expected ({count},)")
    return codes.astype(np.int64, copy=False)


def _check_settled(contracts: MovedContracts, settlement_code: Indices, first: int) -> None:
    """Refuse a contract whose code says another currency than it gains in."""
    wrong = {
        "usd": settlement_code != 0,
        "coin": settlement_code == 0,
        "either": np.zeros(len(settlement_code), dtype=np.bool_),
    }[contracts.settled_in]
    if wrong.any():
        at = int(np.argmax(wrong))
        raise OutOfDomain(
            f"instrument {first + at} gains in {contracts.settled_in}, its settlement_code was "
            f"{settlement_code[at]}; 0 is dollars and every other number a coin"
        )


def _check_one_currency(held_coin: sparse.csr_array, settlement_code: Indices) -> None:
    """Refuse an account that holds instruments of two codes, whatever the quantities add up to."""
    if not settlement_code.size or (settlement_code == settlement_code[0]).all():
        return
    is_held: Bools = held_coin.data != 0
    owners = np.repeat(np.arange(held_coin.shape[0]), np.diff(held_coin.indptr))[is_held]
    theirs = settlement_code[held_coin.indices[is_held]]
    first = np.zeros(held_coin.shape[0], dtype=np.int64)
    first[owners[::-1]] = theirs[::-1]  # the last that is written stays: the first of each account
    mixed = theirs != first[owners]
    if mixed.any():
        at = int(np.argmax(mixed))
        raise OutOfDomain(
            f"account {owners[at]} holds instruments of settlement_code {first[owners[at]]} beside "
            f"{theirs[at]}; a sum of two currencies is neither: contract them apart"
        )
