"""GMX v2. Cases are in plain dollars and fractions; the rules count in integers scaled 1e30."""

from collections.abc import Callable, Mapping
from fractions import Fraction
from math import floor
from typing import Final

from hedgerow.app.certify.given import Given
from hedgerow.margin.rules.gmx_v2 import borrowing, funding, impact, position
from hedgerow.margin.rules.gmx_v2.fixed_point import ONE_1E30

__all__ = ["KINDS"]


def _in_1e30(value: Fraction) -> int:
    # Thirty decimals are all that the contracts hold.
    return floor(value * ONE_1E30)


def _read(given: Given, name: str, otherwise: int | None = None) -> int:
    if otherwise is not None and name not in given:
        return _in_1e30(Fraction(otherwise))
    return _in_1e30(given.fraction(name))


def _out(value_1e30: int) -> Fraction:
    return Fraction(value_1e30, ONE_1E30)


def _applied(given: Given) -> int:
    return impact.applied_1e30(
        _read(given, "diff_usd"),
        factor_1e30=_read(given, "impact_factor"),
        exponent_1e30=_read(given, "exponent"),
    )


def _impact(given: Given) -> Fraction:
    return _out(
        impact.position_impact_1e30(
            _read(given, "open_interest_long"),
            _read(given, "open_interest_short"),
            delta_long_1e30=_read(given, "delta_long", 0),
            delta_short_1e30=_read(given, "delta_short", 0),
            positive_factor_1e30=_read(given, "positive_factor"),
            negative_factor_1e30=_read(given, "negative_factor"),
            exponent_1e30=_read(given, "exponent"),
        )
    )


def _execution_price(given: Given, *, is_long: bool) -> Fraction:
    return _out(
        impact.execution_price_increase_1e30(
            _read(given, "size_usd"),
            price_1e30=_read(given, "index_price"),
            impact_1e30=_read(given, "price_impact_usd"),
            is_long=is_long,
        )
    )


def _funding_rate(given: Given) -> Mapping[str, object]:
    rate = funding.adapted_rate(
        _read(given, "open_interest_long"),
        _read(given, "open_interest_short"),
        saved_1e30=_read(given, "saved_factor"),
        adaptation=funding.Adaptation(
            increase_1e30=_read(given, "increase_factor"),
            decrease_1e30=_read(given, "decrease_factor"),
            stable_1e30=_read(given, "threshold_stable"),
            shrink_1e30=_read(given, "threshold_decrease"),
            rate_1e30_max=_read(given, "max_factor"),
            rate_1e30_min=_read(given, "min_factor", 0),
        ),
        elapsed_s=given.integer("seconds"),
        exponent_1e30=_read(given, "exponent", 1),
    )
    return {"value": _out(rate.paid_1e30), "saved_factor": _out(rate.saved_1e30)}


def _borrowing_fee(given: Given) -> Fraction:
    return _out(
        borrowing.fee_1e30(
            _read(given, "size_usd"),
            rate_1e30=borrowing.rate_1e30(
                _read(given, "reserved_usd"),
                _read(given, "pool_usd"),
                factor_1e30=_read(given, "factor"),
                exponent_1e30=_read(given, "exponent", 1),
            ),
            elapsed_s=given.integer("seconds"),
        )
    )


def _is_liquidatable(given: Given) -> Mapping[str, object]:
    size_1e30 = _read(given, "size_usd")
    pnl_1e30 = position.pnl_1e30(
        size_1e30,
        worth_1e30=_in_1e30(given.fraction("size_tokens") * given.fraction("index_price")),
        is_long=given.flag("is_long"),
    )
    remaining_1e30 = position.remaining_1e30(
        collateral_1e30=_in_1e30(
            given.fraction("collateral_tokens") * given.fraction("collateral_price")
        ),
        pnl_1e30=pnl_1e30,
        impact_1e30=_read(given, "price_impact_usd"),
        fees_1e30=_read(given, "fees_usd"),
        size_1e30=size_1e30,
    )
    return {
        "value": position.is_liquidatable(
            remaining_1e30,
            size_1e30=size_1e30,
            factor_1e30_min=_read(given, "min_collateral_factor"),
            usd_1e30_min=_read(given, "min_collateral_usd"),
        ),
        "pnl_usd": _out(pnl_1e30),
        "remaining_collateral_usd": _out(remaining_1e30),
    }


def _capped_pnl(given: Given) -> Fraction:
    return _out(
        position.capped_pnl_1e30(
            _read(given, "position_pnl"),
            side_pnl_1e30=_read(given, "pool_pnl"),
            pool_1e30=_read(given, "pool_usd"),
            factor_1e30_max=_read(given, "max_pnl_factor"),
        )
    )


KINDS: Final[Mapping[str, Callable[[Given], object]]] = {
    "apply_impact_factor": _applied,
    "position_price_impact_usd": _impact,
    "execution_price_increase_long": lambda given: _execution_price(given, is_long=True),
    "execution_price_increase_short": lambda given: _execution_price(given, is_long=False),
    "adaptive_funding_factor_per_second": _funding_rate,
    "borrowing_fee_usd": _borrowing_fee,
    "is_position_liquidatable": _is_liquidatable,
    "capped_position_pnl_usd": _capped_pnl,
}
