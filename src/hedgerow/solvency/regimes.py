"""Vols that nobody knows for sure: the same market in several regimes, each as likely.

`Dynamics` enter, with how widely the vol of prices is spread; as many dynamics leave, calm to wild,
whose variances average to the one that entered. What is found of each is averaged. A vol that stays
what it is over a whole path, and is not known at its beginning, is what makes moves of a week as
heavy tailed as moves of an hour: tails drawn step by step wear off.
"""

from collections.abc import Sequence
from dataclasses import replace

import msgspec
import numpy as np
from scipy.special import ndtri

from hedgerow.errors import OutOfDomain
from hedgerow.market import Dynamics
from hedgerow.pricing import Floats
from hedgerow.solvency.paths import PathHits

__all__ = ["averaged_hits", "regimes"]

_PRICES = ("spot",)


def regimes(
    dynamics: Dynamics, *, deviation_log: float, regimes_count: int
) -> tuple[Dynamics, ...]:
    """Give equally likely regimes whose vols of spot are spread lognormally.

    Parameters
    ----------
    deviation_log
        Standard deviation of the log of the vol; each regime stands at the middle of its share.
    regimes_count
        One is the market as it is told.

    Raises
    ------
    OutOfDomain
        If the spread is negative or not finite, or there is no regime.
    """
    if not (0.0 <= deviation_log < np.inf and regimes_count >= 1):
        raise OutOfDomain(
            f"regimes need a spread of at least 0 and one of them, were {deviation_log} and "
            f"{regimes_count}"
        )
    shares = (np.arange(regimes_count) + 0.5) / regimes_count
    factors = np.exp(deviation_log * ndtri(shares))
    factors /= np.sqrt(np.mean(factors**2))
    return tuple(_scaled(dynamics, factor) for factor in factors.tolist())


def _scaled(dynamics: Dynamics, factor: float) -> Dynamics:
    moves = tuple(
        msgspec.structs.replace(each, vol_frac=factor * each.vol_frac)
        if each.factor.kind in _PRICES
        else each
        for each in dynamics.factors
    )
    return replace(dynamics, factors=moves)


def averaged_hits(found: Sequence[PathHits]) -> PathHits:
    """Average what was found of the same accounts in equally likely regimes, drawn independently.

    Raises
    ------
    OutOfDomain
        If there is nothing, or accounts or horizons differ.
    """
    if not found:
        raise OutOfDomain("nothing to average")
    first = found[0]
    for each in found:
        if (each.account_ids, each.horizons_years) != (first.account_ids, first.horizons_years):
            raise OutOfDomain("regimes must be of the same accounts and horizons")
    n = len(found)

    def mean(name: str) -> Floats:
        average: Floats = np.mean([getattr(each, name) for each in found], axis=0)
        return average

    def error(name: str) -> Floats:
        squares: Floats = np.sum([getattr(each, name) ** 2 for each in found], axis=0)
        return np.sqrt(squares) / n

    changes: dict[str, Floats] = {}
    for name in PathHits.__dataclass_fields__:
        if name.endswith(("_error_frac", "_error_usd")):
            changes[name] = error(name)
        elif name == "covariance_frac":
            changes[name] = mean(name) / n
        elif name.endswith(("_frac", "_usd")):
            changes[name] = mean(name)
    return replace(
        first,
        **changes,  # type: ignore[arg-type]
        paths_count=sum(each.paths_count for each in found),
    )
