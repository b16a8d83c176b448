"""A rival of the filtered past: GJR-GARCH(1,1) with Student-t shocks on hourly returns, simulated.

Fitted by maximum likelihood at the start of each year on the four years before it. Given the
parameters, the chance of a breach depends on the variance now and on nothing else, so paths are
simulated once for each of some levels of it and the chances between them interpolated. Within an
hour a Brownian bridge gives the extreme that the closes do not show.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import gammaln

from hedgerow.market import HourBars
from hedgerow.solvency import Isolated, Walked
from hedgerow.units import HOUR_NS

Floats = NDArray[np.float64]

_MEMORY_HOURS = 4 * 365 * 24
_LEVELS_COUNT = 24
_PATHS_COUNT = 4_000
_SEED = 7


class Garch(NamedTuple):
    """``h' = omega + (alpha + gamma [r < 0]) r² + beta h``; shocks t with unit variance."""

    omega: float
    alpha: float
    gamma: float
    beta: float
    freedom: float


@njit(cache=False)
def _variances(returns, omega, alpha, gamma, beta, first):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    out = np.empty(returns.size + 1)
    out[0] = first
    for i in range(returns.size):
        lean = alpha + (gamma if returns[i] < 0.0 else 0.0)
        out[i + 1] = omega + lean * returns[i] ** 2 + beta * out[i]
    return out


@njit(cache=False)
def _extremes(shocks, uniforms, omega, alpha, gamma, beta, start):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """Lowest and highest log price of every path after every hour."""
    paths, hours = shocks.shape
    low, high = np.empty((paths, hours)), np.empty((paths, hours))
    for p in range(paths):
        x, lowest, highest, h = 0.0, 0.0, 0.0, start
        for i in range(hours):
            r = np.sqrt(h) * shocks[p, i]
            reach = np.sqrt(r * r - 2.0 * h * np.log(uniforms[0, p, i]))
            lowest = min(lowest, x + 0.5 * (r - reach))
            reach = np.sqrt(r * r - 2.0 * h * np.log(uniforms[1, p, i]))
            highest = max(highest, x + 0.5 * (r + reach))
            x += r
            lean = alpha + (gamma if r < 0.0 else 0.0)
            h = omega + lean * r * r + beta * h
            low[p, i], high[p, i] = lowest, highest
    return low, high


def fitted(returns: Floats) -> Garch:
    """Fit by maximum likelihood, with a variance target that keeps the level of the sample."""
    level = float(returns.var())

    def model(x: Floats) -> Garch:
        weights = np.exp(x[:3])
        alpha, half_gamma, beta = weights / (1.0 + weights.sum())
        left = 1.0 - alpha - half_gamma - beta
        return Garch(left * level, alpha, 2.0 * half_gamma, beta, 2.05 + np.exp(x[3]))

    def loss(x: Floats) -> float:
        omega, alpha, gamma, beta, nu = model(x)
        h = _variances(returns, omega, alpha, gamma, beta, level)[:-1]
        scale = h * (nu - 2.0)
        terms = -0.5 * np.log(np.pi * scale) - 0.5 * (nu + 1.0) * np.log1p(returns**2 / scale)
        constant = gammaln(0.5 * (nu + 1.0)) - gammaln(0.5 * nu)
        return float(-(terms.mean() + constant))

    start = np.array([np.log(5.0), np.log(1.0), np.log(94.0), np.log(2.0)])
    found = minimize(loss, start, method="Nelder-Mead", options={"xatol": 1e-3, "fatol": 1e-8})
    return model(found.x)


def garch_chances(walked: Walked, bars: HourBars, positions: list[Isolated]) -> Walked:
    """Give the chances of the same hours and positions."""
    close = np.log(bars.price_close_usd)
    # Returns across a hole count as one hour's; there are a dozen in nine years.
    returns, known_ns = np.diff(close), bars.open_ns[1:] + HOUR_NS
    years = walked.start_ns.astype("datetime64[ns]").astype("datetime64[Y]")
    chance = np.empty(walked.happened.shape)
    moves = np.array([each.move_log for each in positions])
    is_fall = np.array([each.side == "fall" for each in positions])
    rng = np.random.default_rng(_SEED)
    shape = (_PATHS_COUNT, walked.horizon_hours)
    for year in np.unique(years):
        begun_ns = int(year.astype("datetime64[ns]").astype(np.int64))
        past = returns[known_ns <= begun_ns][-_MEMORY_HOURS:]
        model = fitted(past)
        variance = _variances(returns, *model[:4], float(past.var()))
        part = years == year
        now = variance[np.searchsorted(known_ns, walked.start_ns[part], side="right")]
        levels = np.geomspace(now.min(), now.max(), _LEVELS_COUNT)
        shocks = rng.standard_t(model.freedom, shape) * np.sqrt(1.0 - 2.0 / model.freedom)
        uniforms = 1.0 - rng.random((2, *shape))
        table = np.empty((_LEVELS_COUNT, moves.size))
        for row, level in zip(table, levels, strict=True):
            low, high = _extremes(shocks, uniforms, *model[:4], level)
            reached = np.where(is_fall, -low[:, -1:], high[:, -1:]) >= moves
            row[:] = (reached.sum(axis=0) + 0.5) / (_PATHS_COUNT + 1.0)
        for column in range(moves.size):
            chance[part, column] = np.interp(np.log(now), np.log(levels), table[:, column])
    return Walked(walked.subject, walked.horizon_hours, walked.start_ns, chance, walked.happened)
