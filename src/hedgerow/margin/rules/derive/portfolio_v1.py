"""Derive's portfolio margin, first generation: one underlying, spot and vol scenarios together.

The worst scenario and the static contingency are scaled together for the initial requirement;
shocked values of options are discounted where they are positive only.

References
----------
derivexyz/v2-core, src/risk-managers/PMRM.sol and PMRMLib.sol @ 7736900d39.
"""

from collections.abc import Sequence
from typing import Literal, TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray

from hedgerow.errors import OutOfDomain
from hedgerow.margin.rules.derive.book import (
    Expiry,
    OptionRows,
    naked_shorts_coin,
    option_rows,
    vol_multiplier_frac,
)
from hedgerow.margin.rules.derive.options import YEAR_S, black76

__all__ = ["Portfolio", "PortfolioMargins", "PortfolioParameters", "Scenario", "portfolio_margins"]

Floats: TypeAlias = NDArray[np.float64]
VolShock: TypeAlias = Literal["up", "none", "down"]


class PortfolioParameters(msgspec.Struct, frozen=True, kw_only=True):
    """Parameters of the first generation."""

    basis_up_frac: float
    basis_down_frac: float
    basis_add_frac: float
    basis_multiplier_frac: float
    peg_threshold_frac: float
    peg_factor_frac: float
    confidence_threshold_frac: float
    confidence_factor_frac: float
    base_frac: float
    perp_frac: float
    option_frac: float
    initial_factor_frac: float
    discount_base_frac: float
    discount_rate_multiplier_frac: float
    discount_rate_add_frac: float
    vol_up_frac: float
    vol_down_frac: float
    short_power: float
    long_power: float
    floor_s: float


class Scenario(msgspec.Struct, frozen=True, kw_only=True):
    """One cell: what spot is multiplied by, and which way vols go."""

    spot_frac: float
    vol_shock: VolShock


class Portfolio(msgspec.Struct, frozen=True, kw_only=True):
    """One account: feeds, cash and what is held."""

    spot_usd: float
    confidence_spot_frac: float
    stable_usd: float
    cash_usd: float
    base_coin: float
    perp_coin: float
    perp_usd: float
    confidence_perp_frac: float
    perp_unrealised_usd: float
    perp_unsettled_usd: float
    expiries: tuple[Expiry, ...]


class PortfolioMargins(msgspec.Struct, frozen=True, kw_only=True):
    """Balances after the requirement is taken, and what they are made of.

    `worst_index` is that of the scenario, or their count where the basis contingency is worse.
    """

    initial_usd: float
    maintenance_usd: float
    value_usd: float
    basis_usd: float
    static_usd: float
    scenarios_usd: tuple[float, ...]
    worst_index: int


def portfolio_margins(
    portfolio: Portfolio, scenarios: Sequence[Scenario], parameters: PortfolioParameters
) -> PortfolioMargins:
    """Give the margins of an account.

    Raises
    ------
    OutOfDomain
        If the stable coin's price or spot is not positive, or there is no scenario.
    """
    if portfolio.stable_usd <= 0.0 or portfolio.spot_usd <= 0.0 or not scenarios:
        raise OutOfDomain(
            f"spot and stable price must be positive and scenarios given, were "
            f"{portfolio.spot_usd}, {portfolio.stable_usd} and {len(scenarios)}"
        )
    rows = option_rows(portfolio.expiries)
    marks = rows.by_expiry(rows.quantity_coin * _values(rows, np.ones(1), np.ones(1))[0])
    profits_usd = _profits_usd(portfolio, rows, marks, scenarios, parameters)
    basis_usd = _basis_usd(portfolio, rows, marks, parameters)
    worst_index = int(np.argmin(profits_usd))
    worst_usd = float(profits_usd[worst_index])
    if basis_usd < worst_usd:
        worst_index, worst_usd = len(scenarios), basis_usd
    static_usd = portfolio.spot_usd * (
        abs(portfolio.perp_coin) * parameters.perp_frac
        + portfolio.base_coin * parameters.base_frac
        + naked_shorts_coin(portfolio.expiries) * parameters.option_frac
    )
    value_usd = (
        float(marks.sum())
        + portfolio.base_coin * portfolio.spot_usd / portfolio.stable_usd
        + portfolio.perp_unrealised_usd
        + portfolio.perp_unsettled_usd
        + portfolio.cash_usd
    )
    lack_frac = max(parameters.peg_threshold_frac - portfolio.stable_usd, 0.0)
    factor = parameters.initial_factor_frac + lack_frac * parameters.peg_factor_frac
    doubt_usd = _doubt_usd(portfolio, parameters)
    return PortfolioMargins(
        initial_usd=(worst_usd - static_usd) * factor - doubt_usd + value_usd,
        maintenance_usd=worst_usd - static_usd + value_usd,
        value_usd=value_usd,
        basis_usd=basis_usd,
        static_usd=static_usd,
        scenarios_usd=tuple(profits_usd.tolist()),
        worst_index=worst_index,
    )


def _values(rows: OptionRows, spots_frac: Floats, vol_factors: Floats) -> Floats:
    """Give the value of one of every leg, shape ``(scenarios, legs)``.

    `vol_factors` has shape ``(scenarios,)`` or ``(scenarios, legs)``.
    """
    factors = vol_factors if vol_factors.ndim == 2 else vol_factors[:, None]
    prices = black76(
        rows.forward_fixed_usd + spots_frac[:, None] * rows.forward_variable_usd,
        rows.strike_usd,
        rows.vol_frac * factors,
        rows.life_s,
    )
    return np.where(rows.is_call, prices.call_usd, prices.put_usd)


def _profits_usd(
    portfolio: Portfolio,
    rows: OptionRows,
    marks: Floats,
    scenarios: Sequence[Scenario],
    parameters: PortfolioParameters,
) -> Floats:
    def multiplier(range_frac: float) -> Floats:
        return vol_multiplier_frac(
            rows.life_s,
            range_frac,
            short_power=parameters.short_power,
            long_power=parameters.long_power,
            floor_s=parameters.floor_s,
        )

    factor_of = {
        "up": multiplier(parameters.vol_up_frac),
        "none": np.ones(len(rows.life_s)),
        "down": multiplier(-parameters.vol_down_frac),
    }
    spots = np.array([each.spot_frac for each in scenarios])
    factors = np.stack([factor_of[each.vol_shock] for each in scenarios])
    shocked = rows.by_expiry(rows.quantity_coin * _values(rows, spots, factors))
    years = rows.life_s[rows.begin_index] / YEAR_S
    rate = np.maximum(rows.rate_frac_per_year[rows.begin_index], 0.0)
    discount = parameters.discount_base_frac * np.exp(
        -years
        * (rate * parameters.discount_rate_multiplier_frac + parameters.discount_rate_add_frac)
    )
    options = (np.where(shocked > 0.0, shocked * discount, shocked) - marks).sum(axis=-1)
    base_usd = portfolio.base_coin * portfolio.spot_usd / portfolio.stable_usd
    linear: Floats = (base_usd + portfolio.perp_coin * portfolio.perp_usd) * (spots - 1.0)
    profits_usd: Floats = options + linear
    return profits_usd


def _basis_usd(
    portfolio: Portfolio, rows: OptionRows, marks: Floats, parameters: PortfolioParameters
) -> float:
    """Give what a move of each expiry's basis could cost: never above zero, expiries do not net."""
    spots = np.array([parameters.basis_up_frac, parameters.basis_down_frac])
    moved = rows.by_expiry(rows.quantity_coin * _values(rows, spots, np.ones(2)))
    years = rows.life_s[rows.begin_index] / YEAR_S
    least = np.minimum((moved - marks).min(axis=0, initial=0.0), 0.0)
    weight = parameters.basis_add_frac + parameters.basis_multiplier_frac * years
    return float((least * weight).sum())


def _doubt_usd(portfolio: Portfolio, parameters: PortfolioParameters) -> float:
    """Give what unsure feeds add to the initial requirement."""

    def of(confidence_frac: float, quantity_coin: float) -> float:
        if confidence_frac >= parameters.confidence_threshold_frac:
            return 0.0
        lack_frac = 1.0 - confidence_frac
        return lack_frac * parameters.confidence_factor_frac * quantity_coin * portfolio.spot_usd

    confidence = portfolio.confidence_spot_frac
    if portfolio.perp_coin != 0.0:
        confidence = min(confidence, portfolio.confidence_perp_frac)
    total = of(confidence, abs(portfolio.perp_coin) + portfolio.base_coin)
    for expiry in portfolio.expiries:
        least = min(
            confidence,
            expiry.confidence_forward_frac,
            expiry.confidence_rate_frac,
            expiry.confidence_vol_frac,
        )
        total += of(least, sum(abs(leg.quantity_coin) for leg in expiry.legs))
    return total
