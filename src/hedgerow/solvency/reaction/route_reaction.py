"""One distance and one route, in every figure that says whether the route is quick enough.

A distance, a volatility and a route enter; a `RouteReaction` leaves: how long it takes, how likely
it arrives first, from how far it would, and what waiting costs. Chance comes from the generator
given.
"""

from dataclasses import dataclass

import msgspec
import numpy as np

from hedgerow.errors import OutOfDomain
from hedgerow.solvency.reaction.latency import Regime, RescueRoute, RouteBook, transit_s
from hedgerow.solvency.reaction.latency_value import (
    LatencyValue,
    TransitTime,
    latency_buffer_frac,
    latency_var_drawn,
    transit_time,
)
from hedgerow.solvency.reaction.odds import (
    Moves,
    Odds,
    rescue_odds,
    rescue_odds_drawn,
    rescue_odds_recorded,
)
from hedgerow.solvency.reaction.rescue_trigger import trigger_for_odds_log

__all__ = ["ReactionTerms", "RouteReaction", "route_reaction"]

_LEVELS = (0.5, 0.9, 0.99, 0.999)


@dataclass(frozen=True, slots=True, eq=False)
class ReactionTerms:
    """What is asked of every route: volatility, regime, how sure one wants to be, draws.

    `moves` are recorded moves to draw from as well; None where only the normal model is asked.
    """

    vol_frac: float
    regime: Regime
    success_frac: float
    jump_frac: float
    draws_count: int
    moves: Moves | None = None


class RouteReaction(msgspec.Struct, frozen=True, kw_only=True):
    """Whether a rescue by this route that starts now arrives before the breach.

    `arrives` draws the time and takes the price as normal and apart from it; `arrives_recorded`
    draws both together from history, None where none was given, and a reason in
    `unrecorded_why` where it was too short. `arrives_p99_frac` is the closed form at the 99th
    percentile of the time, None where that is never. `trigger_log` is the log distance from which
    the wanted odds would hold after a fall of half of the jump, None where no distance is enough.
    `buffer_frac` covers waiting for the 99th percentile at the level wanted, and the jump.
    """

    route: str
    regime: str
    distance_log: float
    fails_frac: float
    transit: tuple[TransitTime, ...]
    arrives: Odds
    arrives_p99_frac: float | None
    arrives_recorded: Odds | None
    unrecorded_why: str | None
    success_frac: float
    trigger_log: float | None
    waiting: LatencyValue
    buffer_frac: float | None

    @property
    def is_in_time(self) -> bool:
        """Whether the odds are those wanted, by every model asked; one without answer is none.

        From nearer than the trigger it is too late, whatever the odds: they know of no jump.
        """
        if self.unrecorded_why is not None:
            return False
        if self.trigger_log is None or self.distance_log < self.trigger_log:
            return False
        asked = [self.arrives, *([self.arrives_recorded] if self.arrives_recorded else [])]
        return all(each.arrives_frac >= self.success_frac for each in asked)


def route_reaction(
    distance_log: float,
    terms: ReactionTerms,
    book: RouteBook,
    route: RescueRoute,
    *,
    rng: np.random.Generator,
) -> RouteReaction:
    """Assess one route from one distance.

    Raises
    ------
    OutOfDomain
        If the distance, volatility, level or number of draws cannot be meant.
    """
    times = transit_s(book, route, terms.regime, count=terms.draws_count, rng=rng)
    transit = tuple(transit_time(times, level) for level in _LEVELS)
    slow_s = transit[2].time_s
    recorded, why = None, None
    arriving = times[np.isfinite(times)]
    if terms.moves is not None and len(arriving):
        # What arrives later than all but one in a thousand counts as late.
        horizon_s = float(np.quantile(arriving, 0.999, method="inverted_cdf"))
        try:
            recorded = rescue_odds_recorded(
                distance_log,
                terms.vol_frac,
                terms.moves,
                book,
                route,
                terms.regime,
                horizon_s=horizon_s,
                count=terms.draws_count,
                rng=rng,
            )
        except OutOfDomain as bad:
            why = str(bad)
    return RouteReaction(
        route=route.name,
        regime=terms.regime.name,
        distance_log=distance_log,
        fails_frac=route.fails_in(terms.regime),
        transit=transit,
        arrives=rescue_odds_drawn(distance_log, terms.vol_frac, times),
        arrives_p99_frac=None
        if slow_s is None
        else rescue_odds(distance_log, terms.vol_frac, slow_s),
        arrives_recorded=recorded,
        unrecorded_why=why,
        success_frac=terms.success_frac,
        trigger_log=trigger_for_odds_log(
            terms.vol_frac, times, success_frac=terms.success_frac, jump_frac=terms.jump_frac
        ),
        waiting=latency_var_drawn(terms.vol_frac, times, terms.success_frac),
        buffer_frac=None
        if slow_s is None
        else latency_buffer_frac(
            terms.vol_frac, slow_s, terms.success_frac, jump_frac=terms.jump_frac
        ),
    )
