"""What Derive's contracts make of an option: Black-76 with its own edges, and SVI with flat wings.

References
----------
lyra-finance/lyra-utils, src/math/Black76.sol and src/math/SVI.sol @ 759e962526.
"""

from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr

from hedgerow.errors import OutOfDomain

__all__ = ["YEAR_S", "BlackPrices", "black76", "svi_vol_frac"]

Floats: TypeAlias = NDArray[np.float64]

YEAR_S = 31_536_000.0
_TOTAL_VOL_MAX = 24.0
_NOTHING = 1e-18  # the contracts' numbers have 18 decimals: what is smaller is zero to them
_VARIANCE_MAX = 144.0
_WING_DEVIATIONS = 4.0


class BlackPrices(NamedTuple):
    """Call, put, and the call's delta to the forward before discounting; shape of the inputs."""

    call_usd: Floats
    put_usd: Floats
    call_delta_frac: Floats


def black76(
    forward_usd: ArrayLike,
    strike_usd: ArrayLike,
    vol_frac: ArrayLike,
    seconds: ArrayLike,
    discount_frac: ArrayLike = 1.0,
) -> BlackPrices:
    """Price call and put for every cell of a broadcast.

    Forward and strike may be zero, and so may time and vol: the price is then what is in the money.
    From a total deviation of 24 on a call is worth its forward and a put its strike, discounted.
    """
    F, K, v, s, D = np.broadcast_arrays(
        *(
            np.asarray(each, dtype=np.float64)
            for each in (forward_usd, strike_usd, vol_frac, seconds, discount_frac)
        )
    )
    total = v * np.sqrt(s / YEAR_S)
    F, K = np.where(F < _NOTHING, 0.0, F), np.where(K < _NOTHING, 0.0, K)
    inside = (F > 0.0) & (K > 0.0) & (total >= _NOTHING) & (total < _TOTAL_VOL_MAX)
    st = np.where(inside, total, 1.0)
    k = np.log(np.where(inside, K, 1.0) / np.where(inside, F, 1.0))
    d1 = 0.5 * st - k / st
    above = F > K
    vast = (total >= _TOTAL_VOL_MAX) & (F > 0.0)
    n1 = np.where(inside, ndtr(d1), np.where(vast | ((K <= 0.0) & (F > 0.0)), 1.0, above))
    n2 = np.where(inside, ndtr(d1 - st), np.where(vast & (K > 0.0), 0.0, n1))
    call = D * np.clip(F * n1 - K * n2, 0.0, F)
    put = np.clip(call - D * (F - K), 0.0, D * K)
    return BlackPrices(call, put, n1)


def svi_vol_frac(
    strike_usd: float,
    forward_usd: float,
    *,
    a: float,
    b: float,
    rho: float,
    m: float,
    sigma: float,
    tau_years: float,
) -> float:
    """Give the vol of a strike on a fitted slice.

    Moneyness is held within four deviations ``√(a + bσ)``, so wings are flat; total variance is at
    most 144. The time is that of the fit, not what is left now. A strike of zero has no vol.

    Raises
    ------
    OutOfDomain
        If total variance is negative, or the time is not positive.
    """
    if strike_usd == 0.0:
        return 0.0
    if tau_years <= 0.0 or forward_usd <= 0.0 or a + b * sigma < 0.0:
        raise OutOfDomain(
            f"time, forward and a + bσ must not be negative, were {tau_years}, {forward_usd} and "
            f"{a + b * sigma}"
        )
    reach = _WING_DEVIATIONS * np.sqrt(a + b * sigma)
    k = float(np.clip(np.log(strike_usd / forward_usd), -reach, reach))
    w = a + b * (rho * (k - m) + np.sqrt((k - m) ** 2 + sigma**2))
    if w < 0.0:
        raise OutOfDomain(f"total variance of strike {strike_usd} is negative: {w}")
    return float(np.sqrt(min(w, _VARIANCE_MAX) / tau_years))
