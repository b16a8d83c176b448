"""Whether fitted slices are good enough to be taken: near their quotes, and with no butterfly."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hedgerow.errors import Reason
from hedgerow.market.smile import SmileQuotes, near_money
from hedgerow.market.svi import Floats, Svi, butterfly_min, repair, total_variance

__all__ = ["Checked", "check", "mended"]

_LEVEL_FRAC_MAX = 0.1


@dataclass(slots=True, eq=False)
class Checked:
    """What the checks say of fitted slices, row by row; a reason of None is a pass."""

    reasons: list[Reason | None]
    messages: list[str]
    error_median: Floats
    error_max: Floats
    error_mark: Floats
    g_min: Floats


def check(svi: Svi, quotes: Sequence[SmileQuotes], error_volpt_max: float) -> Checked:
    """Judge each slice against its quotes, within 1.5 deviations of the money."""
    g_min, where = butterfly_min(svi)
    error_median, error_max, error_mark = np.full((3, len(quotes)), np.nan)
    out = Checked([], [], error_median, error_max, error_mark, g_min)
    for at, one in enumerate(quotes):
        k, years = one.moneyness_log, one.expiry_years
        with np.errstate(invalid="ignore"):
            vol = np.sqrt(total_variance(svi.rows(at), k) / years)
            fitted = float(np.sqrt(total_variance(svi.rows(at), np.array(0.0)) / years))
        near = near_money(k, one.vol_frac, years)
        miss = 100.0 * np.abs(vol - one.vol_frac)[near]
        error_median[at] = median = float(np.median(miss))
        error_max[at] = float(miss.max())
        of_mark = 100.0 * np.abs(vol - one.vol_mark_frac)[near & np.isfinite(one.vol_mark_frac)]
        error_mark[at] = float(np.median(of_mark)) if len(of_mark) else np.nan
        quoted = float(np.interp(0.0, k, one.vol_frac))
        reason: Reason | None = None
        message = ""
        if not np.isfinite(miss).all():
            reason, message = "not_converged", "the fit has no vol at a quoted strike"
        elif not abs(fitted / quoted - 1.0) <= _LEVEL_FRAC_MAX:
            reason = "level_off"
            message = f"vol at the money {fitted:.4f}, quotes say {quoted:.4f}"
        elif median > error_volpt_max:
            reason = "poor_fit"
            message = f"median error {median:.3f} vol points, the bar is {error_volpt_max:g}"
        elif not g_min[at] >= 0:
            reason = "butterfly_arbitrage"
            message = f"g falls to {g_min[at]:.3g} at ln(K/F) = {where[at]:.3f}"
        out.reasons.append(reason)
        out.messages.append(message)
    return out


def mended(svi: Svi, expiry_years: Floats) -> Svi:
    """Repair the slices whose butterflies a fit has left; the others come back as they are."""
    bad = np.flatnonzero(butterfly_min(svi)[0] < 0)
    out = Svi(*(np.array(each) for each in svi))
    if len(bad):
        for whole, part in zip(out, repair(svi.rows(bad), expiry_years[bad]), strict=True):
            whole[bad] = part
    return out
