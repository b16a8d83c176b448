"""The risk aversion that a budget allows: nobody has to name one.

What enters is a policy, its inputs and a budget: basis points of the notional a day, or an expected
shortfall. What leaves is the absolute risk aversion, per dollar: of a cost the largest that keeps
to it, the narrowest band that can be afforded; of a shortfall the smallest, the cheapest band that
keeps to it. It is measured by the policy's closed cost rates, or on paths that are given.

By the closed forms the loss over the horizon is taken for normal, with the mean of the costs and
the mean square of the delta left open: right where the delta crosses its band many times meanwhile,
too small a tail where it does not. Paths say it without that.
"""

import math
from collections.abc import Callable
from typing import Final

from scipy.optimize import minimize_scalar
from scipy.stats import norm

from hedgerow.errors import Failure, Outcome, OutOfDomain
from hedgerow.hedging.band_paths import BandPaths, band_on_paths
from hedgerow.hedging.band_policies import DAYS_PER_YEAR, needs_risk_aversion, paid_by
from hedgerow.hedging.band_records import BandInputs, BandKind, HedgeBudget

__all__ = ["risk_aversion_for_budget"]

# Of the notional: one billionth averts nothing that anybody hedges, a billion averts everything.
_LOG_AVERSION_MAX: Final = 9.0 * math.log(10.0)
_PLACES_COUNT: Final = 181  # ten to a factor of ten
_HALVINGS: Final = 60
_NEAR_FRAC: Final = 1e-3
# Days that paths may differ by from a horizon, over it: far above the last bits of a product of
# steps, and 3 s of a month, less than any step.
_SPAN_FRAC: Final = 1e-6
# How near to the least shortfall its place is sought, as a log of risk aversion. It is flat there,
# and no place is told better than some 1e-8: from 1e-3 to 1e-12 the tests see no difference.
_LEAST_AVERSION_LOG: Final = 1e-9


def risk_aversion_for_budget(
    kind: BandKind, inputs: BandInputs, budget: HedgeBudget, paths: BandPaths | None = None
) -> Outcome[float]:
    """Find the absolute risk aversion with which a policy keeps to a budget.

    Parameters
    ----------
    paths
        Measure on these; without them by the policy's cost rates. A shortfall is then over their
        own length, which must be the budget's horizon.

    Returns
    -------
    float or Failure
        A failure where no risk aversion keeps to the budget, or the policy has no cost that is
        known. Where even the narrowest band keeps to a cost, the least that is as dear, to a
        thousandth.

    Raises
    ------
    OutOfDomain
        If the policy follows from no risk aversion, or the paths are not as long as the horizon.
    """
    if not needs_risk_aversion(kind, inputs):
        raise OutOfDomain(f"{kind} follows from no risk aversion: its width or times were given")
    if paths is not None and budget.shortfall_usd is not None:
        span_days = paths.span_years * DAYS_PER_YEAR
        if not math.isclose(span_days, budget.horizon_days, rel_tol=_SPAN_FRAC):
            raise OutOfDomain(
                f"the paths are {span_days:g} days long, the horizon {budget.horizon_days:g}"
            )
    trouble = paid_by(kind, inputs, 1.0 / inputs.notional_usd)
    if isinstance(trouble, Failure):
        return trouble

    def aversion(log: float) -> float:
        return math.exp(log) / inputs.notional_usd

    def measured(log: float) -> float:
        return _measured(kind, inputs, aversion(log), budget, paths)

    if budget.cost_bps_per_day is not None:
        return _of_cost(kind, budget.cost_bps_per_day, measured, aversion)
    assert budget.shortfall_usd is not None, "a budget has one of the two"
    return _of_shortfall(kind, budget.shortfall_usd, measured, aversion)


def _measured(
    kind: BandKind,
    inputs: BandInputs,
    risk_aversion_per_usd: float,
    budget: HedgeBudget,
    paths: BandPaths | None,
) -> float:
    """Give the cost in basis points a day, or the shortfall in dollars, as the budget asks."""
    if paths is not None:
        found = band_on_paths(kind, inputs, risk_aversion_per_usd, paths)
        if budget.cost_bps_per_day is None:
            return found.shortfall_usd(budget.level_frac)
        days = paths.span_years * DAYS_PER_YEAR
        return float(found.cost_usd.mean()) / days / inputs.notional_usd * 1e4
    paid = paid_by(kind, inputs, risk_aversion_per_usd)
    assert not isinstance(paid, Failure), "asked before"
    cost_usd = paid.cost_usd_per_year / DAYS_PER_YEAR
    if budget.cost_bps_per_day is not None:
        return cost_usd / inputs.notional_usd * 1e4
    moved = inputs.price_usd * inputs.vol_frac
    days = budget.horizon_days
    deviation = moved * math.sqrt(paid.square_coin2 * days / DAYS_PER_YEAR)
    tail = float(norm.pdf(norm.ppf(budget.level_frac))) / (1.0 - budget.level_frac)
    return cost_usd * days + tail * deviation


def _of_cost(
    kind: BandKind,
    budget_bps_per_day: float,
    measured: Callable[[float], float],
    aversion: Callable[[float], float],
) -> Outcome[float]:
    low, high = -_LOG_AVERSION_MAX, _LOG_AVERSION_MAX
    dearest = measured(high)
    if dearest <= budget_bps_per_day:
        # The narrowest can be afforded. Beyond where it is as narrow as looks, lots and the least
        # width let it be, a risk aversion says nothing of costs, and would misplace a centre.
        dear = (1.0 - _NEAR_FRAC) * dearest
        if measured(low) >= dear:
            return aversion(low)
        least = _halved(high, low, lambda log: measured(log) >= dear)
        return aversion(least if measured(least) <= budget_bps_per_day else high)
    least = measured(low)
    if not least <= budget_bps_per_day:
        return Failure(
            subject=kind,
            reason="unsupported",
            message=f"even the widest band costs {least:.3g} bp of the notional a day, more than "
            f"the budget of {budget_bps_per_day:g}",
        )
    return aversion(_halved(low, high, lambda log: measured(log) <= budget_bps_per_day))


def _of_shortfall(
    kind: BandKind,
    budget_usd: float,
    measured: Callable[[float], float],
    aversion: Callable[[float], float],
) -> Outcome[float]:
    """Take the first that keeps to it: beyond it the risk goes on falling, the cost rises."""
    step = 2.0 * _LOG_AVERSION_MAX / (_PLACES_COUNT - 1)
    places = [-_LOG_AVERSION_MAX + step * n for n in range(_PLACES_COUNT)]
    found = [measured(log) for log in places]
    at = next((n for n, each in enumerate(found) if each <= budget_usd), None)
    if at is None:
        # The least lies between two places, perhaps below all of them.
        best = min(range(_PLACES_COUNT), key=found.__getitem__)
        near = (places[max(best - 1, 0)], places[min(best + 1, _PLACES_COUNT - 1)])
        least = minimize_scalar(
            measured, bounds=near, method="bounded", options={"xatol": _LEAST_AVERSION_LOG}
        )
        if not least.fun <= budget_usd:
            return Failure(
                subject=kind,
                reason="unsupported",
                message=f"no band brings the shortfall below {least.fun:,.2f} USD, more than the "
                f"budget of {budget_usd:g}",
            )
        low, high = near[0], float(least.x)
    elif at == 0:
        return aversion(places[0])
    else:
        low, high = places[at - 1], places[at]
    return aversion(_halved(high, low, lambda log: measured(log) <= budget_usd))


def _halved(kept_log: float, broken_log: float, keeps: Callable[[float], bool]) -> float:
    """Give the last place, from one that keeps to the budget towards one that does not."""
    for _ in range(_HALVINGS):
        middle_log = 0.5 * (kept_log + broken_log)
        if keeps(middle_log):
            kept_log = middle_log
        else:
            broken_log = middle_log
    return kept_log
