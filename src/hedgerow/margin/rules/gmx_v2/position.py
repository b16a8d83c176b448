"""What a position has earned, how much of that the pool can pay, and when it is liquidated."""

from hedgerow.margin.rules.checks import not_negative
from hedgerow.margin.rules.gmx_v2.fixed_point import times_1e30

__all__ = ["capped_pnl_1e30", "is_liquidatable", "pnl_1e30", "remaining_1e30"]


def pnl_1e30(size_1e30: int, *, worth_1e30: int, is_long: bool) -> int:
    """Dollars a position has earned.

    Parameters
    ----------
    size_1e30
        Dollars that its tokens cost.
    worth_1e30
        What its tokens are worth now, at the price that is worse for the trader.
    """
    not_negative(size_1e30=size_1e30, worth_1e30=worth_1e30)
    return worth_1e30 - size_1e30 if is_long else size_1e30 - worth_1e30


def capped_pnl_1e30(
    pnl_1e30: int, *, side_pnl_1e30: int, pool_1e30: int, factor_1e30_max: int
) -> int:
    """Dollars of a profit that the pool can pay: its part of what all of its side may take.

    A loss counts in full. Where the profit of all positions of the side exceeds
    ``pool · max factor``, each keeps ``pnl · cap / side pnl``.

    Parameters
    ----------
    side_pnl_1e30
        Of all positions of the same side.
    pool_1e30
        Dollars of the pool's token for the side, at the lower price.
    factor_1e30_max
        Part of the pool that the side's traders may take. A cap of nought (an empty pool too) caps
        nothing: so the contract.
    """
    not_negative(pool_1e30=pool_1e30, factor_1e30_max=factor_1e30_max)
    if pnl_1e30 <= 0 or side_pnl_1e30 <= 0:
        return pnl_1e30
    cap_1e30 = times_1e30(pool_1e30, factor_1e30_max)
    if cap_1e30 == 0 or side_pnl_1e30 <= cap_1e30:
        return pnl_1e30
    return pnl_1e30 * cap_1e30 // side_pnl_1e30


def remaining_1e30(
    *,
    collateral_1e30: int,
    pnl_1e30: int,
    impact_1e30: int,
    fees_1e30: int,
    size_1e30: int,
    impact_factor_1e30_max: int | None = None,
) -> int:
    """Dollars of collateral that closing a position now would leave.

    Parameters
    ----------
    collateral_1e30
        At the lower price.
    pnl_1e30
        Capped by what the pool can pay.
    impact_1e30
        Of closing all of it, with what is pending from when it was opened. One in the trader's
        favour does not count.
    fees_1e30
        For borrowing, funding and closing; the liquidation fee is not among them.
    size_1e30
        Dollars that the position's tokens cost.
    impact_factor_1e30_max
        An impact against the trader counts up to this part of the size; None counts all of it.
    """
    not_negative(collateral_1e30=collateral_1e30, fees_1e30=fees_1e30, size_1e30=size_1e30)
    counted_1e30 = min(impact_1e30, 0)
    if impact_factor_1e30_max is not None:
        not_negative(impact_factor_1e30_max=impact_factor_1e30_max)
        counted_1e30 = max(counted_1e30, -times_1e30(size_1e30, impact_factor_1e30_max))
    return collateral_1e30 + pnl_1e30 + counted_1e30 - fees_1e30


def is_liquidatable(
    remaining_1e30: int, *, size_1e30: int, factor_1e30_min: int, usd_1e30_min: int
) -> bool:
    """Whether what remains is too little: below a minimum, nothing, or below a part of the size.

    Parameters
    ----------
    factor_1e30_min
        The factor for liquidations, where the market has one of its own.
    """
    not_negative(size_1e30=size_1e30, factor_1e30_min=factor_1e30_min, usd_1e30_min=usd_1e30_min)
    return (
        remaining_1e30 < usd_1e30_min
        or remaining_1e30 <= 0
        or remaining_1e30 < times_1e30(size_1e30, factor_1e30_min)
    )
