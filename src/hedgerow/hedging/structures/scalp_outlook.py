"""What trading a book's gamma is expected to earn against its theta, at vols that may come.

Gamma, theta and a price enter, with how often and at what cost the delta is hedged; for each vol
that may be realised the lines of the profit leave, and the vol at which they cancel. Gamma stays
what it is today: over longer horizons, and near strikes and expiries, it does not.

References
----------
Methods sheet, sections 6 and 9. H. Leland (1985), Option pricing and replication with transaction
costs, J. Finance 40: what is traded between two hedges.
"""

from collections.abc import Sequence
from math import pi, sqrt

import msgspec

from hedgerow.errors import OutOfDomain
from hedgerow.hedging.structures.checks import check_finite, check_not_negative, check_positive

__all__ = ["ScalpOutlook", "ScalpRow", "break_even_move_frac", "scalp_outlook"]


class ScalpRow(msgspec.Struct, frozen=True, kw_only=True):
    """What is expected at one realised vol; received is positive, lines add up to `expected_usd`.

    `deviation_usd` is one deviation of the gamma line: hedged now and then, a path may have moved
    much while nobody looked, or little.
    """

    vol_realised_frac: float
    gamma_usd: float
    theta_usd: float
    hedging_usd: float
    entry_usd: float
    deviation_usd: float

    @property
    def expected_usd(self) -> float:
        """Add the lines up."""
        return self.gamma_usd + self.theta_usd + self.hedging_usd + self.entry_usd


class ScalpOutlook(msgspec.Struct, frozen=True, kw_only=True):
    """Vols at which a hedged book breaks even, and what it earns at others.

    `vol_break_even_frac` pays for theta alone, `vol_paid_frac` for hedges and entry too. Who is
    long of gamma gains above, who is short of it below. None where no vol does: gamma and theta
    have one sign, there is no gamma, or costs eat more than theta pays.
    """

    gamma_coin_per_usd: float
    price_usd: float
    theta_usd_per_day: float
    horizon_days: float
    rebalances_count: float
    vol_break_even_frac: float | None
    vol_paid_frac: float | None
    rows: tuple[ScalpRow, ...]


def scalp_outlook(
    *,
    gamma_coin_per_usd: float,
    price_usd: float,
    theta_usd_per_day: float,
    horizon_days: float,
    interval_days: float,
    cost_frac: float,
    vols_frac: Sequence[float],
    entry_usd: float = 0.0,
) -> ScalpOutlook:
    """Give ``½ΓS²σr²Δt + θΔt``, less what hedging every interval costs, and less the entry.

    Between two hedges the price moves by ``Sσ√(2δ/π)`` on average, so that much times gamma is
    traded, each time at `cost_frac`.

    Parameters
    ----------
    interval_days
        Between two hedges; not longer than the horizon.
    cost_frac
        Of what is traded to hedge: fee and half a spread.
    entry_usd
        Paid beyond the mark to get into the options; zero for those that are held.

    Raises
    ------
    OutOfDomain
        If price, horizon or interval is not positive, the interval longer than the horizon, a vol,
        cost or the entry negative, or anything not finite.
    """
    check_positive(price_usd=price_usd, horizon_days=horizon_days, interval_days=interval_days)
    check_finite(gamma_coin_per_usd=gamma_coin_per_usd, theta_usd_per_day=theta_usd_per_day)
    check_not_negative(cost_frac=cost_frac, entry_usd=entry_usd)
    if interval_days > horizon_days:
        raise OutOfDomain(
            f"hedged every {interval_days:g} days, nothing is hedged within {horizon_days:g}"
        )
    years = horizon_days / 365.0
    curved = gamma_coin_per_usd * price_usd**2
    theta = theta_usd_per_day * horizon_days
    per_vol = cost_frac * abs(curved) * years * sqrt(2.0 / (pi * interval_days / 365.0))
    count = horizon_days / interval_days
    rows = []
    for vol in vols_frac:
        check_not_negative(vol_realised_frac=vol)
        gamma = 0.5 * curved * vol**2 * years
        rows.append(
            ScalpRow(
                vol_realised_frac=vol,
                gamma_usd=gamma,
                theta_usd=theta,
                hedging_usd=-per_vol * vol,
                entry_usd=-entry_usd,
                deviation_usd=abs(gamma) * sqrt(2.0 / count),
            )
        )
    half = 0.5 * curved * years
    return ScalpOutlook(
        gamma_coin_per_usd=gamma_coin_per_usd,
        price_usd=price_usd,
        theta_usd_per_day=theta_usd_per_day,
        horizon_days=horizon_days,
        rebalances_count=count,
        vol_break_even_frac=_root(half, 0.0, theta),
        vol_paid_frac=_root(half, per_vol, theta - entry_usd),
        rows=tuple(rows),
    )


def break_even_move_frac(*, vol_implied_frac: float, elapsed_years: float) -> float:
    """Give the move at which gamma pays for theta: one deviation, ``σ√Δt``.

    Raises
    ------
    OutOfDomain
        If the vol or time is negative.
    """
    check_not_negative(vol_implied_frac=vol_implied_frac, elapsed_years=elapsed_years)
    return vol_implied_frac * sqrt(elapsed_years)


def _root(half_usd: float, per_vol_usd: float, fixed_usd: float) -> float | None:
    """Give the vol at which ``half σ² - per_vol σ + fixed`` passes zero, the larger one of two."""
    inside = per_vol_usd**2 - 4.0 * half_usd * fixed_usd
    if half_usd == 0.0 or inside < 0.0:
        return None
    found = (per_vol_usd + sqrt(inside)) / (2.0 * half_usd)
    if half_usd < 0.0:
        found = (per_vol_usd - sqrt(inside)) / (2.0 * half_usd)
    return found if found > 0.0 else None
