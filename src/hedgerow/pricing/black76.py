"""Black (1976) on the forward, undiscounted: the readable reference path in NumPy.

Value and Greeks are per coin of notional, raw: per 1.00 of volatility, per year of calendar time.
Deribit quotes on a zero rate, so the forward carries all there is of carry. At the edges (no time,
no volatility, no strike) the limits are returned: intrinsic value, a step for delta, zero for the
rest but vega at the strike itself, as in `pricing.reference`.

References
----------
F. Black (1976), The pricing of commodity contracts, J. Financial Economics 3.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from hedgerow.errors import OutOfDomain
from hedgerow.pricing.gate import (
    NOT_NEGATIVE,
    PRICE,
    VOL,
    YEARS,
    Bools,
    Floats,
    check,
    flags,
    floats,
    laid_out,
    written,
)

__all__ = [
    "OptionColumns",
    "OptionGreeks",
    "are_in_domain",
    "delta_forward_frac",
    "greeks",
    "value_usd",
    "vega_usd_per_vol",
]

_INV_SQRT_2PI = 0.3989422804014327
_BOUNDS: Final = {
    "forward_usd": PRICE,
    "strike_usd": NOT_NEGATIVE,
    "vol_frac": VOL,
    "expiry_years": YEARS,
}
_LEAST, _MOST = np.array(list(_BOUNDS.values())).T[:, :, None]


@dataclass(frozen=True, slots=True, eq=False)
class OptionColumns:
    """Row i of every column is one option. Columns are copied and locked.

    Attributes
    ----------
    forward_usd, strike_usd
        Shape (n,), USD per coin; the forward positive, the strike not negative.
    vol_frac
        Shape (n,), annualised; from 0 to 1,000.
    expiry_years
        Shape (n,), ACT/365; from 0 to 1,000.
    is_call
        Shape (n,), True or False and nothing else.

    Raises
    ------
    OutOfDomain
        If lengths differ, or anything is no real number, not finite or out of its bounds. The
        message names the column and the first bad row.
    """

    forward_usd: Floats
    strike_usd: Floats
    vol_frac: Floats  # annualised
    expiry_years: Floats  # ACT/365
    is_call: Bools

    def __post_init__(self) -> None:
        is_call = flags("is_call", self.is_call).copy()
        if is_call.ndim != 1:
            raise OutOfDomain(f"is_call has shape {is_call.shape}, expected one of options")
        is_call.setflags(write=False)
        object.__setattr__(self, "is_call", is_call)
        for name, bounds in _BOUNDS.items():
            column = floats(name, getattr(self, name)).copy()
            if column.shape != is_call.shape:
                raise OutOfDomain(f"{name} has shape {column.shape}, expected {is_call.shape}")
            check(name, column, bounds)
            column.setflags(write=False)
            object.__setattr__(self, name, column)


@dataclass(frozen=True, slots=True, eq=False)
class OptionGreeks:
    """One row per option, in the order of the columns that were given; shape (n,) each.

    Attributes
    ----------
    value_usd
        USD per coin of notional, undiscounted.
    delta_forward_frac, gamma_coin_per_usd
        First and second derivative to the forward.
    vega_usd_per_vol
        Per 1.00 of volatility.
    theta_usd_per_year
        The derivative in calendar time: negative for what decays.
    """

    value_usd: Floats
    delta_forward_frac: Floats
    gamma_coin_per_usd: Floats
    vega_usd_per_vol: Floats
    theta_usd_per_year: Floats


def are_in_domain(rows: Floats) -> bool:
    """Say whether `OptionColumns` would take forwards, strikes, vols and years, without a word.

    That takes a tenth of the time for up to 50 options, and a third for 10,000.

    Parameters
    ----------
    rows
        Shape (4, n), in that order, of one option or more.
    """
    # A NaN is neither above nor below, and is found as well.
    return bool(((rows >= _LEAST) & (rows <= _MOST)).all())


def value_usd(
    forward_usd: Floats,
    strike_usd: Floats,
    vol_frac: Floats,
    expiry_years: Floats,
    is_call: NDArray[np.bool_],
    *,
    out: Floats | None = None,
) -> Floats:
    """Value options for every cell of a broadcast, such as ``(scenarios, options)``.

    Parameters
    ----------
    forward_usd, strike_usd
        Positive; USD per coin.
    vol_frac, expiry_years
        Not negative; annualised fraction and ACT/365 years.
    is_call
        True for calls.
    out
        Where to write, of the shape of the broadcast.

    Returns
    -------
    ndarray, broadcast shape, USD per coin of notional
        Undiscounted; never negative. Inputs are not checked: a NaN gives a NaN.

    Raises
    ------
    OutOfDomain
        If `out` has another shape, type or layout.

    References
    ----------
    F. Black (1976), The pricing of commodity contracts, J. Financial Economics 3.
    """
    st = vol_frac * np.sqrt(expiry_years)
    live = st > 0
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        d1 = np.log(forward_usd / strike_usd) / st + 0.5 * st
    cp = np.where(is_call, 1.0, -1.0)
    model = cp * (forward_usd * ndtr(cp * d1) - strike_usd * ndtr(cp * (d1 - st)))
    intrinsic = cp * (forward_usd - strike_usd)
    # Rounding may leave a far wing a hair below zero.
    found: Floats = np.maximum(np.where(live, model, intrinsic), 0.0)
    return found if out is None else written(out, found)


def vega_usd_per_vol(
    forward_usd: Floats,
    strike_usd: Floats,
    vol_frac: Floats,
    expiry_years: Floats,
    *,
    out: Floats | None = None,
) -> Floats:
    """Give ∂V/∂σ for every cell of a broadcast; the same for calls and puts.

    Parameters
    ----------
    forward_usd, strike_usd, vol_frac, expiry_years
        All positive; USD per coin, annualised fraction, ACT/365 years.
    out
        Where to write, of the shape of the broadcast.

    Returns
    -------
    ndarray, broadcast shape, USD per coin of notional and per 1.00 of volatility
        Undiscounted; not negative. Inputs are not checked: a NaN gives a NaN.

    Raises
    ------
    OutOfDomain
        If `out` has another shape, type or layout.

    References
    ----------
    F. Black (1976), as `value_usd`; methods sheet, section 1.
    """
    st = vol_frac * np.sqrt(expiry_years)
    with np.errstate(over="ignore"):
        d1 = np.log(forward_usd / strike_usd) / st + 0.5 * st
        density = _INV_SQRT_2PI * np.exp(-0.5 * d1 * d1)
    vega: Floats = forward_usd * density * np.sqrt(expiry_years)
    return written(out, vega)


def delta_forward_frac(
    forward_usd: Floats,
    strike_usd: Floats,
    vol_frac: Floats,
    expiry_years: Floats,
    is_call: NDArray[np.bool_],
    *,
    out: Floats | None = None,
) -> Floats:
    """Give ∂V/∂F for every cell of a broadcast, as `greeks` does beside the others.

    Parameters
    ----------
    forward_usd, strike_usd, vol_frac, expiry_years, is_call
        As `value_usd` takes them; not checked.
    out
        Where to write, of the shape of the broadcast.

    Returns
    -------
    ndarray, broadcast shape, coin per coin
        In [0, 1] for calls and [-1, 0] for puts; not premium-adjusted. Without time or vol a step.

    Raises
    ------
    OutOfDomain
        If `out` has another shape, type or layout.
    """
    cp = np.where(is_call, 1.0, -1.0)
    with np.errstate(over="ignore", divide="ignore"):
        live, _, d1 = _d1(forward_usd, strike_usd, vol_frac * np.sqrt(expiry_years))
    found = _delta_forward_frac(forward_usd - strike_usd, cp, live, d1)
    return found if out is None else written(out, found)


def _d1(
    forward_usd: Floats, strike_usd: Floats, st: Floats
) -> tuple[NDArray[np.bool_], Floats, Floats]:
    """Say where there is variance; give its root there, one elsewhere, and d1 of that."""
    live = st > 0
    safe = np.where(live, st, 1.0)
    return live, safe, np.log(forward_usd / strike_usd) / safe + 0.5 * safe


def _delta_forward_frac(
    beyond_usd: Floats, cp: Floats, live: NDArray[np.bool_], d1: Floats
) -> Floats:
    # With no variance left delta is a step; exactly at the strike, its middle.
    step = 0.5 * cp * (1.0 + cp * np.sign(beyond_usd))
    return np.where(live, cp * ndtr(cp * d1), step)


def greeks(options: OptionColumns, *, out: Floats | None = None) -> OptionGreeks:
    """Value options on a forward with their first Greeks, undiscounted.

    Parameters
    ----------
    options
        Shape (n,) each column; they refuse what cannot be.
    out
        Where to write, shape (5, n).

    Returns
    -------
    OptionGreeks, shape (n,) each
        `delta_forward_frac` lies in [0, 1] for calls and [-1, 0] for puts and is the delta a venue
        displays: not premium-adjusted. Without time or vol the limits: a step for delta, at the
        strike its middle, and zero for the rest; but vega at the strike, which is ``F √T / √(2π)``
        however small the vol.

    Raises
    ------
    OutOfDomain
        If `out` has another shape, type or layout.

    References
    ----------
    F. Black (1976), as `value_usd`; methods sheet, section 1, with b = r = 0.
    """
    F, K = options.forward_usd, options.strike_usd
    sigma, T = options.vol_frac, options.expiry_years
    cp = np.where(options.is_call, 1.0, -1.0)
    # With hardly any variance, or no strike, d1 is infinite, and the density is the zero it means.
    with np.errstate(over="ignore", divide="ignore"):
        live, safe, d1 = _d1(F, K, sigma * np.sqrt(T))
        density = np.where(live, _INV_SQRT_2PI * np.exp(-0.5 * d1 * d1), 0.0)
    return laid_out(
        OptionGreeks,
        out,
        value_usd(F, K, sigma, T, options.is_call),
        _delta_forward_frac(F - K, cp, live, d1),
        density / (F * safe),
        F * np.sqrt(T) * np.where(live | (F != K), density, _INV_SQRT_2PI),
        -F * density * sigma / (2.0 * np.sqrt(np.where(T > 0, T, 1.0))),
    )
