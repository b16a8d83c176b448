"""Which transfers bring us back?

Margin reports, buffers and allowed routes enter; transfers that refill each buffer leave. The room
refuses to draw a source below its own buffer, and says what stayed unfilled. What a coin counts for
is asked of the account's own margin engine and never guessed.

Where to post
    `allocate` takes any `Problem`: a `Pile` of each asset at each place, each `Venue` with its
    `Need`, the `Tier` of each `Worth`, a `Link` for each way, what is `OnTheWay`. It gives the
    `Allocation` of least cost: each `Sent`, in order, and the `Cover` of each need. What may be
    lost before an asset is sold or has arrived: `haircut_frac`.
How a desk comes back
    Along a `Route`, to a `BufferPolicy`: `plan` one account after the other as `DeskAgent` does,
    `least_plan` all at once and borne out by the engines, a `LeastPlan`. Each is a `TransferPlan`
    of moves (`Move`).
What could be freed
    `freed` asks for other modes and other venues, each answer a `Freed`.
"""

from hedgerow.collateral.allocate import allocate
from hedgerow.collateral.freed import freed
from hedgerow.collateral.haircut import haircut_frac
from hedgerow.collateral.least_plan import EARNS_FRAC_PER_YEAR, POSTED_DAYS, least_plan
from hedgerow.collateral.plan import plan
from hedgerow.collateral.problem import Link, Need, OnTheWay, Pile, Problem, Tier, Venue, Worth
from hedgerow.collateral.records import (
    Allocation,
    BufferPolicy,
    Cover,
    Freed,
    LeastPlan,
    Move,
    Route,
    Sent,
    TransferPlan,
)

# Where to post
__all__ = [
    "Allocation",
    "Cover",
    "Link",
    "Need",
    "OnTheWay",
    "Pile",
    "Problem",
    "Sent",
    "Tier",
    "Venue",
    "Worth",
    "allocate",
    "haircut_frac",
]
# How a desk comes back
__all__ += [
    "EARNS_FRAC_PER_YEAR",
    "POSTED_DAYS",
    "BufferPolicy",
    "LeastPlan",
    "Move",
    "Route",
    "TransferPlan",
    "least_plan",
    "plan",
]
# What could be freed
__all__ += [
    "Freed",
    "freed",
]
