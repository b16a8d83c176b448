"""Morpho Blue: one loan asset against one collateral, liquidated at one threshold (LLTV).

`shares` turns shares of the market's debt into assets, `position` says how a borrower stands,
`liquidation` what may be seized (also before the threshold, by a contract the borrower opted into),
`market` how used the market is. Amounts are in each token's smallest unit, shares are integers,
factors wad; a price is loan units per collateral unit scaled by 1e36 (``_raw``).

References
----------
Rules: morpho-org/morpho-blue, src/Morpho.sol @ 3085651a79; morpho-org/sdks, packages/blue-sdk
@ cdff8c4584.
"""

from hedgerow.margin.rules.morpho_blue.liquidation import (
    PreLiquidation,
    Seizure,
    incentive_factor_wad,
    pre_seizable_raw,
    pre_seize,
    seize,
    seized_for_raw,
    shares_for,
)
from hedgerow.margin.rules.morpho_blue.market import (
    supply_to_utilisation_raw,
    utilisation_wad,
    withdraw_to_utilisation_raw,
    yield_continuous_frac,
)
from hedgerow.margin.rules.morpho_blue.position import Position, Standing, standing
from hedgerow.margin.rules.morpho_blue.shares import Debt

__all__ = [
    "Debt",
    "Position",
    "PreLiquidation",
    "Seizure",
    "Standing",
    "incentive_factor_wad",
    "pre_seizable_raw",
    "pre_seize",
    "seize",
    "seized_for_raw",
    "shares_for",
    "standing",
    "supply_to_utilisation_raw",
    "utilisation_wad",
    "withdraw_to_utilisation_raw",
    "yield_continuous_frac",
]
