"""What a liquidator may repay and take, what must not be left behind, and who bears bad debt.

Bounds come as arguments; on the day of the source they were: health factor 0.95 and 2,000 base
units for the close factor of one half, 1,000 base units of dust.
"""

from collections.abc import Mapping

from hedgerow.errors import OutOfDomain
from hedgerow.margin.rules.aave_v3.account import collateral_base, debt_base
from hedgerow.margin.rules.aave_v3.interest import percent_mul
from hedgerow.units import mul_div_down, mul_div_up

__all__ = [
    "close_factor_bps",
    "deficits_raw",
    "is_liquidatable",
    "leaves_dust",
    "liquidation_amounts_raw",
    "repayable_raw",
]

_BPS = 10_000
_WAD = 10**18


def is_liquidatable(
    health_wad: int | None, *, is_paused: bool = False, grace_left_s: int | None = None
) -> bool:
    """Whether a liquidator may act.

    Parameters
    ----------
    health_wad
        None (infinite) without debt.
    is_paused
        Whether either reserve is paused.
    grace_left_s
        Seconds until the grace period of either reserve ends; None where it has none. The second in
        which it ends still belongs to it.
    """
    if is_paused or (grace_left_s is not None and grace_left_s >= 0):
        return False
    return health_wad is not None and health_wad < _WAD


def close_factor_bps(
    *,
    health_wad: int,
    reserve_collateral_base: int,
    reserve_debt_base: int,
    partial_close_bps: int,
    full_below_health_wad: int,
    full_below_base: int,
) -> int:
    """Give how much of the debt one liquidation may repay.

    Everything, unless collateral and debt of the two reserves are both at least `full_below_base`
    and the health factor is above `full_below_health_wad`.
    """
    is_large = min(reserve_collateral_base, reserve_debt_base) >= full_below_base
    if is_large and health_wad > full_below_health_wad:
        return partial_close_bps
    return _BPS


def repayable_raw(
    *,
    close_bps: int,
    debt_raw: int,
    debt_price_base: int,
    debt_decimals: int,
    debt_total_base: int,
) -> int:
    """Give the most that one liquidation may repay of a reserve's debt.

    A close factor below one is of all debts together, measured in the base currency and turned back
    into this one: a debt that is less than half of the total may go whole.
    """
    room_base = percent_mul(debt_total_base, close_bps)
    if debt_base(debt_raw, debt_price_base, debt_decimals) <= room_base:
        return debt_raw
    return mul_div_down(room_base, 10**debt_decimals, debt_price_base)


def liquidation_amounts_raw(
    *,
    collateral_price_base: int,
    collateral_decimals: int,
    debt_price_base: int,
    debt_decimals: int,
    debt_to_cover_raw: int,
    collateral_balance_raw: int,
    liquidation_bonus_bps: int,
    protocol_fee_bps: int,
) -> tuple[int, int, int]:
    """Give collateral to the liquidator, debt repaid, and protocol fee, in smallest units.

    `liquidation_bonus_bps` is 10,500 for a bonus of 5 %. The fee is taken out of the bonus, so the
    borrower loses the first and the third together.

    Raises
    ------
    OutOfDomain
        If a price or the bonus is not positive, or an amount is negative.
    """
    if min(collateral_price_base, debt_price_base, liquidation_bonus_bps) <= 0:
        raise OutOfDomain(
            "prices and bonus must be positive, were "
            f"{collateral_price_base}, {debt_price_base}, {liquidation_bonus_bps}"
        )
    if min(debt_to_cover_raw, collateral_balance_raw) < 0:
        raise OutOfDomain(
            f"amounts must not be negative, were {debt_to_cover_raw}, {collateral_balance_raw}"
        )
    collateral_unit, debt_unit = 10**collateral_decimals, 10**debt_decimals
    base_raw = (debt_price_base * debt_to_cover_raw * collateral_unit) // (
        collateral_price_base * debt_unit
    )
    seized_raw = mul_div_down(base_raw, liquidation_bonus_bps, _BPS)
    repaid_raw = debt_to_cover_raw
    if seized_raw > collateral_balance_raw:
        seized_raw = collateral_balance_raw
        worth_raw = (collateral_price_base * seized_raw * debt_unit) // (
            debt_price_base * collateral_unit
        )
        repaid_raw = mul_div_up(worth_raw, _BPS, liquidation_bonus_bps)
    bonus_raw = seized_raw - mul_div_down(seized_raw, _BPS, liquidation_bonus_bps)
    fee_raw = mul_div_up(bonus_raw, protocol_fee_bps, _BPS)
    return seized_raw - fee_raw, repaid_raw, fee_raw


def leaves_dust(
    *,
    collateral_left_raw: int,
    collateral_price_base: int,
    collateral_decimals: int,
    debt_left_raw: int,
    debt_price_base: int,
    debt_decimals: int,
    dust_base: int,
) -> bool:
    """Whether a liquidation is refused for what it leaves in the two reserves.

    Either side may go whole; if both stay, both must be worth at least `dust_base`. So half may be
    taken and all may be taken where nine tenths may not.
    """
    if collateral_left_raw == 0 or debt_left_raw == 0:
        return False
    left_base = collateral_base(collateral_left_raw, collateral_price_base, collateral_decimals)
    owed_base = debt_base(debt_left_raw, debt_price_base, debt_decimals)
    return min(left_base, owed_base) < dust_base


def deficits_raw(
    debts_left_raw: Mapping[str, int], *, collateral_total_base: int, seized_base: int
) -> dict[str, int]:
    """Give the bad debt per asset, which is burned and becomes its reserve's deficit.

    There is some where the last of the account's collateral was seized and debt is left. The
    deficit is covered later, by the protocol's own insurance.

    Parameters
    ----------
    debts_left_raw
        By asset, after the repayment.
    collateral_total_base
        Of the whole account before the liquidation, in the base currency.
    seized_base
        What was taken, fee included, in the base currency.
    """
    if seized_base != collateral_total_base:
        return {}
    return {asset: left for asset, left in debts_left_raw.items() if left > 0}
