"""Options inside their settlement window, part of the average already known.

An option that settles on the average A of the index over a window of length W has, with T left of
it, an open fraction ``f = T / W``. The rest of the average is known: ``A = f A_rem + (1-f) A_obs``.
So the payoff ``max(±(A - K), 0)`` is f times that of an option on the remaining average with strike
``(K - (1-f) A_obs) / f``, and the remaining average is, to first order in ``σ² T``, lognormal with
the forward as its mean and variance ``σ² T / 3`` (methods sheet, section 1, pitfall 5). Once what
is known exceeds the strike, that strike is not positive: a call is certain to pay, a put is
worthless. Before the window plain time to expiry holds, and these functions refuse.

Nothing is discounted: at the rates of any market half an hour is below a ten-thousandth of a tick.

Paid in coin, the payoff is divided by the average. Its value in coin is taken as that in dollars
over the average expected, ``f F + (1-f) A_obs``. Both steps leave out terms of the order of
``σ² T``: of an option deep in the money at most ``σ² T / 6`` coin, 4e-6 with half an hour left at a
vol of 0.65, where the tick is 1e-4.
"""

from dataclasses import dataclass
from typing import final

import numpy as np
from scipy.special import ndtr

from hedgerow.errors import OutOfDomain
from hedgerow.pricing.european import EuropeanColumns, european_greeks
from hedgerow.pricing.gate import VOL, Bools, Bounds, Column, Floats, flags, gate, laid_out, room

__all__ = [
    "AveragedCoinGreeks",
    "AveragedColumns",
    "AveragedGreeks",
    "averaged_coin_greeks",
    "averaged_greeks",
]

_PRICE: Bounds = (1e-15, 1e15)
_STRIKE: Bounds = (0.0, 1e15)
_WINDOW: Bounds = (1e-12, 1.0)
_ROOT_3 = 3.0**0.5
# Below this there is nothing open: a second of half an hour is 6e-4.
_OPEN_FRAC_MIN = 1e-12


@final
class AveragedColumns:
    """Column i of everything is one option inside its window.

    Parameters
    ----------
    forward_usd
        Shape (n,) as all columns, or one number for all; mean of the index over what is left of
        the window. From 1e-15 to 1e15, as the average.
    strike_usd, average_observed_usd
        The strike not negative and at most 1e15; the average that of the window so far. With the
        whole window open the average does not matter.
    vol_frac
        Annualised, not negative.
    expiry_years, window_years
        ACT/365 until the end of the window, and its length. Not negative, and the first not beyond
        the second.
    is_call
        Shape (n,) or one for all, True or False and nothing else.

    Raises
    ------
    OutOfDomain
        If lengths differ, anything is not finite or out of bounds, or the window has not begun. The
        message names the column and the first bad row.
    """

    __slots__ = ("average", "forward", "is_call", "open", "strike", "vol", "window", "years")

    def __init__(
        self,
        *,
        forward_usd: Column,
        strike_usd: Column,
        average_observed_usd: Column,
        vol_frac: Column,
        expiry_years: Column,
        window_years: Column,
        is_call: Bools,
    ) -> None:
        cp = np.where(flags("is_call", is_call), 1.0, -1.0)
        F, K, A, vol, T, W, cp = gate(
            forward_usd=(forward_usd, _PRICE),
            strike_usd=(strike_usd, _STRIKE),
            average_observed_usd=(average_observed_usd, _PRICE),
            vol_frac=(vol_frac, VOL),
            expiry_years=(expiry_years, (0.0, 1.0)),
            window_years=(window_years, _WINDOW),
            is_call=(cp, (-1.0, 1.0)),
        )
        early = T > W
        if early.any():
            at = int(np.argmax(early))
            raise OutOfDomain(
                f"expiry_years must not lie beyond window_years, row {at} was {T[at]} and {W[at]}; "
                "value it as a plain option"
            )
        self.forward, self.strike, self.average = F.copy(), K.copy(), A.copy()
        self.vol, self.years, self.window = vol.copy(), T.copy(), W.copy()
        self.is_call = cp > 0.0
        self.open = np.where(T / W < _OPEN_FRAC_MIN, 0.0, T / W)
        for name in self.__slots__:
            getattr(self, name).setflags(write=False)

    def __len__(self) -> int:
        return len(self.is_call)


@dataclass(frozen=True, slots=True, eq=False)
class AveragedGreeks:
    """One item per option, raw, in dollars; views of the buffer where one was given.

    Attributes
    ----------
    value_usd
        Of one unit of underlying, undiscounted.
    delta_forward_frac, gamma_coin_per_usd
        To the forward, what is known of the average unmoved: at most the open fraction, and its
        square.
    vega_usd_per_vol
        Per 1.00 of annualised vol.
    theta_usd_per_year
        As time passes at an unmoved index, which joins the known part of the average.
    delta_average_frac
        To the observed average: what an error in recording it costs.
    """

    value_usd: Floats
    delta_forward_frac: Floats
    gamma_coin_per_usd: Floats
    vega_usd_per_vol: Floats
    theta_usd_per_year: Floats
    delta_average_frac: Floats


@dataclass(frozen=True, slots=True, eq=False)
class AveragedCoinGreeks:
    """Options paid in coin, counted in coin: one item per option, raw.

    Attributes
    ----------
    value_coin
        v = V / Ā with the average expected, Ā = f F + (1-f) A_obs.
    slope_coin_per_usd, gamma_coin_per_usd2
        dv/dF and d²v/dF².
    delta_adjusted_coin
        F · dv/dF.
    vega_coin_per_vol, theta_coin_per_year
        At an unmoved forward.
    delta_average_coin_per_usd
        To the observed average.
    """

    value_coin: Floats
    slope_coin_per_usd: Floats
    gamma_coin_per_usd2: Floats
    delta_adjusted_coin: Floats
    vega_coin_per_vol: Floats
    theta_coin_per_year: Floats
    delta_average_coin_per_usd: Floats


def averaged_greeks(options: AveragedColumns, *, out: Floats | None = None) -> AveragedGreeks:
    """Value options inside their window with their Greeks, in dollars.

    Parameters
    ----------
    out
        Where to write, shape (6, n).

    Raises
    ------
    OutOfDomain
        If `out` has another shape or layout.
    """
    rows = room(out, 6, len(options))
    _fill(options, rows)
    return AveragedGreeks(*rows)


def averaged_coin_greeks(
    options: AveragedColumns, *, out: Floats | None = None
) -> AveragedCoinGreeks:
    """Value options inside their window that pay ``max(±(A - K), 0) / A`` in coin.

    Parameters
    ----------
    out
        Where to write, shape (7, n).

    Raises
    ------
    OutOfDomain
        If `out` has another shape or layout.
    """
    V, delta, gamma, vega, theta, delta_average = _fill(options, np.empty((6, len(options))))
    F, f = options.forward, options.open
    A = f * F + (1.0 - f) * options.average
    v = V / A
    # What passing time moves from the open to the known part leaves the expected average unmoved.
    slope = (delta - f * v) / A
    return laid_out(
        AveragedCoinGreeks,
        out,
        v,
        slope,
        (gamma - 2.0 * f * slope) / A,
        F * slope,
        vega / A,
        theta / A,
        (delta_average - (1.0 - f) * v) / A,
    )


def _fill(options: AveragedColumns, rows: Floats) -> Floats:
    f, F, W = options.open, options.forward, options.window
    cp = np.where(options.is_call, 1.0, -1.0)
    known = (1.0 - f) * options.average
    left = options.strike - known
    is_open = f > 0.0
    # No strike is left where the outcome is certain; its rows are written over below.
    is_alive = is_open & (left > 0.0)
    share = np.where(is_open, f, 1.0)
    strike = np.where(is_alive, left / share, 0.0)
    vol = options.vol / _ROOT_3
    plain = european_greeks(
        EuropeanColumns(
            underlying_usd=F,
            strike_usd=strike,
            vol_frac=vol,
            expiry_years=options.years,
            is_call=options.is_call,
        )
    )
    expected = f * F - left
    step = 0.5 * (1.0 + cp * np.sign(np.where(is_alive, F - strike, expected)))
    # ±N(±d2) of Black's formula; from the two legs it would lose its digits at a small strike.
    st = vol * np.sqrt(options.years)
    is_uncertain = is_alive & (st > 0.0)
    d2 = np.log(F / np.where(is_alive, strike, F)) / np.where(is_uncertain, st, 1.0) - 0.5 * st
    second = np.where(is_uncertain, cp * ndtr(cp * d2), cp * step)
    # N(d1) - N(d2), from the two tails that are small.
    tail = np.where(d2 > 0.0, -1.0, 1.0)
    between = np.where(is_uncertain, tail * (ndtr(tail * (d2 + st)) - ndtr(tail * d2)), 0.0)
    delta = np.where(is_alive, plain.delta_underlying_frac, cp * step)
    rows[0] = np.where(is_alive, f * plain.value_usd, np.maximum(cp * expected, 0.0))
    rows[1] = f * delta
    rows[2] = np.where(is_alive, f * plain.gamma_coin_per_usd, 0.0)
    rows[3] = np.where(is_alive, f * plain.vega_usd_per_vol / _ROOT_3, 0.0)
    # Calendar decay of the remaining average, and what is known growing by F dt / W.
    rows[4] = np.where(is_alive, f * plain.theta_usd_per_year - F / W * between, 0.0)
    rows[5] = (1.0 - f) * second
    return rows
