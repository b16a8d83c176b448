"""Deribit: portfolio margin of futures, its parts, standard margin of options, fees and funding.

Portfolio margin (segregated): every instrument's profit in nine price buckets with vol up, same and
down, and in an extended table of far moves; positive profits count in part. Counted in the coin.

References
----------
venue-margin.md section 1.4 to 1.5; Deribit API reference 2.1.1, private/pme/simulate.
"""

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from math import exp

import msgspec

from hedgerow.errors import OutOfDomain

__all__ = [
    "EXTENDED_MOVES_FRAC",
    "Contingency",
    "FutureHeld",
    "PortfolioMargin",
    "ScanParameters",
    "aggregated",
    "bucket_moves_frac",
    "decayed_delta_coin",
    "funding_rate_frac",
    "future_profit_coin",
    "option_fee_coin",
    "portfolio_margin",
    "rolled_contingency",
    "rounded",
    "short_linear_option_usd",
]

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


def bucket_moves_frac(range_frac: Fraction, buckets_count: int) -> tuple[Fraction, ...]:
    """Give the price moves of all buckets, from the lowest: so many on each side of none."""
    if buckets_count <= 0 or not 0 < range_frac < 1:
        raise OutOfDomain(
            f"range must lie in (0, 1) and buckets be positive, were {float(range_frac)} and "
            f"{buckets_count}"
        )
    return tuple(range_frac * at / buckets_count for at in range(-buckets_count, buckets_count + 1))


def future_profit_coin(held: FutureHeld, move_frac: Fraction) -> Fraction:
    """Give the profit of one position when its mark moves."""
    if held.is_linear:
        return held.quantity_coin * held.mark_usd * move_frac
    return held.quantity_coin * move_frac / (1 + move_frac)


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
    # In the extended table a future keeps its profit at the end of the range.
    ends = {-1: moves[0], 1: moves[-1]}
    extended = {
        each.subject: tuple(
            future_profit_coin(each, ends[1 if m > 0 else -1]) for m in EXTENDED_MOVES_FRAC
        )
        for each in futures
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
            _dampened(total, move, p, per_unit_usd), offset_frac=p.offset_frac, most_ccy=most_ccy
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


def _dampened(
    total_ccy: Fraction, move_frac: Fraction, p: ScanParameters, per_unit_usd: Fraction
) -> Fraction:
    """Scale a tail's profit down, and take the dampener off its size, at most all of it."""
    scaled = total_ccy * p.extended_table_factor_frac * p.price_range_frac / abs(move_frac)
    beyond = abs(move_frac) / p.price_range_frac - 1
    allowance = beyond * p.extended_dampener_usd / per_unit_usd
    left = max(abs(scaled) - allowance, Fraction(0))
    return left if scaled > 0 else -left


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
            grown = exp(float(p.annualised_move_risk_frac) * max(years, 0.0)) - 1.0
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
