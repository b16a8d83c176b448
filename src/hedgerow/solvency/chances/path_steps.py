"""What a walk is told of the market: its steps, and how every factor moves in each of them.

`Dynamics` and horizons enter; arrays leave, a row for each step or factor, for the compiled loops.
A factor that is drawn back is drawn exactly, however long the steps: its mean, its variance and
what it has in common with the others are those of an Ornstein-Uhlenbeck process.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammainccinv, gammaincinv, ndtr

from hedgerow.errors import OutOfDomain
from hedgerow.market import Dynamics
from hedgerow.pricing import Floats
from hedgerow.units import YEAR_NS

__all__ = [
    "Fading",
    "Steps",
    "cut",
    "event_deviations",
    "faded",
    "garch_rows",
    "jump_row",
    "mix_table",
]

Counts: TypeAlias = NDArray[np.int64]

_STEPS_COUNT_MAX: Final = 100_000
# Normal numbers of factors come by purposes below that of Student's mixing, two to each.
_FACTORS_COUNT_MAX: Final = 126
# Jumps of one step are drawn one by one, 64 at most: more than that come once in 10^17 steps.
_JUMPS_COUNT_MAX: Final = 16.0
# The table of Student's mixing: from −9 to 9 deviations, 256 places to each.
_MIX_REACH: Final = 9.0
_MIX_PLACES: Final = 256


class Steps(NamedTuple):
    """Length of every step, whether a period of variances ends with it, and which horizon or -1."""

    years: Floats
    is_period_end: NDArray[np.bool_]
    horizon_at: Counts


class Fading(NamedTuple):
    """How factors that are drawn back go through a step.

    Shape (steps, factors): the years that a drift counts for, what is left of where a factor was,
    and what of its deviation. `roots` are lower roots of the correlation of draws, shape (roots,
    factors, factors), and `root_at` says which of them is for a step.
    """

    pull_years: Floats
    decay_frac: Floats
    noise_frac: Floats
    roots_frac: Floats
    root_at_index: Counts


def cut(dynamics: Dynamics, horizons_years: Sequence[float], step_years: float) -> Steps:
    """Cut time up to the last horizon into steps that end at every horizon.

    Raises
    ------
    OutOfDomain
        If horizons are none, not positive or do not rise, there are too many steps, a step has too
        many jumps, or a horizon lies within a step of a variance by GARCH.
    """
    horizons = np.asarray(horizons_years, dtype=np.float64)
    if not len(horizons) or not (np.isfinite(horizons).all() and horizons[0] > 0.0):
        raise OutOfDomain("horizons must be positive and finite, and at least one")
    if (np.diff(horizons) <= 0.0).any():
        raise OutOfDomain("horizons must rise")
    if not 0.0 < step_years < np.inf:
        raise OutOfDomain(f"step_years must be positive, was {step_years}")
    has_garch = any(each.garch is not None for each in dynamics.factors)
    period_years = dynamics.period_years if has_garch else None
    if horizons[-1] / min(step_years, period_years or np.inf) > _STEPS_COUNT_MAX:
        raise OutOfDomain(f"more than {_STEPS_COUNT_MAX} steps; make them longer")
    if period_years is None:
        steps = _up_to_each(horizons, step_years)
    else:
        steps = _in_periods(horizons, step_years, period_years)
    if dynamics.jumps is not None:
        jumps_count = dynamics.jumps.jumps_count_per_year * float(steps.years.max())
        if jumps_count > _JUMPS_COUNT_MAX:
            raise OutOfDomain(
                f"{jumps_count:.3g} jumps a step, and {_JUMPS_COUNT_MAX:.0f} are allowed; make "
                "step_years shorter"
            )
    return steps


def _up_to_each(horizons_years: Floats, step_years: float) -> Steps:
    """Cut the time up to each horizon into equal steps."""
    lengths, marks = [], []
    begun = 0.0
    for at_horizon, until in enumerate(horizons_years.tolist()):
        # Whole steps may divide to some bits more than their count, which are no step of their own.
        count = max(int(np.ceil((until - begun) / step_years - 1e-9)), 1)
        lengths += [(until - begun) / count] * count
        marks += [-1] * (count - 1) + [at_horizon]
        begun = until
    return Steps(
        np.array(lengths), np.zeros(len(lengths), np.bool_), np.array(marks, dtype=np.int64)
    )


def _in_periods(horizons_years: Floats, step_years: float, period_years: float) -> Steps:
    """Cut the periods of a variance into equal steps, with one of which each horizon must end."""
    parts = int(np.ceil(period_years / step_years - 1e-9))  # some bits more are no part
    dt = period_years / parts
    at = np.rint(horizons_years / dt)
    if (np.abs(at * dt - horizons_years) > 1e-6 * dt).any() or at[0] < 1:
        raise OutOfDomain(
            f"horizons must end with a step, {parts} to a period of {period_years:.6g} years"
        )
    if (np.diff(at) < 1.0).any():
        raise OutOfDomain("two horizons end with one step; leave one of them out")
    count = int(at[-1])
    horizon_at = np.full(count, -1, dtype=np.int64)
    horizon_at[at.astype(np.int64) - 1] = np.arange(len(horizons_years))
    return Steps(np.full(count, dt), np.arange(1, count + 1) % parts == 0, horizon_at)


def faded(dynamics: Dynamics, steps_years: Floats) -> Fading:
    """Say how factors go through each step.

    Raises
    ------
    OutOfDomain
        If there are more factors than streams of draws.
    """
    if len(dynamics.factors) > _FACTORS_COUNT_MAX:
        raise OutOfDomain(f"paths move {_FACTORS_COUNT_MAX} factors at most")
    reversion = np.array([each.reversion_frac_per_year for each in dynamics.factors])
    fading = np.outer(steps_years, reversion)
    lengths, root_at = np.unique(steps_years, return_inverse=True)
    if not reversion.any():
        lengths, root_at = lengths[:1], np.zeros(len(steps_years), dtype=np.int64)
    return Fading(
        pull_years=steps_years[:, None] * _mean_left(fading),
        decay_frac=np.exp(-fading),
        noise_frac=np.sqrt(_mean_left(2.0 * fading)),
        roots_frac=np.array(
            [_root(_step_correlation(dynamics, reversion * each)) for each in lengths.tolist()]
        ),
        root_at_index=root_at.astype(np.int64),
    )


def _mean_left(fading_log: Floats) -> Floats:
    """Give ``(1 - exp(-k)) / k``: what is left, on average over a step, of what comes in it."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(fading_log > 0.0, -np.expm1(-fading_log) / fading_log, 1.0)


def _step_correlation(dynamics: Dynamics, fading_log: Floats) -> Floats:
    """Correlate what two factors have moved at the end of a step, drawn back at their own pace.

    The covariance of two Ornstein-Uhlenbeck processes with rates k and l after t is
    ``ρσς(1 − exp(−(k + l)t))/(k + l)``.
    """
    if not fading_log.any():
        return dynamics.correlation_frac
    own = np.sqrt(_mean_left(2.0 * fading_log))
    both = _mean_left(fading_log[:, None] + fading_log[None, :])
    return np.asarray(dynamics.correlation_frac * both / np.outer(own, own))


def _root(correlation_frac: Floats) -> Floats:
    """Give a lower root, also of a correlation in which one factor is bound to others."""
    values, vectors = np.linalg.eigh(correlation_frac)
    half = vectors * np.sqrt(np.maximum(values, 0.0))
    # half · halfᵀ is the correlation; turned by QR it is lower triangular.
    root = np.linalg.qr(half.T).R.T
    return np.ascontiguousarray(np.tril(root * np.sign(np.diag(root) + 0.5 * (np.diag(root) == 0))))


def garch_rows(dynamics: Dynamics) -> Floats:
    """Give a row for each factor: constant, alpha, gamma, beta, and 1 where there is GARCH."""
    rows = np.zeros((len(dynamics.factors), 5))
    for row, each in zip(rows, dynamics.factors, strict=True):
        if (g := each.garch) is not None:
            constant = (1.0 - g.persistence_frac) * g.vol_long_frac**2
            row[:] = constant, g.alpha_frac, g.gamma_frac, g.beta_frac, 1.0
    return rows


def mix_table(degrees_count: float) -> Floats:
    """Tabulate ``(ν − 2)/χ²`` over the normal number that stands for the quantile of χ².

    The first two numbers say where the table starts and how many places there are to 1; it is
    empty for normal draws.
    """
    if np.isinf(degrees_count):
        return np.zeros(0)
    z = np.arange(-_MIX_REACH * _MIX_PLACES, _MIX_REACH * _MIX_PLACES + 1) / _MIX_PLACES
    half = 0.5 * degrees_count
    # Each tail from its own side, so that none is lost in 1 − p.
    below, above = gammaincinv(half, ndtr(np.minimum(z, 0.0))), gammainccinv(half, ndtr(-z))
    chi2 = 2.0 * np.where(z < 0.0, below, above)
    return np.concatenate(([-_MIX_REACH, float(_MIX_PLACES)], (degrees_count - 2.0) / chi2))


def jump_row(dynamics: Dynamics) -> Floats:
    """Give jumps a year, the probability of up, and mean sizes up and down; zeros for none."""
    if (jumps := dynamics.jumps) is None:
        return np.zeros(4)
    return np.array(
        [jumps.jumps_count_per_year, jumps.up_frac, jumps.size_up_log, jumps.size_down_log]
    )


def event_deviations(dynamics: Dynamics, steps_years: Floats, time_ns: int | None) -> Floats:
    """Put the variance of each event in the step that it lies in; give deviations.

    Raises
    ------
    OutOfDomain
        If a factor has events and nobody said when now is.
    """
    out = np.zeros((len(steps_years), len(dynamics.factors)))
    ends = np.cumsum(steps_years)
    for at, moves in enumerate(dynamics.factors):
        for event in moves.events:
            if time_ns is None:
                raise OutOfDomain("a factor has events: say what time_ns is now")
            ahead = (event.time_ns - time_ns) / YEAR_NS
            if ahead <= 0.0 or ahead > ends[-1] * (1.0 + 1e-12):
                continue
            step = min(int(np.searchsorted(ends, ahead * (1.0 - 1e-12))), len(steps_years) - 1)
            out[step, at] += event.variance_frac
    return np.sqrt(out)
