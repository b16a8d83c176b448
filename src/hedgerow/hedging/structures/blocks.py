"""Draws out of a past in blocks as long as it remembers itself: the stationary bootstrap.

A series enters; the mean length of its blocks leaves, or rows drawn in such blocks. A series too
short for its memory to be told is refused; the generator is the caller's.

References
----------
D. Politis, J. Romano (1994), The stationary bootstrap, J. American Statistical Association 89.
D. Politis, H. White (2004), Automatic block-length selection for the dependent bootstrap,
Econometric Reviews 23, with the correction of A. Patton, D. Politis, H. White (2009), Econometric
Reviews 28.
"""

from math import ceil, log10, sqrt
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from hedgerow.errors import OutOfDomain

__all__ = ["ROWS_COUNT_MIN", "block_count", "memory", "rows_drawn", "rows_like_now"]

Floats: TypeAlias = NDArray[np.float64]

# Fewer rows than this say nothing of how a series follows itself.
ROWS_COUNT_MIN: Final = 30
_LIKE_FRAC: Final = 0.2


def block_count(values: Floats) -> float:
    """Give the mean length of blocks in which a series is to be drawn, at least one.

    ``(2 ĝ² / D̂)^(1/3) n^(1/3)`` of the stationary bootstrap, from autocovariances up to where they
    fade; at most three roots of n, and a third of it.

    Raises
    ------
    OutOfDomain
        If there are fewer than thirty values or one is not finite.
    """
    return memory(values)[0]


def rows_drawn(
    rows_count: int,
    length_count: int,
    mean_count: float,
    draws_count: int,
    rng: np.random.Generator,
    *,
    start_index: NDArray[np.int64] | None = None,
) -> NDArray[np.int64]:
    """Draw rows in blocks of a geometric length, around the end of the past to its start.

    Parameters
    ----------
    start_index
        Rows that the first block of a draw may begin with; any where left out.
    """
    shape = (draws_count, length_count)
    starts = rng.integers(rows_count, size=shape)
    if start_index is not None:
        starts[:, 0] = rng.choice(start_index, draws_count)
    is_new = rng.random(shape) < 1.0 / mean_count
    is_new[:, 0] = True
    places = np.arange(length_count)
    begun = np.maximum.accumulate(np.where(is_new, places, 0), axis=1)
    first = np.take_along_axis(starts, begun, axis=1)
    return np.asarray((first + places - begun) % rows_count, dtype=np.int64)


def rows_like_now(values: Floats, window_count: int, ahead_count: int) -> NDArray[np.int64]:
    """Give the rows before which a series was, over a window, most like what it is at its end.

    A fifth of the past, and thirty rows where there are so many: nearer ones would be fewer and
    tell less of what may follow. The window is a quarter of the past at most. Rows that so many
    follow are taken, as long as there are thirty: others would go on at the past's beginning.
    """
    window_count = max(1, min(window_count, len(values) // 4))
    means = np.convolve(values, np.full(window_count, 1.0 / window_count), "valid")
    away = np.abs(means[:-1] - means[-1])
    followed = len(values) - window_count - ahead_count + 1
    if followed >= ROWS_COUNT_MIN:
        away = away[:followed]
    count = max(ROWS_COUNT_MIN, int(_LIKE_FRAC * len(values)))
    return np.asarray(np.argsort(away, kind="stable")[:count] + window_count, dtype=np.int64)


def memory(values: Floats) -> tuple[float, float]:
    """Give the mean length of a block, and the standard error of the series' mean."""
    x = np.asarray(values, dtype=np.float64)
    n = len(x)
    if x.ndim != 1 or n < ROWS_COUNT_MIN or not np.isfinite(x).all():
        raise OutOfDomain(f"blocks need {ROWS_COUNT_MIN} finite values or more")
    centred = x - x.mean()
    variance = float(centred @ centred) / n
    # By its ends: the mean of equal numbers may be a rounding off them.
    if x.min() == x.max() or variance == 0.0:
        return 1.0, 0.0
    quiet = max(5, ceil(sqrt(log10(n))))
    lags_max = min(ceil(sqrt(n)) + quiet, n - 1)
    R = np.array([centred[: n - k] @ centred[k:] for k in range(lags_max + 1)]) / n
    is_small = np.abs(R[1:] / variance) < 2.0 * sqrt(log10(n) / n)
    # The first lag after which so many in a row are as good as nothing.
    m = next((k for k in range(len(is_small) - quiet + 1) if is_small[k : k + quiet].all()), None)
    if m is None:
        m = int(np.flatnonzero(~is_small)[-1]) + 1
    M = min(max(2 * m, 1), lags_max)
    k = np.arange(1, M + 1)
    window = np.clip(2.0 * (1.0 - k / M), 0.0, 1.0)
    g = 2.0 * float(np.sum(window * k * R[1 : M + 1]))
    spectrum = variance + 2.0 * float(np.sum(window * R[1 : M + 1]))
    error = sqrt(max(spectrum, variance / n) / n)
    if spectrum <= 0.0:
        return 1.0, error
    length = (abs(g) / spectrum) ** (2.0 / 3.0) * n ** (1.0 / 3.0)
    return min(max(length, 1.0), ceil(min(3.0 * sqrt(n), n / 3.0))), error
