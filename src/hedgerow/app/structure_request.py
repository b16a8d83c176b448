"""What ``hedgerow hedge structure`` and ``carry`` are asked; nothing heavy is imported."""

from pathlib import Path
from typing import NamedTuple

__all__ = ["CarryAsked", "FloorAsked"]


class FloorAsked(NamedTuple):
    """A floor as a person asked for it; what is left out is None."""

    quantity_coin: float | None
    floors_frac: tuple[float, ...]
    days: float
    expiry: str | None
    given_away_frac: float
    legs_count_max: int | None
    is_later: bool
    vol_move_frac: float
    low_frac: float
    high_frac: float
    fee_frac: float
    lot_coin: float | None
    spot_usd: float | None


class CarryAsked(NamedTuple):
    """A carry as a person asked for it; what is left out is None."""

    future_usd: float | None
    spot_usd: float | None
    days: float | None
    funding_frac_per_interval: float | None
    interval_hours: float
    rates: Path | None
    venue: str
    coin: str
    from_time: str | None
    to_time: str | None
    marks: Path | None
    spots: Path | None
    hold_days: float
    cost_frac: float
    borrow_frac_per_year: float
    margin_cost_frac_per_year: float
    leverage_frac: float
    maintenance_frac: float
    vol_frac: float | None
    alarm_frac: float
    transit_hours: float
    draws_count: int
    draw_seed: int
