"""How likely a price reaches a level where its vol is not known for sure and it jumps.

The market is that of `solvency probability`: equally likely regimes of the vol (`solvency.regimes`)
and jumps with exponential sizes, here in closed form. Of one regime the Laplace transform of the
time of first passage is known; it is inverted by the Euler sum, to 1e-8. Moves between jumps are
normal there, and by the hour have Student's tails on those paths, which wear off in some hours. So
what these tails alone and one jump alone reach within the first hour is found too, and the larger
of the two probabilities counts.

References
----------
S. Kou, H. Wang (2003), First passage times of a jump diffusion process, Advances in Applied
Probability 35. J. Abate, W. Whitt (1995), Numerical inversion of Laplace transforms of probability
distributions, ORSA Journal on Computing 7.
"""

import math
from functools import cache
from typing import Final, NamedTuple, TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr

from hedgerow.errors import OutOfDomain
from hedgerow.market import Dynamics, Factor, FactorMoves, Jumps
from hedgerow.pricing import Floats
from hedgerow.solvency import regimes
from hedgerow.units import HOUR_NS, YEAR_NS

__all__ = ["Tails", "regime_vols_frac", "tailed_passage_frac"]

Complexes: TypeAlias = NDArray[np.complex128]

# The Euler sum: its error is e to minus this; how many terms, and how many of them are averaged.
_DISCRETE_LOG: Final = 18.4
_TERMS_COUNT, _AVERAGED_COUNT = 15, 11
_WEIGHTS_FRAC: Final = (
    np.array([math.comb(_AVERAGED_COUNT, k) for k in range(_AVERAGED_COUNT + 1)])
    / 2.0**_AVERAGED_COUNT
)
# Digits beyond are the machine's; they are rounded up, so that every machine says the same.
_KNOWN_FRAC: Final = 1e-9
_STEP_YEARS: Final = HOUR_NS / YEAR_NS


class Tails(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How far paths of prices go beyond their deviations: regimes of the vol, and jumps.

    Sizes of jumps are of a coin of `vol_told_frac`; another one jumps in step with its vol.
    `reach_frac` is how much farther lows and highs within the day go than its closes tell.
    """

    vol_deviation_log: float
    regimes_count: int
    reach_frac: float
    jumps_count_per_year: float
    up_frac: float
    size_up_log: float
    size_down_log: float
    vol_told_frac: float

    @property
    def jumps(self) -> Jumps:
        """The jumps of a coin of `vol_told_frac`."""
        return Jumps(
            jumps_count_per_year=self.jumps_count_per_year,
            up_frac=self.up_frac,
            size_up_log=self.size_up_log,
            size_down_log=self.size_down_log,
        )

    def loading_frac(self, vol_frac: float) -> float:
        """Give how far a coin of some vol jumps, for a jump of size 1."""
        return vol_frac / self.vol_told_frac

    def between_jumps_frac(self, vol_frac: float) -> float:
        """Give what is left of a vol when its jumps are taken out: the two squares add up."""
        size = self.up_frac * self.size_up_log**2 + (1.0 - self.up_frac) * self.size_down_log**2
        jumping = 2.0 * self.jumps_count_per_year * size * self.loading_frac(vol_frac) ** 2
        return self.reach_frac * math.sqrt(vol_frac**2 - jumping)

    def __str__(self) -> str:
        """Say it in a line."""
        return (
            f"the vol in {self.regimes_count} equally likely regimes, {self.vol_deviation_log:g} "
            f"apart in logs, and {self.jumps_count_per_year:g} jumps a year"
        )


def tailed_passage_frac(
    tails: Tails, degrees_count: float, move_frac: float, vol_frac: float, years: float
) -> float:
    """Give the probability of touching one price within a time, averaged over the regimes.

    Parameters
    ----------
    degrees_count
        Degrees of freedom of Student's t that moves of an hour are drawn with; infinity for none.
    move_frac
        Where it lies: -0.1 is ten per cent below. Above -1; at zero it is touched.
    vol_frac
        Annualised, not negative: that of daily closes, jumps and regimes included.
    years
        Not negative.

    Raises
    ------
    OutOfDomain
        If one of them lies outside, or a coin of that vol would jump so far that its mean were
        infinite.
    """
    if not (-1.0 < move_frac < math.inf and 0.0 <= vol_frac < math.inf and 0.0 <= years < math.inf):
        raise OutOfDomain(
            f"a first passage needs a move above -1, a vol and a time that are not negative, "
            f"were {move_frac}, {vol_frac} and {years}"
        )
    growth_frac = tails.jumps.growth_frac(tails.loading_frac(vol_frac))
    if move_frac == 0.0:
        return 1.0
    if vol_frac == 0.0 or years == 0.0:
        return 0.0
    vols = regime_vols_frac(tails, vol_frac)
    drift_log = -tails.jumps_count_per_year * growth_frac - 0.5 * vols**2  # no growth on average
    way = _way(tails, math.log1p(move_frac), vol_frac, drift_log)
    found = float(_passage_frac(way, vols, years).mean())
    if math.isfinite(degrees_count):
        found = max(found, _first_hour_frac(way, vols, degrees_count, min(years, _STEP_YEARS)))
    return min(1.0, math.ceil(found / _KNOWN_FRAC) * _KNOWN_FRAC)


@cache
def regime_vols_frac(tails: Tails, vol_frac: float) -> Floats:
    """Give the vol between jumps of each regime, all equally likely; locked, for it is kept.

    Raises
    ------
    OutOfDomain
        If the vol is negative or not finite.
    """
    if not 0.0 <= vol_frac < math.inf:
        raise OutOfDomain(f"regimes have a vol that is not negative, was {vol_frac}")
    coin = FactorMoves(
        factor=Factor(kind="spot", name="coin"), vol_frac=tails.between_jumps_frac(vol_frac)
    )
    told = Dynamics(factors=(coin,), correlation_frac=np.eye(1))
    made = regimes(told, deviation_log=tails.vol_deviation_log, regimes_count=tails.regimes_count)
    vols = np.array([each.factors[0].vol_frac for each in made])
    vols.setflags(write=False)
    return vols


class _Way(NamedTuple):
    """How far a barrier above lies and what leads there; one below is its mirror image."""

    way_log: float
    drift_log_per_year: Floats
    jumps_count_per_year: float
    toward_frac: float
    size_toward_log: float
    size_away_log: float


def _way(tails: Tails, way_log: float, vol_frac: float, drift_log_per_year: Floats) -> _Way:
    loading = tails.loading_frac(vol_frac)
    up, down = loading * tails.size_up_log, loading * tails.size_down_log
    lam, up_frac = tails.jumps_count_per_year, tails.up_frac
    if way_log > 0.0:
        return _Way(way_log, drift_log_per_year, lam, up_frac, up, down)
    return _Way(-way_log, -drift_log_per_year, lam, 1.0 - up_frac, down, up)


def _first_hour_frac(way: _Way, vols_frac: Floats, degrees_count: float, years: float) -> float:
    """Give what Student's tails reach, twice as often as they end there, or one jump does."""
    scale = vols_frac * math.sqrt(years * (degrees_count - 2.0) / degrees_count)
    jumps_count = way.jumps_count_per_year * years * way.toward_frac
    return float(2.0 * stdtr(degrees_count, -way.way_log / scale).mean()) + jumps_count * math.exp(
        -way.way_log / way.size_toward_log
    )


def _passage_frac(way: _Way, vols_frac: Floats, years: float) -> Floats:
    """Give the probability of each regime, by Kou and Wang, theorem 3.1."""
    b, eta = way.way_log, 1.0 / way.size_toward_log
    terms = np.arange(_TERMS_COUNT + _AVERAGED_COUNT + 1)
    alpha: Complexes = np.asarray((_DISCRETE_LOG + 2j * np.pi * terms) / (2.0 * years))
    near, far = _roots(way, vols_frac, alpha)
    transform = (
        (eta - near) / eta * far / (far - near) * np.exp(-b * near)
        + (far - eta) / eta * near / (far - near) * np.exp(-b * far)
    ) / alpha
    signed = transform.real * np.where(terms == 0, 0.5, 1.0) * (-1.0) ** terms
    sums = np.cumsum(signed, axis=1)[:, _TERMS_COUNT:]
    found = math.exp(0.5 * _DISCRETE_LOG) / years * (sums @ _WEIGHTS_FRAC)
    return np.clip(found, 0.0, 1.0)


def _roots(way: _Way, vols_frac: Floats, a: Complexes) -> tuple[Complexes, Complexes]:
    """Give the two roots to the right of ``G(x) = α``, the nearer first; regimes by α.

    ``G(x) = μx + σ²x²/2 + λ(pη/(η - x) + (1 - p)θ/(θ + x) - 1)``, times ``(η - x)(θ + x)``.
    """
    eta, theta = 1.0 / way.size_toward_log, 1.0 / way.size_away_log
    lam, p = way.jumps_count_per_year, way.toward_frac
    a, m = a[None, :], way.drift_log_per_year[:, None]
    half = 0.5 * vols_frac[:, None] ** 2
    c, gap = lam + a, eta - theta
    descending = np.broadcast_arrays(
        -half + 0.0 * a,
        half * gap - m + 0.0 * a,
        half * eta * theta + m * gap + c,
        m * eta * theta - c * gap + lam * (p * eta - (1.0 - p) * theta),
        -a * eta * theta + 0.0 * m,
    )
    companion = np.zeros((*descending[0].shape, 4, 4), dtype=np.complex128)
    companion[..., 1:, :-1] = np.eye(3)
    for row in range(4):
        companion[..., row, 3] = -descending[4 - row] / descending[0]
    found: Complexes = np.asarray(np.linalg.eigvals(companion), dtype=np.complex128)
    order = np.argsort(found.real, axis=-1)
    right = np.take_along_axis(found, order[..., 2:], axis=-1)
    return right[..., 0], right[..., 1]
