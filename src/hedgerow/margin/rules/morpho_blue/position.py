"""How one borrower stands in one market."""

import msgspec

from hedgerow.errors import OutOfDomain
from hedgerow.margin.rules.morpho_blue.shares import Debt
from hedgerow.units import mul_div_down, mul_div_up

__all__ = ["PRICE_SCALE", "Position", "Standing", "standing"]

_WAD = 10**18
PRICE_SCALE = 10**36


class Position(msgspec.Struct, frozen=True, kw_only=True):
    """One borrower: collateral in its smallest unit, and shares of the market's debt."""

    collateral_raw: int
    borrow_shares_raw: int

    def __post_init__(self) -> None:
        if min(self.collateral_raw, self.borrow_shares_raw) < 0:
            raise OutOfDomain(
                "collateral and shares must not be negative, were "
                f"{self.collateral_raw}, {self.borrow_shares_raw}"
            )


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """How a borrower stands. Debt rounds up, everything that speaks for the borrower down.

    Attributes
    ----------
    debt_raw, collateral_value_raw, borrow_max_raw, borrowable_raw
        In the loan asset: what is owed, what the collateral is worth, what it carries in all, and
        what it carries beyond the debt.
    withdrawable_raw
        Collateral that could leave. Health floors twice and this inverts it once: where a unit of
        collateral is worth less than one of the loan, the last unit may be refused.
    ltv_wad, usage_wad
        Debt over collateral value, and over what the collateral carries; None (infinite) where
        something is owed and nothing carries it.
    health_wad
        The inverse of the usage; None (infinite) without debt.
    liquidation_price_raw
        Below it the position is not healthy; None without debt, and where no price carries it.
    """

    debt_raw: int
    collateral_value_raw: int
    borrow_max_raw: int
    borrowable_raw: int
    withdrawable_raw: int
    ltv_wad: int | None
    usage_wad: int | None
    health_wad: int | None
    liquidation_price_raw: int | None
    is_healthy: bool


def standing(position: Position, debt: Debt, *, price_raw: int, lltv_wad: int) -> Standing:
    """Weigh a position at an oracle price.

    Raises
    ------
    OutOfDomain
        If the price is negative, or the threshold is not between 0 and 1.
    """
    if price_raw < 0 or not 0 <= lltv_wad <= _WAD:
        raise OutOfDomain(
            "price must not be negative and LLTV within 0 and 1e18, "
            f"were {price_raw} and {lltv_wad}"
        )
    owed = debt.assets_up_raw(position.borrow_shares_raw)
    value = mul_div_down(position.collateral_raw, price_raw, PRICE_SCALE)
    most = mul_div_down(value, lltv_wad, _WAD)
    power = mul_div_down(position.collateral_raw, lltv_wad, _WAD)
    return Standing(
        debt_raw=owed,
        collateral_value_raw=value,
        borrow_max_raw=most,
        borrowable_raw=max(most - owed, 0),
        withdrawable_raw=_withdrawable_raw(position.collateral_raw, owed, price_raw, lltv_wad),
        ltv_wad=_part_up_wad(owed, value),
        usage_wad=_part_up_wad(owed, most),
        health_wad=mul_div_down(most, _WAD, owed) if owed else None,
        liquidation_price_raw=mul_div_up(owed, PRICE_SCALE, power) if owed and power else None,
        is_healthy=most >= owed,
    )


def _part_up_wad(owed: int, carried_by: int) -> int | None:
    if owed == 0:
        return 0
    return mul_div_up(owed, _WAD, carried_by) if carried_by else None


def _withdrawable_raw(collateral: int, owed: int, price_raw: int, lltv_wad: int) -> int:
    if owed == 0:
        return collateral
    if price_raw == 0 or lltv_wad == 0:
        return 0
    needed = mul_div_up(mul_div_up(owed, PRICE_SCALE, price_raw), _WAD, lltv_wad)
    return max(collateral - needed, 0)
