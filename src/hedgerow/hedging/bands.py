"""How wide a no-trade band around a delta is: as wide as the cost of trading is worth.

Closed forms of three policies; `widths` has those of all as columns, and `band_policies` makes a
`Band` of each, all in one shape. A delta off by x moves as a Brownian motion of variance
v = Γ²σ²S² a year, and costs ½γσ²S²x² of utility a year while it is left. With trades from ±h to
±a, each of a fixed cost c₀ and λ by notional,

    v·(c₀ + λS(h - a)) / (h² - a²)  +  γσ²S²·(h² + a²) / 12

is paid a year: what a trade costs over the time to the next, and the mean of x². Its minimum is at

    (h + a)(h - a)³ = 12c₀Γ²/γ        4·a·h·(h + a) = 12λSΓ²/γ

Without c₀ that is a = h, Whalley and Wilmott's edges; without λ it is a = 0, back to the centre. A
rate r makes γ grow with e^{rτ}, by which wealth counts at expiry.

References
----------
A. E. Whalley and P. Wilmott (1997), An asymptotic analysis of an optimal hedging model for option
pricing with transaction costs, Mathematical Finance 7. V. Zakamouline (2006), European option
pricing and hedging with both fixed and proportional transaction costs, J. Economic Dynamics and
Control 30. H. Leland (1985), Option pricing and replication with transaction costs, J. Finance 40
(methods.md section 6).
"""

import math

import msgspec

from hedgerow.errors import OutOfDomain
from hedgerow.hedging.widths import zakamouline_widths

__all__ = [
    "Zakamouline",
    "leland_vol_frac",
    "whalley_wilmott_halfwidth_coin",
    "zakamouline",
]


class Zakamouline(msgspec.Struct, frozen=True, kw_only=True):
    """Half width `h0_coin` + `h1_coin`, around the delta at another vol.

    `vol_factor_frac` is that vol over the option's own: above one for a short gamma.
    """

    h0_coin: float
    h1_coin: float
    k_frac: float
    vol_factor_frac: float

    @property
    def halfwidth_coin(self) -> float:
        """H0 and H1 together."""
        return self.h0_coin + self.h1_coin


def whalley_wilmott_halfwidth_coin(
    *,
    cost_frac: float,
    price_usd: float,
    gamma_coin_per_usd: float,
    risk_aversion_per_usd: float,
    discount_frac: float = 1.0,
) -> float:
    """Half width of the band, ``(3 λ S e^{-rτ} Γ² / 2γ)^{1/3}``.

    Parameters
    ----------
    cost_frac
        Cost per traded notional λ: fee plus half spread.
    gamma_coin_per_usd
        Net gamma of the book; its sign does not matter.
    risk_aversion_per_usd
        Absolute risk aversion γ, which scales with the size of the book.
    discount_frac
        e^{-rτ}, with the time to expiry.

    Raises
    ------
    OutOfDomain
        If price or risk aversion is not positive, or the cost is negative.
    """
    if not (price_usd > 0 and risk_aversion_per_usd > 0 and cost_frac >= 0):
        raise OutOfDomain(
            "the band needs a positive price and risk aversion and a cost of at least zero, were "
            f"{price_usd}, {risk_aversion_per_usd}, {cost_frac}"
        )
    _check_discount(discount_frac)
    cube = 1.5 * cost_frac * price_usd * gamma_coin_per_usd**2 / risk_aversion_per_usd
    return float((cube * discount_frac) ** (1.0 / 3.0))


def zakamouline(
    *,
    cost_frac: float,
    price_usd: float,
    gamma_coin_per_usd: float,
    risk_aversion_per_usd: float,
    vol_frac: float,
    time_years: float,
    discount_frac: float = 1.0,
) -> Zakamouline:
    """Width and centre by a formula that was fitted to solved grids.

    Parameters
    ----------
    gamma_coin_per_usd
        Net gamma of the book; its sign says which way the vol is changed.
    time_years
        To expiry.

    Raises
    ------
    OutOfDomain
        If price, risk aversion, vol or time is not positive, the cost is negative, or the fit gives
        no vol, which it does not for costs and risk aversions far beyond those it was made for.
    """
    positive = (price_usd, risk_aversion_per_usd, vol_frac, time_years)
    if not (all(0 < each < math.inf for each in positive) and 0 <= cost_frac < math.inf):
        raise OutOfDomain(
            "the band needs a positive price, risk aversion, vol and time and a cost of at least "
            f"zero, were {positive} and {cost_frac}"
        )
    if not math.isfinite(gamma_coin_per_usd):
        raise OutOfDomain(f"gamma must be finite, was {gamma_coin_per_usd}")
    _check_discount(discount_frac)
    h0, h1, k = (
        float(each)
        for each in zakamouline_widths(
            cost_frac=cost_frac,
            price_usd=price_usd,
            gamma_coin_per_usd=abs(gamma_coin_per_usd),
            aversion_per_usd=risk_aversion_per_usd,
            vol_frac=vol_frac,
            time_years=time_years,
            discount_frac=discount_frac,
        )
    )
    square = 1.0 + math.copysign(k, k * gamma_coin_per_usd)
    if square <= 0.0:
        raise OutOfDomain(f"the fit gives no vol where K is {k:g}: cost or risk aversion too large")
    return Zakamouline(h0_coin=h0, h1_coin=h1, k_frac=k, vol_factor_frac=math.sqrt(square))


def leland_vol_frac(
    *, vol_frac: float, cost_frac: float, interval_years: float, is_short_gamma: bool
) -> float:
    """Give the vol whose delta is held when hedging at fixed times: ``σ² (1 ± A)``.

    ``A = √(2/π) k / (σ √δt)`` with the cost of a round trip k = 2λ; plus for a short gamma.

    Parameters
    ----------
    cost_frac
        Cost per traded notional λ, one way.
    interval_years
        Time δt between two hedges.

    Raises
    ------
    OutOfDomain
        If vol or interval is not positive, the cost is negative, or a long gamma is hedged so often
        that it costs more than it earns (A is one or more).
    """
    if not (0 < vol_frac < math.inf and 0 < interval_years < math.inf and 0 <= cost_frac < 1):
        raise OutOfDomain(
            "Leland's vol needs a positive vol and interval and a cost from 0 to below 1, were "
            f"{vol_frac}, {interval_years}, {cost_frac}"
        )
    a = math.sqrt(2.0 / math.pi) * 2.0 * cost_frac / (vol_frac * math.sqrt(interval_years))
    square = 1.0 + a if is_short_gamma else 1.0 - a
    if square <= 0.0:
        raise OutOfDomain(
            f"a long gamma hedged every {interval_years * 365:g} days costs more than it earns: A "
            f"is {a:g}"
        )
    return vol_frac * math.sqrt(square)


def _check_discount(discount_frac: float) -> None:
    if not 0 < discount_frac < math.inf:
        raise OutOfDomain(f"a discount must be positive, was {discount_frac}")
