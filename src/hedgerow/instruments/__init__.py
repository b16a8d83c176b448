"""What was agreed: the terms of every instrument a desk can hold.

An instrument enters as a venue lists it and leaves as one frozen record of the union `Instrument`.
The room refuses terms that cannot be: a non-positive multiplier, an expiry before 2009, bounds of a
pool share the wrong way round. It knows no price.
"""

from hedgerow.instruments.records import (
    ConcentratedShare,
    ConstantProductShare,
    Instrument,
    InverseFuture,
    InversePerpetual,
    LinearFuture,
    LinearPerpetual,
    LoanDebt,
    LoanSupply,
    Option,
    Spot,
    StakedCoin,
    VaultShare,
    expiry_of,
    settlement_of,
    underlying_of,
)

__all__ = [
    "ConcentratedShare",
    "ConstantProductShare",
    "Instrument",
    "InverseFuture",
    "InversePerpetual",
    "LinearFuture",
    "LinearPerpetual",
    "LoanDebt",
    "LoanSupply",
    "Option",
    "Spot",
    "StakedCoin",
    "VaultShare",
    "expiry_of",
    "settlement_of",
    "underlying_of",
]
