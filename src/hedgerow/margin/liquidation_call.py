"""What a lending protocol says of a liquidation: both sides, and the prices it went by."""

from decimal import Decimal
from fractions import Fraction

import msgspec

__all__ = ["LiquidationCall"]

_BPS = 10_000


class LiquidationCall(msgspec.Struct, frozen=True, kw_only=True):
    """One liquidation as a protocol reports it, with the oracle prices of both sides.

    All four numbers are positive.
    """

    time_ns: int
    user: str
    collateral: str
    debt: str
    seized_coin: Decimal
    repaid_coin: Decimal
    price_collateral_usd: Decimal
    price_debt_usd: Decimal

    def __post_init__(self) -> None:
        for name in ("seized_coin", "repaid_coin", "price_collateral_usd", "price_debt_usd"):
            value: Decimal = getattr(self, name)
            if not value.is_finite() or value <= 0:
                raise ValueError(f"{name} must be finite and positive, was {value}")

    def ratio_bps(self) -> Fraction:
        """What was seized over what was repaid, in basis points: 10,500 for a bonus of 5 %."""
        seized = Fraction(self.seized_coin) * Fraction(self.price_collateral_usd)
        return _BPS * seized / (Fraction(self.repaid_coin) * Fraction(self.price_debt_usd))
