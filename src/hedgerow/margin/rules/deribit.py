"""Deribit: portfolio margin and its parts, standard margin of options, fees and funding.

Portfolio margin (segregated): every instrument's profit in nine price buckets with vol up, same and
down, and in an extended table of far moves; positive profits count in part. Counted in the coin.
The parts of the scan take exact numbers of either kind: `portfolio_margin` composes them in
fractions for futures alone, as the venue answers; the engine of accounts composes the same parts in
decimals, with options beside the futures, and rounds what it prints against the holder.

References
----------
venue-margin.md section 1.4 to 1.5; Deribit API reference 2.1.1, private/pme/simulate.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import cache
from math import exp
from typing import Literal, TypeAlias, TypeVar

import msgspec
import numpy as np
import numpy.typing as npt

from hedgerow.errors import OutOfDomain

__all__ = [
    "EXTENDED_MOVES_FRAC",
    "Cell",
    "Contingency",
    "FutureHeld",
    "PortfolioMargin",
    "ScanParameters",
    "VolShock",
    "aggregated",
    "bucket_moves_frac",
    "cells",
    "dampened",
    "days_of",
    "decayed_delta_coin",
    "funding_rate_frac",
    "future_move_frac",
    "future_profit_coin",
    "inverse_profit_coin",
    "option_fee_coin",
    "portfolio_margin",
    "roll_rate_frac",
    "rolled_contingency",
    "rounded",
    "shocked_vol_frac",
    "shocks_written",
    "short_linear_option_usd",
    "tail_allowance_ccy",
    "window_written",
]

Exact = TypeVar("Exact", Decimal, Fraction)
VolShock: TypeAlias = Literal["up", "same", "down"]

EXTENDED_MOVES_FRAC = tuple(Fraction(each, 100) for each in (-66, -33, 50, 100, 200, 300, 400, 500))


class ScanParameters(msgspec.Struct, frozen=True, kw_only=True):
    """What `private/pme/simulate` gives as model parameters of one currency pair and currency."""

    price_range_frac: Fraction
    buckets_count: int
    extended_table_factor_frac: Fraction
    extended_dampener_usd: Fraction
    delta_threshold_usd: Fraction
    annualised_move_risk_frac: Fraction
    min_annualised_move_frac: Fraction
    offset_frac: Fraction
    offset_most_usd: Fraction
    maintenance_factor_frac: Fraction


class FutureHeld(msgspec.Struct, frozen=True, kw_only=True):
    """One future or perpetual held; size and profit in the settlement coin's own unit.

    A linear one gains ``size · mark · move``, an inverse one ``size · move / (1 + move)`` coins.
    The expiry is None for a perpetual.
    """

    subject: str
    quantity_coin: Fraction
    mark_usd: Fraction
    is_linear: bool
    expiry_years: float | None


class PortfolioMargin(msgspec.Struct, frozen=True, kw_only=True):
    """Requirement of futures and how it came about; `delta_shock_ccy` is None where it is unknown.

    Standard vectors have one figure a price bucket, as vol does not move a future. The worst bucket
    is counted from 1.
    """

    standard_ccy: Mapping[str, tuple[Fraction, ...]]
    extended_ccy: Mapping[str, tuple[Fraction, ...]]
    pre_aggregated_standard_ccy: tuple[Fraction, ...]
    aggregated_standard_ccy: tuple[Fraction, ...]
    aggregated_extended_ccy: tuple[Fraction, ...]
    worst_case_ccy: Fraction
    worst_bucket_index: int
    roll_shock_ccy: Fraction
    delta_shock_ccy: Fraction | None
    risk_matrix_ccy: Fraction | None
    initial_ccy: Fraction | None
    maintenance_ccy: Fraction | None


class Contingency(msgspec.Struct, frozen=True, kw_only=True):
    """The earlier model's charge for net short options, strike by strike."""

    adjusted_contracts: Mapping[Fraction, Fraction]
    rolled_contracts: Mapping[Fraction, Fraction]
    net_short_contracts: Fraction
    charge_coin: Fraction


def rounded(amount: Fraction, decimals: int) -> Fraction:
    """Round half up, away from zero."""
    scale = 10**decimals
    whole = int(abs(amount) * scale + Fraction(1, 2))
    return Fraction(whole if amount >= 0 else -whole, scale)


@dataclass(frozen=True, slots=True)
class Cell:
    """One scenario. `multiplier_frac` scales the profit; `is_extended` marks the far tail."""

    price_move_frac: Decimal
    vol_shock: VolShock
    multiplier_frac: Decimal
    is_extended: bool


@cache
def cells(
    range_frac: Decimal,
    buckets_count: int,
    extended_moves_frac: tuple[Decimal, ...],
    extended_table_factor_frac: Decimal,
) -> tuple[Cell, ...]:
    """List the cells: every price bucket with vol up, same and down, then the tail with vol up."""
    shocks: tuple[VolShock, ...] = ("up", "same", "down")
    near = tuple(
        Cell(move, shock, Decimal(1), is_extended=False)
        for move in bucket_moves_frac(range_frac, buckets_count)
        for shock in shocks
    )
    far = tuple(
        Cell(move, "up", extended_table_factor_frac * range_frac / abs(move), is_extended=True)
        for move in extended_moves_frac
    )
    return near + far


def bucket_moves_frac(range_frac: Exact, buckets_count: int) -> tuple[Exact, ...]:
    """Give the price moves of all buckets, from the lowest: so many on each side of none."""
    if buckets_count <= 0 or not 0 < range_frac < 1:
        raise OutOfDomain(
            f"range must lie in (0, 1) and buckets be positive, were {float(range_frac)} and "
            f"{buckets_count}"
        )
    return tuple(range_frac * at / buckets_count for at in range(-buckets_count, buckets_count + 1))


def future_move_frac(move_frac: Exact, range_frac: Exact, *, is_extended: bool) -> Exact:
    """Give the move a future is counted at: in the extended table that of the range's end."""
    if not is_extended:
        return move_frac
    return range_frac if move_frac > 0 else -range_frac


def inverse_profit_coin(size_coin: Exact, move_frac: Exact) -> Exact:
    """Give the profit of coins of an inverse future when its mark moves."""
    return size_coin * move_frac / (1 + move_frac)


def days_of(expiry_years: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Count days to expiry, from one on.

    The venue does not publish what it does below, and without a floor the shock would grow without
    bound on the last day ([U]).
    """
    return np.maximum(expiry_years * 365.0, 1.0)


def shocked_vol_frac(
    vol_frac: npt.NDArray[np.float64],
    days: npt.NDArray[np.float64],
    shock: VolShock,
    *,
    range_frac: float,
    short_power: float,
    long_power: float,
    least_up_frac: float = 0.0,
) -> npt.NDArray[np.float64]:
    """Shock volatilities by tenor: ``vol · (1 ± range · (30 / days)^power)``.

    The power is the short-term one below 30 days. The upward shock never leaves a vol below a
    least, the downward one never below zero.
    """
    if shock == "same":
        return vol_frac
    tenor = (30.0 / days) ** np.where(days < 30.0, short_power, long_power)
    if shock == "up":
        return np.maximum(vol_frac * (1.0 + range_frac * tenor), least_up_frac)
    return vol_frac * np.maximum(1.0 - range_frac * tenor, 0.0)


def window_written(forward_usd: float, open_frac: float, vol_scale_frac: float) -> str:
    """Say what a settlement window changes: nothing before it, ``open_frac`` being one."""
    if open_frac == 1.0:
        return ""
    return (
        f" x {open_frac:.15g}, which is open of the settlement window: F is that of the average, "
        f"the forward {forward_usd:.15g}, and every vol x {vol_scale_frac:.15g}"
    )


def shocks_written(
    vol_frac: Sequence[float],
    days: Sequence[float],
    shock: VolShock,
    *,
    range_frac: float,
    short_power: float,
    long_power: float,
    least_up_frac: float = 0.0,
) -> list[str]:
    """Write how `shocked_vol_frac` shocks vols, one by one; nothing where it does not."""
    if shock == "same":
        return [""] * len(vol_frac)
    sign, least = ("-", 0.0) if shock == "down" else ("+", least_up_frac)
    reach = range_frac if shock == "up" else -range_frac
    factors: dict[float, tuple[float, str]] = {}
    for each in set(days):
        power = short_power if each < 30.0 else long_power
        tenor = f"(30 / {each:.15g})^{power}"
        factors[each] = 1.0 + reach * (30.0 / each) ** power, f"(1 {sign} {range_frac} x {tenor})"
    written = []
    for vol, each in zip(vol_frac, days, strict=True):
        factor, how = factors[each]
        is_least = (shocked := vol * factor) <= least
        written.append(
            f"vol {least} is the least of a shock {shock}"
            if is_least
            else f"{shocked:.15g} = {vol:.15g} x {how}"
        )
    return written


def tail_allowance_ccy(
    move_frac: Exact, range_frac: Exact, dampener_usd: Exact, index_usd: Exact
) -> Exact:
    """Give what is taken off the size of a tail's profit: dollars that grow with the move."""
    return (abs(move_frac) / range_frac - 1) * dampener_usd / index_usd


def dampened(profit_ccy: Exact, allowance_ccy: Exact) -> Exact:
    """Take the dampener off a tail's profit or loss, at most all of it."""
    left = max(abs(profit_ccy) - allowance_ccy, abs(profit_ccy) * 0)
    return left if profit_ccy > 0 else -left


def roll_rate_frac(annualised_move_frac: float, expiry_years: float) -> float:
    """Give what a basis may move until an expiry: ``e^{aT} - 1``; nothing once it has come."""
    return exp(annualised_move_frac * max(expiry_years, 0.0)) - 1.0


def future_profit_coin(held: FutureHeld, move_frac: Fraction) -> Fraction:
    """Give the profit of one position when its mark moves."""
    if held.is_linear:
        return held.quantity_coin * held.mark_usd * move_frac
    return inverse_profit_coin(held.quantity_coin, move_frac)


def aggregated(profit_ccy: Fraction, *, offset_frac: Fraction, most_ccy: Fraction) -> Fraction:
    """Give what a summed profit counts: a loss in full, a gain in part and up to a most."""
    if profit_ccy <= 0:
        return profit_ccy
    return min(profit_ccy * offset_frac, most_ccy)


def portfolio_margin(
    futures: Sequence[FutureHeld],
    *,
    index_usd: Fraction,
    parameters: ScanParameters,
    extra_ccy: Fraction = Fraction(0),
) -> PortfolioMargin:
    """Give the segregated portfolio margin of futures of one currency.

    Parameters
    ----------
    extra_ccy
        What open orders, market-maker protection and spot add to the initial requirement alone.
    """
    if index_usd <= 0:
        raise OutOfDomain(f"index must be positive, was {float(index_usd)}")
    p = parameters
    moves = bucket_moves_frac(p.price_range_frac, p.buckets_count)
    standard = {each.subject: tuple(future_profit_coin(each, m) for m in moves) for each in futures}
    ends = [future_move_frac(m, p.price_range_frac, is_extended=True) for m in EXTENDED_MOVES_FRAC]
    extended = {
        each.subject: tuple(future_profit_coin(each, end) for end in ends) for each in futures
    }
    is_linear = any(each.is_linear for each in futures)
    if is_linear and not all(each.is_linear for each in futures):
        raise OutOfDomain("linear and inverse futures settle in different currencies: scan apart")
    per_unit_usd = Fraction(1) if is_linear else index_usd
    most_ccy = p.offset_most_usd / per_unit_usd
    sums = _sums(standard.values(), len(moves))
    kept = tuple(aggregated(s, offset_frac=p.offset_frac, most_ccy=most_ccy) for s in sums)
    far = tuple(
        aggregated(
            dampened(
                total * p.extended_table_factor_frac * p.price_range_frac / abs(move),
                tail_allowance_ccy(move, p.price_range_frac, p.extended_dampener_usd, per_unit_usd),
            ),
            offset_frac=p.offset_frac,
            most_ccy=most_ccy,
        )
        for total, move in zip(
            _sums(extended.values(), len(EXTENDED_MOVES_FRAC)), EXTENDED_MOVES_FRAC, strict=True
        )
    )
    worst_ccy = max(Fraction(0), -min((*kept, *far)))
    roll_ccy = _roll_shock(futures, p)
    delta_usd = abs(sum((each.quantity_coin for each in futures), Fraction(0))) * index_usd
    shock_ccy = Fraction(0) if delta_usd <= p.delta_threshold_usd else None
    matrix_ccy = None if shock_ccy is None else rounded(worst_ccy, 9) + roll_ccy + shock_ccy
    return PortfolioMargin(
        standard_ccy=standard,
        extended_ccy=extended,
        pre_aggregated_standard_ccy=sums,
        aggregated_standard_ccy=kept,
        aggregated_extended_ccy=far,
        worst_case_ccy=worst_ccy,
        worst_bucket_index=1 + min(range(len(kept)), key=kept.__getitem__),
        roll_shock_ccy=roll_ccy,
        delta_shock_ccy=shock_ccy,
        risk_matrix_ccy=matrix_ccy,
        initial_ccy=None if matrix_ccy is None else rounded(matrix_ccy + extra_ccy, 9),
        maintenance_ccy=None if matrix_ccy is None else matrix_ccy * p.maintenance_factor_frac,
    )


def _sums(vectors: Iterable[tuple[Fraction, ...]], count: int) -> tuple[Fraction, ...]:
    rows = list(vectors)
    return tuple(sum((row[at] for row in rows), Fraction(0)) for at in range(count))


def _roll_shock(futures: Sequence[FutureHeld], p: ScanParameters) -> Fraction:
    """Charge each expiry's net delta: ``|Δ| · max(least, e^{aT} - 1)``."""
    by_expiry: dict[float | None, Fraction] = {}
    for each in futures:
        # A linear position's delta is counted in dollars, as its margin is.
        delta = each.quantity_coin * (each.mark_usd if each.is_linear else 1)
        by_expiry[each.expiry_years] = by_expiry.get(each.expiry_years, Fraction(0)) + delta
    total = Fraction(0)
    for years, delta in by_expiry.items():
        rate = p.min_annualised_move_frac
        if years is not None:
            grown = roll_rate_frac(float(p.annualised_move_risk_frac), years)
            rate = max(rate, Fraction(grown))
        total += abs(delta) * rate
    return total


def rolled_contingency(
    contracts: Mapping[Fraction, Fraction],
    *,
    underlying_usd: Fraction,
    band_frac: Fraction,
    charge_coin: Fraction,
    is_call: bool = True,
) -> Contingency:
    """Give the earlier model's charge: near strikes count in part, longs cover strikes beyond.

    Calls roll up: from the lowest strike a net long is carried to the next, a net short stays. Puts
    roll down. Each remaining net short contract is charged.
    """
    if underlying_usd <= 0 or band_frac <= 0:
        raise OutOfDomain(
            f"underlying and band must be positive, were {float(underlying_usd)}, "
            f"{float(band_frac)}"
        )
    adjusted = {
        strike: count
        * min(Fraction(1), abs(underlying_usd - strike) / (underlying_usd * band_frac))
        for strike, count in contracts.items()
    }
    rolled: dict[Fraction, Fraction] = {}
    carried = Fraction(0)
    for strike in sorted(adjusted, reverse=not is_call):
        rolled[strike] = adjusted[strike] + carried
        carried = max(rolled[strike], Fraction(0))
    short = sum((each for each in rolled.values() if each < 0), Fraction(0))
    return Contingency(
        adjusted_contracts=adjusted,
        rolled_contracts={strike: rolled[strike] for strike in sorted(rolled)},
        net_short_contracts=short,
        charge_coin=-short * charge_coin,
    )


def short_linear_option_usd(
    *, underlying_usd: Fraction, mark_usd: Fraction, out_of_the_money_usd: Fraction, is_call: bool
) -> tuple[Fraction, Fraction]:
    """Give initial and maintenance of one short linear option: 15 %, 10 % and 7.5 % of underlying.

    A put's maintenance is at least 7.5 % of its own mark, and its initial never below that.
    """
    u, m = underlying_usd, mark_usd
    initial = max(Fraction(15, 100) * u - out_of_the_money_usd, Fraction(10, 100) * u) + m
    rate = Fraction(75, 1000)
    if is_call:
        return initial, rate * u + m
    maintenance = max(rate * u, rate * m) + m
    return max(initial, maintenance), maintenance


def option_fee_coin(
    contracts: Fraction, *, price_coin: Fraction, fee_coin: Fraction, cap_frac: Fraction
) -> Fraction:
    """Give the fee of a trade: per contract, and at most a part of its price."""
    return abs(contracts) * min(fee_coin, cap_frac * price_coin)


def funding_rate_frac(
    mark_usd: Fraction, index_usd: Fraction, *, damper_frac: Fraction, cap_frac: Fraction
) -> tuple[Fraction, Fraction]:
    """Give the premium and the eight-hour rate: the premium beyond the damper, within the cap."""
    if index_usd <= 0:
        raise OutOfDomain(f"index must be positive, was {float(index_usd)}")
    premium = (mark_usd - index_usd) / index_usd
    rate = max(damper_frac, premium) + min(-damper_frac, premium)
    return premium, max(-cap_frac, min(cap_frac, rate))


def decayed_delta_coin(
    delta_coin: Fraction, minutes: Fraction, window_minutes: Fraction
) -> Fraction:
    """Give what is left of a delta inside the settlement window: it falls to nothing linearly."""
    if window_minutes <= 0:
        raise OutOfDomain(f"window must be positive, was {float(window_minutes)} minutes")
    gone = max(Fraction(0), min(Fraction(1), minutes / window_minutes))
    return delta_coin * (1 - gone)
