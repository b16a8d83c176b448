"""How close is it to breaking?

An account, a snapshot and its rulebook enter; a `Distance` leaves: how far the joint spot may fall
or rise before the venue may act, by the same `margin.require` the venue's simulator uses. The room
refuses a distance where one requirement on the way has no answer.

How likely that is, and how soon: closed forms for one price (`hit_frac`, `corridor`), and paths of
the market's `Dynamics` against the `Boundary` of an account (`path_hits`).

What a price did in like weather of the past enters `breach_chance`, and how likely a move is
leaves; `calibrated` holds such chances against what came of them.
"""

from hedgerow.solvency.boundary import (
    NO_BARRIER_LOG,
    Boundary,
    Driven,
    Headroom,
    boundary,
    headroom,
    over_times,
    pooled,
    spot_nodes,
)
from hedgerow.solvency.calibration import Bin, Calibration, ForecastColumns, Totals, calibrated
from hedgerow.solvency.coins import coins_moved
from hedgerow.solvency.corridor import Corridor, corridor
from hedgerow.solvency.directions import Direction, DirectionKind, applied, shock_of
from hedgerow.solvency.distance import DISTANCE_FRAC_MAX, distance
from hedgerow.solvency.excursions import (
    BreachChance,
    Excursions,
    breach_chance,
    fit_excursions,
    liquidation_move_log,
)
from hedgerow.solvency.frontier import frontier
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
from hedgerow.solvency.paths import (
    HORIZONS_YEARS,
    LiquidationCost,
    PathHits,
    path_ends_log,
    path_hits,
)
from hedgerow.solvency.plane import Level, Plane, plane
from hedgerow.solvency.records import Distance, Frontier, Root, Stretch, StretchState
from hedgerow.solvency.reverse import Blame, FactorMove, ReverseStress, reverse_stress
from hedgerow.solvency.standing import Standing, StandingChange, WhatIf, compared, standing
from hedgerow.solvency.tellable import effective_count, least_frac, upper_bound_frac
from hedgerow.solvency.time_nodes import time_nodes_ns
from hedgerow.solvency.walk import Isolated, Walked, closed_form, walked_forward
from hedgerow.solvency.wanted import CollateralWanted, collateral_wanted
from hedgerow.solvency.ways import binding, joint_of, ways_of

__all__ = [
    "DISTANCE_FRAC_MAX",
    "HORIZONS_YEARS",
    "NO_BARRIER_LOG",
    "Bin",
    "Blame",
    "Boundary",
    "BreachChance",
    "Calibration",
    "CollateralWanted",
    "Corridor",
    "Direction",
    "DirectionKind",
    "Distance",
    "Driven",
    "Excursions",
    "FactorMove",
    "ForecastColumns",
    "Frontier",
    "Headroom",
    "Isolated",
    "Level",
    "LiquidationCost",
    "PathHits",
    "Plane",
    "ReverseStress",
    "Root",
    "Standing",
    "StandingChange",
    "Stretch",
    "StretchState",
    "Totals",
    "Walked",
    "WhatIf",
    "applied",
    "binding",
    "boundary",
    "breach_chance",
    "bridge_hit_frac",
    "calibrated",
    "cash_at_hit_usd",
    "closed_form",
    "coins_moved",
    "collateral_wanted",
    "compared",
    "corridor",
    "distance",
    "effective_count",
    "ever_frac",
    "fit_excursions",
    "frontier",
    "headroom",
    "hit_density_per_year",
    "hit_frac",
    "joint_of",
    "least_frac",
    "liquidation_move_log",
    "mean_years",
    "median_years",
    "over_times",
    "path_ends_log",
    "path_hits",
    "plane",
    "pooled",
    "reverse_stress",
    "seen_barrier_usd",
    "shock_of",
    "spot_nodes",
    "standing",
    "time_nodes_ns",
    "upper_bound_frac",
    "walked_forward",
    "ways_of",
]
