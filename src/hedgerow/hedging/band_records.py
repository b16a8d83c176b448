"""What a band is made from, and what it is."""

import math
from typing import Literal, TypeAlias, get_args

import msgspec

from hedgerow.errors import OutOfDomain
from hedgerow.pricing.smile_delta import DeltaRegime

__all__ = [
    "BAND_KINDS",
    "Band",
    "BandInputs",
    "BandKind",
    "HedgeBudget",
    "Rebalance",
]

BandKind: TypeAlias = Literal[
    "fixed", "whalley-wilmott", "zakamouline", "leland", "fixed-cost", "combined-cost"
]
BAND_KINDS: tuple[BandKind, ...] = get_args(BandKind)

# Where a delta outside of its band is brought to: the nearest edge, the centre, a place between the
# two; or the centre at fixed times, wherever it is.
Rebalance: TypeAlias = Literal["edge", "centre", "inner", "centre_at_times"]


class BandInputs(msgspec.Struct, frozen=True, kw_only=True):
    """What every policy is asked with: one coin's book, its market, and what a hedge costs.

    Attributes
    ----------
    price_usd, vol_frac
        Of the coin; the vol is how much the price is expected to move, by the year.
    cost_frac
        Per traded notional, one way: fee and half spread.
    fixed_cost_usd
        Per trade, whatever its size: gas.
    lot_coin
        The smallest trade; zero where any size can be traded.
    gamma_coin_per_usd
        Net gamma of the book, with its sign.
    gamma_floor_coin_per_usd
        The average of its size within a day's deviation of the price. Where long and short gammas
        meet the net one passes zero, and the band would close just there.
    time_years
        To expiry, averaged with the size of gamma; None where nothing of the book expires.
    target_coin
        What the delta is to be.
    halfwidth_min_coin
        No band is narrower, and the fixed one is this.
    interval_years
        Between two hedges of the policy that hedges at times; None if it follows from the risk
        aversion.
    look_years
        Between two looks at the delta; zero for one that is watched all the time. It changes what
        a band is expected to cost and leaves open, not how wide it is.
    notional_usd
        What the basis points of a budget are of.
    delta_regime
        What vols do when spot moves, in the delta that is held and in gamma.
    """

    price_usd: float
    vol_frac: float
    cost_frac: float
    gamma_coin_per_usd: float
    notional_usd: float
    fixed_cost_usd: float = 0.0
    lot_coin: float = 0.0
    gamma_floor_coin_per_usd: float = 0.0
    time_years: float | None = None
    rate_frac_per_year: float = 0.0
    target_coin: float = 0.0
    halfwidth_min_coin: float = 0.0
    interval_years: float | None = None
    look_years: float = 0.0
    delta_regime: DeltaRegime = "sticky_strike"

    def __post_init__(self) -> None:
        numbers = {
            name: value
            for name, value in msgspec.structs.asdict(self).items()
            if isinstance(value, float | int)
        }
        for name, value in numbers.items():
            if not math.isfinite(value):
                raise OutOfDomain(f"{name} must be finite, was {value}")
            low = name not in ("gamma_coin_per_usd", "rate_frac_per_year", "target_coin")
            if low and value < 0:
                raise OutOfDomain(f"{name} must be at least 0, was {value}")
            if name in ("price_usd", "vol_frac", "notional_usd", "interval_years") and value == 0:
                raise OutOfDomain(f"{name} must be above 0, was {value}")

    @property
    def gamma_wide_coin_per_usd(self) -> float:
        """The size of gamma that widths are made of: net, but not below the floor."""
        return max(abs(self.gamma_coin_per_usd), self.gamma_floor_coin_per_usd)


class Band(msgspec.Struct, frozen=True, kw_only=True):
    """How far one coin's delta may stray, and where it is brought back to.

    Attributes
    ----------
    low_coin, centre_coin, high_coin
        Of the delta of book and hedge together, in the regime of `delta_regime`. Where a policy
        holds another delta than that, the centre is off the target by the difference.
    to_low_coin, to_high_coin
        Where a delta below `low_coin`, or above `high_coin`, is brought to.
    interval_years
        Between two hedges, where they come at times; None where the band says when.
    risk_aversion_per_usd
        Absolute; None where the policy was given its width or its times.
    cost_usd_per_day
        What trading is expected to cost, fixed costs included. None where it has no bound: a fixed
        cost for every one of ever smaller trades.
    deviation_usd_per_day
        Standard deviation of one day's profit from the delta that is left open.
    """

    kind: BandKind
    rebalance: Rebalance
    low_coin: float
    centre_coin: float
    high_coin: float
    to_low_coin: float
    to_high_coin: float
    interval_years: float | None
    risk_aversion_per_usd: float | None
    delta_regime: DeltaRegime
    cost_usd_per_day: float | None
    deviation_usd_per_day: float


class HedgeBudget(msgspec.Struct, frozen=True, kw_only=True):
    """What hedging may cost: so many basis points of the notional a day, or a shortfall.

    Attributes
    ----------
    cost_bps_per_day
        Of `BandInputs.notional_usd`, expected.
    shortfall_usd
        Expected shortfall, at `level_frac` and over `horizon_days`, of what trading costs and the
        delta left open loses.
    """

    cost_bps_per_day: float | None = None
    shortfall_usd: float | None = None
    level_frac: float = 0.975
    horizon_days: float = 1.0

    def __post_init__(self) -> None:
        given = [each for each in (self.cost_bps_per_day, self.shortfall_usd) if each is not None]
        if len(given) != 1 or not 0.0 < given[0] < math.inf:
            raise OutOfDomain(
                "a budget is a cost in basis points a day or a shortfall in dollars, one of the "
                f"two and above 0; was {self.cost_bps_per_day} and {self.shortfall_usd}"
            )
        if not (0.0 < self.level_frac < 1.0 and 0.0 < self.horizon_days < math.inf):
            raise OutOfDomain(
                "a shortfall needs a level between 0 and 1 and a time above 0, were "
                f"{self.level_frac} and {self.horizon_days}"
            )
