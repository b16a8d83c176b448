"""What the world is quoting.

Quotes, chains, ladders, funding, oracle answers and lending indices enter as events on one clock;
`Snapshot` leaves: every input with its time, an age limit for each kind, and a `Failure` where an
input is missing or stale. `snapshot.shocked(shock)` is a new snapshot; the old one is untouched.
The room refuses records that cannot be: crossed or empty ladders, non-positive prices.

Chains enter `fit_surfaces` and a `Surface` of each leaves: per expiry a smile free of arbitrage, or
the reason why there is none. A table of returns enters `covariance`, and joint moves of all factors
leave: designed, drawn or as history had them. `Dynamics` says how factors move over time. Hourly
bars enter `filtered_pasts`, and at every hour the range to expect leaves, beside what came of it.
"""

from hedgerow.market.ages import AgeLimits
from hedgerow.market.averages import HEARD_NS, HOLE_NS_MAX, time_weighted_usd
from hedgerow.market.chain import ChainColumns, QuoteColumns, chain_columns
from hedgerow.market.coordinates import ModelChoice, SmileModel
from hedgerow.market.covariance import (
    Covariance,
    Factor,
    FactorKind,
    covariance,
    joined,
    nearest_correlation,
    shrinkage_frac,
    stressed,
)
from hedgerow.market.dynamics import Dynamics, FactorMoves, Garch, Jumps
from hedgerow.market.essvi import Essvi
from hedgerow.market.events import VarianceEvent
from hedgerow.market.filtered import FilteredPast, filtered_pasts
from hedgerow.market.forwards import Forward, ForwardSource, from_parity, from_strike
from hedgerow.market.hour_bars import HourBars, spliced
from hedgerow.market.joint import (
    JointScenarios,
    designed,
    drawn,
    grid_of,
    historical,
    stacked,
)
from hedgerow.market.quoted_arbitrage import QuotedArbitrage, quoted_arbitrage
from hedgerow.market.quotes import VolsFrom, expiry_forwards, smile_quotes
from hedgerow.market.records import (
    NO_SHOCK,
    AssetPrice,
    Candle,
    FundingSettlement,
    IndexPrice,
    Ladder,
    LendingIndex,
    Level,
    MarketEvent,
    OptionMark,
    OptionQuote,
    OracleAnswer,
    PowerMark,
    PowerState,
    Quote,
    ShareRate,
    Shock,
    StakingRate,
    TradePrint,
)
from hedgerow.market.smile import GatedQuotes, Smile, SmileQuotes, Surface, near_money
from hedgerow.market.snapshot import MarketState, Snapshot
from hedgerow.market.surface import fit_surfaces
from hedgerow.market.svi import Svi

__all__ = [
    "HEARD_NS",
    "HOLE_NS_MAX",
    "NO_SHOCK",
    "AgeLimits",
    "AssetPrice",
    "Candle",
    "ChainColumns",
    "Covariance",
    "Dynamics",
    "Essvi",
    "Factor",
    "FactorKind",
    "FactorMoves",
    "FilteredPast",
    "Forward",
    "ForwardSource",
    "FundingSettlement",
    "Garch",
    "GatedQuotes",
    "HourBars",
    "IndexPrice",
    "JointScenarios",
    "Jumps",
    "Ladder",
    "LendingIndex",
    "Level",
    "MarketEvent",
    "MarketState",
    "ModelChoice",
    "OptionMark",
    "OptionQuote",
    "OracleAnswer",
    "PowerMark",
    "PowerState",
    "Quote",
    "QuoteColumns",
    "QuotedArbitrage",
    "ShareRate",
    "Shock",
    "Smile",
    "SmileModel",
    "SmileQuotes",
    "Snapshot",
    "StakingRate",
    "Surface",
    "Svi",
    "TradePrint",
    "VarianceEvent",
    "VolsFrom",
    "chain_columns",
    "covariance",
    "designed",
    "drawn",
    "expiry_forwards",
    "filtered_pasts",
    "fit_surfaces",
    "from_parity",
    "from_strike",
    "grid_of",
    "historical",
    "joined",
    "near_money",
    "nearest_correlation",
    "quoted_arbitrage",
    "shrinkage_frac",
    "smile_quotes",
    "spliced",
    "stacked",
    "stressed",
    "time_weighted_usd",
]
