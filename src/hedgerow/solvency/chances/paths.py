"""How likely an account is liquidated within each of several horizons, by paths of the market.

Dynamics and boundaries enter; probabilities leave, each with its standard error, and what a
liquidation would cost. Between two steps nothing is drawn: given where the step began and ended the
probability of having met a barrier is known (a Brownian bridge), also of a barrier that moves with
the second factor, and the path goes on with what is left of its weight. So steps can be as long as
vols and barriers allow, without a bias, and a path tells more than whether it was hit. That is
exact, for a path between two barriers as for one, where barriers are straight over a step; a step
within which a barrier bends or jumps ends at the innermost that it passes, never between.
Student's tails keep it exact, because given the variance that was mixed in a step is normal. Jumps
and events come at the end of a step, over a barrier or not.

What a path draws depends on seed, path and step alone, and sums are taken block by block in their
order: the same bytes whatever the number of threads, and one path after another for any count. All
accounts of a call see the same paths.

Cost on one core: some 25 ns a path and step for two factors and one account, 10 for each further
account.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import msgspec
import numpy as np

from hedgerow.errors import OutOfDomain
from hedgerow.market import Dynamics
from hedgerow.pricing import Floats
from hedgerow.pricing.threads import shared_out, shares
from hedgerow.solvency.chances.boundary import Boundary
from hedgerow.solvency.chances.path_barriers import barriers_of, kinds_of
from hedgerow.solvency.chances.path_steps import (
    Steps,
    cut,
    event_deviations,
    faded,
    garch_rows,
    jump_row,
    mix_table,
)
from hedgerow.units import DAY_NS, HOUR_NS, YEAR_NS

__all__ = [
    "HORIZONS_YEARS",
    "LiquidationCost",
    "PathHits",
    "path_ends_log",
    "path_hits",
]

# An hour, eight, a day, a week, thirty days.
HORIZONS_YEARS: Final = tuple(
    each / YEAR_NS for each in (HOUR_NS, 8 * HOUR_NS, DAY_NS, 7 * DAY_NS, 30 * DAY_NS)
)
_PATHS_COUNT_MAX: Final = 2**32
_SHARE_BLOCKS_MIN: Final = 4


class LiquidationCost(msgspec.Struct, frozen=True, kw_only=True):
    """What a liquidation costs: parts of the notional at its price, and the way past the barrier.

    `notional_usd` is at the present price, of what is closed; long or short makes no difference. A
    price that jumped over the barrier costs the notional times how far beyond it is.
    """

    notional_usd: float
    penalty_frac: float = 0.0
    slippage_frac: float = 0.0

    def __post_init__(self) -> None:
        if not 0.0 <= self.notional_usd < np.inf:
            raise OutOfDomain(f"notional_usd must not be negative, was {self.notional_usd}")
        if not (0.0 <= self.penalty_frac < np.inf and 0.0 <= self.slippage_frac < np.inf):
            raise OutOfDomain("penalty_frac and slippage_frac must not be negative")


@dataclass(frozen=True, slots=True, eq=False)
class PathHits:
    """Item [a, h] of every table is account a by horizon h.

    Attributes
    ----------
    hit_frac
        Probability of a liquidation by then; `lower_frac` and `upper_frac` say at which side, and
        `jump_frac` how much of it came by a jump or an event, past the barrier.
    left_frac
        Probability of having gone first where nothing is known: past an open end, or off the nodes
        of the second factor. The truth lies between `hit_frac` and the sum of the two.
    loss_usd
        Mean cost of liquidations, a path without one counted as zero. Zero where no costs were
        given.
    covariance_frac
        Shape (horizons, accounts, accounts): of the estimates of `hit_frac`, so that differences
        and sums of accounts have an error too.
    any_frac
        Shape (horizons,): probability that any of the accounts that were joined is liquidated.
        Within a step their bridges count as independent, which is exact of factors that are; in
        `any_upper_frac` what left counts as liquidated. Of others the truth, but for the standard
        error, lies between `any_least_frac`, where on each path the likeliest takes all others
        with it, and `any_most_frac`, where no two are hit on one path and what left is hit; the two
        meet as steps get short. Accounts on one factor are joined exactly by `pooled`.
    """

    account_ids: tuple[str, ...]
    horizons_years: tuple[float, ...]
    hit_frac: Floats
    hit_error_frac: Floats
    lower_frac: Floats
    upper_frac: Floats
    jump_frac: Floats
    left_frac: Floats
    left_error_frac: Floats
    loss_usd: Floats
    loss_error_usd: Floats
    covariance_frac: Floats
    any_frac: Floats
    any_error_frac: Floats
    any_upper_frac: Floats
    any_upper_error_frac: Floats
    any_least_frac: Floats
    any_most_frac: Floats
    paths_count: int
    steps_count: int
    seed: int


def path_hits(
    dynamics: Dynamics,
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
    """Walk paths against the boundaries of accounts.

    Parameters
    ----------
    boundaries
        One an account; whose factors the dynamics move.
    horizons_years
        Rising.
    step_years
        No step is longer. With GARCH a period is cut into equal steps no longer than that, and
        horizons must lie at the end of one.
    costs
        One an account; left out for none.
    joined_index
        Places of the boundaries that `any_frac` is about; all if left out.
    time_ns
        Now; needed where a factor has events. Those up to the last horizon come at the end of the
        step that they lie in.
    threads_count
        How many threads share the work; makes no difference to the result.

    Raises
    ------
    OutOfDomain
        If a number is out of bounds, a boundary's factor does not move, or a boundary of several
        times ends before the last horizon.
    """
    if not boundaries:
        raise OutOfDomain("no boundary to walk against")
    if costs is not None and len(costs) != len(boundaries):
        raise OutOfDomain(f"{len(boundaries)} boundaries need as many costs, were {len(costs)}")
    if paths_count < 2:
        raise OutOfDomain(f"paths_count must be 2 or more for an error, was {paths_count}")
    steps = cut(dynamics, horizons_years, step_years)
    chosen = range(len(boundaries)) if joined_index is None else joined_index
    sums, products, either, _ = _walked(
        dynamics, boundaries, steps, len(horizons_years), paths_count, seed, costs, time_ns,
        threads_count, joined_index=chosen, keep_ends=False,
    )  # fmt: skip
    n = float(paths_count)
    total = np.moveaxis(sums.sum(axis=0), 0, 1) / n  # accounts, horizons, quantities
    mean = total[..., 2]
    joined_sums = np.moveaxis(either.sum(axis=0)[:, 0], 1, 0) / n
    any_mean, any_square, upper_mean, upper_square, least_mean, most_mean = joined_sums
    covariance = products.sum(axis=0) / n - np.einsum("ah,bh->hab", mean, mean)

    def error(mean: Floats, square: Floats) -> Floats:
        return np.sqrt(np.maximum(square - mean**2, 0.0) / (n - 1.0))

    return PathHits(
        account_ids=tuple(each.account_id for each in boundaries),
        horizons_years=tuple(float(each) for each in horizons_years),
        hit_frac=_sure(mean),
        hit_error_frac=error(mean, total[..., 3]),
        lower_frac=_sure(total[..., 0]),
        upper_frac=_sure(total[..., 1]),
        jump_frac=_sure(total[..., 4]),
        left_frac=_sure(total[..., 5]),
        left_error_frac=error(total[..., 5], total[..., 6]),
        loss_usd=total[..., 7],
        loss_error_usd=error(total[..., 7], total[..., 8]),
        covariance_frac=covariance / (n - 1.0),
        any_frac=_sure(any_mean),
        any_error_frac=error(any_mean, any_square),
        any_upper_frac=_sure(upper_mean),
        any_upper_error_frac=error(upper_mean, upper_square),
        any_least_frac=_sure(least_mean),
        any_most_frac=_sure(most_mean),
        paths_count=paths_count,
        steps_count=len(steps.years),
        seed=seed,
    )


def _sure(frac: Floats) -> Floats:
    """Keep a probability from passing 1 by the rounding of the weights that it is the sum of."""
    return np.minimum(frac, 1.0)


def path_ends_log(
    dynamics: Dynamics,
    *,
    paths_count: int,
    seed: int,
    horizons_years: Sequence[float] = HORIZONS_YEARS,
    step_years: float = HORIZONS_YEARS[0],
    time_ns: int | None = None,
    threads_count: int = 1,
) -> Floats:
    """Give where the factors of each path are at each horizon: the paths of `path_hits`.

    Returns
    -------
    ndarray, shape (paths, horizons, factors)
        Logarithms of levels over present levels.

    Raises
    ------
    OutOfDomain
        As `path_hits`.
    """
    steps = cut(dynamics, horizons_years, step_years)
    free = Boundary.fixed("", dynamics.factors[0].factor, low_log=None, high_log=None)
    *_, ends = _walked(
        dynamics, [free], steps, len(horizons_years), paths_count, seed, None, time_ns,
        threads_count, joined_index=(), keep_ends=True,
    )  # fmt: skip
    return ends


def _walked(
    dynamics: Dynamics,
    boundaries: Sequence[Boundary],
    steps: Steps,
    horizons_count: int,
    paths_count: int,
    seed: int,
    costs: Sequence[LiquidationCost] | None,
    time_ns: int | None,
    threads_count: int,
    *,
    joined_index: Sequence[int],
    keep_ends: bool,
) -> tuple[Floats, Floats, Floats, Floats]:
    """Give sums, products and any of them, a block of paths each, and the ends if kept."""
    # Here and not above: Numba takes a second to import, and who walks no paths need not wait.
    from hedgerow.solvency.kernels import walk as kernel

    if not 1 <= paths_count < _PATHS_COUNT_MAX:
        raise OutOfDomain(f"paths_count must be from 1 to 2^32, was {paths_count}")
    if not 0 <= seed < 2**63:
        raise OutOfDomain(f"seed must be from 0 to 2^63, was {seed}")
    factors, accounts_count = dynamics.factors, len(boundaries)
    barriers = barriers_of(boundaries, steps.years)
    fading = faded(dynamics, steps.years)
    blocks_count = -(-paths_count // kernel.BLOCK)
    by_horizon = (blocks_count, horizons_count)
    sums = np.zeros((*by_horizon, accounts_count, kernel.QUANTITIES))
    products = np.zeros((*by_horizon, accounts_count, accounts_count))
    either = np.zeros((*by_horizon, 1, kernel.JOINED))
    ends = np.zeros((paths_count if keep_ends else 0, horizons_count, len(factors)))
    is_joined = np.zeros(accounts_count, dtype=np.bool_)
    is_joined[list(joined_index)] = True
    arguments = (
        *steps,
        dynamics.drift_log_per_year(),
        *fading,
        np.array([each.vol_frac**2 for each in factors]),
        garch_rows(dynamics),
        np.array([1.0 / dynamics.period_years if dynamics.period_years else 0.0]),
        mix_table(dynamics.degrees_count),
        jump_row(dynamics),
        np.array([each.jump_loading_frac for each in factors]),
        event_deviations(dynamics, steps.years, time_ns),
        *barriers,
        kinds_of(dynamics, boundaries, barriers),
        np.array([[each.second_first_log, 1.0 / each.second_step_log] for each in boundaries]),
        _terms(costs, accounts_count),
        is_joined,
    )
    parts = shares(
        blocks_count,
        threads_count=threads_count,
        block_count=1,
        share_count_min=_SHARE_BLOCKS_MIN,
    )
    shared_out(
        lambda first, last: kernel.walk(
            first, last, paths_count, seed, *arguments, sums, products, either, ends
        ),
        parts,
    )
    return sums, products, either, ends


def _terms(costs: Sequence[LiquidationCost] | None, accounts_count: int) -> Floats:
    if costs is None:
        return np.zeros((accounts_count, 2))
    return np.array(
        [
            [each.notional_usd * (each.penalty_frac + each.slippage_frac), each.notional_usd]
            for each in costs
        ]
    )
