"""What a number of paths can tell of a probability, and what it cannot.

A path that lost a part of its weight counts as so much of a liquidation. Where none did, or hardly
one, there is no standard error to speak of: what is left is a bound.
"""

from typing import Final

import numpy as np
from scipy.special import gammaincinv

from hedgerow.pricing import Floats

__all__ = ["effective_count", "least_frac", "upper_bound_frac"]

_SURE_FRAC: Final = 0.95


def effective_count(frac: Floats, error_frac: Floats, paths_count: int) -> Floats:
    """Give how many paths of equal weight would carry a probability with such an error.

    That is ``(Σw)²/Σw²`` of the weights that paths lost: with tails a few of them may carry it all,
    and then its standard error is not to be trusted either. Zero where none lost any.
    """
    mean, error = np.asarray(frac, dtype=np.float64), np.asarray(error_frac, dtype=np.float64)
    n = float(paths_count)
    with np.errstate(invalid="ignore", divide="ignore", under="ignore"):
        # Relative to the mean, so that the squares of tiny ones do not vanish.
        found = n / ((error / mean) ** 2 * max(n - 1.0, 1.0) + 1.0)
    return np.where(mean > 0.0, found, 0.0)


def least_frac(paths_count: int) -> float:
    """Give the least probability that a number of paths can tell from nothing: three of them.

    An event of that probability is missed by all n once in twenty times: (1 - 3/n)^n is 0.05.
    """
    return 3.0 / paths_count


def upper_bound_frac(frac: float, paths_count: int) -> float:
    """Give what a probability is at most, surely to 95 %, where so many paths found that.

    The bound of a Poisson count, which fractions of a path only add up to; three in n where none
    was hit.

    References
    ----------
    F. Garwood (1936), Fiducial limits for the Poisson distribution, Biometrika 28: the upper limit
    is a quantile of the gamma distribution.
    """
    return min(1.0, float(gammaincinv(frac * paths_count + 1.0, _SURE_FRAC)) / paths_count)
