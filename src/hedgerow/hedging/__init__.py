"""Which trades bring us back?

Deltas per coin and a policy enter; trades to the nearest edge of a Whalley-Wilmott band leave
(`plan`). Or asks enter, figures of the desk with the ranges they are wanted in, and offers over all
instruments of all venues; the cheapest trades that meet every ask leave (`choose`). The room
refuses to trade on a missing price or an incomplete delta.
"""

from hedgerow.hedging.bands import whalley_wilmott_halfwidth_coin
from hedgerow.hedging.choose import (
    Ask,
    AskState,
    ChosenTrade,
    HedgeChoice,
    asks_band,
    choose,
    crossing_and_fee_usd,
    decisions_on,
    trade_costs,
)
from hedgerow.hedging.effects import Effects, effects
from hedgerow.hedging.offers import Depth, Offer, Rung, offer
from hedgerow.hedging.plan import plan
from hedgerow.hedging.records import NO_CAPS, Caps, HedgePolicy, Trade, TradePlan

__all__ = [
    "NO_CAPS",
    "Ask",
    "AskState",
    "Caps",
    "ChosenTrade",
    "Depth",
    "Effects",
    "HedgeChoice",
    "HedgePolicy",
    "Offer",
    "Rung",
    "Trade",
    "TradePlan",
    "asks_band",
    "choose",
    "crossing_and_fee_usd",
    "decisions_on",
    "effects",
    "offer",
    "plan",
    "trade_costs",
    "whalley_wilmott_halfwidth_coin",
]
