"""What a trade pays for tilting the market, and the price it is entered at."""

from hedgerow.errors import OutOfDomain
from hedgerow.margin.rules.checks import not_negative, positive
from hedgerow.margin.rules.gmx_v2.fixed_point import power_1e30, times_1e30

__all__ = ["applied_1e30", "execution_price_increase_1e30", "position_impact_1e30"]


def applied_1e30(apart_1e30: int, *, factor_1e30: int, exponent_1e30: int) -> int:
    """Weight of an imbalance: ``factor · apart^exponent``, nought below a dollar.

    Parameters
    ----------
    apart_1e30
        Dollars between the two sides, not negative.
    """
    return times_1e30(power_1e30(apart_1e30, exponent_1e30), factor_1e30)


def position_impact_1e30(
    long_1e30: int,
    short_1e30: int,
    *,
    delta_long_1e30: int,
    delta_short_1e30: int,
    positive_factor_1e30: int,
    negative_factor_1e30: int,
    exponent_1e30: int,
) -> int:
    """Dollars that a trade receives (negative: pays) for what it does to the balance of the market.

    Where the same side stays the larger: the difference of the two weights, at the positive factor
    if the trade brings the sides together and at the negative one if it parts them. Where the other
    side becomes the larger: what closing the old gap earns less what the new one costs. The market
    caps what comes out by its impact pool and a maximum factor; that is not done here.

    Parameters
    ----------
    long_1e30, short_1e30
        Open interest before the trade, in dollars.
    delta_long_1e30, delta_short_1e30
        What the trade adds to either side; negative when it closes.
    positive_factor_1e30, negative_factor_1e30
        The market never uses a positive factor above its negative one; pass what it uses.

    Raises
    ------
    OutOfDomain
        If an open interest is negative, before or after.
    """
    next_long_1e30, next_short_1e30 = long_1e30 + delta_long_1e30, short_1e30 + delta_short_1e30
    not_negative(
        long_1e30=long_1e30,
        short_1e30=short_1e30,
        next_long_1e30=next_long_1e30,
        next_short_1e30=next_short_1e30,
    )
    before_1e30 = abs(long_1e30 - short_1e30)
    after_1e30 = abs(next_long_1e30 - next_short_1e30)

    def weight(apart_1e30: int, factor_1e30: int) -> int:
        return applied_1e30(apart_1e30, factor_1e30=factor_1e30, exponent_1e30=exponent_1e30)

    # A balanced market counts as one where shorts are the larger.
    if (long_1e30 <= short_1e30) == (next_long_1e30 <= next_short_1e30):
        improves = after_1e30 < before_1e30
        factor_1e30 = positive_factor_1e30 if improves else negative_factor_1e30
        apart_1e30 = abs(weight(before_1e30, factor_1e30) - weight(after_1e30, factor_1e30))
        return apart_1e30 if improves else -apart_1e30
    return weight(before_1e30, positive_factor_1e30) - weight(after_1e30, negative_factor_1e30)


def execution_price_increase_1e30(
    size_1e30: int, *, price_1e30: int, impact_1e30: int, is_long: bool
) -> int:
    """Price that a position is entered at: its dollars over the tokens that they and impact buy.

    ``size / (size/price + impact/price)`` for longs, with a minus for shorts: an impact in the
    trader's favour lowers what a long pays and raises what a short gets.

    Parameters
    ----------
    size_1e30
        Dollars added to the position; with none the price is the oracle's.
    price_1e30
        Of the index token, the worse of the oracle's two for the trader.
    impact_1e30
        Positive in the trader's favour.

    Raises
    ------
    OutOfDomain
        If the impact leaves no tokens, or less than none.
    """
    not_negative(size_1e30=size_1e30)
    positive(price_1e30=price_1e30)
    if size_1e30 == 0:
        return price_1e30
    bought_1e30 = size_1e30 + (impact_1e30 if is_long else -impact_1e30)
    if bought_1e30 <= 0:
        raise OutOfDomain(
            f"an impact of {impact_1e30} (1e30) is as large as the order of {size_1e30}"
        )
    return price_1e30 * size_1e30 // bought_1e30
