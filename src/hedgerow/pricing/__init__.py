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
from hedgerow.pricing.dollar_greeks import (
    GREEKS,
    VOL_REGIME,
    DollarGreeks,
    Greek,
    GreekColumns,
    VolRegime,
)
from hedgerow.pricing.european import (
    CoinGreeks,
    EuropeanColumns,
    EuropeanGreeks,
    coin_greeks,
    european_greeks,
)
from hedgerow.pricing.implied import (
    ImpliedReason,
    ImpliedVols,
    implied_vols,
    implied_vols_coin,
)
from hedgerow.pricing.model_free import VarianceStrip, index_volpt, variance_strip
from hedgerow.pricing.quotes import QuoteGate, QuoteVols, quote_vols
from hedgerow.pricing.scenarios import ScenarioGrid, account_profits, scenario_profits
from hedgerow.pricing.smile_delta import (
    DeltaRegime,
    MinimumVariance,
    SmileDeltas,
    minimum_variance_deltas,
    minimum_variance_fit,
    sticky_moneyness_deltas,
    sticky_strike_deltas,
)
from hedgerow.pricing.units import unit_ccy
from hedgerow.pricing.value import Values, value

__all__ = [
    "GREEKS",
    "VOL_REGIME",
    "CoinGreeks",
    "DeltaRegime",
    "DollarGreeks",
    "EuropeanColumns",
    "EuropeanGreeks",
    "Floats",
    "Greek",
    "GreekColumns",
    "ImpliedReason",
    "ImpliedVols",
    "MinimumVariance",
    "OptionColumns",
    "OptionGreeks",
    "QuoteGate",
    "QuoteVols",
    "ScenarioGrid",
    "SmileDeltas",
    "Values",
    "VarianceStrip",
    "VolRegime",
    "account_profits",
    "coin_greeks",
    "european_greeks",
    "greeks",
    "implied_vols",
    "implied_vols_coin",
    "index_volpt",
    "minimum_variance_deltas",
    "minimum_variance_fit",
    "quote_vols",
    "scenario_profits",
    "sticky_moneyness_deltas",
    "sticky_strike_deltas",
    "unit_ccy",
    "value",
    "value_usd",
    "variance_strip",
    "vega_usd_per_vol",
]
