"""European options in plain NumPy: every formula as it is printed, and the limits at the edges.

Nobody needs this path to be quick; it is here to be read, and to be what kernels are compared with.
It loses digits where the printed forms do: far out of the money, and in the difference of two legs.

All functions take and give rows: `terms` has shape (7, n) with underlying, strike, vol, years,
rate, carry and the sign (+1 call, -1 put); what comes back has shape (14, n) in the order `GREEKS`.

References
----------
E.G. Haug (2007), The Complete Guide to Option Pricing Formulas, 2nd ed., ch. 1-2, with theta,
charm, veta and color as derivatives in calendar time.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

__all__ = ["GREEKS", "greeks", "limits"]

_INV_SQRT_2PI = 0.3989422804014327

GREEKS: Final = (
    "value", "delta", "gamma", "vega", "theta", "rho", "vanna", "volga", "charm", "speed",
    "zomma", "color", "veta", "ultima",
)  # fmt: skip


def greeks(terms: NDArray[np.float64], *, carry_follows_rate: bool) -> NDArray[np.float64]:
    """Value options with all Greeks; every input but rate and carry must be positive.

    With ``carry_follows_rate`` the carry moves with the rate (an option on spot, b = r - q), else
    it stands still (an option on a forward, b = 0), and rho is what discounting alone does.
    """
    S, K, v, T, r, b, cp = terms
    root = np.sqrt(T)
    st = v * root
    d1 = (np.log(S / K) + b * T) / st + 0.5 * st
    d2 = d1 - st
    E, D = np.exp((b - r) * T), np.exp(-r * T)
    density = E * _INV_SQRT_2PI * np.exp(-0.5 * d1 * d1)
    delta = cp * E * ndtr(cp * d1)
    leg = cp * K * D * ndtr(cp * d2)
    value = S * delta - leg
    gamma = density / (S * st)
    vega = S * density * root
    calendar = r - b + b * d1 / st
    d12 = d1 * d2
    return np.array(
        [
            value,
            delta,
            gamma,
            vega,
            -vega * v / (2.0 * T) - (b - r) * S * delta - r * leg,
            T * leg if carry_follows_rate else -T * value,
            -density * d2 / v,
            vega * d12 / v,
            -density * (b / st - d2 / (2.0 * T)) - (b - r) * delta,
            -(gamma / S) * (1.0 + d1 / st),
            gamma * (d12 - 1.0) / v,
            gamma * (calendar + (1.0 - d12) / (2.0 * T)),
            vega * (calendar - (1.0 + d12) / (2.0 * T)),
            vega / v**2 * (d12 * (d12 - 1.0) - d1**2 - d2**2),
        ]
    )


def limits(terms: NDArray[np.float64], *, carry_follows_rate: bool) -> NDArray[np.float64]:
    """Give the limits where nothing is uncertain any more: no time, no vol, or no strike.

    The value is what is in the money at the forward, delta a step (at the strike itself its
    middle), theta and rho what carry and discounting still do, and the rest nothing. Gamma and the
    other Greeks that grow without bound at the strike itself are zero there too, as on both sides
    of it; only vega has a limit there that is neither, ``S E √T / √(2π)``.
    """
    S, K, _, T, r, b, cp = terms
    E, D = np.exp((b - r) * T), np.exp(-r * T)
    gap = S * np.exp(b * T) - K
    step = 0.5 * (1.0 + cp * np.sign(gap))
    delta, leg = cp * E * step, cp * K * D * step
    found = np.zeros((len(GREEKS), terms.shape[1]))
    value = np.maximum(cp * (S * E - K * D), 0.0)
    found[0] = value
    found[1] = delta
    found[3] = np.where(gap == 0.0, S * E * np.sqrt(T) * _INV_SQRT_2PI, 0.0)
    found[4] = (r - b) * S * delta - r * leg
    found[5] = T * leg if carry_follows_rate else -T * value
    found[8] = (r - b) * delta
    return found
