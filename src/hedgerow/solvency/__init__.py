"""How close is it to breaking?

An account, a snapshot and its rulebook enter; a `Distance` leaves: how far the joint spot may fall
or rise before the venue may act, by the same `margin.require` the venue's simulator uses. The room
refuses a distance where one requirement on the way has no answer.
"""

from hedgerow.solvency.coins import coins_moved
from hedgerow.solvency.corridor import Corridor, corridor
from hedgerow.solvency.distance import DISTANCE_FRAC_MAX, distance
from hedgerow.solvency.passage import (
    bridge_hit_frac,
    cash_at_hit_usd,
    ever_frac,
    hit_density_per_year,
    hit_frac,
    mean_years,
    median_years,
    seen_barrier_usd,
)
from hedgerow.solvency.records import Distance
from hedgerow.solvency.standing import Standing, StandingChange, WhatIf, compared, standing

__all__ = [
    "DISTANCE_FRAC_MAX",
    "Corridor",
    "Distance",
    "Standing",
    "StandingChange",
    "WhatIf",
    "bridge_hit_frac",
    "cash_at_hit_usd",
    "coins_moved",
    "compared",
    "corridor",
    "distance",
    "ever_frac",
    "hit_density_per_year",
    "hit_frac",
    "mean_years",
    "median_years",
    "seen_barrier_usd",
    "standing",
]
