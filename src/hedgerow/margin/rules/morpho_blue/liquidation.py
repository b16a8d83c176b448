"""What a liquidator may seize for what it repays, and what is lost where collateral runs out.

There is no close factor: once a position is unhealthy all of it may be taken at once. A borrower
may opt into a contract that seizes a part earlier, between an own threshold and the market's.
"""

import msgspec

from hedgerow.errors import OutOfDomain
from hedgerow.margin.rules.morpho_blue.position import PRICE_SCALE, Position, standing
from hedgerow.margin.rules.morpho_blue.shares import Debt
from hedgerow.units import mul_div_down, mul_div_up

__all__ = [
    "PreLiquidation",
    "Seizure",
    "incentive_factor_wad",
    "pre_seizable_raw",
    "pre_seize",
    "seize",
    "seized_for_raw",
    "shares_for",
]

_WAD = 10**18
_CURSOR_WAD = 3 * 10**17
_INCENTIVE_WAD_MAX = 115 * 10**16


class Seizure(msgspec.Struct, frozen=True, kw_only=True):
    """What one liquidation moves.

    Attributes
    ----------
    seized_raw
        Collateral to the liquidator.
    repaid_shares_raw, repaid_raw
        What the liquidator pays, in shares of the debt and in the loan asset (rounded up).
    lost_raw
        Debt left when the collateral is gone: the market's lenders bear it at once.
    """

    seized_raw: int
    repaid_shares_raw: int
    repaid_raw: int
    lost_raw: int


class PreLiquidation(msgspec.Struct, frozen=True, kw_only=True):
    """What a borrower opted into: from `lltv_wad` to the market's own, factors grow in a line.

    Attributes
    ----------
    close_wad_min, close_wad_max
        The part of the debt that may be repaid, at either end.
    incentive_wad_min, incentive_wad_max
        What a repaid unit is worth in collateral, at either end.
    """

    lltv_wad: int
    close_wad_min: int
    close_wad_max: int
    incentive_wad_min: int
    incentive_wad_max: int

    def __post_init__(self) -> None:
        if not 0 <= self.close_wad_min <= self.close_wad_max:
            raise OutOfDomain(
                "close factors must grow with the debt, were "
                f"{self.close_wad_min} to {self.close_wad_max}"
            )
        if not 0 <= self.incentive_wad_min <= self.incentive_wad_max:
            raise OutOfDomain(
                "incentives must grow with the debt, were "
                f"{self.incentive_wad_min} to {self.incentive_wad_max}"
            )


def incentive_factor_wad(
    lltv_wad: int, *, cursor_wad: int = _CURSOR_WAD, factor_wad_max: int = _INCENTIVE_WAD_MAX
) -> int:
    """Give what a repaid unit is worth in collateral: ``1 / (1 - cursor · (1 - LLTV))``, capped.

    Floored at each step. Cursor and cap are constants of the protocol.

    Raises
    ------
    OutOfDomain
        If the threshold is not between 0 and 1.
    """
    if not 0 <= lltv_wad <= _WAD:
        raise OutOfDomain(f"LLTV must be within 0 and 1e18, was {lltv_wad}")
    below_wad = _WAD - mul_div_down(cursor_wad, _WAD - lltv_wad, _WAD)
    return min(factor_wad_max, mul_div_down(_WAD, _WAD, below_wad))


def seized_for_raw(
    repaid_shares_raw: int, debt: Debt, *, price_raw: int, incentive_wad: int
) -> int:
    """Give the collateral for so many repaid shares, rounded down.

    Raises
    ------
    OutOfDomain
        If the price is not positive.
    """
    _refuse_price(price_raw)
    worth = mul_div_down(debt.assets_down_raw(repaid_shares_raw), incentive_wad, _WAD)
    return mul_div_down(worth, PRICE_SCALE, price_raw)


def shares_for(seized_raw: int, debt: Debt, *, price_raw: int, incentive_wad: int) -> int:
    """Give the shares to repay for so much collateral, rounded up.

    Raises
    ------
    OutOfDomain
        If the price is not positive.
    """
    _refuse_price(price_raw)
    worth = mul_div_up(seized_raw, price_raw, PRICE_SCALE)
    return debt.shares_up_raw(mul_div_up(worth, _WAD, incentive_wad))


def seize(
    position: Position,
    debt: Debt,
    *,
    price_raw: int,
    lltv_wad: int,
    seized_raw: int | None = None,
    repaid_shares_raw: int | None = None,
) -> Seizure:
    """Liquidate: name either the collateral to seize or the shares to repay.

    Raises
    ------
    OutOfDomain
        If the position is healthy, both or none are named, or more than there is.
    """
    if standing(position, debt, price_raw=price_raw, lltv_wad=lltv_wad).is_healthy:
        raise OutOfDomain("the position is healthy: nothing may be seized")
    incentive_wad = incentive_factor_wad(lltv_wad)
    if seized_raw is not None and repaid_shares_raw is None:
        repaid_shares_raw = shares_for(
            seized_raw, debt, price_raw=price_raw, incentive_wad=incentive_wad
        )
    elif repaid_shares_raw is not None and seized_raw is None:
        seized_raw = seized_for_raw(
            repaid_shares_raw, debt, price_raw=price_raw, incentive_wad=incentive_wad
        )
    else:
        raise OutOfDomain("name either the collateral to seize or the shares to repay")
    if seized_raw > position.collateral_raw or repaid_shares_raw > position.borrow_shares_raw:
        raise OutOfDomain(
            f"{seized_raw} of {position.collateral_raw} collateral for {repaid_shares_raw} of "
            f"{position.borrow_shares_raw} shares: more than there is"
        )
    # The pool rounds up what is repaid, so that the last share may owe a unit more than is left.
    repaid_raw = debt.assets_up_raw(repaid_shares_raw)
    left = Debt(
        assets_raw=max(debt.assets_raw - repaid_raw, 0),
        shares_raw=debt.shares_raw - repaid_shares_raw,
    )
    lost_raw = 0
    if seized_raw == position.collateral_raw:
        shares_left_raw = position.borrow_shares_raw - repaid_shares_raw
        lost_raw = min(left.assets_raw, left.assets_up_raw(shares_left_raw))
    return Seizure(
        seized_raw=seized_raw,
        repaid_shares_raw=repaid_shares_raw,
        repaid_raw=repaid_raw,
        lost_raw=lost_raw,
    )


def pre_seizable_raw(
    position: Position, debt: Debt, terms: PreLiquidation, *, price_raw: int, lltv_wad: int
) -> int:
    """Give the collateral that may be seized before the market's own threshold is reached.

    Zero at or below the contract's threshold, and beyond the market's: there the market itself
    liquidates.

    Parameters
    ----------
    lltv_wad
        Of the market.
    """
    return pre_seize(position, debt, terms, price_raw=price_raw, lltv_wad=lltv_wad).seized_raw


def pre_seize(
    position: Position, debt: Debt, terms: PreLiquidation, *, price_raw: int, lltv_wad: int
) -> Seizure:
    """Give all that the contract lets repay and what it seizes; see `pre_seizable_raw`."""
    at_market = standing(position, debt, price_raw=price_raw, lltv_wad=lltv_wad)
    at_terms = standing(position, debt, price_raw=price_raw, lltv_wad=terms.lltv_wad)
    ltv_wad = at_market.ltv_wad
    if at_terms.is_healthy or not at_market.is_healthy or ltv_wad is None:
        return Seizure(seized_raw=0, repaid_shares_raw=0, repaid_raw=0, lost_raw=0)
    part_wad = mul_div_down(ltv_wad - terms.lltv_wad, _WAD, lltv_wad - terms.lltv_wad)
    close_wad = _between_wad(terms.close_wad_min, terms.close_wad_max, part_wad)
    incentive_wad = _between_wad(terms.incentive_wad_min, terms.incentive_wad_max, part_wad)
    shares_raw = mul_div_down(position.borrow_shares_raw, close_wad, _WAD)
    return Seizure(
        seized_raw=seized_for_raw(
            shares_raw, debt, price_raw=price_raw, incentive_wad=incentive_wad
        ),
        repaid_shares_raw=shares_raw,
        repaid_raw=debt.assets_up_raw(shares_raw),
        lost_raw=0,
    )


def _between_wad(low_wad: int, high_wad: int, part_wad: int) -> int:
    return low_wad + mul_div_down(part_wad, high_wad - low_wad, _WAD)


def _refuse_price(price_raw: int) -> None:
    if price_raw <= 0:
        raise OutOfDomain(f"price must be positive, was {price_raw}")
