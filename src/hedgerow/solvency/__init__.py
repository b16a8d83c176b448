"""How close is it to breaking?

An account, a snapshot and its rulebook enter; a `Distance` leaves: how far the joint spot may fall
or rise before the venue may act, by the same `margin.require` the venue's simulator uses. The room
refuses a distance where one requirement on the way has no answer.

What a price did in like weather of the past enters `breach_chance`, and how likely a move is
leaves; `calibrated` holds such chances against what came of them.
"""

from hedgerow.solvency.calibration import Bin, Calibration, ForecastColumns, Totals, calibrated
from hedgerow.solvency.coins import coins_moved
from hedgerow.solvency.corridor import Corridor, corridor
from hedgerow.solvency.distance import DISTANCE_FRAC_MAX, distance
from hedgerow.solvency.excursions import (
    BreachChance,
    Excursions,
    breach_chance,
    fit_excursions,
    liquidation_move_log,
)
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
from hedgerow.solvency.walk import Isolated, Walked, closed_form, walked_forward

__all__ = [
    "DISTANCE_FRAC_MAX",
    "Bin",
    "BreachChance",
    "Calibration",
    "Corridor",
    "Distance",
    "Excursions",
    "ForecastColumns",
    "Isolated",
    "Standing",
    "StandingChange",
    "Totals",
    "Walked",
    "WhatIf",
    "breach_chance",
    "bridge_hit_frac",
    "calibrated",
    "cash_at_hit_usd",
    "closed_form",
    "coins_moved",
    "compared",
    "corridor",
    "distance",
    "ever_frac",
    "fit_excursions",
    "hit_density_per_year",
    "hit_frac",
    "liquidation_move_log",
    "mean_years",
    "median_years",
    "seen_barrier_usd",
    "standing",
    "walked_forward",
]
