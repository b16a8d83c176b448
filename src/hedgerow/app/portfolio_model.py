"""Read what the packaged portfolio margin assumes, and draw its scenarios."""

import math
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from pathlib import PurePosixPath
from typing import Final

import msgspec
import numpy as np

from hedgerow.errors import RulebookRejected
from hedgerow.limits import FirstPassage, Tails
from hedgerow.margin.portfolio import PortfolioModel
from hedgerow.market import (
    Covariance,
    Factor,
    FactorKind,
    JointScenarios,
    drawn,
    joined,
    stressed,
)

__all__ = [
    "MODEL_FILE",
    "packaged_chance",
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


def packaged_chance(told_vol_frac: Mapping[str, float]) -> FirstPassage:
    """Give who knows how likely a move is: by the tails, with the vols told in place of its own."""
    return FirstPassage(
        vol_frac={**packaged_vols(), **told_vol_frac},
        tails=packaged_tails(),
        degrees_count=float(packaged_degrees_count()),
    )


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
