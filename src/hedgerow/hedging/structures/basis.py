"""What a future or perpetual pays who is short of it and long of spot.

Prices, rates and costs enter; yearly figures leave. Funding is positive when longs pay shorts.
Nothing compounds unless its name says so. What costs more than it earns is a negative number, and
a cost that is never earned back has no break-even. Prices that are none are refused.

References
----------
Methods sheet, section 8. S. He, A. Manela, O. Ross, V. von Wachter (2022), Fundamentals of
perpetual futures. Venue forms: Binance, Introduction to funding rates; Hyperliquid, Funding;
Deribit, Funding specifications.
"""

from dataclasses import dataclass
from math import exp, expm1, isfinite, log, log1p
from typing import TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray

from hedgerow.errors import OutOfDomain
from hedgerow.hedging.structures.checks import check_finite, check_not_negative, check_positive
from hedgerow.units import YEAR_HOURS

__all__ = [
    "Apr",
    "Basis",
    "Carry",
    "FundingForm",
    "PriceBand",
    "basis",
    "break_even_days",
    "carry",
    "funding_apr",
    "no_arbitrage_band",
    "premium_frac",
    "premium_funding_frac",
]

Floats: TypeAlias = NDArray[np.float64]


class Basis(msgspec.Struct, frozen=True, kw_only=True):
    """How far a dated future stands above spot, by the year.

    Simply (what it earns on the notional at entry, over the time), continuously, and compounded
    once a year.
    """

    simple_frac_per_year: float
    continuous_log_per_year: float
    annual_frac_per_year: float


class Carry(msgspec.Struct, frozen=True, kw_only=True):
    """What long spot and short future earn a year on the notional, line by line.

    Earnings are positive, costs negative, and the lines add up to `net_frac_per_year`.
    """

    basis_frac_per_year: float
    borrow_frac_per_year: float
    fees_frac_per_year: float
    margin_frac_per_year: float

    @property
    def net_frac_per_year(self) -> float:
        """What is left."""
        return (
            self.basis_frac_per_year
            + self.borrow_frac_per_year
            + self.fees_frac_per_year
            + self.margin_frac_per_year
        )


class Apr(msgspec.Struct, frozen=True, kw_only=True):
    """One interval's funding by the year: added up, and reinvested at every interval."""

    simple_frac_per_year: float
    compound_frac_per_year: float


@dataclass(frozen=True, slots=True, kw_only=True)
class FundingForm:
    """How a venue makes a funding rate of premiums: ``avg(P) + clamp(I - avg(P), -c, c)``, capped.

    Attributes
    ----------
    interest_frac, clamp_frac
        I and c, of the same interval as the premiums are averaged for. Deribit's dead band is this
        form with no interest.
    cap_frac
        The rate is never larger in size; infinite where there is no cap.
    paid_frac
        The part of the rate that is paid at a time: an eighth where an eight-hour rate is paid
        every hour, as Hyperliquid does.
    is_ramped
        Whether the latest premiums weigh most (weights 1, 2, 3 and so on, as Binance has it).
    """

    interest_frac: float
    clamp_frac: float
    cap_frac: float = float("inf")
    paid_frac: float = 1.0
    is_ramped: bool = False

    def __post_init__(self) -> None:
        is_fine = isfinite(self.interest_frac) and 0.0 <= self.clamp_frac < float("inf")
        if not (is_fine and self.cap_frac > 0.0 and 0.0 < self.paid_frac <= 1.0):
            raise OutOfDomain(
                "a funding form needs a finite interest, a clamp of at least zero, a positive cap "
                f"and a part paid in (0, 1], were {self.interest_frac}, {self.clamp_frac}, "
                f"{self.cap_frac}, {self.paid_frac}"
            )


class PriceBand(msgspec.Struct, frozen=True, kw_only=True):
    """Perpetual over spot, as a log, between which no trade earns more than it costs."""

    centre_log: float
    low_log: float
    high_log: float

    def prices_usd(self, spot_usd: float) -> tuple[float, float]:
        """Give the perpetual's prices at both ends of the band."""
        check_positive(spot_usd=spot_usd)
        return spot_usd * exp(self.low_log), spot_usd * exp(self.high_log)


def basis(*, future_usd: float, spot_usd: float, expiry_years: float) -> Basis:
    """Give ``(F/S - 1)/T``, ``ln(F/S)/T`` and ``(F/S)^(1/T) - 1``.

    Raises
    ------
    OutOfDomain
        If a price or the time is not positive and finite.
    """
    check_positive(future_usd=future_usd, spot_usd=spot_usd, expiry_years=expiry_years)
    continuous = log(future_usd / spot_usd) / expiry_years
    if continuous > 700.0:
        raise OutOfDomain(f"a basis of {continuous:.3g} a year compounds to nothing that is finite")
    return Basis(
        simple_frac_per_year=(future_usd / spot_usd - 1.0) / expiry_years,
        continuous_log_per_year=continuous,
        annual_frac_per_year=expm1(continuous),
    )


def carry(
    *,
    basis_frac_per_year: float,
    borrow_frac_per_year: float,
    cost_frac: float,
    holding_years: float,
    margin_frac: float,
    margin_cost_frac_per_year: float,
) -> Carry:
    """Give the yearly carry of long spot and short future.

    Parameters
    ----------
    basis_frac_per_year
        Of `basis`, simple as costs and rates are, or a yearly funding rate.
    borrow_frac_per_year
        What the money in spot costs.
    cost_frac
        Of getting in and out of both legs, on the notional: fees and half spreads.
    holding_years
        Over which that is spread.
    margin_frac
        Requirement of the short leg over its notional.
    margin_cost_frac_per_year
        What the money held as margin costs.

    Raises
    ------
    OutOfDomain
        If anything is not finite, the holding not positive, or a cost or margin negative.
    """
    check_positive(holding_years=holding_years)
    check_not_negative(cost_frac=cost_frac, margin_frac=margin_frac)
    check_finite(
        basis_frac_per_year=basis_frac_per_year,
        borrow_frac_per_year=borrow_frac_per_year,
        margin_cost_frac_per_year=margin_cost_frac_per_year,
    )
    return Carry(
        basis_frac_per_year=basis_frac_per_year,
        borrow_frac_per_year=0.0 - borrow_frac_per_year,
        fees_frac_per_year=0.0 - cost_frac / holding_years,
        margin_frac_per_year=0.0 - margin_cost_frac_per_year * margin_frac,
    )


def funding_apr(*, funding_frac_per_interval: float, interval_hours: float) -> Apr:
    """Give ``f n`` and ``(1 + f)^n - 1`` for n intervals a year of 365 days.

    Raises
    ------
    OutOfDomain
        If the rate is not above -1 or the interval not positive.
    """
    check_positive(interval_hours=interval_hours)
    check_finite(funding_frac_per_interval=funding_frac_per_interval)
    if funding_frac_per_interval <= -1.0:
        raise OutOfDomain(f"funding must be above -1, was {funding_frac_per_interval}")
    n = YEAR_HOURS / interval_hours
    growth = n * log1p(funding_frac_per_interval)
    # The largest float is about exp(709).
    if growth > 700.0:
        raise OutOfDomain(f"funding of {funding_frac_per_interval} compounds beyond what is finite")
    return Apr(
        simple_frac_per_year=funding_frac_per_interval * n, compound_frac_per_year=expm1(growth)
    )


def break_even_days(
    *, cost_frac: float, funding_frac_per_interval: float, interval_hours: float
) -> float | None:
    """Give how long expected funding takes to earn back entry and exit; None where it never does.

    Raises
    ------
    OutOfDomain
        If the cost is negative, the rate not finite or the interval not positive.
    """
    check_positive(interval_hours=interval_hours)
    check_not_negative(cost_frac=cost_frac)
    check_finite(funding_frac_per_interval=funding_frac_per_interval)
    if cost_frac == 0.0:
        return 0.0
    if funding_frac_per_interval <= 0.0:
        return None
    days = cost_frac / funding_frac_per_interval * interval_hours / 24.0
    return days if isfinite(days) else None


def premium_frac(*, index_usd: float, impact_bid_usd: float, impact_ask_usd: float) -> float:
    """Give the premium index of a moment: how far a market order of the impact size is off index.

    ``(max(bid - index, 0) - max(index - ask, 0)) / index``, bid and ask being average prices of
    selling and buying the impact notional.

    Raises
    ------
    OutOfDomain
        If a price is not positive, or the bid lies above the ask.
    """
    check_positive(
        index_usd=index_usd, impact_bid_usd=impact_bid_usd, impact_ask_usd=impact_ask_usd
    )
    if impact_bid_usd > impact_ask_usd:
        raise OutOfDomain(f"the impact bid {impact_bid_usd} lies above the ask {impact_ask_usd}")
    over = max(impact_bid_usd - index_usd, 0.0) - max(index_usd - impact_ask_usd, 0.0)
    return over / index_usd


def premium_funding_frac(premiums_frac: Floats, form: FundingForm) -> float:
    """Give what is paid at the end of an interval whose premiums were these, oldest first.

    Raises
    ------
    OutOfDomain
        If there is no premium, or one is not finite.
    """
    P = np.asarray(premiums_frac, dtype=np.float64)
    if P.ndim != 1 or not len(P) or not np.isfinite(P).all():
        raise OutOfDomain("funding needs one premium or more, all finite")
    weights = np.arange(1.0, len(P) + 1.0) if form.is_ramped else np.ones(len(P))
    average = float(weights @ P / weights.sum())
    clamped = min(max(form.interest_frac - average, -form.clamp_frac), form.clamp_frac)
    rate = min(max(average + clamped, -form.cap_frac), form.cap_frac)
    return rate * form.paid_frac


def no_arbitrage_band(
    *, interest_frac_per_year: float, anchoring_frac_per_year: float, cost_frac: float
) -> PriceBand:
    """Give the band of perpetual over spot in which costs eat what arbitrage would earn.

    ``|ln(perpetual/spot) - r/κ| ≤ cost``.

    Parameters
    ----------
    anchoring_frac_per_year
        κ: how much of the premium funding pays a year; 1,095 where a third of it is paid a day.
    cost_frac
        Of a round trip through both legs.

    Raises
    ------
    OutOfDomain
        If the interest is not finite, κ not positive, or the cost negative.
    """
    check_positive(anchoring_frac_per_year=anchoring_frac_per_year)
    check_not_negative(cost_frac=cost_frac)
    check_finite(interest_frac_per_year=interest_frac_per_year)
    centre = interest_frac_per_year / anchoring_frac_per_year
    return PriceBand(centre_log=centre, low_log=centre - cost_frac, high_log=centre + cost_frac)
