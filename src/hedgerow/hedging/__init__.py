"""Which trades bring us back?

Deltas per coin and a policy enter; trades to the nearest edge of a Whalley-Wilmott band leave. The
room refuses to trade on a missing price or an incomplete delta.
"""

from hedgerow.hedging.bands import whalley_wilmott_halfwidth_coin
from hedgerow.hedging.plan import plan
from hedgerow.hedging.records import NO_CAPS, Caps, HedgePolicy, Trade, TradePlan

__all__ = [
    "NO_CAPS",
    "Caps",
    "HedgePolicy",
    "Trade",
    "TradePlan",
    "plan",
    "whalley_wilmott_halfwidth_coin",
]
