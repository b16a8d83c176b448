"""What one contract of a future or perpetual is worth in its settlement asset, before its entry.

Profit of a holding is quantity · (unit at the mark - unit at the entry), whatever the kind: linear
and quanto contracts are worth slope · price, in dollars or in the coin they settle in, inverse ones
-multiplier / price coins (methods.md 2.2, 2.3).
"""

from decimal import Decimal

from hedgerow.instruments import EntryContract, is_inverse, slope_ccy_per_usd

__all__ = ["unit_ccy"]


def unit_ccy(instrument: EntryContract, price_usd: Decimal) -> Decimal:
    """Give the unit of one contract at a price, exact up to the context's 28 digits."""
    if is_inverse(instrument):
        return -instrument.multiplier_usd_per_contract / price_usd
    return slope_ccy_per_usd(instrument) * price_usd
