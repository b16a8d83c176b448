"""Compound III. Sales are in integers; checks have balances and prices in tokens and dollars."""

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Final

from hedgerow.app.certify.given import Given
from hedgerow.margin.rules import compound_v3 as rules

__all__ = ["KINDS"]

# The base asset of the peer's tests is worth a dollar and has six decimals.
_BASE_UNIT_RAW = 10**6


def _quote(given: Given) -> int:
    return rules.collateral_for_base_raw(
        given.integer("base_amount"),
        asset_price_1e8=given.integer("asset_price_1e8"),
        base_price_1e8=given.integer("base_price_1e8"),
        store_front_price_factor_wad=given.integer("store_front_price_factor"),
        liquidation_factor_wad=given.integer("liquidation_factor"),
        asset_unit_raw=10 ** given.integer("asset_decimals"),
        base_unit_raw=10 ** given.integer("base_decimals"),
    )


def _liquidity_usd(given: Given) -> Fraction:
    collateral = rules.Collateral(
        quantity_coin=given.fraction("collateral"),
        price_usd=given.fraction("collateral_price"),
        factor_frac=given.fraction("collateral_factor"),
    )
    return rules.liquidity_usd(given.fraction("base_balance"), (collateral,))


def _absorb(given: Given) -> Mapping[str, object]:
    factor_frac = given.fraction("liquidation_factor")
    absorbed = rules.absorb(
        given.integer("base_balance"),
        [
            rules.Collateral(
                quantity_coin=each.fraction("amount"),
                price_usd=each.fraction("price"),
                factor_frac=factor_frac,
            )
            for each in given.tables("collaterals")
        ],
        base_unit_raw=_BASE_UNIT_RAW,
    )
    return {
        "new_base_balance": absorbed.base_balance_raw,
        "reserves_change_base": absorbed.reserves_change_raw,
    }


KINDS: Final[Mapping[str, Callable[[Given], object]]] = {
    "quote_collateral": _quote,
    "is_liquidatable": lambda given: _liquidity_usd(given) < 0,
    "is_borrow_collateralised": lambda given: _liquidity_usd(given) >= 0,
    "absorb": _absorb,
}
