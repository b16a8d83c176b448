"""What is it worth, and how does that move?

A `Book` and a `Snapshot` enter; `Values` leaves: one row per distinct instrument that has an
answer, and a `Failure` for each that has none. Everything is counted per contract, first in the
instrument's own settlement asset, with the dollar price of that asset beside it. The room refuses
to price on a missing or stale input.
"""

from hedgerow.pricing.black76 import Floats, OptionColumns, OptionGreeks, greeks, value_usd
from hedgerow.pricing.european import (
    CoinGreeks,
    EuropeanColumns,
    EuropeanGreeks,
    coin_greeks,
    european_greeks,
)
from hedgerow.pricing.scenarios import ScenarioGrid, account_profits, scenario_profits
from hedgerow.pricing.units import unit_ccy
from hedgerow.pricing.value import Values, value

__all__ = [
    "CoinGreeks",
    "EuropeanColumns",
    "EuropeanGreeks",
    "Floats",
    "OptionColumns",
    "OptionGreeks",
    "ScenarioGrid",
    "Values",
    "account_profits",
    "coin_greeks",
    "european_greeks",
    "greeks",
    "scenario_profits",
    "unit_ccy",
    "value",
    "value_usd",
]
