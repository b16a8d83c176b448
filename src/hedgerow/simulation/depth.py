"""An order book where none was recorded: depth as a function of realised volatility.

One level every `level_step_bps` on each side of the mark; each holds ``depth_usd_per_bps ·
level_step_bps · (vol_reference / vol) ^ vol_exponent`` dollars. The half spread widens with ``vol /
vol_reference`` and never narrows below `half_spread_bps`. Quantities round down to the lot and
prices away from the mark: against whoever trades here.
"""

from decimal import Decimal

import msgspec

from hedgerow.market import Ladder, Level
from hedgerow.simulation.futures import DollarFuture, notional_unit_usd
from hedgerow.units import percent, quantise, scaled, to_exact, to_model

__all__ = ["DepthModel", "ladder_around"]

# A market that has not moved for hours is not infinitely deep.
_VOL_FLOOR_FRAC = 0.05


class DepthModel(msgspec.Struct, frozen=True, kw_only=True):
    """Parameters of the book; `depth_usd_per_bps` holds at the vol `vol_reference_frac`."""

    depth_usd_per_bps: float
    vol_reference_frac: float
    vol_exponent_frac: float
    half_spread_bps: float
    levels_count: int
    level_step_bps: float

    def __post_init__(self) -> None:
        for name in self.__struct_fields__:
            amount = getattr(self, name)
            if not 0 < amount < float("inf"):
                raise ValueError(f"depth model: {name} must be positive and finite, was {amount}")
        reach_bps = self.half_spread_bps + self.levels_count * self.level_step_bps
        if reach_bps >= 10_000:
            raise ValueError(f"depth model: the last bid would lie {reach_bps} bps below the mark")

    def statement(self) -> str:
        """Say in one sentence what is assumed."""
        return (
            f"Where no order book was recorded, {self.depth_usd_per_bps:,.0f} USD are assumed to "
            f"rest per basis point at {percent(self.vol_reference_frac, 0)} realised volatility, "
            f"changing with its power -{self.vol_exponent_frac:g}, over {self.levels_count} "
            f"levels of {self.level_step_bps:g} bps beyond a half spread of at least "
            f"{self.half_spread_bps:g} bps; nobody refills a level we took before the next book."
        )


def ladder_around(
    model: DepthModel, future: DollarFuture, time_ns: int, price_mark_usd: Decimal, vol_frac: float
) -> Ladder | None:
    """Make the assumed ladder around a mark.

    Returns
    -------
    Ladder or None
        None when not one level on a side holds a whole lot: there is no book, not an empty one.
    """
    stress = max(vol_frac, _VOL_FLOOR_FRAC) / model.vol_reference_frac
    level_usd = model.depth_usd_per_bps * model.level_step_bps * stress**-model.vol_exponent_frac
    half_spread_bps = model.half_spread_bps * max(1.0, stress)
    unit_usd = to_model(notional_unit_usd(future, price_mark_usd))
    quantity = to_exact(level_usd / unit_usd, future.lot_contracts, "down")
    if quantity <= 0:
        return None
    bids: dict[Decimal, Decimal] = {}
    asks: dict[Decimal, Decimal] = {}
    for at in range(model.levels_count):
        offset_frac = (half_spread_bps + at * model.level_step_bps) / 10_000
        offset_usd = scaled(price_mark_usd, offset_frac)
        bid = quantise(price_mark_usd - offset_usd, future.tick_usd, "down")
        ask = quantise(price_mark_usd + offset_usd, future.tick_usd, "up")
        if bid > 0:
            bids[bid] = bids.get(bid, Decimal(0)) + quantity
        asks[ask] = asks.get(ask, Decimal(0)) + quantity
    if not bids or next(iter(bids)) >= next(iter(asks)):
        return None
    return Ladder(
        time_ns=time_ns,
        instrument_id=future.instrument_id,
        bids=_levels(bids),
        asks=_levels(asks),
        is_assumed=True,
    )


def _levels(quantities: dict[Decimal, Decimal]) -> tuple[Level, ...]:
    return tuple(
        Level(price_usd=price, quantity_contracts=quantity)
        for price, quantity in quantities.items()
    )
