"""Which of these, together, in what order?

Trades and transfers enter; one ordered `Plan` leaves, with its cost, every limit before and
expected after, what it assumes and when it expires. What could not be planned stands in `unmet`,
with the reason. `joint` chooses trades and transfers itself, together, from offers and routes, and
`made` writes what it chose as a plan, which names in `unmet` what is still beyond a limit after it
where it is told what was `Allowed`; `compared` sets it beside each kind of means alone. The room
refuses a plan that could not be carried out as written: two legs of one client id, which a venue
takes for one leg, or an end before its beginning.
"""

from hedgerow.planning.beyond import INSIDE_STATEMENT, Allowed
from hedgerow.planning.capped import LegCaps, capped
from hedgerow.planning.compare import SAME, WAYS, WayState, compared, runner_up, states
from hedgerow.planning.costs import ChosenMove, ChosenSwap, JointTerms, ModeSwitch, SwapWay
from hedgerow.planning.joint import joint
from hedgerow.planning.late import LATE_STATEMENT, idle_usd, late_cost, late_unknown
from hedgerow.planning.made import made
from hedgerow.planning.outcome import Joint
from hedgerow.planning.plan import cost_kinds, plan
from hedgerow.planning.project import projected, traded
from hedgerow.planning.records import (
    BoundPrice,
    CostKind,
    GreekChange,
    Leg,
    Order,
    Plan,
    RunnerUp,
    Swap,
    Switch,
    Transfer,
)
from hedgerow.planning.swaps import swap_of
from hedgerow.planning.switches import after_switches, joint_switching

__all__ = [
    "INSIDE_STATEMENT",
    "LATE_STATEMENT",
    "SAME",
    "WAYS",
    "Allowed",
    "BoundPrice",
    "ChosenMove",
    "ChosenSwap",
    "CostKind",
    "GreekChange",
    "Joint",
    "JointTerms",
    "Leg",
    "LegCaps",
    "ModeSwitch",
    "Order",
    "Plan",
    "RunnerUp",
    "Swap",
    "SwapWay",
    "Switch",
    "Transfer",
    "WayState",
    "after_switches",
    "capped",
    "compared",
    "cost_kinds",
    "idle_usd",
    "joint",
    "joint_switching",
    "late_cost",
    "late_unknown",
    "made",
    "plan",
    "projected",
    "runner_up",
    "states",
    "swap_of",
    "traded",
]
