"""Over-collateralised loans in the protocol's own integers (Aave v3, onchain-margin.md section 5).

Amounts are in each token's smallest unit, prices and values in dollars scaled 1e8 (`_base`),
indices scaled 1e27. Collateral rounds down, debt rounds up.
"""

from hedgerow.units import mul_div_down, mul_div_up

__all__ = [
    "balance_raw",
    "close_factor_bps",
    "collateral_base",
    "debt_base",
    "debt_raw",
    "health_factor_wad",
    "liquidation_amounts_raw",
]

_RAY = 10**27
_WAD = 10**18
_BPS = 10_000


def balance_raw(scaled_raw: int, liquidity_index_ray: int) -> int:
    """Give the present balance of a supply."""
    return mul_div_down(scaled_raw, liquidity_index_ray, _RAY)


def debt_raw(scaled_raw: int, borrow_index_ray: int) -> int:
    """Give the present debt of a borrow."""
    return mul_div_up(scaled_raw, borrow_index_ray, _RAY)


def collateral_base(amount_raw: int, price_base: int, decimals: int) -> int:
    """Value collateral, rounded down."""
    return mul_div_down(amount_raw, price_base, 10**decimals)


def debt_base(amount_raw: int, price_base: int, decimals: int) -> int:
    """Value debt, rounded up."""
    return mul_div_up(amount_raw, price_base, 10**decimals)


def health_factor_wad(weighted_base_bps: int, debt_total_base: int) -> int | None:
    """Give the health factor, or None (infinite) without debt.

    Parameters
    ----------
    weighted_base_bps
        Sum of collateral value times liquidation threshold in basis points.
    debt_total_base
        Sum of debt values.
    """
    if debt_total_base == 0:
        return None
    # wadDiv rounds half up; the division by basis points then floors.
    return (weighted_base_bps * _WAD + debt_total_base // 2) // debt_total_base // _BPS


def close_factor_bps(
    *,
    health_wad: int,
    reserve_collateral_base: int,
    reserve_debt_base: int,
    partial_close_bps: int,
    full_below_health_wad: int,
    full_below_base: int,
) -> int:
    """Give how much of the debt one liquidation may repay."""
    is_large = min(reserve_collateral_base, reserve_debt_base) >= full_below_base
    if is_large and health_wad > full_below_health_wad:
        return partial_close_bps
    return _BPS


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
    """
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
