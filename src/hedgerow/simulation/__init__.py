"""What if the world turned on us?

Market events (recorded or generated), simulated venues and agents enter; an `Episode` leaves. The
venues match against ladders, charge fees and funding, take time to credit a deposit, and liquidate
by the same rulebooks that `margin` reads. One seed gives the same bytes every time. Policies that
were followed through the same markets enter as `PolicyRun`s, and leave compared, as `PolicyRow`s.
The room refuses a desk whose rulebook or instrument nobody described.
"""

from hedgerow.simulation.accrual import LendingModel, ShareModel, StakingModel
from hedgerow.simulation.assumed import Assumptions, with_assumptions
from hedgerow.simulation.depth import DepthModel
from hedgerow.simulation.episode import (
    EPISODE_NS,
    episode_congestion,
    episode_events,
    episode_expiries_ns,
    episode_statements,
)
from hedgerow.simulation.options_venue import OptionSpread
from hedgerow.simulation.oracle import OracleModel, PegOracleModel
from hedgerow.simulation.policy_runs import Interval, PolicyRow, PolicyRun, policy_rows
from hedgerow.simulation.records import (
    AccountFrame,
    Action,
    Episode,
    Frame,
    News,
    Outflow,
    Settlement,
    Undone,
)
from hedgerow.simulation.run import Act, Allow, Appraise, Hear, Observe, run
from hedgerow.simulation.thinned import thinned
from hedgerow.simulation.transfers import Congestion
from hedgerow.simulation.world import World

__all__ = [
    "EPISODE_NS",
    "AccountFrame",
    "Act",
    "Action",
    "Allow",
    "Appraise",
    "Assumptions",
    "Congestion",
    "DepthModel",
    "Episode",
    "Frame",
    "Hear",
    "Interval",
    "LendingModel",
    "News",
    "Observe",
    "OptionSpread",
    "OracleModel",
    "Outflow",
    "PegOracleModel",
    "PolicyRow",
    "PolicyRun",
    "Settlement",
    "ShareModel",
    "StakingModel",
    "Undone",
    "World",
    "episode_congestion",
    "episode_events",
    "episode_expiries_ns",
    "episode_statements",
    "policy_rows",
    "run",
    "thinned",
    "with_assumptions",
]
