"""What one contract of a future or perpetual is worth in its settlement asset, before its entry.

Profit of a holding is quantity · (unit at the mark - unit at the entry), whatever the kind: linear
and quanto contracts are worth slope · price, in dollars or in the coin they settle in, inverse ones
-multiplier / price coins (methods.md 2.2, 2.3).
"""

from decimal import Decimal

from hedgerow.instruments import EntryContract, is_inverse, slope_ccy_per_usd

__all__ = ["unit_ccy"]


def unit_ccy(instrument: EntryContract, price_usd: Decimal) -> Decimal:
    """Give the unit of one contract at a price, exact up to the context's 28 digits.

    Parameters
    ----------
    instrument
        Whatever is marked against an entry: futures and perpetuals, linear, inverse or quanto.
    price_usd
        Positive; USD per coin.

    Returns
    -------
    Decimal, in the currency the contract is settled in
        Slope times price for a linear or quanto one; minus dollars over price in coin for an
        inverse one, so that it too rises with the price.

    Raises
    ------
    decimal.DivisionByZero
        If the price of an inverse contract is zero.

    References
    ----------
    Methods sheet, section 2.2: profit is ``q N (1/E - 1/M)``; 2.3: ``q N m (M - E)``.
    """
    if is_inverse(instrument):
        return -instrument.multiplier_usd_per_contract / price_usd
    return slope_ccy_per_usd(instrument) * price_usd
