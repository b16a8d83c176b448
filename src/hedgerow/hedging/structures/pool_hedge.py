"""A perpetual against a pool share: its delta kept within a band, its gamma told.

Liquidity, a price, what is held against it and a band enter; a trade in whole lots leaves, to the
nearer edge of the band and no further, with what delta and gamma are left. The gamma of a share is
what whoever rebalances against it lives on: no perpetual has any, so fees must pay for it.

References
----------
Methods sheet, sections 3 and 6.
"""

from decimal import Decimal

import msgspec

from hedgerow.errors import OutOfDomain
from hedgerow.hedging.structures.checks import check_finite, check_not_negative
from hedgerow.pricing import (
    PoolGreeks,
    concentrated_shares,
    constant_product_shares,
    losses_versus_rebalancing_usd_per_year,
)
from hedgerow.units import to_exact, to_model

__all__ = ["PoolHedge", "pool_hedge"]


class PoolHedge(msgspec.Struct, frozen=True, kw_only=True):
    """A pool share and the perpetual against it.

    `quantity_contracts` is the trade, zero within the band; `after_coin` what delta is left of
    both. `band_frac` is how far the price moves until that leaves the band by itself, infinite
    where the share has no gamma. `loss_usd_per_year` is what rebalancers take at this vol: fees
    above it earn.
    """

    value_usd: float
    delta_coin: float
    gamma_coin_per_usd: float
    before_coin: float
    quantity_contracts: Decimal
    after_coin: float
    band_coin: float
    band_frac: float
    loss_usd_per_year: float


def pool_hedge(
    *,
    liquidity_contracts: float,
    price_usd: float,
    held_contracts: Decimal,
    multiplier_coin_per_contract: Decimal,
    lot_contracts: Decimal,
    band_coin: float,
    vol_frac: float,
    target_coin: float = 0.0,
    price_lower_usd: float | None = None,
    price_upper_usd: float | None = None,
) -> PoolHedge:
    """Bring share and perpetual back to the edge of their band.

    Parameters
    ----------
    liquidity_contracts
        Units of L; without a range the pool quotes at every price.
    held_contracts
        Of the perpetual now, short negative.
    band_coin
        Half width of the band around `target_coin`.

    Raises
    ------
    OutOfDomain
        If only one end of a range is given, or a band, vol, multiplier or lot cannot be; and as
        the pricing of pools has it.
    """
    check_not_negative(band_coin=band_coin, vol_frac=vol_frac)
    check_finite(target_coin=target_coin)
    if not (multiplier_coin_per_contract > 0 and lot_contracts > 0 and held_contracts.is_finite()):
        raise OutOfDomain("a contract has a positive multiplier and lot, and a finite quantity")
    share = _share(liquidity_contracts, price_usd, price_lower_usd, price_upper_usd)
    size = to_model(multiplier_coin_per_contract)
    delta, gamma = float(share.delta_coin[0]), float(share.gamma_coin_per_usd[0])
    before = delta + to_model(held_contracts) * size
    off = before - target_coin
    traded = _to_edge_contracts(off, band_coin, size, lot_contracts)
    after = before + to_model(traded) * size
    left = band_coin - abs(after - target_coin)
    moves = float("inf") if gamma == 0.0 else max(left, 0.0) / abs(gamma) / price_usd
    lost = losses_versus_rebalancing_usd_per_year(
        price_usd=price_usd, gamma_coin_per_usd=share.gamma_coin_per_usd, vol_frac=vol_frac
    )
    return PoolHedge(
        value_usd=float(share.value_usd[0]),
        delta_coin=delta,
        gamma_coin_per_usd=gamma,
        before_coin=before,
        quantity_contracts=traded,
        after_coin=after,
        band_coin=band_coin,
        band_frac=moves,
        loss_usd_per_year=float(lost[0]),
    )


def _share(
    liquidity_contracts: float,
    price_usd: float,
    price_lower_usd: float | None,
    price_upper_usd: float | None,
) -> PoolGreeks:
    if price_lower_usd is not None and price_upper_usd is not None:
        return concentrated_shares(
            liquidity_contracts=liquidity_contracts,
            price_usd=price_usd,
            price_lower_usd=price_lower_usd,
            price_upper_usd=price_upper_usd,
        )
    if price_lower_usd is None and price_upper_usd is None:
        return constant_product_shares(liquidity_contracts=liquidity_contracts, price_usd=price_usd)
    raise OutOfDomain("a range has two ends: name both or neither")


def _to_edge_contracts(
    off_coin: float, band_coin: float, size_coin: float, lot_contracts: Decimal
) -> Decimal:
    """Give the trade to the nearer edge, in contracts of `size_coin`; none within the band."""
    if abs(off_coin) <= band_coin:
        return Decimal(0)
    # Up, so that the edge is reached; a lot wider than the band would swing from side to side.
    wish = (abs(off_coin) - band_coin) / size_coin
    lots = to_exact(wish, lot_contracts, "up")
    if to_model(lots) * size_coin > abs(off_coin) + band_coin:
        lots = to_exact(wish, lot_contracts, "down")
    return -lots if off_coin > 0 else lots
