"""How much collateral an account wants, to be alive by a horizon with a probability.

The question of `paths` turned round, on the same draws at every amount: the probability falls as
collateral is added, path by path, so its root is found as that of any falling function, and
differences between amounts are not chance. What leaves the grid counts as liquidated.

An amount that few paths decide is no answer: with Student's tails two or three of them may carry
the whole probability, and then their spread says little of how far it is off. So at the answer a
hundred paths' worth must be gone, and as many of other draws, which the amount was not fitted to.
"""

import math
from collections.abc import Callable, Sequence
from typing import Final

import msgspec
import numpy as np

from hedgerow.errors import Failure, Outcome, OutOfDomain
from hedgerow.market import Dynamics
from hedgerow.solvency.chances.boundary import Headroom, boundary
from hedgerow.solvency.chances.regimes import mixed_hits
from hedgerow.solvency.chances.tellable import effective_count
from hedgerow.units import percent

__all__ = ["CollateralWanted", "collateral_wanted"]

_PARTS_COUNT: Final = 8
_ROUNDS_COUNT: Final = 6
_SLOPE_ROUNDS_COUNT: Final = 4
# Paths' worth of what is gone at the answer: a tenth of it is then its standard error.
_EFFECTIVE_COUNT_MIN: Final = 100.0
# How far two sets of draws may lie apart, in standard errors of their difference.
_APART_MAX: Final = 4.0


class CollateralWanted(msgspec.Struct, frozen=True, kw_only=True):
    """Collateral to add, or less than zero to take out, in the account's currency.

    `extra_error_ccy` is the standard error that comes of the number of paths, or what the fresh
    draws are off if that is more; `gone_frac` is the probability of being liquidated, or of having
    gone where nothing is known, with that much, and `fresh_frac` the same by draws of `fresh_seed`.
    """

    account_id: str
    currency: str
    horizon_years: float
    survival_frac: float
    extra_ccy: float
    extra_error_ccy: float
    gone_frac: float
    gone_error_frac: float
    fresh_frac: float
    fresh_error_frac: float
    paths_count: int
    seed: int
    fresh_seed: int


def collateral_wanted(
    dynamics: Dynamics | Sequence[Dynamics],
    of: Headroom,
    *,
    survival_frac: float,
    horizon_years: float,
    paths_count: int,
    seed: int,
    step_years: float,
    time_ns: int | None = None,
    threads_count: int = 1,
) -> Outcome[CollateralWanted]:
    """Find what an account has to add to survive with a probability.

    Collateral counts in full and does not move against the account's currency.

    Parameters
    ----------
    dynamics
        Of the market, or several that are equally likely.

    Returns
    -------
    CollateralWanted or Failure
        A failure if no amount is enough, because too many paths leave the grid of the headroom; if
        too few paths decide it, saying how many would do; or if other draws contradict it.

    Raises
    ------
    OutOfDomain
        If the probability is not between 0 and 1; and as `path_hits`.
    """
    if not 0.0 < survival_frac < 1.0:
        raise OutOfDomain(f"survival_frac must be between 0 and 1, was {survival_frac}")

    mixture = [dynamics] if isinstance(dynamics, Dynamics) else dynamics
    fresh_seed = seed + 1 if seed < 2**63 - 1 else 0

    def gone(
        extras_ccy: Sequence[float], draws_seed: int = seed
    ) -> tuple[list[float], list[float]]:
        found = mixed_hits(
            mixture,
            [boundary(of, extra_ccy=each) for each in extras_ccy],
            paths_count=paths_count,
            seed=draws_seed,
            horizons_years=[horizon_years],
            step_years=step_years,
            time_ns=time_ns,
            threads_count=threads_count,
        )
        either = found.hit_frac + found.left_frac
        error = np.hypot(found.hit_error_frac, found.left_error_frac)
        return either[:, 0].tolist(), error[:, 0].tolist()

    def gone_frac(extras_ccy: Sequence[float]) -> list[float]:
        return gone(extras_ccy)[0]

    wanted_frac = 1.0 - survival_frac
    enough = _enough(of, gone_frac, wanted_frac)
    if isinstance(enough, Failure):
        return enough
    extra_ccy, reach_ccy = enough
    (found,), (error,) = gone([extra_ccy])
    (fresh,), (fresh_error,) = gone([extra_ccy], fresh_seed)
    doubt = _doubt(of, wanted_frac, (found, fresh), (error, fresh_error), paths_count)
    if doubt is not None:
        return doubt
    off_frac = max(error, fresh_error, abs(fresh - found))
    return CollateralWanted(
        account_id=of.account_id,
        currency=of.currency,
        horizon_years=horizon_years,
        survival_frac=survival_frac,
        extra_ccy=extra_ccy,
        extra_error_ccy=_error_ccy(gone_frac, extra_ccy, reach_ccy, off_frac),
        gone_frac=found,
        gone_error_frac=error,
        fresh_frac=fresh,
        fresh_error_frac=fresh_error,
        paths_count=paths_count,
        seed=seed,
        fresh_seed=fresh_seed,
    )


def _enough(
    of: Headroom, gone_frac: Callable[[Sequence[float]], Sequence[float]], wanted_frac: float
) -> Outcome[tuple[float, float]]:
    """Give the least amount with which no more than wanted are gone, and how wide was searched."""
    # With nothing to spare now an account is gone; with enough for every node it is only lost
    # where the grid ends.
    low, high = -of.now_ccy, max(-float(of.headroom_ccy.min()), -of.now_ccy)
    high += 1e-9 * abs(high)
    reach_ccy = high - low
    gone_low, gone_high = gone_frac([low, high])
    if gone_high > wanted_frac:
        return Failure(
            subject=of.account_id,
            reason="missing_data",
            message=f"{percent(gone_high, 3)} of paths leave the grid of the headroom by the "
            f"horizon, with any collateral; {percent(wanted_frac, 3)} are allowed: give it more "
            "nodes",
        )
    for _ in range(_ROUNDS_COUNT):
        extras = np.linspace(low, high, _PARTS_COUNT + 2)[1:-1].tolist()
        chances = [gone_low, *gone_frac(extras), gone_high]
        places = [low, *extras, high]
        at = max(k for k, chance in enumerate(chances) if chance > wanted_frac or k == 0)
        low, high, gone_low, gone_high = places[at], places[at + 1], chances[at], chances[at + 1]
    return high, reach_ccy


def _doubt(
    of: Headroom,
    wanted_frac: float,
    gone_frac: tuple[float, float],
    error_frac: tuple[float, float],
    paths_count: int,
) -> Failure | None:
    """Say why two sets of draws, by what is gone in each, do not bear an amount out."""
    found, fresh = gone_frac
    counts = [
        float(effective_count(np.array(chance), np.array(error), paths_count))
        for chance, error in zip(gone_frac, error_frac, strict=True)
    ]
    if min(counts) < _EFFECTIVE_COUNT_MIN:
        return _too_few(of, wanted_frac, min(counts), paths_count)
    if abs(fresh - found) > _APART_MAX * math.hypot(*error_frac):
        return Failure(
            subject=of.account_id,
            reason="not_converged",
            message=f"two sets of {paths_count:,} paths do not agree: {percent(found, 3)} and "
            f"{percent(fresh, 3)} are gone with one amount; walk more",
        )
    return None


def _error_ccy(
    gone_frac: Callable[[Sequence[float]], Sequence[float]],
    extra_ccy: float,
    reach_ccy: float,
    off_frac: float,
) -> float:
    """Give how far an amount is off if its probability is off by so much.

    By the slope over about that far to both sides. Nearer by it would say nothing: a path that
    jumps over its barrier does so at once, between two amounts as near as may be.
    """
    way_ccy = reach_ccy
    for _ in range(_SLOPE_ROUNDS_COUNT):
        less, more = gone_frac([extra_ccy - way_ccy, extra_ccy + way_ccy])
        if less <= more:
            return math.inf
        way_ccy = min(2.0 * way_ccy * off_frac / (less - more), reach_ccy)
    return way_ccy


def _too_few(of: Headroom, wanted_frac: float, count: float, paths_count: int) -> Failure:
    """Say how many paths would do: as the worth of those gone grows, and never too few for it."""
    enough = 1.25 * _EFFECTIVE_COUNT_MIN / wanted_frac
    if count > 0.0:
        enough = max(enough, 1.25 * paths_count * _EFFECTIVE_COUNT_MIN / count)
    digit = 10.0 ** math.floor(math.log10(enough))
    return Failure(
        subject=of.account_id,
        reason="not_converged",
        message=f"{count:.2g} of {paths_count:,} paths decide it, and {_EFFECTIVE_COUNT_MIN:.0f} "
        f"are needed: about {math.ceil(enough / digit) * digit:,.0f} paths would do",
    )
