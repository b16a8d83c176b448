"""Binance: liquidation prices, maintenance by tiers, positions on both kinds of futures."""

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Final

from hedgerow.app.certify.given import Given
from hedgerow.margin.rules import binance as rules
from hedgerow.margin.rules import tiers

__all__ = ["KINDS"]


def _liquidation_price(given: Given) -> Mapping[str, object]:
    margin = "isolated_margin" if "isolated_margin" in given else "wallet_balance"
    price = rules.linear_liquidation_price_usd(
        wallet_usd=given.fraction(margin),
        quantity_coin=given.integer("side") * abs(given.fraction("position")),
        entry_usd=given.fraction("entry_price"),
        rate_frac=given.fraction("mmr"),
        deduction_usd=given.fraction("cum", 0),
        other_maintenance_usd=given.fraction("tmm_other", 0),
        other_profit_usd=given.fraction("upnl_other", 0),
    )
    return {"liquidation_price": price}


def _maintenance(given: Given) -> Mapping[str, object]:
    held = {each.text("symbol"): each for each in given.tables("positions")}
    return {
        "mm": {
            name: rules.maintenance_usd(
                each.fraction("position"),
                each.fraction("mark"),
                each.fraction("mmr"),
                each.fraction("cum", 0),
            )
            for name, each in held.items()
        },
        "upnl": {
            name: each.fraction("position") * (each.fraction("mark") - each.fraction("entry"))
            for name, each in held.items()
        },
        "notional": {
            name: abs(each.fraction("position")) * each.fraction("mark")
            for name, each in held.items()
        },
    }


def _position(given: Given) -> Mapping[str, object]:
    notional = abs(given.fraction("notional"))
    entered = given.fraction("contracts") * given.fraction("entry")
    sign = 1 if given.text("side") == "long" else -1
    maintenance = notional * given.fraction("mmr") - given.fraction("cum", 0)
    found: dict[str, object] = {
        "initial_margin": rules.initial_truncated(notional, given.fraction("leverage")),
        "maintenance_margin": maintenance,
        "unrealized_pnl": sign * (notional - entered),
    }
    if "collateral" in given:
        found["margin_ratio"] = maintenance / given.fraction("collateral")
    return found


def _profits(given: Given) -> Mapping[str, object]:
    return {
        "upnl_usdt": [
            each.integer("side")
            * each.fraction("qty")
            * (each.fraction("mark") - each.fraction("entry"))
            for each in given.tables("positions")
        ]
    }


def _inverse_position(given: Given) -> Mapping[str, object]:
    found = rules.inverse_margins_coin(
        given.fraction("contracts") * given.fraction("contract_size_usd"),
        given.fraction("mark"),
        leverage_frac=given.fraction("leverage"),
        rate_frac=given.fraction("mmr"),
        deduction_coin=given.fraction("cum", 0),
    )
    return {
        "notional_coin": found.notional_coin,
        "initial_margin_coin": found.initial_coin,
        "maintenance_margin_coin": found.maintenance_coin,
    }


def _portfolio(given: Given) -> Mapping[str, object]:
    found: dict[str, object] = {
        "um_mm_usdt": [
            rules.maintenance_usd(
                each.fraction("qty"),
                each.fraction("mark"),
                each.fraction("mmr"),
                each.fraction("cum", 0),
            )
            for each in given.tables("um")
        ],
        "margin_mm": rules.loans_maintenance_coin(
            (each.text("asset"), each.fraction("loan"), each.fraction("mmr"))
            for each in given.tables("margin_loans")
        ),
    }
    if "cm" in given:
        coin = given.table("cm")
        size_usd = _signed(coin) * abs(coin.fraction("amount_usd"))
        mark_usd = coin.fraction("mark")
        margins = rules.inverse_margins_coin(
            size_usd,
            mark_usd,
            leverage_frac=Fraction(1),
            rate_frac=coin.fraction("mmr"),
            deduction_coin=coin.fraction("cum", 0),
        )
        found["cm_mm_coin"] = margins.maintenance_coin
        found["cm_upnl_coin"] = rules.inverse_profit_coin(
            size_usd, coin.fraction("entry"), mark_usd
        )
    return found


def _signed(given: Given) -> int:
    """Give the sign of a side, written as a word or as one."""
    raw = given.raw("side")
    if isinstance(raw, str) and raw.lower() in ("long", "buy", "short", "sell"):
        return 1 if raw.lower() in ("long", "buy") else -1
    return 1 if given.fraction("side") > 0 else -1


KINDS: Final[Mapping[str, Callable[[Given], object]]] = {
    "liquidation_price": _liquidation_price,
    "maintenance_margin": _maintenance,
    "tier_deduction": lambda given: {
        "cum": tiers.deductions(given.fractions("floors"), given.fractions("mmr"))
    },
    "position_margin": _position,
    "unrealized_pnl": _profits,
    "inverse_position": _inverse_position,
    "portfolio_maintenance_margin": _portfolio,
}
