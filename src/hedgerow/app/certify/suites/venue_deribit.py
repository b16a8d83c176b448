"""Deribit: margin of portfolios and options, identities of accounts, fees, funding, Greeks."""

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Final

import numpy as np

from hedgerow.app.certify.given import Given
from hedgerow.app.certify.suites.options import is_call, out_of_the_money, printed, years_left
from hedgerow.errors import VectorsRejected
from hedgerow.margin.rules import deribit as rules

__all__ = ["KINDS"]


def _portfolio_margin(given: Given) -> Mapping[str, object]:
    params = given.table("params")
    index = given.table("index")
    (pair,) = index
    marks, sizes = given.table("mark"), given.table("positions_base_ccy")
    expiries = given.table("expiries") if "expiries" in given else Given({})
    found = rules.portfolio_margin(
        [
            rules.FutureHeld(
                subject=name,
                quantity_coin=sizes.fraction(name),
                mark_usd=marks.fraction(name),
                is_linear="_USD" in name,
                expiry_years=(
                    years_left(given, expiry=expiries.text(name)) if name in expiries else None
                ),
            )
            for name in sizes
        ],
        index_usd=index.fraction(pair),
        parameters=rules.ScanParameters(
            price_range_frac=params.fraction("price_range"),
            buckets_count=params.integer("buckets_count", 4),
            extended_table_factor_frac=params.fraction("extended_table_factor", 1),
            extended_dampener_usd=params.fraction("extended_dampener_usd"),
            delta_threshold_usd=params.fraction("delta_total_liq_shock_threshold_usd"),
            annualised_move_risk_frac=params.fraction("annualised_move_risk"),
            min_annualised_move_frac=params.fraction("min_annualised_move"),
            offset_frac=params.fraction("pnl_offset", 0),
            offset_most_usd=params.fraction("max_offsetable_pnl", 0),
            maintenance_factor_frac=params.fraction("mm_factor"),
        ),
        extra_ccy=sum(
            (
                given.fraction(name, 0)
                for name in ("mmp_margin", "open_orders_margin", "spot_margin")
            ),
            Fraction(0),
        ),
    )
    return {
        "standard_vector_by_instrument": found.standard_ccy,
        "extended_vector_by_instrument": found.extended_ccy,
        "pre_aggregated_standard_by_bucket": found.pre_aggregated_standard_ccy,
        "aggregated_standard_by_bucket": found.aggregated_standard_ccy,
        "aggregated_extended": found.aggregated_extended_ccy,
        "worst_case": found.worst_case_ccy,
        "worst_bucket": found.worst_bucket_index,
        "roll_shock": found.roll_shock_ccy,
        "delta_shock": found.delta_shock_ccy,
        "correlation_contingency": 0,  # of one pair there is none
        "risk_matrix_margin": found.risk_matrix_ccy,
        "initial_margin": found.initial_ccy,
        "maintenance_margin": found.maintenance_ccy,
    }


def _greeks(given: Given) -> Mapping[str, object]:
    found = printed(given)
    return {
        "mark_price_btc": found.value_usd / found.forward_usd,
        "mark_price_usd": found.value_usd,
        "delta": found.delta_frac,
        "gamma": found.gamma_coin_per_usd,
        "vega_usd_per_vol_pt": found.vega_usd_per_volpt,
        # One day's, or that of what is left where it is less.
        "theta_usd_per_day": found.theta_usd_per_day * min(1.0, found.life_days),
        "rho_usd_per_1pct": found.rho_usd_per_pct,
    }


def _delta_decay(given: Given) -> Mapping[str, object]:
    position = given.fraction("position", 1)
    minutes, window = given.fraction("minutes_into_settlement"), given.fraction("window_minutes")
    delta = given.fraction("bs_delta")
    net = delta - given.fraction("mark_price", 0)
    return {
        "decayed_delta": position * rules.decayed_delta_coin(delta, minutes, window),
        "net_transaction_delta": position * rules.decayed_delta_coin(net, minutes, window),
    }


def _premium_adjusted(given: Given) -> Mapping[str, object]:
    net = given.fraction("bs_delta") - given.fraction("mark_price_btc")
    total = given.fraction("futures_delta", 0) + given.fraction("position") * net
    return {
        "net_transaction_delta": net,
        "delta_total": total,
        "usd_hedge_contracts_btc": given.fraction("equity_btc") + total,
    }


def _account_identity(given: Given) -> Mapping[str, object]:
    model = given.text("margin_model")
    if model.startswith("segregated"):
        options = given.fraction("options_value", 0)
        equity = (
            given.fraction("balance")
            + given.fraction("futures_session_upl", 0)
            + given.fraction("futures_session_rpl", 0)
            + options
        )
        margin_balance = equity - options if model == "segregated_sm" else equity
        delta = given.fraction("futures_delta", 0) + given.fraction("options_delta", 0)
        return {
            "equity": equity,
            "margin_balance": margin_balance,
            "available_funds": margin_balance - given.fraction("initial_margin", 0),
            "delta_total": delta - options,
            "delta_total_map_btc_usd": delta,
        }
    if not model.startswith("cross"):
        raise VectorsRejected(f"margin_model {model!r} is not known")
    # Each row restates the whole portfolio; only balance and equity are of its currency.
    unit = given.fraction("currency_usd")
    totals = {
        name: given.fraction(f"total_{name}_usd", 0) / unit
        for name in ("margin_balance", "initial_margin", "maintenance_margin")
    }
    equity = (
        given.fraction("balance")
        + given.fraction("session_upl", 0)
        + given.fraction("options_value", 0)
    )
    funds = totals["margin_balance"] - totals["initial_margin"]
    return totals | {"available_funds": funds, "equity": equity}


def _account_aggregation(given: Given) -> Mapping[str, object]:
    held = [each for each in given.tables("rows") if each.fraction("equity") != 0]
    return {
        "portfolio_equity_usd": given.fraction("total_equity_usd"),
        "rows_with_holdings": len(held),
    }


def _inverse_position(given: Given) -> Mapping[str, object]:
    size, mark = given.fraction("size_usd"), given.fraction("mark_price")
    coins = size / mark

    def profit(since: str) -> Fraction:
        return size / given.fraction(since) - coins

    return {
        "size_currency": coins,
        "delta": coins,
        "initial_margin": abs(coins) * given.fraction("im_rate"),
        "maintenance_margin": abs(coins) * given.fraction("mm_rate"),
        "floating_profit_loss": profit("settlement_price"),
        "total_profit_loss": profit("average_price"),
    }


def _option_contingency(given: Given) -> Mapping[str, object]:
    strikes = given.table("strike_positions")
    names = {strikes_of: Fraction(strikes_of) for strikes_of in strikes}
    found = rules.rolled_contingency(
        {names[name]: strikes.fraction(name) for name in strikes},
        underlying_usd=given.fraction("underlying"),
        band_frac=given.fraction("atm_range"),
        charge_coin=given.fraction("fee_btc_per_short"),
        is_call=given.text("type", "call") == "call",
    )
    return {
        "adjusted_positions": {n: found.adjusted_contracts[k] for n, k in names.items()},
        "roll_up_net": {n: found.rolled_contracts[k] for n, k in names.items()},
        "net_short": found.net_short_contracts,
        "option_contingency_btc": found.charge_coin,
    }


def _vol_shock(given: Given) -> Mapping[str, object]:
    days = given.number("dte")
    # A case names only the power of its own tenor.
    power = given.number("short_term_vega_power" if days < 30 else "long_term_vega_power")

    def shocked(shock: rules.VolShock, least: float) -> float:
        found = rules.shocked_vol_frac(
            np.array([given.number("iv")]),
            np.array([days]),
            shock,
            range_frac=given.number(f"vol_range_{shock}"),
            short_power=power,
            long_power=power,
            least_up_frac=least,
        )
        return float(found[0])

    least = given.number("min_volatility_for_shock_up", 0)
    return {"iv_up": shocked("up", least), "iv_down": shocked("down", 0.0)}


def _option_fee(given: Given) -> Mapping[str, object]:
    fee = rules.option_fee_coin(
        given.fraction("contracts"),
        price_coin=given.fraction("price_coin"),
        fee_coin=given.fraction("fee_per_contract_coin"),
        cap_frac=given.fraction("cap_fraction_of_price"),
    )
    return {"fee_coin": fee}


def _futures_fee(given: Given) -> Mapping[str, object]:
    coins = given.fraction("notional_usd") / given.fraction("price")
    return {
        "taker_fee_coin": coins * given.fraction("taker"),
        "maker_fee_coin": coins * given.fraction("maker"),
    }


def _futures_contingency(given: Given) -> Mapping[str, object]:
    raw = given.raw("futures_positions")
    held = (
        [given.table("futures_positions").fraction(name) for name in raw]
        if isinstance(raw, Mapping)
        else given.fractions("futures_positions")
    )
    gross = sum((abs(each) for each in held), Fraction(0))
    return {"contingency_coin": gross * given.fraction("rate")}


def _funding(given: Given) -> Mapping[str, object]:
    premium, rate = rules.funding_rate_frac(
        given.fraction("mark"),
        given.fraction("index"),
        damper_frac=given.fraction("damper"),
        cap_frac=given.fraction("cap"),
    )
    return {
        "premium_rate": premium,
        "funding_rate_8h": rate,
        "payment_base_ccy": rate
        * given.fraction("position_base")
        * given.fraction("minutes")
        / 480,
    }


def _option_standard(given: Given) -> Mapping[str, object]:
    out = out_of_the_money(given, "underlying")
    initial, maintenance = rules.short_linear_option_usd(
        underlying_usd=given.fraction("underlying"),
        mark_usd=given.fraction("mark"),
        out_of_the_money_usd=out,
        is_call=is_call(given),
    )
    shorts = max(Fraction(0), -given.fraction("position"))
    return {
        "otm": out,
        "im_per_contract": initial,
        "mm_per_contract": maintenance,
        "position_im": initial * shorts,
        "position_mm": maintenance * shorts,
    }


KINDS: Final[Mapping[str, Callable[[Given], object]]] = {
    "portfolio_margin": _portfolio_margin,
    "greeks": _greeks,
    "delta_decay": _delta_decay,
    "premium_adjusted_delta": _premium_adjusted,
    "account_identity": _account_identity,
    "account_aggregation": _account_aggregation,
    "inverse_position": _inverse_position,
    "option_contingency": _option_contingency,
    "vol_shock": _vol_shock,
    "option_fee": _option_fee,
    "futures_fee": _futures_fee,
    "futures_contingency": _futures_contingency,
    "funding": _funding,
    "option_standard_margin": _option_standard,
}
