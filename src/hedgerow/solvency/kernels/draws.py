"""Random numbers that depend on nothing but who asks: seed, path, step and purpose.

Philox with four words of 32 bits and ten rounds: a counter goes in and four words come out, so that
any number of threads in any order draw the same. Uniform numbers take 52 bits of two words and lie
in the middle of their cells, never at 0 or 1. Two normal ones come of two uniform by Box and
Muller: a logarithm, a root, and a sine and a cosine as polynomials, without a branch. They reach
8.6 deviations.

References
----------
J. Salmon, M. Moraes, R. Dror and D. Shaw (2011), Parallel random numbers: as easy as 1, 2, 3, SC11.
"""

from typing import TypeAlias

import numpy as np
from numba import types
from numpy.typing import NDArray

from hedgerow.pricing.kernels.compiled import COUNT, RESULT, compiled, inlined
from hedgerow.pricing.kernels.elementary import log_ratio

__all__ = [
    "WORDS",
    "drawn_normals",
    "normals",
    "pair",
    "philox",
    "uniforms",
    "words",
]

_Row: TypeAlias = NDArray[np.float64]
_Word: TypeAlias = np.uint64
_Words: TypeAlias = NDArray[np.uint64]

WORDS = types.Array(types.uint64, 2, "C")

_LOW = np.uint64(0xFFFFFFFF)
_HALF = np.uint64(32)
_MULTIPLIER_0 = np.uint64(0xD2511F53)
_MULTIPLIER_1 = np.uint64(0xCD9E8D57)
_WEYL_0 = np.uint64(0x9E3779B9)
_WEYL_1 = np.uint64(0xBB67AE85)
_UP = np.uint64(20)
_DOWN = np.uint64(12)
_ONE_BITS = np.uint64(0x3FF0000000000000)
_BELOW_ONE = 1.0 - 2.0**-53
_TO_INTEGER = 6755399441055744.0  # 1.5 · 2^52
_TWO_PI = 6.283185307179586


@inlined
def _round(
    c0: _Word, c1: _Word, c2: _Word, c3: _Word, k0: _Word, k1: _Word
) -> tuple[_Word, _Word, _Word, _Word]:
    first = _MULTIPLIER_0 * c0
    second = _MULTIPLIER_1 * c2
    return (
        (second >> _HALF) ^ c1 ^ k0,
        second & _LOW,
        (first >> _HALF) ^ c3 ^ k1,
        first & _LOW,
    )


@inlined
def philox(
    c0: _Word, c1: _Word, c2: _Word, c3: _Word, k0: _Word, k1: _Word
) -> tuple[_Word, _Word, _Word, _Word]:
    """Four words of a counter and a key; all are unsigned and below 2^32."""
    c0, c1, c2, c3 = _round(c0, c1, c2, c3, k0, k1)
    k0, k1 = (k0 + _WEYL_0) & _LOW, (k1 + _WEYL_1) & _LOW
    c0, c1, c2, c3 = _round(c0, c1, c2, c3, k0, k1)
    k0, k1 = (k0 + _WEYL_0) & _LOW, (k1 + _WEYL_1) & _LOW
    c0, c1, c2, c3 = _round(c0, c1, c2, c3, k0, k1)
    k0, k1 = (k0 + _WEYL_0) & _LOW, (k1 + _WEYL_1) & _LOW
    c0, c1, c2, c3 = _round(c0, c1, c2, c3, k0, k1)
    k0, k1 = (k0 + _WEYL_0) & _LOW, (k1 + _WEYL_1) & _LOW
    c0, c1, c2, c3 = _round(c0, c1, c2, c3, k0, k1)
    k0, k1 = (k0 + _WEYL_0) & _LOW, (k1 + _WEYL_1) & _LOW
    c0, c1, c2, c3 = _round(c0, c1, c2, c3, k0, k1)
    k0, k1 = (k0 + _WEYL_0) & _LOW, (k1 + _WEYL_1) & _LOW
    c0, c1, c2, c3 = _round(c0, c1, c2, c3, k0, k1)
    k0, k1 = (k0 + _WEYL_0) & _LOW, (k1 + _WEYL_1) & _LOW
    c0, c1, c2, c3 = _round(c0, c1, c2, c3, k0, k1)
    k0, k1 = (k0 + _WEYL_0) & _LOW, (k1 + _WEYL_1) & _LOW
    c0, c1, c2, c3 = _round(c0, c1, c2, c3, k0, k1)
    k0, k1 = (k0 + _WEYL_0) & _LOW, (k1 + _WEYL_1) & _LOW
    return _round(c0, c1, c2, c3, k0, k1)


@inlined
def _uniform(high: _Word, low: _Word) -> float:
    """One of 2^52 numbers between 0 and 1, each in the middle of its cell."""
    bits = _ONE_BITS | (high << _UP) | (low >> _DOWN)
    return np.uint64(bits).view(np.float64) - _BELOW_ONE


@inlined
def pair(path: _Word, step: _Word, purpose: _Word, k0: _Word, k1: _Word) -> tuple[float, float]:
    """Two uniform numbers that nobody else draws; path and step are unsigned and below 2^32."""
    w0, w1, w2, w3 = philox(path, step, purpose, np.uint64(0), k0, k1)
    return _uniform(w0, w1), _uniform(w2, w3)


@inlined
def _normal_pair(u: float, v: float) -> tuple[float, float]:
    radius = np.sqrt(-2.0 * log_ratio(u, 1.0))
    # v in quarters of a turn: the nearest whole one, and what is left as an angle within ±π/4.
    quarters = 4.0 * v
    whole = (quarters + _TO_INTEGER) - _TO_INTEGER
    x = (v - 0.25 * whole) * _TWO_PI
    y = x * x
    sine = -7.647163731819816e-13
    sine = sine * y + 1.6059043836821613e-10
    sine = sine * y - 2.505210838544172e-08
    sine = sine * y + 2.7557319223985893e-06
    sine = sine * y - 0.0001984126984126984
    sine = sine * y + 0.008333333333333333
    sine = sine * y - 0.16666666666666666
    sine = x + x * y * sine
    cosine = 4.779477332387385e-14
    cosine = cosine * y - 1.1470745597729725e-11
    cosine = cosine * y + 2.08767569878681e-09
    cosine = cosine * y - 2.755731922398589e-07
    cosine = cosine * y + 2.48015873015873e-05
    cosine = cosine * y - 0.001388888888888889
    cosine = cosine * y + 0.041666666666666664
    cosine = 1.0 - 0.5 * y + y * y * cosine
    # After one or three quarters sine and cosine change places; a sign each after two.
    is_odd = whole == 1.0 or whole == 3.0
    is_back = whole == 2.0 or whole == 3.0
    is_left = whole == 1.0 or whole == 2.0
    along = sine if is_odd else cosine
    across = cosine if is_odd else sine
    return (
        -radius * along if is_left else radius * along,
        -radius * across if is_back else radius * across,
    )


@inlined
def normals(
    path_first: _Word, step: _Word, purpose: _Word, k0: _Word, k1: _Word, first: _Row, second: _Row
) -> None:
    """Two rows of independent standard normal numbers, one of each for a path."""
    for i in range(first.shape[0]):
        u, v = pair(path_first + np.uint64(i), step, purpose, k0, k1)
        first[i], second[i] = _normal_pair(u, v)


@inlined
def uniforms(
    path_first: _Word, step: _Word, purpose: _Word, k0: _Word, k1: _Word, first: _Row, second: _Row
) -> None:
    """Two rows of independent uniform numbers, one of each for a path."""
    for i in range(first.shape[0]):
        first[i], second[i] = pair(path_first + np.uint64(i), step, purpose, k0, k1)


@compiled(WORDS, WORDS, WORDS)
def words(counters: _Words, keys: _Words, out: _Words) -> None:
    """Row i of `out` is of row i of `counters`, four words each, and of `keys`, two."""
    for i in range(counters.shape[0]):
        c, k = counters[i], keys[i]
        out[i, 0], out[i, 1], out[i, 2], out[i, 3] = philox(c[0], c[1], c[2], c[3], k[0], k[1])


@compiled(COUNT, COUNT, RESULT, RESULT)
def drawn_normals(seed: int, step: int, first: _Row, second: _Row) -> None:
    """Draw what a step draws for its first two factors, for paths 0, 1, 2, …."""
    normals(
        np.uint64(0), np.uint64(step), np.uint64(0),
        np.uint64(seed) & _LOW, np.uint64(seed) >> _HALF, first, second,
    )  # fmt: skip
