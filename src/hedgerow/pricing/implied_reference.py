"""Implied volatility of undiscounted Black (1976) prices, as it is read: in NumPy, step by step.

`pricing.implied` uses it for what the compiled loop leaves, and tests compare the two.

Only time value carries information, so every price is first reduced to its out-of-the-money side.
In normal units, x = -abs(ln F/K) and s = σ√T, that side is worth::

    b(x, s) = e^{x/2} N(x/s + s/2) - e^{-x/2} N(x/s - s/2),    between 0 and e^{x/2}

and s is found by Householder steps of third order inside a bracket. The function whose root is
sought depends on where the price lies, so that it is close to a straight line there: 1/ln b below
the inflection s² = 2 abs(x), b above it, and ln(e^{x/2} - b) near the top. Everything is evaluated
through the ratio Y(z) = N(z)/n(z), which neither underflows nor cancels, so prices down to the
smallest double have their vol.

A row without an answer has NaN beside a reason other than `ImpliedReason.OK`. Nothing raises for a
number, whatever it is.

References
----------
P. Jäckel (2015), Let's be rational, Wilmott 75: the normal units, the three objectives and the
third-order step. The initial guesses here are simpler than his, the steps one or two more.
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.special import erfcx, ndtri

from hedgerow.pricing.gate import Bools, Floats

__all__ = ["Codes", "ImpliedReason", "implied_by_numpy"]

Codes: TypeAlias = NDArray[np.int8]

_HALF_LN_2PI = 0.9189385332046727
_SQRT_2 = 1.4142135623730951
_SQRT_HALF_PI = 1.2533141373155003
_EPS = 2.220446049250313e-16
_STEPS_COUNT_MAX = 64
# Below this half deviation and moneyness the difference Y(h+t) - Y(h-t) is a series in t.
_SERIES_T_MAX, _SERIES_X_MAX = 0.2, 0.5
_SERIES_TERMS_COUNT = 8


class ImpliedReason(IntEnum):
    """Why a price has no implied vol; the closed set of codes in `ImpliedVols.reason_code`."""

    OK = 0
    NOT_FINITE = 1  # an input is NaN or infinite
    NOT_POSITIVE = 2  # forward or strike is zero or negative
    EXPIRED = 3  # no time left: the price says nothing about volatility
    BELOW_INTRINSIC = 4  # cheaper than exercise; no volatility is low enough
    NO_TIME_VALUE = 5  # intrinsic value to the last digit: any vol near zero gives it
    ABOVE_MAXIMUM = 6  # a call at or above its forward, a put at or above its strike
    OUT_OF_RANGE = 7  # the vol itself would overflow, underflow or did not settle


def implied_by_numpy(
    P: Floats,  # noqa: N803
    F: Floats,  # noqa: N803
    K: Floats,  # noqa: N803
    T: Floats,  # noqa: N803
    call: Bools,
) -> tuple[Floats, Codes]:
    """Find vols, NaN where there is none, and codes of `ImpliedReason`.

    Parameters
    ----------
    P, F, K, T, call
        Shape (n,): undiscounted price, forward, strike, years, and whether it is a call.
    """
    with np.errstate(all="ignore"):
        time_value, room, reason = _gate(P, F, K, T, call)
        ok = reason == ImpliedReason.OK
        s = np.full(P.shape, np.nan)
        s[ok] = _solve(F[ok], K[ok], time_value[ok], room[ok])
        vol = s / np.sqrt(T)
        lost = ok & ~((vol > 0) & np.isfinite(vol))
    reason[lost] = ImpliedReason.OUT_OF_RANGE
    vol[reason != ImpliedReason.OK] = np.nan
    return vol, reason


def _gate(
    P: Floats,  # noqa: N803
    F: Floats,  # noqa: N803
    K: Floats,  # noqa: N803
    T: Floats,  # noqa: N803
    call: Bools,
) -> tuple[Floats, Floats, Codes]:
    """Reduce prices to time value and to the room left below the maximum; refuse the rest."""
    cap = np.where(call, F, K)
    intrinsic = np.maximum(np.where(call, F - K, K - F), 0.0)
    time_value = P - intrinsic
    room = cap - P
    # A price computed as intrinsic value may lie a few roundings below it.
    noise = 4.0 * _EPS * np.maximum(intrinsic, 0.0)
    # From the last reason to the first: an earlier one overwrites.
    reason = np.zeros(P.shape, dtype=np.int8)
    reason[room <= 0] = ImpliedReason.ABOVE_MAXIMUM
    reason[time_value <= 0] = ImpliedReason.NO_TIME_VALUE
    reason[time_value < -noise] = ImpliedReason.BELOW_INTRINSIC
    reason[T <= 0] = ImpliedReason.EXPIRED
    reason[(F <= 0) | (K <= 0)] = ImpliedReason.NOT_POSITIVE
    finite = np.isfinite(P) & np.isfinite(F) & np.isfinite(K) & np.isfinite(T)
    reason[~finite] = ImpliedReason.NOT_FINITE
    return time_value, room, reason


def _solve(F: Floats, K: Floats, time_value: Floats, room: Floats) -> Floats:  # noqa: N803
    """Give s = σ√T of each price; NaN where the steps did not settle."""
    # F - K is exact near the money, where ln(F/K) would lose its digits.
    near = np.abs(F - K) < 0.5 * K
    ratio = np.log(F) - np.log(K)
    x = -np.abs(np.where(near, np.log1p(np.where(near, (F - K) / K, 0.0)), ratio))
    # Over the smaller leg, because over √(FK) a price far from the money may be less than a double.
    lead = np.minimum(F, K)
    target = np.log(time_value / lead) + 0.5 * x
    target_room = np.log(room / lead) + 0.5 * x

    s_c = np.sqrt(-2.0 * x)  # where b has its inflection and vega its maximum
    b_max = np.exp(0.5 * x)
    at_c = _Terms.at(x, np.where(s_c > 0, s_c, 1.0))
    ln_b_c = np.where(s_c > 0, at_c.ln_b, -np.inf)
    b_c = np.exp(ln_b_c)
    low = target < ln_b_c
    high = ~low & (np.exp(target_room) < 0.5 * (b_max - b_c))

    # Below the inflection -ln b is close to x²/2s²; above it b is close to its tangent; near the
    # top the room is that of a normal tail. Each guess lies inside its bracket.
    s_low = s_c * np.sqrt(ln_b_c / np.where(low, target, -1.0))
    vega_c = np.where(s_c > 0, np.exp(at_c.ln_vega), np.exp(-_HALF_LN_2PI))
    s_mid = s_c + (np.exp(target) - b_c) / vega_c
    s_high = -2.0 * ndtri(np.exp(target_room) / (b_max + 1.0 / b_max))
    s = np.where(low, s_low, np.where(high, np.maximum(s_high, s_c), s_mid))
    lower = np.where(low, 0.0, s_c)
    upper = np.where(low, s_c, np.inf)
    s = np.where(s > lower, s, np.where(low, 0.5 * s_c, s_c + 1e-3))

    out = np.full(x.shape, np.nan)
    rows = np.arange(len(x))
    for _ in range(_STEPS_COUNT_MAX):
        if not len(rows):
            break
        terms = _Terms.at(x[rows], s)
        error, step = _step(
            terms, s, target[rows], target_room[rows], low=low[rows], high=high[rows]
        )
        lower = np.where(error <= 0, np.maximum(lower, s), lower)
        upper = np.where(error >= 0, np.minimum(upper, s), upper)
        moved = s + step
        outside = ~((moved > lower) & (moved < upper)) & (error != 0)
        halved = np.where(
            np.isfinite(upper), np.sqrt(np.maximum(lower, 1e-3 * upper) * upper), 2.0 * s
        )
        moved = np.where(outside, halved, moved)
        done = (np.abs(step) <= 4.0 * _EPS * s) | (error == 0) | (upper - lower <= 2.0 * _EPS * s)
        out[rows[done]] = np.where(outside[done], s[done], moved[done])
        rows, s = rows[~done], moved[~done]
        lower, upper = lower[~done], upper[~done]
    # The bracket has shrunk to a few roundings, or nothing has been learnt.
    settled = np.isfinite(upper) & (upper - lower <= 1e-12 * upper)
    out[rows[settled]] = s[settled]
    return out


@dataclass(slots=True)
class _Terms:
    """What a step needs of b at (x, s), free of underflow."""

    ln_vega: Floats  # ln ∂b/∂s
    ln_b: Floats
    ln_room: Floats  # ln(e^{x/2} - b)
    vega_over_b: Floats
    vega_over_room: Floats
    second: Floats  # b''/b'
    third: Floats  # b'''/b'

    @classmethod
    def at(cls, x: Floats, s: Floats) -> "_Terms":
        h, t = x / s, 0.5 * s
        ln_vega = -0.5 * (h * h + t * t) - _HALF_LN_2PI
        # b = ∂b/∂s · (Y(h+t) - Y(h-t)), and the room is ∂b/∂s · (Y(-h-t) + Y(h-t)).
        below = _mills(h - t)
        gap = _mills(h + t) - below
        small = (t < _SERIES_T_MAX) & (x > -_SERIES_X_MAX)
        if small.any():
            gap[small] = _gap_series(h[small], t[small])
        room = _mills(-h - t) + below
        h2 = h * h
        second = h2 / s - 0.25 * s
        return cls(
            ln_vega=ln_vega,
            ln_b=ln_vega + np.log(gap),
            ln_room=ln_vega + np.log(room),
            vega_over_b=1.0 / gap,
            vega_over_room=1.0 / room,
            second=second,
            third=second * second - 3.0 * (h / s) ** 2 - 0.25,
        )


def _mills(z: Floats) -> Floats:
    """N(z)/n(z); infinite above about 37, where nothing here needs it."""
    ratio: Floats = _SQRT_HALF_PI * erfcx(z / -_SQRT_2)
    return ratio


def _gap_series(h: Floats, t: Floats) -> Floats:
    """Y(h+t) - Y(h-t) for small t, without the cancellation: twice the odd Taylor terms.

    Derivatives follow Y' = 1 + zY and Y⁽ⁿ⁺¹⁾ = zY⁽ⁿ⁾ + nY⁽ⁿ⁻¹⁾. The recurrence loses digits for
    large abs(h), but no more than h² of them, which is how much less they matter for s there.
    """
    former = _mills(h)
    here = 1.0 + h * former
    power = 2.0 * t
    total = here * power
    t2 = t * t
    order = 1
    for _ in range(1, _SERIES_TERMS_COUNT):
        for _ in range(2):
            former, here = here, h * here + order * former
            order += 1
        power = power * t2 / (order * (order - 1))
        total = total + here * power
    return total


def _step(
    terms: _Terms, s: Floats, target: Floats, target_room: Floats, *, low: Bools, high: Bools
) -> tuple[Floats, Floats]:
    """Give the sign of b(s) - price and one Householder step of third order towards zero.

    With f the objective, ν = -f/f', γ = f''/f', δ = f'''/f'.
    """
    second, third = terms.second, terms.third
    # b - β: its ratios are those of b itself. ln b - ln β is small, so expm1 keeps the digits.
    miss = terms.ln_b - target
    nu = np.expm1(np.clip(-miss, -700.0, 700.0)) / terms.vega_over_b
    gamma, delta = second, third

    # 1/ln b - 1/ln β, from the derivatives of L = ln b.
    p, L = terms.vega_over_b, terms.ln_b
    l2, l3 = second - p, third - 3.0 * p * second + 2.0 * p * p
    nu = np.where(low, -(L / target) * miss / p, nu)
    gamma = np.where(low, l2 - 2.0 * p / L, gamma)
    delta = np.where(low, l3 - 6.0 * p * l2 / L + 6.0 * p * p / (L * L), delta)

    # ln(room) - ln(room of the price); the room falls as s rises.
    q = -terms.vega_over_room
    miss_room = terms.ln_room - target_room
    nu = np.where(high, -miss_room / q, nu)
    gamma = np.where(high, second - q, gamma)
    delta = np.where(high, third - 3.0 * q * second + 2.0 * q * q, delta)

    step = nu * (1.0 + 0.5 * gamma * nu) / (1.0 + nu * (gamma + delta * nu / 6.0))
    # Far from the root the third-order step may turn round; Newton's never does.
    step = np.where(np.isfinite(step) & (step * nu > 0), step, nu)
    return np.where(high, -miss_room, miss), step
