"""What the world is quoting.

Quotes, chains, ladders, funding, oracle answers and lending indices enter as events on one clock;
`Snapshot` leaves: every input with its time, an age limit for each kind, and a `Failure` where an
input is missing or stale. `snapshot.shocked(shock)` is a new snapshot; the old one is untouched.
The room refuses records that cannot be: crossed or empty ladders, non-positive prices.
"""

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
    Quote,
    Shock,
    StakingRate,
    TradePrint,
)
from hedgerow.market.snapshot import AgeLimits, MarketState, Snapshot

__all__ = [
    "NO_SHOCK",
    "AgeLimits",
    "AssetPrice",
    "Candle",
    "FundingSettlement",
    "IndexPrice",
    "Ladder",
    "LendingIndex",
    "Level",
    "MarketEvent",
    "MarketState",
    "OptionMark",
    "OptionQuote",
    "OracleAnswer",
    "Quote",
    "Shock",
    "Snapshot",
    "StakingRate",
    "TradePrint",
]
