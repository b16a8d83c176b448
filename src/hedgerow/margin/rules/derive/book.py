"""One underlying's positions and feeds on Derive, as columns; what both generations ask of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray

from hedgerow.errors import OutOfDomain
from hedgerow.margin.rules.derive.options import YEAR_S

__all__ = [
    "SETTLEMENT_S",
    "Expiry",
    "OptionLeg",
    "OptionRows",
    "naked_shorts_coin",
    "option_rows",
    "split_forward_usd",
    "vol_multiplier_frac",
]

Floats: TypeAlias = NDArray[np.float64]

SETTLEMENT_S = 1800.0
_MONTH_S = 30.0 * 86_400.0


class OptionLeg(msgspec.Struct, frozen=True, kw_only=True):
    """One option held; short is negative. The vol is that of its strike."""

    strike_usd: float
    is_call: bool
    quantity_coin: float
    vol_frac: float


class Expiry(msgspec.Struct, frozen=True, kw_only=True):
    """One expiry's feeds and legs.

    The forward has a part that is fixed already, inside the settlement window, and one that still
    moves with spot. Confidences are a feed's own quality, from 0 to 1.
    """

    life_s: float
    forward_fixed_usd: float
    forward_variable_usd: float
    rate_frac_per_year: float
    confidence_forward_frac: float
    confidence_rate_frac: float
    confidence_vol_frac: float
    legs: tuple[OptionLeg, ...]

    @property
    def years(self) -> float:
        """Time left."""
        return self.life_s / YEAR_S


@dataclass(frozen=True, slots=True, eq=False)
class OptionRows:
    """All legs of a book, expiry after expiry.

    `begin_index` is where each expiry that has legs begins, `expiry_index` which expiry of the book
    it is; the other columns have one item a leg.
    """

    strike_usd: Floats
    is_call: NDArray[np.bool_]
    quantity_coin: Floats
    vol_frac: Floats
    life_s: Floats
    forward_fixed_usd: Floats
    forward_variable_usd: Floats
    rate_frac_per_year: Floats
    begin_index: NDArray[np.intp]
    expiry_index: NDArray[np.intp]

    def by_expiry(self, values: Floats) -> Floats:
        """Sum the last axis, one item a leg, to one an expiry."""
        if not len(self.begin_index):
            return np.zeros((*values.shape[:-1], 0))
        return np.add.reduceat(values, self.begin_index, axis=-1)


def option_rows(expiries: Sequence[Expiry]) -> OptionRows:
    """Gather the legs of all expiries into columns."""
    held = [(at, expiry) for at, expiry in enumerate(expiries) if expiry.legs]
    legs = [(expiry, leg) for _, expiry in held for leg in expiry.legs]

    def column(items: Sequence[float]) -> Floats:
        return np.array(items, dtype=np.float64)

    counts = [len(expiry.legs) for _, expiry in held]
    return OptionRows(
        strike_usd=column([leg.strike_usd for _, leg in legs]),
        is_call=np.array([leg.is_call for _, leg in legs], dtype=np.bool_),
        quantity_coin=column([leg.quantity_coin for _, leg in legs]),
        vol_frac=column([leg.vol_frac for _, leg in legs]),
        life_s=column([expiry.life_s for expiry, _ in legs]),
        forward_fixed_usd=column([expiry.forward_fixed_usd for expiry, _ in legs]),
        forward_variable_usd=column([expiry.forward_variable_usd for expiry, _ in legs]),
        rate_frac_per_year=column([expiry.rate_frac_per_year for expiry, _ in legs]),
        begin_index=np.cumsum([0, *counts[:-1]], dtype=np.intp) if held else np.zeros(0, np.intp),
        expiry_index=np.array([at for at, _ in held], dtype=np.intp),
    )


def split_forward_usd(forward_usd: float, life_s: float) -> tuple[float, float]:
    """Give the part of a forward that is fixed, and the part that still moves with spot.

    Settlement is on a 30-minute average: with fewer seconds left the observed share is fixed.
    """
    if life_s < 0.0:
        raise OutOfDomain(f"seconds to expiry must not be negative, were {life_s}")
    open_frac = min(life_s / SETTLEMENT_S, 1.0)
    return forward_usd * (1.0 - open_frac), forward_usd * open_frac


def vol_multiplier_frac(
    life_s: Floats,
    range_frac: float,
    *,
    short_power: float,
    long_power: float,
    floor_s: float,
) -> Floats:
    """Give what a vol is multiplied by: ``1 + range · (30 days / time)^power``, not below zero.

    Parameters
    ----------
    range_frac
        Positive for up, negative for down.
    short_power, long_power
        Up to 30 days, and beyond.
    floor_s
        Shortest time that counts.
    """
    power = np.where(life_s <= _MONTH_S, short_power, long_power)
    tenor = (_MONTH_S / np.maximum(life_s, floor_s)) ** power
    return np.maximum(0.0, 1.0 + range_frac * tenor)


def naked_shorts_coin(expiries: Sequence[Expiry]) -> float:
    """Give the short options that nothing at their own strike and expiry covers.

    Calls and puts of one strike pair with each other: legs of opposite sign net, two shorts add.
    """
    naked = 0.0
    for expiry in expiries:
        by_strike: dict[float, list[float]] = {}
        for leg in expiry.legs:
            by_strike.setdefault(leg.strike_usd, []).append(leg.quantity_coin)
        for quantities in by_strike.values():
            shorts = [each for each in quantities if each < 0.0]
            if len(shorts) == len(quantities):
                naked -= sum(shorts)
            else:
                naked += max(-sum(quantities), 0.0)
    return naked
