"""Every policy as a `Band`, from one record of inputs.

What enters is a `BandInputs` and a risk aversion, which `risk_aversion_for_budget` finds from what
hedging may cost; for the two policies that hold another delta than the one displayed, also a
function that says what the delta would be at other vols. What leaves is a `Band`: where it ends, to
where a delta outside is brought, what that costs a day. A policy that has no answer (no expiry, a
fit that does not reach so far) is a `Failure`, and so is a delta that is not known. A book without
gamma needs no more than the least width in any policy, and no times.

================  ============================  ======================  ===================
policy            width                         brought back to         centre at
================  ============================  ======================  ===================
fixed             as given                      the nearest edge        the target
whalley-wilmott   (3λSe^{-rτ}Γ²/2γ)^{1/3}       the nearest edge        the target
zakamouline       H0 + H1                       the nearest edge        the delta at σ_m
leland            none: at fixed times          the centre              the delta at σ_L
fixed-cost        (12c₀e^{-rτ}Γ²/γ)^{1/4}       the centre              the target
combined-cost     least of both costs and risk  inside, nearer an edge  the target
================  ============================  ======================  ===================
"""

import math
from collections.abc import Callable
from typing import Final, TypeAlias

from hedgerow.errors import Failure, Outcome, OutOfDomain
from hedgerow.hedging.band_records import Band, BandInputs, BandKind, Rebalance
from hedgerow.hedging.bands import leland_vol_frac, zakamouline
from hedgerow.hedging.widths import Paid, interval_years, paid, paid_at_times, widths

__all__ = ["DAYS_PER_YEAR", "DeltaAt", "band", "needs_risk_aversion", "paid_by", "vol_factor_frac"]

DAYS_PER_YEAR: Final = 365.0
# The delta of the book and its hedge, in coin, with every vol multiplied by a factor.
DeltaAt: TypeAlias = Callable[[float], Outcome[float]]
_REBALANCE: Final[dict[BandKind, Rebalance]] = {
    "fixed": "edge",
    "whalley-wilmott": "edge",
    "zakamouline": "edge",
    "leland": "centre_at_times",
    "fixed-cost": "centre",
    "combined-cost": "inner",
}


def needs_risk_aversion(kind: BandKind, inputs: BandInputs) -> bool:
    """Say whether a policy follows from a risk aversion; otherwise its width or times are given."""
    return kind != "fixed" and not (kind == "leland" and inputs.interval_years is not None)


def band(
    kind: BandKind,
    inputs: BandInputs,
    risk_aversion_per_usd: float | None,
    delta_at: DeltaAt | None = None,
) -> Outcome[Band]:
    """Give one policy's band.

    Parameters
    ----------
    risk_aversion_per_usd
        Absolute. None where the policy needs none.
    delta_at
        Asked by the policies whose centre is the delta at another vol. Without one their centre is
        the target, and they fail if that is not so.

    Returns
    -------
    Band or Failure

    Raises
    ------
    OutOfDomain
        If the risk aversion is not positive, or lacking where it is needed.
    """
    if not needs_risk_aversion(kind, inputs):
        risk_aversion_per_usd = None
    elif risk_aversion_per_usd is None or not 0.0 < risk_aversion_per_usd < math.inf:
        raise OutOfDomain(f"{kind} needs a positive risk aversion, was {risk_aversion_per_usd}")
    trouble = _no_answer(kind, inputs)
    if trouble is not None:
        return trouble
    times = _times(kind, inputs, risk_aversion_per_usd)
    try:
        factor = vol_factor_frac(kind, inputs, risk_aversion_per_usd, times)
    except OutOfDomain as bad:
        return _unsupported(kind, str(bad))
    shift = _shift(kind, factor, delta_at)
    if isinstance(shift, Failure):
        return shift
    centre = inputs.target_coin + shift
    trigger, gap = 0.0, 0.0
    if times is None:
        trigger, gap = _widths(kind, inputs, risk_aversion_per_usd)
        cost, square = paid(inputs, trigger, gap)
    else:
        cost, square = paid_at_times(inputs, times)
    cost_usd = cost / DAYS_PER_YEAR
    deviation = inputs.price_usd * inputs.vol_frac * math.sqrt(square / DAYS_PER_YEAR)
    return Band(
        kind=kind,
        rebalance="edge" if kind == "leland" and times is None else _REBALANCE[kind],
        low_coin=centre - trigger,
        centre_coin=centre,
        high_coin=centre + trigger,
        to_low_coin=centre - (trigger - gap),
        to_high_coin=centre + (trigger - gap),
        interval_years=times,
        risk_aversion_per_usd=risk_aversion_per_usd,
        delta_regime=inputs.delta_regime,
        cost_usd_per_day=cost_usd if math.isfinite(cost_usd) else None,
        deviation_usd_per_day=deviation,
    )


def paid_by(kind: BandKind, inputs: BandInputs, risk_aversion_per_usd: float) -> Outcome[Paid]:
    """Give what a policy costs a year and leaves open, wherever its centre is."""
    trouble = _no_answer(kind, inputs)
    if trouble is not None:
        return trouble
    times = _times(kind, inputs, risk_aversion_per_usd)
    if times is not None:
        return paid_at_times(inputs, times)
    trigger, gap = _widths(kind, inputs, risk_aversion_per_usd)
    return paid(inputs, trigger, gap)


def vol_factor_frac(
    kind: BandKind,
    inputs: BandInputs,
    risk_aversion_per_usd: float | None,
    times_years: float | None,
) -> float:
    """Give the vol whose delta a policy holds, over the options' own.

    Raises
    ------
    OutOfDomain
        As `zakamouline` and `leland_vol_frac`.
    """
    is_flat = inputs.gamma_coin_per_usd == 0.0
    if kind == "zakamouline" and risk_aversion_per_usd is not None and not is_flat:
        years = inputs.time_years or 0.0
        return zakamouline(
            cost_frac=inputs.cost_frac,
            price_usd=inputs.price_usd,
            gamma_coin_per_usd=inputs.gamma_coin_per_usd,
            risk_aversion_per_usd=risk_aversion_per_usd,
            vol_frac=inputs.vol_frac,
            time_years=years,
            discount_frac=math.exp(-inputs.rate_frac_per_year * years),
        ).vol_factor_frac
    if kind == "leland" and times_years is not None and not is_flat:
        changed = leland_vol_frac(
            vol_frac=inputs.vol_frac,
            cost_frac=inputs.cost_frac,
            interval_years=times_years,
            is_short_gamma=inputs.gamma_coin_per_usd < 0.0,
        )
        return changed / inputs.vol_frac
    return 1.0


def _widths(
    kind: BandKind, inputs: BandInputs, risk_aversion_per_usd: float | None
) -> tuple[float, float]:
    if inputs.gamma_wide_coin_per_usd == 0.0:
        least = inputs.halfwidth_min_coin
        return least, least if kind == "fixed-cost" else 0.0
    trigger, gap = widths(
        kind,
        inputs,
        risk_aversion_per_usd or 1.0,
        price_usd=inputs.price_usd,
        gamma_coin_per_usd=inputs.gamma_wide_coin_per_usd,
        time_years=inputs.time_years or 0.0,
    )
    return float(trigger), float(gap)


def _times(kind: BandKind, inputs: BandInputs, risk_aversion_per_usd: float | None) -> float | None:
    """Give the time between two hedges; None for a policy with a band, and without gamma."""
    if kind != "leland" or inputs.interval_years is not None:
        return inputs.interval_years if kind == "leland" else None
    found = interval_years(inputs, risk_aversion_per_usd or 0.0)
    # Nobody hedges more often than he looks.
    return max(found, inputs.look_years) if found < math.inf else None


def _shift(kind: BandKind, factor_frac: float, delta_at: DeltaAt | None) -> Outcome[float]:
    """Give how far the displayed delta is off when the one at another vol is on target."""
    if factor_frac == 1.0:
        return 0.0
    if delta_at is None:
        return Failure(
            subject=kind,
            reason="missing_data",
            message=f"it holds the delta at {factor_frac:.4f} of every vol, which nobody said",
        )
    here, there = delta_at(1.0), delta_at(factor_frac)
    if isinstance(here, Failure):
        return here
    return there if isinstance(there, Failure) else here - there


def _no_answer(kind: BandKind, inputs: BandInputs) -> Failure | None:
    if kind == "zakamouline" and not inputs.time_years and inputs.gamma_wide_coin_per_usd > 0.0:
        return _unsupported(kind, "it needs a time to expiry, and nothing of the book expires")
    return None


def _unsupported(kind: BandKind, why: str) -> Failure:
    return Failure(subject=kind, reason="unsupported", message=why)
