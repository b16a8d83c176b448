"""Is an explanation good enough: pooled over a run, and as a test of the desk.

The desk test is that of the market-risk standard (MAR32, from BCBS d457): over a year of days the
explained and the actual profit must rank alike (Spearman) and be distributed alike
(Kolmogorov–Smirnov).
"""

from collections.abc import Iterable, Sequence
from math import fsum, pi, sqrt
from typing import Final, Literal, TypeAlias

import msgspec
import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import rankdata

from hedgerow.errors import Failure, Outcome, OutOfDomain
from hedgerow.pricing import Floats
from hedgerow.risk.records import ExplainRow

__all__ = [
    "DeskTest",
    "Pooled",
    "Zone",
    "combined",
    "desk_test",
    "hedging_error_usd",
    "pooled",
]

Zone: TypeAlias = Literal["green", "amber", "red"]

_DAYS_COUNT: Final = 250
_GREEN: Final = (0.8, 0.09)
_RED: Final = (0.7, 0.12)


class Pooled(msgspec.Struct, frozen=True, kw_only=True):
    """The steps of one node together.

    `unexplained_frac` is the sum of the sizes of what each step left unexplained over the sum of
    their gross; errors of two steps do not cancel. None where the gross is nothing. Steps with
    anything missing are counted and left out.
    """

    steps_count: int
    unknown_count: int
    alerts_count: int
    actual_usd: float
    unexplained_usd: float
    gross_usd: float
    unexplained_frac: float | None


class DeskTest(msgspec.Struct, frozen=True, kw_only=True):
    """How well explained and actual profits go together.

    `zone` is None with fewer than the 250 days that the test is made for: of one and the same
    distribution, 50 days against 50 others show a distance above 0.12 most of the time.
    """

    pairs_count: int
    spearman_frac: float
    ks_frac: float
    zone: Zone | None


def pooled(rows: Iterable[ExplainRow]) -> Pooled:
    """Pool the rows of one node over the steps of a run."""
    every = tuple(rows)
    known = [each for each in every if not each.missing]
    left = [abs(each.unexplained_usd or 0.0) for each in known]
    gross_usd = fsum(each.gross_usd for each in known)
    return Pooled(
        steps_count=len(every),
        unknown_count=len(every) - len(known),
        alerts_count=sum(each.verdict == "alert" for each in known),
        actual_usd=fsum(each.actual_usd or 0.0 for each in known),
        unexplained_usd=fsum(left),
        gross_usd=gross_usd,
        unexplained_frac=fsum(left) / gross_usd if gross_usd else None,
    )


def combined(rows: Sequence[ExplainRow]) -> ExplainRow:
    """Add the rows of one node over consecutive steps into one row of the whole.

    Lines of opposite sign cancel, and so does what is unexplained; the move is what the steps moved
    together, None where they are told of several coins.

    Raises
    ------
    OutOfDomain
        If there is no row, or rows are of several nodes or methods.
    """
    if not rows or len({each.node for each in rows}) > 1:
        raise OutOfDomain("rows of one node are added over steps, and there must be one")
    known = [each for each in rows if each.actual_usd is not None]
    names = {tuple(each.lines_usd) for each in known}
    if len(names) > 1:
        raise OutOfDomain("rows of one method are added over steps")
    moved = [1.0 + each.move_frac for each in rows if each.move_frac is not None]
    coins = {each.move_coin for each in rows if each.move_frac is not None}
    is_one = len(coins) == 1
    return ExplainRow(
        node=rows[0].node,
        actual_usd=fsum(each.actual_usd or 0.0 for each in known) if known else None,
        lines_usd={
            name: fsum(each.lines_usd[name] for each in known)
            for name in (next(iter(names)) if names else ())
        },
        unexplained_usd=fsum(each.unexplained_usd or 0.0 for each in known) if known else None,
        ticks_usd=max((each.ticks_usd for each in known), default=0.0),
        move_frac=float(np.prod(moved)) - 1.0 if is_one else None,
        move_coin=coins.pop() if is_one else None,
        missing=tuple(dict.fromkeys(why for each in rows for why in each.missing)),
    )


def desk_test(explained_usd: ArrayLike, actual_usd: ArrayLike) -> Outcome[DeskTest]:
    """Compare explained with actual profits, day by day.

    Returns
    -------
    DeskTest or Failure
        Green with a rank correlation of at least 0.8 and a distance of at most 0.09, red with less
        than 0.7 or more than 0.12, amber between. A failure where one side never changes.

    Raises
    ------
    OutOfDomain
        If lengths differ, there are fewer than three pairs, or anything is not finite.

    References
    ----------
    Methods sheet, section 9; Basel framework, MAR32.
    """
    x = np.asarray(explained_usd, dtype=np.float64)
    y = np.asarray(actual_usd, dtype=np.float64)
    if x.shape != y.shape or x.ndim != 1 or len(x) < 3:
        raise OutOfDomain(f"at least three pairs are compared, were {x.shape} and {y.shape}")
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise OutOfDomain("profits that are compared must be finite")
    if not (np.ptp(x) and np.ptp(y)):
        return Failure(
            subject="desk test",
            reason="unsupported",
            message="profits that never change have no rank correlation",
        )
    spearman = float(np.corrcoef(rankdata(x), rankdata(y))[0, 1])
    ks = _distance_frac(x, y)
    zone: Zone | None = "amber"
    if len(x) < _DAYS_COUNT:
        zone = None
    elif spearman < _RED[0] or ks > _RED[1]:
        zone = "red"
    elif spearman >= _GREEN[0] and ks <= _GREEN[1]:
        zone = "green"
    return DeskTest(
        pairs_count=len(x),
        spearman_frac=spearman,
        ks_frac=ks,
        zone=zone,
    )


def hedging_error_usd(*, vega_usd_per_vol: float, vol_frac: float, hedges_count: int) -> float:
    """Give the deviation of a profit hedged so many times at equal distances to expiry.

    ``√(π/4) · vega · σ / √n`` (methods sheet, section 9): asymptotic, within 6 % from twenty hedges
    on. What an explanation calls gamma less time is of this size by chance alone.

    Raises
    ------
    OutOfDomain
        If a vol is not positive and finite, vega is not finite or a count is not positive.

    References
    ----------
    M. Kamal, E. Derman (1999), When you cannot hedge continuously, Goldman Sachs; Risk 12.
    """
    if not (0.0 < vol_frac < float("inf") and abs(vega_usd_per_vol) < float("inf")):
        raise OutOfDomain(
            f"vol_frac must be positive and vega finite, were {vol_frac}, {vega_usd_per_vol}"
        )
    if hedges_count < 1:
        raise OutOfDomain(f"hedges_count must be positive, was {hedges_count}")
    return sqrt(pi / 4.0) * abs(vega_usd_per_vol) * vol_frac / sqrt(hedges_count)


def _distance_frac(x: Floats, y: Floats) -> float:
    """Give the largest distance of the two cumulative shares."""
    every = np.sort(np.concatenate((x, y)))
    below_x = np.searchsorted(np.sort(x), every, side="right") / len(x)
    below_y = np.searchsorted(np.sort(y), every, side="right") / len(y)
    return float(np.abs(below_x - below_y).max())
