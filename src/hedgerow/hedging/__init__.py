"""Which trades bring us back?

Deltas per coin and a policy enter; trades to where the policy's band says leave (`plan`). A band is
one of six policies (`band`), by a risk aversion that `risk_aversion_for_budget` finds from what
hedging may cost; `band_on_paths` follows it along prices, and `utility_grid_band` solves slowly for
what the closed forms approximate.

Or asks enter, figures of the desk with the ranges they are wanted in, and offers over all
instruments of all venues; the cheapest trades that meet every ask leave (`choose`). The room
refuses to trade on a missing price or an incomplete delta.

`structures` are trades that one asks about before holding them: floors, carries, gamma against
theta, sizes for a vol, stops, staked coins and pool shares. Prices, chains and pasts enter as
columns; yearly figures, chances and trades leave.
"""

from hedgerow.hedging.band_budget import risk_aversion_for_budget
from hedgerow.hedging.band_paths import BandPaths, PathCosts, band_on_paths
from hedgerow.hedging.band_policies import DeltaAt, band
from hedgerow.hedging.band_records import (
    BAND_KINDS,
    Band,
    BandInputs,
    BandKind,
    HedgeBudget,
    Rebalance,
)
from hedgerow.hedging.bands import (
    Zakamouline,
    leland_vol_frac,
    whalley_wilmott_halfwidth_coin,
    zakamouline,
)
from hedgerow.hedging.bands_across import BandsAcross, bands_across
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
from hedgerow.hedging.held_band import band_held, delta_at_vols, half_spread_frac, inputs_of
from hedgerow.hedging.narrowing import INSIDE_FRAC, Ends, Narrowing, inside_limits
from hedgerow.hedging.offers import Depth, Offer, Rung, offer
from hedgerow.hedging.plan import plan
from hedgerow.hedging.records import NO_CAPS, Caps, HedgePolicy, Trade, TradePlan
from hedgerow.hedging.utility_grid import GridBand, utility_grid_band

__all__ = [
    "BAND_KINDS",
    "INSIDE_FRAC",
    "NO_CAPS",
    "Ask",
    "AskState",
    "Band",
    "BandInputs",
    "BandKind",
    "BandPaths",
    "BandsAcross",
    "Caps",
    "ChosenTrade",
    "DeltaAt",
    "Depth",
    "Effects",
    "Ends",
    "GridBand",
    "HedgeBudget",
    "HedgeChoice",
    "HedgePolicy",
    "Narrowing",
    "Offer",
    "PathCosts",
    "Rebalance",
    "Rung",
    "Trade",
    "TradePlan",
    "Zakamouline",
    "asks_band",
    "band",
    "band_held",
    "band_on_paths",
    "bands_across",
    "choose",
    "crossing_and_fee_usd",
    "decisions_on",
    "delta_at_vols",
    "effects",
    "half_spread_frac",
    "inputs_of",
    "inside_limits",
    "leland_vol_frac",
    "offer",
    "plan",
    "risk_aversion_for_budget",
    "trade_costs",
    "utility_grid_band",
    "whalley_wilmott_halfwidth_coin",
    "zakamouline",
]
