"""Black-76 Greeks of an option as venues print them, and what options of vectors have in common."""

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from hedgerow.app.certify.given import Given
from hedgerow.errors import VectorsRejected
from hedgerow.pricing import EuropeanGreeks, reference
from hedgerow.units import parse_ns

__all__ = ["Printed", "is_call", "out_of_the_money", "printed", "years_left"]

_YEAR_MS = 365 * 86_400 * 1_000


@dataclass(frozen=True, slots=True)
class Printed:
    """Undiscounted numbers of one option on its forward.

    Conventions of the last day differ by venue: theta here is one day's by the formula.
    """

    value_usd: float
    delta_frac: float
    gamma_coin_per_usd: float
    vega_usd_per_volpt: float
    theta_usd_per_day: float
    rho_usd_per_pct: float
    forward_usd: float
    life_days: float


def is_call(given: Given) -> bool:
    """Whether the option is a call."""
    named = given.text("type").lower()
    if named not in ("call", "put"):
        raise VectorsRejected(f"type must be call or put, was {named!r}")
    return named == "call"


def out_of_the_money(given: Given, price: str) -> Fraction:
    """Give how far out of the money the strike is, at the price of this name."""
    gap = given.fraction("strike") - given.fraction(price)
    return max(Fraction(0), gap if is_call(given) else -gap)


def years_left(given: Given, time: str = "timestamp_ms", expiry: str | None = None) -> float:
    """Give ACT/365 years from a time in milliseconds to the expiry."""
    ends_ms = parse_ns(given.text("expiry") if expiry is None else expiry) / 1e6
    return (ends_ms - given.number(time)) / _YEAR_MS


def printed(
    given: Given, *, forward: str = "forward", vol: str = "mark_iv", time: str = "timestamp_ms"
) -> Printed:
    """Compute the numbers of a ticker."""
    years = max(years_left(given, time), 0.0)
    terms = np.array(
        [
            [given.number(forward)],
            [given.number("strike")],
            [given.number(vol)],
            [years],
            [0.0],
            [0.0],
            [1.0 if is_call(given) else -1.0],
        ]
    )
    alive = terms[2, 0] * terms[3, 0] > 0.0
    compute = reference.greeks if alive else reference.limits
    # On spot at a rate of nothing, for venues print the rho of spot.
    found = EuropeanGreeks(*compute(terms, carry_follows_rate=True))
    return Printed(
        value_usd=found.value_usd.item(),
        delta_frac=found.delta_underlying_frac.item(),
        gamma_coin_per_usd=found.gamma_coin_per_usd.item(),
        vega_usd_per_volpt=found.vega_usd_per_vol.item() / 100.0,
        theta_usd_per_day=found.theta_usd_per_year.item() / 365.0,
        rho_usd_per_pct=found.rho_usd_per_rate.item() / 100.0,
        forward_usd=terms[0, 0].item(),
        life_days=years * 365.0,
    )
