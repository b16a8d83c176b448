"""What is it worth, and how does that move?

A `Book` and a `Snapshot` enter; `Values` leaves: one row per distinct instrument that has an
answer, and a `Failure` for each that has none. Everything is counted per contract, first in the
instrument's own settlement asset, with the dollar price of that asset beside it. The room refuses
to price on a missing or stale input.

Below that lie functions from columns to columns, which know neither books nor markets. Each takes
one kind of contract, item i of every column being one of them, and gives a record of columns.
Options are `EuropeanColumns`, and with their settlement average under way `AveragedColumns`; where
only forward, strike, vol, time and side matter, as on a smile, they are `OptionColumns`.

A whole book
    `value` gives `Values`; `GREEKS` says what each Greek of theirs is. `worths` leaves them out.
European options
    `european_greeks` in dollars, `coin_greeks` in the coin that pays. Inside the settlement window
    `averaged_greeks`, `averaged_coin_greeks`; near the strike on the last day `pin_risk`. Black's
    formula to read: `greeks`, `value_usd`, `delta_forward_frac`, `vega_usd_per_vol`,
    `are_in_domain`.
Implied vols
    `implied_vols`, `implied_vols_coin` of prices; `quote_vols` of a bid and an ask; of a strip of
    strikes `variance_strip`, `index_volpt`.
Deltas on a smile
    `sticky_strike_deltas`, `sticky_moneyness_deltas`, `minimum_variance_deltas`, which
    `minimum_variance_fit` learns; `strike_deltas` all three of a fitted smile.
Scenarios
    Over a `ScenarioGrid`, `scenario_profits` of options, with `AveragingWindows` where they settle
    on an average, and `moved_profits` of `MovedContracts`, which is everything else;
    `account_profits` and `account_scenario_profits` of who holds them.
Futures and perpetuals
    `linear_futures`, `linear_perpetuals`; paid in coin `inverse_futures`, `inverse_perpetuals`;
    paid in another coin `quanto_contracts`, `quanto_forwards`; on a power of the price
    `power_perpetuals`, `power_perpetuals_at_premium`, `power_implied`. `unit_ccy` is exact.
Pools
    `constant_product_shares`, `concentrated_shares`; `losses_versus_holding`,
    `losses_versus_rebalancing_usd_per_year`.
What accrues
    `staked_coins`, `loans`, `fixed_yield_tokens`.
Memory for results
    `buffer` is what others take as `out`.
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
from hedgerow.pricing.gate import Floats, buffer
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
from hedgerow.pricing.value import Values, Worths, value, worths
from hedgerow.pricing.windows import AveragingWindows

# A whole book
__all__ = [
    "GREEKS",
    "VOL_REGIME",
    "DollarGreeks",
    "Greek",
    "GreekColumns",
    "Values",
    "VolRegime",
    "Worths",
    "value",
    "worths",
]
# European options
__all__ += [
    "AveragedCoinGreeks",
    "AveragedColumns",
    "AveragedGreeks",
    "CoinGreeks",
    "EuropeanColumns",
    "EuropeanGreeks",
    "OptionColumns",
    "OptionGreeks",
    "are_in_domain",
    "averaged_coin_greeks",
    "averaged_greeks",
    "coin_greeks",
    "delta_forward_frac",
    "european_greeks",
    "greeks",
    "pin_risk",
    "value_usd",
    "vega_usd_per_vol",
]
# Implied vols
__all__ += [
    "ImpliedReason",
    "ImpliedVols",
    "QuoteGate",
    "QuoteVols",
    "VarianceStrip",
    "implied_vols",
    "implied_vols_coin",
    "index_volpt",
    "quote_vols",
    "variance_strip",
]
# Deltas on a smile
__all__ += [
    "Coefficients",
    "DeltaRegime",
    "MinimumVariance",
    "SmileDeltas",
    "StrikeDeltas",
    "minimum_variance_deltas",
    "minimum_variance_fit",
    "sticky_moneyness_deltas",
    "sticky_strike_deltas",
    "strike_deltas",
]
# Scenarios
__all__ += [
    "AveragingWindows",
    "MovedContracts",
    "ScenarioGrid",
    "account_profits",
    "account_scenario_profits",
    "moved_profits",
    "scenario_profits",
]
# Futures and perpetuals
__all__ += [
    "SQUEETH_FUNDING_YEARS",
    "SQUEETH_SCALE_USD",
    "InverseFutureGreeks",
    "InversePerpetualGreeks",
    "LinearFutureGreeks",
    "LinearPerpetualGreeks",
    "PowerGreeks",
    "PowerImplied",
    "QuantoForwards",
    "QuantoGreeks",
    "inverse_futures",
    "inverse_perpetuals",
    "linear_futures",
    "linear_perpetuals",
    "power_implied",
    "power_perpetuals",
    "power_perpetuals_at_premium",
    "quanto_contracts",
    "quanto_forwards",
    "unit_ccy",
]
# Pools
__all__ += [
    "PoolGreeks",
    "PoolLosses",
    "concentrated_shares",
    "constant_product_shares",
    "losses_versus_holding",
    "losses_versus_rebalancing_usd_per_year",
]
# What accrues
__all__ += [
    "FixedYieldGreeks",
    "LoanGreeks",
    "StakedGreeks",
    "fixed_yield_tokens",
    "loans",
    "staked_coins",
]
# Memory for results
__all__ += [
    "Floats",
    "buffer",
]
