"""Aave v2: how an account stands and what a liquidator takes, in the protocol's own integers.

It differs from v3 where it rounds: the average threshold is floored to a whole basis point before
it weighs the collateral, debts are floored like supplies, and the bonus comes before the division.
The base currency of the main market is ETH in wei. Products by basis points round half up.

References
----------
aave/protocol-v2, contracts/protocol/libraries/logic/GenericLogic.sol @ 129a96a3cf and
contracts/protocol/lendingpool/LendingPoolCollateralManager.sol @ 044b492f7f (rounding:
contracts/protocol/libraries/math/PercentageMath.sol @ 98ac879181).
"""

from collections.abc import Iterable, Mapping

import msgspec

from hedgerow.errors import OutOfDomain
from hedgerow.margin.rules.aave_v3 import percent_mul
from hedgerow.margin.rules.checks import not_negative, positive
from hedgerow.units import mul_div_down

__all__ = [
    "Balance",
    "Reserve",
    "Standing",
    "health_factor_wad",
    "seizable_raw",
    "standing",
]

_WAD = 10**18


class Reserve(msgspec.Struct, frozen=True, kw_only=True):
    """What counts of one asset for everybody.

    Attributes
    ----------
    price_base_raw
        Of one whole token, in the base currency's smallest unit.
    liquidation_threshold_bps
        Zero where the asset is no collateral; None where it is not known, and then no supply of it
        can be weighed.
    """

    price_base_raw: int
    token_decimals: int
    liquidation_threshold_bps: int | None


class Balance(msgspec.Struct, frozen=True, kw_only=True):
    """What an account has in one reserve, interest included, in the token's smallest unit.

    The supply is what the account lets count as collateral.
    """

    asset: str
    supply_raw: int = 0
    debt_raw: int = 0


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """How an account stands; a health of None is infinite, there being no debt."""

    collateral_base_raw: int
    debt_base_raw: int
    threshold_average_bps: int
    health_wad: int | None


def standing(balances: Iterable[Balance], reserves: Mapping[str, Reserve]) -> Standing:
    """Add up an account.

    Raises
    ------
    OutOfDomain
        If a balance is negative, its reserve unknown, its price not positive, or the threshold of
        something supplied unknown.
    """
    collateral = debt = weighted = 0
    for each in balances:
        reserve = reserves.get(each.asset)
        if reserve is None:
            raise OutOfDomain(f"no reserve {each.asset}; known are {', '.join(sorted(reserves))}")
        not_negative(supply_raw=each.supply_raw, debt_raw=each.debt_raw)
        positive(price_base_raw=reserve.price_base_raw)
        price_raw, unit = reserve.price_base_raw, 10**reserve.token_decimals
        debt += mul_div_down(each.debt_raw, price_raw, unit)
        if each.supply_raw == 0:
            continue
        threshold_bps = reserve.liquidation_threshold_bps
        if threshold_bps is None:
            raise OutOfDomain(f"{each.asset} is supplied and its threshold is not known")
        if threshold_bps == 0:
            continue
        supply = mul_div_down(each.supply_raw, price_raw, unit)
        collateral += supply
        weighted += supply * threshold_bps
    threshold_average_bps = weighted // collateral if collateral else 0
    return Standing(
        collateral_base_raw=collateral,
        debt_base_raw=debt,
        threshold_average_bps=threshold_average_bps,
        health_wad=health_factor_wad(
            collateral_base_raw=collateral,
            debt_base_raw=debt,
            threshold_average_bps=threshold_average_bps,
        ),
    )


def health_factor_wad(
    *, collateral_base_raw: int, debt_base_raw: int, threshold_average_bps: int
) -> int | None:
    """Give the health factor, or None (infinite) without debt; both steps round half up.

    Raises
    ------
    OutOfDomain
        If a number is negative.
    """
    not_negative(
        collateral_base_raw=collateral_base_raw,
        debt_base_raw=debt_base_raw,
        threshold_average_bps=threshold_average_bps,
    )
    if debt_base_raw == 0:
        return None
    weighted_raw = percent_mul(collateral_base_raw, threshold_average_bps)
    return (weighted_raw * _WAD + debt_base_raw // 2) // debt_base_raw


def seizable_raw(
    *,
    collateral_price_base: int,
    collateral_decimals: int,
    debt_price_base: int,
    debt_decimals: int,
    debt_to_cover_raw: int,
    liquidation_bonus_bps: int,
) -> int:
    """Give the collateral that so much debt takes, whether or not the borrower has it.

    `liquidation_bonus_bps` is 10,500 for a bonus of 5 %. Prices need one base, whichever it is:
    only their ratio counts.

    Raises
    ------
    OutOfDomain
        If a price or the bonus is not positive, or the amount is negative.
    """
    positive(
        collateral_price_base=collateral_price_base,
        debt_price_base=debt_price_base,
        liquidation_bonus_bps=liquidation_bonus_bps,
    )
    not_negative(debt_to_cover_raw=debt_to_cover_raw)
    unit, debt_unit = 10**collateral_decimals, 10**debt_decimals
    worth = percent_mul(debt_price_base * debt_to_cover_raw * unit, liquidation_bonus_bps)
    return mul_div_down(worth, 1, collateral_price_base * debt_unit)
