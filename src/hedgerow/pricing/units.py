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
    """Give the unit of one contract at a price, exact up to the context's 28 digits.

    Parameters
    ----------
    instrument
        Linear or inverse, future or perpetual.
    price_usd
        Positive; USD per coin.

    Returns
    -------
    Decimal, in the currency the contract is settled in
        Multiplier times price in dollars for a linear one; minus dollars over price in coin for an
        inverse one, so that it too rises with the price.

    Raises
    ------
    decimal.DivisionByZero
        If the price of an inverse contract is zero.

    References
    ----------
    Methods sheet, section 2.2: profit is ``q N (1/E - 1/M)``.
    """
    if isinstance(instrument, LinearPerpetual | LinearFuture):
        return instrument.multiplier_coin_per_contract * price_usd
    return -instrument.multiplier_usd_per_contract / price_usd
