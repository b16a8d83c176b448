"""What waiting costs: the move of a price while money is on its way, and what can be there in time.

A yearly volatility and times of transit enter; basis points of exposure, buffers and dollars leave.
Prices move normally with the volatility given and no drift while one waits: jumps come on top, as
an add-on that the caller states.

References
----------
Methods sheet, sections 28 and 29.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Final, TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from hedgerow.errors import OutOfDomain
from hedgerow.solvency.bracket import root_of
from hedgerow.units import YEAR_S

__all__ = [
    "LatencyValue",
    "Remote",
    "TransitTime",
    "Usable",
    "latency_buffer_frac",
    "latency_var_bps",
    "latency_var_drawn",
    "transit_time",
    "usable_within",
]

Floats: TypeAlias = NDArray[np.float64]
_BPS: Final = 10_000.0


class TransitTime(msgspec.Struct, frozen=True, kw_only=True):
    """A percentile of drawn times; None stands for never: that many rescues fail.

    `low_s` and `high_s` are one standard error either way, by the ranks of the draws; a high that
    lies beyond the last of them is never, too.
    """

    level_frac: float
    time_s: float | None
    low_s: float | None
    high_s: float | None
    draws_count: int


class LatencyValue(msgspec.Struct, frozen=True, kw_only=True):
    """A quantile of what is lost while one waits, in basis points of exposure.

    None where no loss is bound to it: so many rescues never arrive.
    """

    level_frac: float
    value_bps: float | None
    error_bps: float | None
    draws_count: int


@dataclass(frozen=True, slots=True, eq=False)
class Remote:
    """Collateral of ours elsewhere, and draws of how long it takes to come here.

    Attributes
    ----------
    transit_s
        Infinity where it does not come. The draws of a route hold its failures already.
    lost_frac
        Probability that what is on its way is lost for good, apart from those.
    """

    place: str
    collateral_usd: float
    haircut_frac: float
    transit_s: Floats
    lost_frac: float = 0.0

    def __post_init__(self) -> None:
        transit = _times(self.transit_s)
        if not 0.0 <= self.collateral_usd < np.inf:
            raise OutOfDomain(f"{self.place}: collateral must be finite and not negative")
        if not (0.0 <= self.haircut_frac <= 1.0 and 0.0 <= self.lost_frac <= 1.0):
            raise OutOfDomain(f"{self.place}: haircut and loss must lie in [0, 1]")
        transit.setflags(write=False)
        object.__setattr__(self, "transit_s", transit)

    def arrives_frac(self, deadline_s: float) -> float:
        """Give the probability that it is here by a deadline, and not lost."""
        return float(np.mean(self.transit_s <= deadline_s)) * (1.0 - self.lost_frac)


class Usable(msgspec.Struct, frozen=True, kw_only=True):
    """What can be used here within a deadline.

    `expected_usd` weighs what is elsewhere with its probability of arriving and is a figure for
    planning; `hard_usd` counts only what arrives with the probability wanted, and all of it.
    """

    deadline_s: float
    local_usd: float
    expected_usd: float
    error_usd: float
    hard_usd: float
    counted: tuple[str, ...]


def latency_var_bps(vol_frac: float, elapsed_s: float, level_frac: float) -> float:
    """Give ``z σ √t`` in basis points: the loss not exceeded with a probability while one waits.

    Raises
    ------
    OutOfDomain
        If vol or time is negative or not finite, or the level does not lie in [0.5, 1).
    """
    _check(vol_frac, level_frac)
    if not 0.0 <= elapsed_s < np.inf:
        raise OutOfDomain(f"elapsed_s must be finite and not negative, was {elapsed_s}")
    return float(_BPS * ndtri(level_frac) * vol_frac * sqrt(elapsed_s / YEAR_S))


def latency_var_drawn(vol_frac: float, transit_s: Floats, level_frac: float) -> LatencyValue:
    """Give the quantile of the loss where the time is random: exact for the times drawn.

    The distribution is the mixture of normals over the times, so that only the times carry an
    error of chance. With one fixed time it is `latency_var_bps`.

    Raises
    ------
    OutOfDomain
        As `latency_var_bps`, or if there is no time.
    """
    _check(vol_frac, level_frac)
    times = _times(transit_s)
    failing = float(np.mean(np.isinf(times)))
    scale = _BPS * vol_frac * np.sqrt(times / YEAR_S) if vol_frac else np.zeros_like(times)

    def below(x_bps: float) -> Floats:
        # What has no spread is not exceeded by anything that is not negative.
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(scale > 0.0, ndtr(x_bps / scale), 1.0)

    reach = 1.0 - 0.5 * failing  # half of what never arrives is lost on, however far
    if vol_frac > 0.0 and reach <= level_frac:
        return LatencyValue(
            level_frac=level_frac, value_bps=None, error_bps=None, draws_count=len(times)
        )
    found = 0.0
    if np.mean(below(0.0)) < level_frac:
        high = max(1.0, float(scale[np.isfinite(scale)].max()))
        while np.mean(below(high)) < level_frac:
            high *= 2.0
        found = root_of(
            lambda x: float(np.mean(below(x))) - level_frac,
            0.0,
            high,
            tolerance_coordinate=1e-12 * high,
        )
    # The spread of the mean at the quantile, over the density there.
    step = max(1e-4 * found, 1e-9)
    density = float(np.mean(below(found + step)) - np.mean(below(found - step))) / (2.0 * step)
    spread = float(np.std(below(found))) / sqrt(len(times))
    return LatencyValue(
        level_frac=level_frac,
        value_bps=found,
        error_bps=spread / density if density > 0.0 and found > 0.0 else 0.0,
        draws_count=len(times),
    )


def latency_buffer_frac(
    vol_frac: float, elapsed_s: float, level_frac: float, *, jump_frac: float
) -> float:
    """Give the buffer that covers waiting: `latency_var_bps` over the time, and a jump on top.

    Raises
    ------
    OutOfDomain
        As `latency_var_bps`, or if the jump is negative.
    """
    if not 0.0 <= jump_frac < np.inf:
        raise OutOfDomain(f"jump_frac must be finite and not negative, was {jump_frac}")
    return latency_var_bps(vol_frac, elapsed_s, level_frac) / _BPS + jump_frac


def transit_time(transit_s: Floats, level_frac: float) -> TransitTime:
    """Give a percentile of drawn times: the smallest draw that so many do not exceed.

    Raises
    ------
    OutOfDomain
        If there is no time, or the level does not lie in (0, 1).
    """
    times = np.sort(_times(transit_s))
    if not 0.0 < level_frac < 1.0:
        raise OutOfDomain(f"level_frac must lie in (0, 1), was {level_frac}")
    count = len(times)
    spread = sqrt(level_frac * (1.0 - level_frac) * count)

    def at(rank_count: float) -> float | None:
        # Less a hair, so that 0.9 of 10 draws is the ninth and not, by rounding, the tenth.
        place = min(max(int(np.ceil(rank_count - 1e-9)) - 1, 0), count - 1)
        return float(times[place]) if np.isfinite(times[place]) else None

    rank_count = level_frac * count
    return TransitTime(
        level_frac=level_frac,
        time_s=at(rank_count),
        low_s=at(rank_count - spread),
        high_s=at(rank_count + spread) if rank_count + spread <= count else None,
        draws_count=count,
    )


def usable_within(
    local_usd: float, remotes: Sequence[Remote], *, deadline_s: float, arrives_frac_min: float
) -> Usable:
    """Say how much collateral counts here by a deadline: what is here, and what can come.

    Parameters
    ----------
    arrives_frac_min
        What is elsewhere is hard only if it arrives with at least this probability.

    Raises
    ------
    OutOfDomain
        If an amount or the deadline is negative or not finite, or the probability not in (0, 1].
    """
    if not (0.0 <= local_usd < np.inf and 0.0 <= deadline_s < np.inf):
        raise OutOfDomain("local_usd and deadline_s must be finite and not negative")
    if not 0.0 < arrives_frac_min <= 1.0:
        raise OutOfDomain(f"arrives_frac_min must lie in (0, 1], was {arrives_frac_min}")
    expected = hard = local_usd
    variance = 0.0
    counted: list[str] = []
    for each in remotes:
        worth = each.collateral_usd * (1.0 - each.haircut_frac)
        arrives = each.arrives_frac(deadline_s)
        share = float(np.mean(each.transit_s <= deadline_s))
        expected += worth * arrives
        variance += (
            (worth * (1.0 - each.lost_frac)) ** 2 * share * (1.0 - share) / len(each.transit_s)
        )
        if arrives >= arrives_frac_min:
            hard += worth
            counted.append(each.place)
    return Usable(
        deadline_s=deadline_s,
        local_usd=local_usd,
        expected_usd=expected,
        error_usd=sqrt(variance),
        hard_usd=hard,
        counted=tuple(counted),
    )


def _check(vol_frac: float, level_frac: float) -> None:
    if not 0.0 <= vol_frac < np.inf:
        raise OutOfDomain(f"vol_frac must be finite and not negative, was {vol_frac}")
    if not 0.5 <= level_frac < 1.0:
        raise OutOfDomain(f"level_frac must lie in [0.5, 1), was {level_frac}")


def _times(transit_s: Floats) -> Floats:
    times = np.array(transit_s, dtype=np.float64)
    if times.ndim != 1 or not len(times) or not (times >= 0.0).all():
        raise OutOfDomain("transit_s needs one time or more, none negative")
    return times
