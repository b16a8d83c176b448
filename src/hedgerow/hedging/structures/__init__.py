"""Which standing trades earn, protect, or are worth what they risk?

Prices, rates, chains and pasts enter as numbers and columns; yearly figures, probabilities, plans
in whole lots and weights leave. Nothing here knows books or venues, and every chance comes of a
generator that is given. The functions refuse what cannot be with `OutOfDomain`, and give a
`Failure` where a past or a chain has no answer.

Basis and funding by the year
    `basis` of a dated future, `carry` after what it costs; `funding_apr`, `break_even_days`; what a
    venue makes of premiums: `premium_frac`, `premium_funding_frac`; `no_arbitrage_band`.
Funding capture and what it risks
    Out of a `CarryPast`, drawn in blocks as long as `block_count`: `funding_outlook`,
    `margin_draw`; whether that came true `funding_walk`; by closed forms the `short_leg`; over
    windows `basis_blowout`.
Gamma and theta
    `scalp_outlook` at every vol that may come, hedges and entry paid, and the vol that pays them;
    `break_even_move_frac`. Trades towards a theta or vega: `hedgerow.hedging.choose`.
Volatility targets
    `ewma_vols`, `fast_slow_vols`; `target_weight_frac`, `targeted`, `book_scale_frac`; the cap:
    `leverage_cap` by `isolated_liquidation_frac` or a venue's own engine.
Floors
    `floor` of `FloorOptions` under `FloorTerms`, `highest_floor`, `worth_at_horizon_usd`.
Staked coins and pool shares
    `staked_hedge`, `pool_hedge`.
Stops
    `entered`, `stop_step`, `stopped`; over `walked_prices_frac`, beside other ways of losing less,
    `stop_outlook`.
"""

from hedgerow.hedging.structures.basis import (
    Apr,
    Basis,
    Carry,
    FundingForm,
    PriceBand,
    basis,
    break_even_days,
    carry,
    funding_apr,
    no_arbitrage_band,
    premium_frac,
    premium_funding_frac,
)
from hedgerow.hedging.structures.blocks import block_count
from hedgerow.hedging.structures.capture import (
    BasisBlowout,
    CarryPast,
    FundingOutlook,
    MarginDraw,
    ShortLeg,
    basis_blowout,
    funding_outlook,
    margin_draw,
    short_leg,
)
from hedgerow.hedging.structures.capture_walk import FundingWalk, funding_walk
from hedgerow.hedging.structures.floor_programme import worth_at_horizon_usd
from hedgerow.hedging.structures.floor_records import (
    FloorLeg,
    FloorOptions,
    FloorPlan,
    FloorReach,
    FloorTerms,
)
from hedgerow.hedging.structures.floors import floor, highest_floor
from hedgerow.hedging.structures.pool_hedge import PoolHedge, pool_hedge
from hedgerow.hedging.structures.scalp_outlook import (
    ScalpOutlook,
    ScalpRow,
    break_even_move_frac,
    scalp_outlook,
)
from hedgerow.hedging.structures.staked import StakedExit, StakedHedge, staked_hedge
from hedgerow.hedging.structures.stop_outlook import (
    LossWay,
    StopOutlook,
    stop_outlook,
    walked_prices_frac,
)
from hedgerow.hedging.structures.stops import (
    Stopped,
    StopRule,
    StopState,
    entered,
    stop_step,
    stopped,
)
from hedgerow.hedging.structures.vol_target import (
    LeverageCap,
    TargetPath,
    VolEstimates,
    VolTarget,
    book_scale_frac,
    ewma_vols,
    fast_slow_vols,
    isolated_liquidation_frac,
    leverage_cap,
    target_weight_frac,
    targeted,
)

# Basis and funding by the year
__all__ = [
    "Apr",
    "Basis",
    "Carry",
    "FundingForm",
    "PriceBand",
    "basis",
    "break_even_days",
    "carry",
    "funding_apr",
    "no_arbitrage_band",
    "premium_frac",
    "premium_funding_frac",
]
# Funding capture and what it risks
__all__ += [
    "BasisBlowout",
    "CarryPast",
    "FundingOutlook",
    "FundingWalk",
    "MarginDraw",
    "ShortLeg",
    "basis_blowout",
    "block_count",
    "funding_outlook",
    "funding_walk",
    "margin_draw",
    "short_leg",
]
# Gamma and theta
__all__ += [
    "ScalpOutlook",
    "ScalpRow",
    "break_even_move_frac",
    "scalp_outlook",
]
# Volatility targets
__all__ += [
    "LeverageCap",
    "TargetPath",
    "VolEstimates",
    "VolTarget",
    "book_scale_frac",
    "ewma_vols",
    "fast_slow_vols",
    "isolated_liquidation_frac",
    "leverage_cap",
    "target_weight_frac",
    "targeted",
]
# Floors
__all__ += [
    "FloorLeg",
    "FloorOptions",
    "FloorPlan",
    "FloorReach",
    "FloorTerms",
    "floor",
    "highest_floor",
    "worth_at_horizon_usd",
]
# Staked coins and pool shares
__all__ += [
    "PoolHedge",
    "StakedExit",
    "StakedHedge",
    "pool_hedge",
    "staked_hedge",
]
# Stops
__all__ += [
    "LossWay",
    "StopOutlook",
    "StopRule",
    "StopState",
    "Stopped",
    "entered",
    "stop_outlook",
    "stop_step",
    "stopped",
    "walked_prices_frac",
]
