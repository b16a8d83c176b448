"""Which transfers bring us back?

Margin reports, buffers and allowed routes enter; transfers that refill each buffer leave. The room
refuses to draw a source below its own buffer, and says what stayed unfilled. `plan` serves accounts
one by one, nearest to liquidation first; `allocate` takes any problem of assets, venues and ways
between them and finds the least cost of covering all needs together; `least_plan` reads a desk as
such a problem, and has the margin engines bear its answer out.
"""

from hedgerow.collateral.allocate import Allocation, Cover, Sent, allocate
from hedgerow.collateral.least_plan import LeastPlan, least_plan
from hedgerow.collateral.plan import plan
from hedgerow.collateral.problem import Link, Need, OnTheWay, Pile, Problem, Tier, Venue, Worth
from hedgerow.collateral.records import BufferPolicy, Move, Route, TransferPlan

__all__ = [
    "Allocation",
    "BufferPolicy",
    "Cover",
    "LeastPlan",
    "Link",
    "Move",
    "Need",
    "OnTheWay",
    "Pile",
    "Problem",
    "Route",
    "Sent",
    "Tier",
    "TransferPlan",
    "Venue",
    "Worth",
    "allocate",
    "least_plan",
    "plan",
]
