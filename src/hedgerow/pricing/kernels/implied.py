"""Implied vols over columns: gate, first guess and Householder steps, all as packed instructions."""

from math import sqrt
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from hedgerow.pricing.kernels.compiled import CODES, COLUMN, FLAGS, RESULT, compiled, inlined
from hedgerow.pricing.kernels.elementary import MILLS_Z_MAX, log_ratio, mills_above, mills_under

__all__ = ["implied"]

_Row: TypeAlias = NDArray[np.float64]  # shape (n,)
_Codes: TypeAlias = NDArray[np.int8]
_Flags: TypeAlias = NDArray[np.bool_]

_BLOCK = 256
_STEPS_COUNT_MAX = 8

_HALF_LN_2PI = 0.9189385332046727
_SQRT_2PI = 2.5066282746310002
_NOISE = 4.0 * 2.220446049250313e-16
_FINITE_MAX = 1.7976931348623157e308
_LEG_MIN, _LEG_MAX = 1e-150, 1e150
_PRICE_MIN = 1e-307
_SERIES_S_MAX, _SERIES_X_MAX = 0.4, 0.5
_SETTLED = 2e-5


@inlined
def _gate(
    P: _Row, F: _Row, K: _Row, T: _Row, call: _Flags, reason: _Codes, a: _Row, beta: _Row,
    rho: _Row, left: _Row,
) -> None:  # fmt: skip
    for i in range(P.shape[0]):
        p, f, k, years = P[i], F[i], K[i], T[i]
        cap = f if call[i] else k
        other = k if call[i] else f
        intrinsic = max(cap - other, 0.0)
        time_value = p - intrinsic
        room = cap - p
        code = 6 if room <= 0.0 else 0
        code = 5 if time_value <= 0.0 else code
        code = 4 if time_value < -_NOISE * intrinsic else code
        code = 4 if p < 0.0 else code
        code = 3 if years <= 0.0 else code
        code = 2 if min(f, k) <= 0.0 else code
        finite = (
            (abs(p) <= _FINITE_MAX)
            & (abs(f) <= _FINITE_MAX)
            & (abs(k) <= _FINITE_MAX)
            & (abs(years) <= _FINITE_MAX)
        )
        code = code if finite else 1
        inside = (min(f, k) >= _LEG_MIN) & (max(f, k) <= _LEG_MAX)
        f = f if inside else 1.0
        k = k if inside else 1.0
        over = 1.0 / sqrt(f * k)
        b, r = time_value * over, room * over
        ok = inside & (code == 0) & (b >= _PRICE_MIN) & (r >= _PRICE_MIN)
        code = code if ok else (code if code != 0 else -1)
        reason[i] = code
        a[i] = abs(log_ratio(f, k)) if ok else 0.0
        beta[i] = b if ok else 0.5
        rho[i] = r if ok else 0.5
        left[i] = 1.0 if ok else -1.0


@inlined
def _guess(a: _Row, beta: _Row, s: _Row) -> None:
    for i in range(a.shape[0]):
        b2 = 2.0 * beta[i]
        x = max(a[i], 1e-9 * b2)
        u = log_ratio(b2 + x, b2)
        p = 1.00882835e-03
        p = p * u + 3.97298615e-02
        p = p * u + 2.28987200e-01
        p = p * u + 0.6366197723675814
        q = 5.05918913e-04
        q = q * u + 2.47595841e-02
        q = q * u + 2.29807378e-01
        q = q * u + 1.35376185
        q = q * u + 1.0
        e = u * sqrt(p / q)
        normal = x / e
        s[i] = normal * (1.0 + normal * normal / (24.0 + e * (2.4 + 8.0 * e)))


@inlined
def _ratios(a: _Row, s: _Row, w: _Row) -> None:
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
        w[i] = m1 - m2 if d1 <= 0.0 else -(m1 + m2)


@inlined
def _series(a: _Row, s: _Row, w: _Row) -> None:
    for i in range(a.shape[0]):
        t = 0.5 * s[i]
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
        t2 = t * t
        g = y13 * (1.0 / 6227020800.0)
        g = g * t2 + y11 * (1.0 / 39916800.0)
        g = g * t2 + y9 * (1.0 / 362880.0)
        g = g * t2 + y7 * (1.0 / 5040.0)
        g = g * t2 + y5 * (1.0 / 120.0)
        g = g * t2 + y3 * (1.0 / 6.0)
        g = g * t2 + y1
        near = (s[i] < _SERIES_S_MAX) & (a[i] < _SERIES_X_MAX)
        w[i] = g * s[i] if near else w[i]


@inlined
def _step(a: _Row, beta: _Row, rho: _Row, w: _Row, s: _Row, left: _Row) -> int:
    count = 0
    for i in range(a.shape[0]):
        s_i, w_i = s[i], w[i]
        over = 1.0 / (s_i * w_i)
        h = a[i] * over * w_i
        ps = s_i * s_i * over
        h2 = h * h
        t2 = 0.25 * s_i * s_i
        target = beta[i] if w_i > 0.0 else rho[i]
        miss = log_ratio(abs(w_i), target) - (0.5 * (h2 + t2) + _HALF_LN_2PI)
        c = h2 - t2
        nu = -miss / ps
        gamma = c - ps
        delta = c * c - 3.0 * h2 - t2 + ps * (2.0 * ps - 3.0 * c)
        r = nu * (1.0 + 0.5 * gamma * nu) / (1.0 + nu * (gamma + delta * nu * (1.0 / 6.0)))
        r = r if r * nu > 0.0 else nu
        r = min(max(r, -0.6), 1.5)
        open_ = left[i] > 0.0
        done = (abs(r) <= _SETTLED) & (abs(h) + 0.5 * s_i <= MILLS_Z_MAX)
        s[i] = s_i * (1.0 + r) if open_ else s_i
        left[i] = 0.0 if open_ & done else left[i]
        count += open_ & (not done)
    return count


@inlined
def _finish(s: _Row, T: _Row, left: _Row, vol: _Row, reason: _Codes) -> None:
    for i in range(s.shape[0]):
        v = s[i] / sqrt(T[i])
        code = reason[i]
        code = -1 if left[i] > 0.0 else code
        code = 7 if (code == 0) & (not ((v > 0.0) & (v <= _FINITE_MAX))) else code
        reason[i] = code
        vol[i] = v if code == 0 else np.nan


@compiled(COLUMN, COLUMN, COLUMN, COLUMN, FLAGS, RESULT, CODES)
def implied(P: _Row, F: _Row, K: _Row, T: _Row, call: _Flags, vol: _Row, reason: _Codes) -> None:
    n = P.shape[0]
    scratch = np.empty((6, min(n, _BLOCK)))
    for begin in range(0, n, _BLOCK):
        end = min(begin + _BLOCK, n)
        m = end - begin
        a, beta, rho, left = scratch[0, :m], scratch[1, :m], scratch[2, :m], scratch[3, :m]
        s, w = scratch[4, :m], scratch[5, :m]
        codes, years = reason[begin:end], T[begin:end]
        _gate(
            P[begin:end], F[begin:end], K[begin:end], years, call[begin:end],
            codes, a, beta, rho, left,
        )  # fmt: skip
        _guess(a, beta, s)
        for _ in range(_STEPS_COUNT_MAX):
            _ratios(a, s, w)
            _series(a, s, w)
            if _step(a, beta, rho, w, s, left) == 0:
                break
        _finish(s, years, left, vol[begin:end], codes)
