"""What part of an asset is not to be counted upon, for what it may lose before it is of use.

The same formula serves a lender's own haircut, over the time it takes to sell, and what is on its
way, over the time it takes to arrive.
"""

import math

from hedgerow.errors import OutOfDomain

__all__ = ["haircut_frac"]

# More of a vol, of years or of deviations is a number in another unit.
_MOST = 100.0


def haircut_frac(
    vol_frac: float,
    horizon_years: float,
    *,
    quantile_deviations: float = 2.326,
) -> float:
    """Give the loss not exceeded with some confidence over a horizon.

    Parameters
    ----------
    vol_frac
        Annualised.
    horizon_years
        Until it is sold, or has arrived: at a high percentile, not on average.
    quantile_deviations
        2.326 for 99 %.

    Returns
    -------
    float
        ``1 - exp(-z vol sqrt(T))``, from zero to one.

    Raises
    ------
    OutOfDomain
        If a number is not finite, negative or above a hundred; named.

    References
    ----------
    Methods sheet, haircuts (methods.md section 26), without what selling costs.
    """
    given = {
        "vol_frac": vol_frac,
        "horizon_years": horizon_years,
        "quantile_deviations": quantile_deviations,
    }
    for name, value in given.items():
        if not 0.0 <= value <= _MOST:
            raise OutOfDomain(f"{name} must lie from 0 to {_MOST:g}, was {value}")
    return 1.0 - math.exp(-quantile_deviations * vol_frac * math.sqrt(horizon_years))
