"""What was agreed: the terms of every instrument a desk can hold.

An instrument enters as a venue lists it and leaves as one frozen record of the union `Instrument`.
The room refuses terms that cannot be: a non-positive multiplier, an expiry before 2009, bounds of a
pool share the wrong way round. It knows no price.
"""

from hedgerow.instruments.questions import (
    expiry_of,
    has_entry,
    is_asset_holding,
    is_inverse,
    lot_of,
    settlement_of,
    slope_ccy_per_usd,
    underlying_of,
)
from hedgerow.instruments.records import (
    ConcentratedShare,
    ConstantProductShare,
    EntryContract,
    Instrument,
    InverseFuture,
    InversePerpetual,
    LinearFuture,
    LinearPerpetual,
    LoanDebt,
    LoanSupply,
    Option,
    PowerPerpetual,
    QuantoFuture,
    QuantoPerpetual,
    Spot,
    StakedCoin,
    VaultShare,
)

__all__ = [
    "ConcentratedShare",
    "ConstantProductShare",
    "EntryContract",
    "Instrument",
    "InverseFuture",
    "InversePerpetual",
    "LinearFuture",
    "LinearPerpetual",
    "LoanDebt",
    "LoanSupply",
    "Option",
    "PowerPerpetual",
    "QuantoFuture",
    "QuantoPerpetual",
    "Spot",
    "StakedCoin",
    "VaultShare",
    "expiry_of",
    "has_entry",
    "is_asset_holding",
    "is_inverse",
    "lot_of",
    "settlement_of",
    "slope_ccy_per_usd",
    "underlying_of",
]
