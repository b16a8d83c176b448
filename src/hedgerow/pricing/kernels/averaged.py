"""Options with a settlement window over a grid of scenarios: the rows that a plain cell cannot say.

As `kernels.vanilla.profits`, but what is left of an option inside its window has another strike in
every cell, so a cell costs a logarithm more. Rows outside their window are those of the plain
kernel, to its last digits.
"""

from math import sqrt
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from hedgerow.pricing.kernels.compiled import BUFFER, COLUMNS, FLAGS, compiled, inlined
from hedgerow.pricing.kernels.elementary import exp as _exp
from hedgerow.pricing.kernels.elementary import log_ratio as _log_ratio
from hedgerow.pricing.kernels.vanilla import cell_value_ccy as _cell_value_ccy

__all__ = ["profits"]

_Row: TypeAlias = NDArray[np.float64]  # shape (n,)
_Table: TypeAlias = NDArray[np.float64]  # shape (rows, n)

_THIRD = 1.0 / 3.0
# Stands for a leg that is nothing or less, in a logarithm that then only has to be far away.
_LEG_MIN = 1e-290
_WINDOW_MIN = 1e-30


@inlined
def _slice(
    S: _Row, T: _Row, R: _Row, B: _Row, W: _Row, elapsed: float, basis: float, forward: _Row,
    discount: _Row, share: _Row, root: _Row,
) -> None:  # fmt: skip
    """What cells of one time and carry share: forward, discount, what is open, root of its time."""
    for i in range(S.shape[0]):
        t = max(T[i] - elapsed, 0.0)
        is_inside = t < W[i]
        part = t / max(W[i], _WINDOW_MIN)
        forward[i] = S[i] * _exp((B[i] + basis) * t)
        discount[i] = _exp(-R[i] * t)
        share[i] = part if is_inside else 1.0
        root[i] = sqrt(t * _THIRD if is_inside else t)


@inlined
def _cell(
    move: float, vol_scale: float, vol_shift: float, K: _Row, V: _Row, known: _Row, open_now: _Row,
    forward: _Row, discount: _Row, share: _Row, root: _Row, CP: _Row, in_coin: _Row, base: _Row,
    row: _Row,
) -> None:  # fmt: skip
    """All options of a block in one cell, less what they were worth.

    What is observed by now stays; what would be observed between now and the cell is at the
    forward of the cell, and what is then still open is an option on it.
    """
    for i in range(K.shape[0]):
        F = forward[i] * move
        leg = share[i] * F
        left = K[i] - known[i] - (open_now[i] - share[i]) * F
        unit = discount[i] / (known[i] + open_now[i] * F if in_coin[i] > 0.5 else 1.0)
        s = max(V[i] * vol_scale + vol_shift, 0.0) * root[i]
        x = _log_ratio(max(leg, _LEG_MIN), max(left, _LEG_MIN))
        row[i] = _cell_value_ccy(x, s, leg * unit, left * unit, CP[i]) - base[i]


@inlined
def _start(flags: NDArray[np.bool_], in_coin: _Row, zero: _Row) -> None:
    for i in range(flags.shape[0]):
        in_coin[i] = 1.0 if flags[i] else 0.0
        zero[i] = 0.0


@compiled(COLUMNS, COLUMNS, FLAGS, COLUMNS, BUFFER)
def profits(
    terms: _Table,
    windows: _Table,
    is_coin_settled: NDArray[np.bool_],
    cells: _Table,
    out: _Table,
) -> None:
    """Write what every option gains in every cell of a grid, revalued in full.

    Parameters
    ----------
    terms, is_coin_settled, cells, out
        As for `kernels.vanilla.profits`; a block of options at the most.
    windows
        Shape (3, n): length of the window in years, open fraction now, and the known part of the
        average, ``(1-f) A_obs``.
    """
    m = terms.shape[1]
    scratch = np.empty((7, m))
    S, K, V, T, R, B, CP = terms[0], terms[1], terms[2], terms[3], terms[4], terms[5], terms[6]
    W, open_now, known = windows[0], windows[1], windows[2]
    in_coin, base, zero, forward = scratch[0], scratch[1], scratch[2], scratch[3]
    discount, share, root = scratch[4], scratch[5], scratch[6]
    _start(is_coin_settled, in_coin, zero)
    elapsed, basis = -1.0, 0.0
    # Before the first cell, in the same loop so that it rounds alike, what there is without it.
    for c in range(-1, cells.shape[1]):
        is_base = c < 0
        k = max(c, 0)
        time = 0.0 if is_base else cells[4, k]
        shift = 0.0 if is_base else cells[5, k]
        if time != elapsed or shift != basis:
            elapsed, basis = time, shift
            _slice(S, T, R, B, W, elapsed, basis, forward, discount, share, root)
        move = 1.0 if is_base else cells[0, k]
        vol_scale = 1.0 if is_base else cells[2, k]
        vol_shift = 0.0 if is_base else cells[3, k]
        before = zero if is_base else base
        row = base if is_base else out[k]
        _cell(
            move, vol_scale, vol_shift, K, V, known, open_now, forward, discount, share, root,
            CP, in_coin, before, row,
        )  # fmt: skip
