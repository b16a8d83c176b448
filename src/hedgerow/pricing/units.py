"""What one contract of a future or perpetual is worth in its settlement asset, before its entry.

Profit of a holding is quantity · (unit at the mark - unit at the entry), whatever the kind: linear
contracts are worth multiplier · price dollars, inverse ones -multiplier / price coins (methods.md
2.2).
"""

from decimal import Decimal

from hedgerow.instruments import InverseFuture, InversePerpetual, LinearFuture, LinearPerpetual

__all__ = ["unit_ccy"]


def unit_ccy(
    instrument: LinearPerpetual | LinearFuture | InversePerpetual | InverseFuture,
    price_usd: Decimal,
) -> Decimal:
    """Give the unit of one contract at a price, exact up to the context's 28 digits."""
    if isinstance(instrument, LinearPerpetual | LinearFuture):
        return instrument.multiplier_coin_per_contract * price_usd
    return -instrument.multiplier_usd_per_contract / price_usd
