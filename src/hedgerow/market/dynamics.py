"""How the market's factors move together over time: what a simulation of paths is told.

Levels move by their logarithms: a coin's price, a coin's vols. Each factor has a growth and a vol,
which stays or follows GJR-GARCH(1,1); draws are correlated, their tails normal or Student's; jumps
come at random times and move all factors at once; an event that everybody knows of adds its
variance at its moment. Nothing is drawn here.

References
----------
L. Glosten, R. Jagannathan and D. Runkle (1993), On the relation between the expected value and the
volatility of the nominal excess return on stocks, Journal of Finance 48. S. Kou (2002), A
jump-diffusion model for option pricing, Management Science 48. Methods sheet, sections 14 and 16.2.
"""

from dataclasses import dataclass
from typing import Final

import msgspec
import numpy as np

from hedgerow.errors import OutOfDomain
from hedgerow.market.covariance import Factor, Floats, check_correlation
from hedgerow.market.events import VarianceEvent

__all__ = ["Dynamics", "FactorMoves", "Garch", "Jumps"]

_LOGARITHMIC: Final = ("spot", "peg", "vol_level", "premium", "liquidity")
_PRICES: Final = ("spot", "peg")
_FUNDINGS_PER_YEAR: Final = 3 * 365


class Garch(msgspec.Struct, frozen=True, kw_only=True):
    """A vol that follows surprises: GJR-GARCH(1,1) over periods of one length.

    ``h' = ω + (α + γ [e < 0]) e² + β h``, where ω is what makes `vol_long_frac` the vol in the long
    run. That needs ``α + β + γ/2 < 1``.
    """

    vol_long_frac: float
    alpha_frac: float
    beta_frac: float
    gamma_frac: float = 0.0

    def __post_init__(self) -> None:
        if not 0.0 < self.vol_long_frac < np.inf:
            raise OutOfDomain(f"vol_long_frac must be positive, was {self.vol_long_frac}")
        if not (self.alpha_frac >= 0.0 and self.alpha_frac + self.gamma_frac >= 0.0):
            raise OutOfDomain("alpha_frac and alpha_frac + gamma_frac must not be negative")
        if not self.beta_frac >= 0.0:
            raise OutOfDomain(f"beta_frac must not be negative, was {self.beta_frac}")
        if not self.persistence_frac < 1.0:
            raise OutOfDomain(
                f"α + β + γ/2 is {self.persistence_frac:.6g}: such a variance has no long run; it "
                "must be below 1"
            )

    @property
    def persistence_frac(self) -> float:
        """How much of a variance's distance to the long run is left after a period."""
        return self.alpha_frac + self.beta_frac + 0.5 * self.gamma_frac


class Jumps(msgspec.Struct, frozen=True, kw_only=True):
    """Jumps that come at random, up or down, their sizes exponential (Kou).

    A factor moves by its loading times the size; sizes are means of logarithms, both positive.
    """

    jumps_count_per_year: float
    up_frac: float
    size_up_log: float
    size_down_log: float

    def __post_init__(self) -> None:
        if not 0.0 < self.jumps_count_per_year < np.inf:
            raise OutOfDomain(
                f"jumps_count_per_year must be positive, was {self.jumps_count_per_year}"
            )
        if not 0.0 <= self.up_frac <= 1.0:
            raise OutOfDomain(f"up_frac must be from 0 to 1, was {self.up_frac}")
        if not (0.0 < self.size_up_log < np.inf and 0.0 < self.size_down_log < np.inf):
            raise OutOfDomain("mean sizes of jumps must be positive and finite")

    def growth_frac(self, loading_frac: float) -> float:
        """Give by how much a jump multiplies a level on average, less 1.

        Raises
        ------
        OutOfDomain
            If that is infinite: the tail of a jump is as heavy as the level is steep.
        """
        up, down = loading_frac * self.size_up_log, -loading_frac * self.size_down_log
        if not (up < 1.0 and down < 1.0):
            raise OutOfDomain(
                f"jumps of mean size {max(up, down):.3g} have an infinite mean; stay below 1"
            )
        return self.up_frac / (1.0 - up) + (1.0 - self.up_frac) / (1.0 - down) - 1.0


class FactorMoves(msgspec.Struct, frozen=True, kw_only=True):
    """How one factor moves; its level is counted by its logarithm.

    Attributes
    ----------
    vol_frac
        Yearly deviation now; of a variance by `garch` the one the next period starts with.
    growth_frac_per_year
        By how much the level grows on average, jumps and half the variance allowed for.
    funding_frac_per_8h
        Taken from the growth: who holds a perpetual and nothing else is moved towards a barrier
        below by what longs pay, and away from one above by what shorts receive.
    reversion_frac_per_year
        How fast the logarithm is drawn back to where it is now; not of prices.
    jump_loading_frac
        How far the factor goes with a jump of size 1.
    events
        Known dates that add a variance to this factor.
    """

    factor: Factor
    vol_frac: float
    growth_frac_per_year: float = 0.0
    funding_frac_per_8h: float = 0.0
    reversion_frac_per_year: float = 0.0
    garch: Garch | None = None
    jump_loading_frac: float = 0.0
    events: tuple[VarianceEvent, ...] = ()

    def __post_init__(self) -> None:
        name = f"{self.factor.kind} of {self.factor.name}"
        if self.factor.kind not in _LOGARITHMIC:
            raise OutOfDomain(f"{name} does not move by its logarithm; there are no paths of it")
        if not 0.0 <= self.vol_frac < np.inf:
            raise OutOfDomain(f"{name}: vol_frac must not be negative, was {self.vol_frac}")
        rest = (self.growth_frac_per_year, self.funding_frac_per_8h, self.jump_loading_frac)
        if not np.isfinite(rest).all():
            raise OutOfDomain(f"{name}: growth, funding and loading must be finite, were {rest}")
        if not 0.0 <= self.reversion_frac_per_year < np.inf:
            raise OutOfDomain(f"{name}: reversion_frac_per_year must not be negative")
        if self.reversion_frac_per_year > 0.0 and self.factor.kind in _PRICES:
            raise OutOfDomain(f"{name}: a price that is drawn back is not one of these dynamics")


@dataclass(frozen=True, slots=True, eq=False)
class Dynamics:
    """All factors, how their draws are correlated, and what else moves them.

    Attributes
    ----------
    correlation_frac
        Of the draws, shape (factors, factors); copied and locked.
    degrees_count
        Degrees of freedom of Student's t, above 2; infinity for normal draws. All factors of a step
        share the variance that is mixed in, so that they have their large moves together; the vol
        is that of the moves as they come. The mean of a level is then infinite in theory: half the
        variance is taken from its drift as of normal draws.
    jumps
        None for no jumps.
    period_years
        Of a variance by GARCH; None where no factor has one.

    Raises
    ------
    OutOfDomain
        If a factor occurs twice, the correlation is none, degrees are not above 2, a mean is
        infinite, or the period is missing or not positive.
    """

    factors: tuple[FactorMoves, ...]
    correlation_frac: Floats
    degrees_count: float = float("inf")
    jumps: Jumps | None = None
    period_years: float | None = None

    def __post_init__(self) -> None:
        count = len(self.factors)
        correlation = np.array(self.correlation_frac, dtype=np.float64)
        if not count or len({each.factor for each in self.factors}) != count:
            raise OutOfDomain("dynamics need factors, and each of them once")
        if correlation.shape != (count, count):
            raise OutOfDomain(f"{count} factors need a square of correlations")
        check_correlation(correlation)
        correlation.setflags(write=False)
        object.__setattr__(self, "correlation_frac", correlation)
        if not self.degrees_count > 2.0:
            raise OutOfDomain(f"degrees_count must be above 2, was {self.degrees_count}")
        has_garch = any(each.garch is not None for each in self.factors)
        if has_garch and not (self.period_years and 0.0 < self.period_years < np.inf):
            raise OutOfDomain("a variance by GARCH needs period_years")
        self.drift_log_per_year()

    def drift_log_per_year(self) -> Floats:
        """Give the drift of each logarithm, half the variance not yet taken. Shape (factors,)."""
        return np.array(
            [
                each.growth_frac_per_year
                - _FUNDINGS_PER_YEAR * each.funding_frac_per_8h
                - self._growth_by_jumps(each)
                for each in self.factors
            ]
        )

    def index_of(self, factor: Factor) -> int:
        """Give the place of a factor.

        Raises
        ------
        OutOfDomain
            If it is not among them.
        """
        for at, each in enumerate(self.factors):
            if each.factor == factor:
                return at
        raise OutOfDomain(f"{factor.kind} of {factor.name} is not among the factors that move")

    def _growth_by_jumps(self, moves: FactorMoves) -> float:
        if self.jumps is None:
            return 0.0
        growth = self.jumps.growth_frac(moves.jump_loading_frac)
        return self.jumps.jumps_count_per_year * growth
