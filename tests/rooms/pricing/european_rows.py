"""Columns of European options out of rows, and rows all over the domain."""

from itertools import product
from math import exp, sqrt
from typing import Any

import numpy as np

from hedgerow.pricing.european import (
    EuropeanColumns,
)


def columns(rows: Any, *, follows: bool = False) -> EuropeanColumns:
    """Rows of (underlying, strike, vol, years, rate, carry, sign)."""
    S, K, v, T, r, b, cp = np.array(rows, dtype=np.float64).reshape(-1, 7).T
    return EuropeanColumns(
        underlying_usd=S,
        strike_usd=K,
        vol_frac=v,
        expiry_years=T,
        is_call=cp > 0,
        rate_frac_per_year=r,
        carry_frac_per_year=b,
        carry_follows_rate=follows,
    )


def lattice(count: int) -> list[tuple[float, ...]]:
    """Deviations of 0.01 to 2, strikes to eight of them, a day and more; then the corners."""
    rng = np.random.default_rng(20260301)
    s = np.exp(rng.uniform(np.log(0.01), np.log(2.0), count))
    z = rng.uniform(-8.0, 8.0, count)
    T = np.exp(rng.uniform(np.log(1 / 365), np.log(3.0), count))
    S = np.exp(rng.uniform(-2.0, 12.0, count))
    r = rng.uniform(-0.05, 0.25, count)
    b = np.where(rng.random(count) < 0.5, 0.0, rng.uniform(-0.1, 0.25, count))
    cp = rng.choice([-1.0, 1.0], count)
    rows = list(zip(S, S * np.exp(b * T + z * s), s / np.sqrt(T), T, r, b, cp, strict=True))
    for dev, far, years, sign in product(
        (0.01, 0.05, 0.5, 2.0), np.linspace(-8.0, 8.0, 17), (1 / 365, 1.0), (-1.0, 1.0)
    ):
        rows.append((6e4, 6e4 * exp(far * dev), dev / sqrt(years), years, 0.0, 0.0, sign))
    return rows


def far_carries(count: int) -> list[tuple[float, ...]]:
    """Make options within a deviation of a forward that years of carry have taken from the spot."""
    rng = np.random.default_rng(11)
    deviation = rng.uniform(0.01, 0.03, count)
    years, carry = rng.uniform(2.0, 5.0, count), rng.uniform(0.1, 0.3, count)
    spot = 10.0 ** rng.uniform(-3.0, 5.0, count)
    away = rng.choice([-1.0, 1.0], count) * 10.0 ** rng.uniform(-12.0, 0.0, count)
    strike = spot * np.exp(carry * years + away * deviation)
    sign = rng.choice([-1.0, 1.0], count)
    rows = zip(spot, strike, deviation / np.sqrt(years), years, carry, carry, sign, strict=True)
    return [tuple(map(float, row)) for row in rows]
