"""What is it worth, and how does that move?

A `Book` and a `Snapshot` enter; `Values` leaves: one row per distinct instrument that has an
answer, and a `Failure` for each that has none. Everything is counted per contract, first in the
instrument's own settlement asset, with the dollar price of that asset beside it. The room refuses
to price on a missing or stale input.
"""

from hedgerow.pricing.black76 import (
    Floats,
    OptionColumns,
    OptionGreeks,
    greeks,
    value_usd,
    vega_usd_per_vol,
)
from hedgerow.pricing.implied import (
    ImpliedReason,
    ImpliedVols,
    implied_vols,
    implied_vols_coin,
)
from hedgerow.pricing.quotes import QuoteGate, QuoteVols, quote_vols
from hedgerow.pricing.units import unit_ccy
from hedgerow.pricing.value import Values, value

__all__ = [
    "Floats",
    "ImpliedReason",
    "ImpliedVols",
    "OptionColumns",
    "OptionGreeks",
    "QuoteGate",
    "QuoteVols",
    "Values",
    "greeks",
    "implied_vols",
    "implied_vols_coin",
    "quote_vols",
    "unit_ccy",
    "value",
    "value_usd",
    "vega_usd_per_vol",
]
