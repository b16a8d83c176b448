"""From an option on a forward to the dollar value of one contract: one rule for every Greek.

Kernels derive the undiscounted value ``V(A, σ, T)`` by its forward A. The desk asks for derivatives
by spot of the dollar value W of one contract:

- linear: ``W = P V(A)``, with P the dollar price of the settlement asset;
- coin-settled: ``W = S g(A)``, with ``g = V/A`` the value in coin. From ``V = A g`` follows
  ``A g⁽ⁱ⁾ = V⁽ⁱ⁾ - i g⁽ⁱ⁻¹⁾``.

The forward is ``A = c S`` with its ratio c to spot held still. Inside the settlement window only
the fraction f of the average that is still to come moves with spot, so ``∂A/∂S = f c`` (before it,
f is one); the deviation of the average is ``σ f √(T/3)`` times a ratio that stands still
(`pricing.held_options`), which falls with T^1.5 where plain time falls with T^0.5 (methods.md,
section 1, pitfall 5). Then, by i of spot,

    linear         P (f c)ⁱ V⁽ⁱ⁾
    coin-settled   (κ/c) (f c)ⁱ V⁽ⁱ⁾ + i (f c)ⁱ⁻¹ (1 - f κ) g⁽ⁱ⁻¹⁾,   κ = c S / A,

whatever is derived by vol and time as well. A derivative by time has what the falling f does on
top.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hedgerow.pricing.gate import Floats
from hedgerow.pricing.sensitivities import STARTS_FROM, EuropeanGreeks, Orders

__all__ = ["Contracts", "derivative"]


@dataclass(frozen=True, slots=True, eq=False)
class Contracts:
    """Options of one contract each, as columns.

    Attributes
    ----------
    greeks
        Of the undiscounted value on the averaged forward.
    forward_usd, spot_usd
        The averaged forward A, and S.
    carry_frac
        c, the forward of the expiry over spot.
    settlement_usd
        P; of a coin-settled option it is S.
    is_coin_settled
        Which rule applies.
    open_frac, open_frac_per_year
        f and its derivative in calendar time, which is negative or zero.
    vol_scale_frac
        The kernel's vol over the option's own.
    """

    greeks: EuropeanGreeks
    forward_usd: Floats
    spot_usd: Floats
    carry_frac: Floats
    settlement_usd: Floats
    is_coin_settled: NDArray[np.bool_]
    open_frac: Floats
    open_frac_per_year: Floats
    vol_scale_frac: Floats


def derivative(held: Contracts, orders: Orders) -> Floats:
    """Derive the dollar value of one coin of notional by spot, vol and calendar time.

    Parameters
    ----------
    orders
        How often by each. By time at most once.

    Returns
    -------
    ndarray, shape (n,), USD per dollar of spot, per 1.00 of vol, per year
    """
    spot, vol, time = orders
    found = _by_spot(held, orders)
    if time and spot:
        found = found + held.open_frac_per_year * _by_open(held, (spot, vol, 0))
    return found


def _by_spot(held: Contracts, orders: Orders) -> Floats:
    """The rule above, with f standing still."""
    i, vol, time = orders
    f, c, kappa = held.open_frac, held.carry_frac, _kappa_frac(held)
    moved = (f * c) ** i * _of_forward(held, orders)
    coin = kappa / c * moved
    if i:
        coin = coin + i * (f * c) ** (i - 1) * (1.0 - f * kappa) * _coin(held, (i - 1, vol, time))
    return np.where(held.is_coin_settled, coin, held.settlement_usd * moved)


def _by_open(held: Contracts, orders: Orders) -> Floats:
    """Derive the same by f, with A standing still: what time adds to the average is the forward."""
    i, vol, time = orders
    f, c, kappa = held.open_frac, held.carry_frac, _kappa_frac(held)
    value = _of_forward(held, orders)
    moved = i * c * (f * c) ** (i - 1) * value
    below = _coin(held, (i - 1, vol, time))
    coin = kappa / c * moved - i * (f * c) ** (i - 1) * kappa * below
    if i > 1:
        coin = coin + i * (i - 1) * c * (f * c) ** (i - 2) * (1.0 - f * kappa) * below
    return np.where(held.is_coin_settled, coin, held.settlement_usd * moved)


def _kappa_frac(held: Contracts) -> Floats:
    """Spot in forwards over A: one, to the last digit, unless the average is under way."""
    is_open = held.open_frac < 1.0
    return np.where(is_open, held.carry_frac * held.spot_usd / held.forward_usd, 1.0)


def _coin(held: Contracts, orders: Orders) -> Floats:
    """``g⁽ⁱ⁾``, derived by vol and time as well."""
    i, vol, time = orders
    value = _of_forward(held, orders)
    if i:
        value = value - i * _coin(held, (i - 1, vol, time))
    return value / held.forward_usd


def _of_forward(held: Contracts, orders: Orders) -> Floats:
    """``V⁽ⁱ⁾`` from the kernel, in the option's own vol and in calendar time."""
    _, vol, time = orders
    raw = getattr(held.greeks, STARTS_FROM[orders])
    # V depends on time through the deviation alone: T^1.5 inside the window falls three times as
    # fast, in proportion, as T^0.5 before it.
    speed = np.where(held.open_frac < 1.0, 3.0, 1.0) if time else 1.0
    return np.asarray(held.vol_scale_frac**vol * speed * raw, dtype=np.float64)
