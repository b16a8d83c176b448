"""What is it worth, and how does that move?

A `Book` and a `Snapshot` enter; `Values` leaves: one row per distinct instrument that has an
answer, and a `Failure` for each that has none. Everything is counted per contract, first in the
instrument's own settlement asset, with the dollar price of that asset beside it. The room refuses
to price on a missing or stale input.

Below that lie functions from columns to columns, one for each kind of contract, which know neither
books nor markets: options (plain, paid in coin, inside their settlement window), futures and
perpetuals (linear, inverse, quanto, powers), shares of pools, loans, staked coins, fixed yields.
"""

from hedgerow.pricing.accounts import account_profits, account_scenario_profits
from hedgerow.pricing.accruing import (
    FixedYieldGreeks,
    LoanGreeks,
    StakedGreeks,
    fixed_yield_tokens,
    loans,
    staked_coins,
)
from hedgerow.pricing.averaging import (
    AveragedCoinGreeks,
    AveragedColumns,
    AveragedGreeks,
    averaged_coin_greeks,
    averaged_greeks,
)
from hedgerow.pricing.black76 import (
    Floats,
    OptionColumns,
    OptionGreeks,
    are_in_domain,
    delta_forward_frac,
    greeks,
    value_usd,
    vega_usd_per_vol,
)
from hedgerow.pricing.european import EuropeanColumns, coin_greeks, european_greeks
from hedgerow.pricing.futures import (
    InverseFutureGreeks,
    InversePerpetualGreeks,
    LinearFutureGreeks,
    LinearPerpetualGreeks,
    inverse_futures,
    inverse_perpetuals,
    linear_futures,
    linear_perpetuals,
)
from hedgerow.pricing.gate import buffer
from hedgerow.pricing.implied import (
    ImpliedReason,
    ImpliedVols,
    implied_vols,
    implied_vols_coin,
)
from hedgerow.pricing.model_free import VarianceStrip, index_volpt, variance_strip
from hedgerow.pricing.moved import MovedContracts, moved_profits
from hedgerow.pricing.pin import pin_risk
from hedgerow.pricing.pool import (
    PoolGreeks,
    PoolLosses,
    concentrated_shares,
    constant_product_shares,
    losses_versus_holding,
    losses_versus_rebalancing_usd_per_year,
)
from hedgerow.pricing.power import (
    SQUEETH_FUNDING_YEARS,
    SQUEETH_SCALE_USD,
    PowerGreeks,
    PowerImplied,
    power_implied,
    power_perpetuals,
    power_perpetuals_at_premium,
)
from hedgerow.pricing.quanto import (
    QuantoForwards,
    QuantoGreeks,
    quanto_contracts,
    quanto_forwards,
)
from hedgerow.pricing.quotes import QuoteGate, QuoteVols, quote_vols
from hedgerow.pricing.scenarios import ScenarioGrid, scenario_profits
from hedgerow.pricing.sensitivities import (
    GREEKS,
    VOL_REGIME,
    CoinGreeks,
    DollarGreeks,
    EuropeanGreeks,
    Greek,
    GreekColumns,
    VolRegime,
)
from hedgerow.pricing.smile_delta import (
    DeltaRegime,
    MinimumVariance,
    SmileDeltas,
    minimum_variance_deltas,
    minimum_variance_fit,
    sticky_moneyness_deltas,
    sticky_strike_deltas,
)
from hedgerow.pricing.strike_deltas import Coefficients, StrikeDeltas, strike_deltas
from hedgerow.pricing.units import unit_ccy
from hedgerow.pricing.value import Values, value
from hedgerow.pricing.windows import AveragingWindows

__all__ = [
    "GREEKS",
    "SQUEETH_FUNDING_YEARS",
    "SQUEETH_SCALE_USD",
    "VOL_REGIME",
    "AveragedCoinGreeks",
    "AveragedColumns",
    "AveragedGreeks",
    "AveragingWindows",
    "Coefficients",
    "CoinGreeks",
    "DeltaRegime",
    "DollarGreeks",
    "EuropeanColumns",
    "EuropeanGreeks",
    "FixedYieldGreeks",
    "Floats",
    "Greek",
    "GreekColumns",
    "ImpliedReason",
    "ImpliedVols",
    "InverseFutureGreeks",
    "InversePerpetualGreeks",
    "LinearFutureGreeks",
    "LinearPerpetualGreeks",
    "LoanGreeks",
    "MinimumVariance",
    "MovedContracts",
    "OptionColumns",
    "OptionGreeks",
    "PoolGreeks",
    "PoolLosses",
    "PowerGreeks",
    "PowerImplied",
    "QuantoForwards",
    "QuantoGreeks",
    "QuoteGate",
    "QuoteVols",
    "ScenarioGrid",
    "SmileDeltas",
    "StakedGreeks",
    "StrikeDeltas",
    "Values",
    "VarianceStrip",
    "VolRegime",
    "account_profits",
    "account_scenario_profits",
    "are_in_domain",
    "averaged_coin_greeks",
    "averaged_greeks",
    "buffer",
    "coin_greeks",
    "concentrated_shares",
    "constant_product_shares",
    "delta_forward_frac",
    "european_greeks",
    "fixed_yield_tokens",
    "greeks",
    "implied_vols",
    "implied_vols_coin",
    "index_volpt",
    "inverse_futures",
    "inverse_perpetuals",
    "linear_futures",
    "linear_perpetuals",
    "loans",
    "losses_versus_holding",
    "losses_versus_rebalancing_usd_per_year",
    "minimum_variance_deltas",
    "minimum_variance_fit",
    "moved_profits",
    "pin_risk",
    "power_implied",
    "power_perpetuals",
    "power_perpetuals_at_premium",
    "quanto_contracts",
    "quanto_forwards",
    "quote_vols",
    "scenario_profits",
    "staked_coins",
    "sticky_moneyness_deltas",
    "sticky_strike_deltas",
    "strike_deltas",
    "unit_ccy",
    "value",
    "value_usd",
    "variance_strip",
    "vega_usd_per_vol",
]
