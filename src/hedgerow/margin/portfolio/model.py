"""What hedgerow's own portfolio margin assumes: horizons, contingencies, and what markets trade."""

from collections.abc import Mapping
from typing import Literal

import msgspec

__all__ = ["PortfolioModel"]


class PortfolioModel(msgspec.Struct, frozen=True, kw_only=True):
    """Parameters of the requirement. Rates are fractions of dollars of notional.

    Attributes
    ----------
    basis
        Which figure is required: the loss of the worst scenario, or the expected shortfall beyond
        `level_frac`. Both are reported.
    horizon_days
        What the scenarios cover: an exit that takes no longer costs no more.
    volume_coin_per_day
        What the market of each coin trades, all venues a desk may leave through.
    participation_frac
        How much of that an exit may be, without the market noticing.
    concentration_frac
        Charged on gross notional times its share of a day's volume; at most all of it.
    short_option_frac
        Charged on the notional of every option that is short, whatever the scan says.
    roll_frac_per_year, roll_frac_min
        Charged on the delta of each expiry, ``max(min, rate · years)``: expiries may part.
    vol_tenor_power
        A move of vol is larger the shorter the option: ``(30 / days)^power``.
    initial_factor_frac
        Initial requirement over maintenance.
    """

    name: str
    volume_coin_per_day: Mapping[str, float]
    basis: Literal["worst", "shortfall"] = "worst"
    level_frac: float = 0.99
    horizon_days: float = 2.0
    participation_frac: float = 0.1
    concentration_frac: float = 0.1
    short_option_frac: float = 0.01
    roll_frac_per_year: float = 0.025
    roll_frac_min: float = 0.0005
    vol_tenor_power: float = 0.3
    initial_factor_frac: float = 1.25

    def __post_init__(self) -> None:
        # Written so that a NaN fails every one of them.
        for name, low, high in (
            ("horizon_days", 1e-6, 366.0),
            ("participation_frac", 1e-9, 1.0),
            ("concentration_frac", 0.0, 1e6),
            ("short_option_frac", 0.0, 1.0),
            ("roll_frac_per_year", 0.0, 1.0),
            ("roll_frac_min", 0.0, 1.0),
            ("vol_tenor_power", 0.0, 2.0),
            ("initial_factor_frac", 1.0, 1e3),
        ):
            given = getattr(self, name)
            if not low <= given <= high:
                raise ValueError(f"{self.name}: {name} must be {low:g} to {high:g}, was {given}")
        if not 0.0 <= self.level_frac < 1.0:
            raise ValueError(f"{self.name}: level_frac must be in [0, 1), was {self.level_frac}")
        for coin, volume in self.volume_coin_per_day.items():
            if not 0.0 < volume < float("inf"):
                raise ValueError(f"{self.name}: volume of {coin} must be positive, was {volume}")
