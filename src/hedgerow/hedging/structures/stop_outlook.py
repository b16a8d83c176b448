"""What a stop-loss is likely to do, and what other ways of losing less would have done instead.

A vol, and how far prices go beyond it, draw paths of a price without drift; a rule is then walked
along each, looking now and then, beside doing nothing, a put and selling at once. Every way sees
the same paths. As no price is expected to rise or fall, every way earns its costs less on average:
what differs is how the outcomes are spread.

References
----------
Methods sheet, sections 10 and 16.2. K. Kaminski, A. Lo (2014), When do stop-loss rules stop losses?
J. Financial Markets 18. S. Kou (2002), A jump-diffusion model for option pricing, Management
Science 48.
"""

from math import sqrt
from typing import NamedTuple, TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray

from hedgerow.errors import OutOfDomain
from hedgerow.hedging.structures.checks import check_not_negative, check_positive
from hedgerow.hedging.structures.stops import AT_FRAC, StopRule
from hedgerow.limits import Tails, regime_vols_frac

__all__ = ["LossWay", "StopOutlook", "stop_outlook", "walked_prices_frac"]

Floats: TypeAlias = NDArray[np.float64]

_TAIL_FRAC = 0.05
# Paths times steps: walking them and looking at a stop takes 25 bytes of each at once (measured),
# so 1 GB here and 10 of ten times as many. Of 10,000 paths this is 166 days of hours.
_CELLS_COUNT_MAX = 40_000_000


class LossWay(msgspec.Struct, frozen=True, kw_only=True):
    """One way over all paths: profits are of what is held at the first price, costs taken off.

    `acted_frac` is in how many paths it traded or paid off; `shortfall_frac` the mean profit of the
    worst twentieth, negative where they lose, `worst_frac` that of the worst path, and
    `upside_frac` of the best twentieth; `error_frac` is one deviation of the mean, and
    `quantiles_frac` are the profits below which 0, 1, … 100 per cent of the paths lie.
    """

    name: str
    cost_frac: float
    acted_frac: float
    mean_frac: float
    error_frac: float
    shortfall_frac: float
    worst_frac: float
    upside_frac: float
    quantiles_frac: tuple[float, ...]


class StopOutlook(msgspec.Struct, frozen=True, kw_only=True):
    """How often a stop is met at a look, and how.

    `gap_frac` is how much worse than its level it is left at on average, slippage aside, and
    `gap_stressed_frac` that of the worst twentieth, both of the level; they are zero where no path
    meets it. `beyond_frac` is what is expected to be lost between the level and the fill, slippage
    included: of what is held at first, over all paths, those that never meet it too.
    `regained_frac` is how many of those stopped end above the level again, better left alone.
    """

    hit_frac: float
    hit_error_frac: float
    gap_frac: float
    gap_stressed_frac: float
    beyond_frac: float
    regained_frac: float
    paths_count: int
    ways: tuple[LossWay, ...]


def walked_prices_frac(
    *,
    vol_frac: float,
    tails: Tails | None,
    step_years: float,
    steps_count: int,
    paths_count: int,
    rng: np.random.Generator,
) -> Floats:
    """Draw paths of a price without drift, from 1 on.

    Parameters
    ----------
    tails
        Regimes of the vol, each path in one of them, and jumps; None is one constant vol.

    Returns
    -------
    ndarray, shape (paths, steps + 1), of the first price

    Raises
    ------
    OutOfDomain
        If the vol or a step is not positive, there is no step or path, or there are too many.
    """
    check_positive(vol_frac=vol_frac, step_years=step_years)
    if steps_count < 1 or paths_count < 1 or steps_count * paths_count > _CELLS_COUNT_MAX:
        raise OutOfDomain(
            f"{paths_count} paths of {steps_count} steps: one of each or more, and at most "
            f"{_CELLS_COUNT_MAX:,} together"
        )
    shape = (paths_count, steps_count)
    log_steps = rng.standard_normal(shape)
    if tails is None:
        log_steps *= vol_frac * sqrt(step_years)
        log_steps -= 0.5 * vol_frac**2 * step_years
    else:
        # Regimes are equally likely, and every path keeps to its own.
        vols = regime_vols_frac(tails, vol_frac)
        own = vols[np.arange(paths_count) % len(vols)][:, None]
        loading = tails.loading_frac(vol_frac)
        growth = tails.jumps_count_per_year * tails.jumps.growth_frac(loading)
        log_steps *= own * sqrt(step_years)
        log_steps -= (growth + 0.5 * own**2) * step_years
        jumped = rng.poisson(tails.jumps_count_per_year * step_years, shape)
        for place in zip(*np.nonzero(jumped), strict=True):
            for _ in range(int(jumped[place])):
                is_up = rng.random() < tails.up_frac
                size = tails.size_up_log if is_up else -tails.size_down_log
                log_steps[place] += loading * size * rng.standard_exponential()
    prices = np.ones((paths_count, steps_count + 1))
    np.exp(np.cumsum(log_steps, axis=1, out=log_steps), out=prices[:, 1:])
    return prices


def stop_outlook(
    prices_frac: Floats,
    rule: StopRule,
    *,
    slippage_frac: float,
    cost_frac: float,
    put_cost_frac: float | None,
) -> StopOutlook:
    """Walk a stop along paths, beside doing nothing, a put at its level, and selling at once.

    Parameters
    ----------
    prices_frac
        Shape (paths, looks), the first look being the entry.
    rule
        One that does not come back.
    slippage_frac, cost_frac
        Of what is traded, beyond the price seen: how far the order runs, and fee with half a
        spread. Selling at once pays the cost alone.
    put_cost_frac
        What a put (for a short, a call) at the stop's level until the last look costs, of what is
        held; None for what it pays on average over these paths.

    Raises
    ------
    OutOfDomain
        If there are no paths or looks, a price is not positive and finite, the rule comes back,
        or a cost is negative.
    """
    check_not_negative(slippage_frac=slippage_frac, cost_frac=cost_frac)
    prices = np.asarray(prices_frac, dtype=np.float64)
    if prices.ndim != 2 or prices.shape[0] < 2 or prices.shape[1] < 2:
        raise OutOfDomain(f"two paths and two looks or more, were {prices.shape}")
    if not ((prices > 0.0) & np.isfinite(prices)).all():
        raise OutOfDomain("prices must be positive and finite")
    if rule.return_frac is not None:
        raise OutOfDomain("a rule that comes back is walked by `stopped`, one path at a time")
    sign = -1.0 if rule.is_short else 1.0
    first, last = prices[:, 0], prices[:, -1]
    hit, seen, level = _met(prices, rule)
    left = seen * (1.0 - sign * (slippage_frac + cost_frac))
    held = sign * (last - first) / first
    stopped = np.where(hit, sign * (left - first) / first, held)
    floor = 1.0 - sign * rule.loss_frac
    paid = np.maximum(sign * (floor - last / first), 0.0)
    fair = float(paid.mean())
    put = fair if put_cost_frac is None else put_cost_frac
    check_not_negative(put_cost_frac=put)
    gap = sign * (level - seen)[hit] / level[hit]
    filled = seen * (1.0 - sign * slippage_frac)
    beyond = np.where(hit, sign * (level - filled) / first, 0.0)
    error = float(np.std(hit)) / sqrt(len(prices))
    return StopOutlook(
        hit_frac=float(hit.mean()),
        hit_error_frac=error,
        gap_frac=float(gap.mean()) if len(gap) else 0.0,
        gap_stressed_frac=_worst(-gap, is_low=True) * -1.0 if len(gap) else 0.0,
        beyond_frac=float(beyond.mean()),
        regained_frac=float((sign * (last - level)[hit] > 0.0).mean()) if len(gap) else 0.0,
        paths_count=len(prices),
        ways=(
            _way("do nothing", held, 0.0, 0.0),
            _way("stop-loss", stopped, 0.0, float(hit.mean())),
            _way("option at its level", held + paid - put, put,
                 float((paid > 0.0).mean())),
            _way("close at once", np.full(len(prices), -cost_frac), cost_frac, 1.0),
        ),
    )  # fmt: skip


class _Met(NamedTuple):
    """Of every path whether the stop is met, the price seen first beyond it, and its level then."""

    is_met: NDArray[np.bool_]
    seen_frac: Floats
    level_frac: Floats


def _met(prices_frac: Floats, rule: StopRule) -> _Met:
    sign = -1.0 if rule.is_short else 1.0
    reference = prices_frac[:, :1]
    if rule.is_trailing:
        best = np.minimum.accumulate if rule.is_short else np.maximum.accumulate
        reference = best(prices_frac, axis=1)
    # As `stop_step` has it: worse than the reference by the loss, or at it but for the last bit.
    is_met = sign * (prices_frac / reference - 1.0) <= -rule.loss_frac + AT_FRAC
    at = np.argmax(is_met, axis=1)
    rows = np.arange(len(prices_frac))
    there = np.broadcast_to(reference, prices_frac.shape)[rows, at]
    return _Met(
        is_met=np.any(is_met, axis=1),
        seen_frac=prices_frac[rows, at],
        level_frac=there * (1.0 - sign * rule.loss_frac),
    )


def _way(name: str, profit_frac: Floats, cost_frac: float, acted_frac: float) -> LossWay:
    return LossWay(
        name=name,
        cost_frac=cost_frac,
        acted_frac=acted_frac,
        mean_frac=float(profit_frac.mean()),
        error_frac=float(np.std(profit_frac)) / sqrt(len(profit_frac)),
        shortfall_frac=_worst(profit_frac, is_low=True),
        worst_frac=float(profit_frac.min()),
        upside_frac=_worst(profit_frac, is_low=False),
        quantiles_frac=tuple(np.quantile(profit_frac, np.linspace(0.0, 1.0, 101)).tolist()),
    )


def _worst(values: Floats, *, is_low: bool) -> float:
    """Give the mean of the lowest twentieth, or of the highest."""
    count = max(1, round(_TAIL_FRAC * len(values)))
    ordered = np.sort(values)
    return float((ordered[:count] if is_low else ordered[-count:]).mean())
