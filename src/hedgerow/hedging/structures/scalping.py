"""What holding options and trading their delta earns, and how far off hedging now and then is.

Greeks of a book enter, raw as `pricing` gives them (per 1.00 of vol, by the year), with what price
and vol did meanwhile; money leaves, line by line, for who holds the book. The delta is taken to be
hedged at the start of each stretch. Prices that are none are refused.

References
----------
Methods sheet, section 9. E. Derman, M. Kamal (1999), When you cannot hedge continuously, Goldman
Sachs Quantitative Strategies.
"""

from collections.abc import Sequence
from math import ceil, pi, sqrt
from typing import Final, TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray

from hedgerow.errors import Outcome, OutOfDomain
from hedgerow.hedging.structures.checks import check_finite, check_not_negative, check_positive
from hedgerow.solving import Answer, Band, Decisions, Ladders, Programme, least

__all__ = [
    "ScalpGreeks",
    "ScalpProfit",
    "VegaBucket",
    "break_even_move_frac",
    "expected_scalp_usd",
    "hedging_error_usd",
    "rebalances_wanted_count",
    "scalp_profit",
    "theta_target",
    "vega_by_expiry",
]

Floats: TypeAlias = NDArray[np.float64]

# A month, to which vegas of other expiries are brought by the root of time.
_TERM_DAYS: Final = 30.0
# A whole number of hedges asks for no other because of its last bits: 1e-15 of it at the most, of
# 60,000 drawn. Less than one hedge of a million millions.
_LAST_BITS_FRAC: Final = 1e-12


class ScalpGreeks(msgspec.Struct, frozen=True, kw_only=True):
    """A book's Greeks at the start of a stretch; its delta is hedged there."""

    gamma_coin_per_usd: float
    vega_usd_per_vol: float = 0.0
    vanna_coin_per_vol: float = 0.0
    volga_usd_per_vol2: float = 0.0


class ScalpProfit(msgspec.Struct, frozen=True, kw_only=True):
    """What a stretch earned, by cause; received is positive, and `total_usd` is all of it."""

    gamma_usd: float
    theta_usd: float
    vega_usd: float
    vanna_usd: float
    volga_usd: float
    funding_usd: float
    costs_usd: float

    @property
    def total_usd(self) -> float:
        """Add the lines up."""
        return (
            self.gamma_usd
            + self.theta_usd
            + self.vega_usd
            + self.vanna_usd
            + self.volga_usd
            + self.funding_usd
            + self.costs_usd
        )


class VegaBucket(msgspec.Struct, frozen=True, kw_only=True):
    """Vega of the expiries in (`from_days`, `to_days`].

    `vega_term_usd_per_vol` weighs each by ``√(30 / days)``: what it is when short vols move more
    than long ones as the root of time has it, all brought to thirty days.
    """

    from_days: float
    to_days: float
    vega_usd_per_vol: float
    vega_term_usd_per_vol: float
    options_count: int


def scalp_profit(
    greeks: ScalpGreeks,
    *,
    price_usd: float,
    move_usd: float,
    vol_implied_frac: float,
    elapsed_years: float,
    vol_move_frac: float = 0.0,
    funding_usd: float = 0.0,
    costs_usd: float = 0.0,
) -> ScalpProfit:
    """Explain a stretch of a hedged book: ``½ΓS²((ΔS/S)² - σ²Δt)`` and what vol did.

    Parameters
    ----------
    price_usd
        At the start; `move_usd` is what it moved by since.
    vol_move_frac
        By how much implied vol moved: 0.01 is one vol point.
    funding_usd
        Received on the hedge; `costs_usd` were paid for it.

    Raises
    ------
    OutOfDomain
        If the price is not positive, a vol, time or cost negative, or anything not finite.
    """
    check_positive(price_usd=price_usd)
    check_not_negative(
        vol_implied_frac=vol_implied_frac, elapsed_years=elapsed_years, costs_usd=costs_usd
    )
    check_finite(move_usd=move_usd, vol_move_frac=vol_move_frac, funding_usd=funding_usd)
    check_finite(**{name: getattr(greeks, name) for name in greeks.__struct_fields__})
    half = 0.5 * greeks.gamma_coin_per_usd
    return ScalpProfit(
        gamma_usd=half * move_usd**2,
        theta_usd=-half * price_usd**2 * vol_implied_frac**2 * elapsed_years,
        vega_usd=greeks.vega_usd_per_vol * vol_move_frac,
        vanna_usd=greeks.vanna_coin_per_vol * move_usd * vol_move_frac,
        volga_usd=0.5 * greeks.volga_usd_per_vol2 * vol_move_frac**2,
        funding_usd=funding_usd,
        costs_usd=-costs_usd,
    )


def expected_scalp_usd(
    *,
    gamma_coin_per_usd: float,
    price_usd: float,
    vol_realised_frac: float,
    vol_implied_frac: float,
    elapsed_years: float,
) -> float:
    """Give ``½ΓS²(σr² - σi²)Δt``, costs left out.

    Raises
    ------
    OutOfDomain
        If the price is not positive, a vol or time negative, or gamma not finite.
    """
    check_positive(price_usd=price_usd)
    check_finite(gamma_coin_per_usd=gamma_coin_per_usd)
    check_not_negative(
        vol_realised_frac=vol_realised_frac,
        vol_implied_frac=vol_implied_frac,
        elapsed_years=elapsed_years,
    )
    richer = vol_realised_frac**2 - vol_implied_frac**2
    return 0.5 * gamma_coin_per_usd * price_usd**2 * richer * elapsed_years


def break_even_move_frac(*, vol_implied_frac: float, elapsed_years: float) -> float:
    """Give the move at which gamma pays for theta: one deviation, ``σ√Δt``.

    Raises
    ------
    OutOfDomain
        If the vol or time is negative.
    """
    check_not_negative(vol_implied_frac=vol_implied_frac, elapsed_years=elapsed_years)
    return vol_implied_frac * sqrt(elapsed_years)


def hedging_error_usd(*, vega_usd_per_vol: float, vol_frac: float, rebalances_count: int) -> float:
    """Give the deviation of the profit of an option hedged so many times: ``√(π/4) V σ/√n``.

    Derman and Kamal's, of an option near its strike and of many rebalances: at twenty it is within
    6 % of what a simulation has, and the nearer the more there are.

    Raises
    ------
    OutOfDomain
        If the vol is negative, vega not finite, or there is no rebalance.
    """
    check_finite(vega_usd_per_vol=vega_usd_per_vol)
    check_not_negative(vol_frac=vol_frac)
    if rebalances_count < 1:
        raise OutOfDomain(f"rebalances_count must be 1 or more, was {rebalances_count}")
    return sqrt(pi / 4.0) * abs(vega_usd_per_vol) * vol_frac / sqrt(rebalances_count)


def rebalances_wanted_count(*, vega_usd_per_vol: float, vol_frac: float, error_usd: float) -> int:
    """Give how often to hedge so that the error's deviation is no more than this.

    Raises
    ------
    OutOfDomain
        As `hedging_error_usd`, or if the error is not positive.
    """
    check_positive(error_usd=error_usd)
    once = hedging_error_usd(
        vega_usd_per_vol=vega_usd_per_vol, vol_frac=vol_frac, rebalances_count=1
    )
    return max(1, ceil((once / error_usd) ** 2 * (1.0 - _LAST_BITS_FRAC)))


def theta_target(
    *,
    names: Sequence[str],
    theta_usd_per_day: Floats,
    gamma_coin_per_usd: Floats,
    vega_usd_per_vol: Floats,
    half_cost_usd: Floats,
    lot_contracts: Floats,
    quantity_contracts_max: Floats,
    book_theta_usd_per_day: float,
    target_theta_usd_per_day: float,
    tolerance_usd_per_day: float,
    book_gamma_coin_per_usd: float = 0.0,
    gamma_coin_per_usd_max: float = float("inf"),
    book_vega_usd_per_vol: float = 0.0,
    vega_usd_per_vol_max: float = float("inf"),
) -> Outcome[Answer]:
    """Find the cheapest trades that bring a book's theta to a target, gamma and vega held small.

    Parameters
    ----------
    theta_usd_per_day, gamma_coin_per_usd, vega_usd_per_vol, half_cost_usd
        Per contract of each instrument; the cost is half a spread and the fee, either way.
    quantity_contracts_max
        Of each instrument, either way.
    gamma_coin_per_usd_max, vega_usd_per_vol_max
        How large what is left may be in size.

    Returns
    -------
    Answer or Failure
        Contracts of each instrument, in lots. Where not all can be held, `conflicts` says what.

    Raises
    ------
    OutOfDomain
        If columns differ in length, or a cost, lot, tolerance or bound is negative.
    """
    count = len(names)
    columns = np.array([theta_usd_per_day, gamma_coin_per_usd, vega_usd_per_vol], dtype=np.float64)
    cost = np.asarray(half_cost_usd, dtype=np.float64)
    most = np.asarray(quantity_contracts_max, dtype=np.float64)
    if columns.shape != (3, count) or cost.shape != (count,) or (cost < 0).any():
        raise OutOfDomain("each instrument has a theta, a gamma, a vega and a cost not negative")
    check_not_negative(tolerance_usd_per_day=tolerance_usd_per_day)
    if gamma_coin_per_usd_max < 0 or vega_usd_per_vol_max < 0:
        raise OutOfDomain("what gamma and vega may be is not negative")
    bound = np.array([tolerance_usd_per_day, gamma_coin_per_usd_max, vega_usd_per_vol_max])
    middle = np.array([target_theta_usd_per_day, 0.0, 0.0])
    book = np.array([book_theta_usd_per_day, book_gamma_coin_per_usd, book_vega_usd_per_vol])
    # A Greek is missed in contracts of whatever has most of it; where nothing has any, by parts of
    # what is held, so that what nobody can mend does not drown the others.
    widest = np.max(np.abs(columns), axis=1, initial=0.0)
    greeks = Band.of(
        ("theta", "gamma", "vega"),
        book,
        columns,
        low_figure=middle - bound,
        high_figure=middle + bound,
        scale_figure=np.where(widest > 0.0, widest, np.maximum(np.abs(book), 1.0)),
    )
    decisions = Decisions(tuple(names), -most, most, np.asarray(lot_contracts, dtype=np.float64))
    return least(Programme(decisions, [Ladders.flat(cost, cost), greeks]))


def vega_by_expiry(
    *, expiry_days: Floats, vega_usd_per_vol: Floats, edges_days: Sequence[float]
) -> tuple[VegaBucket, ...]:
    """Add vegas up between edges: below the first, between each two, beyond the last.

    Raises
    ------
    OutOfDomain
        If columns differ, edges do not rise from above zero, or an expiry is not positive.
    """
    T = np.asarray(expiry_days, dtype=np.float64)
    vega = np.asarray(vega_usd_per_vol, dtype=np.float64)
    edges = np.asarray([0.0, *edges_days], dtype=np.float64)
    if T.shape != vega.shape or T.ndim != 1 or not np.isfinite(vega).all():
        raise OutOfDomain("each option has a time to expiry and a finite vega")
    if not ((T > 0.0) & np.isfinite(T)).all():
        raise OutOfDomain("every expiry lies ahead, at a finite time")
    if not (np.diff(edges) > 0.0).all():
        raise OutOfDomain(f"edges must rise from above zero, were {list(edges_days)}")
    ends = [*edges[1:].tolist(), float("inf")]
    found = []
    for start, end in zip(edges.tolist(), ends, strict=True):
        kept = (start < T) & (end >= T)
        found.append(
            VegaBucket(
                from_days=start,
                to_days=end,
                vega_usd_per_vol=float(np.sum(vega[kept])),
                vega_term_usd_per_vol=float(np.sum(vega[kept] * np.sqrt(_TERM_DAYS / T[kept]))),
                options_count=int(np.count_nonzero(kept)),
            )
        )
    return tuple(found)
