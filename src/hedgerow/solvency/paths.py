"""How likely an account is liquidated within each of several horizons, by paths of the market.

Dynamics and boundaries enter; probabilities leave, each with its standard error, and what a
liquidation would cost. Between two steps nothing is drawn: given where the step began and ended the
probability of having met a barrier is known (a Brownian bridge), also of a barrier that moves with
the second factor, and the path goes on with what is left of its weight. So steps can be as long as
vols and barriers allow, without a bias, and a path tells more than whether it was hit. That is
exact where both barriers are straight over a step and the step is short of the corridor's width; a
step within which a barrier bends or jumps ends at the innermost that it passes, never between.
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
from typing import Final, NamedTuple, TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray
from scipy.special import gammainccinv, gammaincinv, ndtr

from hedgerow.errors import OutOfDomain
from hedgerow.market import Dynamics
from hedgerow.pricing import Floats
from hedgerow.pricing.threads import shared_out, shares
from hedgerow.solvency.boundary import Boundary
from hedgerow.units import DAY_NS, HOUR_NS, YEAR_NS

__all__ = [
    "HORIZONS_YEARS",
    "LiquidationCost",
    "PathHits",
    "path_ends_log",
    "path_hits",
]

Counts: TypeAlias = NDArray[np.int64]

# An hour, eight, a day, a week, thirty days.
HORIZONS_YEARS: Final = tuple(
    each / YEAR_NS for each in (HOUR_NS, 8 * HOUR_NS, DAY_NS, 7 * DAY_NS, 30 * DAY_NS)
)
_PATHS_COUNT_MAX: Final = 2**32
_STEPS_COUNT_MAX: Final = 100_000
# The table of Student's mixing: from −9 to 9 deviations, 256 places to each.
_MIX_REACH: Final = 9.0
_MIX_PLACES: Final = 256
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
        Within a step their bridges count as independent; accounts on one factor are joined exactly
        by `pooled`. In `any_upper_frac` what left counts as liquidated.
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
    paths_count: int
    steps_count: int
    seed: int


class _Steps(NamedTuple):
    years: Floats
    is_period_end: NDArray[np.bool_]
    horizon_at: Counts


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
    steps = _steps(dynamics, horizons_years, step_years)
    chosen = range(len(boundaries)) if joined_index is None else joined_index
    sums, products, either, _ = _walked(
        dynamics, boundaries, steps, len(horizons_years), paths_count, seed, costs, time_ns,
        threads_count, joined=chosen, keep_ends=False,
    )  # fmt: skip
    n = float(paths_count)
    total = np.moveaxis(sums.sum(axis=0), 0, 1) / n  # accounts, horizons, quantities
    mean = total[..., 2]
    any_mean, any_square, upper_mean, upper_square = np.moveaxis(either.sum(axis=0)[:, 0], 1, 0) / n
    covariance = products.sum(axis=0) / n - np.einsum("ah,bh->hab", mean, mean)

    def error(mean: Floats, square: Floats) -> Floats:
        return np.sqrt(np.maximum(square - mean**2, 0.0) / max(n - 1.0, 1.0))

    return PathHits(
        account_ids=tuple(each.account_id for each in boundaries),
        horizons_years=tuple(float(each) for each in horizons_years),
        hit_frac=mean,
        hit_error_frac=error(mean, total[..., 3]),
        lower_frac=total[..., 0],
        upper_frac=total[..., 1],
        jump_frac=total[..., 4],
        left_frac=total[..., 5],
        left_error_frac=error(total[..., 5], total[..., 6]),
        loss_usd=total[..., 7],
        loss_error_usd=error(total[..., 7], total[..., 8]),
        covariance_frac=covariance / max(n - 1.0, 1.0),
        any_frac=any_mean,
        any_error_frac=error(any_mean, any_square),
        any_upper_frac=upper_mean,
        any_upper_error_frac=error(upper_mean, upper_square),
        paths_count=paths_count,
        steps_count=len(steps.years),
        seed=seed,
    )


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
    steps = _steps(dynamics, horizons_years, step_years)
    free = Boundary.fixed("", dynamics.factors[0].factor, low_log=None, high_log=None)
    *_, ends = _walked(
        dynamics, [free], steps, len(horizons_years), paths_count, seed, None, time_ns,
        threads_count, joined=(), keep_ends=True,
    )  # fmt: skip
    return ends


def _walked(
    dynamics: Dynamics,
    boundaries: Sequence[Boundary],
    steps: _Steps,
    horizons_count: int,
    paths_count: int,
    seed: int,
    costs: Sequence[LiquidationCost] | None,
    time_ns: int | None,
    threads_count: int,
    *,
    joined: Sequence[int],
    keep_ends: bool,
) -> tuple[Floats, Floats, Floats, Floats]:
    """Give sums, products and any of them, a block of paths each, and the ends if kept."""
    # Here and not above: Numba takes a second to import, and who walks no paths need not wait.
    from hedgerow.solvency.kernels import walk as kernel

    if not 1 <= paths_count < _PATHS_COUNT_MAX:
        raise OutOfDomain(f"paths_count must be from 1 to 2^32, was {paths_count}")
    if not 0 <= seed < 2**63:
        raise OutOfDomain(f"seed must be from 0 to 2^63, was {seed}")
    moves, factors_count = dynamics.factors, len(dynamics.factors)
    years = steps.years
    reversion = np.array([each.reversion_frac_per_year for each in moves])
    fading = np.outer(years, reversion)
    with np.errstate(invalid="ignore", divide="ignore"):
        noise = np.where(fading > 0.0, np.sqrt(-np.expm1(-2.0 * fading) / (2.0 * fading)), 1.0)
    periods_per_year = 1.0 / dynamics.period_years if dynamics.period_years else 0.0
    jumps = dynamics.jumps
    low, high, open_low, open_high = _tables(boundaries, years)
    accounts_count = len(boundaries)
    blocks_count = -(-paths_count // kernel.BLOCK)
    sums = np.zeros((blocks_count, horizons_count, accounts_count, kernel.QUANTITIES))
    products = np.zeros((blocks_count, horizons_count, accounts_count, accounts_count))
    either = np.zeros((blocks_count, horizons_count, 1, 4))
    is_joined = np.zeros(accounts_count, dtype=np.bool_)
    is_joined[list(joined)] = True
    ends = np.zeros((paths_count if keep_ends else 0, horizons_count, factors_count))
    arguments = (
        years,
        steps.is_period_end,
        steps.horizon_at,
        dynamics.drift_log_per_year(),
        np.exp(-fading),
        noise,
        _root(dynamics.correlation_frac),
        np.array([each.vol_frac**2 for each in moves]),
        _garch_rows(dynamics),
        np.array([periods_per_year]),
        _mix_table(dynamics.degrees_frac),
        np.zeros(4)
        if jumps is None
        else np.array(
            [jumps.jumps_count_per_year, jumps.up_frac, jumps.size_up_log, jumps.size_down_log]
        ),
        np.array([each.jump_loading_frac for each in moves]),
        _event_deviations(dynamics, years, time_ns),
        low,
        high,
        open_low,
        open_high,
        _which(dynamics, boundaries, open_low, open_high),
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


def _steps(dynamics: Dynamics, horizons_years: Sequence[float], step_years: float) -> _Steps:
    """Cut time up to the last horizon into steps that end at every horizon."""
    horizons = np.asarray(horizons_years, dtype=np.float64)
    if not len(horizons) or not (np.isfinite(horizons).all() and horizons[0] > 0.0):
        raise OutOfDomain("horizons must be positive and finite, and at least one")
    if (np.diff(horizons) <= 0.0).any():
        raise OutOfDomain("horizons must rise")
    if not 0.0 < step_years < np.inf:
        raise OutOfDomain(f"step_years must be positive, was {step_years}")
    if horizons[-1] / step_years > _STEPS_COUNT_MAX:
        raise OutOfDomain(f"more than {_STEPS_COUNT_MAX} steps; make them longer")
    if any(each.garch is not None for each in dynamics.factors):
        assert dynamics.period_years is not None
        parts = int(np.ceil(dynamics.period_years / step_years - 1e-9))
        dt = dynamics.period_years / parts
        at = np.rint(horizons / dt)
        if (np.abs(at * dt - horizons) > 1e-6 * dt).any() or at[0] < 1:
            raise OutOfDomain(
                f"horizons must end with a step, {parts} to a period of "
                f"{dynamics.period_years:.6g} years"
            )
        count = int(at[-1])
        horizon_at = np.full(count, -1, dtype=np.int64)
        horizon_at[at.astype(np.int64) - 1] = np.arange(len(horizons))
        return _Steps(np.full(count, dt), np.arange(1, count + 1) % parts == 0, horizon_at)
    lengths, marks = [], []
    begun = 0.0
    for at_horizon, until in enumerate(horizons.tolist()):
        count = max(int(np.ceil((until - begun) / step_years - 1e-9)), 1)
        lengths += [(until - begun) / count] * count
        marks += [-1] * (count - 1) + [at_horizon]
        begun = until
    return _Steps(
        np.array(lengths), np.zeros(len(lengths), np.bool_), np.array(marks, dtype=np.int64)
    )


def _root(correlation: Floats) -> Floats:
    """Give a lower root, also of a correlation in which one factor is bound to others."""
    values, vectors = np.linalg.eigh(correlation)
    half = vectors * np.sqrt(np.maximum(values, 0.0))
    # half · halfᵀ is the correlation; turned by QR it is lower triangular.
    root = np.linalg.qr(half.T).R.T
    return np.ascontiguousarray(np.tril(root * np.sign(np.diag(root) + 0.5 * (np.diag(root) == 0))))


def _garch_rows(dynamics: Dynamics) -> Floats:
    rows = np.zeros((len(dynamics.factors), 5))
    for row, each in zip(rows, dynamics.factors, strict=True):
        if (g := each.garch) is not None:
            constant = (1.0 - g.persistence_frac) * g.vol_long_frac**2
            row[:] = constant, g.alpha_frac, g.gamma_frac, g.beta_frac, 1.0
    return rows


def _mix_table(degrees: float) -> Floats:
    """Tabulate ``(ν − 2)/χ²`` over the normal number that stands for the quantile of χ²."""
    if np.isinf(degrees):
        return np.zeros(0)
    z = np.arange(-_MIX_REACH * _MIX_PLACES, _MIX_REACH * _MIX_PLACES + 1) / _MIX_PLACES
    half = 0.5 * degrees
    # Each tail from its own side, so that none is lost in 1 − p.
    below, above = gammaincinv(half, ndtr(np.minimum(z, 0.0))), gammainccinv(half, ndtr(-z))
    chi2 = 2.0 * np.where(z < 0.0, below, above)
    return np.concatenate(([-_MIX_REACH, float(_MIX_PLACES)], (degrees - 2.0) / chi2))


def _event_deviations(dynamics: Dynamics, years: Floats, time_ns: int | None) -> Floats:
    """Put the variance of each event in the step that it lies in."""
    out = np.zeros((len(years), len(dynamics.factors)))
    ends = np.cumsum(years)
    for at, moves in enumerate(dynamics.factors):
        for event in moves.events:
            if time_ns is None:
                raise OutOfDomain("a factor has events: say what time_ns is now")
            ahead = (event.time_ns - time_ns) / YEAR_NS
            if ahead <= 0.0 or ahead > ends[-1] * (1.0 + 1e-12):
                continue
            step = min(int(np.searchsorted(ends, ahead * (1.0 - 1e-12))), len(years) - 1)
            out[step, at] += event.variance_frac
    return np.sqrt(out)


def _tables(boundaries: Sequence[Boundary], years: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """Lay out barriers by step, straight between their times; all with the most nodes of any."""
    ends = np.concatenate(([0.0], np.cumsum(years)))
    nodes_count = max(each.low_log.shape[1] for each in boundaries)
    shape = (len(boundaries), len(ends), nodes_count)
    low, high, open_low, open_high = (np.zeros(shape) for _ in range(4))
    for a, each in enumerate(boundaries):
        times = each.times_years
        if each.low_log.shape[1] != nodes_count and each.second is not None:
            raise OutOfDomain(
                f"{each.account_id} has {each.low_log.shape[1]} nodes of its second factor, "
                f"others {nodes_count}; give all the same"
            )
        if len(times) > 1 and times[-1] < ends[-1] * (1.0 - 1e-9):
            raise OutOfDomain(
                f"the boundary of {each.account_id} ends after {times[-1]:.6g} years, the last "
                f"horizon is {ends[-1]:.6g}"
            )
        lower = np.clip(np.searchsorted(times, ends, side="right") - 1, 0, max(len(times) - 2, 0))
        upper = np.minimum(lower + 1, len(times) - 1)
        span = np.where(upper > lower, times[upper] - times[lower], 1.0)
        part = np.clip((ends - times[lower]) / span, 0.0, 1.0)[:, None]
        rows = [
            (1.0 - part) * table[lower] + part * table[upper]
            for table in (each.low_log, each.high_log)
        ]
        flags = [table[lower] & table[upper] for table in (each.is_low_open, each.is_high_open)]
        _keep_inside(rows, flags, each, ends)
        for row, out in zip(rows, (low, high), strict=True):
            out[a] = _widened(row, nodes_count)
        for both, out in zip(flags, (open_low, open_high), strict=True):
            both[:, :-1] &= both[:, 1:].copy()
            out[a] = _widened(both.astype(np.float64), nodes_count)
    return low, high, open_low, open_high


def _keep_inside(
    rows: Sequence[Floats], flags: Sequence[NDArray[np.bool_]], of: Boundary, ends: Floats
) -> None:
    """End each step within which a boundary has times of its own at the innermost barriers of all.

    Straight from end to end a step would pass between the two sides of a jump, or by a barrier that
    comes near for less than the step.
    """
    (low, high), (open_low, open_high) = rows, flags
    inside = np.flatnonzero((of.times_years > 0.0) & (of.times_years <= ends[-1]))
    for at in inside.tolist():
        step = int(np.searchsorted(ends, of.times_years[at] * (1.0 - 1e-12)))
        low[step] = np.maximum(low[step], of.low_log[at])
        high[step] = np.minimum(high[step], of.high_log[at])
        open_low[step] &= of.is_low_open[at]
        open_high[step] &= of.is_high_open[at]
    is_empty = low > high
    centre = 0.5 * (low + high)
    for table in (low, high):
        table[is_empty] = centre[is_empty]
    for each in (open_low, open_high):
        each[is_empty] = False


def _widened(rows: Floats, nodes_count: int) -> Floats:
    """Repeat the last node of a boundary that has no second factor."""
    more = nodes_count - rows.shape[1]
    return np.concatenate([rows, np.repeat(rows[:, -1:], more, axis=1)], axis=1)


def _which(
    dynamics: Dynamics, boundaries: Sequence[Boundary], open_low: Floats, open_high: Floats
) -> Counts:
    rows = []
    for a, each in enumerate(boundaries):
        kinds = []
        for table in (open_low[a, :, :-1], open_high[a, :, :-1]):
            kinds.append(0 if not table.any() else 1 if table.all() else 2)
        second = -1 if each.second is None else dynamics.index_of(each.second)
        rows.append([dynamics.index_of(each.spot), second, *kinds])
    return np.array(rows, dtype=np.int64)


def _terms(costs: Sequence[LiquidationCost] | None, accounts_count: int) -> Floats:
    if costs is None:
        return np.zeros((accounts_count, 2))
    return np.array(
        [
            [each.notional_usd * (each.penalty_frac + each.slippage_frac), each.notional_usd]
            for each in costs
        ]
    )
