"""What if the world turned on us?

Market events (recorded or generated), simulated venues and agents enter; an `Episode` leaves. The
venues match against ladders, charge fees and funding, take time to credit a deposit, and liquidate
by the same rulebooks that `margin` reads. One seed gives the same bytes every time.
"""

from hedgerow.simulation.accrual import LendingModel, StakingModel
from hedgerow.simulation.assumed import Assumptions, with_assumptions
from hedgerow.simulation.depth import DepthModel
from hedgerow.simulation.options_venue import OptionSpread
from hedgerow.simulation.oracle import OracleModel
from hedgerow.simulation.records import AccountFrame, Action, Episode, Frame
from hedgerow.simulation.run import Act, Observe, run
from hedgerow.simulation.transfers import Congestion
from hedgerow.simulation.world import World

__all__ = [
    "AccountFrame",
    "Act",
    "Action",
    "Assumptions",
    "Congestion",
    "DepthModel",
    "Episode",
    "Frame",
    "LendingModel",
    "Observe",
    "OptionSpread",
    "OracleModel",
    "StakingModel",
    "World",
    "run",
    "with_assumptions",
]
