"""Aave v3. Interest and liquidations are in integers, summaries in whole tokens and dollars."""

from collections.abc import Callable, Mapping
from fractions import Fraction
from math import ceil, floor
from typing import Final

from hedgerow.app.certify.given import Given
from hedgerow.margin.rules import aave_v3 as rules

__all__ = ["KINDS"]

_WAD = 10**18
# The base currency has eight decimals.
_BASE = 10**8
# As the protocol deploys them.
_CLOSE_FACTOR = {
    "partial_close_bps": 5_000,
    "full_below_health_wad": 95 * 10**16,
    "full_below_base": 2_000 * _BASE,
}


def _shown(health_wad: int | None) -> Fraction | str:
    return "infinite" if health_wad is None else Fraction(health_wad, _WAD)


def _health_factor(given: Given) -> Fraction | str:
    weighted = given.integer("collateral_base") * given.integer("liquidation_threshold_bps")
    return _shown(rules.health_factor_wad(weighted, given.integer("debt_base")))


def _category(given: Given) -> rules.Category | None:
    if "emode" not in given or given.raw("emode") is None:
        return None
    category = given.table("emode")
    return rules.Category(
        ltv_bps=category.integer("ltv_bps"),
        liquidation_threshold_bps=category.integer("lt_bps"),
        members=frozenset(category.raw("members")),
        ltv_zero_members=frozenset(category.raw("ltv_zero") if "ltv_zero" in category else ()),
        is_isolated=category.flag("isolated", otherwise=False),
    )


def _account_summary(given: Given) -> Mapping[str, object]:
    found = rules.standing(
        (
            rules.Holding(
                asset=each.text("asset"),
                supply_base_raw=floor(
                    each.fraction("supplied", 0) * each.fraction("price_base") * _BASE
                ),
                debt_base_raw=ceil(
                    each.fraction("borrowed", 0) * each.fraction("price_base") * _BASE
                ),
                ltv_bps=each.integer("ltv_bps"),
                liquidation_threshold_bps=each.integer("lt_bps"),
                is_collateral=each.flag("collateral", otherwise=True),
            )
            for each in given.tables("reserves")
        ),
        _category(given),
    )
    base_usd = given.fraction("base_price_usd", 1) / _BASE
    return {
        "collateral_usd": found.collateral_base_raw * base_usd,
        "debt_usd": found.debt_base_raw * base_usd,
        "avg_ltv_bps": found.ltv_average_bps,
        "avg_lt_bps": found.threshold_average_bps,
        "available_borrows_usd": found.available_base_raw * base_usd,
        "health_factor": _shown(found.health_wad),
        "liquidatable": rules.is_liquidatable(found.health_wad),
        "has_zero_ltv_collateral": found.has_zero_ltv,
    }


def _balance(given: Given) -> int:
    return rules.balance_shown_raw(given.integer("scaled_balance"), _income(given))


def _income(given: Given) -> int:
    return rules.normalised_income_ray(
        given.integer("index_ray"), given.integer("rate_ray"), given.integer("seconds")
    )


def _close_factor(given: Given) -> int:
    return rules.close_factor_bps(
        health_wad=floor(given.fraction("health_factor") * _WAD),
        reserve_collateral_base=floor(given.fraction("reserve_collateral_usd") * _BASE),
        reserve_debt_base=ceil(given.fraction("reserve_debt_usd") * _BASE),
        **_CLOSE_FACTOR,
    )


def _amounts(given: Given) -> Mapping[str, object]:
    taken, repaid, fee = rules.liquidation_amounts_raw(
        collateral_price_base=given.integer("collateral_price_1e8"),
        collateral_decimals=given.integer("collateral_decimals"),
        debt_price_base=given.integer("debt_price_1e8"),
        debt_decimals=given.integer("debt_decimals"),
        debt_to_cover_raw=given.integer("debt_to_cover"),
        collateral_balance_raw=given.integer("collateral_balance"),
        liquidation_bonus_bps=given.integer("liquidation_bonus_bps"),
        protocol_fee_bps=given.integer("protocol_fee_bps", 0),
    )
    return {"collateral_to_liquidator": taken, "debt_repaid": repaid, "protocol_fee": fee}


KINDS: Final[Mapping[str, Callable[[Given], object]]] = {
    "health_factor": _health_factor,
    "account_summary": _account_summary,
    "scaled_balance_linear": _balance,
    "linear_interest_ray": lambda given: rules.linear_interest_ray(
        given.integer("rate_ray"), given.integer("seconds")
    ),
    "compounded_interest_ray": lambda given: rules.compounded_interest_ray(
        given.integer("rate_ray"), given.integer("seconds")
    ),
    "normalised_income_ray": _income,
    "percent_mul_half_up": lambda given: rules.percent_mul(
        given.integer("value"), given.integer("bps")
    ),
    "close_factor_bps": _close_factor,
    "available_collateral_to_liquidate": _amounts,
}
