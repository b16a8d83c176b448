"""Morpho Blue: everything in integers."""

from collections.abc import Callable, Mapping
from typing import Final

from hedgerow.app.certify.given import Given
from hedgerow.margin.rules import morpho_blue as rules

__all__ = ["KINDS"]


def _infinite(number: int | None) -> int | str:
    return "infinite" if number is None else number


def _position(given: Given) -> rules.Position:
    return rules.Position(
        collateral_raw=given.integer("collateral"), borrow_shares_raw=given.integer("borrow_shares")
    )


def _debt(given: Given) -> rules.Debt:
    return rules.Debt(
        assets_raw=given.integer("total_borrow_assets"),
        shares_raw=given.integer("total_borrow_shares"),
    )


def _position_risk(given: Given) -> Mapping[str, object]:
    found = rules.standing(
        _position(given),
        _debt(given),
        price_raw=given.integer("price"),
        lltv_wad=given.integer("lltv"),
    )
    price = found.liquidation_price_raw
    return {
        "borrow_assets": found.debt_raw,
        "collateral_value": found.collateral_value_raw,
        "max_borrow_assets": found.borrow_max_raw,
        "max_borrowable_assets": found.borrowable_raw,
        "withdrawable_collateral": found.withdrawable_raw,
        "ltv": _infinite(found.ltv_wad),
        "borrow_capacity_usage": _infinite(found.usage_wad),
        "health_factor": _infinite(found.health_wad),
        # Without debt there is none; with debt on nothing every price is too low.
        "liquidation_price": _infinite(price) if found.debt_raw else None,
        "healthy": found.is_healthy,
        "liquidatable": not found.is_healthy,
    }


def _pre_liquidation(given: Given) -> int:
    return rules.pre_seizable_raw(
        _position(given),
        _debt(given),
        rules.PreLiquidation(
            lltv_wad=given.integer("pre_lltv"),
            close_wad_min=given.integer("pre_lcf1"),
            close_wad_max=given.integer("pre_lcf2"),
            incentive_wad_min=given.integer("pre_lif1"),
            incentive_wad_max=given.integer("pre_lif2"),
        ),
        price_raw=given.integer("price"),
        lltv_wad=given.integer("lltv"),
    )


KINDS: Final[Mapping[str, Callable[[Given], object]]] = {
    "liquidation_incentive_factor": lambda given: rules.incentive_factor_wad(given.integer("lltv")),
    "position_risk": _position_risk,
    "pre_liquidation_seizable": _pre_liquidation,
    "utilisation": lambda given: _infinite(
        rules.utilisation_wad(given.integer("total_supply"), given.integer("total_borrow"))
    ),
    "supply_to_utilisation": lambda given: _infinite(
        rules.supply_to_utilisation_raw(
            given.integer("total_supply"), given.integer("total_borrow"), given.integer("target")
        )
    ),
    "withdraw_to_utilisation": lambda given: rules.withdraw_to_utilisation_raw(
        given.integer("total_supply"), given.integer("total_borrow"), given.integer("target")
    ),
    "rate_to_apy_continuous": lambda given: rules.yield_continuous_frac(
        given.integer("annual_rate_wad"), given.integer("seconds_per_year")
    ),
}
