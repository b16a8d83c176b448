"""The options that are priced: a made-up book, and chains of quotes as a venue lists them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hedgerow.pricing import EuropeanColumns, Floats, value_usd

# From tomorrow to next year, as such a venue lists them.
EXPIRIES_DAYS = (1, 2, 3, 8, 15, 29, 57, 92, 183, 274, 365)
TICK_COIN = 1e-4


def book(count: int) -> EuropeanColumns:
    """Make options between a day and two years, within three deviations of their forward."""
    rng = np.random.default_rng(1)
    years = np.exp(rng.uniform(np.log(1 / 365), np.log(2.0), count))
    vol = rng.uniform(0.3, 1.2, count)
    forward = rng.choice([80_000.0, 2_500.0], count) * rng.uniform(0.95, 1.05, count)
    return EuropeanColumns(
        underlying_usd=forward,
        strike_usd=forward * np.exp(rng.uniform(-3.0, 3.0, count) * vol * np.sqrt(years)),
        vol_frac=vol,
        expiry_years=years,
        is_call=rng.random(count) < 0.5,
        rate_frac_per_year=0.03,
    )


def rebuilt(options: EuropeanColumns) -> EuropeanColumns:
    """Send columns through the gate again."""
    S, K, v, T, r, b, cp = options.given
    return EuropeanColumns(
        underlying_usd=S,
        strike_usd=K,
        vol_frac=v,
        expiry_years=T,
        is_call=cp > 0,
        rate_frac_per_year=r,
        carry_frac_per_year=b,
    )


def rows(options: EuropeanColumns, count: int) -> list[tuple[float, ...]]:
    """Give the first options one by one, as plain numbers: S, K, v, T, r, b, ±1."""
    return list(zip(*(column[:count].tolist() for column in options.given), strict=True))


@dataclass(frozen=True)
class Quotes:
    """Undiscounted prices of options on a forward, and the vols that they were made with."""

    price_usd: Floats
    forward_usd: Floats
    strike_usd: Floats
    expiry_years: Floats
    is_call: np.ndarray
    vol_frac: Floats

    def rows(self, count: int) -> list[tuple[float, float, float, float, bool]]:
        """Give the first quotes one by one: price, forward, strike, years, whether a call."""
        columns = (
            self.price_usd, self.forward_usd, self.strike_usd, self.expiry_years, self.is_call,
        )  # fmt: skip
        return list(zip(*(column[:count].tolist() for column in columns), strict=True))


def chains(count: int) -> Quotes:
    """Make chains with a smile, calls and puts at each strike, none with less than a tick of time.

    Strikes lie within three deviations; both sides of the money are quoted, as a venue does, so
    half of the prices have lost digits to what is in the money.
    """
    rng = np.random.default_rng(2)
    drawn = 2 * count
    years = rng.choice(EXPIRIES_DAYS, drawn) / 365.0
    forward = rng.choice([80_000.0, 2_500.0], drawn) * np.exp(0.04 * years)
    at_the_money = 0.5 + 0.1 * np.sqrt(years)
    deviations = rng.uniform(-3.0, 3.0, drawn)
    vol = at_the_money * (1.0 - 0.05 * deviations + 0.04 * deviations**2)
    strike = forward * np.exp(deviations * at_the_money * np.sqrt(years))
    is_call = rng.random(drawn) < 0.5
    price = value_usd(forward, strike, vol, years, is_call)
    inside = np.maximum(np.where(is_call, forward - strike, strike - forward), 0.0)
    kept = np.flatnonzero(price - inside >= TICK_COIN * forward)[:count]
    if len(kept) < count:
        raise AssertionError(f"only {len(kept)} of {drawn} quotes were worth a tick")
    return Quotes(price[kept], forward[kept], strike[kept], years[kept], is_call[kept], vol[kept])
