"""Implied vols over columns: a gate, a guess, and a few Householder steps, in packed instructions.

As in `pricing.implied_reference`, which is the readable form of this, b is the out-of-the-money
price in units of √(FK), a = abs(ln F/K), s = σ√T, and with h = -a/s and t = s/2::

    b    = ∂b/∂s · (Y(h+t) - Y(h-t)),      Y(z) = N(z)/n(z)
    room = ∂b/∂s · (Y(-h-t) + Y(h-t)),     what is left of the largest price, e^{-a/2}
    ∂b/∂s = exp(-(h² + t²)/2) / √2π

Left of the inflection, at h+t ≤ 0, the logarithm of b is brought to that of the price; right of it,
that of the room. So Y is only taken where it is a Mills ratio, which `elementary` knows, and the
density never leaves its logarithm: a step costs one logarithm and two Mills ratios. For small s
near the money the difference in b would cancel; there it is a Taylor series in t.

The guess is the vol of a normal distribution, b = s·(n(e) - e N(-e)) with e = a/s, inverted by a
fit to four digits (`tools/fit_kernels.py`), and moved to the lognormal one by the first terms of
its expansion in s². For s below one it is right to half a percent, so that two steps are enough. A
row is settled by the step that moves it less than `_SETTLED`: the next would move it less than the
fourth power of that. Settled rows stand still while the others of their block go on, so that no
answer depends on its neighbours.

Rows that do not settle, or whose numbers are too extreme for what is done here, get the code
`UNSETTLED`. How loops become packed instructions: `kernels.vanilla`.

References
----------
P. Jäckel (2015), Let's be rational, Wilmott 75: the units and the third-order step.
P. Hagan and D. Woodward (1999), Equivalent Black volatilities, Applied Mathematical Finance 6: the
expansion 1 + s²/24; how it fades with e is a fit.
"""

from math import sqrt
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from hedgerow.pricing.implied_reference import ImpliedReason
from hedgerow.pricing.kernels.compiled import CODES, COLUMN, FLAGS, RESULT, compiled, inlined
from hedgerow.pricing.kernels.elementary import MILLS_Z_MAX, log_ratio, mills_above, mills_under

__all__ = ["BLOCK", "UNSETTLED", "vols"]

_Row: TypeAlias = NDArray[np.float64]  # shape (n,)
_Codes: TypeAlias = NDArray[np.int8]  # shape (n,)
_Flags: TypeAlias = NDArray[np.bool_]  # shape (n,)

UNSETTLED = -1

# As doubles, like all that a loop works on: few processors pack what mixes widths.
_OK = float(ImpliedReason.OK)
_NOT_FINITE = float(ImpliedReason.NOT_FINITE)
_NOT_POSITIVE = float(ImpliedReason.NOT_POSITIVE)
_EXPIRED = float(ImpliedReason.EXPIRED)
_BELOW_INTRINSIC = float(ImpliedReason.BELOW_INTRINSIC)
_NO_TIME_VALUE = float(ImpliedReason.NO_TIME_VALUE)
_ABOVE_MAXIMUM = float(ImpliedReason.ABOVE_MAXIMUM)
_OUT_OF_RANGE = float(ImpliedReason.OUT_OF_RANGE)
_UNSETTLED = float(UNSETTLED)

BLOCK = 256
_STEPS_COUNT_MAX = 8

_HALF_LN_2PI = 0.9189385332046727
_FINITE_MAX = 1.7976931348623157e308
_NOISE = 8.881784197001252e-16  # four roundings
# Within these, products of two legs and prices over their root are normal numbers.
_LEG_MIN, _LEG_MAX = 1e-150, 1e150
_PRICE_MIN = 1e-307
# The money itself is as good as this far from it, in prices: the guess divides by moneyness.
_MONEYNESS_MIN = 2e-9
_SERIES_S_MAX, _SERIES_A_MAX = 0.4, 0.5
_SETTLED = 2e-5
_FALL_MAX, _RISE_MAX = -0.6, 1.5  # of s in one step


@inlined
def _gate(
    P: _Row, F: _Row, K: _Row, T: _Row, call: _Flags, reason: _Row, a: _Row, price: _Row,
    room: _Row, left: _Row,
) -> None:  # fmt: skip
    """Write reasons, and of the rows without one what is solved: a, b and the room."""
    for i in range(P.shape[0]):
        p, f, k, years = P[i], F[i], K[i], T[i]
        cap = f if call[i] else k
        other = k if call[i] else f
        intrinsic = max(cap - other, 0.0)
        time_value = p - intrinsic
        below_cap = cap - p
        # From the last reason to the first: an earlier one overwrites.
        code = _ABOVE_MAXIMUM if below_cap <= 0.0 else _OK
        code = _NO_TIME_VALUE if time_value <= 0.0 else code
        code = _BELOW_INTRINSIC if time_value < -_NOISE * intrinsic else code
        code = _EXPIRED if years <= 0.0 else code
        code = _NOT_POSITIVE if min(f, k) <= 0.0 else code
        is_finite = (
            (abs(p) <= _FINITE_MAX) & (abs(f) <= _FINITE_MAX)
            & (abs(k) <= _FINITE_MAX) & (abs(years) <= _FINITE_MAX)
        )  # fmt: skip
        code = code if is_finite else _NOT_FINITE
        is_within = (min(f, k) >= _LEG_MIN) & (max(f, k) <= _LEG_MAX)
        f = f if is_within else 1.0
        k = k if is_within else 1.0
        over = 1.0 / sqrt(f * k)
        b = time_value * over
        r = below_cap * over
        is_ours = is_within & (code == _OK) & (b >= _PRICE_MIN) & (r >= _PRICE_MIN)
        reason[i] = _UNSETTLED if (code == _OK) & (not is_ours) else code
        # Anything ordinary will do for the others: what comes of these rows is written over.
        a[i] = abs(log_ratio(f, k)) if is_ours else 0.0
        price[i] = b if is_ours else 0.5
        room[i] = r if is_ours else 0.5
        left[i] = 1.0 if is_ours else 0.0


@inlined
def _guess(a: _Row, price: _Row, s: _Row) -> None:
    """Write the normal vol of each price, and a correction for large ones."""
    for i in range(a.shape[0]):
        b = price[i]
        moneyness = max(a[i], _MONEYNESS_MIN * b)
        u = log_ratio(2.0 * b + moneyness, 2.0 * b)
        p = 0.0012015747090648183
        p = p * u + 0.04120959484131088
        p = p * u + 0.22412265444995202
        p = p * u + 0.6363153367770977
        q = 0.0006028133891678083
        q = q * u + 0.02628868475752356
        q = q * u + 0.2307782096078603
        q = q * u + 1.3410105266540098
        q = q * u + 1.0
        e = u * sqrt(p / q)
        normal = moneyness / e
        s[i] = normal * (1.0 + normal * normal / (24.0 + e * (2.4 + 8.0 * e)))


@inlined
def _tails(a: _Row, s: _Row, ratio: _Row) -> None:
    """Write what is over vega: the price left of the inflection, minus the room right of it."""
    for i in range(a.shape[0]):
        t = 0.5 * s[i]
        h = -a[i] / s[i]
        d1 = h + t
        z1 = min(abs(d1), MILLS_Z_MAX)
        z2 = min(t - h, MILLS_Z_MAX)
        q1 = mills_under(z1)
        q2 = mills_under(z2)
        quotient = 1.0 / (q1 * q2)
        m1 = mills_above(z1) * q2 * quotient
        m2 = mills_above(z2) * q1 * quotient
        ratio[i] = m1 - m2 if d1 <= 0.0 else -(m1 + m2)


@inlined
def _near(a: _Row, s: _Row, ratio: _Row) -> None:
    """Write the price over vega where s is small and the money near, as a series in t.

    Y(h+t) - Y(h-t) is twice the odd Taylor terms. Derivatives follow Y' = 1 + hY and
    Y⁽ⁿ⁺¹⁾ = hY⁽ⁿ⁾ + nY⁽ⁿ⁻¹⁾; the first that is left out is below 1e-16 at the largest t.
    """
    for i in range(a.shape[0]):
        t2 = 0.25 * s[i] * s[i]
        e = min(a[i] / s[i], MILLS_Z_MAX)
        y0 = mills_above(e) / mills_under(e)
        y1 = 1.0 - e * y0
        y2 = y0 - e * y1
        y3 = 2.0 * y1 - e * y2
        y4 = 3.0 * y2 - e * y3
        y5 = 4.0 * y3 - e * y4
        y6 = 5.0 * y4 - e * y5
        y7 = 6.0 * y5 - e * y6
        y8 = 7.0 * y6 - e * y7
        y9 = 8.0 * y7 - e * y8
        y10 = 9.0 * y8 - e * y9
        y11 = 10.0 * y9 - e * y10
        y12 = 11.0 * y10 - e * y11
        y13 = 12.0 * y11 - e * y12
        g = y13 * (1.0 / 6227020800.0)
        g = g * t2 + y11 * (1.0 / 39916800.0)
        g = g * t2 + y9 * (1.0 / 362880.0)
        g = g * t2 + y7 * (1.0 / 5040.0)
        g = g * t2 + y5 * (1.0 / 120.0)
        g = g * t2 + y3 * (1.0 / 6.0)
        g = g * t2 + y1
        is_near = (s[i] < _SERIES_S_MAX) & (a[i] < _SERIES_A_MAX)
        ratio[i] = g * s[i] if is_near else ratio[i]


@inlined
def _step(a: _Row, price: _Row, room: _Row, ratio: _Row, s: _Row, left: _Row) -> int:
    """Take one Householder step of third order; count the rows that another may still move.

    For f the logarithm of price or room over what it should be: ν = -f/f', γ = f''/f', δ = f'''/f',
    all in units of s, so that they stay near one for the smallest s.
    """
    count = 0
    for i in range(a.shape[0]):
        s_i, ratio_i = s[i], ratio[i]
        h = a[i] / s_i
        h2 = h * h
        t2 = 0.25 * s_i * s_i
        target = price[i] if ratio_i > 0.0 else room[i]
        miss = log_ratio(abs(ratio_i), target) - (0.5 * (h2 + t2) + _HALF_LN_2PI)
        slope = s_i / ratio_i
        bend = h2 - t2  # s b''/b'
        nu = -miss / slope
        gamma = bend - slope
        delta = bend * bend - 3.0 * h2 - t2 + slope * (2.0 * slope - 3.0 * bend)
        move = nu * (1.0 + 0.5 * gamma * nu) / (1.0 + nu * (gamma + delta * nu * (1.0 / 6.0)))
        # Far from the root the third-order step may turn round; Newton's never does.
        move = move if move * nu > 0.0 else nu
        move = min(max(move, _FALL_MAX), _RISE_MAX)
        is_left = left[i] > 0.0
        is_settled = (abs(move) <= _SETTLED) & (h + 0.5 * s_i <= MILLS_Z_MAX)
        s[i] = s_i * (1.0 + move) if is_left else s_i
        left[i] = 0.0 if is_settled else left[i]
        count += is_left & (not is_settled)
    return count


@inlined
def _finish(s: _Row, T: _Row, left: _Row, reason: _Row, vol: _Row, code: _Codes) -> None:
    """Write vols and codes."""
    for i in range(s.shape[0]):
        v = s[i] / sqrt(T[i])
        is_usable = (v > 0.0) & (v <= _FINITE_MAX)
        why = reason[i]
        why = _OUT_OF_RANGE if (why == _OK) & (not is_usable) else why
        why = _UNSETTLED if left[i] > 0.0 else why
        code[i] = np.int8(why)
        vol[i] = v if why == _OK else np.nan


@compiled(COLUMN, COLUMN, COLUMN, COLUMN, FLAGS, RESULT, CODES)
def vols(P: _Row, F: _Row, K: _Row, T: _Row, call: _Flags, vol: _Row, code: _Codes) -> None:
    """Write vols of undiscounted prices, and why there is none. No number is refused or raises.

    Parameters
    ----------
    P, F, K, T, call
        Shape (n,): price, forward, strike, years, and whether it is a call.
    vol, code
        Shape (n,): a positive vol beside `ImpliedReason.OK`, or NaN beside another code of
        `ImpliedReason` or `UNSETTLED`.
    """
    n = P.shape[0]
    scratch = np.empty((7, min(n, BLOCK)))
    for begin in range(0, n, BLOCK):
        end = min(begin + BLOCK, n)
        m = end - begin
        a, price, room, left = scratch[0, :m], scratch[1, :m], scratch[2, :m], scratch[3, :m]
        s, ratio, reason = scratch[4, :m], scratch[5, :m], scratch[6, :m]
        years = T[begin:end]
        _gate(
            P[begin:end], F[begin:end], K[begin:end], years, call[begin:end],
            reason, a, price, room, left,
        )  # fmt: skip
        _guess(a, price, s)
        for _ in range(_STEPS_COUNT_MAX):
            _tails(a, s, ratio)
            _near(a, s, ratio)
            if _step(a, price, room, ratio, s, left) == 0:
                break
        _finish(s, years, left, reason, vol[begin:end], code[begin:end])
