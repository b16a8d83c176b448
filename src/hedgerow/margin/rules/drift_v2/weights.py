"""What counts for how much: weights fall with the size of an asset, rise with that of a debt."""

from math import isqrt

from hedgerow.margin.rules.checks import not_negative, positive

__all__ = [
    "asset_weight_1e4",
    "asset_weight_scaled_1e4",
    "liability_weight_1e4",
    "perp_requirement_1e6",
    "profit_weight_1e4",
]

_ONE_1E4 = 10**4
_BASE_OF_QUOTE = 1000  # base is scaled 1e9, quote 1e6


def _root_1e5(size_1e9: int) -> int:
    """Square root of a size, as the program takes it: ``isqrt(10·size + 1)``."""
    return isqrt(10 * size_1e9 + 1)


def asset_weight_1e4(weight_1e4: int, *, imf_1e6: int, size_1e9: int) -> int:
    """Weight of a deposit of a size: ``min(w, 1.1 / (1 + √size · imf))``.

    Parameters
    ----------
    weight_1e4
        What the market gives without regard to size.
    imf_1e6
        How strongly size counts; zero leaves the weight as it is.
    size_1e9
        The deposit in tokens, not negative.
    """
    not_negative(weight_1e4=weight_1e4, imf_1e6=imf_1e6, size_1e9=size_1e9)
    if imf_1e6 == 0:
        return weight_1e4
    discounted = 11 * 10**9 // (10**6 + _root_1e5(size_1e9) * imf_1e6 // 10**5)
    return min(weight_1e4, discounted)


def liability_weight_1e4(weight_1e4: int, *, imf_1e6: int, size_1e9: int) -> int:
    """Weight of a borrow, or margin ratio of a perpetual, of a size: ``max(w, 0.8 w + √size·imf)``.

    Parameters
    ----------
    weight_1e4
        What the market demands without regard to size.
    imf_1e6
        How strongly size counts; zero leaves the weight as it is.
    size_1e9
        The borrow in tokens or the position in base, not negative.
    """
    not_negative(weight_1e4=weight_1e4, imf_1e6=imf_1e6, size_1e9=size_1e9)
    if imf_1e6 == 0:
        return weight_1e4
    premium = weight_1e4 - weight_1e4 // 5 + _root_1e5(size_1e9) * imf_1e6 // 10**7
    return max(weight_1e4, premium)


def asset_weight_scaled_1e4(
    weight_1e4: int, *, scale_start_1e6: int, deposits_value_1e6: int
) -> int:
    """Initial weight of an asset of which the protocol holds much: ``w · start / deposits``.

    Parameters
    ----------
    scale_start_1e6
        Dollars of deposits from which the weight falls; zero never scales it.
    deposits_value_1e6
        Dollars of all deposits of the asset.
    """
    not_negative(
        weight_1e4=weight_1e4,
        scale_start_1e6=scale_start_1e6,
        deposits_value_1e6=deposits_value_1e6,
    )
    if scale_start_1e6 == 0 or deposits_value_1e6 <= scale_start_1e6:
        return weight_1e4
    return weight_1e4 * scale_start_1e6 // deposits_value_1e6


def profit_weight_1e4(pnl_1e6: int, *, weight_1e4: int, imf_1e6: int) -> int:
    """Initial weight of a perpetual's unrealised profit; a loss counts in full.

    Parameters
    ----------
    pnl_1e6
        Profit in quote, funding included; its size is counted in base units of a dollar each.
    """
    if pnl_1e6 <= 0:
        return _ONE_1E4
    return asset_weight_1e4(weight_1e4, imf_1e6=imf_1e6, size_1e9=pnl_1e6 * _BASE_OF_QUOTE)


def perp_requirement_1e6(
    base_1e9: int, *, ratio_1e4: int, imf_1e6: int, price_1e6: int, quote_price_1e6: int
) -> int:
    """Requirement of a perpetual position in quote, at the ratio adjusted for its size.

    Parameters
    ----------
    base_1e9
        The position at its worst fill of open orders, signed; the side does not matter.
    ratio_1e4
        Initial or maintenance margin ratio.
    price_1e6, quote_price_1e6
        Of the base and of the quote asset.
    """
    size_1e9 = abs(base_1e9)
    positive(price_1e6=price_1e6, quote_price_1e6=quote_price_1e6)
    adjusted_1e4 = liability_weight_1e4(ratio_1e4, imf_1e6=imf_1e6, size_1e9=size_1e9)
    value_1e6 = size_1e9 * price_1e6 // 10**9 * quote_price_1e6 // 10**6
    return value_1e6 * adjusted_1e4 // _ONE_1E4
