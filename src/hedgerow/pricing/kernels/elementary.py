"""Exponential, logarithm and normal tail as polynomials, for the inside of a compiled loop.

None branches or calls a library, so a loop that uses them can become packed instructions. The
coefficients are those that `tools/fit_kernels.py` finds, highest power first.
"""

import numpy as np

from hedgerow.pricing.kernels.compiled import inlined

__all__ = ["MILLS_Z_MAX", "exp", "log_ratio", "log_ratio_plus", "mills_above", "mills_under"]

MILLS_Z_MAX = 40.0  # where the fit of the Mills ratio ends

_SQRT_2 = 1.4142135623730951
_LOG2_E = 1.4426950408889634
# ln 2 in two parts; the first ends in zeros, so that a whole multiple of it is exact.
_LN2_HIGH = 6.93147180369123816490e-01
_LN2_LOW = 1.90821492927058770002e-10
# 1.5 · 2^52: added to a small number it leaves the nearest integer in the lowest bits.
_TO_INTEGER = 6755399441055744.0
_TO_INTEGER_BITS = 0x4338000000000000
_MANTISSA = 0x000FFFFFFFFFFFFF
_ONE_BITS = 0x3FF0000000000000


@inlined
def exp(x: float) -> float:
    """e^x for x ≤ 708, to 1e-16; zero below -708."""
    k = (x * _LOG2_E + _TO_INTEGER) - _TO_INTEGER
    r = (x - k * _LN2_HIGH) - k * _LN2_LOW
    p = 2.5100375832561234e-08
    p = p * r + 2.7620075879983367e-07
    p = p * r + 2.7557268480310024e-06
    p = p * r + 2.4801521322368692e-05
    p = p * r + 0.00019841269863040545
    p = p * r + 0.0013888888917196719
    p = p * r + 0.008333333333330065
    p = p * r + 0.041666666666624164
    p = p * r + 0.16666666666666669
    p = p * r + 0.5000000000000001
    p = p * r + 1.0
    p = p * r + 1.0
    # Adding k to the exponent's bits multiplies by 2^k.
    shift = np.float64(k + _TO_INTEGER).view(np.int64) << 52
    scaled = np.int64(np.float64(p).view(np.int64) + shift).view(np.float64)
    return scaled if x >= -708.0 else 0.0


@inlined
def log_ratio(a: float, b: float) -> float:
    """ln(a/b) to 3e-16 relative, also where a is close to b; both positive and normal."""
    return log_ratio_plus(a, b, 0.0)


@inlined
def log_ratio_plus(a: float, b: float, more: float) -> float:
    """ln(a/b) + more, which keeps its digits where the two cancel: a forward near the strike.

    There it is off by the rounding of `more` and hardly anything else.
    """
    bits_a = np.float64(a).view(np.int64)
    bits_b = np.float64(b).view(np.int64)
    m = np.int64((bits_a & _MANTISSA) | _ONE_BITS).view(np.float64)
    n = np.int64((bits_b & _MANTISSA) | _ONE_BITS).view(np.float64)
    # An integer to a double by its bits: the plain conversion is not a packed instruction of AVX2.
    steps = (bits_a >> 52) - (bits_b >> 52) + _TO_INTEGER_BITS
    k = np.int64(steps).view(np.float64) - _TO_INTEGER
    above = m > n * _SQRT_2
    below = m * _SQRT_2 < n
    k = k + 1.0 if above else (k - 1.0 if below else k)
    m = m * 0.5 if above else (m * 2.0 if below else m)
    d = m + n
    inverse = 1.0 / d
    f = (m - n) * inverse
    rest = (((m - n) - f * d) - f * (n - (d - m))) * inverse  # what rounding took from f
    u = f * f
    p = 0.14616449685043406
    p = p * u + 0.15331721600556042
    p = p * u + 0.18182889125261723
    p = p * u + 0.2222221113479508
    p = p * u + 0.28571428625975487
    p = p * u + 0.39999999999899505
    p = p * u + 0.666666666666667
    return ((more + k * _LN2_HIGH) + 2.0 * f) + (2.0 * rest + (f * u * p + k * _LN2_LOW))


@inlined
def mills_above(z: float) -> float:
    """Numerator of N(-z)/n(z) for 0 ≤ z ≤ `MILLS_Z_MAX`; the quotient is within 1.08e-16 of it."""
    p = 3.5002741506031986e-06
    p = p * z + 9.398484559104563e-05
    p = p * z + 0.0012359264871659916
    p = p * z + 0.010296240410688742
    p = p * z + 0.059428451577699694
    p = p * z + 0.24560211390647366
    p = p * z + 0.7268221313419683
    p = p * z + 1.4912542720908213
    p = p * z + 1.9438394424477168
    p = p * z + 1.2533141373155001
    return p


@inlined
def mills_under(z: float) -> float:
    """Its denominator."""
    p = 3.5002741506126155e-06
    p = p * z + 9.398484558906996e-05
    p = p * z + 0.0012394267615032245
    p = p * z + 0.01039022524569342
    p = p * z + 0.0606573779228184
    p = p * z + 0.2557103733492536
    p = p * z + 0.7838139691786034
    p = p * z + 1.7171998903057928
    p = p * z + 2.563955155670683
    p = p * z + 2.348844040611538
    p = p * z + 1.0
    return p
