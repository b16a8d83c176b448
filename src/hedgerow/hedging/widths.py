"""The widths of bands as columns: one formula for a single book and for every step of many paths.

Nothing is checked here; `bands` and `band_policies` do. A band is told by its trigger h and by the
gap h - a to where a trade leads. The gap and not the target: where the fixed cost is small, a and h
agree in all their digits, and the cost of a trade is one over their difference.
"""

from typing import Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hedgerow.hedging.band_records import BandInputs, BandKind

__all__ = [
    "Paid",
    "combined_widths",
    "interval_years",
    "paid",
    "paid_at_times",
    "widths",
    "zakamouline_widths",
]

Floats: TypeAlias = NDArray[np.float64]
_STEPS_MAX: Final = 60  # ten do, unless the logit is in the hundreds
# Of a logit: Newton's step is then a few last bits, and no further one is smaller.
_CLOSE: Final = 1e-15
# The first four moments of how far a walk of normal steps of size one is found beyond a place: one
# that is far from where it began, and the very place (Siegmund 1985, Sequential Analysis, X; the
# third and fourth of the former drawn, to a per cent).
_OVERSHOOT_FAR: Final = (0.5826, 0.5894, 0.800, 1.32)
_OVERSHOOT_NEAR: Final = (0.7071, 0.8239, 1.250, 2.263)
# A time is looked for in its log: exp(350) squared is still a float, and 80 halvings of twice that
# leave nothing of a float's last bit.
_LOG_YEARS_MAX: Final = 350.0
_HALVINGS: Final = 80


class Paid(NamedTuple):
    """What a policy costs a year, and the mean square of the delta that it leaves open."""

    cost_usd_per_year: float
    square_coin2: float


def widths(
    kind: BandKind,
    inputs: BandInputs,
    aversion_per_usd: float,
    *,
    price_usd: ArrayLike,
    gamma_coin_per_usd: ArrayLike,
    time_years: ArrayLike,
) -> tuple[Floats, Floats]:
    """Give trigger and gap of a policy that has a band; columns take the place of the inputs'."""
    price, gamma = np.asarray(price_usd, float), np.abs(np.asarray(gamma_coin_per_usd, float))
    years = np.asarray(time_years, float)
    discount = np.exp(-inputs.rate_frac_per_year * years)
    if kind == "fixed":
        trigger, gap = np.zeros_like(price * gamma), np.zeros_like(price * gamma)
    elif kind == "zakamouline":
        h0, h1, _ = zakamouline_widths(
            cost_frac=inputs.cost_frac,
            price_usd=price,
            gamma_coin_per_usd=gamma,
            aversion_per_usd=aversion_per_usd,
            vol_frac=inputs.vol_frac,
            time_years=years,
            discount_frac=discount,
        )
        # H0 knows no gamma; where there is none nothing moves a delta off its target.
        trigger = np.where(gamma > 0.0, h0 + h1, 0.0)
        gap = np.zeros_like(trigger)
    else:
        trigger, gap = combined_widths(
            fixed_cost_usd=0.0 if kind == "whalley-wilmott" else inputs.fixed_cost_usd,
            cost_frac=0.0 if kind == "fixed-cost" else inputs.cost_frac,
            price_usd=price,
            gamma_coin_per_usd=gamma,
            aversion_per_usd=aversion_per_usd / discount,
        )
    wide = np.maximum(trigger, inputs.halfwidth_min_coin)
    return wide, wide if kind == "fixed-cost" else gap


def combined_widths(
    *,
    fixed_cost_usd: float,
    cost_frac: float,
    price_usd: ArrayLike,
    gamma_coin_per_usd: ArrayLike,
    aversion_per_usd: ArrayLike,
) -> tuple[Floats, Floats]:
    """Solve ``(h + a)(h - a)³ = A`` and ``4 a h (h + a) = B`` for h and h - a.

    With a = ρh, A³/B⁴ is (1 - ρ)⁹ / (256 ρ⁴ (1 + ρ)), which falls from anything to nothing as ρ
    goes from 0 to 1: one root, found in the logit of ρ.
    """
    square = 12.0 * np.asarray(gamma_coin_per_usd, float) ** 2 / np.asarray(aversion_per_usd, float)
    fixed = fixed_cost_usd * square
    moving = cost_frac * np.asarray(price_usd, float) * square
    fixed, moving = np.broadcast_arrays(fixed, moving)
    both = (fixed > 0.0) & (moving > 0.0)
    trigger = np.where(moving > 0.0, (moving / 8.0) ** (1.0 / 3.0), fixed**0.25)
    gap = np.where(moving > 0.0, 0.0, trigger)
    if not both.any():
        return trigger, gap
    log_fixed, log_moving = np.log(fixed[both]), np.log(moving[both])
    wanted = 3.0 * log_fixed - 4.0 * log_moving + np.log(256.0)
    # Falling and bent downwards, with slopes from -4 to -9.5: from anywhere Newton's second step is
    # on the side from which all others go straight to the root.
    logit = -wanted / 6.5
    for _ in range(_STEPS_MAX):
        inner, outer = -np.logaddexp(0.0, -logit), -np.logaddexp(0.0, logit)  # ln ρ, ln(1 - ρ)
        share = np.exp(inner)
        over = 9.0 * outer - 4.0 * inner - np.log1p(share) - wanted
        step = over / (4.0 + 5.0 * share + share * (1.0 - share) / (1.0 + share))
        logit = logit + step
        if (np.abs(step) <= _CLOSE * (1.0 + np.abs(logit))).all():
            break
    inner, outer = -np.logaddexp(0.0, -logit), -np.logaddexp(0.0, logit)
    shared = np.log1p(np.exp(inner))
    # Of the two equations the one that does not hang on a difference.
    log_trigger = np.where(
        logit > 0.0,
        (log_moving - np.log(4.0) - inner - shared) / 3.0,
        (log_fixed - shared - 3.0 * outer) / 4.0,
    )
    trigger, gap = trigger.copy(), gap.copy()
    trigger[both] = np.exp(log_trigger)
    gap[both] = np.exp(log_trigger + outer)
    return trigger, gap


def zakamouline_widths(
    *,
    cost_frac: float,
    price_usd: ArrayLike,
    gamma_coin_per_usd: ArrayLike,
    aversion_per_usd: float,
    vol_frac: float,
    time_years: ArrayLike,
    discount_frac: ArrayLike,
) -> tuple[Floats, Floats, Floats]:
    """Give H0, H1 and K, of the size of gamma."""
    s, gamma = np.asarray(price_usd, float), np.asarray(gamma_coin_per_usd, float)
    t = np.asarray(time_years, float)
    root = (np.asarray(discount_frac, float) / vol_frac) ** 0.25
    h0 = cost_frac / (aversion_per_usd * s * vol_frac**2 * t)
    h1 = 1.12 * cost_frac**0.31 * t**0.05 * root * (gamma / aversion_per_usd) ** 0.5
    k = -4.76 * cost_frac**0.78 * t**-0.02 * root * (aversion_per_usd * s**2 * gamma) ** 0.15
    return h0, h1, k


def interval_years(inputs: BandInputs, aversion_per_usd: float) -> float:
    """Give the time between two hedges at which their cost and the risk between them are least.

    ``κ/√t + c₀/t + m t``, with κ = λS √(2v/π) and m = γσ²S²v/4: the mean of a normal's size is
    √(2/π), and the delta left open has variance v t/2 on average. Infinite without gamma.
    """
    price, gamma = inputs.price_usd, inputs.gamma_wide_coin_per_usd
    variance = (gamma * inputs.vol_frac * price) ** 2
    aversion = aversion_per_usd * np.exp(inputs.rate_frac_per_year * (inputs.time_years or 0.0))
    slope = 0.25 * aversion * (inputs.vol_frac * price) ** 2 * variance
    moving = inputs.cost_frac * price * np.sqrt(2.0 * variance / np.pi)
    if slope == 0.0:
        return float("inf")
    low, high = -_LOG_YEARS_MAX, _LOG_YEARS_MAX
    for _ in range(_HALVINGS):
        middle = 0.5 * (low + high)
        t = np.exp(middle)
        if slope * t * t > 0.5 * moving * np.sqrt(t) + inputs.fixed_cost_usd:
            high = middle
        else:
            low = middle
    return float(np.exp(0.5 * (low + high)))


def paid(inputs: BandInputs, trigger_coin: float, gap_coin: float) -> Paid:
    """Give the cost of a band and the square it leaves open, trades being whole lots.

    A trade is cut down to lots, so one that would be less than a lot waits until it is one. Looked
    at every so often, a delta is found beyond its trigger t by an overshoot. From a until it is
    found at X, a walk of steps s takes ``(E X² - a²) / s²`` looks (Wald), and the mean square
    meanwhile is ``(E X⁴ - a⁴) / 6(E X² - a²)``, between two looks included. Looked at all the time
    there is no overshoot. The cost is infinite where ever smaller trades each have a fixed one.
    """
    gap = max(gap_coin, inputs.lot_coin)
    trigger = trigger_coin - gap_coin + gap
    inner = trigger - gap
    variance = _variance(inputs)
    unit, fixed = inputs.cost_frac * inputs.price_usd, inputs.fixed_cost_usd
    step2 = variance * inputs.look_years
    if step2 == 0.0:
        cost = _paid_watched(inputs, trigger, gap)
        return Paid(cost, (trigger**2 + inner**2) / 6.0)
    step = step2**0.5
    near = float(np.exp(-2.0 * gap / step))
    o1, o2, o3, o4 = (
        step**power * (far + near * (at - far))
        for power, far, at in zip((1, 2, 3, 4), _OVERSHOOT_FAR, _OVERSHOOT_NEAR, strict=True)
    )
    square = gap * (trigger + inner) + 2.0 * trigger * o1 + o2
    fourth = gap * (trigger + inner) * (trigger**2 + inner**2)
    fourth += 4.0 * trigger**3 * o1 + 6.0 * trigger**2 * o2 + 4.0 * trigger * o3 + o4
    # One trade a look at most, of what a look can bring.
    moved = min((gap + o1) / square, (2.0 / np.pi) ** 0.5 / step)
    trades = min(1.0 / square, 1.0 / step2)
    return Paid(variance * (unit * moved + fixed * trades), max(fourth / square / 6.0, step2 / 2.0))


def _variance(inputs: BandInputs) -> float:
    """Give the variance of the delta, in square coins a year."""
    return (inputs.gamma_wide_coin_per_usd * inputs.vol_frac * inputs.price_usd) ** 2


def _paid_watched(inputs: BandInputs, trigger_coin: float, gap_coin: float) -> float:
    """Give the cost of a band that is looked at all the time."""
    variance, fixed = _variance(inputs), inputs.fixed_cost_usd
    unit = inputs.cost_frac * inputs.price_usd
    if variance == 0.0 or unit + fixed == 0.0:
        return 0.0
    across = 2.0 * trigger_coin - gap_coin
    if across == 0.0 or (fixed > 0.0 and gap_coin == 0.0):
        return float("inf")
    per_coin = unit + (fixed / gap_coin if fixed else 0.0)
    return variance * per_coin / across


def paid_at_times(inputs: BandInputs, years: float) -> Paid:
    """The same for hedges at fixed times."""
    variance = _variance(inputs)
    if variance == 0.0:
        return Paid(inputs.fixed_cost_usd / years, 0.0)
    moving = inputs.cost_frac * inputs.price_usd * np.sqrt(2.0 * variance / np.pi)
    cost = moving / np.sqrt(years) + inputs.fixed_cost_usd / years
    return Paid(float(cost), 0.5 * variance * years)
