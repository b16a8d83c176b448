"""Vols that nobody knows for sure: the same market in several regimes, each as likely.

`Dynamics` enter, with how widely the vol of prices is spread; as many dynamics leave, calm to wild,
whose variances average to the one that entered. What is found in each is averaged. A vol that stays
what it is over a whole path, and is not known at its beginning, is what makes moves of a week as
heavy tailed as moves of an hour: tails drawn step by step wear off.
"""

from collections.abc import Sequence
from dataclasses import replace

import msgspec
import numpy as np
from scipy.special import ndtri

from hedgerow.errors import OutOfDomain
from hedgerow.market import Dynamics, FactorMoves
from hedgerow.pricing import Floats
from hedgerow.solvency.chances.boundary import Boundary
from hedgerow.solvency.chances.paths import HORIZONS_YEARS, LiquidationCost, PathHits, path_hits

__all__ = ["mixed_hits", "regimes"]

_PRICES = ("spot",)
_SEEDS_APART, _SEED_MAX = 2**40, 2**63


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


def _scaled(dynamics: Dynamics, factor_frac: float) -> Dynamics:
    moves = tuple(
        _scaled_moves(each, factor_frac) if each.factor.kind in _PRICES else each
        for each in dynamics.factors
    )
    return replace(dynamics, factors=moves)


def _scaled_moves(moves: FactorMoves, factor_frac: float) -> FactorMoves:
    """Scale the vol now and, of one that changes, that of the long run: else they would meet."""
    garch = moves.garch
    if garch is not None:
        garch = msgspec.structs.replace(garch, vol_long_frac=factor_frac * garch.vol_long_frac)
    return msgspec.structs.replace(moves, vol_frac=factor_frac * moves.vol_frac, garch=garch)


def mixed_hits(
    mixture: Sequence[Dynamics],
    boundaries: Sequence[Boundary],
    *,
    paths_count: int,
    seed: int,
    horizons_years: Sequence[float] = HORIZONS_YEARS,
    step_years: float = HORIZONS_YEARS[0],
    costs: Sequence[LiquidationCost] | None = None,
    joined_index: Sequence[int] | None = None,
    time_ns: int | None = None,
    threads_count: int = 1,
) -> PathHits:
    """Walk equal shares of the paths through equally likely dynamics, and average what they find.

    Parameters
    ----------
    paths_count
        In all; at least two for each of the dynamics. All else is as of `path_hits`.

    Raises
    ------
    OutOfDomain
        As `path_hits`; or if there is nothing to mix, or one path for one of the dynamics.
    """
    n = len(mixture)
    if not 1 <= n <= paths_count // 2:
        raise OutOfDomain(f"{paths_count} paths cannot be shared by {n} dynamics")
    shares = [paths_count // n + (k < paths_count % n) for k in range(n)]
    # A seed apart for each, far from those that others take next to theirs.
    found = [
        path_hits(
            each,
            boundaries,
            paths_count=share,
            seed=(seed + k * _SEEDS_APART) % _SEED_MAX,
            horizons_years=horizons_years,
            step_years=step_years,
            costs=costs,
            joined_index=joined_index,
            time_ns=time_ns,
            threads_count=threads_count,
        )
        for k, (each, share) in enumerate(zip(mixture, shares, strict=True))
    ]
    return found[0] if n == 1 else _averaged(found, paths_count)


def _averaged(found: Sequence[PathHits], paths_count: int) -> PathHits:
    """Average equally likely regimes that were drawn independently."""
    n = len(found)

    def mean(name: str) -> Floats:
        average: Floats = np.mean([getattr(each, name) for each in found], axis=0)
        return average

    changes: dict[str, Floats] = {}
    for name in PathHits.__dataclass_fields__:
        if name.endswith(("_error_frac", "_error_usd")):
            squares: Floats = np.sum([getattr(each, name) ** 2 for each in found], axis=0)
            changes[name] = np.sqrt(squares) / n
        elif name == "covariance_frac":
            changes[name] = mean(name) / n
        elif name.endswith(("_frac", "_usd")):
            changes[name] = mean(name)
    return replace(found[0], **changes, paths_count=paths_count)  # type: ignore[arg-type]
