"""How much collateral an account wants, to be alive by a horizon with a probability.

The question of `hedgerow.solvency.paths` turned round, on the same draws at every amount: the
probability falls as collateral is added, path by path, so its root is found as that of any falling
function, and differences between amounts are not chance. What leaves the grid counts as
liquidated.
"""

from collections.abc import Sequence
from typing import Final

import msgspec
import numpy as np

from hedgerow.errors import Failure, Outcome, OutOfDomain
from hedgerow.market import Dynamics
from hedgerow.solvency.boundary import Headroom, boundary
from hedgerow.solvency.paths import path_hits

__all__ = ["CollateralWanted", "collateral_wanted"]

_PARTS_COUNT: Final = 8
_ROUNDS_COUNT: Final = 6


class CollateralWanted(msgspec.Struct, frozen=True, kw_only=True):
    """Collateral to add, or less than zero to take out, in the account's currency.

    `extra_error_ccy` is the standard error that comes of the number of paths; `gone_frac` is the
    probability of being liquidated, or of having gone where nothing is known, with that much.
    """

    account_id: str
    currency: str
    horizon_years: float
    survival_frac: float
    extra_ccy: float
    extra_error_ccy: float
    gone_frac: float
    gone_error_frac: float
    paths_count: int
    seed: int


def collateral_wanted(
    dynamics: Dynamics,
    of: Headroom,
    *,
    survival_frac: float,
    horizon_years: float,
    paths_count: int,
    seed: int,
    step_years: float,
    time_ns: int | None = None,
    threads_count: int = 1,
) -> Outcome[CollateralWanted]:
    """Find what an account has to add to survive with a probability.

    Collateral counts in full and does not move against the account's currency.

    Returns
    -------
    CollateralWanted or Failure
        A failure if no amount is enough, because too many paths leave the grid of the headroom.

    Raises
    ------
    OutOfDomain
        If the probability is not between 0 and 1; and as `path_hits`.
    """
    if not 0.0 < survival_frac < 1.0:
        raise OutOfDomain(f"survival_frac must be between 0 and 1, was {survival_frac}")

    def gone(extras_ccy: Sequence[float]) -> tuple[list[float], list[float]]:
        found = path_hits(
            dynamics,
            [boundary(of, extra_ccy=each) for each in extras_ccy],
            paths_count=paths_count,
            seed=seed,
            horizons_years=[horizon_years],
            step_years=step_years,
            time_ns=time_ns,
            threads_count=threads_count,
        )
        either = found.hit_frac + found.left_frac
        error = np.hypot(found.hit_error_frac, found.left_error_frac)
        return either[:, 0].tolist(), error[:, 0].tolist()

    wanted = 1.0 - survival_frac
    # With nothing to spare now an account is gone; with enough for every node it is only lost
    # where the grid ends.
    low, high = -of.now_ccy, max(-float(of.headroom_ccy.min()), -of.now_ccy)
    high += 1e-9 * abs(high)
    (gone_low, gone_high), _ = gone([low, high])
    if gone_high > wanted:
        return Failure(
            subject=of.account_id,
            reason="missing_data",
            message=f"{gone_high:.3%} of paths leave the grid of the headroom by the horizon, with "
            f"any collateral; {wanted:.3%} are allowed: give it more nodes",
        )
    for _ in range(_ROUNDS_COUNT):
        extras = np.linspace(low, high, _PARTS_COUNT + 2)[1:-1].tolist()
        chances = [gone_low, *gone(extras)[0], gone_high]
        places = [low, *extras, high]
        at = max(k for k, chance in enumerate(chances) if chance > wanted or k == 0)
        low, high, gone_low, gone_high = places[at], places[at + 1], chances[at], chances[at + 1]
    (found,), (error,) = gone([high])
    slope = (gone_low - gone_high) / (high - low) if high > low else 0.0
    return CollateralWanted(
        account_id=of.account_id,
        currency=of.currency,
        horizon_years=horizon_years,
        survival_frac=survival_frac,
        extra_ccy=high,
        extra_error_ccy=error / slope if slope > 0.0 else float("inf"),
        gone_frac=found,
        gone_error_frac=error,
        paths_count=paths_count,
        seed=seed,
    )
