"""OKX and Gate: isolated linear positions, whose closing fee is part of the requirement.

References
----------
venue-margin.md section 4.
"""

from fractions import Fraction

from hedgerow.errors import OutOfDomain

__all__ = ["isolated_liquidation_price_usd"]


def isolated_liquidation_price_usd(
    quantity_coin: Fraction,
    entry_usd: Fraction,
    *,
    margin_usd: Fraction,
    rate_frac: Fraction,
    fee_frac: Fraction,
) -> Fraction:
    """Give ``LP = (EP - s margin / |q|) / (1 - s (mmr + fee))``; zero or less means never."""
    if quantity_coin == 0:
        raise OutOfDomain("a position of nothing has no liquidation price")
    sign = 1 if quantity_coin > 0 else -1
    denominator = 1 - sign * (rate_frac + fee_frac)
    if denominator <= 0:
        raise OutOfDomain(f"rate and fee of {float(rate_frac + fee_frac)} leave no price")
    return (entry_usd - sign * margin_usd / abs(quantity_coin)) / denominator
