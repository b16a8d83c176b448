"""European options over columns: value and Greeks, and profits over a grid of scenarios.

Nothing in a loop calls a library or branches, so LLVM makes packed instructions of all of it; a
test looks for them. What keeps it so:

- exponential, logarithm and normal tails are polynomials (`kernels.elementary`), inlined;
- rows go through in blocks of `BLOCK`, in several short loops over the same scratch, which stays
  in the first cache: LLVM gives up on a loop that must check more than 128 pairs of arrays for
  overlap, and pairs grow as reads times writes;
- a loop sees views that begin at zero, as an index that could be negative costs a select.

Expect about 130 multiply-adds, two square roots' and five divisions' worth of time per option for
the twelve numbers, some 20 ns on one core at 256 bits.

Kernels trust their caller: `pricing.european` has the gate. Inside its bounds nothing here gives a
NaN or an infinity.

References
----------
Formulas: E.G. Haug (2007), The Complete Guide to Option Pricing Formulas, 2nd ed., ch. 1-2.
"""

from math import sqrt
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from hedgerow.pricing.kernels.compiled import BUFFER, COLUMNS, COUNT, FLAG, FLAGS, compiled, inlined
from hedgerow.pricing.kernels.elementary import MILLS_Z_MAX
from hedgerow.pricing.kernels.elementary import exp as _exp
from hedgerow.pricing.kernels.elementary import log_ratio as _log_ratio
from hedgerow.pricing.kernels.elementary import log_ratio_plus as _log_ratio_plus
from hedgerow.pricing.kernels.elementary import mills_above as _mills_above
from hedgerow.pricing.kernels.elementary import mills_under as _mills_under

__all__ = ["BLOCK", "cell_value_ccy", "coin_numbers", "greeks", "profits"]

_Row: TypeAlias = NDArray[np.float64]  # shape (n,)
_Table: TypeAlias = NDArray[np.float64]  # shape (rows, n)

# A thread's share begins at a multiple of it, so that every row keeps its place in its block.
BLOCK = 512

_INV_SQRT_2PI = 0.3989422804014327
_SQRT_2PI = 2.5066282746310002
# Below this σ√T the value is a series: the difference has lost more digits than it leaves out.
_SERIES_S_MAX = 1e-3
# Beyond this a tail is nothing.
_DEVIATIONS_MAX = MILLS_Z_MAX
# Bounds what is multiplied with a density that has long been zero, far from overflow.
_MONEYNESS_MAX = 1e6
_DEVIATION_MIN = 1e-30


@inlined
def _present_value(
    d1: float, d2: float, s: float, is_below: bool, a: float, b: float, aw: float, m1: float,
    m2: float, cp: float,
) -> float:  # fmt: skip
    """Value from the out-of-the-money side, so that nothing cancels, plus what is in the money.

    `a`, `b` are the two legs, discounted; `aw` is a·n(d1) = b·n(d2); m1, m2 Mills at |d1|, |d2|.

    With Y(z) = N(z)/n(z) and e = abs(x)/s the out-of-the-money value is aw·(Y(t-e) - Y(-t-e)) at
    t = s/2. For small s that difference would cancel; there it is the first terms of its series in
    t, with derivatives as in `kernels.implied` and Y(-e) from the mean of the two. What is left
    out is of the order of t⁴.
    """
    lead = a if is_below else b  # the leg whose tail is the larger
    near = d1 if is_below else -d2
    mills_near = m1 if is_below else m2
    mills_far = m2 if is_below else m1
    tail = aw * (mills_near - mills_far)
    body = lead - aw * (mills_near + mills_far)
    direct = tail if near <= 0.0 else body
    t2 = 0.25 * s * s
    e = min(0.5 * s - near, _DEVIATIONS_MAX)
    # Y(z) = √(2π) e^{z²/2} - Y(-z), for a z that is at most t.
    y_near = _SQRT_2PI * (1.0 + 0.5 * near * near) - mills_near if near > 0.0 else mills_near
    mean = 0.5 * (y_near + mills_far)
    y0 = mean - 0.5 * t2 * (mean - e * (1.0 - e * mean))
    y1 = 1.0 - e * y0
    y3 = 2.0 * y1 - e * (y0 - e * y1)
    series = aw * s * (y1 + y3 * t2 * (1.0 / 6.0))
    return max(series if s < _SERIES_S_MAX else direct, 0.0) + max(cp * (a - b), 0.0)


@inlined
def _core(
    S: _Row, K: _Row, V: _Row, T: _Row, R: _Row, B: _Row, CP: _Row, value: _Row, delta: _Row,
    leg: _Row, D1: _Row, D2: _Row, W: _Row, inv_s: _Row, inv_t: _Row, root: _Row,
) -> None:  # fmt: skip
    """Everything that needs a transcendental function; the rest are products of these."""
    for i in range(S.shape[0]):
        spot, t, cp = S[i], T[i], CP[i]
        discount = _exp(-R[i] * t)
        carried = _exp((B[i] - R[i]) * t)  # E = e^{(b-r)T}
        sqrt_t = sqrt(t)
        s = V[i] * sqrt_t
        x = _log_ratio_plus(spot, K[i], B[i] * t)
        both = 1.0 / (s * t)  # one division for two reciprocals
        over_s = both * t
        h = min(max(x * over_s, -_MONEYNESS_MAX), _MONEYNESS_MAX)
        d1 = h + 0.5 * s
        d2 = h - 0.5 * s
        w = carried * _INV_SQRT_2PI * _exp(-0.5 * d1 * d1)  # E n(d1)
        z1 = min(abs(d1), _DEVIATIONS_MAX)
        z2 = min(abs(d2), _DEVIATIONS_MAX)
        q1 = _mills_under(z1)
        q2 = _mills_under(z2)
        quotient = 1.0 / (q1 * q2)
        m1 = _mills_above(z1) * q2 * quotient
        m2 = _mills_above(z2) * q1 * quotient
        a, b, aw = spot * carried, K[i] * discount, spot * w
        value[i] = _present_value(d1, d2, s, x <= 0.0, a, b, aw, m1, m2, cp)
        tail1 = w * m1
        tail2 = aw * m2
        delta[i] = cp * (carried - tail1 if cp * d1 > 0.0 else tail1)
        leg[i] = cp * (b - tail2 if cp * d2 > 0.0 else tail2)  # cp K D N(cp d2)
        D1[i] = d1
        D2[i] = d2
        W[i] = w
        inv_s[i] = over_s
        inv_t[i] = both * s
        root[i] = sqrt_t


@inlined
def _second(
    S: _Row, V: _Row, T: _Row, R: _Row, B: _Row, value: _Row, delta: _Row, leg: _Row, D1: _Row,
    D2: _Row, W: _Row, inv_s: _Row, inv_t: _Row, root: _Row, carry_follows: bool, gamma: _Row,
    vega: _Row, theta: _Row, rho: _Row, vanna: _Row, volga: _Row,
) -> None:  # fmt: skip
    """First Greeks but delta, and the second ones without time."""
    for i in range(S.shape[0]):
        spot = S[i]
        inv_v = root[i] * inv_s[i]
        v = spot * W[i] * root[i]
        gamma[i] = W[i] * inv_s[i] / spot
        vega[i] = v
        # Through both legs: through the value, r V - b S delta would cancel far in the money.
        carry = (R[i] - B[i]) * spot * delta[i] - R[i] * leg[i]
        theta[i] = carry - 0.5 * v * V[i] * inv_t[i]
        rho[i] = T[i] * (leg[i] if carry_follows else -value[i])
        vanna[i] = -W[i] * D2[i] * inv_v
        volga[i] = v * D1[i] * D2[i] * inv_v


@inlined
def _third(
    S: _Row, R: _Row, B: _Row, delta: _Row, gamma: _Row, D1: _Row, D2: _Row, W: _Row, inv_s: _Row,
    inv_t: _Row, root: _Row, charm: _Row, speed: _Row, zomma: _Row, color: _Row,
) -> None:  # fmt: skip
    """How delta moves with time, and how gamma moves."""
    for i in range(S.shape[0]):
        g, over_s, half_over_t = gamma[i], inv_s[i], 0.5 * inv_t[i]
        d1, d2, b = D1[i], D2[i], B[i]
        charm[i] = (R[i] - b) * delta[i] - W[i] * (b * over_s - d2 * half_over_t)
        speed[i] = -(g / S[i]) * (1.0 + d1 * over_s)
        zomma[i] = g * (d1 * d2 - 1.0) * (root[i] * over_s)
        color[i] = g * ((R[i] - b + b * d1 * over_s) + (1.0 - d1 * d2) * half_over_t)


@inlined
def _late(
    R: _Row, B: _Row, vega: _Row, D1: _Row, D2: _Row, inv_s: _Row, inv_t: _Row, root: _Row,
    veta: _Row, ultima: _Row,
) -> None:  # fmt: skip
    """How vega moves with time, and the third derivative in volatility."""
    for i in range(R.shape[0]):
        d1, d2, over_s, b = D1[i], D2[i], inv_s[i], B[i]
        both = d1 * d2
        inv_v = root[i] * over_s
        veta[i] = vega[i] * ((R[i] - b + b * d1 * over_s) - (1.0 + both) * 0.5 * inv_t[i])
        bracket = both * (both - 1.0) - d1 * d1 - d2 * d2
        ultima[i] = vega[i] * inv_v * inv_v * bracket


@compiled(COLUMNS, FLAG, BUFFER, COUNT, COUNT)
def greeks(terms: _Table, carry_follows: bool, out: _Table, first: int, last: int) -> None:
    """Write value and Greeks, raw: per 1.00 of each input, per year, per unit of underlying.

    Parameters
    ----------
    terms
        Shape (7, n): underlying, strike, vol, years, rate, carry, and +1 for a call, -1 for a put.
    carry_follows
        Whether the carry moves with the rate, which decides rho.
    out
        Shape (12, n) or (14, n): a row for each field of `EuropeanGreeks`, the last two if there is
        room.
    first, last
        Which options: first is a multiple of `BLOCK`, last the next option that is not asked for.
    """
    scratch = np.empty((7, min(last - first, BLOCK)))
    for begin in range(first, last, BLOCK):
        end = min(begin + BLOCK, last)
        m = end - begin
        S, K, V = terms[0, begin:end], terms[1, begin:end], terms[2, begin:end]
        T, R, B = terms[3, begin:end], terms[4, begin:end], terms[5, begin:end]
        value, delta, gamma = out[0, begin:end], out[1, begin:end], out[2, begin:end]
        vega = out[3, begin:end]
        leg, d1, d2, w = scratch[0, :m], scratch[1, :m], scratch[2, :m], scratch[3, :m]
        inv_s, inv_t, root = scratch[4, :m], scratch[5, :m], scratch[6, :m]
        _core(
            S, K, V, T, R, B, terms[6, begin:end],
            value, delta, leg, d1, d2, w, inv_s, inv_t, root,
        )  # fmt: skip
        _second(
            S, V, T, R, B, value, delta, leg, d1, d2, w, inv_s, inv_t, root, carry_follows,
            gamma, vega, out[4, begin:end], out[5, begin:end], out[6, begin:end],
            out[7, begin:end],
        )  # fmt: skip
        _third(
            S, R, B, delta, gamma, d1, d2, w, inv_s, inv_t, root,
            out[8, begin:end], out[9, begin:end], out[10, begin:end], out[11, begin:end],
        )  # fmt: skip
        if out.shape[0] > 12:
            _late(R, B, vega, d1, d2, inv_s, inv_t, root, out[12, begin:end], out[13, begin:end])


@inlined
def _coin(
    F: _Row, R: _Row, value: _Row, leg: _Row, D1: _Row, W: _Row, inv_s: _Row, inv_t: _Row,
    root: _Row, worth: _Row, slope: _Row, bend: _Row, net: _Row, vanna: _Row, charm: _Row,
) -> None:  # fmt: skip
    """Divide by the forward; delta less premium is the strike's leg, without their difference."""
    for i in range(F.shape[0]):
        inv_f = 1.0 / F[i]
        over_s = inv_s[i]
        part = leg[i] * inv_f
        tilt = W[i] * D1[i] * inv_f
        worth[i] = value[i] * inv_f
        slope[i] = part * inv_f
        bend[i] = (W[i] * over_s - 2.0 * part) * inv_f * inv_f
        net[i] = part
        vanna[i] = -tilt * (root[i] * over_s)
        charm[i] = R[i] * part * inv_f + 0.5 * tilt * inv_t[i]


@inlined
def _coin_third(
    F: _Row, R: _Row, gamma: _Row, D1: _Row, D2: _Row, inv_s: _Row, inv_t: _Row, root: _Row,
    bend: _Row, net: _Row, speed: _Row, zomma: _Row, color: _Row,
) -> None:  # fmt: skip
    """How the bend in coin moves; `gamma` is that of the dollar value."""
    for i in range(F.shape[0]):
        inv_f = 1.0 / F[i]
        d1, over_s = D1[i], inv_s[i]
        g = gamma[i] * inv_f
        both = d1 * (2.0 * d1 - D2[i])  # d1 (d1 + s)
        speed[i] = (6.0 * net[i] * inv_f - gamma[i] * (4.0 + d1 * over_s)) * inv_f * inv_f
        zomma[i] = g * (both - 1.0) * (root[i] * over_s)
        color[i] = R[i] * bend[i] + 0.5 * g * (1.0 - both) * inv_t[i]


@inlined
def _over_forward(
    F: _Row, a: _Row, b: _Row, c: _Row, d: _Row, a_c: _Row, b_c: _Row, c_c: _Row, d_c: _Row,
) -> None:  # fmt: skip
    """What has no derivative by the forward is divided by it."""
    for i in range(F.shape[0]):
        inv_f = 1.0 / F[i]
        a_c[i] = a[i] * inv_f
        b_c[i] = b[i] * inv_f
        c_c[i] = c[i] * inv_f
        d_c[i] = d[i] * inv_f


@compiled(COLUMNS, BUFFER, COUNT, COUNT)
def coin_numbers(terms: _Table, out: _Table, first: int, last: int) -> None:
    """Write the numbers of options on a forward whose payoff is paid in the coin itself.

    Parameters
    ----------
    terms
        As for `greeks`; the carry must be zero.
    out
        Shape (15, n): a row for each field of `CoinGreeks`.
    first, last
        As for `greeks`.
    """
    scratch = np.empty((15, min(last - first, BLOCK)))
    for begin in range(first, last, BLOCK):
        end = min(begin + BLOCK, last)
        m = end - begin
        F, K, V = terms[0, begin:end], terms[1, begin:end], terms[2, begin:end]
        T, R, B = terms[3, begin:end], terms[4, begin:end], terms[5, begin:end]
        leg, d1, d2, w = scratch[0, :m], scratch[1, :m], scratch[2, :m], scratch[3, :m]
        inv_s, inv_t, root = scratch[4, :m], scratch[5, :m], scratch[6, :m]
        value, delta, vega, theta = scratch[7, :m], scratch[8, :m], scratch[9, :m], scratch[10, :m]
        gamma, rho, volga = scratch[11, :m], scratch[12, :m], scratch[14, :m]
        bend, net, vega_c = out[2, begin:end], out[3, begin:end], out[4, begin:end]
        _core(
            F, K, V, T, R, B, terms[6, begin:end],
            value, delta, leg, d1, d2, w, inv_s, inv_t, root,
        )  # fmt: skip
        _second(
            F, V, T, R, B, value, delta, leg, d1, d2, w, inv_s, inv_t, root, False,
            gamma, vega, theta, rho, scratch[13, :m], volga,
        )  # fmt: skip
        _coin(
            F, R, value, leg, d1, w, inv_s, inv_t, root,
            out[0, begin:end], out[1, begin:end], bend, net, out[7, begin:end], out[9, begin:end],
        )  # fmt: skip
        _over_forward(
            F, vega, theta, rho, volga,
            vega_c, out[5, begin:end], out[6, begin:end], out[8, begin:end],
        )  # fmt: skip
        _coin_third(
            F, R, gamma, d1, d2, inv_s, inv_t, root, bend, net,
            out[10, begin:end], out[11, begin:end], out[12, begin:end],
        )  # fmt: skip
        _late(R, B, vega_c, d1, d2, inv_s, inv_t, root, out[13, begin:end], out[14, begin:end])


@inlined
def cell_value_ccy(x: float, s: float, a: float, b: float, cp: float) -> float:
    """One option in one cell, counted in what its two legs are counted in.

    ``x = ln(F/K)``; ``s = σ√T``, which may be as good as none; a and b are the present values of
    forward and strike, in dollars or in coin; cp is +1 for a call and -1 for a put.
    """
    s = max(s, _DEVIATION_MIN)
    h = min(max(x / s, -_MONEYNESS_MAX), _MONEYNESS_MAX)
    d1 = h + 0.5 * s
    d2 = h - 0.5 * s
    aw = a * _INV_SQRT_2PI * _exp(-0.5 * d1 * d1)
    z1 = min(abs(d1), _DEVIATIONS_MAX)
    z2 = min(abs(d2), _DEVIATIONS_MAX)
    q1 = _mills_under(z1)
    q2 = _mills_under(z2)
    quotient = 1.0 / (q1 * q2)
    m1 = _mills_above(z1) * q2 * quotient
    m2 = _mills_above(z2) * q1 * quotient
    return _present_value(d1, d2, s, x <= 0.0, a, b, aw, m1, m2, cp)


@inlined
def _cell(
    move: float, log_move: float, vol_scale: float, vol_shift: float, unit_move: float, X: _Row,
    A: _Row, B: _Row, V: _Row, root: _Row, CP: _Row, in_coin: _Row, base: _Row, row: _Row,
) -> None:  # fmt: skip
    """All options of a block in one cell, less what they were worth."""
    for i in range(X.shape[0]):
        s = max(V[i] * vol_scale + vol_shift, 0.0) * root[i]
        # What is paid in coin is paid in something that has moved too. The legs are scaled, not the
        # value: a product less the base would be rounded once, and no move not be exactly nothing.
        unit = 1.0 + in_coin[i] * unit_move
        worth = cell_value_ccy(X[i] + log_move, s, A[i] * move * unit, B[i] * unit, CP[i])
        row[i] = worth - base[i]


@inlined
def _slice(
    S: _Row, K: _Row, T: _Row, R: _Row, B: _Row, X0: _Row, elapsed: float, basis: float,
    in_coin: _Row, X: _Row, A: _Row, strike: _Row, root: _Row,
) -> None:  # fmt: skip
    """What cells of one time and carry share: moneyness, both legs, in coin if paid in coin."""
    for i in range(S.shape[0]):
        t = max(T[i] - elapsed, 0.0)
        discount = _exp(-R[i] * t)
        bt = (B[i] + basis) * t
        forward = S[i] * _exp(bt)
        X[i] = X0[i] + bt
        unit = discount / (forward if in_coin[i] > 0.5 else 1.0)
        A[i] = forward * unit
        strike[i] = K[i] * unit
        root[i] = sqrt(t)


@inlined
def _moneyness(
    S: _Row, K: _Row, flags: NDArray[np.bool_], X0: _Row, in_coin: _Row, zero: _Row,
) -> None:  # fmt: skip
    for i in range(S.shape[0]):
        X0[i] = _log_ratio(S[i], K[i])
        in_coin[i] = 1.0 if flags[i] else 0.0
        zero[i] = 0.0


@compiled(COLUMNS, FLAGS, COLUMNS, BUFFER, COUNT, COUNT)
def profits(
    terms: _Table,
    is_coin_settled: NDArray[np.bool_],
    cells: _Table,
    out: _Table,
    first: int,
    last: int,
) -> None:
    """Write what every option gains in every cell of a grid, revalued in full.

    Parameters
    ----------
    terms
        As for `greeks`, but vol and years may be zero: then there is only what is in the money.
    is_coin_settled
        Shape (n,); such options gain in coin, at the forward of the cell.
    cells
        Shape (6, c): factor on the underlying, its logarithm, factor on the vol, what is then added
        to it, years gone by, and what is added to the carry. Cells of equal time and carry should
        follow each other: they share two of three exponentials.
    out
        Shape (c, n); USD or coin per unit of underlying. The cell that changes nothing is zero.
    first, last
        As for `greeks`.
    """
    scratch = np.empty((8, min(last - first, BLOCK)))
    for begin in range(first, last, BLOCK):
        end = min(begin + BLOCK, last)
        m = end - begin
        S, K, V = terms[0, begin:end], terms[1, begin:end], terms[2, begin:end]
        T, R, B = terms[3, begin:end], terms[4, begin:end], terms[5, begin:end]
        CP = terms[6, begin:end]
        X0, in_coin, base, zero = scratch[0, :m], scratch[1, :m], scratch[2, :m], scratch[3, :m]
        X, A, strike, root = scratch[4, :m], scratch[5, :m], scratch[6, :m], scratch[7, :m]
        _moneyness(S, K, is_coin_settled[begin:end], X0, in_coin, zero)
        elapsed, basis = -1.0, 0.0
        # Before the first cell, in the same loop so that it rounds alike, what there is without it.
        for c in range(-1, cells.shape[1]):
            is_base = c < 0
            k = max(c, 0)
            time = 0.0 if is_base else cells[4, k]
            shift = 0.0 if is_base else cells[5, k]
            if time != elapsed or shift != basis:
                elapsed, basis = time, shift
                _slice(S, K, T, R, B, X0, elapsed, basis, in_coin, X, A, strike, root)
            move = 1.0 if is_base else cells[0, k]
            log_move = 0.0 if is_base else cells[1, k]
            vol_scale = 1.0 if is_base else cells[2, k]
            vol_shift = 0.0 if is_base else cells[3, k]
            before = zero if is_base else base
            row = base if is_base else out[k, begin:end]
            _cell(
                move, log_move, vol_scale, vol_shift, 1.0 / move - 1.0,
                X, A, strike, V, root, CP, in_coin, before, row,
            )  # fmt: skip
