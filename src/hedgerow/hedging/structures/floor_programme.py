"""A floor as a programme: what each option costs, is worth at the horizon, and must keep to."""

from math import exp
from typing import Final

import numpy as np

from hedgerow.errors import OutOfDomain
from hedgerow.hedging.structures.floor_records import FloorOptions, FloorTerms
from hedgerow.pricing import Floats, value_usd
from hedgerow.solving import Band, Decisions, Ladders, Part, Programme, Tickets

__all__ = [
    "AT_HORIZON_YEARS",
    "FLOOR_AT",
    "cost_usd",
    "option_values_usd",
    "programme_of",
    "worth_at_horizon_usd",
]

# An option that ends within a minute of the horizon ends at it.
AT_HORIZON_YEARS: Final = 60.0 / 31_536_000.0
# What the names of rows that hold the floor begin with.
FLOOR_AT: Final = "floor at "
# Of plans that cost the same, the one that gives less away; too little to buy anything with. In
# whole lots no two cost the same: a dollar counts as much as a thousand given away on average.
_TIE_FRAC: Final = 1e-7
_TIE_LOTS_FRAC: Final = 1e-3


def worth_at_horizon_usd(
    options: FloorOptions, terms: FloorTerms, quantity_coin: Floats, spots_usd: Floats
) -> Floats:
    """Give what position, cash and options are worth at the horizon, the cost taken off.

    Parameters
    ----------
    quantity_coin
        Of each option.

    Raises
    ------
    OutOfDomain
        If a quantity is missing, a side traded is not quoted, or an option ends before the horizon.
    """
    x = np.asarray(quantity_coin, dtype=np.float64)
    at_usd = np.asarray(spots_usd, dtype=np.float64)
    if x.shape != (len(options),) or not np.isfinite(x).all():
        raise OutOfDomain(f"each of {len(options)} options has a finite quantity")
    held = options.taken(np.flatnonzero(x != 0.0))
    x = x[x != 0.0]
    if (held.expiry_years < terms.horizon_years - AT_HORIZON_YEARS).any():
        raise OutOfDomain("an option that ends before the horizon has no worth there by spot alone")
    cost = float(cost_usd(held, x[np.newaxis, :])[0])
    if not np.isfinite(cost):
        raise OutOfDomain("a side that nobody quotes was traded")
    later = exp(terms.rate_frac_per_year * terms.horizon_years)
    return np.asarray(
        terms.bare_usd(at_usd) + option_values_usd(held, terms, at_usd) @ x - cost * later
    )


def option_values_usd(options: FloorOptions, terms: FloorTerms, spots_usd: Floats) -> Floats:
    """Give what one coin of each option is worth at the horizon: (spots, options)."""
    left = np.maximum(options.expiry_years - terms.horizon_years, 0.0)
    lives = left > AT_HORIZON_YEARS
    left = np.where(lives, left, 0.0)
    with np.errstate(invalid="ignore"):
        grows = np.where(lives, options.forward_usd / terms.spot_usd, 1.0)
        vol = np.where(lives, options.vol_frac * (1.0 + terms.vol_move_frac), 0.0)
    forward = spots_usd[:, np.newaxis] * grows ** (left / options.expiry_years)
    return value_usd(forward, options.strike_usd, vol, left, options.is_call)


def _unit_usd(options: FloorOptions) -> tuple[Floats, Floats]:
    """Give what a coin of each costs to buy, and what it pays when sold."""
    return options.price_ask_usd + options.fee_usd, options.price_bid_usd - options.fee_usd


def cost_usd(options: FloorOptions, plans_coin: Floats) -> Floats:
    """Give what each plan costs, fees included; `plans_coin` is (plans, options)."""
    buy, sell = _unit_usd(options)
    prices = np.where(plans_coin > 0, buy, sell)
    return np.asarray(np.sum(np.where(plans_coin != 0.0, plans_coin * prices, 0.0), axis=1))


def programme_of(
    options: FloorOptions, terms: FloorTerms, spots_usd: Floats, *, lots: bool
) -> Programme:
    """Write it down over some spots, in whole lots or not."""
    protects = options.is_call == (terms.quantity_coin < 0)
    buy, sell = _unit_usd(options)
    unit = np.where(protects, buy, sell)
    most = (
        2.0 * abs(terms.quantity_coin)
        if terms.quantity_coin_max is None
        else terms.quantity_coin_max
    )
    count = len(options)
    decisions = Decisions(
        options.names,
        np.where(protects, 0.0, -most),
        np.where(protects, most, 0.0),
        options.lot_coin if lots else np.zeros(count),
    )
    values = option_values_usd(options, terms, spots_usd)
    sold = np.where(protects, 0.0, values)
    tie = (_TIE_LOTS_FRAC if lots else _TIE_FRAC) * np.mean(sold, axis=0)
    pays = Ladders(
        book_index=np.arange(count, dtype=np.int64),
        is_up=protects,
        width_amount=np.full(count, np.inf),
        price_usd_per_amount=np.where(protects, unit, tie - unit),
    )
    parts: list[Part] = [pays, *_rows(options, terms, spots_usd, values)]
    if lots and terms.legs_count_max is not None:
        parts.append(Tickets(np.zeros(count), terms.legs_count_max))
    return Programme(decisions, parts)


def _rows(
    options: FloorOptions, terms: FloorTerms, spots_usd: Floats, values_usd: Floats
) -> list[Band]:
    """Write what must hold: the floor at every spot, and of what is sold for it that it is little.

    `values_usd` are those of `option_values_usd`.
    """
    protects = options.is_call == (terms.quantity_coin < 0)
    buy, sell = _unit_usd(options)
    unit = np.where(protects, buy, sell)
    sold = np.where(protects, 0.0, values_usd)
    later = exp(terms.rate_frac_per_year * terms.horizon_years)
    dollars = abs(terms.quantity_coin) * terms.spot_usd
    per_spot = np.full(len(spots_usd), dollars)
    worth = Band.of(
        tuple(f"{FLOOR_AT}{spot:g}" for spot in spots_usd.tolist()),
        terms.bare_usd(spots_usd),
        values_usd - later * unit,
        low_figure=np.full(len(spots_usd), terms.floor_usd),
        scale_figure=per_spot,
    )
    rows = [worth]
    one = np.where(protects, 0.0, 1.0)
    if terms.given_away_usd_max > 0.0:
        rows.append(
            Band.of(
                tuple(f"given away at {spot:g}" for spot in spots_usd.tolist()),
                np.zeros(len(spots_usd)),
                sold,
                low_figure=np.full(len(spots_usd), -terms.given_away_usd_max),
                scale_figure=per_spot,
            )
        )
        rows.append(
            Band.of(
                ("covered by the position", "no more than it costs"),
                np.array([abs(terms.quantity_coin), 0.0]),
                np.stack([one, unit]),
                low_figure=np.zeros(2),
                scale_figure=np.array([abs(terms.quantity_coin), dollars]),
            )
        )
    if terms.quantity_coin < 0:
        # A short loses without end: calls must cover it beyond the grid as well.
        rows.append(
            Band.of(
                ("floor beyond the grid",),
                np.array([terms.quantity_coin]),
                np.where(options.is_call, 1.0, 0.0)[np.newaxis, :],
                low_figure=np.zeros(1),
                scale_figure=np.array([abs(terms.quantity_coin)]),
            )
        )
    return rows
