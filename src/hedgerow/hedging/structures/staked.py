"""Short a perpetual against a staked coin: what that hedges, and the peg that it does not.

A holding, its rate and discount, and how it will be left enter: sold today at the discount, or
un-staked and paid in full after a wait. What leaves is the short in whole lots, what delta is left,
and the peg as a risk of its own with the deviation of what it may cost. The perpetual does not move
with the peg, so no size of it hedges that.

References
----------
Methods sheet, sections 3, 8 and 26.
"""

from decimal import Decimal
from math import sqrt
from typing import Literal, TypeAlias

import msgspec

from hedgerow.errors import OutOfDomain
from hedgerow.hedging.structures.checks import check_finite, check_not_negative, check_positive
from hedgerow.pricing import staked_coins
from hedgerow.units import to_exact, to_model

__all__ = ["StakedExit", "StakedHedge", "staked_hedge"]

StakedExit: TypeAlias = Literal["sold", "redeemed"]


class StakedHedge(msgspec.Struct, frozen=True, kw_only=True):
    """A short against staked coins.

    `quantity_contracts` is negative. `delta_coin` is that of the staked coins, by which they are
    left; `residual_coin` is what lots leave of it. `peg_usd_per_frac` is what the holding gains per
    1.00 more of discount if it is sold, so it is negative; `peg_deviation_usd` is the size of one
    deviation of that over the wait, and `discount_usd` what the discount of today takes from it,
    negative at a premium. Until it is redeemed, `wait_days` after it is asked for, the staking
    reward and the funding of the short earn `carry_usd` together. `redeem_gain_usd` is what
    redeeming earns more than selling today: the discount, and the carry.
    """

    exit: StakedExit
    value_usd: float
    delta_coin: float
    quantity_contracts: Decimal
    residual_coin: float
    peg_usd_per_frac: float
    peg_deviation_usd: float
    discount_usd: float
    wait_days: float
    carry_usd: float
    redeem_gain_usd: float


def staked_hedge(
    *,
    quantity_coin: float,
    rate_coin_per_coin: float,
    price_base_usd: float,
    discount_frac: float,
    exit: StakedExit,
    multiplier_coin_per_contract: Decimal,
    lot_contracts: Decimal,
    wait_days: float,
    peg_vol_frac_per_sqrt_year: float,
    reward_frac_per_year: float = 0.0,
    funding_frac_per_year: float = 0.0,
) -> StakedHedge:
    """Size the short.

    Parameters
    ----------
    quantity_coin
        Tokens held, positive.
    rate_coin_per_coin
        Coins of the base that one token redeems for.
    discount_frac
        Of the token's market price to that; negative at a premium.
    exit
        ``sold`` at the market, with a delta of ``q R (1 - d)``; ``redeemed`` in full later, with
        one of ``q R``, and then the discount is money to come and moves nothing.
    wait_days
        From asking to be un-staked to having coins: the queue.
    peg_vol_frac_per_sqrt_year
        Deviation of the discount over a year, 0.02 is two points of discount; scaled by the root
        of the wait. A discount that reverts strays less, one that breaks strays more.
    reward_frac_per_year, funding_frac_per_year
        Of staking, on coins; received by the short when positive.

    Raises
    ------
    OutOfDomain
        If a quantity, rate or price is not positive, the discount not below one, or a wait, vol,
        multiplier or lot is not what it can be.
    """
    check_positive(
        quantity_coin=quantity_coin,
        rate_coin_per_coin=rate_coin_per_coin,
        price_base_usd=price_base_usd,
    )
    check_not_negative(wait_days=wait_days, peg_vol_frac_per_sqrt_year=peg_vol_frac_per_sqrt_year)
    check_finite(
        discount_frac=discount_frac,
        reward_frac_per_year=reward_frac_per_year,
        funding_frac_per_year=funding_frac_per_year,
    )
    if discount_frac >= 1.0:
        raise OutOfDomain(f"discount_frac must lie below one, was {discount_frac}")
    if exit not in ("sold", "redeemed"):
        raise OutOfDomain(f"a staked coin is sold or redeemed, was {exit}")
    if not (multiplier_coin_per_contract > 0 and lot_contracts > 0):
        raise OutOfDomain("a contract has a positive multiplier and lot")
    now = staked_coins(
        quantity_coin=quantity_coin,
        rate_coin_per_coin=rate_coin_per_coin,
        price_base_usd=price_base_usd,
        discount_frac=discount_frac,
    )
    full_coin = quantity_coin * rate_coin_per_coin
    delta = float(now.delta_base_coin[0]) if exit == "sold" else full_coin
    size = to_model(multiplier_coin_per_contract)
    # The nearest lot leaves the least delta, on whichever side.
    contracts = -to_exact(delta / size, lot_contracts, "half_up")
    years = wait_days / 365.0
    peg = float(now.discount_usd_per_frac[0])
    held_usd = full_coin * price_base_usd
    short_usd = -to_model(contracts) * size * price_base_usd
    carry = (held_usd * reward_frac_per_year + short_usd * funding_frac_per_year) * years
    return StakedHedge(
        exit=exit,
        value_usd=float(now.value_usd[0]),
        delta_coin=delta,
        quantity_contracts=contracts,
        residual_coin=delta + to_model(contracts) * size,
        peg_usd_per_frac=peg,
        peg_deviation_usd=abs(peg) * peg_vol_frac_per_sqrt_year * sqrt(years),
        discount_usd=held_usd * discount_frac,
        wait_days=wait_days,
        carry_usd=carry,
        redeem_gain_usd=held_usd * discount_frac + carry,
    )
