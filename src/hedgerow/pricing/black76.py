"""Black (1976) on the forward, undiscounted: the readable reference path in NumPy.

Value and Greeks are per coin of notional, raw: per 1.00 of volatility, per year of calendar time.
Deribit quotes on a zero rate, so the forward carries all there is of carry. At the edges (no time,
no volatility) the limits are returned: intrinsic value, a step for delta, zero for the rest.

References
----------
F. Black (1976), The pricing of commodity contracts, J. Financial Economics 3.
"""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from hedgerow.errors import OutOfDomain

__all__ = ["Floats", "OptionColumns", "OptionGreeks", "greeks", "value_usd", "vega_usd_per_vol"]

_INV_SQRT_2PI = 0.3989422804014327

Floats: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class OptionColumns:
    """Row i of every column is one option. Columns are copied and locked.

    Attributes
    ----------
    forward_usd, strike_usd
        Shape (n,), USD per coin; positive.
    vol_frac
        Shape (n,), annualised; not negative.
    expiry_years
        Shape (n,), ACT/365; not negative.
    is_call
        Shape (n,).

    Raises
    ------
    OutOfDomain
        If lengths differ, or any forward or strike is not positive, or any vol or time is negative,
        or anything is not finite. The message names the column and the first bad row.
    """

    forward_usd: Floats
    strike_usd: Floats
    vol_frac: Floats  # annualised
    expiry_years: Floats  # ACT/365
    is_call: NDArray[np.bool_]

    def __post_init__(self) -> None:
        length = len(self.is_call)
        for name, floor, strict in (
            ("forward_usd", 0.0, True),
            ("strike_usd", 0.0, True),
            ("vol_frac", 0.0, False),
            ("expiry_years", 0.0, False),
        ):
            column = np.array(getattr(self, name), dtype=np.float64)
            if column.shape != (length,):
                raise OutOfDomain(f"{name} has shape {column.shape}, expected ({length},)")
            bad = ~np.isfinite(column) | ((column <= floor) if strict else (column < floor))
            if bad.any():
                row = int(np.argmax(bad))
                wanted = "positive" if strict else "not negative"
                raise OutOfDomain(
                    f"{name} must be finite and {wanted}, row {row} was {column[row]}"
                )
            column.setflags(write=False)
            object.__setattr__(self, name, column)
        is_call = np.array(self.is_call, dtype=np.bool_)
        is_call.setflags(write=False)
        object.__setattr__(self, "is_call", is_call)


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


def value_usd(
    forward_usd: Floats,
    strike_usd: Floats,
    vol_frac: Floats,
    expiry_years: Floats,
    is_call: NDArray[np.bool_],
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

    Returns
    -------
    ndarray, broadcast shape, USD per coin of notional
        Undiscounted; never negative. Inputs are not checked: a NaN gives a NaN.

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
    return np.maximum(np.where(live, model, intrinsic), 0.0)


def vega_usd_per_vol(
    forward_usd: Floats, strike_usd: Floats, vol_frac: Floats, expiry_years: Floats
) -> Floats:
    """Give ∂V/∂σ for every cell of a broadcast; the same for calls and puts.

    Parameters
    ----------
    forward_usd, strike_usd, vol_frac, expiry_years
        All positive; USD per coin, annualised fraction, ACT/365 years.

    Returns
    -------
    ndarray, broadcast shape, USD per coin of notional and per 1.00 of volatility
        Undiscounted; not negative. Inputs are not checked: a NaN gives a NaN.

    References
    ----------
    F. Black (1976), as `value_usd`; methods sheet, section 1.
    """
    st = vol_frac * np.sqrt(expiry_years)
    with np.errstate(over="ignore"):
        d1 = np.log(forward_usd / strike_usd) / st + 0.5 * st
        density = _INV_SQRT_2PI * np.exp(-0.5 * d1 * d1)
    vega: Floats = forward_usd * density * np.sqrt(expiry_years)
    return vega


def greeks(options: OptionColumns) -> OptionGreeks:
    """Value options on a forward with their first Greeks, undiscounted.

    Parameters
    ----------
    options
        Shape (n,) each column; they refuse what cannot be, so nothing raises here.

    Returns
    -------
    OptionGreeks, shape (n,) each
        `delta_forward_frac` lies in [0, 1] for calls and [-1, 0] for puts and is the delta a venue
        displays: not premium-adjusted. Without time or vol the limits: a step for delta, at the
        strike its middle, and zero for the rest.

    References
    ----------
    F. Black (1976), as `value_usd`; methods sheet, section 1, with b = r = 0.
    """
    F, K = options.forward_usd, options.strike_usd
    sigma, T = options.vol_frac, options.expiry_years
    cp = np.where(options.is_call, 1.0, -1.0)
    st = sigma * np.sqrt(T)
    live = st > 0
    safe = np.where(live, st, 1.0)
    # With hardly any variance d1 may overflow to infinity, and the density is the zero it means.
    with np.errstate(over="ignore"):
        d1 = np.log(F / K) / safe + 0.5 * safe
        density = np.where(live, _INV_SQRT_2PI * np.exp(-0.5 * d1 * d1), 0.0)
    # With no variance left delta is a step; exactly at the strike, its middle.
    step = 0.5 * cp * (1.0 + cp * np.sign(F - K))
    return OptionGreeks(
        value_usd=value_usd(F, K, sigma, T, options.is_call),
        delta_forward_frac=np.where(live, cp * ndtr(cp * d1), step),
        gamma_coin_per_usd=density / (F * safe),
        vega_usd_per_vol=F * density * np.sqrt(T),
        theta_usd_per_year=-F * density * sigma / (2.0 * np.sqrt(np.where(T > 0, T, 1.0))),
    )
