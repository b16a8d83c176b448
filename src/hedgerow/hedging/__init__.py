"""Which trades bring us back?

Deltas per coin and a policy enter; trades to where the policy's band says leave. The room refuses
to trade on a missing price or an incomplete delta.

A band is one of six policies (`band`), by a risk aversion that `risk_aversion_for_budget` finds
from what hedging may cost; `band_on_paths` follows it along prices, and `utility_grid_band` solves
slowly for what the closed forms approximate.
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
    TwoCosts,
    Zakamouline,
    combined_cost_widths,
    fixed_cost_halfwidth_coin,
    leland_vol_frac,
    whalley_wilmott_halfwidth_coin,
    zakamouline,
)
from hedgerow.hedging.bands_across import BandsAcross, bands_across
from hedgerow.hedging.held_band import (
    band_held,
    delta_at_vols,
    half_spread_frac,
    inputs_of,
)
from hedgerow.hedging.plan import plan
from hedgerow.hedging.records import NO_CAPS, Caps, HedgePolicy, Trade, TradePlan
from hedgerow.hedging.utility_grid import GridBand, utility_grid_band

__all__ = [
    "BAND_KINDS",
    "NO_CAPS",
    "Band",
    "BandInputs",
    "BandKind",
    "BandPaths",
    "BandsAcross",
    "Caps",
    "DeltaAt",
    "GridBand",
    "HedgeBudget",
    "HedgePolicy",
    "PathCosts",
    "Rebalance",
    "Trade",
    "TradePlan",
    "TwoCosts",
    "Zakamouline",
    "band",
    "band_held",
    "band_on_paths",
    "bands_across",
    "combined_cost_widths",
    "delta_at_vols",
    "fixed_cost_halfwidth_coin",
    "half_spread_frac",
    "inputs_of",
    "leland_vol_frac",
    "plan",
    "risk_aversion_for_budget",
    "utility_grid_band",
    "whalley_wilmott_halfwidth_coin",
    "zakamouline",
]
