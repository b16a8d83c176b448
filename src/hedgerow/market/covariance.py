"""How factors of the market move together: vols fast, correlation slow, shrunk and then stressed.

A table of returns enters, one row a period and one column a factor; a `Covariance` leaves whose
correlation is positive semidefinite. Returns must come from bars of common times: a factor that
trades an hour later than another looks uncorrelated with it.

References
----------
O. Ledoit, M. Wolf (2004), A well-conditioned estimator for large-dimensional covariance matrices,
J. Multivariate Analysis 88. N. Higham (2002), Computing the nearest correlation matrix, IMA J.
Numerical Analysis 22. Methods sheet, section 14.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray

from hedgerow.errors import OutOfDomain

__all__ = [
    "Covariance",
    "Factor",
    "FactorKind",
    "check_correlation",
    "covariance",
    "joined",
    "nearest_correlation",
    "shrinkage_frac",
    "stressed",
]

Floats: TypeAlias = NDArray[np.float64]
FactorKind: TypeAlias = Literal[
    "spot", "vol_level", "vol_skew", "vol_term", "basis", "premium", "funding", "peg", "liquidity"
]

_OBSERVATIONS_COUNT_MIN: Final = 20
_ASYMMETRY_MAX: Final = 1e-9
_NEGATIVE_MAX: Final = 1e-10  # an eigenvalue this far below zero is rounding


class Factor(msgspec.Struct, frozen=True, kw_only=True, order=True):
    """One thing of the market that moves, and how its move is counted.

    ``spot``: log return of a coin. ``peg``: log move of a dollar coin, or of a staked token against
    its base. ``vol_level``: log move of a coin's vols at 30 days. ``vol_term``: that log move per
    ``ln(30 / days)`` more. ``vol_skew``: added to a vol per unit of ``ln(K/F)``. ``basis``: added
    to the yearly carry of forwards. ``premium``: log move of a coin's perpetuals against its spot.
    ``funding``: added to the rate per 8 hours. ``liquidity``: log
    move of the time an exit takes.
    """

    kind: FactorKind
    name: str

    @property
    def is_log(self) -> bool:
        """Whether its move is a log, and not something added."""
        return self.kind not in ("vol_skew", "basis", "funding")


@dataclass(frozen=True, slots=True, eq=False)
class Covariance:
    """Item i of every column is one factor. Columns are copied and locked.

    Attributes
    ----------
    deviation_frac_per_period
        Standard deviation of a factor's move over one period, in the factor's own unit.
    correlation_frac
        Shape (n, n): symmetric, ones on the diagonal, positive semidefinite.
    period_days
        How long a period is.
    shrinkage_frac
        How much of the estimate was replaced by no correlation at all.

    Raises
    ------
    OutOfDomain
        If a shape is wrong, a factor occurs twice, a number is not finite, a deviation negative, or
        the correlation is none.
    """

    factors: tuple[Factor, ...]
    deviation_frac_per_period: Floats
    correlation_frac: Floats
    period_days: float
    shrinkage_frac: float = 0.0

    def __post_init__(self) -> None:
        count = len(self.factors)
        deviation = np.array(self.deviation_frac_per_period, dtype=np.float64)
        correlation = np.array(self.correlation_frac, dtype=np.float64)
        if len(set(self.factors)) != count:
            raise OutOfDomain("a factor occurs twice in a covariance")
        if deviation.shape != (count,) or correlation.shape != (count, count):
            raise OutOfDomain(
                f"{count} factors need as many deviations and a square of correlations, were "
                f"{deviation.shape} and {correlation.shape}"
            )
        if not (np.isfinite(deviation).all() and (deviation >= 0.0).all()):
            raise OutOfDomain(f"deviations must be finite and not negative, were {deviation}")
        if not 0.0 < self.period_days < np.inf:
            raise OutOfDomain(f"period_days must be positive, was {self.period_days}")
        check_correlation(correlation)
        for name, column in (
            ("deviation_frac_per_period", deviation),
            ("correlation_frac", correlation),
        ):
            column.setflags(write=False)
            object.__setattr__(self, name, column)

    def over_days(self, horizon_days: float) -> Floats:
        """Give the covariance over a horizon; variance grows with time. Shape (n, n)."""
        if not 0.0 < horizon_days < np.inf:
            raise OutOfDomain(f"horizon_days must be positive, was {horizon_days}")
        deviation = self.deviation_frac_per_period * np.sqrt(horizon_days / self.period_days)
        return self.correlation_frac * np.outer(deviation, deviation)


def covariance(
    returns_frac: Floats,
    factors: Sequence[Factor],
    *,
    period_days: float,
    decay_frac: float = 0.94,
) -> Covariance:
    """Estimate how factors move from what they did.

    Parameters
    ----------
    returns_frac
        Shape (periods, n), oldest first, in each factor's unit; at least 20 rows.
    decay_frac
        Of the weight of a period in the deviation, from period to period; 1 weighs all alike. The
        correlation always weighs all alike, and is shrunk.

    Raises
    ------
    OutOfDomain
        If shapes do not fit, a return is not finite, there are fewer than 20 rows, a factor never
        moves (its correlation is not known), or the decay is not in (0, 1].
    """
    returns = np.asarray(returns_frac, dtype=np.float64)
    if returns.ndim != 2 or returns.shape[1] != len(factors):
        raise OutOfDomain(f"returns must have {len(factors)} columns, shape was {returns.shape}")
    rows_count = returns.shape[0]
    if rows_count < _OBSERVATIONS_COUNT_MIN:
        raise OutOfDomain(f"{rows_count} returns are too few; give {_OBSERVATIONS_COUNT_MIN}")
    if not np.isfinite(returns).all():
        raise OutOfDomain("a return is missing or not finite; leave out what has no common times")
    if not 0.0 < decay_frac <= 1.0:
        raise OutOfDomain(f"decay_frac must be above 0 and at most 1, was {decay_frac}")
    weights = decay_frac ** np.arange(rows_count - 1, -1, -1, dtype=np.float64)
    deviation = np.sqrt(weights @ returns**2 / weights.sum())
    centred = returns - returns.mean(axis=0)
    scale = np.sqrt((centred**2).mean(axis=0))
    if (scale == 0.0).any():
        still = factors[int(np.argmax(scale == 0.0))]
        raise OutOfDomain(f"{still.kind} of {still.name} never moves; leave it out or state it")
    standard = centred / scale
    shrunk = shrinkage_frac(standard)
    correlation = (1.0 - shrunk) * (standard.T @ standard / rows_count) + shrunk * np.eye(
        len(factors)
    )
    np.fill_diagonal(correlation, 1.0)
    return Covariance(
        factors=tuple(factors),
        deviation_frac_per_period=deviation,
        correlation_frac=0.5 * (correlation + correlation.T),
        period_days=period_days,
        shrinkage_frac=shrunk,
    )


def shrinkage_frac(centred: Floats) -> float:
    """Give Ledoit's and Wolf's weight of the target ``μI``, from 0 to 1.

    Parameters
    ----------
    centred
        Shape (periods, n), columns of mean zero.

    Notes
    -----
    ``ρ = min(b̄², d²) / d²`` with ``d² = ‖S - μI‖²``, ``b̄² = Σ ‖x x' - S‖² / t²``, ``μ = tr S / n``.
    """
    t, n = centred.shape
    S = centred.T @ centred / t
    d2 = float(((S - np.trace(S) / n * np.eye(n)) ** 2).sum())
    if d2 == 0.0:
        return 1.0
    # ‖x x' - S‖² summed over rows is Σ (x'x)² - t ‖S‖².
    b2 = (float(((centred**2).sum(axis=1) ** 2).sum()) - t * float((S**2).sum())) / t**2
    return float(min(max(b2, 0.0), d2) / d2)


def nearest_correlation(matrix: Floats, *, steps_count: int = 500) -> Floats:
    """Give the correlation matrix nearest to a symmetric one (Higham's alternating projections).

    Raises
    ------
    OutOfDomain
        If the matrix is not square, symmetric and finite.
    """
    given = np.array(matrix, dtype=np.float64)
    _check_symmetric(given)
    Y, correction = given.copy(), np.zeros_like(given)
    np.fill_diagonal(Y, 1.0)
    for _ in range(steps_count):
        R = Y - correction
        X = _without_negative(R)
        correction = X - R
        before, Y = Y, X.copy()
        np.fill_diagonal(Y, 1.0)
        if float(np.abs(Y - before).max(initial=0.0)) < 1e-13:
            break
    # The last step has ones on the diagonal and may miss zero by a hair; here nothing is missed.
    X = _without_negative(Y)
    scale = np.sqrt(np.diag(X))
    X = X / np.outer(scale, scale)
    np.fill_diagonal(X, 1.0)
    return np.asarray(0.5 * (X + X.T))


def stressed(calm: Covariance, crisis_frac: Floats, weight_frac: float) -> Covariance:
    """Blend the correlation towards that of a crisis: ``(1 - s) R + s C``.

    Parameters
    ----------
    crisis_frac
        Shape (n, n), a correlation: all ones where everything falls together.
    weight_frac
        From 0, nothing, to 1, the crisis itself.

    Raises
    ------
    OutOfDomain
        If the crisis is no correlation of as many factors, or the weight out of bounds.
    """
    if not 0.0 <= weight_frac <= 1.0:
        raise OutOfDomain(f"weight_frac must be from 0 to 1, was {weight_frac}")
    crisis = np.asarray(crisis_frac, dtype=np.float64)
    if crisis.shape != calm.correlation_frac.shape:
        raise OutOfDomain(f"crisis has shape {crisis.shape}, not {calm.correlation_frac.shape}")
    check_correlation(crisis)
    return Covariance(
        factors=calm.factors,
        deviation_frac_per_period=calm.deviation_frac_per_period,
        correlation_frac=(1.0 - weight_frac) * calm.correlation_frac + weight_frac * crisis,
        period_days=calm.period_days,
        shrinkage_frac=calm.shrinkage_frac,
    )


def joined(
    measured: Covariance,
    stated: Mapping[Factor, float],
    correlations_frac: Mapping[tuple[Factor, Factor], float],
) -> Covariance:
    """Add factors that no table of returns has, with deviations a person states.

    Pairs not named are uncorrelated. What the pairs say together may be no correlation; then the
    nearest one is taken, which also moves what was measured.

    Raises
    ------
    OutOfDomain
        If a stated factor is measured already, or a pair names an unknown one.
    """
    factors = (*measured.factors, *stated)
    at = {factor: i for i, factor in enumerate(factors)}
    count, known = len(factors), len(measured.factors)
    correlation = np.eye(count)
    correlation[:known, :known] = measured.correlation_frac
    for (first, second), value in correlations_frac.items():
        if first not in at or second not in at or first == second or not -1.0 <= value <= 1.0:
            raise OutOfDomain(f"no correlation of {first} and {second} can be {value}")
        correlation[at[first], at[second]] = correlation[at[second], at[first]] = value
    if np.linalg.eigvalsh(correlation).min() < -_NEGATIVE_MAX:
        correlation = nearest_correlation(correlation)
    return Covariance(
        factors=factors,
        deviation_frac_per_period=np.append(
            measured.deviation_frac_per_period, np.array(list(stated.values()), dtype=np.float64)
        ),
        correlation_frac=correlation,
        period_days=measured.period_days,
        shrinkage_frac=measured.shrinkage_frac,
    )


def _without_negative(matrix: Floats) -> Floats:
    values, vectors = np.linalg.eigh(matrix)
    return np.asarray((vectors * np.maximum(values, 0.0)) @ vectors.T)


def _check_symmetric(matrix: Floats) -> None:
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or not np.isfinite(matrix).all():
        raise OutOfDomain(f"a correlation must be square and finite, shape was {matrix.shape}")
    if float(np.abs(matrix - matrix.T).max(initial=0.0)) > _ASYMMETRY_MAX:
        raise OutOfDomain("a correlation must be symmetric")


def check_correlation(matrix: Floats) -> None:
    """Refuse what is no correlation: not symmetric, no ones, or contradicting itself.

    Raises
    ------
    OutOfDomain
        If it is none.
    """
    _check_symmetric(matrix)
    if float(np.abs(np.diag(matrix) - 1.0).max(initial=0.0)) > _ASYMMETRY_MAX:
        raise OutOfDomain("a correlation has ones on its diagonal")
    if len(matrix) and (least := float(np.linalg.eigvalsh(matrix).min())) < -_NEGATIVE_MAX:
        raise OutOfDomain(
            f"correlations contradict one another (eigenvalue {least:.3g}); take "
            "nearest_correlation of them"
        )
