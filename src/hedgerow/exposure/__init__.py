"""What are we exposed to?

A `Book` and its `Values` enter; an `ExposureTable` leaves: one row per node of the tree desk →
venue → account → underlying → expiry, and one per coin across the desk, with every Greek of
`DollarGreeks`. Rows of a node are the sum of its leaves, but for delta and Greeks of spot of dollar
coins, which stand on their own rows alone. A node above a missing instrument says so;
the room refuses to show such a total as complete.

Any node can be asked further: what it gains over spot, vol and time (`ladder`) or under any shocks
(`node_profits`), in which expiries
and strikes its Greeks lie (`buckets`), how its delta in one coin moves with another
(`cross_gammas`), what its perpetuals pay (`funding`), and what it costs to leave (`liquidity`).
A `Place` is what the name of a node says.
"""

from hedgerow.exposure.aggregate import aggregate
from hedgerow.exposure.buckets import EXPIRY_BUCKETS, buckets, expiry_bucket
from hedgerow.exposure.cross import cross_gammas
from hedgerow.exposure.funding import FundingRate, FundingRow, FundingTable, funding
from hedgerow.exposure.ladder import ladder
from hedgerow.exposure.liquidity import ExitLine, LiquidityRow, LiquidityTable, liquidity
from hedgerow.exposure.nodes import Place
from hedgerow.exposure.profits import NodeProfits, node_profits
from hedgerow.exposure.records import (
    BucketTable,
    CrossTable,
    ExposureRow,
    ExposureTable,
    ScenarioCell,
    ScenarioLadder,
)

__all__ = [
    "EXPIRY_BUCKETS",
    "BucketTable",
    "CrossTable",
    "ExitLine",
    "ExposureRow",
    "ExposureTable",
    "FundingRate",
    "FundingRow",
    "FundingTable",
    "LiquidityRow",
    "LiquidityTable",
    "NodeProfits",
    "Place",
    "ScenarioCell",
    "ScenarioLadder",
    "aggregate",
    "buckets",
    "cross_gammas",
    "expiry_bucket",
    "funding",
    "ladder",
    "liquidity",
    "node_profits",
]
