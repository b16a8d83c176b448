"""What part of an asset is not to be counted upon, for what it may lose before it is of use.

The same formula serves a lender's own haircut, over the time it takes to sell, and what is on its
way, over the time it takes to arrive.
"""

import math

from hedgerow.errors import OutOfDomain

__all__ = ["haircut_frac"]


def haircut_frac(
    vol_frac: float,
    horizon_years: float,
    *,
    quantile_deviations: float = 2.326,
    spread_frac: float = 0.0,
    impact_frac: float = 0.0,
    floor_frac: float = 0.0,
) -> float:
    """Give the loss not exceeded with some confidence over a horizon, with what selling costs.

    Parameters
    ----------
    vol_frac
        Annualised.
    horizon_years
        Until it is sold, or has arrived: at a high percentile, not on average.
    quantile_deviations
        2.326 for 99 %.
    spread_frac
        The whole spread; half of it is paid.
    floor_frac
        The least it is, as for what may leave its peg.

    Returns
    -------
    float
        ``1 - exp(-z vol sqrt(T)) (1 - spread / 2) (1 - impact)``, from the floor to one.

    Raises
    ------
    OutOfDomain
        If a number is not finite, negative, or a share above one; named.

    References
    ----------
    Methods sheet, haircuts (methods.md section 26).
    """
    given = {
        "vol_frac": (vol_frac, 100.0),
        "horizon_years": (horizon_years, 100.0),
        "quantile_deviations": (quantile_deviations, 100.0),
        "spread_frac": (spread_frac, 1.0),
        "impact_frac": (impact_frac, 1.0),
        "floor_frac": (floor_frac, 1.0),
    }
    for name, (value, most) in given.items():
        if not 0.0 <= value <= most:
            raise OutOfDomain(f"{name} must lie from 0 to {most:g}, was {value}")
    kept = math.exp(-quantile_deviations * vol_frac * math.sqrt(horizon_years))
    return max(floor_frac, 1.0 - kept * (1.0 - spread_frac / 2.0) * (1.0 - impact_frac))
