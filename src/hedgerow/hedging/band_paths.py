"""What a policy would have cost on given paths, looked at step by step.

Prices enter with the book's delta and gamma beside them, path by path, and a policy; leaves what
its trades cost and what the delta left open gained or lost, of each path. A perfect hedge that
costs nothing is the zero from which both are counted, so what the book itself earns (gamma against
theta) plays no part. Nothing is drawn here.
"""

import math
from dataclasses import dataclass, fields
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from hedgerow.errors import OutOfDomain
from hedgerow.hedging.band_policies import needs_risk_aversion, vol_factor_frac
from hedgerow.hedging.band_records import BandInputs, BandKind
from hedgerow.hedging.widths import interval_years, widths

__all__ = ["BandPaths", "PathCosts", "band_on_paths"]

Floats: TypeAlias = NDArray[np.float64]
Whole: TypeAlias = NDArray[np.int64]

# Of a time between hedges: a step that falls on one may be a last bit short of it, 1e-12 after
# thousands of them, and no step is so small.
_LAST_BITS_COUNT = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class BandPaths:
    """Paths of one coin's price, and what the book without its hedge is on each: paths by steps.

    Attributes
    ----------
    price_usd
        Shape (paths, steps), the first column being now.
    delta_coin, gamma_coin_per_usd
        Of the book, there and then.
    step_years
        Between two columns.
    vanna_coin_per_vol
        How the delta moves with the vol, for policies that hold the delta at another one (to first
        order). None: they hold the displayed one.
    """

    price_usd: Floats
    delta_coin: Floats
    gamma_coin_per_usd: Floats
    step_years: float
    vanna_coin_per_vol: Floats | None = None

    def __post_init__(self) -> None:
        shape = self.price_usd.shape
        if len(shape) != 2 or shape[0] < 1 or shape[1] < 2:
            raise OutOfDomain(f"paths need rows of two steps or more, were of shape {shape}")
        for each in fields(self):
            column = getattr(self, each.name)
            if isinstance(column, np.ndarray) and (
                column.shape != shape or not np.isfinite(column).all()
            ):
                raise OutOfDomain(f"{each.name} must be finite and of shape {shape}")
        if not (self.price_usd > 0).all() or not 0 < self.step_years < math.inf:
            raise OutOfDomain("prices and the time between two steps must be positive")

    @property
    def span_years(self) -> float:
        """From the first step to the last."""
        return float(self.step_years * (self.price_usd.shape[1] - 1))


@dataclass(frozen=True, slots=True, eq=False)
class PathCosts:
    """One number a path: what was paid, what it all came to (cost taken off), how many trades."""

    cost_usd: Floats
    profit_usd: Floats
    trades_count: Whole

    def shortfall_usd(self, level_frac: float) -> float:
        """Give the mean loss of the worst paths, those beyond a level, one at least."""
        count = max(1, math.ceil(round((1.0 - level_frac) * len(self.profit_usd), 9)))
        return float(-np.sort(self.profit_usd)[:count].mean())


def band_on_paths(
    kind: BandKind, inputs: BandInputs, risk_aversion_per_usd: float | None, paths: BandPaths
) -> PathCosts:
    """Follow a policy: at every step the delta is looked at, and traded back where it is outside.

    Each path starts on its centre. Gamma at each step is the paths' own, not below the inputs'
    floor; the time to expiry runs down from the inputs'.

    Raises
    ------
    OutOfDomain
        If the policy needs a risk aversion that is not given, or has no width or vol on the way.
    """
    if needs_risk_aversion(kind, inputs) and not 0.0 < (risk_aversion_per_usd or 0.0) < math.inf:
        raise OutOfDomain(f"{kind} needs a positive risk aversion, was {risk_aversion_per_usd}")
    aversion = risk_aversion_per_usd or 1.0
    years = inputs.time_years or 0.0
    if kind == "zakamouline" and years <= paths.span_years - paths.step_years:
        raise OutOfDomain("zakamouline needs a time to expiry beyond the paths' end")
    times = None
    if kind == "leland":
        times = inputs.interval_years or interval_years(inputs, aversion)
    shift = _shifts(kind, inputs, risk_aversion_per_usd, times, paths)
    count, steps = paths.price_usd.shape
    # The hedge is not kept: only how far book and hedge together are off the centre.
    off = np.zeros(count)
    cost, profit = np.zeros(count), np.zeros(count)
    trades = np.zeros(count, dtype=np.int64)
    for step in range(steps - 1):
        price = paths.price_usd[:, step]
        if step:
            change = paths.delta_coin[:, step] - paths.delta_coin[:, step - 1]
            off = off + change - (shift[:, step] - shift[:, step - 1])
            if times is not None:
                is_time = _beats(step, paths.step_years, times)
                target = np.zeros(count) if is_time else off
            else:
                trigger, gap = widths(
                    kind,
                    inputs,
                    aversion,
                    price_usd=price,
                    gamma_coin_per_usd=np.maximum(
                        np.abs(paths.gamma_coin_per_usd[:, step]), inputs.gamma_floor_coin_per_usd
                    ),
                    time_years=max(years - step * paths.step_years, 0.0),
                )
                target = np.where(np.abs(off) > trigger, np.sign(off) * (trigger - gap), off)
            traded = np.abs(target - off)
            is_traded = (traded > 0.0) & (traded >= inputs.lot_coin)
            paid = is_traded * (inputs.fixed_cost_usd + inputs.cost_frac * price * traded)
            cost, trades = cost + paid, trades + is_traded
            profit = profit - paid
            off = np.where(is_traded, target, off)
        profit = profit + (off + shift[:, step]) * (paths.price_usd[:, step + 1] - price)
    return PathCosts(cost, profit, trades)


def _beats(step_index: int, step_years: float, times_years: float) -> bool:
    """Say whether a time to hedge has come since the step before."""
    now, before = step_index * step_years / times_years, (step_index - 1) * step_years / times_years
    return math.floor(now + _LAST_BITS_COUNT) > math.floor(before + _LAST_BITS_COUNT)


def _shifts(
    kind: BandKind,
    inputs: BandInputs,
    risk_aversion_per_usd: float | None,
    times_years: float | None,
    paths: BandPaths,
) -> Floats:
    """Give how far the displayed delta is to be off, to first order in the change of vol."""
    if kind not in ("zakamouline", "leland") or paths.vanna_coin_per_vol is None:
        return np.zeros_like(paths.price_usd)
    factor = vol_factor_frac(kind, inputs, risk_aversion_per_usd, times_years)
    shifts: Floats = -paths.vanna_coin_per_vol * inputs.vol_frac * (factor - 1.0)
    return shifts
