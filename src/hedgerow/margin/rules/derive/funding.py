"""Funding of Derive's perpetuals: a premium worn down over hours, on the index.

References
----------
derivexyz/v2-core, src/assets/PerpAsset.sol @ 7736900d39.
"""

from hedgerow.errors import OutOfDomain

__all__ = ["hourly_rate_frac", "payment_usd"]


def hourly_rate_frac(
    *,
    index_usd: float,
    impact_bid_usd: float,
    impact_ask_usd: float,
    convergence_h: float,
    static_frac: float,
    least_frac: float,
    most_frac: float,
) -> float:
    """Give the hourly rate; positive when longs pay.

    Raises
    ------
    OutOfDomain
        If the impact ask lies below the impact bid, or index or hours are not positive.
    """
    if impact_ask_usd < impact_bid_usd:
        raise OutOfDomain(f"impact ask {impact_ask_usd} lies below impact bid {impact_bid_usd}")
    if index_usd <= 0.0 or convergence_h <= 0.0:
        raise OutOfDomain(f"index and hours must be positive, were {index_usd}, {convergence_h}")
    premium = max(0.0, impact_bid_usd - index_usd) - max(0.0, index_usd - impact_ask_usd)
    rate = premium / index_usd / convergence_h + static_frac
    return min(max(rate, least_frac), most_frac)


def payment_usd(quantity_coin: float, *, rate_frac: float, hours: float, index_usd: float) -> float:
    """Give what the holder receives; a long pays a positive rate."""
    return -quantity_coin * rate_frac * hours * index_usd
