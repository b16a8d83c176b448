"""The best one can do with an exponential utility, on a grid: slow, and no asymptotics.

One European option and its hedge enter, with what trading costs; leaves the set of hedges that are
best left alone at the start, and where the others are brought to. Nobody trades on this: it is
what the closed forms of `bands` are held against.

Wealth at expiry is counted in dollars of then, so that everything is of the forward F = S·e^{rτ}
and there is no other interest. With V = -E exp(-γ·wealth) the certainty equivalent of what is still
to be paid, g(t, F, y) = log E exp(γ·cost) / γ, does not depend on the cash held: two dimensions and
time. On a binomial tree of F,

    held(y) = log(p·exp(γ(g_up(y) - y·ΔF_up)) + q·exp(γ(g_down(y) - y·ΔF_down))) / γ
    g(y)    = min(held(y), min over y' of held(y') + λF·|y' - y| + c₀)

The inner minimum is one running minimum up the grid of y, and one down. The forward has no drift:
whoever expects one holds something for it, and that is no hedge. The option is settled in cash, and
what is held then is not sold.

A tree looks at the price only at its steps, between which the delta moves on: its band is too
narrow by a part of such a move, so by an amount that goes with the root of the step. Two trees, one
of a quarter of the steps, tell how much, and the band is what they point at.

References
----------
S. Hodges, A. Neuberger (1989), Optimal replication of contingent claims under transaction costs,
Review of Futures Markets 8. M. Davis, V. Panas, T. Zariphopoulou (1993), European option pricing
with transaction costs, SIAM J. Control and Optimization 31 (methods.md section 6).
"""

import math
from typing import Final, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from hedgerow.errors import OutOfDomain

__all__ = ["GridBand", "utility_grid_band"]

_CELLS_COUNT_MAX: Final = 2_000_000_000
_Floats = NDArray[np.float64]


class GridBand(msgspec.Struct, frozen=True, kw_only=True):
    """What is best held against one option: between `low_coin` and `high_coin` nothing is done.

    All are deltas of option and hedge together, the option's by Black and Scholes. A delta below
    `low_coin` is brought to `to_low_coin`, one above `high_coin` to `to_high_coin`; without a cost
    by ticket these are the edges. `step_coin` is how far two hedges of the grid lie apart.
    """

    low_coin: float
    high_coin: float
    to_low_coin: float
    to_high_coin: float
    step_coin: float

    @property
    def halfwidth_coin(self) -> float:
        """Half of what is left alone."""
        return 0.5 * (self.high_coin - self.low_coin)

    @property
    def centre_coin(self) -> float:
        """The middle of what is left alone."""
        return 0.5 * (self.high_coin + self.low_coin)


def utility_grid_band(
    *,
    price_usd: float,
    strike_usd: float,
    vol_frac: float,
    time_years: float,
    is_call: bool,
    quantity_coin: float,
    cost_frac: float,
    risk_aversion_per_usd: float,
    fixed_cost_usd: float = 0.0,
    rate_frac_per_year: float = 0.0,
    steps_count: int = 400,
    hedges_count: int = 400,
) -> GridBand:
    """Solve for what is best held now against so many options, negative where they were sold.

    Parameters
    ----------
    cost_frac
        Cost per traded notional; `fixed_cost_usd` comes on top for every trade.
    steps_count
        Of the larger tree, a multiple of four. The delta must move by much less than the band in
        one step: of the sheet's case 400 steps leave 0.3 % of the width.
    hedges_count
        How many hedges are compared; they span what the option may need and a band on each side.

    Raises
    ------
    OutOfDomain
        If a price, vol, time or risk aversion is not positive, a cost is negative or there is none,
        there are no options, or the grid is too coarse, too large or too narrow for the band.
    """
    positive = (price_usd, strike_usd, vol_frac, time_years, risk_aversion_per_usd)
    given = (*positive, quantity_coin, cost_frac, fixed_cost_usd, rate_frac_per_year)
    if not all(map(math.isfinite, given)) or min(positive) <= 0 or quantity_coin == 0:
        raise OutOfDomain(
            "the grid needs finite numbers, a positive price, strike, vol, time and risk aversion, "
            f"and some options; was {given}"
        )
    _check_grid(cost_frac, fixed_cost_usd, steps_count, hedges_count)
    forward = price_usd * math.exp(rate_frac_per_year * time_years)
    deviation = vol_frac * math.sqrt(time_years)
    d1 = math.log(forward / strike_usd) / deviation + 0.5 * deviation
    delta_call = float(ndtr(d1))
    delta = quantity_coin * (delta_call if is_call else delta_call - 1.0)
    # The greatest gamma an option can have by then, at the money, over the half of its life.
    gamma = math.exp(-0.5 * d1 * d1) / (math.sqrt(2 * math.pi) * forward * deviation)
    square = 2.0 * (gamma * quantity_coin) ** 2 / risk_aversion_per_usd
    room = (1.5 * cost_frac * forward * square) ** (1 / 3) + (12 * fixed_cost_usd * square) ** 0.25
    ends = sorted((0.0, -quantity_coin if is_call else quantity_coin))
    low, high = min(ends[0], -delta - 2.5 * room), max(ends[1], -delta + 2.5 * room)
    hedges = np.linspace(low, high, hedges_count)
    step = float(hedges[1] - hedges[0])
    trees = []
    for steps in (steps_count // 4, steps_count):
        held = _solved(
            hedges, forward, strike_usd, deviation / math.sqrt(steps), steps,
            -quantity_coin, is_call, cost_frac, fixed_cost_usd, risk_aversion_per_usd,
        )  # fmt: skip
        trees.append(_wide_edges(hedges, held, cost_frac * forward, fixed_cost_usd))
    found = _Edges(*(2.0 * fine - coarse for coarse, fine in zip(*trees, strict=True)))
    return GridBand(
        low_coin=found.low_coin + delta,
        to_low_coin=found.to_low_coin + delta,
        to_high_coin=found.to_high_coin + delta,
        high_coin=found.high_coin + delta,
        step_coin=step,
    )


def _check_grid(
    cost_frac: float, fixed_cost_usd: float, steps_count: int, hedges_count: int
) -> None:
    if min(cost_frac, fixed_cost_usd) < 0 or max(cost_frac, fixed_cost_usd) == 0:
        raise OutOfDomain(
            "the grid needs a cost of at least zero, and one above it, were "
            f"{cost_frac} and {fixed_cost_usd}"
        )
    if steps_count < 40 or steps_count % 4 or hedges_count < 20:
        raise OutOfDomain(
            "the grid needs 20 hedges and 40 steps or more, a multiple of four, were "
            f"{hedges_count} and {steps_count}"
        )
    if steps_count * (steps_count + 1) // 2 * hedges_count > _CELLS_COUNT_MAX:
        raise OutOfDomain(f"a grid of {steps_count} steps and {hedges_count} hedges is too large")


def _solved(
    hedges_coin: _Floats,
    forward_usd: float,
    strike_usd: float,
    deviation_log: float,
    steps_count: int,
    owed_coin: float,
    is_call: bool,
    cost_frac: float,
    fixed_cost_usd: float,
    aversion_per_usd: float,
) -> _Floats:
    """Go back through the tree; give what is still to be paid with each first hedge, if held.

    Costs, not worths: what is owed at expiry and every price of trading on the way there are
    counted as paid by us, as `g` and `held` of the module are, and the least is the best.
    """
    up, down = math.exp(deviation_log), math.exp(-deviation_log)
    chance_up = (1.0 - down) / (up - down)
    places = np.arange(steps_count + 1)
    forwards = forward_usd * np.exp(deviation_log * (2 * places - steps_count))
    inside = forwards - strike_usd if is_call else strike_usd - forwards
    owed = np.repeat(owed_coin * np.maximum(inside, 0.0)[:, None], len(hedges_coin), axis=1)
    held = owed[0]
    for step in range(steps_count - 1, -1, -1):
        at = forward_usd * np.exp(deviation_log * (2 * places[: step + 1] - step))[:, None]
        above = owed[1:] - hedges_coin * (at * (up - 1.0))
        below = owed[:-1] - hedges_coin * (at * (down - 1.0))
        # log(p e^{γa} + q e^{γb}) / γ, from b outwards: what both have in common is not rounded.
        gained = np.log1p(chance_up * np.expm1(aversion_per_usd * (above - below)))
        held = below + gained / aversion_per_usd
        if step:
            owed = np.minimum(held, _traded(hedges_coin, held, cost_frac * at) + fixed_cost_usd)
    first: _Floats = held[0]
    return first


def _traded(hedges_coin: _Floats, held_usd: _Floats, cost_usd_per_coin: _Floats | float) -> _Floats:
    """Give the least of ``held(y') + cost·|y' - y|`` for every y, along the last axis.

    `held_usd` is what is still to be paid from y' on, in dollars of expiry, so the least is wanted.
    """
    paid = cost_usd_per_coin * hedges_coin
    bought = np.minimum.accumulate((held_usd + paid)[..., ::-1], axis=-1)[..., ::-1] - paid
    sold = np.minimum.accumulate(held_usd - paid, axis=-1) + paid
    return np.minimum(bought, sold)


class _Edges(NamedTuple):
    """Hedges between which nothing is done, and those that one outside is brought to."""

    low_coin: float
    to_low_coin: float
    to_high_coin: float
    high_coin: float

    @property
    def width_coin(self) -> float:
        return self.high_coin - self.low_coin


def _edges(
    hedges_coin: _Floats, held_usd: _Floats, cost_usd_per_coin: float, fixed_cost_usd: float
) -> _Edges | None:
    """Give the edges, between points of the grid; None where one is beyond it."""
    slope = np.diff(held_usd) / np.diff(hedges_coin)
    middle = 0.5 * (hedges_coin[1:] + hedges_coin[:-1])
    target_low = _crossing(middle, slope + cost_usd_per_coin)
    target_high = _crossing(middle, slope - cost_usd_per_coin)
    if target_low is None or target_high is None:
        return None
    if fixed_cost_usd == 0.0:
        return _Edges(target_low, target_low, target_high, target_high)
    gained = held_usd - _traded(hedges_coin, held_usd, cost_usd_per_coin) - fixed_cost_usd
    is_below, is_above = hedges_coin < target_low, hedges_coin > target_high
    trigger_low = _crossing(hedges_coin[is_below], -gained[is_below])
    trigger_high = _crossing(hedges_coin[is_above], gained[is_above])
    if trigger_low is None or trigger_high is None:
        return None
    return _Edges(trigger_low, target_low, target_high, trigger_high)


def _wide_edges(
    hedges_coin: _Floats, held_usd: _Floats, cost_usd_per_coin: float, fixed_cost_usd: float
) -> _Edges:
    """Give the edges of a band that the grid holds, and can tell apart."""
    edges = _edges(hedges_coin, held_usd, cost_usd_per_coin, fixed_cost_usd)
    if edges is None:
        raise OutOfDomain("the band reaches beyond the hedges compared: a cost or risk so large")
    step = float(hedges_coin[1] - hedges_coin[0])
    if edges.width_coin < 4.0 * step:
        raise OutOfDomain(f"the band is {edges.width_coin:g} wide, and hedges are {step:g} apart")
    return edges


def _crossing(across_coin: _Floats, values: _Floats) -> float | None:
    """Give where values that rise pass zero; None where they do not."""
    if len(values) < 2 or not values[0] < 0.0 < values[-1]:
        return None
    at = int(np.argmax(values > 0.0))
    low, high = float(values[at - 1]), float(values[at])
    step = across_coin[at] - across_coin[at - 1]
    return float(across_coin[at - 1] + step * low / (low - high))
