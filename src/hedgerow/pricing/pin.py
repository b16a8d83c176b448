"""Whether an option expires so near its strike that its delta means little any more."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hedgerow.pricing.gate import written
from hedgerow.units import YEAR_HOURS

__all__ = ["pin_risk"]

_HOUR_YEARS = 1.0 / YEAR_HOURS
_DAY_YEARS = 1.0 / 365.0


def pin_risk(
    underlying_usd: ArrayLike,
    strike_usd: ArrayLike,
    vol_frac: ArrayLike,
    expiry_years: ArrayLike,
    *,
    out: NDArray[np.bool_] | None = None,
) -> NDArray[np.bool_]:
    """Say of each option whether it may be pinned.

    That is on its last day, when ``|S - K| / S < σ √(1 h)``: one hour's deviation decides whether
    it is exercised; and at the strike itself, whatever the vol.

    Parameters
    ----------
    underlying_usd, strike_usd
        USD per coin; the underlying positive.
    vol_frac, expiry_years
        Annualised fraction and ACT/365 years, not negative.
    out
        Where to write: bool, of the shape of the broadcast.

    Returns
    -------
    ndarray of bool, broadcast shape
        False where an input is not a number.

    Raises
    ------
    OutOfDomain
        If `out` has another shape, type or layout.

    Notes
    -----
    The width of one hour is a convention (methods.md section 1, pitfall 3), and so is the last day.

    Examples
    --------
    >>> pin_risk(65_000.0, [65_100.0, 66_000.0], 0.65, 3 / 8_760).tolist()
    [True, False]
    """
    S, K, v, T = (
        np.asarray(each, dtype=np.float64)
        for each in (underlying_usd, strike_usd, vol_frac, expiry_years)
    )
    gap = np.abs(S - K) / S
    near = (gap < v * np.sqrt(_HOUR_YEARS)) | (gap == 0.0)
    pinned: NDArray[np.bool_] = near & (T <= _DAY_YEARS)
    return written(out, pinned)
