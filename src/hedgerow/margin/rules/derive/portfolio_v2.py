"""Derive's portfolio margin, second generation: damped tails, skew, haircut collateral.

Against the first: options are discounted at their rate; shocked expiries carry a static discount
of either sign; skew scenarios lose whatever they move; contingencies stand outside the factors.

References
----------
derivexyz/v2-core, src/risk-managers/PMRM_2.sol and PMRMLib_2.sol @ 7736900d39.
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

__all__ = [
    "Collateral",
    "ExpiryMove",
    "Margins2",
    "Parameters2",
    "Portfolio2",
    "Scenario2",
    "basis_moves",
    "expiry_move",
    "margins_v2",
]

Floats: TypeAlias = NDArray[np.float64]
VolShock: TypeAlias = Literal["up", "down", "none", "linear", "abs"]


class Parameters2(msgspec.Struct, frozen=True, kw_only=True):
    """Parameters of the second generation; `short_` and `long_` are negative and positive values.

    Percentages for the initial requirement are what it adds to those for maintenance.
    """

    maintenance_factor_frac: float
    initial_factor_frac: float
    short_rate_multiplier_frac: float
    long_rate_multiplier_frac: float
    short_rate_add_frac: float
    long_rate_add_frac: float
    long_discount_frac: float
    short_discount_frac: float
    basis_up_frac: float
    basis_down_frac: float
    basis_add_frac: float
    basis_multiplier_frac: float
    peg_threshold_frac: float
    peg_factor_frac: float
    confidence_threshold_frac: float
    confidence_factor_frac: float
    perp_maintenance_frac: float
    perp_initial_frac: float
    option_maintenance_frac: float
    option_initial_frac: float
    vol_up_frac: float
    vol_down_frac: float
    short_power: float
    long_power: float
    floor_s: float
    vol_up_least_frac: float
    linear_cap_frac: float
    linear_cap_per_root_year_frac: float
    abs_cap_frac: float
    abs_cap_per_root_year_frac: float
    skew_least_log: float
    skew_width_frac: float
    skew_static_frac: float
    skew_scale_frac: float


class Scenario2(msgspec.Struct, frozen=True, kw_only=True):
    """One cell; its whole profit is multiplied by the dampening."""

    spot_frac: float
    vol_shock: VolShock
    dampening_frac: float = 1.0


class Collateral(msgspec.Struct, frozen=True, kw_only=True):
    """One collateral asset; only a risk-cancelling one moves with spot in scenarios."""

    asset: str
    quantity_coin: float
    price_usd: float
    confidence_frac: float
    haircut_maintenance_frac: float
    haircut_initial_frac: float
    is_risk_cancelling: bool


class Portfolio2(msgspec.Struct, frozen=True, kw_only=True):
    """One account: feeds, cash and what is held."""

    spot_usd: float
    confidence_spot_frac: float
    stable_usd: float
    cash_usd: float
    perp_coin: float
    perp_usd: float
    confidence_perp_frac: float
    perp_unrealised_usd: float
    perp_unsettled_usd: float
    collaterals: tuple[Collateral, ...]
    expiries: tuple[Expiry, ...]


class Margins2(msgspec.Struct, frozen=True, kw_only=True):
    """Balances after the requirement is taken, and what they are made of.

    `worst_index` is that of the scenario, or their count where the basis contingency is worse.
    """

    initial_usd: float
    maintenance_usd: float
    options_usd: float
    collateral_usd: float
    basis_usd: float
    scenarios_usd: tuple[float, ...]
    worst_index: int


class ExpiryMove(msgspec.Struct, frozen=True, kw_only=True):
    """What one expiry's options are worth when something moves, for whoever repeats a scenario.

    `static_frac` multiplies the shocked value of the whole expiry; vols and forward are those that
    each leg is revalued at. `gain_usd` is before the scenario's dampening.
    """

    marks_usd: tuple[float, ...]
    shocked_usd: tuple[float, ...]
    vols_frac: tuple[float, ...]
    forward_usd: float
    static_frac: float
    gain_usd: float


def expiry_move(expiry: Expiry, scenario: Scenario2, parameters: Parameters2) -> ExpiryMove:
    """Give one expiry that has legs, in one scenario."""
    options = _Options(option_rows([expiry]), parameters)
    return options.move(scenario)


def basis_moves(expiry: Expiry, parameters: Parameters2) -> tuple[ExpiryMove, ExpiryMove, float]:
    """Give one expiry with its basis moved up and down, and what part of a loss counts."""
    options = _Options(option_rows([expiry]), parameters)
    up, down = (
        options.move(Scenario2(spot_frac=spot, vol_shock="none"), static_frac=1.0)
        for spot in (parameters.basis_up_frac, parameters.basis_down_frac)
    )
    return up, down, parameters.basis_add_frac + parameters.basis_multiplier_frac * expiry.years


def margins_v2(
    portfolio: Portfolio2, scenarios: Sequence[Scenario2], parameters: Parameters2
) -> Margins2:
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
    options = _Options(option_rows(portfolio.expiries), parameters)
    worths_usd = [each.quantity_coin * each.price_usd for each in portfolio.collaterals]
    worths_usd = [each / portfolio.stable_usd for each in worths_usd]
    moving_usd = portfolio.perp_coin * portfolio.perp_usd + sum(
        worth
        for worth, each in zip(worths_usd, portfolio.collaterals, strict=True)
        if each.is_risk_cancelling
    )
    dampening = np.array([each.dampening_frac for each in scenarios])
    moves = np.array([each.spot_frac for each in scenarios]) - 1.0
    profits = (options.profits_usd(scenarios) + moving_usd * moves) * dampening
    basis_usd = options.basis_usd()
    worst_index = int(np.argmin(profits))
    worst_usd = float(profits[worst_index])
    if basis_usd < worst_usd:
        worst_index, worst_usd = len(scenarios), basis_usd

    marks_usd = float(options.marks_usd.sum())
    collateral_usd = sum(worths_usd)
    net_usd = (
        marks_usd
        + collateral_usd
        + portfolio.perp_unrealised_usd
        + portfolio.perp_unsettled_usd
        + portfolio.cash_usd
    )
    naked_usd = naked_shorts_coin(portfolio.expiries) * portfolio.spot_usd
    perps_usd = abs(portfolio.perp_coin) * portfolio.spot_usd
    maintained_usd = (
        perps_usd * parameters.perp_maintenance_frac
        + naked_usd * parameters.option_maintenance_frac
    )
    added_usd = (
        perps_usd * parameters.perp_initial_frac
        + naked_usd * parameters.option_initial_frac
        + _doubt_usd(portfolio, worths_usd, parameters)
    )
    for worth, each in zip(worths_usd, portfolio.collaterals, strict=True):
        maintained_usd += worth * each.haircut_maintenance_frac
        added_usd += worth * each.haircut_initial_frac
    lack_frac = max(parameters.peg_threshold_frac - portfolio.stable_usd, 0.0)
    factor = parameters.initial_factor_frac + lack_frac * parameters.peg_factor_frac
    return Margins2(
        initial_usd=worst_usd * factor - added_usd - maintained_usd + net_usd,
        maintenance_usd=worst_usd * parameters.maintenance_factor_frac - maintained_usd + net_usd,
        options_usd=marks_usd,
        collateral_usd=collateral_usd,
        basis_usd=basis_usd,
        scenarios_usd=tuple(profits.tolist()),
        worst_index=worst_index,
    )


class _Options:
    """All legs, their marks, and what they gain when spot or vols move."""

    def __init__(self, rows: OptionRows, parameters: Parameters2) -> None:
        self._rows = rows
        self._parameters = parameters
        years = rows.life_s / YEAR_S
        rate = np.maximum(rows.rate_frac_per_year, 0.0)
        self._discount = np.exp(-rate * years)
        self._years = years[rows.begin_index]
        rate = rate[rows.begin_index]
        p = parameters
        self._long = p.long_discount_frac * np.exp(
            -self._years * (rate * p.long_rate_multiplier_frac + p.long_rate_add_frac)
        )
        # What is owed grows, but to no more than its undiscounted amount.
        self._short = np.minimum(
            p.short_discount_frac
            * np.exp(self._years * (rate * p.short_rate_multiplier_frac + p.short_rate_add_frac)),
            1.0 / self._discount[rows.begin_index],
        )
        self.marks_usd = self._values(np.ones(1), rows.vol_frac[None, :])[0]

    def _values(self, spots_frac: Floats, vols_frac: Floats) -> Floats:
        """Give the value of each expiry, shape ``(scenarios, expiries)``."""
        return self._rows.by_expiry(self._worths(spots_frac, vols_frac))

    def _worths(self, spots_frac: Floats, vols_frac: Floats) -> Floats:
        """Give the value of each leg, shape ``(scenarios, legs)``."""
        rows = self._rows
        prices = black76(
            rows.forward_fixed_usd + spots_frac[:, None] * rows.forward_variable_usd,
            rows.strike_usd,
            vols_frac,
            rows.life_s,
            self._discount,
        )
        worths: Floats = rows.quantity_coin * np.where(
            rows.is_call, prices.call_usd, prices.put_usd
        )
        return worths

    def move(self, scenario: Scenario2, *, static_frac: float | None = None) -> ExpiryMove:
        """Give the legs of the only expiry there is, in one scenario."""
        rows = self._rows
        vols = np.broadcast_to(self._vols(scenario.vol_shock), rows.vol_frac.shape)
        marks = self._worths(np.ones(1), rows.vol_frac[None, :])[0]
        shocked = self._worths(np.array([scenario.spot_frac]), vols[None, :])[0]
        value = float(self._rows.by_expiry(shocked)[0])
        if static_frac is None:
            static_frac = float(self._long[0] if value > 0.0 else self._short[0])
        gain = value * static_frac - float(self.marks_usd[0])
        return ExpiryMove(
            marks_usd=tuple(marks.tolist()),
            shocked_usd=tuple(shocked.tolist()),
            vols_frac=tuple(vols.tolist()),
            forward_usd=float(
                rows.forward_fixed_usd[0] + scenario.spot_frac * rows.forward_variable_usd[0]
            ),
            static_frac=static_frac,
            gain_usd=-abs(gain) if scenario.vol_shock in ("linear", "abs") else gain,
        )

    def _moved(self, spots_frac: Floats, vols_frac: Floats) -> Floats:
        """Give what each expiry gains, after its static discount."""
        shocked = self._values(spots_frac, vols_frac)
        moved: Floats = shocked * np.where(shocked > 0.0, self._long, self._short) - self.marks_usd
        return moved

    def profits_usd(self, scenarios: Sequence[Scenario2]) -> Floats:
        """Give what all expiries gain together in each scenario, before its dampening."""
        spots = np.array([each.spot_frac for each in scenarios])
        vols = np.stack([self._vols(each.vol_shock) for each in scenarios])
        is_skew = np.array([each.vol_shock in ("linear", "abs") for each in scenarios])
        moved = self._moved(spots, vols)
        # Skew never nets: whatever an expiry would gain it loses.
        gains: Floats = np.where(is_skew[:, None], -np.abs(moved), moved).sum(axis=-1)
        return gains

    def basis_usd(self) -> float:
        """Give what a move of each expiry's basis could cost: never above zero, nothing nets."""
        p = self._parameters
        spots = np.array([p.basis_up_frac, p.basis_down_frac])
        vols = np.broadcast_to(self._rows.vol_frac, (2, len(self._rows.life_s)))
        # No static discount here: a box has no basis to lose.
        moved = self._values(spots, vols) - self.marks_usd
        least = np.minimum(moved.min(axis=0, initial=0.0), 0.0)
        weight = p.basis_add_frac + p.basis_multiplier_frac * self._years
        return float((least * weight).sum())

    def _vols(self, shock: VolShock) -> Floats:
        p, rows = self._parameters, self._rows
        if shock == "none":
            return rows.vol_frac
        if shock in ("linear", "abs"):
            return rows.vol_frac * self._skew(shock)
        factor = vol_multiplier_frac(
            rows.life_s,
            p.vol_up_frac if shock == "up" else -p.vol_down_frac,
            short_power=p.short_power,
            long_power=p.long_power,
            floor_s=p.floor_s,
        )
        vols: Floats = rows.vol_frac * factor
        return np.maximum(vols, p.vol_up_least_frac) if shock == "up" else vols

    def _skew(self, shock: VolShock) -> Floats:
        """Give what vols are multiplied by: more of it further from the forward, up to a cap."""
        p, rows = self._parameters, self._rows
        root = np.sqrt(rows.life_s / YEAR_S)
        cap = (
            p.linear_cap_frac + p.linear_cap_per_root_year_frac * root
            if shock == "linear"
            else p.abs_cap_frac + p.abs_cap_per_root_year_frac * root
        )
        width = root * p.skew_width_frac * (p.skew_static_frac + p.skew_scale_frac * root)
        at_cap = np.maximum(p.skew_least_log, width)
        forward = rows.forward_fixed_usd + rows.forward_variable_usd
        with np.errstate(divide="ignore"):
            x = np.log(rows.strike_usd / forward)
        x = np.abs(x) if shock == "abs" else x
        slope = x * cap / at_cap
        move = np.where(x >= 0.0, np.minimum(slope, cap), np.maximum(slope, -cap))
        multiplier: Floats = np.maximum(1.0 + move, 0.0)
        return multiplier


def _doubt_usd(
    portfolio: Portfolio2, worths_usd: Sequence[float], parameters: Parameters2
) -> float:
    """Give what unsure feeds add to the initial requirement."""

    def of(confidence_frac: float, exposure_usd: float) -> float:
        if confidence_frac >= parameters.confidence_threshold_frac:
            return 0.0
        return (1.0 - confidence_frac) * parameters.confidence_factor_frac * exposure_usd

    spot_confidence = portfolio.confidence_spot_frac
    # Collateral is judged by spot's own feed, before the perpetual's is folded in.
    total = sum(
        of(min(each.confidence_frac, spot_confidence), worth)
        for worth, each in zip(worths_usd, portfolio.collaterals, strict=True)
    )
    confidence = spot_confidence
    if portfolio.perp_coin != 0.0:
        confidence = min(confidence, portfolio.confidence_perp_frac)
        total += of(confidence, abs(portfolio.perp_coin) * portfolio.spot_usd)
    for expiry in portfolio.expiries:
        least = min(
            confidence,
            expiry.confidence_forward_frac,
            expiry.confidence_rate_frac,
            expiry.confidence_vol_frac,
        )
        coins = sum(abs(leg.quantity_coin) for leg in expiry.legs)
        total += of(least, coins * portfolio.spot_usd)
    return total
