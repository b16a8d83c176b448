"""The no-trade band around a delta: as wide as the cost of trading is worth.

References
----------
A. E. Whalley and P. Wilmott (1997), An asymptotic analysis of an optimal hedging model for option
pricing with transaction costs, Mathematical Finance 7 (methods.md section 6).
"""

from hedgerow.errors import OutOfDomain

__all__ = ["whalley_wilmott_halfwidth_coin"]


def whalley_wilmott_halfwidth_coin(
    *,
    cost_frac: float,
    price_usd: float,
    gamma_coin_per_usd: float,
    risk_aversion_per_usd: float,
) -> float:
    """Half width of the band, ``(3 λ S Γ² / 2γ)^{1/3}``, undiscounted.

    Parameters
    ----------
    cost_frac
        Cost per traded notional λ: fee plus half spread.
    gamma_coin_per_usd
        Net gamma of the book; its sign does not matter.
    risk_aversion_per_usd
        Absolute risk aversion γ, which scales with the size of the book.

    Raises
    ------
    OutOfDomain
        If price or risk aversion is not positive, or the cost is negative.
    """
    if not (price_usd > 0 and risk_aversion_per_usd > 0 and cost_frac >= 0):
        raise OutOfDomain(
            "the band needs a positive price and risk aversion and a cost of at least zero, were "
            f"{price_usd}, {risk_aversion_per_usd}, {cost_frac}"
        )
    cube = 1.5 * cost_frac * price_usd * gamma_coin_per_usd**2 / risk_aversion_per_usd
    return float(cube ** (1.0 / 3.0))
