"""Bybit: isolated and legacy inverse liquidation prices, option margins and costs, Greeks."""

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Final

from hedgerow.app.certify.given import Given
from hedgerow.app.certify.suites.options import out_of_the_money, printed
from hedgerow.margin.rules import bybit as rules

__all__ = ["KINDS"]


def _liquidation_price(given: Given) -> Mapping[str, object]:
    found = rules.isolated_linear(
        given.integer("side") * abs(given.fraction("position")),
        given.fraction("entry_price"),
        leverage_frac=given.fraction("leverage"),
        rate_frac=given.fraction("mmr"),
        deduction_usd=given.fraction("deduction", 0),
        extra_usd=given.fraction("extra_margin", 0),
    )
    return {
        "initial_margin": found.initial_ccy,
        "maintenance_margin": found.maintenance_ccy,
        "liquidation_price": found.liquidation_price_usd,
    }


def _inverse_cross(given: Given) -> Mapping[str, object]:
    found = rules.inverse_cross(
        given.integer("side") * abs(given.fraction("contracts_usd")),
        given.fraction("entry_price"),
        free_coin=given.fraction("balance_coin") - given.fraction("order_margin", 0),
        rate_frac=given.fraction("mmr"),
        fee_frac=given.fraction("taker_fee"),
        tick_usd=given.fraction("tick"),
    )
    return {
        "bankruptcy_price": found.bankruptcy_price_usd,
        "liquidation_price": found.liquidation_tick_usd,
    }


def _inverse_margin(given: Given) -> Mapping[str, object]:
    value, initial, maintenance = rules.inverse_margins_coin(
        given.fraction("qty_usd"),
        given.fraction("entry"),
        leverage_frac=given.fraction("leverage"),
        rate_frac=given.fraction("mmr"),
        deduction_coin=given.fraction("deduction", 0),
    )
    return {
        "position_value_coin": value,
        "initial_margin_coin": initial,
        "maintenance_margin_coin": maintenance,
    }


def _option_margin(given: Given) -> Mapping[str, object]:
    size = given.fraction("size")
    maintenance = rules.short_option_maintenance_usd(
        size,
        index_usd=given.fraction("index"),
        mark_usd=given.fraction("mark"),
        factor_frac=given.fraction("mm_factor"),
        liquidation_fee_frac=given.fraction("liq_fee_rate"),
    )
    found: dict[str, object] = {"position_mm": maintenance}
    if "margin_balance" in given:
        found["account_mm_rate"] = maintenance / given.fraction("margin_balance")
    if "strike" in given:
        found["position_im"] = rules.short_option_initial_usd(
            size,
            index_usd=given.fraction("index"),
            mark_usd=given.fraction("mark"),
            order_usd=given.fraction("order_price", 0),
            out_of_the_money_usd=out_of_the_money(given, "index"),
            maintenance_usd=maintenance,
        )
    return found


def _option_cost(given: Given) -> Mapping[str, object]:
    found = rules.long_option_order(
        abs(given.fraction("size", Fraction(1))),
        given.fraction("price"),
        index_usd=given.fraction("index"),
        taker_frac=given.fraction("taker"),
        cap_of_price_frac=given.fraction("fee_cap_fraction"),
    )
    return {"premium": found.premium_usd, "fee": found.fee_usd, "cost": found.cost_usd}


def _greeks(given: Given) -> Mapping[str, object]:
    found = printed(given)
    # On the last day the venue prints theta and gamma for what is left of it.
    last = min(1.0, found.life_days)
    return {
        "mark_price": found.value_usd,
        "delta": found.delta_frac,
        "gamma": found.gamma_coin_per_usd * last,
        "vega_usd_per_vol_pt": found.vega_usd_per_volpt,
        "theta_usd_per_day": found.theta_usd_per_day * last,
    }


KINDS: Final[Mapping[str, Callable[[Given], object]]] = {
    "liquidation_price": _liquidation_price,
    "inverse_cross_liquidation_price": _inverse_cross,
    "inverse_position_margin": _inverse_margin,
    "option_standard_margin": _option_margin,
    "option_order_cost": _option_cost,
    "greeks": _greeks,
}
