"""Drift v2. Everything is an integer in the program's fixed point; "max" stands for no bound."""

from collections.abc import Callable, Mapping
from fractions import Fraction
from math import floor
from typing import Final

from hedgerow.app.certify.given import Given
from hedgerow.margin.rules.drift_v2 import funding, insurance, liquidation, weights

__all__ = ["KINDS"]

_USD_1E6 = 10**6


def _or_max(amount: int | None) -> int | str:
    return "max" if amount is None else amount


def _base_to_cover(given: Given) -> int | str:
    return _or_max(
        liquidation.base_to_cover_1e9(
            given.integer("margin_shortage"),
            ratio_1e4=given.integer("margin_ratio"),
            liquidator_fee_1e6=given.integer("liquidation_fee"),
            insurance_fee_1e6=given.integer("insurance_fund_fee", 0),
            price_1e6=given.integer("oracle_price"),
            quote_price_1e6=given.integer("quote_oracle_price", _USD_1E6),
        )
    )


def _borrow_to_cover(given: Given) -> int | str:
    return _or_max(
        liquidation.borrow_to_cover_raw(
            given.integer("margin_shortage"),
            asset_weight_1e4=given.integer("asset_weight"),
            asset_multiplier_1e6=given.integer("asset_liquidation_multiplier"),
            liability_weight_1e4=given.integer("liability_weight"),
            liability_multiplier_1e6=given.integer("liability_liquidation_multiplier"),
            liability_decimals=given.integer("liability_decimals"),
            liability_price_1e6=given.integer("liability_price"),
            insurance_fee_1e6=given.integer("insurance_fund_fee", 0),
        )
    )


def _pair(given: Given) -> Mapping[str, int]:
    """Read asset and liability of a transfer."""
    return {
        "asset_multiplier_1e6": given.integer("asset_liquidation_multiplier"),
        "asset_decimals": given.integer("asset_decimals"),
        "asset_price_1e6": given.integer("asset_price"),
        "liability_multiplier_1e6": given.integer("liability_liquidation_multiplier"),
        "liability_decimals": given.integer("liability_decimals"),
        "liability_price_1e6": given.integer("liability_price"),
    }


def _perp_fee(given: Given) -> int:
    return insurance.perp_fee_1e6(
        given.integer("margin_shortage"),
        base_1e9=given.integer("base_asset_amount"),
        ratio_1e4=given.integer("margin_ratio"),
        liquidator_fee_1e6=given.integer("liquidator_fee"),
        price_1e6=given.integer("oracle_price"),
        quote_price_1e6=given.integer("quote_oracle_price", _USD_1E6),
        fee_1e6_max=given.integer("max_insurance_fund_fee"),
    )


def _spot_fee(given: Given) -> int:
    return insurance.spot_fee_1e6(
        given.integer("margin_shortage"),
        borrow_raw=given.integer("token_amount"),
        asset_weight_1e4=given.integer("asset_weight"),
        asset_multiplier_1e6=given.integer("asset_liquidation_multiplier"),
        liability_weight_1e4=given.integer("liability_weight"),
        liability_multiplier_1e6=given.integer("liability_liquidation_multiplier"),
        liability_decimals=given.integer("liability_decimals"),
        liability_price_1e6=given.integer("liability_price"),
        fee_1e6_max=given.integer("max_insurance_fund_fee"),
    )


def _scaled_weight(given: Given) -> int:
    def in_1e6(value_usd: Fraction) -> int:
        return floor(value_usd * _USD_1E6)

    return weights.asset_weight_scaled_1e4(
        given.integer("initial_asset_weight"),
        scale_start_1e6=in_1e6(given.fraction("scale_start_usd")),
        deposits_value_1e6=in_1e6(
            given.fraction("deposits_tokens") * given.fraction("oracle_price_usd")
        ),
    )


def _perp_requirement(given: Given) -> int:
    return weights.perp_requirement_1e6(
        given.integer("base_asset_amount_1e9"),
        ratio_1e4=given.integer("margin_ratio_initial"),
        imf_1e6=given.integer("imf_factor", 0),
        price_1e6=given.integer("oracle_price"),
        quote_price_1e6=given.integer("quote_price", _USD_1E6),
    )


def _capped_funding(given: Given) -> Mapping[str, object]:
    capped = funding.capped_funding(
        given.integer("funding_rate"),
        base_long_1e9=given.integer("base_long"),
        base_short_1e9=given.integer("base_short"),
        base_with_pool_1e9=given.integer("base_with_amm"),
        fees_less_distributions_1e6=given.integer("fees_minus_distributions"),
        fee_pool_1e6=given.integer("fee_pool_available"),
    )
    return {
        "long": capped.long_1e9,
        "short": capped.short_1e9,
        "fees_minus_distributions_after": capped.fees_less_distributions_1e6,
    }


KINDS: Final[Mapping[str, Callable[[Given], object]]] = {
    "base_amount_to_cover_margin_shortage": _base_to_cover,
    "liability_transfer_to_cover_margin_shortage": _borrow_to_cover,
    "liability_transfer_implied_by_asset_amount": lambda given: liquidation.borrow_for_asset_raw(
        given.integer("asset_amount"), **_pair(given)
    ),
    "asset_transfer_for_liability_transfer": lambda given: liquidation.asset_for_borrow_raw(
        given.integer("asset_amount"), given.integer("liability_amount"), **_pair(given)
    ),
    "funding_rate_delta_to_resolve_bankruptcy": lambda given: insurance.funding_delta_1e9(
        given.integer("loss"),
        base_long_1e9=given.integer("base_long"),
        base_short_1e9=given.integer("base_short"),
    ),
    "cumulative_deposit_interest_delta_to_resolve_bankruptcy": (
        lambda given: insurance.deposit_index_delta(
            given.integer("borrow"),
            deposits_raw=given.integer("total_deposits"),
            index_1e10=given.integer("cumulative_deposit_interest"),
        )
    ),
    "perp_insurance_fund_fee": _perp_fee,
    "spot_insurance_fund_fee": _spot_fee,
    "liquidation_fee_by_slot": lambda given: liquidation.fee_by_slot_1e6(
        given.integer("base_fee"),
        fee_1e6_max=given.integer("max_fee"),
        idle_slots_count=given.integer("current_slot") - given.integer("last_active_slot"),
    ),
    "max_pct_to_liquidate": lambda given: liquidation.share_to_liquidate_1e4(
        given.integer("margin_shortage"),
        slots_count=given.integer("slots_elapsed"),
        initial_1e4=given.integer("initial_pct"),
        duration_slots_count=given.integer("liquidation_duration_slots"),
    ),
    "spot_asset_weight_initial": lambda given: weights.asset_weight_1e4(
        given.integer("initial_asset_weight"),
        imf_1e6=given.integer("imf_factor"),
        size_1e9=given.integer("size_1e9"),
    ),
    "spot_liability_weight_initial": lambda given: weights.liability_weight_1e4(
        given.integer("initial_liability_weight"),
        imf_1e6=given.integer("imf_factor"),
        size_1e9=given.integer("size_1e9"),
    ),
    "scaled_initial_asset_weight": _scaled_weight,
    "unrealised_pnl_asset_weight_initial": lambda given: weights.profit_weight_1e4(
        given.integer("unrealised_pnl_quote"),
        weight_1e4=given.integer("initial_asset_weight"),
        imf_1e6=given.integer("imf_factor"),
    ),
    "perp_initial_margin": _perp_requirement,
    "hourly_funding_rate_1e9": lambda given: funding.funding_rate_1e9(
        given.integer("mark_twap"), given.integer("oracle_twap")
    ),
    "capped_funding_rate_1e9": _capped_funding,
}
