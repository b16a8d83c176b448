"""dYdX v4. Quantums are integers; accounts name markets that the suite shares between its cases."""

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Final

from hedgerow.app.certify.given import Given
from hedgerow.errors import VectorsRejected
from hedgerow.margin.rules.dydx_v4 import funding, liquidation, requirement

__all__ = ["KINDS"]


def _price_usd(given: Given) -> Fraction:
    return given.fraction("price") * Fraction(10) ** given.integer("price_exponent")


def _notional_raw(given: Given, base: str) -> int:
    return requirement.notional_raw(
        given.integer(base),
        price_usd=_price_usd(given),
        atomic_resolution_power=given.integer("atomic_resolution"),
    )


def _initial_ppm(given: Given, open_interest_raw: int) -> int:
    return requirement.initial_ppm(
        given.integer("initial_margin_ppm"),
        open_interest_raw=open_interest_raw,
        lower_cap_raw=given.integer("oi_lower_cap"),
        upper_cap_raw=given.integer("oi_upper_cap"),
    )


def _initial_raw(given: Given) -> int:
    return requirement.requirement_initial_raw(
        given.integer("notional"),
        initial_ppm=_initial_ppm(given, given.integer("oi_notional")),
        chosen_ppm=given.integer("custom_imf_ppm", 0),
    )


def _requirements(given: Given) -> Mapping[str, object]:
    notional_raw = _notional_raw(given, "base_quantums")
    return {
        "imr": requirement.requirement_initial_raw(
            notional_raw,
            initial_ppm=_initial_ppm(given, _notional_raw(given, "open_interest_base_quantums")),
            chosen_ppm=given.integer("custom_imf_ppm", 0),
        ),
        "mmr": requirement.requirement_maintenance_raw(
            notional_raw,
            base_ppm=given.integer("initial_margin_ppm"),
            fraction_ppm=given.integer("maintenance_fraction_ppm"),
        ),
        "net_notional": notional_raw,
    }


def _market(given: Given, name: str) -> liquidation.Market:
    # What a case says itself wins over what the suite shares.
    known = given.table("markets") if "markets" in given else given.default("markets")
    market = known.table(name)
    return liquidation.Market(
        price_usd=market.fraction("price_usd"),
        atomic_resolution_power=market.integer("atomic_resolution"),
        margin_initial_ppm=market.integer("initial_margin_ppm"),
        maintenance_fraction_ppm=market.integer("maintenance_fraction_ppm"),
    )


def _positions(given: Given) -> tuple[list[liquidation.Position], int]:
    """Read the account's positions, and which of them is liquidated."""
    tables = list(given.tables("positions"))
    names = [each.text("perpetual") for each in tables]
    wanted = given.text("liquidating")
    if wanted not in names:
        raise VectorsRejected(f"liquidating {wanted}, but there are positions in {names}")
    positions = [
        liquidation.Position(market=_market(given, name), base_raw=each.integer("base_quantums"))
        for name, each in zip(names, tables, strict=True)
    ]
    return positions, names.index(wanted)


def _bankruptcy(given: Given) -> int:
    positions, closed_index = _positions(given)
    return liquidation.bankruptcy_price_raw(
        given.integer("quote_balance_quantums"),
        positions,
        closed_index=closed_index,
        delta_raw=given.integer("delta_base_quantums"),
    )


def _fillable(given: Given) -> Fraction:
    positions, closed_index = _positions(given)
    return liquidation.fillable_price_raw_per_raw(
        given.integer("quote_balance_quantums"),
        positions,
        closed_index=closed_index,
        delta_raw=given.integer("delta_base_quantums"),
        bankruptcy_adjustment_ppm=given.integer("bankruptcy_adjustment_ppm"),
        spread_ppm=given.integer("spread_to_maintenance_margin_ratio_ppm"),
    )


KINDS: Final[Mapping[str, Callable[[Given], object]]] = {
    "adjusted_initial_margin_ppm": lambda given: _initial_ppm(given, given.integer("oi_notional")),
    "initial_margin_quote_quantums": _initial_raw,
    "maintenance_margin_ppm": lambda given: requirement.maintenance_ppm(
        given.integer("initial_margin_ppm"),
        fraction_ppm=given.integer("maintenance_fraction_ppm"),
    ),
    "max_abs_funding_clamp_ppm": lambda given: funding.rate_ppm_max(
        given.integer("initial_margin_ppm"),
        fraction_ppm=given.integer("maintenance_fraction_ppm"),
        clamp_factor_ppm=given.integer("clamp_factor_ppm"),
    ),
    "margin_requirements": _requirements,
    "net_notional": lambda given: _notional_raw(given, "base_quantums"),
    "funding_settlement_ppm": lambda given: funding.settlement_ppm(
        given.integer("base_quantums"),
        index_ppm=given.integer("funding_index"),
        index_entry_ppm=given.integer("position_index"),
    ),
    "bankruptcy_price_quote_quantums": _bankruptcy,
    "fillable_price_subticks": _fillable,
}
