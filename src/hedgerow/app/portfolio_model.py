"""Read what the packaged portfolio margin assumes, and draw its scenarios."""

import math
from functools import cache
from importlib.resources import files
from pathlib import PurePosixPath
from typing import Final

import msgspec
import numpy as np

from hedgerow.errors import RulebookRejected
from hedgerow.margin.portfolio import PortfolioModel
from hedgerow.market import (
    Covariance,
    Factor,
    FactorKind,
    JointScenarios,
    Jumps,
    drawn,
    joined,
    stressed,
)

__all__ = [
    "MODEL_FILE",
    "packaged_covariance",
    "packaged_degrees_count",
    "packaged_model",
    "packaged_scenarios",
    "packaged_tails",
    "packaged_vols",
]

# Where its figures are, as a person finds it in the package.
MODEL_FILE: Final = "hedgerow/app/portfolio_model.toml"
_DAYS_PER_YEAR: Final = 365


class _Correlation(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    pair: tuple[str, str]
    value_frac: float


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


class _ModelFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    name: str
    basis: str
    level_frac: float
    horizon_days: float
    draws_count: int
    degrees_count: int
    draws_seed: int
    crisis_frac: float
    tails: Tails
    volume_coin_per_day: dict[str, float]
    deviations_frac_per_day: dict[FactorKind, dict[str, float]]
    correlations: tuple[_Correlation, ...]


@cache
def _file() -> _ModelFile:
    where = files("hedgerow.app") / PurePosixPath(MODEL_FILE).name
    try:
        return msgspec.toml.decode(where.read_bytes(), type=_ModelFile)
    except msgspec.DecodeError as bad:
        raise RulebookRejected(f"portfolio_model.toml: {bad}") from bad


def packaged_model() -> PortfolioModel:
    """Give the parameters of the requirement."""
    written = _file()
    return PortfolioModel(
        name=written.name,
        basis="shortfall" if written.basis == "shortfall" else "worst",
        level_frac=written.level_frac,
        horizon_days=written.horizon_days,
        volume_coin_per_day=written.volume_coin_per_day,
    )


def packaged_vols() -> dict[str, float]:
    """Give the annualised vol of every coin that is known, as a fraction."""
    per_day = _file().deviations_frac_per_day["spot"]
    return {coin: deviation * math.sqrt(_DAYS_PER_YEAR) for coin, deviation in per_day.items()}


def packaged_covariance() -> Covariance:
    """Give deviations and correlations, those of spot blended towards a crisis."""
    written = _file()
    found = {
        Factor(kind=kind, name=name): value
        for kind, values in written.deviations_frac_per_day.items()
        for name, value in values.items()
    }
    spots = [factor for factor in found if factor.kind == "spot"]
    by_name = {f"{factor.kind} {factor.name}": factor for factor in found}
    stated = {
        (by_name[first], by_name[second]): each.value_frac
        for each in written.correlations
        for first, second in [each.pair]
    }
    nothing = Covariance((), np.empty(0), np.empty((0, 0)), period_days=1.0)
    both = {pair: value for pair, value in stated.items() if set(pair) <= set(spots)}
    calm = joined(nothing, {factor: found[factor] for factor in spots}, both)
    crisis = stressed(calm, np.ones((len(spots), len(spots))), written.crisis_frac)
    rest = {factor: value for factor, value in found.items() if factor.kind != "spot"}
    return joined(crisis, rest, {pair: v for pair, v in stated.items() if pair not in both})


def packaged_tails() -> Tails:
    """Give how far paths go beyond their deviations."""
    return _file().tails


def packaged_degrees_count() -> int:
    """Give the degrees of freedom of Student's t that moves are drawn with."""
    return _file().degrees_count


@cache
def packaged_scenarios() -> JointScenarios:
    """Draw the scenarios; the same to the last bit wherever they are drawn."""
    written = _file()
    return drawn(
        packaged_covariance(),
        horizon_days=written.horizon_days,
        count=written.draws_count,
        rng=np.random.Generator(np.random.Philox(written.draws_seed)),
        degrees_count=written.degrees_count,
    )
