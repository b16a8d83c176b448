"""How long a rescue takes, stage by stage, and draws of it.

A file of routes enters (`decode_routes`); out come `RescueRoute`s and, from a generator, seconds
from "something is wrong" to "credited where it counts". Each stage states five times (fastest, and
the 50th, 90th, 99th and 99.9th percentile) for each regime that matters to it. Regimes, volatility
by fee quintile, are never averaged: a number belongs to one of them.

Between percentiles the logarithm of the time is straight: below the median in the probability
itself, above it in the logarithm of the probability of taking longer (pieces of a power law).
Beyond the 99.9th percentile time grows with ``(0.001 / (1 - u)) ** tail_power``, as the file
states; a stage that states one time for all takes that.

References
----------
Methods sheet, section 28.
"""

from collections.abc import Mapping
from itertools import pairwise, product
from typing import Annotated, Final, Literal, TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from hedgerow.errors import OutOfDomain, RulebookRejected

__all__ = [
    "REGIMES",
    "Regime",
    "RescueRoute",
    "RouteBook",
    "Stage",
    "StageName",
    "Volatility",
    "decode_routes",
    "stage_time_s",
    "transit_s",
]

Floats: TypeAlias = NDArray[np.float64]
Volatility: TypeAlias = Literal["calm", "busy", "wild"]
StageName: TypeAlias = Literal[
    "detect", "sign", "broadcast", "inclusion", "safe", "final", "credited"
]
_ORDER: Final[tuple[StageName, ...]] = (
    "detect", "sign", "broadcast", "inclusion", "safe", "final", "credited"
)  # fmt: skip
_VOLATILITIES: Final[tuple[Volatility, ...]] = ("calm", "busy", "wild")
_Text: TypeAlias = Annotated[str, msgspec.Meta(min_length=1)]
_Times: TypeAlias = tuple[float, float, float, float, float]

_HAIR: Final = 1e-12

# The probabilities of taking longer at the four percentiles that a stage states.
_BEYOND: Final = np.array([0.5, 0.1, 0.01, 0.001])


class Regime(msgspec.Struct, frozen=True, kw_only=True, order=True):
    """How wild prices are and how dear blocks are: fee quintile 1 is the cheapest fifth of time."""

    volatility: Volatility
    fee_quintile_index: Annotated[int, msgspec.Meta(ge=1, le=5)]

    def __post_init__(self) -> None:
        # `Meta` is asked when decoding, not when called.
        if self.fee_quintile_index not in range(1, 6) or self.volatility not in _VOLATILITIES:
            raise OutOfDomain(
                f"a regime is calm, busy or wild with a fee quintile from 1 to 5, was "
                f"{self.volatility} {self.fee_quintile_index}"
            )

    @property
    def name(self) -> str:
        """As a file may write it."""
        return f"{self.volatility} fee{self.fee_quintile_index}"

    @property
    def keys(self) -> tuple[str, ...]:
        """Every way a row of a file may speak of this regime."""
        return ("any", self.volatility, f"fee{self.fee_quintile_index}", self.name)


REGIMES: Final = tuple(
    Regime(volatility=volatility, fee_quintile_index=quintile)
    for volatility, quintile in product(_VOLATILITIES, range(1, 6))
)


class Stage(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One step of a route.

    `times_s` gives, for ``any`` regime, for a volatility, for a fee quintile (``fee5``) or for both
    (``wild fee5``), the fastest time and the four percentiles. Every regime is spoken of once.
    """

    stage: StageName
    evidence: Literal["fact", "assumed"]
    why: _Text
    times_s: dict[str, _Times]

    def __post_init__(self) -> None:
        for key, times in self.times_s.items():
            if not (times[0] > 0.0 and np.isfinite(times).all()):
                raise ValueError(f"{self.stage}, {key}: times must be positive and finite")
            if any(later < sooner for sooner, later in pairwise(times)):
                raise ValueError(f"{self.stage}, {key}: percentiles must not fall, were {times}")
        _once_each(self.stage, self.times_s)

    def times_in(self, regime: Regime) -> _Times:
        """Give the five times of a regime."""
        (found,) = [self.times_s[key] for key in regime.keys if key in self.times_s]
        return found


class RescueRoute(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A way to bring an account back: its stages in their order, and how often it fails outright.

    `fails_frac` is the probability, by regime as in a stage, that what was sent never arrives (a
    transaction that reverts, a withdrawal that is held).
    """

    name: _Text
    meaning: _Text
    fails_why: _Text
    fails_frac: dict[str, float]
    stages: tuple[Stage, ...]

    def __post_init__(self) -> None:
        places = [_ORDER.index(each.stage) for each in self.stages]
        if not places or places != sorted(set(places)):
            raise ValueError(
                f"{self.name}: stages come once each, in the order {', '.join(_ORDER)}"
            )
        if any(not 0.0 <= value < 1.0 for value in self.fails_frac.values()):
            raise ValueError(f"{self.name}: fails_frac must lie in [0, 1)")
        _once_each(self.name, self.fails_frac)

    def fails_in(self, regime: Regime) -> float:
        """Give the probability of failing in a regime."""
        (found,) = [self.fails_frac[key] for key in regime.keys if key in self.fails_frac]
        return found


class RouteBook(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Every route of one dated file, and what it assumes of all of them.

    `stages_correlation_frac` is how far any two stages of one rescue are late together, and
    `volatility_correlation_frac` how far each of them is late when the market moves most, both
    between normal scores: what goes with the market goes together, so that the first is at least
    the square of the second. Volatility is ``busy`` and ``wild`` from these yearly volatilities on.
    """

    name: _Text
    statement: _Text
    tail_power: float
    stages_correlation_frac: float
    volatility_correlation_frac: float
    busy_from_frac: float
    wild_from_frac: float
    routes: tuple[RescueRoute, ...]

    def __post_init__(self) -> None:
        names = [each.name for each in self.routes]
        if not names or len(set(names)) != len(names):
            raise ValueError("a file of routes names each once, and at least one")
        if not 0.0 <= self.tail_power < 1.0:
            raise ValueError(f"tail_power must lie in [0, 1), was {self.tail_power}")
        for correlation in (self.stages_correlation_frac, self.volatility_correlation_frac):
            if not 0.0 <= correlation <= 1.0:
                raise ValueError(f"correlations must lie in [0, 1], one was {correlation}")
        least = self.volatility_correlation_frac**2
        if self.stages_correlation_frac < least - _HAIR:
            raise ValueError(
                f"stages that are each late with the market by {self.volatility_correlation_frac} "
                f"are late together by {least:.3g} at least, stages_correlation_frac was "
                f"{self.stages_correlation_frac}"
            )
        if not 0.0 < self.busy_from_frac < self.wild_from_frac < float("inf"):
            raise ValueError("busy_from_frac must be positive and below wild_from_frac")

    def route(self, name: str) -> RescueRoute:
        """Give a route by its name.

        Raises
        ------
        OutOfDomain
            If there is none of that name.
        """
        for each in self.routes:
            if each.name == name:
                return each
        known = ", ".join(each.name for each in self.routes)
        raise OutOfDomain(f"no route {name} in {self.name}; there are: {known}")

    def volatility_of(self, vol_frac: float) -> Volatility:
        """Say which regime a yearly volatility belongs to."""
        if not 0.0 <= vol_frac < float("inf"):
            raise OutOfDomain(f"vol_frac must be finite and not negative, was {vol_frac}")
        if vol_frac < self.busy_from_frac:
            return "calm"
        return "busy" if vol_frac < self.wild_from_frac else "wild"


def decode_routes(raw: bytes, *, where: str) -> RouteBook:
    """Decode a TOML file of routes.

    Raises
    ------
    RulebookRejected
        If it is no TOML, lacks a field, has one too many, or a figure is impossible.
    """
    try:
        return msgspec.toml.decode(raw, type=RouteBook)
    except msgspec.DecodeError as bad:
        raise RulebookRejected(f"{where}: {bad}") from bad


def stage_time_s(times_s: _Times, uniform_frac: Floats, *, tail_power: float) -> Floats:
    """Give the times at some probabilities: the inverse of a stage's distribution.

    Parameters
    ----------
    uniform_frac
        In [0, 1).

    Raises
    ------
    OutOfDomain
        If a probability lies outside.
    """
    u = np.asarray(uniform_frac, dtype=np.float64)
    if not ((u >= 0.0) & (u < 1.0)).all():
        raise OutOfDomain("probabilities must lie in [0, 1)")
    log_t = np.log(np.asarray(times_s))
    beyond = -np.log1p(-u)
    slow = np.interp(beyond, -np.log(_BEYOND), log_t[1:])
    power = tail_power if times_s[-1] > times_s[0] else 0.0
    slow = slow + power * np.maximum(beyond + np.log(_BEYOND[-1]), 0.0)
    quick = log_t[0] + (log_t[1] - log_t[0]) * u / 0.5
    result: Floats = np.exp(np.where(u < 0.5, quick, slow))
    return result


def transit_s(
    book: RouteBook,
    route: RescueRoute,
    regime: Regime,
    *,
    count: int,
    rng: np.random.Generator,
    volatility_score: Floats | None = None,
) -> Floats:
    """Draw how long the whole route takes; infinity where the rescue fails.

    Parameters
    ----------
    volatility_score
        Shape (count,): how wild the market is in each draw, as a normal score within its regime.
        None where it plays no part: then it is drawn and forgotten, so that a time has the same
        distribution either way.

    Raises
    ------
    OutOfDomain
        If `count` is not positive or scores do not fit it.
    """
    if count <= 0:
        raise OutOfDomain(f"count must be positive, was {count}")
    # All chance is drawn before it is used, so that two routes from one seed share it.
    wild = rng.standard_normal(count)
    common = rng.standard_normal(count)
    own = rng.standard_normal((len(_ORDER), count))
    failing = rng.random(count)
    if volatility_score is not None:
        wild = np.asarray(volatility_score, dtype=np.float64)
        if wild.shape != (count,) or not np.isfinite(wild).all():
            raise OutOfDomain(f"volatility_score needs {count} finite scores")
    return _total_s(book, route, regime, wild, common, own, failing)


def _total_s(
    book: RouteBook,
    route: RescueRoute,
    regime: Regime,
    wild_deviations: Floats,
    common_deviations: Floats,
    own_deviations: Floats,
    failing_frac: Floats,
) -> Floats:
    """Add the stages up, each at its own probability; failing takes for ever."""
    with_market = book.volatility_correlation_frac
    together = book.stages_correlation_frac
    # Each stage goes with the market as stated; what is left of being late together is shared.
    late = (
        with_market * wild_deviations
        + np.sqrt(max(together - with_market**2, 0.0)) * common_deviations
    )
    total = np.zeros(len(wild_deviations))
    for stage in route.stages:
        alone = own_deviations[_ORDER.index(stage.stage)]
        score = late + np.sqrt(1.0 - together) * alone
        # A score beyond 8.2 has no probability below one in float64.
        u = np.minimum(ndtr(score), 1.0 - 2.0**-53)
        total += stage_time_s(stage.times_in(regime), u, tail_power=book.tail_power)
    total[failing_frac < route.fails_in(regime)] = np.inf
    return total


def _once_each(subject: str, rows: Mapping[str, object]) -> None:
    """Refuse rows that leave a regime out, speak of it twice, or of something else."""
    known = {key for regime in REGIMES for key in regime.keys}
    if strange := sorted(set(rows) - known):
        raise ValueError(f"{subject}: {', '.join(strange)} is no regime; write any, wild, fee5, …")
    for regime in REGIMES:
        count = sum(key in rows for key in regime.keys)
        if count != 1:
            raise ValueError(f"{subject}: {regime.name} is spoken of {count} times, must be once")
