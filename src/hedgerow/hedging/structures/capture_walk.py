"""Whether what was foretold of funding came true: holding after holding, from what was known.

A past enters; for each holding that does not overlap another, the stress is foretold from the
intervals before it alone, and compared with what the holding then paid. A stress of 5 % that is
missed one time in five was none. A past too short for that is refused an answer.

References
----------
Methods sheet, sections 8 and 13.
"""

from typing import Final

import msgspec
import numpy as np
from scipy.special import bdtr

from hedgerow.errors import Failure, Outcome
from hedgerow.hedging.structures.blocks import block_count, rows_drawn, rows_like_now
from hedgerow.hedging.structures.capture import TAIL_FRAC, CarryPast, check_drawn
from hedgerow.hedging.structures.checks import check_not_negative
from hedgerow.units import YEAR_HOURS

__all__ = ["FundingWalk", "funding_walk"]

_HOLDINGS_COUNT_MIN: Final = 10
_DRAWS_COUNT: Final = 1_000


class FundingWalk(msgspec.Struct, frozen=True, kw_only=True):
    """What holdings one after another paid, a year, costs taken off, and how the stress stood.

    `missed_count` of `holdings_count` paid less than the stress foretold for them, where
    `tail_frac` of them should have. `chance_frac` is how likely so many misses, or more, were if
    that were right and holdings did not depend on each other.
    """

    holdings_count: int
    mean_frac_per_year: float
    worst_frac_per_year: float
    losing_count: int
    missed_count: int
    tail_frac: float
    chance_frac: float


def funding_walk(
    past: CarryPast,
    *,
    holding_count: int,
    cost_frac: float,
    warm_count: int,
    rng: np.random.Generator,
) -> Outcome[FundingWalk]:
    """Walk through the past in holdings, the last of which ends with it.

    Parameters
    ----------
    warm_count
        Intervals that only teach: no holding begins before so many are known.

    Returns
    -------
    FundingWalk or Failure
        A Failure where fewer than ten holdings fit.

    Raises
    ------
    OutOfDomain
        If a count is not positive, fewer than thirty intervals teach, or the cost is negative.
    """
    check_drawn(holding_count, _DRAWS_COUNT)
    check_not_negative(cost_frac=cost_frac)
    f = past.funding_frac
    block_count(f[:warm_count])  # refuses too few
    starts = np.arange(len(f) - holding_count, warm_count - 1, -holding_count)[::-1]
    if len(starts) < _HOLDINGS_COUNT_MIN:
        return Failure(
            subject="walk",
            reason="missing_data",
            message=f"{len(starts)} holdings fit after {warm_count} intervals, at least "
            f"{_HOLDINGS_COUNT_MIN} tell something",
        )
    paid, missed = [], 0
    for start in starts.tolist():
        known = f[:start]
        like = rows_like_now(known, past.week_count, holding_count)
        at = rows_drawn(
            start, holding_count, block_count(known), _DRAWS_COUNT, rng, start_index=like
        )
        stress = float(np.quantile(np.sum(known[at], axis=1), TAIL_FRAC))
        came = float(np.sum(f[start : start + holding_count]))
        missed += came < stress
        paid.append(came - cost_frac)
    a_year = YEAR_HOURS / past.interval_hours / holding_count
    count = len(paid)
    return FundingWalk(
        holdings_count=count,
        mean_frac_per_year=float(np.mean(paid)) * a_year,
        worst_frac_per_year=min(paid) * a_year,
        losing_count=sum(each < 0.0 for each in paid),
        missed_count=missed,
        tail_frac=TAIL_FRAC,
        chance_frac=1.0 if missed == 0 else float(1.0 - bdtr(missed - 1, count, TAIL_FRAC)),
    )
