"""What a floor is asked of and what it comes to: options of a chain, terms, legs and a plan."""

from dataclasses import dataclass

import msgspec
import numpy as np
from numpy.typing import NDArray

from hedgerow.errors import OutOfDomain
from hedgerow.hedging.structures.checks import check_finite, check_not_negative, check_positive
from hedgerow.pricing import Floats
from hedgerow.solving import Shadow

__all__ = ["FloorLeg", "FloorOptions", "FloorPlan", "FloorReach", "FloorTerms"]


@dataclass(frozen=True, slots=True, eq=False)
class FloorOptions:
    """Item i of every column is one listed option, per coin of notional. Columns are copied.

    Attributes
    ----------
    price_bid_usd, price_ask_usd
        NaN where nobody quotes; that side is then not traded.
    forward_usd, vol_frac
        Of the option's own expiry, and its implied vol; asked only of what outlives the horizon.
    fee_usd
        Per coin traded, either way.
    lot_coin
        Zero where any amount may be traded.

    Raises
    ------
    OutOfDomain
        If lengths differ, a name occurs twice, a strike or expiry is not positive, a fee or lot is
        negative, or a bid lies above its ask.
    """

    names: tuple[str, ...]
    expiry_years: Floats
    strike_usd: Floats
    is_call: NDArray[np.bool_]
    price_bid_usd: Floats
    price_ask_usd: Floats
    forward_usd: Floats
    vol_frac: Floats
    fee_usd: Floats
    lot_coin: Floats

    def __post_init__(self) -> None:
        count = len(self.names)
        for name in self.__slots__[1:]:
            kind = "bool" if name == "is_call" else "float64"
            column = np.array(getattr(self, name), dtype=kind)
            if column.shape != (count,):
                raise OutOfDomain(f"{name} must have {count} items, had shape {column.shape}")
            column.setflags(write=False)
            object.__setattr__(self, name, column)
        if len(set(self.names)) != count:
            raise OutOfDomain("two options have one name")
        with np.errstate(invalid="ignore"):
            for bad, why in (
                (~((self.strike_usd > 0) & np.isfinite(self.strike_usd)), "no positive strike"),
                (~((self.expiry_years > 0) & np.isfinite(self.expiry_years)), "no time to expiry"),
                (~((self.fee_usd >= 0) & np.isfinite(self.fee_usd)), "no fee of at least zero"),
                (~((self.lot_coin >= 0) & np.isfinite(self.lot_coin)), "no lot of at least zero"),
                (self.price_bid_usd > self.price_ask_usd, "a bid above its ask"),
            ):
                if bad.any():
                    raise OutOfDomain(f"{self.names[int(np.argmax(bad))]} has {why}")

    def __len__(self) -> int:
        return len(self.names)

    def taken(self, index: NDArray[np.int64]) -> "FloorOptions":
        """Give some of them, in that order."""
        columns = {name: getattr(self, name)[index] for name in self.__slots__[1:]}
        return FloorOptions(names=tuple(self.names[i] for i in index.tolist()), **columns)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class FloorTerms:
    """What is to be floored, and how.

    Attributes
    ----------
    quantity_coin
        Held, short negative; worth quantity times spot, plus `cash_usd` whatever spot does.
    floor_usd
        What position, cash and options together are worth at least at every spot of the grid, the
        cost taken off. Of a short this may be negative.
    spots_usd
        The grid, of the horizon.
    given_away_usd_max
        What options sold may pay away at any spot of the grid; zero sells none. Only what is out
        of the money today is sold.
    quantity_coin_max
        Of one option; twice the position where left out.
    legs_count_max
        How many options may be traded; any number where left out.
    vol_move_frac
        Vols of what outlives the horizon are multiplied by one plus this.
    rate_frac_per_year
        What the cost could have earned until the horizon.
    """

    quantity_coin: float
    spot_usd: float
    floor_usd: float
    horizon_years: float
    spots_usd: Floats
    cash_usd: float = 0.0
    given_away_usd_max: float = 0.0
    quantity_coin_max: float | None = None
    legs_count_max: int | None = None
    vol_move_frac: float = 0.0
    rate_frac_per_year: float = 0.0

    def __post_init__(self) -> None:
        check_positive(spot_usd=self.spot_usd, horizon_years=self.horizon_years)
        check_not_negative(given_away_usd_max=self.given_away_usd_max)
        check_finite(
            quantity_coin=self.quantity_coin,
            floor_usd=self.floor_usd,
            cash_usd=self.cash_usd,
            rate_frac_per_year=self.rate_frac_per_year,
        )
        spots = np.unique(np.asarray(self.spots_usd, dtype=np.float64))
        if spots.ndim != 1 or not len(spots) or not (np.isfinite(spots) & (spots > 0)).all():
            raise OutOfDomain("spots_usd needs one spot or more, all positive and finite")
        spots.setflags(write=False)
        object.__setattr__(self, "spots_usd", spots)
        if self.quantity_coin == 0.0:
            raise OutOfDomain("a position of nothing needs no floor; name a quantity")
        if self.quantity_coin_max is not None:
            check_positive(quantity_coin_max=self.quantity_coin_max)
        if self.legs_count_max is not None and self.legs_count_max < 1:
            raise OutOfDomain(f"legs_count_max must be 1 or more, was {self.legs_count_max}")
        if not -1.0 < self.vol_move_frac < float("inf"):
            raise OutOfDomain(f"vol_move_frac must be above -1, was {self.vol_move_frac}")

    def bare_usd(self, spots_usd: Floats) -> Floats:
        """Give what position and cash are worth without options."""
        return np.asarray(self.quantity_coin * spots_usd + self.cash_usd)


class FloorLeg(msgspec.Struct, frozen=True, kw_only=True):
    """One option to trade: bought positive, at so much per coin, fee included in the cost."""

    name: str
    strike_usd: float
    expiry_years: float
    is_call: bool
    quantity_coin: float
    price_usd: float
    cost_usd: float


class FloorPlan(msgspec.Struct, frozen=True, kw_only=True):
    """Legs in whole lots, and what the revaluation found.

    `cost_usd` is paid today, fees included; `relaxed_usd` what it would be without lots, and
    `bound_usd` is proven: no floor costs less. `gap_usd` is what separates these two.
    `lowest_usd` is the least that position and options are worth on the grid and between its ends,
    at `lowest_at_usd`; below `holds_from_usd` and above `holds_until_usd` the floor does not hold
    (None: it holds as far as that goes). `given_away_usd` is the most that options sold pay on the
    grid. `is_held` says whether the revaluation confirms the floor; if not, `conflicts` names what
    cannot be had together. `shadows` say what a dollar less of floor would save, by spot.
    """

    floor_usd: float
    legs: tuple[FloorLeg, ...]
    cost_usd: float
    relaxed_usd: float
    bound_usd: float
    lowest_usd: float
    lowest_at_usd: float
    holds_from_usd: float | None
    holds_until_usd: float | None
    given_away_usd: float
    is_held: bool
    conflicts: tuple[str, ...]
    shadows: tuple[Shadow, ...]
    spots_count: int

    @property
    def gap_usd(self) -> float:
        """How far the relaxed cost lies above what is proven."""
        return self.relaxed_usd - self.bound_usd


class FloorReach(msgspec.Struct, frozen=True, kw_only=True):
    """The highest floor that the options listed reach, and what it costs, lots left aside."""

    floor_usd: float
    cost_usd: float
