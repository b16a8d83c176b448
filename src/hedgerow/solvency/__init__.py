"""How close is it to breaking?

An account, a snapshot and its rulebook enter; a `Distance` leaves: how far the joint spot may fall
or rise before the venue may act, by the same `margin.require` the venue's simulator uses. The room
refuses a distance where one requirement on the way has no answer.
"""

from hedgerow.solvency.coins import coins_moved
from hedgerow.solvency.directions import Direction, DirectionKind, applied, shock_of
from hedgerow.solvency.distance import DISTANCE_FRAC_MAX, distance
from hedgerow.solvency.frontier import frontier
from hedgerow.solvency.plane import Level, Plane, plane
from hedgerow.solvency.records import Distance, Frontier, Root, Stretch, StretchState
from hedgerow.solvency.reverse import Blame, FactorMove, ReverseStress, reverse_stress
from hedgerow.solvency.standing import Standing, StandingChange, WhatIf, compared, standing
from hedgerow.solvency.ways import binding, joint_of, ways_of

__all__ = [
    "DISTANCE_FRAC_MAX",
    "Blame",
    "Direction",
    "DirectionKind",
    "Distance",
    "FactorMove",
    "Frontier",
    "Level",
    "Plane",
    "ReverseStress",
    "Root",
    "Standing",
    "StandingChange",
    "Stretch",
    "StretchState",
    "WhatIf",
    "applied",
    "binding",
    "coins_moved",
    "compared",
    "distance",
    "frontier",
    "joint_of",
    "plane",
    "reverse_stress",
    "shock_of",
    "standing",
    "ways_of",
]
