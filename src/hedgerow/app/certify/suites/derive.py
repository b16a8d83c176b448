"""Derive: standard manager, both generations of portfolio margin, auctions, and their parts.

Balances are USD and contracts in decimals; negative margin is a shortfall.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec

from hedgerow.app.certify.given import Given
from hedgerow.margin.rules.derive import auction, funding
from hedgerow.margin.rules.derive.book import Expiry, OptionLeg, split_forward_usd
from hedgerow.margin.rules.derive.options import black76, svi_vol_frac
from hedgerow.margin.rules.derive.portfolio_v1 import (
    Portfolio,
    PortfolioParameters,
    Scenario,
    portfolio_margins,
)
from hedgerow.margin.rules.derive.portfolio_v2 import (
    Collateral,
    Parameters2,
    Portfolio2,
    Scenario2,
    margins_v2,
)
from hedgerow.margin.rules.derive.standard import Market, StandardParameters, standard_margins

__all__ = ["SUITES"]

# What a vector calls a parameter, and what the rule does.
_STANDARD: Final = {
    "perp_im": "perp_initial_frac",
    "perp_mm": "perp_maintenance_frac",
    "max_spot_req": "short_most_frac",
    "min_spot_req": "short_least_frac",
    "mm_call_spot_req": "call_maintenance_frac",
    "mm_put_spot_req": "put_maintenance_frac",
    "mm_put_mtm_req": "put_maintenance_of_value_frac",
    "unpaired_im_scale": "unpaired_initial_frac",
    "unpaired_mm_scale": "unpaired_maintenance_frac",
    "mm_offset_scale": "put_initial_of_maintenance_frac",
    "oracle_threshold": "oracle_threshold_frac",
    "oracle_factor": "oracle_factor_frac",
    "depeg_threshold": "depeg_threshold_frac",
    "depeg_factor": "depeg_factor_frac",
    "base_margin_factor": "base_factor_frac",
    "base_im_scale": "base_initial_scale_frac",
}
_SHARED: Final = {
    "basis_spot_up": "basis_up_frac",
    "basis_spot_down": "basis_down_frac",
    "basis_add_factor": "basis_add_frac",
    "basis_mult_factor": "basis_multiplier_frac",
    "peg_loss_threshold": "peg_threshold_frac",
    "peg_loss_factor": "peg_factor_frac",
    "confidence_threshold": "confidence_threshold_frac",
    "confidence_margin": "confidence_factor_frac",
    "im_factor": "initial_factor_frac",
    "vol_range_up": "vol_up_frac",
    "vol_range_down": "vol_down_frac",
    "short_term_power": "short_power",
    "long_term_power": "long_power",
}
_V1: Final = _SHARED | {
    "base_percent": "base_frac",
    "perp_percent": "perp_frac",
    "option_percent": "option_frac",
    "base_static_discount": "discount_base_frac",
    "rate_mult_scale": "discount_rate_multiplier_frac",
    "rate_add_scale": "discount_rate_add_frac",
    "dte_floor_seconds": "floor_s",
}
_V2: Final = _SHARED | {
    "mm_factor": "maintenance_factor_frac",
    "short_rate_mult": "short_rate_multiplier_frac",
    "long_rate_mult": "long_rate_multiplier_frac",
    "short_rate_add": "short_rate_add_frac",
    "long_rate_add": "long_rate_add_frac",
    "long_base_static_discount": "long_discount_frac",
    "short_base_static_discount": "short_discount_frac",
    "mm_perp_percent": "perp_maintenance_frac",
    "im_perp_percent": "perp_initial_frac",
    "mm_option_percent": "option_maintenance_frac",
    "im_option_percent": "option_initial_frac",
    "min_vol_up_shock": "vol_up_least_frac",
    "linear_base_cap": "linear_cap_frac",
    "linear_c_base": "linear_cap_per_root_year_frac",
    "abs_base_cap": "abs_cap_frac",
    "abs_c_base": "abs_cap_per_root_year_frac",
    "min_k_star": "skew_least_log",
    "width_scale": "skew_width_frac",
    "vol_param_static": "skew_static_frac",
    "vol_param_scale": "skew_scale_frac",
}
_DAY_S = 86_400.0


def _named(given: Given, names: Mapping[str, str]) -> dict[str, Any]:
    return {ours: given.number(theirs) for theirs, ours in names.items()}


def _expiry(given: Given) -> Expiry:
    seconds = given.number("seconds_to_expiry")
    if "forward" in given:
        fixed_usd, variable_usd = split_forward_usd(given.number("forward"), seconds)
    else:
        fixed_usd = given.number("forward_fixed")
        variable_usd = given.number("forward_variable")
    return Expiry(
        life_s=seconds,
        forward_fixed_usd=fixed_usd,
        forward_variable_usd=variable_usd,
        rate_frac_per_year=given.number("rate", 0),
        confidence_forward_frac=given.number("forward_confidence", 1),
        confidence_rate_frac=given.number("rate_confidence", 1),
        confidence_vol_frac=given.number("vol_confidence", 1),
        legs=tuple(
            OptionLeg(
                strike_usd=leg.number("strike"),
                is_call=leg.flag("is_call"),
                quantity_coin=leg.number("amount"),
                vol_frac=leg.number("vol"),
            )
            for leg in given.tables("options")
        ),
    )


def _expiries(given: Given) -> tuple[Expiry, ...]:
    return tuple(_expiry(each) for each in given.tables("expiries"))


def _standard(given: Given) -> Mapping[str, object]:
    markets = given.table("markets")
    margins = standard_margins(
        [
            Market(
                spot_usd=each.number("spot"),
                confidence_spot_frac=each.number("spot_confidence", 1),
                perp_usd=each.number("perp_price", 0),
                confidence_perp_frac=each.number("perp_confidence", 1),
                perp_coin=each.number("perp_position", 0),
                perp_unrealised_usd=each.number("perp_unrealised_pnl", 0),
                perp_unsettled_usd=each.number("perp_unsettled_funding", 0),
                base_coin=each.number("base_position", 0),
                expiries=_expiries(each),
            )
            for each in map(markets.table, markets)
        ],
        cash_usd=given.number("cash", 0),
        stable_usd=given.number("stable_price", 1),
        parameters=StandardParameters(**_named(given.table("params"), _STANDARD)),
    )
    return {
        "im": margins.initial_usd,
        "mm": margins.maintenance_usd,
        "mtm": margins.value_usd,
    }


def _portfolio(given: Given) -> Portfolio:
    return Portfolio(
        spot_usd=given.number("spot"),
        confidence_spot_frac=given.number("spot_confidence", 1),
        stable_usd=given.number("stable_price", 1),
        cash_usd=given.number("cash", 0),
        base_coin=given.number("base_position", 0),
        perp_coin=given.number("perp_position", 0),
        perp_usd=given.number("perp_price", 0),
        confidence_perp_frac=given.number("perp_confidence", 1),
        perp_unrealised_usd=given.number("perp_unrealised_pnl", 0),
        perp_unsettled_usd=given.number("perp_unsettled_funding", 0),
        expiries=_expiries(given),
    )


def _scenarios(given: Given) -> list[Scenario]:
    return msgspec.convert(
        [
            {
                "spot_frac": float(each["spot_shock"]),
                "vol_shock": each["vol_shock"],
            }
            for each in given.default_raw("scenarios")
        ],
        list[Scenario],
    )


def _pmrm_v1(given: Given) -> Mapping[str, object]:
    margins = portfolio_margins(
        _portfolio(given),
        _scenarios(given),
        PortfolioParameters(**_named(given.table("params"), _V1)),
    )
    return {
        "im": margins.initial_usd,
        "mm": margins.maintenance_usd,
        "mtm": margins.value_usd,
        "basis_contingency": margins.basis_usd,
        "static_contingency": margins.static_usd,
        "scenario_pnl": margins.scenarios_usd,
        "worst_scenario": margins.worst_index,
    }


def _pmrm_v2(given: Given) -> Mapping[str, object]:
    wanted = given.text("scenario_set")
    (listed,) = [
        each["scenarios"] for each in given.default_raw("scenario_sets") if each["id"] == wanted
    ]
    scenarios = msgspec.convert(
        [
            {
                "spot_frac": float(each["spot_shock"]),
                "vol_shock": each["vol_shock"],
                "dampening_frac": float(each.get("dampening", 1)),
            }
            for each in listed
        ],
        list[Scenario2],
    )
    parameters = given.table("params")
    portfolio = Portfolio2(
        spot_usd=given.number("spot"),
        confidence_spot_frac=given.number("spot_confidence", 1),
        stable_usd=given.number("stable_price", 1),
        cash_usd=given.number("cash", 0),
        perp_coin=given.number("perp_position", 0),
        perp_usd=given.number("perp_price", 0),
        confidence_perp_frac=given.number("perp_confidence", 1),
        perp_unrealised_usd=given.number("perp_unrealised_pnl", 0),
        perp_unsettled_usd=given.number("perp_unsettled_funding", 0),
        collaterals=tuple(
            Collateral(
                asset=each.text("asset", ""),
                quantity_coin=each.number("amount"),
                price_usd=each.number("price"),
                confidence_frac=each.number("confidence", 1),
                haircut_maintenance_frac=each.number("mm_haircut"),
                haircut_initial_frac=each.number("im_haircut"),
                is_risk_cancelling=each.flag("risk_cancelling"),
            )
            for each in given.tables("collaterals")
        ),
        expiries=_expiries(given),
    )
    margins = margins_v2(
        portfolio,
        scenarios,
        Parameters2(
            floor_s=parameters.number("dte_floor_days") * _DAY_S, **_named(parameters, _V2)
        ),
    )
    return {
        "im": margins.initial_usd,
        "mm": margins.maintenance_usd,
        "option_mtm": margins.options_usd,
        "collateral_mtm": margins.collateral_usd,
        "basis_contingency": margins.basis_usd,
        "scenario_pnl": margins.scenarios_usd,
        "worst_scenario": margins.worst_index,
    }


def _black(given: Given) -> Mapping[str, object]:
    prices = black76(
        given.number("forward"),
        given.number("strike"),
        given.number("volatility"),
        given.number("seconds_to_expiry"),
        given.number("discount", 1),
    )
    return {
        "call": float(prices.call_usd),
        "put": float(prices.put_usd),
        "call_delta_undiscounted": float(prices.call_delta_frac),
    }


def _share_most_frac(given: Given) -> float:
    value_usd = given.number("mtm")
    margin_usd = auction.buffer_usd(given.number("mm"), value_usd, given.number("buffer"))
    return auction.share_most_frac(
        margin_usd, value_usd, given.number("discount"), given.number("reserved_cash", 0)
    )


def _cash_from_bidder(given: Given) -> float:
    share_frac = min(given.number("requested_percent"), _share_most_frac(given))
    return auction.cash_from_bidder_usd(
        share_frac,
        given.number("mtm"),
        given.number("discount"),
        given.number("reserved_cash", 0),
    )


def _hourly_funding(given: Given) -> float:
    cap_frac = given.number("cap")
    return funding.hourly_rate_frac(
        index_usd=given.number("index"),
        impact_bid_usd=given.number("impact_bid"),
        impact_ask_usd=given.number("impact_ask"),
        convergence_h=given.number("convergence_hours"),
        static_frac=given.number("static_hourly_rate", 0),
        least_frac=-cap_frac,
        most_frac=cap_frac,
    )


_Kinds = Mapping[str, Callable[[Given], object]]

_BUILDING_BLOCKS: Final[_Kinds] = {
    "black76": _black,
    "svi_vol": lambda given: svi_vol_frac(
        given.number("strike"),
        given.number("forward"),
        **{name: given.number(name) for name in ("a", "b", "rho", "m", "sigma", "tau_years")},
    ),
    "perp_hourly_funding": _hourly_funding,
    "perp_funding_payment": lambda given: funding.payment_usd(
        given.number("position"),
        rate_frac=given.number("hourly_rate"),
        hours=given.number("hours"),
        index_usd=given.number("index"),
    ),
    "auction_discount": lambda given: auction.discount_frac(
        given.number("elapsed_s"),
        start_frac=given.number("start"),
        cutoff_frac=given.number("cutoff"),
        fast_s=given.number("fast_s"),
        slow_s=given.number("slow_s"),
    ),
    "auction_max_proportion": _share_most_frac,
    "auction_cash_from_bidder": _cash_from_bidder,
    "insolvent_auction_payout": lambda given: auction.insolvent_payout_usd(
        given.number("percent"),
        maintenance_usd=given.number("mm"),
        value_usd=given.number("mtm"),
        elapsed_s=given.number("elapsed_s"),
        length_s=given.number("length_s"),
    ),
    "withdrawals_blocked": lambda given: auction.are_withdrawals_blocked(
        given.numbers("insolvent_mm"), given.number("security_module_cash")
    ),
}


def _auction(given: Given) -> Mapping[str, object]:
    """Play an auction through its steps, each with feeds of its own."""
    parameters = PortfolioParameters(**_named(given.default("margin_params"), _V1))
    scenarios = _scenarios(given)
    named = given.default("auction_params")
    terms = auction.AuctionTerms(
        start_frac=named.number("starting_mtm_percent"),
        cutoff_frac=named.number("fast_cutoff_percent"),
        fast_s=named.number("fast_length_s"),
        slow_s=named.number("slow_length_s"),
        insolvent_s=named.number("insolvent_length_s"),
        fee_frac=named.number("liquidator_fee_rate"),
        buffer_frac=named.number("buffer_margin_percent"),
    )
    start_s = given.number("start_time", 0)
    held = _portfolio(given.table("initial"))
    before = portfolio_margins(held, scenarios, parameters)
    fee_usd = auction.liquidation_fee_usd(before.maintenance_usd, before.value_usd, terms)
    held = msgspec.structs.replace(held, cash_usd=held.cash_usd - fee_usd)
    ends_s = tuple(start_s + expiry.life_s for expiry in held.expiries)
    reserved_usd = 0.0
    steps = []
    for step in given.tables("steps"):
        held = _remarked(held, ends_s, step)
        discount = auction.discount_frac(
            step.number("time") - start_s,
            start_frac=terms.start_frac,
            cutoff_frac=terms.cutoff_frac,
            fast_s=terms.fast_s,
            slow_s=terms.slow_s,
        )

        def state(
            portfolio: Portfolio, paid_usd: float, discount: float = discount
        ) -> tuple[float, float, float, float]:
            margins = portfolio_margins(portfolio, scenarios, parameters)
            buffer_usd = auction.buffer_usd(
                margins.maintenance_usd, margins.value_usd, terms.buffer_frac
            )
            most = auction.share_most_frac(
                buffer_usd, margins.value_usd, discount, paid_usd, cutoff_usd=terms.cutoff_usd
            )
            return margins.value_usd, margins.maintenance_usd, buffer_usd, most

        pre = state(held, reserved_usd)
        share_frac = min(step.number("bid_percent_of_current"), pre[3])
        paid_usd = auction.cash_from_bidder_usd(share_frac, pre[0], discount, reserved_usd)
        held = _without(held, share_frac, reserved_usd, paid_usd)
        reserved_usd += paid_usd
        post = state(held, reserved_usd)
        names = ("mtm", "mm", "bm", "max_proportion")
        steps.append(
            {f"pre_{name}": value for name, value in zip(names, pre, strict=True)}
            | {f"post_{name}": value for name, value in zip(names, post, strict=True)}
            | {"cash_from_bidder": paid_usd, "final_percent": share_frac}
        )
    return {"liquidation_fee": fee_usd, "steps": steps}


def _remarked(held: Portfolio, ends_s: tuple[float, ...], step: Given) -> Portfolio:
    """Take the feeds of one step; positions, cash and confidences stay."""
    forwards, rates = step.table("forwards"), step.table("rates")
    vols = {
        (each.number("expiry"), each.number("strike")): each.number("vol")
        for each in step.tables("vols")
    }
    expiries = []
    for expiry, end_s in zip(held.expiries, ends_s, strict=True):
        key = f"{end_s:g}" if f"{end_s:g}" in forwards else str(int(end_s))
        seconds = max(end_s - step.number("time"), 0.0)
        fixed_usd, variable_usd = split_forward_usd(forwards.number(key), seconds)
        expiries.append(
            msgspec.structs.replace(
                expiry,
                life_s=seconds,
                forward_fixed_usd=fixed_usd,
                forward_variable_usd=variable_usd,
                rate_frac_per_year=rates.number(key),
                legs=tuple(
                    msgspec.structs.replace(
                        leg, vol_frac=vols.get((end_s, leg.strike_usd), leg.vol_frac)
                    )
                    for leg in expiry.legs
                ),
            )
        )
    return msgspec.structs.replace(
        held,
        spot_usd=step.number("spot"),
        perp_usd=step.number("perp_price"),
        stable_usd=step.number("stable_price"),
        expiries=tuple(expiries),
    )


def _without(held: Portfolio, share_frac: float, reserved_usd: float, paid_usd: float) -> Portfolio:
    """Give what is left after a bidder took a share of everything but the reserved cash."""
    left = 1.0 - share_frac
    return msgspec.structs.replace(
        held,
        cash_usd=held.cash_usd - share_frac * (held.cash_usd - reserved_usd) + paid_usd,
        base_coin=held.base_coin * left,
        perp_coin=held.perp_coin * left,
        perp_unrealised_usd=held.perp_unrealised_usd * left,
        perp_unsettled_usd=held.perp_unsettled_usd * left,
        expiries=tuple(
            msgspec.structs.replace(
                expiry,
                legs=tuple(
                    msgspec.structs.replace(leg, quantity_coin=leg.quantity_coin * left)
                    for leg in expiry.legs
                ),
            )
            for expiry in held.expiries
        ),
    )


SUITES: Final[Mapping[str, _Kinds]] = {
    "derive_auction": {"derive_auction": _auction},
    "derive_building_blocks": _BUILDING_BLOCKS,
    "derive_pmrm_v1": {"derive_pmrm_v1": _pmrm_v1},
    "derive_pmrm_v2": {"derive_pmrm_v2": _pmrm_v2},
    "derive_srm": {"derive_srm": _standard},
}
