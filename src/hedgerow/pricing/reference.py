"""European options in plain NumPy: every formula as it is printed, and the limits at the edges.

Nobody needs this path to be quick; it is here to be read, and to be what kernels are compared with.
It loses digits where the printed forms do: far out of the money, and in the difference of two legs.

All functions take and give rows: `terms` has shape (7, n) with underlying, strike, vol, years,
rate, carry and the sign (+1 call, -1 put); what comes back has a row for each field of
`EuropeanGreeks`.

References
----------
E.G. Haug (2007), The Complete Guide to Option Pricing Formulas, 2nd ed., ch. 1-2, with theta,
charm, veta and color as derivatives in calendar time.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from hedgerow.pricing.sensitivities import CoinGreeks, EuropeanGreeks

__all__ = ["coin_limits", "greeks", "limits"]

_INV_SQRT_2PI = 0.3989422804014327

_FIELDS: Final = EuropeanGreeks.__struct_fields__


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
    found = {
        "value_usd": value,
        "delta_underlying_frac": delta,
        "gamma_coin_per_usd": gamma,
        "vega_usd_per_vol": vega,
        "theta_usd_per_year": -vega * v / (2.0 * T) - (b - r) * S * delta - r * leg,
        "rho_usd_per_rate": T * leg if carry_follows_rate else -T * value,
        "vanna_coin_per_vol": -density * d2 / v,
        "volga_usd_per_vol2": vega * d12 / v,
        "charm_coin_per_year": -density * (b / st - d2 / (2.0 * T)) - (b - r) * delta,
        "speed_coin_per_usd2": -(gamma / S) * (1.0 + d1 / st),
        "zomma_coin_per_usd_vol": gamma * (d12 - 1.0) / v,
        "color_coin_per_usd_year": gamma * (calendar + (1.0 - d12) / (2.0 * T)),
        "veta_usd_per_vol_year": vega * (calendar - (1.0 + d12) / (2.0 * T)),
        "ultima_usd_per_vol3": vega / v**2 * (d12 * (d12 - 1.0) - d1**2 - d2**2),
    }
    return np.array([found[name] for name in _FIELDS])


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
    found = {
        "value_usd": np.maximum(cp * (S * E - K * D), 0.0),
        "delta_underlying_frac": delta,
        "vega_usd_per_vol": np.where(gap == 0.0, S * E * np.sqrt(T) * _INV_SQRT_2PI, 0.0),
        "theta_usd_per_year": (r - b) * S * delta - r * leg,
        "charm_coin_per_year": (r - b) * delta,
    }
    found["rho_usd_per_rate"] = T * leg if carry_follows_rate else -T * found["value_usd"]
    return np.array([found.get(name, np.zeros_like(S)) for name in _FIELDS])


def coin_limits(terms: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give the same of options on a forward paid in coin: a row for each field of `CoinGreeks`."""
    F, K, _, _, r, _, _ = terms
    dollars = EuropeanGreeks(*limits(terms, carry_follows_rate=False))
    # ±K D N(±d2) / F, as everywhere: delta less premium would cancel at a small strike.
    adjusted = dollars.delta_underlying_frac * K / F
    slope = adjusted / F
    gamma = -2.0 * slope / F
    found = {
        "value_coin": dollars.value_usd / F,
        "slope_coin_per_usd": slope,
        "gamma_coin_per_usd2": gamma,
        "delta_adjusted_coin": adjusted,
        "vega_coin_per_vol": dollars.vega_usd_per_vol / F,
        "theta_coin_per_year": dollars.theta_usd_per_year / F,
        "rho_coin_per_rate": dollars.rho_usd_per_rate / F,
        "charm_coin_per_usd_year": r * slope,
        "speed_coin_per_usd3": -3.0 * gamma / F,
        "color_coin_per_usd2_year": r * gamma,
    }
    return np.array([found.get(name, np.zeros_like(F)) for name in CoinGreeks.__struct_fields__])
