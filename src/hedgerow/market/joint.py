"""Joint moves of all factors: a designed set, drawn ones, and what history did.

Every row of `JointScenarios` moves every factor at once. Sets can be put one after another; the
order is part of the answer, because a report names its worst scenario by its place.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import Final

import numpy as np

from hedgerow.errors import OutOfDomain
from hedgerow.market.covariance import Covariance, Factor, FactorKind, Floats

__all__ = ["JointScenarios", "designed", "drawn", "grid_of", "historical", "stacked"]

# A log move beyond this is a factor of 22,000: a unit mistake.
_MOVE_MAX: Final = 10.0


@dataclass(frozen=True, slots=True, eq=False)
class JointScenarios:
    """Row s of `moves_log_or_frac` is one scenario, column i the move of factor i in its own unit.

    That is a log but for the kinds that are added, of which `Factor.is_log` is false.

    Raises
    ------
    OutOfDomain
        If shapes do not fit, a factor occurs twice, there is no scenario, or a move is not finite
        or beyond ±10.
    """

    factors: tuple[Factor, ...]
    labels: tuple[str, ...]
    moves_log_or_frac: Floats

    def __post_init__(self) -> None:
        moves = np.array(self.moves_log_or_frac, dtype=np.float64)
        if not self.labels:
            raise OutOfDomain("a requirement needs at least one scenario")
        if len(set(self.factors)) != len(self.factors):
            raise OutOfDomain("a factor occurs twice in the scenarios")
        if moves.shape != (len(self.labels), len(self.factors)):
            raise OutOfDomain(
                f"moves have shape {moves.shape}, expected {(len(self.labels), len(self.factors))}"
            )
        if not (np.abs(moves) <= _MOVE_MAX).all():
            raise OutOfDomain(f"a move must be finite and within ±{_MOVE_MAX:g}")
        moves.setflags(write=False)
        object.__setattr__(self, "moves_log_or_frac", moves)

    def __len__(self) -> int:
        return len(self.labels)

    def move_log(self, kind: FactorKind, name: str) -> Floats | None:
        """Give the logs of one factor, shape (scenarios,); None where nobody moves it."""
        factor = Factor(kind=kind, name=name)
        assert factor.is_log, f"a move of {kind} is added, and no log"
        return (
            self.moves_log_or_frac[:, self.factors.index(factor)]
            if factor in self.factors
            else None
        )


def designed(
    moves: Covariance, *, horizon_days: float, deviations: Sequence[float] = (1.0, 2.0, 3.0)
) -> JointScenarios:
    """Move along each principal direction, both ways, by so many deviations. No chance in it.

    The direction of the largest variance comes first. Each factor alone is moved as well, the
    others with it as far as their correlation says: the most likely way to such a move.

    Raises
    ------
    OutOfDomain
        If a deviation or the horizon is not positive.
    """
    if not deviations or not all(0.0 < each < np.inf for each in deviations):
        raise OutOfDomain(f"deviations must be positive, were {deviations}")
    sigma = moves.over_days(horizon_days)
    # In the metric of correlation, so that a factor of large unit does not take all directions.
    scale = np.sqrt(np.diag(sigma))
    values, vectors = np.linalg.eigh(moves.correlation_frac)
    rows: list[Floats] = [np.zeros(len(scale))]
    labels = ["nothing moves"]
    for place, at in enumerate(np.argsort(values, kind="stable")[::-1]):
        vector = vectors[:, at]
        # A direction has no sign of its own: its largest part points up.
        vector = vector * np.sign(vector[int(np.argmax(np.abs(vector)))])
        step = scale * vector * np.sqrt(max(float(values[at]), 0.0))
        for k, sign in product(deviations, (1.0, -1.0)):
            rows.append(sign * k * step)
            labels.append(f"direction {place + 1} {sign * k:+g} deviations")
    for i, factor in enumerate(moves.factors):
        step = moves.correlation_frac[i] * scale
        for k, sign in product(deviations, (1.0, -1.0)):
            rows.append(sign * k * step)
            labels.append(f"{factor.kind} {factor.name} {sign * k:+g} deviations")
    return JointScenarios(moves.factors, tuple(labels), np.array(rows))


def drawn(
    moves: Covariance,
    *,
    horizon_days: float,
    count: int,
    rng: np.random.Generator,
    degrees_count: int | None = None,
) -> JointScenarios:
    """Draw moves: normal, or Student's t of the same variance, whose tails come all together.

    Parameters
    ----------
    rng
        A generator with a named stream, such as ``np.random.Generator(np.random.Philox(seed))``.
        Draws come in pairs of opposite sign, so that their mean is zero.
    degrees_count
        Of Student's t, above 2; None for normal.

    Raises
    ------
    OutOfDomain
        If `count` is not positive and even, or degrees not above 2.
    """
    if count <= 0 or count % 2:
        raise OutOfDomain(f"count must be positive and even, was {count}")
    if degrees_count is not None and degrees_count <= 2:
        raise OutOfDomain(f"degrees_count must be above 2, was {degrees_count}")
    values, vectors = np.linalg.eigh(moves.over_days(horizon_days))
    root = vectors * np.sqrt(np.maximum(values, 0.0))
    half = rng.standard_normal((count // 2, len(values))) @ root.T
    if degrees_count is not None:
        chi = rng.chisquare(degrees_count, size=(count // 2, 1))
        half *= np.sqrt((degrees_count - 2.0) / chi)
    both = np.concatenate([half, -half])
    labels = tuple(f"draw {i}" for i in range(count))
    return JointScenarios(moves.factors, labels, np.clip(both, -_MOVE_MAX, _MOVE_MAX))


def historical(
    returns_frac: Floats, factors: Sequence[Factor], *, periods_count: int, labels: Sequence[str]
) -> JointScenarios:
    """Sum returns over every window of so many periods: what the factors did, all together.

    Parameters
    ----------
    returns_frac
        Shape (periods, n), oldest first.
    labels
        One for each period; a window is named by its last.

    Raises
    ------
    OutOfDomain
        If there is no whole window, or labels do not fit.
    """
    returns = np.asarray(returns_frac, dtype=np.float64)
    if returns.ndim != 2 or len(labels) != len(returns):
        raise OutOfDomain(f"returns {returns.shape} need as many labels, not {len(labels)}")
    if not 1 <= periods_count <= len(returns):
        raise OutOfDomain(f"no window of {periods_count} periods in {len(returns)}")
    sums = np.cumsum(np.vstack([np.zeros(returns.shape[1]), returns]), axis=0)
    moves = sums[periods_count:] - sums[:-periods_count]
    return JointScenarios(
        tuple(factors), tuple(f"as until {each}" for each in labels[periods_count - 1 :]), moves
    )


def grid_of(
    factors: Sequence[Factor],
    coin: str,
    *,
    price_moves_frac: Sequence[float],
    vol_factors_frac: Sequence[float],
) -> JointScenarios:
    """Cross moves of one coin's price (0.1 is ten per cent up) and vols; the rest stands still."""
    cells = list(product(price_moves_frac, vol_factors_frac))
    moves = np.zeros((len(cells), len(factors)))
    for i, factor in enumerate(factors):
        if factor.name == coin and factor.kind == "spot":
            moves[:, i] = np.log1p([price for price, _ in cells])
        elif factor.name == coin and factor.kind == "vol_level":
            moves[:, i] = np.log([vol for _, vol in cells])
    labels = tuple(f"{coin} price {price:+.4g}, vol x {vol:g}" for price, vol in cells)
    return JointScenarios(tuple(factors), labels, moves)


def stacked(first: JointScenarios, *others: JointScenarios) -> JointScenarios:
    """Put sets over the same factors one after another.

    Raises
    ------
    OutOfDomain
        If a set lacks a factor of the first, or has another.
    """
    rows, labels = [first.moves_log_or_frac], list(first.labels)
    for other in others:
        if set(other.factors) != set(first.factors):
            raise OutOfDomain("scenarios over different factors cannot be put together")
        rows.append(
            other.moves_log_or_frac[:, [other.factors.index(each) for each in first.factors]]
        )
        labels += other.labels
    return JointScenarios(first.factors, tuple(labels), np.concatenate(rows))
